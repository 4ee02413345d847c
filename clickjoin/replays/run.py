"""Replays kept requests: reads them by the configuration of today, and appends what they give."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

from clickjoin.imports.targets import as_sent, topic
from clickjoin.replays.replay import Replay, Row, as_replayed
from ingest.plans import prepare
from ingest.refusal import Refusal
from schemas.records import Click, Postback
from schemas.settings.file import Settings
from schemas.settings.servers import Kafka
from schemas.topics import INVALID
from schemas.wire import encode

Pages = Iterable[Sequence[Sequence[Any]]]
"""Rows as sql.invalid finds them, some at a time."""


@dataclass
class Figures:
    """What became of the rows."""

    replayed: int = 0
    records: int = 0
    refused: Counter[str] = field(default_factory=Counter)  # by the reason of today
    examples: dict[str, str] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """As `clickjoin replay invalid --json` prints it."""
        reasons = [
            {"code": code, "example": self.examples[code], "requests": count}
            for code, count in self.refused.most_common()
        ]
        figures = {"replayed": self.replayed, "records": self.records, "refused": self.refused.total()}
        return {**figures, "reasons": reasons}


def replay_of(settings: Settings, *, send: bool) -> Replay:
    """What reads the rows. send: sources are told of it. Raises ValueError where our click IDs cannot be known."""
    if not settings.ingest.secrets:
        raise ValueError('ingest.secrets: is required to know our click IDs: secrets = ["env:CLICKJOIN_SECRET"]')
    return Replay(prepare(settings), origin="" if send else "replay")


def looked_at(pages: Pages, replay: Replay) -> Figures:
    """What would become of the rows."""
    figures = Figures()
    for page in pages:
        _read(page, replay, figures)
    return figures


def replayed(kafka: Kafka, partitions: int, pages: Pages, replay: Replay) -> Figures:
    """Append the records, then say of the rows that they were replayed: whoever is killed between does it again.

    Raises KafkaError.
    """
    figures = Figures()

    async def send() -> None:
        async with AsyncExitStack() as stack:
            to_events = await stack.enter_async_context(topic(kafka, partitions))
            to_invalid = await stack.enter_async_context(topic(kafka, partitions, INVALID))
            for page in pages:
                found = _read(page, replay, figures)
                await to_events([as_sent(record) for _, records in found for record in records])
                await to_invalid([(row.invalid_id.encode(), encode(as_replayed(row, made))) for row, made in found])

    asyncio.run(send())
    return figures


def _read(page: Sequence[Sequence[Any]], replay: Replay, figures: Figures) -> list[tuple[Row, list[Click | Postback]]]:
    """The rows of which all can be used now, with their records."""
    found = []
    for row in (Row(*cells) for cells in page):
        try:
            records = replay.make(row)
        except Refusal as refusal:
            figures.refused[refusal.code] += 1
            figures.examples.setdefault(refusal.code, refusal.detail)
        else:
            found.append((row, records))
            figures.replayed += 1
            figures.records += len(records)
    return found
