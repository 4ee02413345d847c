"""Erases what the tables know of clicks that are to be forgotten: every version of their rows, from the disk."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import islice
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

from schemas.id_day import id_day
from sql.statements import statement

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

TABLES = ("conversions", "postbacks", "deliveries", "invalid", "clicks")
"""In the order in which they are erased: clicks last, as they are found by it if it has to be done again."""
SHORTEST_WORD = 8
"""Characters from which on what a source or a network sent is looked for in raw requests: "42" stands in many."""
_AT_ONCE = 500  # clicks: they travel in a URL
_SWEPT_AFTER = 10  # minutes: so long whoever asked erases on his own, and counts


def find(client: "Client", by: str, value: str, number: int = 0) -> list[str]:
    """The clicks by "ip" or "sub" (of the label `number`, 0: of any)."""
    asked = {"by": by, "value": value, "number": number}
    return [str(row[0]) for row in client.query(statement("forget_find"), asked).result_rows]


def count(client: "Client", click_ids: Sequence[str], words: Iterable[str]) -> dict[str, int]:
    """How many rows each table has of these clicks; of `invalid`, of which the raw input names one of the words."""
    return _each(client, "count", click_ids, words)


def erase(client: "Client", click_ids: Sequence[str], words: Iterable[str]) -> None:
    """Erase these rows. Returns when they are gone; whoever reads meanwhile sees them, or not."""
    found = count(client, click_ids, words)
    _each(client, "erase", click_ids, words, [table for table in TABLES if found[table]])


def sweep(client: "Client") -> int:
    """Erase what came into the tables again of clicks that were forgotten some minutes ago. Returns of how many."""
    asked = {"minutes": _SWEPT_AFTER, "most": _AT_ONCE}
    click_ids = [str(row[0]) for row in client.query(statement("forget_left"), asked).result_rows]
    erase(client, click_ids, ())
    return len(click_ids)


def _each(
    client: "Client", what: str, click_ids: Sequence[str], words: Iterable[str], tables: Sequence[str] = TABLES
) -> dict[str, int]:
    """Do it in these tables, for some clicks at a time. Returns the sum of what each answered."""
    done = dict.fromkeys(tables, 0)
    for some in _some(click_ids):
        asked = {"click_ids": list(some), "days": sorted({date.fromisoformat(id_day(one)) for one in some})}
        for table in tables:
            if table == "postbacks":
                done[table] += _do(client, f"forget_{what}_postbacks", asked)
            elif table != "invalid":
                done[table] += _do(client, f"forget_{what}", asked | {"table": table})
    if "invalid" in tables:
        for some in _some(words):
            done["invalid"] += _do(client, f"forget_{what}_invalid", {"pattern": _pattern(some)})
    return done


def _some(words: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(words)
    while found := list(islice(rest, _AT_ONCE)):
        yield found


def _do(client: "Client", name: str, asked: dict[str, Any]) -> int:
    if "_count" in name:
        return int(client.query(statement(name), asked).result_rows[0][0])
    client.command(statement(name), asked)
    return 0


def _pattern(words: Iterable[str]) -> str:
    """A regular expression (RE2) for any of them as a whole word, as it is or as it stands in a URL."""
    forms = {form for word in words for form in (word, quote(word, safe=""), quote_plus(word))}
    escaped = "|".join("".join(map(_escaped, form)) for form in sorted(forms))
    return f"(?:^|[^0-9A-Za-z_.-])(?:{escaped})(?:[^0-9A-Za-z_.-]|$)"


def _escaped(letter: str) -> str:
    return letter if letter.isascii() and letter.isalnum() else rf"\x{{{ord(letter):x}}}"
