"""What the tables and the reports do on bad days: clocks that are wrong, what is very old, very many campaigns."""

from __future__ import annotations

from datetime import UTC, datetime

from clickhouse_connect.driver.client import Client
from msgspec.structs import replace

from sql.reports.ask import ask
from sql.reports.catalogue import REPORTS
from sql.reports.question import Question
from tests.contracts.clickhouse_front import ClickHouse
from tests.contracts.sink_records import NOW, click, dsn_of, on_topic, outcome, write

EVENTS = ("install",)
CAMPAIGNS = 10_000


def moment(year: int) -> int:
    return round(datetime(year, 11, 21, tzinfo=UTC).timestamp() * 1000)


def reached(client: Client, since: int, until: int, by: str) -> list[int]:
    question = Question(REPORTS["funnel"], EVENTS, since=since, until=until, by=by)  # type: ignore[arg-type]
    return [row["clicks"] for row in ask(client, question).named()]


def test_a_clock_that_is_wrong_and_a_conversion_of_ten_years_ago_are_kept_by_the_time_they_claim(
    clickhouse: ClickHouse, client: Client, database: str
) -> None:
    """Both are rows once, in the partition of the day in the click ID, and count in the time that they claim."""
    dsn = dsn_of(clickhouse, database)
    ahead, usual = click(1, clicked_at=moment(2041)), click(2)
    old = outcome(usual, at=7)
    assert old.conversion
    old = replace(old, conversion=replace(old.conversion, occurred_at=moment(2016)))
    write(dsn, "events", on_topic("events", [ahead, usual, ahead]))
    write(dsn, "outcomes", on_topic("outcomes", [outcome(ahead, at=6), old, old]))
    assert reached(client, moment(2041), moment(2042), "click") == [1, 1]
    assert reached(client, NOW, moment(2040), "click") == [1, 1]
    assert reached(client, moment(2016), moment(2017), "conversion") == [0, 1]
    partitions = client.query(
        "SELECT DISTINCT _partition_id FROM clicks UNION DISTINCT SELECT _partition_id FROM conversions"
    )
    assert partitions.result_rows == [("202609",)]
    assert client.query("SELECT count() FROM invalid").result_rows == [(0,)]


def test_ten_thousand_campaigns_are_each_a_group(clickhouse: ClickHouse, client: Client, database: str) -> None:
    dsn = dsn_of(clickhouse, database)
    write(dsn, "events", on_topic("events", [click(n, campaign=f"campaign-{n}") for n in range(CAMPAIGNS)]))
    rows = ask(client, Question(REPORTS["funnel"], EVENTS, ("campaign",))).named()
    assert len({row["campaign"] for row in rows}) == CAMPAIGNS
    assert [row["clicks"] for row in rows] == [1, 0] * CAMPAIGNS
