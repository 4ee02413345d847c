"""ClickHouse, as the pages ask it: to read only, with limits on rows, time and memory."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from threading import Lock
from typing import Any

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError, OperationalError
from clickhouse_connect.driver.exceptions import Error as ClickHouseError
from urllib3.exceptions import HTTPError

from sql.connect import address, connect
from sql.reports.ask import Answer, answered, bound, known_of
from sql.reports.question import Question
from sql.statements import statement

MOST_ROWS = 50_000  # of a report, on a page or as CSV
_CONNECT_SECONDS = 3
_SECONDS = 20
_LIMITS = {
    "readonly": 2,  # reads, and may set what is below
    "max_execution_time": _SECONDS,
    "max_memory_usage": 4 << 30,
    "max_result_bytes": 256 << 20,
}
_KNOWN_SETTINGS = {"defer_partition_pruning_after_final": 0}
"""Set where the server has them. No table has rows of one key in two partitions: what is out of the asked time need not
be read to find the newest row of a key."""


class DatabaseAwayError(Exception):
    """ClickHouse does not answer. The text says where, and is for people."""


class QueryRefusedError(Exception):
    """ClickHouse does not answer this question: it takes too long, or too much memory. The text is for people."""


class Database:
    """Connects when it is first asked, and again after ClickHouse was away. Threads may ask side by side."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._client: Client | None = None
        self._lock = Lock()

    def report(self, question: Question, most: int = MOST_ROWS) -> Answer:
        """The answer to a question, its first rows. Raises DatabaseAwayError, QueryRefusedError, NoRateError."""
        with self.client() as client:
            text, parameters = bound(question, known_of(client, question))
            limit = {} if question.most else {"limit": most}
            return answered(question, client.query(text, parameters, settings=limit))

    def rows(self, name: str, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The rows of `sql/queries/NAME.sql`, columns by name. Raises DatabaseAwayError, QueryRefusedError."""
        with self.client() as client:
            return list(client.query(statement(name), dict(parameters)).named_results())

    def read(self, ask: Callable[[Client], Any]) -> Any:
        """What a function of `sql` finds. Raises DatabaseAwayError, QueryRefusedError."""
        with self.client() as client:
            return ask(client)

    @contextmanager
    def client(self) -> Iterator[Client]:
        """A client, and its errors in words for people. Raises DatabaseAwayError, QueryRefusedError."""
        where = f"ClickHouse at {address(self._dsn)}"
        try:
            yield self._connected()
        except OperationalError as error:
            self.close()
            raise DatabaseAwayError(f"{where} does not answer: {_first_line(error)}") from None
        except DatabaseError as error:
            raise QueryRefusedError(f"{where} refused: {_first_line(error)}") from None
        except (ClickHouseError, HTTPError, OSError) as error:
            self.close()
            raise DatabaseAwayError(f"{where} does not answer: {_first_line(error)}") from None

    def close(self) -> None:
        """Let go of the connections."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def _connected(self) -> Client:
        with self._lock:
            if self._client is None:
                client = connect(
                    self._dsn,
                    connect_timeout=_CONNECT_SECONDS,
                    send_receive_timeout=_SECONDS + 5,
                    settings=_LIMITS,
                )
                for name in _KNOWN_SETTINGS.keys() & client.server_settings.keys():
                    client.set_client_setting(name, _KNOWN_SETTINGS[name])
                self._client = client
            return self._client


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or ["no reason given"])[0][:300]
