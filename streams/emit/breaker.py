"""The circuit breaker of a destination. Pure: time (seconds, monotonic) is an argument."""

OPEN_AFTER = 5
"""Attempts in a row without any answer after which a destination is left alone."""
FIRST_PAUSE, LONGEST_PAUSE = 0.25, 30.0
FIRST_WINDOW = 4
"""Attempts at a time towards a destination that we know nothing of. Small servers queue few connections, and a request
that waits there longer than our time-out is answered to nobody and sent again."""


class Breaker:
    """Closed: everything may go. Open: nothing, for a pause that doubles. Half open: one attempt, which decides."""

    def __init__(self) -> None:
        self.failures = 0
        self.open_until = 0.0
        self._window = FIRST_WINDOW
        self._pause = 0.0

    @property
    def is_closed(self) -> bool:
        """Whether the destination is believed to be well."""
        return self.failures < OPEN_AFTER

    def room(self, in_flight: int, most: int, now: float) -> bool:
        """Whether one more attempt may start while `in_flight` are under way, where `most` may be."""
        if self.is_closed:
            return in_flight < min(most, self._window)
        return in_flight == 0 and now >= self.open_until

    def answered(self) -> None:
        """The destination said something, be it 500: it is there, and may be given one more at a time."""
        self.failures = 0
        self._window += 1

    def failed(self, now: float) -> None:
        """No answer: refused, lost, or too late. It gets half as many at a time."""
        self._window = max(FIRST_WINDOW, self._window // 2)
        was_closed = self.is_closed
        self.failures += 1
        if self.is_closed:
            return
        if was_closed:
            self._pause = FIRST_PAUSE
        elif now < self.open_until:
            return  # was under way with those that opened it, and says nothing new
        else:
            self._pause = min(LONGEST_PAUSE, 2 * self._pause)
        self.open_until = now + self._pause
