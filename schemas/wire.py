"""Records to bytes and back: JSON with a type and a format version. Pure."""

import sys
from collections.abc import Callable
from typing import Any

import msgspec

from schemas.catalogue import Revision
from schemas.record import FORMAT, Record
from schemas.records import Cancel, Delivery, Event, Invalid, Outcome, Resend, Retemplate


class WireError(ValueError):
    """Bytes that are no record. `code` is a closed word for `invalid`, the text says where and what."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


MOST_EVENT_BYTES = 1_000_000
"""Of a record of `events`. What comes of two of them has to fit one record of another topic, which takes 4 MiB: an
outcome holds a postback, its click, and a conversion with texts of this postback and of an earlier one."""

_BROKEN = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)  # the last: nested too deeply


class _Header(msgspec.Struct):
    v: int = 0
    type: str = ""


_header = msgspec.json.Decoder(_Header).decode

encode: Callable[[Record], bytes] = msgspec.json.Encoder(decimal_format="string").encode
"""A record as bytes. Fields that have their default are left out."""


def reader(shape: Any, most: int = sys.maxsize) -> Callable[[bytes | None], Any]:
    """How a type with `v` is read, of at most so many bytes. Raises WireError."""
    decode = msgspec.json.Decoder(shape).decode

    def read(value: bytes | None) -> Any:
        value = value or b""
        if len(value) > most:
            raise WireError("too_long", f"{len(value)} bytes, of which {most} are read")
        try:
            record = decode(value)
        except _BROKEN as error:
            raise _why(value, error) from None
        if record.v > FORMAT:
            raise _newer(record.v)
        return record

    return read


decode_event: Callable[[bytes | None], Event] = reader(Event, MOST_EVENT_BYTES)
"""Read a record of the topic `events`. Raises WireError, as the others do."""
decode_outcome: Callable[[bytes | None], Outcome] = reader(Outcome)
OutcomeOrRequest = Outcome | Resend | Cancel | Retemplate
decode_outcome_or_request: Callable[[bytes | None], OutcomeOrRequest] = reader(OutcomeOrRequest)
"""Read any record of the topic `outcomes`."""
decode_delivery: Callable[[bytes | None], Delivery] = reader(Delivery)
decode_invalid: Callable[[bytes | None], Invalid] = reader(Invalid)
decode_revision: Callable[[bytes | None], Revision] = reader(Revision)


def _newer(version: int) -> WireError:
    return WireError("newer_format", f"format {version} is newer than {FORMAT}, which this program reads")


def _why(value: bytes, error: Exception) -> WireError:
    """Tell a newer record, whose shape we cannot know, from one that is broken."""
    try:
        header = _header(value)
    except _BROKEN:
        return WireError("not_json", f"not a JSON object: {error}")
    if header.v > FORMAT:
        return _newer(header.v)
    return WireError("not_a_record", f"type {header.type!r}: {error}")
