"""`clickjoin deliveries test`, and what can be asked of which delivery; without any server."""

import json
from collections.abc import AsyncIterator
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from clickjoin.cli.app import app
from clickjoin.wishes import why_not_again, why_not_cancelled, why_not_retemplated
from sql.deliveries import Found
from tests.stand_in import StandIn, stand_in

CONFIG = """
[emit]
allow = ["127.0.0.0/8"]
[events.install]
step = 1
[events.trial]
step = 2
[networks.acme]
open = true
[sources.pops]
account = { token = "env:POPS_TOKEN" }
goals = { install = "7" }
[sources.pops.postbacks.install]
url = "BASE/pb/{account.token}?cid={source_click_id}&goal={goal}&payout={payout}"
headers = { X-Key = "{account.token}" }
[sources.pops.success]
answer_lacks = ["nope"]
[offers.game]
network = "acme"
url = "https://offer.example/?s={click_id}"
payouts = { install = "1.25 USD" }
[campaigns.spring]
source = "pops"
offers = ["game"]
"""


SENT = ("test", "pops", "install", "--send", "--source-click-id", "mine")


class Echo(StandIn):
    async def _chunks(self, path: str) -> AsyncIterator[bytes]:
        said = b"x" * 490 + path.encode()
        yield b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(said), said)


def run(
    folder: Path, *arguments: str, base: str = "https://pops.example", config: str = CONFIG
) -> tuple[int, str, str]:
    file = folder / "clickjoin.toml"
    file.write_text(config.replace("BASE", base))
    done = CliRunner().invoke(
        app, ["deliveries", *arguments, "--config", str(file)], env={"POPS_TOKEN": "s3cret-token-of-pops"}
    )
    return done.exit_code, done.stdout, done.stderr


def test_the_exact_request_for_a_made_up_conversion_is_printed(tmp_path: Path) -> None:
    code, told, _ = run(tmp_path, "test", "pops", "install")
    assert code == 0
    assert told.splitlines() == [
        "GET https://pops.example/pb/s3cret-token-of-pops?cid=made-up-source-click-id&goal=7&payout=1.25",
        "X-Key: s3cret-token-of-pops",
    ]


def test_keys_can_be_hidden(tmp_path: Path) -> None:
    code, told, _ = run(tmp_path, "test", "pops", "install", "--hide-keys", "--json", "--payout", "2 EUR")
    assert code == 0
    assert json.loads(told)["url"] == "https://pops.example/pb/***?cid=made-up-source-click-id&goal=7&payout=2"
    assert "s3cret" not in told


def test_a_test_is_sent_only_with_the_id_of_a_real_click_and_says_what_was_answered(tmp_path: Path) -> None:
    with stand_in() as source:
        assert run(tmp_path, "test", "pops", "install", "--send", base=source.url)[0] == 2
        assert source.requests == []
        sent = run(tmp_path, *SENT, "--json", base=source.url)
        assert sent[0] == 0
        assert json.loads(sent[1])["answer"]["code"] == 200
        assert source.requests == ["/pb/s3cret-token-of-pops?cid=mine&goal=7&payout=1.25"]
        code, told, _ = run(tmp_path, *SENT, base=f"{source.url}/status/404")
        assert code == 1
        assert "answer: 404" in told


def test_an_answer_to_a_test_is_shown_without_our_secrets_even_where_it_is_cut_in_one(tmp_path: Path) -> None:
    with stand_in(server=Echo()) as source:
        told = json.loads(run(tmp_path, *SENT, "--json", base=source.url)[1])["answer"]["body"]
    assert told == ("x" * 490 + "/pb/***")[:500]


