"""Pure. A request whose query and parameters come as a form: clients do so once they are too long for a URL."""

from __future__ import annotations

from collections.abc import Iterable
from email.message import Message
from email.parser import BytesParser

from clickjoin.embedded.clickhouse.errors import BAD_ARGUMENTS, NOT_IMPLEMENTED, QUERY_IS_TOO_LARGE, error

LARGEST_FORM = 1 << 24  # bytes


def is_form(content_type: str) -> bool:
    """Whether a body of this Content-Type is a form rather than a statement or data."""
    return content_type.lower().startswith("multipart/form-data")


def parse_form(content_type: str, pieces: Iterable[bytes]) -> dict[str, str]:
    """The fields of a form. Raises `ClickHouseError`: 229 if it is too large, 48 for a file in it, 36 if it is none."""
    body = bytearray()
    for piece in pieces:
        body += piece
        if len(body) > LARGEST_FORM:
            raise error(QUERY_IS_TOO_LARGE, "QUERY_IS_TOO_LARGE", f"A form may hold {LARGEST_FORM} bytes, not more")
    head = b"Content-Type: " + content_type.encode("latin-1", "replace") + b"\r\n\r\n"
    form = BytesParser().parsebytes(head + bytes(body))
    parts = form.get_payload()
    if form.defects or not isinstance(parts, list):
        raise error(BAD_ARGUMENTS, "BAD_ARGUMENTS", "The body is not the multipart/form-data it says it is")
    return dict(_field(part) for part in parts if isinstance(part, Message))


def _field(part: Message) -> tuple[str, str]:
    name = part.get_param("name", header="Content-Disposition")
    if part.get_filename() is not None:
        raise error(
            NOT_IMPLEMENTED,
            "NOT_IMPLEMENTED",
            f"External tables (the file {name} in multipart/form-data) are not supported here; "
            "insert the rows into a temporary table of a session instead",
        )
    value = part.get_payload(decode=True)
    return str(name), value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else ""
