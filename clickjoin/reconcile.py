"""What a network or a source says of a time, against what we have: where the two differ. Pure.

Both sides are added up by their key: a transaction, or a click and perhaps an event. What is rejected has the amount 0.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple, TypeVar

from clickjoin.imports.row import Columns, Row
from ingest.amounts import parse_amount, parse_currency
from schemas.values import STATUSES

T = TypeVar("T")
Key = tuple[str, ...]
AMOUNTS = {"network": "payout", "source": "cost"}
"""Whose statement it is, and our word for its amounts."""
KEYS: dict[str, tuple[Key, ...]] = {
    "network": (("txid",), ("click_id", "event"), ("click_id",)),
    "source": (("source_click_id",), ("click_id",)),
}
"""The columns that may tell the rows of a statement apart: the first that it has."""
COLUMNS = {
    "network": ("txid", "click_id", "event", "payout", "currency", "status"),
    "source": ("source_click_id", "click_id", "cost", "currency"),
}
_MOST_MISTAKES = 20


class Entry(NamedTuple):
    """One thing that one side says."""

    key: Key
    amount: Decimal | None = None  # None: it says none
    currency: str = ""
    status: str = ""  # empty: it says none
    asked: bool = True  # in the time that is asked about; the others are only there to be found


class Difference(NamedTuple):
    """Where the two sides differ: `missing_here`, `missing_there`, `amount` or `status`. Amounts are by currency."""

    key: Key
    difference: str
    ours: dict[str, Decimal]
    theirs: dict[str, Decimal]
    our_status: str
    their_status: str


class StatementError(Exception):
    """A statement that cannot be used: each mistake with its line."""


@dataclass
class _Side:
    amounts: dict[str, Decimal] = field(default_factory=dict)
    statuses: set[str] = field(default_factory=set)
    says_amount: bool = False
    asked: bool = False

    def add(self, entry: Entry) -> None:
        self.asked |= entry.asked
        self.statuses |= {entry.status} - {""}
        if entry.amount is not None:
            self.says_amount = True
            amount = Decimal(0) if entry.status == "rejected" else entry.amount
            self.amounts[entry.currency] = self.amounts.get(entry.currency, Decimal(0)) + amount

    @property
    def sums(self) -> dict[str, Decimal]:
        return {currency: amount for currency, amount in sorted(self.amounts.items()) if amount}

    @property
    def status(self) -> str:
        return ", ".join(sorted(self.statuses))


def differences(ours: Iterable[Entry], theirs: Iterable[Entry]) -> Iterator[Difference]:
    """Everything that is missing on a side, or has another amount or status there, in the order of the keys."""
    here, there = _added_up(ours), _added_up(theirs)
    for key in sorted(here.keys() | there.keys()):
        our, their = here.get(key, _Side()), there.get(key, _Side())
        if what := _difference(key in here, key in there, our, their):
            yield Difference(key, what, our.sums, their.sums, our.status, their.status)


def _difference(is_here: bool, is_there: bool, our: _Side, their: _Side) -> str:
    if not is_here:
        return "missing_here"
    if not is_there:
        return "missing_there" if our.asked else ""
    if their.status and our.status != their.status:
        return "status"
    return "amount" if their.says_amount and our.sums != their.sums else ""


def _added_up(entries: Iterable[Entry]) -> dict[Key, _Side]:
    found: dict[Key, _Side] = {}
    for entry in entries:
        found.setdefault(entry.key, _Side()).add(entry)
    return found


@dataclass(frozen=True)
class Statement:
    """How to read a statement: whose it is, what its columns are called, and its own words for statuses and events."""

    of: str  # network | source
    columns: Columns
    statuses: Mapping[str, str] = field(default_factory=dict)
    events: Mapping[str, str] = field(default_factory=dict)

    def key_of(self, header: Iterable[str]) -> Key:
        """The columns that tell its rows apart. Raises StatementError where it has none of those."""
        there = set(self.columns.of(dict.fromkeys(header, "")))
        for names in KEYS[self.of]:
            if set(names) <= there:
                return names
        wanted = " or ".join("+".join(names) for names in KEYS[self.of])
        raise StatementError(f"which column tells its rows apart? Map {wanted}: --map {KEYS[self.of][0][0]}=THEIRS")

    def read(self, rows: Iterable[Row], key: Key) -> list[Entry]:
        """Its rows. Raises StatementError, which names the first twenty mistakes."""
        entries: list[Entry] = []
        mistakes: list[str] = []
        for row in rows:
            try:
                entries.append(self._entry(row, key))
            except ValueError as error:
                mistakes.append(f"line {row.line}: {error}")
                if len(mistakes) == _MOST_MISTAKES:
                    break
        if mistakes:
            raise StatementError("\n".join(mistakes))
        return entries

    def _entry(self, row: Row, key: Key) -> Entry:
        if row.problem:
            raise ValueError(str(row.problem))
        said = {name: value.strip() for name, value in self.columns.of(row.params).items()}
        if "event" in said:
            said["event"] = self.events.get(said["event"], said["event"])
        if missing := [name for name in key if not said.get(name)]:
            raise ValueError(f"{', '.join(missing)} is empty: it tells the rows apart")
        word = AMOUNTS[self.of]
        amount = _understood(word, said.get(word, ""), parse_amount)
        currency = _understood("currency", said.get("currency", ""), parse_currency) if amount is not None else ""
        if amount is not None and not currency:
            raise ValueError("currency is empty: map it, or say it with --set currency=USD")
        return Entry(tuple(said[name] for name in key), amount, currency or "", self._status(said.get("status", "")))

    def _status(self, word: str) -> str:
        status = self.statuses.get(word, word.lower())
        if status and status not in STATUSES:
            raise ValueError(f"status={word[:40]}: neither one of {', '.join(STATUSES)} nor in the network's statuses")
        return status


def _understood(word: str, text: str, parse: Callable[[str], T]) -> T | None:
    if not text:
        return None
    try:
        return parse(text)
    except ValueError as error:
        raise ValueError(f"{word}={text[:40]}: {error}") from None
