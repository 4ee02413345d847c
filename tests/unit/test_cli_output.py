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


def heard(postback_id: str, seconds: int, **fields: Any) -> dict[str, Any]:
    at = AT + timedelta(seconds=seconds)
    said = {"postback_id": postback_id, "received_at": at, "decided_at": at, "event": "install", "network": "acme"}
    became = {"outcome": "attributed", "reason": "", "repeats": "", "previous_status": ""}
    return {**said, "txid": "t1", "status": "approved", "payout": None, "currency": "", **became, **fields}


def test_the_life_of_a_click_is_told_in_the_order_of_time() -> None:
    found = Trace(
        "abc",
        {"clicked_at": AT, "source": "pops", "campaign": "spring", "offer": "game"},
        [
            heard("p1", 1, payout=Decimal("1.20000000"), currency="USD", decided_at=AT + timedelta(seconds=4)),
            heard("p2", 5, outcome="duplicate", reason="same", repeats="p1"),
            heard("p3", 6, outcome="updated", status="rejected", previous_status="approved"),
            heard("p4", 7, outcome="duplicate", reason="older", repeats="px", status="pending", network="", txid=""),
        ],
        [
            {"occurred_at": AT + timedelta(seconds=1), "event": "install", "status": "rejected"}
            | {"payout": Decimal("1.20000000"), "currency": "USD", "is_refund": False},
            {"occurred_at": AT + timedelta(seconds=8), "event": "install", "status": "approved"}
            | {"payout": Decimal("-1.20000000"), "currency": "USD", "is_refund": True},
        ],
        [delivery(2), delivery(3, attempt=1, state="delivered", code=200, answer="ok")],
    )
    assert [entry[1:] for entry in timeline(found)] == [
        ("click", "pops, spring, game"),
        ("postback install", "acme, txid t1: attributed at 2026-11-21 09:37:17.168; said approved, 1.2 USD"),
        ("conversion install", "rejected, 1.2 USD"),
        ("tell install", "source/pops: scheduled"),
        ("tell install", "source/pops, attempt 1: delivered, HTTP 200 “ok”"),
        ("postback install", "acme, txid t1: duplicate (same) of 2026-11-21 09:37:14.168; said approved"),
        ("postback install", "acme, txid t1: updated from approved; said rejected"),
        ("postback install", "by ourselves: duplicate (older) of px; said pending"),
        ("refund install", "approved, -1.2 USD"),
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
