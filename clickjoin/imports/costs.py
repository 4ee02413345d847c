"""Rows of a source's bill to rows of the table `costs`. Pure."""

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from clickjoin.imports.row import BadRow
from ingest.amounts import parse_amount, parse_currency
from ingest.parameters import Params
from ingest.refusal import shown
from schemas.ids import imported_id
from schemas.settings.file import Settings
from schemas.values import Millis
from sql.reports.dimensions import OF_BILLS

COST_COLUMNS = ("day", "cost", "currency", *OF_BILLS)
_DAY = re.compile(r"(\d{4}-\d\d-\d\d)(?:[T ]00:00(?::00(?:\.0+)?)?Z?)?", re.ASCII)


class Cost(NamedTuple):
    """One row of `costs`: what the clicks of a day cost together, of those that have these dimensions."""

    day: date
    cost_id: str
    dimensions: dict[str, str]
    cost: Decimal
    currency: str
    version: Millis


class Costs:
    """Makes the rows of one import, in which each day and its dimensions may stand once."""

    def __init__(self, settings: Settings, *, version: Millis) -> None:
        self._version = version
        self._known: Mapping[str, Mapping[str, object]] = {
            "campaign": settings.campaigns,
            "source": settings.sources,
            "offer": settings.offers,
            "network": settings.networks,
        }
        self._lines: dict[str, int] = {}

    def make(self, params: Params, line: int) -> Cost:
        """The row of the table. A dimension that is empty says nothing: it is for clicks with any. Raises BadRow."""
        day = _day(params)
        dimensions = {word: value for word in OF_BILLS if (value := params.get(word, "").strip())}
        if not dimensions:
            raise BadRow("missing_dimension", f"for which clicks? Map one of {', '.join(OF_BILLS)}")
        for word, known in self._known.items():
            if word in dimensions and dimensions[word] not in known:
                wanted = f"there is no {word}s.{shown(dimensions[word])} in the configuration"
                raise BadRow(f"unknown_{word}", f"{word}={shown(dimensions[word])}: {wanted}")
        cost, currency = _money(params)
        cost_id = imported_id(day.isoformat(), *(text for pair in sorted(dimensions.items()) for text in pair))
        if cost_id in self._lines:
            wanted = "add them up, or map the dimension that tells them apart"
            raise BadRow("repeated", f"line {self._lines[cost_id]} is of the same day and dimensions: {wanted}")
        self._lines[cost_id] = line
        return Cost(day, cost_id, dimensions, cost, currency, self._version)


def _day(params: Params) -> date:
    said = params.get("day", "").strip()
    if not said:
        raise BadRow("missing_day", "day is missing or empty: map it, or --set day=2026-11-21")
    match = _DAY.fullmatch(said)
    try:
        if match:
            return date.fromisoformat(match[1])
    except ValueError:
        pass
    raise BadRow("invalid_day", f"day={shown(said)}: write a day of the calendar like 2026-11-21")


def _money(params: Params) -> tuple[Decimal, str]:
    said = params.get("cost", "").strip()
    if not said:
        raise BadRow("missing_cost", "cost is missing or empty: map it")
    try:
        cost = parse_amount(said)
    except ValueError as error:
        raise BadRow("invalid_cost", f"cost={shown(said)}: {error}") from None
    if cost < 0:
        raise BadRow("invalid_cost", f"cost={shown(said)}: clicks do not cost less than nothing")
    currency = params.get("currency", "").strip()
    if not currency:
        raise BadRow("missing_currency", "currency is missing or empty: map it, or --set currency=USD")
    try:
        return cost, parse_currency(currency)
    except ValueError as error:
        raise BadRow("invalid_currency", f"currency={shown(currency)}: {error}") from None
