"""What the figures have to say for an alert to be told. Pure.

A rate is compared with what it was: of `trials` lately `successes` were had, and before the rate was `before`. What is
known of the rate now is a Beta distribution (all rates alike before anything was seen). It is told where it is likely
enough that the rate fell by more than the wanted share.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from math import erfc, exp, lgamma, log, log1p, sqrt
from typing import Any, NamedTuple

from schemas.settings.alerts import Alert

Row = Mapping[str, Any]
_MANY = 1000.0
"""From this variance on the normal distribution is as good as the sum."""


class Alarm(NamedTuple):
    """Something to tell: of which alert, about which group, the figures, and the same in words."""

    alert: str
    rule: str
    webhook: str
    group: dict[str, str]
    figures: dict[str, Any]
    says: str

    @property
    def group_key(self) -> str:
        """The group as text."""
        return json.dumps(self.group, ensure_ascii=False, sort_keys=True)


def losses(name: str, alert: Alert, rows: Iterable[Row]) -> Iterator[Alarm]:
    """Of the rows of the report `optimise`: what spent enough and is likely enough to lose money."""
    for row in rows:
        risk, spent = row["loss_probability"], alert.spent
        if spent is None or risk is None or row["currency"] != spent.currency:
            continue
        if row["cost"] >= spent.amount and risk >= alert.probability:
            figures = {key: row[key] for key in ("clicks", "steps", "cost", "payout", "profit", "currency")}
            says = (
                f"{_named(row, alert)} spent {_money(row['cost'])} {spent.currency} on {row['clicks']:,d} clicks and "
                f"brought {_money(row['payout'])}: it loses money with a probability of {risk:.1%}"
            )
            yield _alarm(name, alert, row, {**figures, "loss_probability": risk}, says)


def approvals(name: str, alert: Alert, rows: Iterable[Row]) -> Iterator[Alarm]:
    """Of approved and decided conversions: whose approval rate fell."""
    for row in rows:
        had, of = (row["approved"], row["decided"]), (row["approved_before"], row["decided_before"])
        yield from _fallen(name, alert, row, had, of, "approval rate", "decided conversions")


def steps(name: str, alert: Alert, rows: Iterable[Row]) -> Iterator[Alarm]:
    """Of clicks that reached an event: where its rate broke."""
    for row in rows:
        had, of = (row["reached"], row["clicks"]), (row["reached_before"], row["clicks_before"])
        yield from _fallen(name, alert, row, had, of, f"rate of {alert.event}", "clicks")


def _fallen(
    name: str, alert: Alert, row: Row, now: tuple[int, int], before: tuple[int, int], what: str, of_what: str
) -> Iterator[Alarm]:
    if min(now[1], before[1]) < alert.least:
        return
    was = before[0] / before[1]
    chance = below(now[0], now[1], was * (1 - alert.fell))
    if chance < alert.probability:
        return
    rate = now[0] / now[1]
    figures = {key: value for key, value in row.items() if key not in alert.groups}
    figures |= {"rate": round(rate, 6), "rate_before": round(was, 6), "probability": round(chance, 4)}
    says = f"{_named(row, alert)}: the {what} fell from {was:.1%} to {rate:.1%} of {now[1]:,d} {of_what}"
    yield _alarm(name, alert, row, figures, says)


def below(successes: int, trials: int, limit: float) -> float:
    """How likely a rate is less than a limit, of which so many successes in so many trials are known."""
    if limit <= 0:
        return 0.0
    if limit >= 1:
        return 1.0
    # A Beta distribution's share below x is that of a binomial one above.
    count = trials + 1
    variance = count * limit * (1 - limit)
    if variance > _MANY:
        return erfc((successes + 0.5 - count * limit) / sqrt(2 * variance)) / 2
    less = sum(exp(_log_binomial(count, number, limit)) for number in range(successes + 1))
    return max(1 - less, 0.0)


def _log_binomial(count: int, number: int, chance: float) -> float:
    ways = lgamma(count + 1) - lgamma(number + 1) - lgamma(count - number + 1)
    return ways + number * log(chance) + (count - number) * log1p(-chance)


def _alarm(name: str, alert: Alert, row: Row, figures: dict[str, Any], says: str) -> Alarm:
    group = {key: str(row[key]) for key in alert.groups}
    return Alarm(name, alert.rule, alert.webhook, group, figures, says)


def _named(row: Row, alert: Alert) -> str:
    return ", ".join(f"{key} {row[key] or '(empty)'}" for key in alert.groups)


def _money(amount: Decimal) -> str:
    return f"{amount:,.2f}"
