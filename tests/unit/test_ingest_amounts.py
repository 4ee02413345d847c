from decimal import Decimal

import pytest

from ingest.amounts import parse_amount, parse_currency
from ingest.moments import parse_moment


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("12.50", "12.50"),
        ("12,50", "12.50"),
        ("0,125", "0.125"),
        ("1.234", "1.234"),
        (".5", "0.5"),
        ("12.", "12"),
        ("007", "7"),
        ("1 234,50", "1234.50"),
        ("1\u00a0234,50", "1234.50"),
        ("1\u202f234\u202f567.89", "1234567.89"),
        ("1.234,50", "1234.50"),
        ("1,234.50", "1234.50"),
        ("1,234,567", "1234567"),
        ("1.234.567,8", "1234567.8"),
        ("1'234.50", "1234.50"),
        ("$12", "12"),
        ("12€", "12"),
        ("$ 1,234.50", "1234.50"),
        ("-5.00", "-5.00"),
        ("-$5", "-5"),
        ("$-5", "-5"),
        ("\u22125", "-5"),
        ("+5", "5"),
        (" 5 ", "5"),
        ("9999999999999999.99999999", "9999999999999999.99999999"),
    ],
)
def test_an_amount_is_read_exactly_however_a_network_writes_it_d11(text: str, amount: str) -> None:
    assert parse_amount(text) == Decimal(amount)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            " ",
            "NaN",
            "inf",
            "1e400",
            "1e5",
            "abc",
            "$",
            "-",
            ".",
            ",",
            "--5",
            "-$-5",
            "1.2.3",
            "12,34,56",
            "1,23.4,5",
        ),
        *(
            "12 50",
            "1,2,3",
            "0x10",
            "١٢",
            "1.234.567.89",
            "99999999999999999",
            "0.123456789",
            "12 USD",
            "5;6",
            "1.5,2.5",
        ),
        *("{payout}", "1\ufffd", "$$5", "5-"),
    ],
)
def test_what_is_no_amount_is_refused_with_what_would_be_right(text: str) -> None:
    with pytest.raises(ValueError, match=r"write an amount like 12\.50"):
        parse_amount(text)


def test_an_amount_that_two_readers_would_read_differently_is_refused_d11() -> None:
    with pytest.raises(ValueError, match=r"1\.234 to some and 1234 to others"):
        parse_amount("1,234")


@pytest.mark.parametrize("text", ["usd", "USD", " Usd "])
def test_a_currency_comes_in_any_case(text: str) -> None:
    assert parse_currency(text) == "USD"


@pytest.mark.parametrize("text", ["", "US", "USDT", "U$D", "ÜSD", "840", "usd,eur"])
def test_what_is_no_currency_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="ISO 4217"):
        parse_currency(text)


@pytest.mark.parametrize(
    ("text", "at_ms"),
    [
        ("1700000000", 1_700_000_000_000),
        ("1700000000123", 1_700_000_000_123),
        ("1700000000.5", 1_700_000_000_500),
        ("2023-11-14T22:13:20Z", 1_700_000_000_000),
        ("2023-11-14T22:13:20.123Z", 1_700_000_000_123),
        ("2023-11-14 22:13:20", 1_700_000_000_000),
        ("2023-11-15T00:13:20+02:00", 1_700_000_000_000),
        ("2023-11-15T00:13:20 02:00", 1_700_000_000_000),
        ("2023-11-14", 1_699_920_000_000),
    ],
)
def test_a_moment_comes_as_seconds_milliseconds_or_iso(text: str, at_ms: int) -> None:
    assert parse_moment(text) == at_ms


@pytest.mark.parametrize(
    "text", ["", "yesterday", "0", "-5", "NaN", "1e12", "99999999999999999", "2023-13-01", "0001-01-01"]
)
def test_what_is_no_moment_is_refused_with_what_would_be_right(text: str) -> None:
    with pytest.raises(ValueError, match="seconds or milliseconds since 1970"):
        parse_moment(text)
