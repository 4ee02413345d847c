"""Files for bench/import_rows as an old tracker exports them: clicks, conversions, and a bill. Pure."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

CLICKS = "clickid,time,zone,banner,country,ip,user_agent,cost,keyword,sub1"
CONVERSIONS = "subid,goal,time,tid,payout,currency,status,ip,sub2"
COSTS = "day,creative,zone,spend"
_BEGAN = datetime(2026, 9, 21, tzinfo=UTC)
_COUNTRIES = ("US", "DE", "Germany", "FRA", "BR", "India")
_AGENT = (
    "Mozilla/5.0 (Linux; Android {android}; SM-G{model}) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/{chrome}.0.6099.144 Mobile Safari/537.36"
)


def clicks(count: int) -> Iterator[str]:
    """Two a second, each from another address, of a thousand browsers."""
    yield CLICKS
    for n in range(count):
        agent = _AGENT.format(android=9 + n % 6, model=900 + n % 11, chrome=110 + n % 17)
        at = _BEGAN + timedelta(milliseconds=500 * n)
        yield (
            f"a{n:08d},{at:%Y-%m-%dT%H:%M:%SZ},{n * 7 % 900},b{n % 40},{_COUNTRIES[n % 6]},{_address(n)},"
            f'"{agent}",0.0{n % 99:02d},kw {n % 500},s{n % 50}'
        )


def conversions(count: int) -> Iterator[str]:
    """Of every second click, a day later."""
    yield CONVERSIONS
    for n in range(count):
        at = _BEGAN + timedelta(days=1, seconds=n)
        said = f"t{n},{n % 9}.{n % 100:02d},usd,approved,{_address(n)},z{n % 90}"
        yield f"a{2 * n:08d},goal_1,{at:%Y-%m-%d %H:%M:%S},{said}"


def costs(count: int) -> Iterator[str]:
    """Of a thousand creatives in seven places a day."""
    yield COSTS
    for n in range(count):
        yield f"{date(2026, 1, 1) + timedelta(days=n // 7000)},b{n % 7000 // 7},z{n % 7},{n % 900}.{n % 100:02d}"


def _address(n: int) -> str:
    n = n * 2654435761 % (1 << 32)
    return f"{1 + (n >> 24) % 223}.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}"
