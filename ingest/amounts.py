"""Amounts of money as networks write them, and currencies. Pure."""

import re
from decimal import Decimal
from functools import lru_cache

_PLAIN = re.compile(r"-?\d{1,16}(?:\.\d{1,8})?", re.ASCII)
_SPACES = re.compile(r"[\s_'\u2019]+")
_SYMBOL = "[$€£¥₹₽₴₺₩]"
_MARKED = re.compile(
    rf"(?P<sign>[-+\u2212]?)\s?{_SYMBOL}?\s?(?P<inner>[-+\u2212]?)(?P<number>[\d., ]+?)\s?{_SYMBOL}?", re.ASCII
)
_GROUPED = re.compile(
    r"(?P<whole>[1-9]\d{0,2}(?P<mark>[ ,.])\d{3}(?:(?P=mark)\d{3})*)(?:(?P<point>[.,])(?P<decimals>\d+))?", re.ASCII
)
_SIMPLE = re.compile(r"(?P<whole>\d*)[.,]?(?P<decimals>\d*)", re.ASCII)

WANTED = "write an amount like 12.50 (12,50, 1 234,50 and $12 are understood; at most 16 digits and 8 decimals)"


@lru_cache(maxsize=4096)
def parse_amount(text: str) -> Decimal:
    """The exact amount in `12.50`, `12,50`, `1 234,50`, `1,234.50`, `$12`. Raises ValueError, also for NaN and `1e400`.

    `1,234` is refused: it is 1.234 to some and 1234 to others, and a guess would be wrong money.
    """
    if _PLAIN.fullmatch(text):
        return Decimal(text)
    marked = _MARKED.fullmatch(_SPACES.sub(" ", text.strip()))
    if not marked or (marked["sign"] and marked["inner"]):
        raise ValueError(WANTED)
    sign = "" if (marked["sign"] or marked["inner"]) in ("", "+") else "-"
    number = sign + _plain_number(marked["number"])
    if not _PLAIN.fullmatch(number):
        raise ValueError(WANTED)
    return Decimal(number)


def _plain_number(text: str) -> str:
    """Digits with a decimal point, of digits with separators of thousands and a decimal point or comma."""
    grouped = _GROUPED.fullmatch(text)
    if grouped and grouped["point"] != grouped["mark"]:
        mark, is_single = grouped["mark"], len(grouped["whole"]) <= len("123,456") and not grouped["point"]
        if mark == "," and is_single:
            raise ValueError(f"1,234 is 1.234 to some and 1234 to others: {WANTED}")
        if mark != "." or not is_single:
            return _joined(re.sub(r"\D", "", grouped["whole"]), grouped["decimals"])
    simple = _SIMPLE.fullmatch(text)
    if not simple:
        raise ValueError(WANTED)
    return _joined(simple["whole"], simple["decimals"])


def _joined(whole: str, decimals: str | None) -> str:
    if not whole and not decimals:
        raise ValueError(WANTED)
    return f"{whole or '0'}.{decimals}" if decimals else whole


@lru_cache(maxsize=256)
def parse_currency(text: str) -> str:
    """The ISO 4217 code in capitals. Raises ValueError."""
    code = text.strip().upper()
    if len(code) == 3 and code.isascii() and code.isalpha():
        return code
    raise ValueError("write the ISO 4217 code of a currency, like USD")
