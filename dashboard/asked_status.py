"""How the roles stand, as the pages ask it: anew after some seconds, and by one at a time."""

import time
from threading import Lock

from dashboard.services import Document, Services

_SECONDS = 10.0


class AskedStatus:
    """The last answer, and when it was given."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._asked_at = 0.0
        self._status: Document = {}
        self._lock = Lock()

    def __call__(self) -> Document:
        """As `clickjoin status --json` prints it. Takes seconds where something is away."""
        with self._lock:
            if not self._status or time.monotonic() > self._asked_at + _SECONDS:
                self._status = self._services.status()
                self._asked_at = time.monotonic()
            return self._status
