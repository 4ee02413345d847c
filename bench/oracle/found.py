"""What is asked of ClickHouse: the rows that bench/oracle compares, and totals of its own. Pure.

Columns are those of the tables in tables.sql, in that order; moments are milliseconds since 1970.
"""


def _select(table: str, columns: str) -> str:
    told = ", ".join(_MOMENTS.get(name, name) for name in columns.split())
    return f"SELECT {told} FROM {table} FINAL"


_MOMENTS = {
    name: f"toUnixTimestamp64Milli({name}) AS {name}_ms"
    for name in ("clicked_at", "received_at", "occurred_at", "decided_at", "status_at", "status_received_at")
} | {"claim": "params['partner'] AS claim"}

_TOTALS = """
SELECT concatWithSeparator(' ', 'clicks', campaign, source, currency, toString(toDate(clicked_at))) AS total,
    toInt64(count()) AS rows, sum(cost) AS money
FROM clicks FINAL GROUP BY total
UNION ALL
SELECT concatWithSeparator(' ', 'postbacks', outcome, reason, event, network, currency, toString(toDate(received_at))),
    toInt64(count()), sum(payout)
FROM postbacks FINAL GROUP BY 1
UNION ALL
SELECT concatWithSeparator(' ', 'conversions', event, status, toString(is_refund), currency, campaign, source,
    toString(toDate(clicked_at))), toInt64(count()), sum(payout)
FROM conversions FINAL GROUP BY 1
UNION ALL
SELECT 'invalid', toInt64(count()), CAST(NULL AS Nullable(Decimal(38, 8))) FROM invalid FINAL
"""

FOUND = {
    "clicks": _select(
        "clicks", "click_id clicked_at campaign source source_click_id offer country creative cost currency claim"
    ),
    "conversions": _select(
        "conversions",
        "conversion_id postback_id click_id event txid status raw_status payout currency is_refund network occurred_at "
        "received_at status_at status_received_at clicked_at campaign source source_click_id offer country creative",
    ),
    "postbacks": _select(
        "postbacks",
        "conversion_id postback_id click_id event txid outcome reason repeats previous_status network status "
        "raw_status payout currency received_at occurred_at clicked_at campaign source offer decided_at",
    ),
    "totals": _TOTALS,
}
"""A query for each file that is fetched."""
