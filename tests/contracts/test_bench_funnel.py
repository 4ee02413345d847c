"""What bench.funnel asks of a hundred million clicks is right of a few hundred."""

from __future__ import annotations

from clickhouse_connect.driver.client import Client

from bench.funnel import ask_plain, make_plain, write_day
from schemas.ids import clicked_at_of
from sql.reports.ask import ask
from sql.reports.catalogue import REPORTS
from sql.reports.question import Question
from tests.contracts.clickhouse_front import ClickHouse
from tests.contracts.sink_records import dsn_of


def test_a_day_of_the_bench_has_click_ids_of_our_shape_and_the_funnel_that_plain_tables_have(
    clickhouse: ClickHouse, client: Client, database: str
) -> None:
    dsn_of(clickhouse, database)
    write_day(client, 1, 90 * 600)
    rows = client.query("SELECT click_id, toUnixTimestamp64Milli(clicked_at) FROM clicks").result_rows
    assert len({click_id for click_id, _ in rows}) == 600
    assert all(clicked_at_of(click_id) == at for click_id, at in rows)
    make_plain(client)
    question = Question(REPORTS["funnel"], ("install", "trial", "subscribe"), ("campaign",))
    funnel = ask(client, question).named()
    assert ask_plain(client, question) == {row["campaign"]: row["clicks"] for row in funnel if row["step"] == 0}
    assert 20 < sum(row["conversions"] for row in funnel if row["step"]) < 120
