"""Whether the broker is there, said once each way: its clients log thousands of lines while it is not."""

import logging
from collections.abc import Callable

import structlog

log = structlog.get_logger(__name__)

_AWAY = ("Unable connect to node", "NodeNotReady", "KafkaConnectionError", "Unable to update metadata", "No broker")
"""In messages of aiokafka that say that the broker cannot be reached."""
_ROUTINE = (
    "Group Coordinator Request failed",
    "Marking the coordinator dead",
    "Heartbeat failed",
    "OffsetCommit failed",
)
"""In messages about what every rebalance and every restart of a broker brings with it."""
_LIBRARY = "aiokafka"


class Presence:
    """Remembers whether the broker was away, and says so when that changes."""

    def __init__(self, servers: str) -> None:
        self._servers, self._away = servers, False

    def away(self) -> None:
        """It could not be reached."""
        if not self._away:
            log.warning("kafka_away", servers=self._servers)
        self._away = True

    def back(self) -> None:
        """It answered."""
        if self._away:
            log.info("kafka_is_back", servers=self._servers)
        self._away = False


class _LibraryHandler(logging.Handler):
    """Takes the library's messages: trouble to reach the broker goes to `away`, the rest to where all logs go."""

    def __init__(self, away: Callable[[], None]) -> None:
        super().__init__()
        self._tell_away = away

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if any(word in text for word in _AWAY):
            self._tell_away()
        elif not any(word in text for word in _ROUTINE):
            logging.getLogger().handle(record)


def listen_to_library(presence: Presence) -> None:
    """Let `presence` hear what aiokafka logs, instead of the terminal. To be called once in a process."""
    library = logging.getLogger(_LIBRARY)
    library.propagate = False
    library.handlers = [_LibraryHandler(presence.away)]
    logging.getLogger("mode.timers").setLevel(logging.ERROR)  # a commit that waits for the broker is no news
