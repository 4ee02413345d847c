"""The types in which the sink sends the columns of the tables, by their names; all others are text. Pure."""

from collections.abc import Mapping

from streams.tables import WRITE_ORDER, Table

_WORD = "LowCardinality(String)"
_MOMENT = "DateTime64(3, 'UTC')"
_AMOUNT = "Nullable(Decimal(24, 8))"
_LABELS = "Map(String, String)"


def _named(of_type: str, names: str) -> dict[str, str]:
    return dict.fromkeys(names.split(), of_type)


_EVERYWHERE = {
    **_named(_WORD, "campaign source offer network country device os browser lander partner currency origin"),
    **_named(_WORD, "region isp connection_type language chosen_by choice_reason event status raw_status outcome"),
    **_named(_WORD, "previous_status state destination method worker kind code cost_currency"),
    **_named("Bool", "payout_fixed is_bot is_unique is_prefetch is_test is_refund"),
    **_named("Date", "id_day"),
    **_named(_MOMENT, "clicked_at received_at occurred_at status_received_at decided_at attempted_at forgotten_at"),
    **_named(f"Nullable({_MOMENT})", "status_at next_attempt_at"),
    **_named(_AMOUNT, "cost payout"),
    **_named(_LABELS, "payouts params cpa"),
    **_named("Map(String, Float64)", "candidates"),
    **_named("Nullable(Float64)", "probability"),
    **_named("Array(String)", "may_credit"),
    **_named("UInt32", "attempt took_ms"),
    **_named("UInt64", "version"),
}
_ELSEWHERE: Mapping[str, Mapping[str, str]] = {
    "postbacks": {**_named(f"Nullable({_MOMENT})", "occurred_at clicked_at"), "reason": _WORD},
    "deliveries": {"code": "UInt16"},
    "invalid": {"status": "UInt16"},
}


def _types(table: Table) -> tuple[str, ...]:
    of = {**_EVERYWHERE, **_ELSEWHERE.get(table.name, {})}
    return tuple(of.get(name, "String") for name in table.columns)


COLUMN_TYPES: Mapping[str, tuple[str, ...]] = {table.name: _types(table) for table in WRITE_ORDER}
"""By table, in the order of its columns. The server casts where a column of its own is of another type."""
