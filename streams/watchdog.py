"""Tells a worker that works and commits from one that works in vain. Pure."""

LOOKS = 6
"""Looks at half a session time-out each: three of them. Looks are counted, not seconds: a stopped process has none."""


class Watchdog:
    """Told of what is done and of what is committed, it is looked at in regular intervals."""

    def __init__(self) -> None:
        self._waits = False  # something is to be committed, and no commit has succeeded since
        self.looks = 0  # how often that was so, one after the other

    @property
    def is_stuck(self) -> bool:
        """Whether the last look found that it works in vain."""
        return self.looks > LOOKS

    def done(self) -> None:
        """Records were processed."""
        self._waits = True

    def failed(self) -> None:
        """A commit has failed: also one that says again what was done long ago, of a worker that its group gave up."""
        self._waits = True

    def committed(self) -> None:
        """A commit has succeeded, or there is nothing left to commit."""
        self._waits, self.looks = False, 0

    def look(self) -> bool:
        """Whether what was to be committed was not for too long."""
        self.looks = self.looks + 1 if self._waits else 0
        return self.is_stuck
