"""Follows the topic in a thread of its own, and tells of each change."""

import itertools
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import structlog

from clickjoin.catalogue.kept import keep, read_kept
from clickjoin.catalogue.topic import NoTopicError, TopicAwayError, opened
from schemas.catalogue import Catalogue
from schemas.settings.servers import Kafka

_WAIT_MS = 5_000  # the broker answers at once where something comes
_AGAIN_SECONDS = 2.0
_SELDOM_SECONDS = 10.0

log = structlog.get_logger(__name__)


def known(kafka: Kafka, data: Path) -> Catalogue:
    """The catalogue as it is on the topic; as it was kept where that is away, which is said."""
    try:
        with opened(kafka) as topic:
            keep(data, topic.catalogue)
            return topic.catalogue
    except TopicAwayError as error:
        kept = read_kept(data)
        log.warning("catalogue_away", error=str(error), entries=len(kept.entries), version=kept.version)
        return kept


def at_hand(kafka: Kafka, data: Path) -> Catalogue:
    """The catalogue for a command that prints a result: beside the embedded broker the copy is as new as the topic."""
    if kafka.is_embedded:
        return read_kept(data)
    try:
        with opened(kafka) as topic:
            return topic.catalogue
    except TopicAwayError:
        return read_kept(data)


def awaited(kafka: Kafka, data: Path) -> Catalogue:
    """The catalogue as it is on the topic: wait until the broker answers, and say so once."""
    said = False
    while True:
        try:
            with opened(kafka) as topic:
                keep(data, topic.catalogue)
                return topic.catalogue
        except NoTopicError:
            return known(kafka, data)
        except TopicAwayError as error:
            if not said:
                log.warning("waiting_for_catalogue", error=str(error))
            said = True
            time.sleep(_AGAIN_SECONDS)


class Follower:
    """Reads on until the process ends."""

    def __init__(self, kafka: Kafka, data: Path, catalogue: Catalogue, tell: Callable[[Catalogue], None]) -> None:
        """catalogue: what is known already. tell: is called in the follower's thread."""
        self._kafka, self._data, self._tell = kafka, data, tell
        self._known, self._said = catalogue, ""

    def start(self) -> None:
        """Begin, in a thread that ends with the process."""
        Thread(target=self._run, name="catalogue", daemon=True).start()

    def _run(self) -> None:
        for tried in itertools.count():
            try:
                self._follow()
            except TopicAwayError as error:
                if str(error) != self._said:
                    log.warning("catalogue_away", error=str(error), version=self._known.version)
                self._said = str(error)
            except Exception:  # a bug of ours: what is known goes on
                log.exception("catalogue_failed")
            time.sleep(min(_AGAIN_SECONDS * (tried + 1), _SELDOM_SECONDS))

    def _follow(self) -> None:
        with opened(self._kafka, wait_ms=_WAIT_MS) as topic:
            if self._said:
                log.info("catalogue_is_back", version=topic.catalogue.version)
            self._said = ""
            while True:
                if topic.catalogue != self._known:
                    self._known = topic.catalogue
                    keep(self._data, self._known)
                    log.info("catalogue_changed", version=self._known.version, entries=len(self._known.entries))
                    self._tell(self._known)
                topic.poll(_WAIT_MS)
                topic.revisions.clear()
