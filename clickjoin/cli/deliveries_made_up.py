"""The request that would tell a source of a made-up conversion; and what the source answers to it."""

import time
from typing import TYPE_CHECKING, Any

import typer

from clickjoin.cli.options import FAILED, WRONG, fail
from clickjoin.cli.output import print_json, visible
from schemas.settings.file import Settings

if TYPE_CHECKING:
    from clickjoin.own_tests.made_up import MadeUp

_SHOWN = 500  # characters of an answer


def tell(settings: Settings, wanted: "MadeUp", *, send: bool, hide_keys: bool, as_json: bool) -> None:
    """Print the request; send it where that is asked for. Exits with 1 where there is none, or it was not taken."""
    from msgspec.structs import asdict, replace

    from clickjoin.own_tests.made_up import request_for
    from clickjoin.own_tests.send_once import send_once
    from schemas.settings.masks import HIDDEN
    from streams.emit.retry import judge
    from streams.emit.routes import manners_of
    from streams.rows import masked

    try:
        destination, rendered, fits = request_for(settings, wanted, time.time_ns() // 1_000_000)
    except LookupError as error:
        fail(str(error.args[0]), WRONG)
    if not fits:
        typer.echo("its conditions do not fit what was made up: such a conversion would not be told", err=True)
    printed = request = rendered.request
    reason = rendered.reason
    if hide_keys:
        printed = replace(
            request,
            url=masked(rendered.shown or request.url),
            headers=dict.fromkeys(request.headers, HIDDEN),
            body=request.body and HIDDEN,
        )
    document: dict[str, Any] = {
        "source": wanted.destination,
        "event": wanted.event,
        **asdict(printed),
        "reason": reason,
    }
    if reason:
        _print(document, as_json)
        fail(f"it would not be sent: {reason}")
    if not send:
        _print(document, as_json)
        return
    manners = manners_of(settings)
    answer = send_once(settings, manners, destination, request)
    verdict = judge(answer, manners.successes[destination])
    said = manners.hide(answer.body.decode(errors="replace"))[:_SHOWN]
    document["answer"] = {"code": answer.code, "took_ms": answer.took_ms, "body": said, "reason": verdict.reason}
    _print(document, as_json)
    if verdict.reason:
        raise typer.Exit(FAILED)


def _print(document: dict[str, Any], as_json: bool) -> None:
    """Plain lines, never wrapped: the request is to be compared and copied."""
    if as_json:
        print_json(document)
        return
    if document["url"]:
        typer.echo(f"{document['method']} {document['url']}")
        for name, value in document["headers"].items():
            typer.echo(f"{name}: {value}")
        if document["body"]:
            typer.echo(f"\n{document['body']}")
    if answer := document.get("answer"):
        typer.echo(f"\nanswer: {answer['code'] or 'none'} after {answer['took_ms']} ms: {answer['reason'] or 'taken'}")
        if answer["body"]:
            typer.echo(visible(answer["body"]))
