"""The rows of `invalid` that are replayed, from the real engine."""

from datetime import UTC, datetime

import pytest
from clickhouse_connect.driver.client import Client

from sql import invalid
from sql.migrate import migrate
from tests.contracts.clickhouse_front import ClickHouse
from tests.contracts.sink_records import dsn_of

COLUMNS = ("invalid_id", "received_at", "kind", "code", "network", "raw", "version")


def test_each_row_of_a_reason_is_found_once_and_what_was_replayed_no_more(
    clickhouse: ClickHouse, database: str, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate(dsn_of(clickhouse, database))
    monkeypatch.setattr(invalid, "PAGE", 2)
    at = datetime(2026, 11, 20, tzinfo=UTC)
    rows = [(f"i{number}", at, "postback", "wrong_key", "acme", "GET /", 1) for number in range(5)]
    rows += [
        ("other", at, "postback", "missing_key", "acme", "", 1),
        ("theirs", at, "postback", "wrong_key", "b", "", 1),
        ("visitor", at, "out", "wrong_key", "b", "", 1),
    ]
    rows += [
        ("of a topic", at, "record", "wrong_key", "acme", "", 1),
        ("i3", at, "postback", "replayed", "acme", "", 2),
    ]
    client.insert("invalid", rows, column_names=COLUMNS)

    def found(network: str = "", since: int = 0) -> list[str]:
        return [row[0] for page in invalid.find(client, "wrong_key", network, since) for row in page]

    assert found("acme") == ["i0", "i1", "i2", "i4"]
    assert found() == ["i0", "i1", "i2", "i4", "theirs", "visitor"]
    assert found(since=round(at.timestamp() * 1000) + 1) == []
