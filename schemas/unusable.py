"""What is kept of a record that could not be used: where it lay, why, and its bytes. Pure.

Several roles read the same topic and find the same record unusable. All make the same Invalid of it, so it is one row.
"""

from base64 import b64encode

from schemas.ids import invalid_id
from schemas.records import Invalid
from schemas.values import Millis

RAW_BYTES = 65_536
DETAIL_CHARACTERS = 1_024

Place = tuple[str, int, int]
"""Topic, partition, offset."""


def unusable(kind: str, code: str, detail: str, where: Place, at: Millis, value: bytes | None) -> Invalid:
    """The Invalid for the record at `where`, appended `at`, that cannot be decided, sent, made a row or be written."""
    topic, partition, offset = where
    return Invalid(
        invalid_id=invalid_id(*where),
        received_at=max(0, at),
        kind=kind,
        code=code,
        detail=f"{topic}-{partition} at offset {offset}: {detail}"[:DETAIL_CHARACTERS],
        raw=_text((value or b"")[:RAW_BYTES]),
    )


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return b64encode(raw).decode()
