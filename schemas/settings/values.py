"""Durations, money, addresses and names as they are written in the file. Pure."""

import re
from collections.abc import Callable
from decimal import Decimal
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, Any, NamedTuple
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo

_UNITS_MS = {
    "ms": 1,
    "s": 1000,
    "m": 60_000,
    "min": 60_000,
    "h": 3_600_000,
    "d": 86_400_000,
    "w": 604_800_000,
}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|min|m|h|d|w)", re.ASCII)
_MONEY = re.compile(r"(\d{1,16}(?:\.\d{1,8})?)\s+([A-Z]{3})", re.ASCII)
_NAME = r"[a-z0-9][a-z0-9_-]{0,63}"
_ADDRESS = re.compile(r"(?:\[[0-9a-fA-F:.]+\]|[^\s:/\[\]]+):(\d{1,5})", re.ASCII)
_MAX_PORT = 65535


class Section(BaseModel):
    """The base of every section: unknown keys are mistakes, and nothing changes after it was read."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Money(NamedTuple):
    """An exact amount in a currency."""

    amount: Decimal
    currency: str

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"


def parse_duration(text: Any) -> int:
    """Milliseconds of "24h", "30d", "1.5s". Raises ValueError."""
    if isinstance(text, bool) or not isinstance(text, (str, int)):
        raise ValueError('write a duration as "24h", "30d", "90s" or "500ms"')
    if isinstance(text, int):
        return text
    match = _DURATION.fullmatch(text.strip())
    if not match:
        raise ValueError(f'{text!r} is no duration: write "24h", "30d", "90s" or "500ms"')
    return int(Decimal(match[1]) * _UNITS_MS[match[2]])


def parse_money(text: Any) -> Money:
    """The Money in "1.20 USD". Raises ValueError."""
    if isinstance(text, Money):
        return text
    match = _MONEY.fullmatch(text.strip()) if isinstance(text, str) else None
    if not match:
        raise ValueError(f'{text!r} is no amount of money: write it as "1.20 USD"')
    return Money(Decimal(match[1]), match[2])


def _network(text: Any) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        raise ValueError(f'{text!r} is no address range: write "203.0.113.0/24" or "2001:db8::/32"') from None


def _shaped(pattern: str, wanted: str) -> AfterValidator:
    """A check that the whole text has this shape; `wanted` says in an error what would be right."""
    matches: Callable[[str], object] = re.compile(pattern, re.ASCII).fullmatch

    def check(text: str) -> str:
        if not matches(text):
            raise ValueError(wanted)
        return text

    return AfterValidator(check)


def is_address(text: str) -> bool:
    """Whether it says HOST:PORT."""
    match = _ADDRESS.fullmatch(text)
    return match is not None and int(match[1]) <= _MAX_PORT


def _address(text: str) -> str:
    if not is_address(text):
        raise ValueError('write HOST:PORT, like "127.0.0.1:8080" or "[::1]:8080"')
    return text


def _base_url(text: str) -> str:
    wanted = 'write the scheme and the host that others reach us by, like "https://t.example.com"'
    try:
        url = urlsplit(text)
        host, _ = url.hostname, url.port
    except ValueError:
        raise ValueError(wanted) from None
    if url.scheme not in ("http", "https") or not host or url.path not in ("", "/") or url.query or url.fragment:
        raise ValueError(wanted)
    return text.rstrip("/")


def _many(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


def _duration(value: Any, info: ValidationInfo) -> int:
    """In a file, which alone has an environment, a number without its unit may mean anything."""
    span = parse_duration(value)
    if isinstance(value, int) and span and info.context is not None:
        raise ValueError(f'{value} of what? Write a duration as "{value}s", "{value}m" or "{value}ms"')
    return span


Duration = Annotated[int, BeforeValidator(_duration), Field(ge=0)]
"""Milliseconds, written as "24h"."""
MoneyText = Annotated[Money, BeforeValidator(parse_money)]
AddressRange = Annotated[IPv4Network | IPv6Network, BeforeValidator(_network)]
ConfigName = Annotated[
    str, _shaped(_NAME, "a name is made of lower-case letters, digits, - and _, 64 at most, like spring_sale")
]
"""Lower-case letters, digits, - and _: it stands in URLs, keys and columns."""
CurrencyCode = Annotated[str, _shaped("([A-Z]{3})?", 'write the ISO 4217 code of a currency, like "USD"')]
CountryCode = Annotated[str, _shaped("[A-Za-z]{2}", 'write the two letters of a country, like "DE"')]
Address = Annotated[str, AfterValidator(_address)]
BaseUrl = Annotated[str, AfterValidator(_base_url)]
ParameterNames = Annotated[
    tuple[Annotated[str, Field(min_length=1, max_length=128)], ...], BeforeValidator(_many), Field(min_length=1)
]
"""One name of a parameter, or several of which the first that is present counts."""
