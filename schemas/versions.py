"""Versions of rows: a pure function of the record that caused them, so that a repeat writes the same row. Pure.

64 bits: epoch (8), offset of the causing record (40), index within what it caused (16).
The row with the highest version wins in a ReplacingMergeTree.
"""

MAX_EPOCH = (1 << 8) - 1
MAX_OFFSET = (1 << 40) - 1
MAX_INDEX = (1 << 16) - 1
_ALL = (1 << 64) - 1


def version(epoch: int, offset: int, index: int = 0) -> int:
    """The version of a row that the record at `offset` caused. Raises ValueError where a part does not fit its bits."""
    if not (0 <= epoch <= MAX_EPOCH and 0 <= offset <= MAX_OFFSET and 0 <= index <= MAX_INDEX):
        raise ValueError(f"no version for epoch {epoch}, offset {offset}, index {index}")
    return epoch << 56 | offset << 16 | index


def epoch_of(of: int) -> int:
    """The epoch in a version."""
    return of >> 56


def offset_of(of: int) -> int:
    """The offset of the causing record in a version."""
    return of >> 16 & MAX_OFFSET


def first_stays(of: int) -> int:
    """The same order turned round: of two rows the one that came first wins (clicks)."""
    return _ALL - of
