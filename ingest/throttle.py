"""How many requests a network, or an address that proves nothing, may send. By throttled-py (GCRA), in memory."""

import math
from datetime import timedelta
from ipaddress import ip_network

from throttled import MemoryStore, RateLimiterType, Throttled, per_duration

from ingest.exchange import Answer, Exchange, failure
from schemas.settings.file import Settings
from schemas.settings.request_rates import RequestRate

PROVES_NOTHING = frozenset({401, 403, 404})
"""Statuses of calls that count for their address."""
MOST_ADDRESSES = 65_536
"""So many are remembered; who called longest ago is forgotten first."""


class TooMany(Exception):  # noqa: N818 - the name says what happened
    """Somebody has sent more than he may. Nothing of it is stored."""

    def __init__(self, path: str, rate: RequestRate, seconds: float) -> None:
        super().__init__(f"{path} is {rate}: come again in {math.ceil(seconds)} s")
        self.seconds = math.ceil(seconds)


class Throttle:
    """Counts the requests of one process. Nothing is counted where nothing is configured."""

    def __init__(self) -> None:
        self.by_network: dict[str, _Counter] = {}
        self.by_address: _Counter | None = None

    def use(self, settings: Settings) -> None:
        """Go by these from now on. Who had a limit that stays has used of it what he had used."""
        limits = {name: network.limit for name, network in settings.networks.items() if network.limit}
        self.by_network = {name: self._counter(name, rate) for name, rate in limits.items()}
        rate, before = settings.ingest.address_limit, self.by_address
        if rate is None or before is None or before.rate != rate:
            self.by_address = _Counter("ingest.address_limit", rate, MOST_ADDRESSES) if rate else None

    def _counter(self, network: str, rate: RequestRate) -> "_Counter":
        before = self.by_network.get(network)
        return before if before and before.rate == rate else _Counter(f"networks.{network}.limit", rate, 1)

    def network(self, name: str) -> None:
        """Count a request for a network. Raises TooMany."""
        if counter := self.by_network.get(name):
            counter.count("")

    def address(self, exchange: Exchange) -> None:
        """Count a request that proves nothing for the address it comes from, of IPv6 for its /64. Raises TooMany."""
        if self.by_address:
            self.by_address.count(_whole(exchange.peer))


class _Counter:
    """One limit, for each of many keys."""

    def __init__(self, path: str, rate: RequestRate, most: int) -> None:
        self.rate = rate
        self._path = path
        self._throttled = Throttled(
            using=RateLimiterType.GCRA.value,
            quota=per_duration(timedelta(seconds=rate.seconds), rate.requests),
            store=MemoryStore(options={"MAX_SIZE": most}),
        )

    def count(self, key: str) -> None:
        result = self._throttled.limit(key or "all")
        if result.limited:
            raise TooMany(self._path, self.rate, max(1.0, result.state.retry_after))


def too_many(error: TooMany) -> Answer:
    """The 429, with the seconds after which one more would be taken."""
    answer = failure(429, "too_many_requests", str(error))
    headers = (*(pair for pair in answer.headers if pair[0] != "retry-after"), ("retry-after", str(error.seconds)))
    return Answer(answer.status, answer.body, headers)


def _whole(address: str) -> str:
    if ":" not in address:
        return address
    try:
        return str(ip_network(f"{address}/64", strict=False))
    except ValueError:
        return address
