"""How many requests are taken: "50/s", "3000/min". Pure."""

import re
from typing import Annotated, Any, NamedTuple

from pydantic import BeforeValidator

_UNITS = {"s": 1, "min": 60, "h": 3600}
_RATE = re.compile(r"([1-9]\d{0,8})\s*/\s*(s|min|h)", re.ASCII)


class RequestRate(NamedTuple):
    """So many requests in so many seconds; all of them may come at once."""

    requests: int
    seconds: int

    def __str__(self) -> str:
        return f"{self.requests}/{next(unit for unit, seconds in _UNITS.items() if seconds == self.seconds)}"


def parse_request_rate(text: Any) -> RequestRate:
    """The RequestRate in "50/s", "3000/min" or "10000/h". Raises ValueError."""
    if isinstance(text, RequestRate):
        return text
    match = _RATE.fullmatch(text.strip()) if isinstance(text, str) else None
    if not match:
        raise ValueError(f'{text!r} says not how many requests: write "50/s", "3000/min" or "10000/h"')
    return RequestRate(int(match[1]), _UNITS[match[2]])


RequestRateText = Annotated[RequestRate, BeforeValidator(parse_request_rate)]
