"""What several ingest processes on one port say together: whoever is asked asks the others."""

import asyncio
from collections.abc import Iterable, Mapping

import msgspec
from prometheus_client import CollectorRegistry, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from ingest.metrics import Metrics
from ingest.store import Store
from ingest.workers import Worker

_ANSWER_SECONDS = 2.0
_MOST_BYTES = 4 * 1024 * 1024


class Said(msgspec.Struct):
    """What one process says of itself."""

    is_ready: bool
    spooled: int
    metrics: str


class Peers:
    """All processes of this ingest; of one alone itself."""

    def __init__(self, store: Store, metrics: Metrics, worker: Worker | None) -> None:
        self._store, self._metrics, self._worker = store, metrics, worker
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        """Answer the others from now on."""
        if self._worker:
            self._server = await asyncio.start_server(self._answer, sock=self._worker.sockets[self._worker.number])

    def close(self) -> None:
        """Answer them no more."""
        if self._server:
            self._server.close()

    async def health(self) -> tuple[bool, int]:
        """Whether all who answer can store records, and how many wait in their spools."""
        if self._worker is None:
            return self._store.is_ready, self._store.spooled
        said = (await self._all(self._worker)).values()
        return all(each.is_ready for each in said), sum(each.spooled for each in said)

    async def metrics(self) -> bytes:
        """What they count, as Prometheus reads it; of several each sample with the number of its worker."""
        if self._worker is None:
            return self._metrics.text()
        return labelled({number: said.metrics for number, said in (await self._all(self._worker)).items()})

    def _own(self) -> Said:
        return Said(self._store.is_ready, self._store.spooled, self._metrics.text().decode())

    async def _all(self, worker: Worker) -> dict[int, Said]:
        """By number, without those that do not answer now: they are being started again."""
        others = [number for number in range(worker.count) if number != worker.number]
        ports = [worker.sockets[number].getsockname()[1] for number in others]
        answers = await asyncio.gather(*map(_ask, ports))
        found = {number: said for number, said in zip(others, answers, strict=True) if said}
        return dict(sorted({**found, worker.number: self._own()}.items()))

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            writer.write(msgspec.json.encode(self._own()))
            await writer.drain()
        finally:
            writer.close()


async def _ask(port: int) -> Said | None:
    try:
        async with asyncio.timeout(_ANSWER_SECONDS):
            reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=_MOST_BYTES)
            try:
                return msgspec.json.decode(await reader.read(), type=Said)
            finally:
                writer.close()
    except (OSError, msgspec.DecodeError):  # a TimeoutError is an OSError
        return None


class _Held(Collector):
    """Families that were counted elsewhere."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


def labelled(texts: Mapping[int, str]) -> bytes:
    """Several expositions as one: every sample with its worker's number, every family once."""
    families: dict[str, Metric] = {}
    for number, text in texts.items():
        for family in text_string_to_metric_families(text):
            known = families.setdefault(family.name, Metric(family.name, family.documentation, family.type))
            for sample in family.samples:
                known.samples.append(sample._replace(labels={**sample.labels, "worker": str(number)}))
    registry = CollectorRegistry()
    registry.register(_Held(families.values()))
    return generate_latest(registry)
