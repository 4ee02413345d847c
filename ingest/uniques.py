"""Who came for the first time today, as far as this process knows since it started."""

_DAY_MS = 86_400_000


class Uniques:
    """Visitors of a day (UTC), by address and User-Agent, without a cookie. Who came first is forgotten first."""

    def __init__(self, most: int = 500_000) -> None:
        self._most = most
        self._day = -1
        self._seen: dict[int, None] = {}

    def is_first(self, campaign: str, address: str, user_agent: str, at_ms: int) -> bool:
        """Whether this visitor was not in this campaign on the day of `at_ms` before, as far as this process knows."""
        if (day := at_ms // _DAY_MS) != self._day:
            self._day, self._seen = day, {}
        who = hash((campaign, address, user_agent))
        if who in self._seen:
            return False
        if len(self._seen) >= self._most:
            del self._seen[next(iter(self._seen))]
        self._seen[who] = None
        return True
