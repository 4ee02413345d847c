"""The brute force of bench/oracle says what the naive oracle says, of traffic that has everything; and it has teeth."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from bench.oracle.brute import DATABASE, BruteForce, line_of
from bench.oracle.found import FOUND
from bench.oracle.partners import SECRET, month_ends, settings_of
from bench.oracle.settlement import settled_beside
from bench.oracle.traffic import HOUR, Traffic
from clickjoin.partners.ledger import Conversion, Line, due
from schemas.partner_claims import Claims
from schemas.settings.file import Settings
from tests.oracle.join_oracle import Oracle
from tests.properties.logs import SEED

_RECORDS = 6000
_BEGAN = 1_795_219_200_000
_READ_AT = _BEGAN + 48 * HOUR

_ID = "md5(postback_id)"

Row = tuple[Any, ...]


def _log(seed: int) -> tuple[list[tuple[int, int, bytes]], int]:
    """A partition: the offset of each record, when it was appended, and its value; and where the later ones begin."""
    traffic = Traffic(_RECORDS, _BEGAN, seed)
    first = [value for _, value in traffic]
    both = [*first, *(value for _, value in traffic.later())]
    return [(offset, _READ_AT + 3 * offset, value) for offset, value in enumerate(both)], len(first)


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[BruteForce, Oracle]]:
    """Both, having read the same partition."""
    print(f"CLICKJOIN_TEST_SEED={SEED}")
    folder = tmp_path_factory.mktemp("oracle")
    oracle, (log, _) = Oracle(), _log(SEED)
    for one in log:
        oracle.read(*one)
    (folder / "log.json").write_bytes(b"".join(line_of(*one) for one in log))
    brute = BruteForce(folder)
    brute.judge(folder / "log.json")
    yield brute, oracle
    brute.close()


def test_sets_say_of_every_postback_what_the_naive_oracle_says(judged: tuple[BruteForce, Oracle]) -> None:
    brute, oracle = judged
    said = _rows(brute, "SELECT postback_id, outcome, reason, repeats, previous_status FROM postbacks ORDER BY ALL")
    expected = [
        (one.postback_id, one.outcome, one.reason, one.repeats, one.previous_status)
        for one in oracle.last_words().values()
    ]
    assert said == sorted(expected)


def test_sets_hold_the_conversions_that_the_naive_oracle_holds(judged: tuple[BruteForce, Oracle]) -> None:
    brute, oracle = judged
    columns = (
        "postback_id, click_id, event, network, txid, status, raw_status, payout, currency, occurred_at, is_refund"
    )
    held = _rows(brute, f"SELECT {columns} FROM conversions")
    assert {row[0]: row for row in held} == oracle.conversions()
    assert len(held) == len(oracle.conversions())
    money = "SELECT currency, sum(payout) FROM conversions WHERE payout IS NOT NULL GROUP BY currency"
    assert dict(_rows(brute, money)) == oracle.total()


def test_the_traffic_has_every_outcome_for_every_reason(judged: tuple[BruteForce, Oracle]) -> None:
    seen = {(outcome, reason) for outcome, reason in _rows(judged[0], "SELECT DISTINCT outcome, reason FROM postbacks")}
    assert seen >= {
        ("attributed", ""),
        ("updated", ""),
        ("duplicate", "same"),
        ("duplicate", "older"),
        ("duplicate", "repeat_ignored"),
        ("waiting", "no_click"),
        ("late", "outside_window"),
        ("orphan", "no_click"),
        ("unattributed", "no_click_id"),
        ("unattributed", "network_may_not_credit"),
        ("unattributed", "too_many_waiting"),
        ("unattributed", "too_many_conversions"),
    }


def test_the_traffic_has_refunds_in_two_currencies_and_sources_whose_ids_collide(
    judged: tuple[BruteForce, Oracle],
) -> None:
    brute, _ = judged
    assert len(_rows(brute, "SELECT DISTINCT currency FROM conversions WHERE is_refund")) == 2
    own = "SELECT split_part(click_id, ':', 2) AS own FROM clicks WHERE click_id LIKE '%:%'"
    assert Counter(_rows(brute, f"SELECT own FROM ({own}) GROUP BY own HAVING count(*) = 2"))


def test_the_same_seed_makes_the_same_traffic() -> None:
    def first(seed: int) -> list[tuple[bytes, bytes]]:
        return list(islice(Traffic(_RECORDS, _BEGAN, seed), 2000))

    assert first(SEED) == first(SEED)
    assert first(SEED) != first(SEED + 1)


@pytest.mark.parametrize(
    ("table", "change", "differ"),
    [
        ("conversions", "REPLACE (payout + 0.00000001 AS payout)", "every"),
        ("conversions", "REPLACE ('rejected' AS status)", "some"),
        ("postbacks", "REPLACE ('' AS reason)", "some"),
        ("clicks", "REPLACE (source || '-' AS source)", "every"),
        ("postbacks", "", "none"),
    ],
)
def test_a_changed_row_is_a_difference(judged: tuple[BruteForce, Oracle], table: str, change: str, differ: str) -> None:
    brute, _ = judged
    where = " WHERE payout IS NOT NULL" if "payout" in change else ""
    rows = brute.count(table)
    brute.database.execute(f"CREATE OR REPLACE VIEW found_{table} AS SELECT * {change} FROM {table}{where}")
    found = brute.differing(table, 3)
    assert found.keys == {"every": rows, "none": 0}.get(differ, found.keys)
    assert len(found.rows) == (0 if differ == "none" else 3)


def test_a_row_that_is_there_twice_or_not_at_all_is_a_difference(judged: tuple[BruteForce, Oracle]) -> None:
    brute, _ = judged
    one = "(SELECT min(postback_id) FROM postbacks)"
    twice = f"FROM postbacks UNION ALL FROM postbacks WHERE postback_id = {one}"
    brute.database.execute(f"CREATE OR REPLACE VIEW found_postbacks AS {twice}")
    assert brute.differing("postbacks", 3).keys == 1
    brute.database.execute(f"CREATE OR REPLACE VIEW found_postbacks AS FROM postbacks WHERE postback_id != {one}")
    assert brute.differing("postbacks", 3).keys == 1


def test_what_clickhouse_answers_is_compared_by_the_place_of_its_columns_not_by_their_names(tmp_path: Path) -> None:
    (tmp_path / "log.json").write_bytes(b"".join(line_of(*one) for one in _log(SEED)[0]))
    brute = BruteForce(tmp_path)
    try:
        brute.judge(tmp_path / "log.json")
        brute.beside({name: _answer(brute, name, tmp_path / f"{name}.parquet") for name in FOUND})
        assert {name: brute.differing(name, 3) for name in FOUND} == dict.fromkeys(FOUND, (0, []))
        assert sum(brute.words().values()) == brute.count("postbacks")
    finally:
        brute.close()


@pytest.fixture(scope="module")
def settled(judged: tuple[BruteForce, Oracle], tmp_path_factory: pytest.TempPathFactory) -> BruteForce:
    """Brute force beside what the ledger settles of the same conversions, in the month of the first and in the next."""
    brute, folder = judged[0], tmp_path_factory.mktemp("settled")
    log, later = _log(SEED)
    (folder / "log.json").write_bytes(b"".join(line_of(*one) for one in log[:later]))
    first = BruteForce(folder)
    first.judge(folder / "log.json")
    settings = settings_of(_RECORDS, _BEGAN)
    lines: list[tuple[str, str, Line]] = []
    for then, ends in zip((first, brute), month_ends(_BEGAN), strict=True):
        month = f"{datetime.fromtimestamp(ends / 1000 - 1, UTC):%Y-%m}"
        for name, partner in settings.partners.items():
            had = [line for _, of, line in lines if of == name]
            lines += [(month, name, line) for line in due(partner, _conversions(then, settings, name), had, ends).lines]
    first.close()
    assert {line.reason for _, _, line in lines} == {"earned", "refund", "clawback", "amount", "volume"}
    columns = "month VARCHAR, name VARCHAR, conversion VARCHAR, currency VARCHAR, amount DECIMAL(38, 2)"
    brute.database.execute(f"CREATE TEMP TABLE ledger_said ({columns})")
    rows = [[month, name, line.conversion_id, line.currency, line.amount] for month, name, line in lines]
    brute.database.executemany("INSERT INTO ledger_said VALUES (?, ?, ?, ?, ?)", rows)
    named = folder / "named.parquet"
    brute.database.execute(f"COPY (SELECT postback_id, {_ID} AS conversion_id FROM conversions) TO '{named}'")
    settled_beside(brute, folder / DATABASE, _RECORDS, _BEGAN, {}, named)
    brute.database.execute(
        "CREATE VIEW found_lines AS "
        "SELECT concat_ws(' ', month, name, conversion, currency) AS line, amount FROM ledger_said"
    )
    return brute


def test_a_ledger_s_months_are_to_the_cent_what_sets_of_conversions_say(settled: BruteForce) -> None:
    assert settled.differing("lines", 3) == (0, [])
    assert settled.count("lines") > 500
    both = "SELECT sum(amount), sum(lines) FROM paid"
    assert _rows(settled, both) == _rows(settled, "SELECT sum(amount), count(*) FROM ledger_said")
    for partner in ("percent", "mixed", "steps", "lifted", "keyed", "own"):
        of_partner = (
            f"SELECT count(DISTINCT split_part(line, ' ', 1)) FROM lines WHERE split_part(line, ' ', 2) = '{partner}'"
        )
        assert _rows(settled, of_partner) == [(2,)], partner


def test_a_cent_too_much_is_a_difference_of_the_settlement(settled: BruteForce) -> None:
    settled.database.execute(
        "UPDATE ledger_said SET amount = amount + 0.01 WHERE conversion = (SELECT min(conversion) FROM ledger_said)"
    )
    assert settled.differing("lines", 3).keys >= 1


def _conversions(brute: BruteForce, settings: Settings, name: str) -> list[Conversion]:
    """Those of a partner, by the code that the ledger goes by."""
    query = (
        f"SELECT {_ID}, click_id, event, conversions.campaign, '', status, payout, conversions.currency, "
        "is_refund, received_at, claim FROM conversions JOIN clicks USING (click_id)"
    )
    claims = Claims(settings.partners, [SECRET])
    return [Conversion(*row[:-1]) for row in _rows(brute, query) if claims.owner(row[-1], row[3]).partner == name]


_TOLD = {
    "conversions": "md5(postback_id) AS conversion_id, *",
    "postbacks": "if(maker = '', '', md5(maker)) AS conversion_id, * EXCLUDE (maker), received_at AS decided_at",
}


def _answer(brute: BruteForce, name: str, file: Path) -> Path:
    """A file as ClickHouse writes it where it has exactly what it must have: moments have names of their own."""
    query = f"SELECT {_TOLD.get(name, '*')} FROM {name}"
    columns = [row[0] for row in _rows(brute, f"DESCRIBE {query}")]
    named = ", ".join(f"{column}_ms" if column.endswith("_at") else column for column in columns)
    brute.database.execute(f"COPY (SELECT * FROM ({query}) AS told({named})) TO '{file}' (FORMAT parquet)")
    return file


def _rows(brute: BruteForce, query: str) -> list[Row]:
    return brute.database.execute(query).fetchall()
