"""Lots: rows by table as ClickHouse reads them, each beside the record that it was made of."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from aiokafka import ConsumerRecord

from streams.adapters.clickhouse import lines_of
from streams.rows import Row
from streams.tables import CLICKS, POSTBACKS, Table

Line = tuple[Row, ConsumerRecord]
"""A row, and the record that it was made of."""
Lines = Mapping[Table, Sequence[Line]]

_RECEIVED_AT = {table: table.columns.index("received_at") for table in (CLICKS, POSTBACKS)}
"""Where it stands in the rows of what comes from outside."""


class Block(NamedTuple):
    """Rows of one table: a line of `body` for each of `records`."""

    body: bytes
    records: Sequence[ConsumerRecord]
    newest: float = 0.0
    """When the newest of them came, in seconds since 1970; 0 where the table is not of what comes from outside."""

    def halves(self) -> tuple["Block", "Block"]:
        """The same rows in two blocks. Raises ValueError where there is only one row."""
        if len(self.records) < 2:
            raise ValueError("one row has no halves")
        lines, middle = self.body.splitlines(keepends=True), len(self.records) // 2
        return (
            self._replace(body=b"".join(lines[:middle]), records=self.records[:middle]),
            self._replace(body=b"".join(lines[middle:]), records=self.records[middle:]),
        )


class Lot:
    """What one partition brings at once, encoded: what waits for its insert needs no rows any more."""

    def __init__(self, age: float = 0.0) -> None:
        """`age`: seconds since the newest of its records was appended."""
        self.age = age
        self.blocks: dict[Table, list[Block]] = {}
        self.size = 0  # rows of the table that has most

    def add(self, lines: Lines) -> None:
        """Add rows. Raises RefusedError where a value has no JSON; then nothing of them was added."""
        for table, block in [(table, block_of(table, some)) for table, some in lines.items() if some]:
            self.blocks.setdefault(table, []).append(block)
        self.size = max((sum(len(one.records) for one in found) for found in self.blocks.values()), default=0)


def block_of(table: Table, lines: Sequence[Line]) -> Block:
    """Rows of a table as a block. Raises RefusedError where a value has no JSON."""
    at = _RECEIVED_AT.get(table)
    newest = 0.0 if at is None else max(row[at] for row, _ in lines)
    return Block(lines_of([row for row, _ in lines]), [record for _, record in lines], newest)


def joined(lots: Iterable[Lot], table: Table) -> Block | None:
    """All rows of a table, in the order of the lots; None where there are none."""
    blocks = [block for lot in lots for block in lot.blocks.get(table, ())]
    if not blocks:
        return None
    records = [record for block in blocks for record in block.records]
    return Block(b"".join(block.body for block in blocks), records, max(block.newest for block in blocks))
