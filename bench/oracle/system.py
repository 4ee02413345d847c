"""The pipeline of bench/oracle: Apache Kafka, ClickHouse's engine, and join and sink as `clickjoin up` starts them."""

import asyncio
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from clickhouse_connect.driver.client import Client

from bench.kafka import PARTITIONS, BenchError, Broker, broker
from bench.oracle.brute import line_of
from clickjoin.embedded.children import Child, Running, last_lines, start
from clickjoin.embedded.ports import free_port
from clickjoin.prepare import prepare
from clickjoin.status.overall import answers_ok
from schemas.records import Tick
from schemas.settings.file import Settings
from schemas.settings.servers import ClickHouse, Kafka
from schemas.topics import EVENTS
from schemas.wire import encode
from sql.connect import connect
from streams.adapters.kafka import Log
from streams.adapters.producer import Producer

ROLES = ("join", "sink")
_LOOK_AGAIN = 1.0
_START_WITHIN, _STUCK_AFTER, _ANSWER_WITHIN = 60.0, 300.0, 1800  # seconds
_STREAM_BYTES = 1 << 20


class System:
    """The running pipeline."""

    def __init__(self, kafka: Broker, settings: Settings, start: Callable[[str], Running]) -> None:
        self.kafka = kafka
        self._settings, self._start = settings, start
        self._roles = {name: start(name) for name in ROLES}

    def drain(self, group: str, topics: Sequence[str], told: Callable[[int, int], None]) -> None:
        """Wait until a group has committed all of these topics. `told` hears how much of how many records.

        Raises BenchError where a role ends, or where nothing is committed any more.
        """
        last, since = -1, time.monotonic()
        while True:
            self._check()
            done, total = self._progress(group, topics)
            told(done, total)
            if done >= total:
                return
            if done != last:
                last, since = done, time.monotonic()
            if time.monotonic() - since > _STUCK_AFTER:
                raise BenchError(f"{group} is stuck at {done} of {total} records")
            time.sleep(_LOOK_AGAIN)

    def _progress(self, group: str, topics: Sequence[str]) -> tuple[int, int]:
        """How many records a group has committed, of how many."""
        done = sum(self.kafka.committed(group, topic) for topic in topics)
        return done, sum(sum(self.kafka.ends(topic).values()) for topic in topics)

    def stop(self, role: str) -> None:
        """Stop a role as `clickjoin up` does. Raises BenchError where it does not end well."""
        self._check()
        running = self._roles.pop(role)
        if code := running.stop():
            raise BenchError(f"{role} ended with {code}:\n{_log_of(running)}")

    def crash(self, role: str, group: str, topics: Sequence[str]) -> int:
        """Kill a role (kill -9) at work, and start it again. Returns how many records it had not committed."""
        self._check()
        self._roles[role].kill()
        done, total = self._progress(group, topics)
        self.start(role)
        return total - done

    def start(self, role: str) -> None:
        """Start a role that is not there."""
        self._roles[role] = self._start(role)

    def command(self, statement: str) -> None:
        """Tell ClickHouse to do something."""
        with self.client() as client:
            client.command(statement)

    @contextmanager
    def client(self) -> Iterator[Client]:
        """A client of ClickHouse."""
        client = connect(self._settings.clickhouse.dsn, send_receive_timeout=_ANSWER_WITHIN)
        try:
            yield client
        finally:
            client.close()

    def pass_time(self, seconds: float) -> None:
        """Let time pass, and let every partition of `events` know of it."""
        time.sleep(seconds)
        asyncio.run(_tick(self.kafka))

    def dump(self, number: int, file: Path) -> int:
        """Write what lies in a partition of `events` to a file, a record a line. Returns how many."""
        return asyncio.run(_dump(self.kafka, number, file))

    def fetch(self, query: str, file: Path) -> None:
        """Write what ClickHouse answers to a file in Parquet."""
        with self.client() as client, client.raw_stream(query, fmt="Parquet") as answer, file.open("wb") as out:
            while chunk := answer.read(_STREAM_BYTES):
                out.write(chunk)

    @property
    def dsn(self) -> str:
        """Of ClickHouse."""
        return self._settings.clickhouse.dsn

    def _check(self) -> None:
        for name, running in self._roles.items():
            if running.exit_code is not None:
                raise BenchError(f"{name} ended with {running.exit_code}:\n{_log_of(running)}")


@contextmanager
def system(folder: Path) -> Iterator[System]:
    """A pipeline with all its data under `folder`; everything is stopped in the end."""
    with ExitStack() as stack:
        kafka = stack.enter_context(broker(folder / "kafka"))
        port = free_port()
        _clickhouse(folder, port, stack)
        settings = Settings(kafka=Kafka(bootstrap=kafka.servers), clickhouse=ClickHouse(port=port))
        prepare(settings)
        config = folder / "clickjoin.toml"
        config.write_text(f"[kafka]\nport = {kafka.servers.rpartition(':')[2]}\n[clickhouse]\nport = {port}\n")
        yield System(kafka, settings, lambda name: _started(_role(name, config, folder), stack))


def _clickhouse(folder: Path, port: int, stack: ExitStack) -> None:
    path = folder / "clickhouse"
    argv = [sys.executable, "-m", "clickjoin.embedded.clickhouse", "--path", str(path), "--port", str(port)]
    running = _started(Child(name="clickhouse", argv=argv, output=folder / "clickhouse.log"), stack)
    deadline = time.monotonic() + _START_WITHIN
    while not answers_ok(f"http://127.0.0.1:{port}/ping"):
        if running.exit_code is not None or time.monotonic() > deadline:
            raise BenchError(f"ClickHouse did not start:\n{_log_of(running)}")
        time.sleep(_LOOK_AGAIN / 10)


def _role(name: str, config: Path, folder: Path) -> Child:
    argv = [sys.executable, "-m", "clickjoin", name, "--config", str(config), "--data", str(folder / "data")]
    return Child(name=name, argv=argv, output=folder / f"{name}.log")


def _started(child: Child, stack: ExitStack) -> Running:
    running = start(child)
    stack.callback(running.stop)
    return running


def _log_of(running: Running) -> str:
    return last_lines(running.child.output) if running.child.output else ""


async def _tick(kafka: Broker) -> None:
    producer = Producer(kafka.kafka)
    await producer.start()
    try:
        for number in range(PARTITIONS):
            await producer.send(EVENTS, number, [(None, encode(Tick()))])
    finally:
        await producer.stop()


async def _dump(kafka: Broker, number: int, file: Path) -> int:
    end = (await asyncio.to_thread(kafka.ends, EVENTS))[number]
    count = 0
    with file.open("wb") as out:
        async for chunk in Log(kafka.kafka).read(EVENTS, number, 0, end):
            out.writelines(line_of(record.offset, record.timestamp, record.value) for record in chunk)
            count += len(chunk)
    if count != end:
        raise BenchError(f"{EVENTS}-{number} has {end} records, but {count} were read")
    return count
