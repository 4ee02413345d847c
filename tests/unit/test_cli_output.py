import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from clickjoin.cli.output import print_json, print_table
from clickjoin.cli.trace import timeline
from clickjoin.status.overall import local_url, nobody_listens
from sql.trace import Trace

AT = datetime(2026, 11, 21, 9, 37, 13, 168_000, tzinfo=UTC)


def delivery(seconds: int, **fields: Any) -> dict[str, Any]:
    step = {"attempted_at": AT + timedelta(seconds=seconds), "event": "install", "destination": "source/pops"}
    return {**step, "attempt": 0, "state": "scheduled", "code": 0, "reason": "", "answer": "", **fields}


def test_the_life_of_a_click_is_told_in_the_order_of_time() -> None:
    found = Trace(
        "abc",
        {"clicked_at": AT, "source": "pops", "campaign": "spring", "offer": "game"},
        [
            {"received_at": AT + timedelta(seconds=5), "event": "install", "network": "acme", "txid": "t1"}
            | {"outcome": "duplicate", "reason": "same"}
        ],
        [
            {"occurred_at": AT + timedelta(seconds=1), "event": "install", "status": "approved"}
            | {"payout": Decimal("1.20000000"), "currency": "USD"}
        ],
        [delivery(2), delivery(3, attempt=1, state="delivered", code=200, answer="ok")],
    )
    assert [entry[1:] for entry in timeline(found)] == [
        ("click", "pops, spring, game"),
        ("conversion install", "approved, 1.2 USD"),
        ("tell install", "source/pops: scheduled"),
        ("tell install", "source/pops, attempt 1: delivered, HTTP 200 “ok”"),
        ("postback install", "acme, txid t1: duplicate (same)"),
    ]


def test_a_table_shows_what_came_from_outside_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(
        "rows", ("time", "money", "text"), [(AT, Decimal("100.50000000"), "[red]x[/red]" + "y" * 150)], numbers=2
    )
    shown = capsys.readouterr().out
    assert "2026-11-21 09:37:13.168" in shown
    assert " 100.5 " in shown
    assert "[red]x[/red]" + "y" * 150 in shown


def test_what_a_terminal_would_obey_is_written_out_not_sent_to_it(capsys: pytest.CaptureFixture[str]) -> None:
    print_table("answers", ("answer",), [("\x1b[31mred\x1b]0;title\x07\x9b2J\u202etxt \N{GRINNING FACE}",)])
    shown = capsys.readouterr().out
    assert r"\x1b[31mred\x1b]0;title\x07\x9b2J\u202etxt" in shown
    assert "\N{GRINNING FACE}" in shown
    assert not any(each in shown for each in "\x1b\x07\x9b\u202e")


def test_json_keeps_money_exact_and_moments_readable(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"payout": Decimal("0.10000000"), "at": AT, "text": "zürich"})
    assert json.loads(capsys.readouterr().out) == {
        "payout": "0.10000000",
        "at": "2026-11-21T09:37:13.168000+00:00",
        "text": "zürich",
    }


@pytest.mark.parametrize(
    ("listen", "url"),
    [
        ("127.0.0.1:8080", "http://127.0.0.1:8080/health/ready"),
        ("0.0.0.0:80", "http://127.0.0.1:80/health/ready"),
        ("[::]:80", "http://[::1]:80/health/ready"),
    ],
)
def test_a_server_that_listens_everywhere_is_asked_on_this_machine(listen: str, url: str) -> None:
    assert local_url(listen, "/health/ready") == url


def test_where_nobody_listens_is_told() -> None:
    assert nobody_listens("127.0.0.1:1") == "nobody answers at 127.0.0.1:1 (Connection refused)"