def test_an_answer_to_a_test_does_nothing_to_the_terminal(tmp_path: Path) -> None:
    class Painter(StandIn):
        async def _chunks(self, path: str) -> AsyncIterator[bytes]:
            yield b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n\x1b[31mred"

    with stand_in(server=Painter()) as source:
        assert run(tmp_path, *SENT, base=source.url)[1].endswith("taken\n\\x1b[31mred\n")


def test_a_test_is_sent_within_the_time_outs_of_its_own_destination(tmp_path: Path) -> None:
    own = '[sources.pops.sending]\ntimeout = "60s"\n'
    with stand_in() as source:
        config = CONFIG.replace("[emit]", '[emit]\ntimeout = "1ms"') + own
        told = json.loads(run(tmp_path, *SENT, "--json", base=f"{source.url}/slow/0.2?", config=config)[1])
    assert told["answer"]["code"] == 200


def test_what_the_conditions_do_not_fit_is_printed_and_said(tmp_path: Path) -> None:
    assert run(tmp_path, "test", "pops", "install")[2] == ""
    code, told, error = run(tmp_path, "test", "pops", "install", "--status", "rejected")
    assert code == 0
    assert told.startswith("GET https://pops.example/")
    assert "would not be told" in error


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("test", "pop", "install"), "there is no [sources.pop]: there are pops"),
        (("test", "pops", "instal"), "there is no [events.instal]: there are install, trial"),
        (("test", "pops", "trial"), "pops is not told of trial: there are install"),
        (("test", "pops", "install", "--status", "ok"), "--status ok: there are pending, approved, rejected"),
        (("test", "pops", "install", "--payout", "1,2"), 'write it as "1.20 USD"'),
        (("list", "--state", "lost"), "--state lost: there are scheduled, held"),
        (("list", "--code", "abc"), "--code abc: write HTTP codes"),
        (("list", "--from", "soon"), "'soon' is no time"),
        (("resend",), "say which: by ID, --destination"),
        (("cancel", "--limit", "5"), "say which: by ID, --destination"),
        (("retemplate",), "say which: by ID, --destination"),
    ],
)
def test_a_wrong_call_says_what_would_be_right(tmp_path: Path, arguments: tuple[str, ...], told: str) -> None:
    code, _, error = run(tmp_path, *arguments)
    assert code == 2
    assert told in error


@pytest.mark.parametrize("command", ["list", "resend", "cancel", "retemplate"])
def test_a_destination_that_is_not_there_is_a_wrong_call_and_not_nothing_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    for module in ("shown", "wishes"):
        monkeypatch.setattr(f"clickjoin.cli.deliveries_{module}.clickhouse", nullcontext)
    monkeypatch.setattr("sql.deliveries.find", lambda client, wanted: [])
    code, _, error = run(tmp_path, command, "--destination", "crm", "--data", str(tmp_path))
    assert (code, error) == (2, "nothing is found, and there is no destination source/crm: there are source/pops\n")
    assert run(tmp_path, command, "--destination", "pops", "--data", str(tmp_path))[0] == 0


def found(**fields: Any) -> Found:
    given: dict[str, Any] = dict.fromkeys(Found._fields, "") | {"attempted_at": datetime(2026, 1, 1, tzinfo=UTC)}
    return Found(**given | {"url": "https://pops.example/"} | fields)


def test_only_what_ended_can_be_sent_again_and_only_what_waits_can_be_cancelled() -> None:
    for state in ("delivered", "failed", "cancelled", "expired"):
        assert why_not_again(found(state=state)) == ""
        assert why_not_cancelled(found(state=state)) == f"it is {state} already"
    for state in ("scheduled", "retry", "held"):
        assert "still to be sent" in why_not_again(found(state=state))
        assert why_not_cancelled(found(state=state)) == ""
    assert "no_goal" in why_not_again(found(state="not_sendable", url="", reason="no_goal"))
    assert [why_not_retemplated(found(state=state))[:10] for state in ("scheduled", "retry")] == ["", ""]
    assert why_not_retemplated(found(state="held")).startswith("it is held: ")
    assert why_not_retemplated(found(state="delivered")) == "it is delivered already"
