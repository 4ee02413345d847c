"""What must come of a log, found by brute force: DuckDB and the rules as SQL (bench/oracle/rules.sql)."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import duckdb

DATABASE = "oracle.duckdb"
_HERE = Path(__file__).parent
_MOST_MEMORY = "4GB"  # beyond that it goes on on the disk
_FIELDS = {
    "offset": "BIGINT",
    "appended_at": "BIGINT",
    "type": "VARCHAR",
    "click_id": "VARCHAR",
    "postback_id": "VARCHAR",
    "event": "VARCHAR",
    "network": "VARCHAR",
    "clicked_at": "BIGINT",
    "received_at": "BIGINT",
    "occurred_at": "BIGINT",
    "campaign": "VARCHAR",
    "source": "VARCHAR",
    "source_click_id": "VARCHAR",
    "offer": "VARCHAR",
    "country": "VARCHAR",
    "creative": "VARCHAR",
    "may_credit": "VARCHAR[]",
    "params": "MAP(VARCHAR, VARCHAR)",
    "payouts": "MAP(VARCHAR, VARCHAR)",
    "payout_fixed": "BOOLEAN",
    "cost": "DECIMAL(24, 8)",
    "currency": "VARCHAR",
    "txid": "VARCHAR",
    "status": "VARCHAR",
    "raw_status": "VARCHAR",
    "payout": "DECIMAL(24, 8)",
    "repeat": "VARCHAR",
    "window_ms": "BIGINT",
    "wait_ms": "BIGINT",
}
"""The fields of a line of a log's file that the rules read."""


_FOUND = {
    "clicks": "found_clicks",
    "conversions": "fetched_conversions",
    "postbacks": "fetched_postbacks",
    "totals": "found_totals",
}


class Differing(NamedTuple):
    """What differs between a table as it must be and as it is."""

    keys: int
    rows: list[str]


def line_of(offset: int, appended_at: int, value: bytes) -> bytes:
    """A record as a line of a log's file: the JSON on the topic, and its place."""
    return b'{"offset":%d,"appended_at":%d,%b\n' % (offset, appended_at, value[1:])


class BruteForce:
    """A database with what must be in the tables."""

    def __init__(self, folder: Path) -> None:
        self.database = duckdb.connect(str(folder / DATABASE))
        self.database.execute(f"SET memory_limit = '{_MOST_MEMORY}'; SET preserve_insertion_order = false")
        self.database.execute((_HERE / "tables.sql").read_text())
        self._rules = (_HERE / "rules.sql").read_text()

    def judge(self, file: Path) -> None:
        """Add what must come of one partition, from the file with its log."""
        self.database.execute(
            "CREATE OR REPLACE TEMP TABLE log AS "
            f"SELECT * FROM read_json('{file}', format = 'newline_delimited', columns = {_FIELDS})"
        )
        self.database.execute(self._rules)

    def beside(self, found: Mapping[str, Path]) -> None:
        """Put what ClickHouse has beside it: a Parquet file for each table."""
        for name, file in found.items():
            self.database.execute(f"CREATE VIEW {_FOUND[name]} AS SELECT * FROM read_parquet('{file}')")
        self.database.execute((_HERE / "beside.sql").read_text())

    def count(self, name: str) -> int:
        """How many rows of a table there must be."""
        return self._number(f"SELECT count(*) FROM {name}")

    def differing(self, name: str, most: int) -> Differing:
        """The keys whose rows are not one and the same on both sides: how many, and the first rows of them."""
        key = self.database.execute(f"DESCRIBE {name}").fetchall()[0][0]
        self.database.execute(
            f"CREATE OR REPLACE TEMP TABLE differing AS SELECT coalesce(must.{key}, found.{key}) AS {key} "
            f"FROM {name} AS must FULL JOIN found_{name} AS found USING ({key}) WHERE must IS DISTINCT FROM found "
            f"UNION SELECT {key} FROM found_{name} GROUP BY {key} HAVING count(*) > 1 "
            f"UNION SELECT {key} FROM {name} GROUP BY {key} HAVING count(*) > 1"
        )
        rows = self.database.execute(
            f"SELECT 'expected' AS side, * FROM {name} SEMI JOIN differing USING ({key}) "
            f"UNION ALL SELECT 'found', * FROM found_{name} SEMI JOIN differing USING ({key}) "
            f"ORDER BY {key}, side LIMIT {most}"
        ).fetchall()
        keys = self._number("SELECT count(*) FROM differing")
        return Differing(keys, [f"{name}: {' | '.join(map(str, row))}" for row in rows])

    def words(self) -> dict[str, int]:
        """How many postbacks have each outcome in ClickHouse."""
        return dict(self.database.execute("SELECT outcome, count(*) FROM found_postbacks GROUP BY ALL").fetchall())

    def _number(self, query: str) -> int:
        found = self.database.execute(query).fetchone()
        return int(found[0]) if found else 0

    def close(self) -> None:
        """Let go of the files."""
        self.database.close()
