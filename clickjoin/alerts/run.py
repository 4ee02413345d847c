"""Looks every few minutes, until SIGTERM or Ctrl-C; reads the configuration again at SIGHUP."""

import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import structlog
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import Error as ClickHouseError
from urllib3.exceptions import HTTPError

from clickjoin.alerts.look import alarms_of, untold
from clickjoin.alerts.message import row_of
from clickjoin.alerts.rules import Alarm
from clickjoin.alerts.tell import tell
from schemas.settings.errors import ConfigError
from schemas.settings.file import Settings
from sql.alerts import keep
from sql.connect import address, connect

EVERY_SECONDS = 300.0
_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_CONNECT_SECONDS, _QUERY_SECONDS = 5, 120

log = structlog.get_logger()


class Watch:
    """The loop, what it goes by, and whether ClickHouse was there the last time."""

    def __init__(self, settings: Settings, load: Callable[[], Settings], looked: Path) -> None:
        """load: reads the configuration again. looked: a file whose time says when it looked last."""
        self._settings, self._load, self._looked = settings, load, looked
        self._is_away = False

    def run(self) -> None:
        """Until somebody wants it to end."""
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)  # they are taken between two looks
        log.info("alerts_watching", alerts=list(self._settings.alerts), seconds=EVERY_SECONDS)
        while True:
            self._look()
            self._note()
            taken = signal.sigtimedwait(_SIGNALS, EVERY_SECONDS)
            if taken and taken.si_signo != signal.SIGHUP:
                break
            if taken:
                self._read_again()
        log.info("alerts_stopped")

    def _look(self) -> None:
        dsn = self._settings.clickhouse.dsn
        try:
            client = connect(dsn, connect_timeout=_CONNECT_SECONDS, send_receive_timeout=_QUERY_SECONDS)
            try:
                look(client, self._settings)
            finally:
                client.close()
        except (ClickHouseError, HTTPError, OSError) as error:
            if not self._is_away:
                log.warning("alerts_wait_for_clickhouse", at=address(dsn), error=str(error).splitlines()[0])
            self._is_away = True
        else:
            self._is_away = False

    def _note(self) -> None:
        """Where it listens nowhere, this is how one sees that it goes on."""
        with suppress(OSError):  # a disk that is full is somebody else's to tell
            self._looked.parent.mkdir(parents=True, exist_ok=True)
            self._looked.touch()

    def _read_again(self) -> None:
        try:
            self._settings = self._load()
        except ConfigError as error:
            for problem in error.problems:
                log.error("wrong_configuration", path=problem.path, value=problem.value, error=problem.message)
            log.error("configuration_kept", problems=len(error.problems))
        except (OSError, ValueError) as error:
            log.error("configuration_kept", error=str(error))
        else:
            log.info("configuration_reloaded")


def look(client: Client, settings: Settings) -> tuple[list[Alarm], list[Alarm]]:
    """Look once, and tell what is new. Returns what is to be told, and what of it was taken."""
    now_ms = time.time_ns() // 1_000_000
    new = untold(client, alarms_of(client, settings, now_ms), settings.alerts, now_ms)
    taken = tell(new, settings, now_ms) if new else []
    # A kill between the two tells it again, under the same ID.
    keep(client, [row_of(alarm, now_ms) for alarm in taken])
    return new, taken
