"""What must have been settled with partners, found by brute force (bench/oracle/settlement.sql), beside what was."""

from collections.abc import Mapping
from pathlib import Path

from bench.oracle.brute import BruteForce
from bench.oracle.partners import Rule, holds, month_ends, owners, rules

_HERE = Path(__file__).parent
_LINES = "FROM (SELECT * FROM ledger FINAL) AS lines INNER JOIN (SELECT * FROM settlements FINAL) AS settled"
SETTLED = {
    "lines": "SELECT concatWithSeparator(' ', month, lines.partner, conversion_id, currency) AS line, "
    f"CAST(sum(amount), 'Decimal(38, 2)') AS amount {_LINES} USING (settlement_id) GROUP BY line",
    "paid": "SELECT concatWithSeparator(' ', month, lines.partner, currency) AS total, toInt64(count()) AS lines, "
    f"CAST(any(totals[currency]), 'Decimal(38, 2)') AS amount {_LINES} USING (settlement_id) GROUP BY total",
}
"""A query for each file that is fetched. In it every line there is, and what each month says that it paid."""


def settled_beside(
    brute: BruteForce, first: Path, records: int, began: int, found: Mapping[str, Path], named: Path
) -> None:
    """Make the tables `lines` and `paid` as they must be, and beside them what was found.

    first: a database of brute force over the log as it was when the first month was settled. named: the file with the
    IDs of conversions, which are hashes that nobody else computes.
    """
    database = brute.database
    database.execute(f"ATTACH '{first}' AS first_time (READ_ONLY)")
    database.execute("CREATE OR REPLACE TEMP VIEW first_conversions AS FROM first_time.conversions")
    database.execute(
        f"CREATE OR REPLACE TEMP TABLE named AS SELECT DISTINCT postback_id, conversion_id FROM read_parquet('{named}')"
    )
    _configure(brute, records, began)
    database.execute((_HERE / "settlement.sql").read_text())
    for name, file in found.items():
        database.execute(f"CREATE OR REPLACE VIEW found_{name} AS FROM read_parquet('{file}')")


def _configure(brute: BruteForce, records: int, began: int) -> None:
    """What the partners get, as tables."""
    database = brute.database
    database.execute("CREATE OR REPLACE TEMP TABLE owners (claim VARCHAR, campaign VARCHAR, partner VARCHAR)")
    database.executemany("INSERT INTO owners VALUES (?, ?, ?)", [list(one) for one in owners()])
    database.execute("CREATE OR REPLACE TEMP TABLE holds (partner VARCHAR, hold BIGINT)")
    database.executemany(
        "INSERT INTO holds VALUES (?, ?)", [[name, hold // 1000 * 1000] for name, hold in holds(began).items()]
    )
    database.execute("CREATE OR REPLACE TEMP TABLE months (month INTEGER, ends BIGINT)")
    database.executemany("INSERT INTO months VALUES (?, ?)", [list(one) for one in enumerate(month_ends(began), 1)])
    database.execute(
        "CREATE OR REPLACE TEMP TABLE rules (partner VARCHAR, event VARCHAR, after INTEGER, percent DECIMAL(7, 4), "
        "fixed DECIMAL(18, 2), currency VARCHAR, retroactive BOOLEAN)"
    )
    database.executemany(
        f"INSERT INTO rules VALUES ({', '.join('?' * len(Rule._fields))})", [_row(rule) for rule in rules(records)]
    )


def _row(rule: Rule) -> list[object]:
    return [value if value != "" else None for value in rule]
