"""`clickjoin forget`: erasure on request, with a receipt."""

import asyncio
import re
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from clickjoin.cli.clickhouse import clickhouse
from clickjoin.cli.kafka import kafka
from clickjoin.cli.options import (
    DEFAULT_DATA,
    DEFAULT_FILE,
    WRONG,
    ConfigOption,
    DataOption,
    JsonOption,
    fail,
    load_for,
)
from clickjoin.cli.output import print_json, print_table
from schemas.ids import clicked_at_of
from schemas.settings.file import Settings
from schemas.settings.values import parse_duration

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from clickjoin.forget import Receipt

ClickId = Annotated[str, typer.Option("--click-id", metavar="ID", help="This click: ours, or SOURCE:ID.")]
Ip = Annotated[str, typer.Option("--ip", metavar="ADDRESS", help="Every click of this address.")]
Sub = Annotated[str, typer.Option("--sub", metavar="[subN=]VALUE", help="Every click with this label.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only look what there is.")]
Wait = Annotated[str, typer.Option("--wait", metavar="SPAN", help="How long the roles may take.")]
_LABEL = re.compile(r"sub(10|[1-9])=(.+)", re.DOTALL)


def forget(
    click_id: ClickId = "",
    ip: Ip = "",
    sub: Sub = "",
    config: ConfigOption = DEFAULT_FILE,
    data: DataOption = DEFAULT_DATA,
    dry_run: DryRun = False,
    wait: Wait = "2m",
    as_json: JsonOption = False,
) -> None:
    """Erase everything about clicks, and credit nothing to them any more. Prints a receipt; again changes nothing."""
    asked = {name: value for name, value in (("click_id", click_id), ("ip", ip), ("sub", sub)) if value}
    if len(asked) != 1:
        fail("name one of --click-id, --ip and --sub", WRONG)
    if click_id and ":" not in click_id and not _is_minted(click_id):
        fail(f"--click-id {click_id}: this is neither a click ID of ours (32 of 0-9 and a-v) nor SOURCE:ID", WRONG)
    try:
        patience = parse_duration(wait) / 1000
    except ValueError as error:
        fail(f"--wait {wait}: {error}", WRONG)
    settings = load_for("forget", config, data=data, quiet=True)
    from clickjoin.forget import BehindError, Receipt, settle
    from clickjoin.forget import forget as do_forget
    from sql import erasure

    addresses = _as_kept(settings, ip)
    with clickhouse(settings) as client, kafka(settings) as partitions:
        try:
            if not click_id:
                asyncio.run(settle(settings.kafka, partitions, patience))
            click_ids = [click_id] if click_id else _find(client, addresses, sub)
            words = _words(click_ids, addresses, _LABEL.sub(r"\2", sub))
            if dry_run:
                receipt = Receipt(click_ids, erasure.count(client, click_ids, words))
            else:
                receipt = asyncio.run(do_forget(settings.kafka, partitions, client, click_ids, words, patience))
        except BehindError as error:
            fail(str(error))
    _tell(asked, receipt, dry_run, as_json)


def _as_kept(settings: Settings, ip: str) -> list[str]:
    """An address as it may stand in the tables, by what [privacy] says today and as it came."""
    from ingest.privacy import cut_address, privacy_plan

    how = settings.privacy.ip
    plan = privacy_plan(settings)
    if not ip or plan is None or how == "keep":
        return [ip] * bool(ip)
    if how == "truncate":
        fail(
            "[privacy] ip = truncate: a click is not told from its neighbour's by its address: name it, or a label",
            WRONG,
        )
    return [cut_address(plan, ip), ip]


def _is_minted(click_id: str) -> bool:
    """Whether it has the shape of an ID of ours."""
    try:
        clicked_at_of(click_id)
    except ValueError:
        return False
    return True


def _find(client: "Client", addresses: list[str], sub: str) -> list[str]:
    from sql import erasure

    if addresses:
        return sorted({one for address in addresses for one in erasure.find(client, "ip", address)})
    label = _LABEL.fullmatch(sub)
    return erasure.find(client, "sub", label[2], int(label[1])) if label else erasure.find(client, "sub", sub)


def _words(click_ids: list[str], addresses: list[str], sub: str) -> list[str]:
    """What the raw input of `invalid` is searched for."""
    from sql.erasure import SHORTEST_WORD

    theirs = [click_id.partition(":")[2] or click_id for click_id in click_ids]
    return addresses + [word for word in (*theirs, sub) if len(word) >= SHORTEST_WORD]


def _tell(asked: dict[str, str], receipt: "Receipt", dry_run: bool, as_json: bool) -> None:
    if as_json:
        print_json({"asked": asked, "dry_run": dry_run, **asdict(receipt)})
        return
    one = len(receipt.click_ids) == 1
    count, verb = ("1 click", "is") if one else (f"{len(receipt.click_ids)} clicks", "are")
    print_table(
        f"{count} {'would be' if dry_run else verb} forgotten",
        ("table", "rows that would be erased" if dry_run else "rows erased"),
        receipt.removed.items(),
        numbers=1,
    )
    if dry_run:
        return
    typer.echo(f"{receipt.cancelled} source postbacks that were still to be sent are cancelled")
    rows = [(topic, until or "for ever, as the broker is configured") for topic, until in receipt.topics.items()]
    print_table("topics may hold it until", ("topic", "until"), rows)
