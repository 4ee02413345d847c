"""`clickjoin report reconcile FILE`: a network's statement, or a source's bill of clicks, against ours."""

import csv
import sys
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clickjoin.cli.clickhouse import clickhouse
from clickjoin.cli.options import WRONG, fail
from clickjoin.cli.output import print_json, print_table
from schemas.settings.file import Settings

if TYPE_CHECKING:
    from clickjoin.reconcile import Difference, Entry, Key, Statement

_OPTIONS = "name whose statement it is: --network NAME or --source NAME"


@dataclass(frozen=True)
class Asked:
    """What was typed besides."""

    file: Path | None
    network: str
    source: str
    mapped: tuple[str, ...]
    said: tuple[str, ...]


def reconcile(settings: Settings, asked: Asked, time: tuple[int, int], *, as_json: bool, as_csv: bool) -> None:
    """Compare with what we have of a time (milliseconds), and print what differs.

    Exits with 2 for a call or a file that cannot be used.
    """
    from clickjoin.imports.files import WrongFile, opened
    from clickjoin.reconcile import StatementError, differences

    if asked.file is None:
        fail("name the file: clickjoin report reconcile FILE --network NAME", WRONG)
    try:
        statement, name = _statement(settings, asked)
        with opened(asked.file) as there:
            rows = list(there.rows)
            key = statement.key_of(there.format.header or (rows[0].params if rows else ()))
            theirs = statement.read(rows, key)
    except (ValueError, WrongFile) as error:
        fail(str(error), WRONG)
    except StatementError as error:
        fail("\n".join(f"{asked.file}: {line}" for line in str(error).splitlines()), WRONG)
    ours = _ours(settings, statement.of, name, key, time)
    _print(key, list(differences(ours, theirs)), as_json=as_json, as_csv=as_csv)


def _statement(settings: Settings, asked: Asked) -> tuple["Statement", str]:
    """How to read it, and whose it is. Raises ValueError."""
    from clickjoin.imports.row import columns
    from clickjoin.reconcile import COLUMNS, Statement

    if bool(asked.network) == bool(asked.source):
        raise ValueError(_OPTIONS)
    of, name = ("network", asked.network) if asked.network else ("source", asked.source)
    known = settings.networks if asked.network else settings.sources
    if name not in known:
        raise ValueError(f"no {of} {name!r}: there are {', '.join(known) or 'none'}")
    named = columns(asked.mapped, asked.said, COLUMNS[of])
    if of == "source":
        return Statement(of, named), name
    network = settings.networks[name]
    return Statement(of, named, dict(network.statuses), dict(network.events)), name


def _ours(settings: Settings, of: str, name: str, key: "Key", time: tuple[int, int]) -> list["Entry"]:
    from clickjoin.reconcile import Entry
    from sql.statements import statement

    with clickhouse(settings) as client:
        found = client.query(statement(f"reconcile_{of}"), {"name": name, "since": time[0], "until": time[1]})
        rows: list[dict[str, Any]] = list(found.named_results())
    return [
        Entry(
            tuple(row[word] for word in key), row["amount"], row["currency"], row.get("status", ""), bool(row["asked"])
        )
        for row in rows
    ]


def _print(key: "Key", found: list["Difference"], *, as_json: bool, as_csv: bool) -> None:
    if as_json:
        print_json([dict(zip(key, one.key, strict=True)) | _named(one) for one in found])
        return
    rows = [
        (*one.key, one.difference, one.our_status, one.their_status, _money(one.ours), _money(one.theirs))
        for one in found
    ]
    columns = (*key, "difference", "our status", "their status", "ours", "theirs")
    if as_csv:
        csv.writer(sys.stdout, lineterminator="\n").writerows([columns, *rows])
        return
    counts = [
        f"{sum(one.difference == word for one in found)} {word}" for word in sorted({one.difference for one in found})
    ]
    print_table(", ".join(counts) or "no difference", columns, rows, numbers=2)


def _named(one: "Difference") -> dict[str, Any]:
    return {name: value for name, value in one._asdict().items() if name != "key"}


def _money(amounts: dict[str, Decimal]) -> str:
    return ", ".join(f"{amount.normalize():f} {currency}" for currency, amount in amounts.items())
