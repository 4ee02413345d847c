"""Callers of a running ingest that click and send a postback of it, over and over, and remember what was answered."""

import http.client
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.ingest_samples import KEY
from tests.polling import until

CALLERS = 6
PAUSE = 0.02  # seconds; a steady load leaves the machine to what is tried


class Callers:
    """Who gets no answer goes on with another click."""

    def __init__(self, port: int, *, pause: float = PAUSE) -> None:
        self.clicks: set[str] = set()
        self.postbacks: set[str] = set()
        self.statuses: Counter[int] = Counter()
        self.port, self._pause = port, pause
        self._stopped = threading.Event()

    @contextmanager
    def running(self) -> Iterator[None]:
        """While the block runs."""
        callers = [threading.Thread(target=self._call) for _ in range(CALLERS)]
        for caller in callers:
            caller.start()
        try:
            yield
        finally:
            self._stopped.set()
            for caller in callers:
                caller.join(30)

    def wait_for_more(self, count: int) -> None:
        """Until so many more postbacks are answered."""
        wanted = len(self.postbacks) + count
        until(lambda: len(self.postbacks) >= wanted, 60, f"{count} more postbacks are answered")

    def _call(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        while not self._stopped.is_set():
            try:
                self._click_and_report(connection)
                self._stopped.wait(self._pause)
            except (OSError, http.client.HTTPException):
                connection.close()
                connection.port = self.port  # whoever is called now may be at another one
                self._stopped.wait(PAUSE)
        connection.close()

    def _click_and_report(self, connection: http.client.HTTPConnection) -> None:
        connection.request("GET", "/click/spring")
        answer = connection.getresponse()
        answer.read()
        self.statuses[answer.status] += 1
        clicked = parse_qs(urlsplit(answer.headers["location"]).query)["aff_sub"][0]
        self.clicks.add(clicked)
        query = urlencode({"key": KEY, "ml_sub1": clicked, "event": "install"})
        connection.request("GET", f"/postback/acme?{query}")
        answer = connection.getresponse()
        body = answer.read().decode()
        self.statuses[answer.status] += 1
        if answer.status == 200:
            self.postbacks.add(body.split('"')[-2])
