"""The tables that the sink writes, with their columns in the order of the rows of streams.rows. Pure."""

from typing import NamedTuple

SUBS = tuple(f"sub{number}" for number in range(1, 11))
_DIMENSIONS = "country device os browser placement creative source_campaign keyword lander partner " + " ".join(SUBS)


class Table(NamedTuple):
    """A table, and the columns that the sink gives it; the others have defaults."""

    name: str
    columns: tuple[str, ...]


def _table(name: str, *columns: str) -> Table:
    return Table(name, tuple(" ".join(columns).split()))


CLICKS = _table(
    "clicks",
    "click_id id_day clicked_at received_at campaign source source_click_id offer network may_credit",
    "payouts payout_fixed",
    _DIMENSIONS,
    "params cost currency ip user_agent is_bot is_unique is_prefetch is_test origin",
    "region isp connection_type language chosen_by choice_reason probability candidates consent cpa version",
)
CONVERSIONS = _table(
    "conversions",
    "conversion_id click_id id_day event txid status raw_status payout currency is_refund network postback_id",
    "occurred_at received_at status_at status_received_at",
    "clicked_at campaign source source_click_id offer",
    _DIMENSIONS,
    "is_bot is_test origin cost cost_currency version",
)
POSTBACKS = _table(
    "postbacks",
    "postback_id click_id event txid outcome reason repeats previous_status network status raw_status payout currency",
    "received_at occurred_at decided_at clicked_at campaign source offer partner conversion_id",
    "params is_test origin consent version",
)
DELIVERIES = _table(
    "deliveries",
    "delivery_id attempt state conversion_id postback_id click_id id_day event source destination",
    "method url code reason took_ms answer attempted_at next_attempt_at worker version",
)
INVALID = _table("invalid", "invalid_id received_at kind code detail raw network source status version")
FORGOTTEN = _table("forgotten", "click_id id_day forgotten_at version")

WRITE_ORDER = (CLICKS, CONVERSIONS, POSTBACKS, DELIVERIES, INVALID, FORGOTTEN)
"""Whoever sees a postback that was attributed finds its conversion, so conversions are written first."""
