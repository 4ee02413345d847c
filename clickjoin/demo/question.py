"""What the demo asks ClickHouse while it runs."""

from collections import Counter
from collections.abc import Collection

from clickhouse_connect.driver.client import Client

from clickjoin.demo.compare import Row
from clickjoin.demo.story import SOURCES

EVENTS = ("click", "install", "trial", "subscribe")

_CONVERSIONS = """
SELECT click_id, event, txid, toString(status), payout FROM conversions FINAL
"""
_COUNTS = """
SELECT source, event, uniqExact(click_id) FROM
(
    SELECT source, 'click' AS event, click_id FROM clicks FINAL
    UNION ALL
    SELECT source, event, click_id FROM conversions FINAL WHERE status != 'rejected'
)
GROUP BY source, event
"""
_OUTCOMES = "SELECT outcome, count() FROM postbacks FINAL GROUP BY outcome"


def conversions(client: Client, click_ids: Collection[str]) -> Counter[Row]:
    """The conversions of these clicks."""
    ours = set(click_ids)
    rows = client.query(_CONVERSIONS).result_rows
    return Counter(Row(row[0], row[1], row[2], row[3], row[4]) for row in rows if row[0] in ours)


def funnel(client: Client) -> dict[str, dict[str, int]]:
    """By source: how many clicks reached each event."""
    table = {source: dict.fromkeys(EVENTS, 0) for source in SOURCES}
    for source, event, count in client.query(_COUNTS).result_rows:
        table[source][event] = count
    return table


def outcomes(client: Client) -> dict[str, int]:
    """How many postbacks have each outcome now."""
    return {str(row[0]): int(row[1]) for row in client.query(_OUTCOMES).result_rows}
