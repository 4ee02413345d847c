"""What the demo asks ClickHouse while it runs."""

from collections import Counter
from collections.abc import Collection

from clickhouse_connect.driver.client import Client

from clickjoin.demo.compare import Row
from clickjoin.demo.market import CAMPAIGN, OfferFigures
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
_OFFERS = """
SELECT offer, sum(is_click), sum(is_late), sum(is_install) FROM
(
    SELECT offer, 1 AS is_click, clicked_at > now64(3) - INTERVAL 1 MINUTE AS is_late, 0 AS is_install
    FROM clicks FINAL WHERE campaign = {campaign:String}
    UNION ALL
    SELECT offer, 0, false, 1 FROM conversions FINAL WHERE campaign = {campaign:String} AND event = 'install'
)
GROUP BY offer ORDER BY offer
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


def offers(client: Client) -> list[OfferFigures]:
    """What came of the smart link's clicks, by the offer that they were sent to."""
    return [OfferFigures(*row) for row in client.query(_OFFERS, {"campaign": CAMPAIGN}).result_rows]
