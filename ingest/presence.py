"""Whether the broker is away, decided from what became of the records that it was given. Pure."""

import math


class Presence:
    """Away once a record was not answered for in time and nothing given to the broker since then was; back with the
    next acknowledgement. Times are seconds of one clock that never goes back.
    """

    def __init__(self) -> None:
        self.is_away = False
        self._acknowledged_at = -math.inf

    def acknowledged(self, at: float) -> bool:
        """The broker acknowledged something. Returns whether that is news: it was away."""
        self._acknowledged_at = at
        is_news = self.is_away
        self.is_away = False
        return is_news

    def unanswered(self, since: float) -> bool:
        """What it was given at `since` was not acknowledged in time. Returns whether that is news: it is away now."""
        is_news = not self.is_away and self._acknowledged_at < since
        self.is_away = self.is_away or is_news
        return is_news
