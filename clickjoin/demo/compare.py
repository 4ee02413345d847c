"""Holds what is there against the story's own account. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple, TypeVar

from clickjoin.demo.stand_in import told
from clickjoin.demo.story import Told, Visit

Thing = TypeVar("Thing", "Row", Told)


class Row(NamedTuple):
    """A conversion as ClickHouse has it."""

    click_id: str
    event: str
    txid: str
    status: str
    payout: Decimal | None


def expected_rows(visits: Iterable[Visit], click_ids: Mapping[int, str]) -> Counter[Row]:
    """The conversions that the account asks for."""
    return Counter(
        Row(click_ids[visit.number], one.event, one.txid, one.status, one.payout)
        for visit in visits
        for one in visit.conversions
    )


def expected_told(visits: Iterable[Visit]) -> Counter[Told]:
    """The source postbacks that the account asks for."""
    return Counter(
        told(one.source, one.source_click_id, one.goal, one.payout) for visit in visits for one in visit.told
    )


@dataclass(frozen=True)
class Differences:
    """How many things are missing here or there, and a few of them to look at."""

    count: int
    examples: tuple[str, ...]


def differences(expected: Counter[Thing], found: Counter[Thing]) -> Differences:
    """Compare two accounts of the same things."""
    missing, unexpected = expected - found, found - expected
    examples = [f"missing: {one}" for one in list(missing)[:5]]
    examples += [f"unexpected: {one}" for one in list(unexpected)[:5]]
    return Differences(missing.total() + unexpected.total(), tuple(examples))
