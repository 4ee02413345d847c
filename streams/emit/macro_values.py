"""The value of every macro of a source postback. Pure.

What the click or the conversion does not say is empty; no payout is 0. A macro that cannot have a value (a goal that
the source has no word for) is left out, and a template that names it is not sent.
"""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from functools import partial
from operator import attrgetter

import msgspec

from schemas.filters import Value
from schemas.macros import PARAM
from schemas.records import Click, Conversion, Outcome
from schemas.settings.postbacks import ANY_EVENT, SUBS


class Telling(msgspec.Struct, frozen=True, gc=False):
    """What a source is told: what happened, and in which words."""

    outcome: Outcome
    click: Click
    conversion: Conversion
    delivery_id: str
    goals: Mapping[str, str] = {}  # our event, or "*", = the source's word
    payout: Decimal | str = ""  # what it is told to have been paid, which need not be all; empty: nothing
    currency: str = ""
    is_partner: bool = False  # who sees nothing of what the network says of money, wherever it stands


def values_of(telling: Telling, macros: Iterable[str]) -> dict[str, Value]:
    """The values of these macros, as far as they have one."""
    return {macro: value for macro in macros if (value := _READ[macro](telling)) is not None}


def _param(name: str, telling: Telling) -> str:
    """What else the postback brought under this name, or the click; to a partner the click alone."""
    brought = "" if telling.is_partner else telling.outcome.postback.params.get(name, "")
    return brought or telling.click.params.get(name, "")


def _goal(telling: Telling) -> str | None:
    event, goals = telling.conversion.event, telling.goals
    return goals.get(event) or goals.get(ANY_EVENT)


def _status_at(telling: Telling) -> int:
    """When the status changed: by the network's time, else when we received it."""
    conversion = telling.conversion
    return conversion.status_received_at if conversion.status_at is None else conversion.status_at


_Read = Callable[[Telling], Value | None]
_OF_CLICK = (
    *("click_id", "source_click_id", "campaign", "source", "offer", "placement", "creative", "source_campaign"),
    *("keyword", "country", "device", "os", "browser", "ip", "user_agent", "clicked_at"),
)
_OF_CONVERSION = ("event", "network", "status", "raw_status", "txid", "conversion_id", "occurred_at")


class _Readers(dict[str, _Read]):
    """By macro. What is none of those below is a parameter: {param.NAME}."""

    def __missing__(self, macro: str) -> _Read:
        self[macro] = read = partial(_param, macro.removeprefix(PARAM))
        return read


_OF_TELLING: dict[str, _Read] = {
    **{name: attrgetter(f"click.{name}") for name in _OF_CLICK},
    **{name: attrgetter(f"conversion.{name}") for name in _OF_CONVERSION},
    **{name: lambda telling, name=name: telling.click.subs.get(name, "") for name in SUBS},  # type: ignore[misc]
    "cost": lambda telling: "" if telling.click.cost is None else telling.click.cost,
    "cost_currency": attrgetter("click.currency"),
    "consent": lambda telling: telling.outcome.postback.consent or telling.click.consent,
    "event_name": lambda telling: _goal(telling) or telling.conversion.event,
    "goal": _goal,
    "previous_status": attrgetter("outcome.previous_status"),
    "payout": attrgetter("payout"),
    "currency": attrgetter("currency"),
    "postback_id": attrgetter("outcome.postback.postback_id"),
    "received_at": attrgetter("outcome.postback.received_at"),
    "status_at": _status_at,
    "delivery_id": attrgetter("delivery_id"),
}
_READ = _Readers(_OF_TELLING)
