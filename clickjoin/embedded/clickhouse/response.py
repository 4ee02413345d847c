"""The answer of one request: held back while small, then streamed in chunks; compressed; errors also in mid-stream."""

from __future__ import annotations

import json
import secrets
import sys
import zlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import BinaryIO, Protocol

import lz4.frame

from clickjoin.embedded.clickhouse.engine import Summary
from clickjoin.embedded.clickhouse.errors import AUTHENTICATION_FAILED, ClickHouseError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

# An error that comes while so much is held back still gets its own status and code.
HELD = 1 << 16
HELD_IF_ASKED_TO_WAIT = 1 << 23

_CONTENT_TYPES = {
    "JSON": "application/json; charset=UTF-8",
    "JSONCompact": "application/json; charset=UTF-8",
    "JSONEachRow": "application/x-ndjson; charset=UTF-8",
    "JSONCompactEachRow": "application/x-ndjson; charset=UTF-8",
    "CSV": "text/csv; charset=UTF-8; header=absent",
    "CSVWithNames": "text/csv; charset=UTF-8; header=present",
    "Arrow": "application/vnd.apache.arrow.file",
    "ArrowStream": "application/vnd.apache.arrow.stream",
    "XML": "application/xml; charset=UTF-8",
}
_BINARY = ("Native", "RowBinary", "Parquet", "ORC", "Avro", "MsgPack", "BSON", "Npy", "Protobuf", "CapnProto")


class _Compressor(Protocol):
    def compress(self, data: bytes, /) -> bytes: ...
    def flush(self) -> bytes: ...


class _Lz4Frames:
    """lz4's frame compressor with zlib's two verbs."""

    def __init__(self) -> None:
        self._frame = lz4.frame.LZ4FrameCompressor()
        self._header: bytes = self._frame.begin()

    def compress(self, data: bytes, /) -> bytes:
        header, self._header = self._header, b""
        return header + bytes(self._frame.compress(data))

    def flush(self) -> bytes:
        return self._header + bytes(self._frame.flush())


class _Identity:
    def compress(self, data: bytes, /) -> bytes:
        return data

    def flush(self) -> bytes:
        return b""


def _compressor(encoding: str) -> _Compressor:
    made: _Compressor
    match encoding:
        case "lz4":
            made = _Lz4Frames()
        case "zstd":
            made = zstd.ZstdCompressor(level=1)
        case "gzip":
            made = zlib.compressobj(3, zlib.DEFLATED, 31)
        case "deflate":
            made = zlib.compressobj(3)
        case _:
            made = _Identity()
    return made


def content_type(fmt: str | None) -> str:
    """The Content-Type ClickHouse gives a result in format `fmt`."""
    if fmt is None:
        return "text/plain; charset=UTF-8"
    if fmt.startswith(_BINARY):
        return "application/octet-stream"
    return _CONTENT_TYPES.get(fmt, "text/tab-separated-values; charset=UTF-8")


@dataclass(frozen=True, slots=True)
class Wire:
    """What the answer needs of the connection: how to begin it, where its bytes go, whether it has a body at all."""

    begin: Callable[[int, Sequence[tuple[str, str]]], None]
    out: BinaryIO
    has_body: bool


class Response:
    """The answer to one query. Use: `format`, `write`…, then `finish`; or `fail` at any point instead."""

    def __init__(self, wire: Wire, query_id: str, timezone: str, version: str) -> None:
        self._wire = wire
        self._query_id = query_id
        self._timezone = timezone
        self._version = version
        self._tag = secrets.token_hex(8)
        self._held: list[bytes] = []
        self._held_bytes = 0
        self._compressor = _compressor("")
        self.format: str | None = None
        self.encoding = ""
        self.hold = HELD
        self.started = False

    def write(self, data: bytes) -> None:
        """Send, or hold back while there is little, some bytes of the result."""
        if self.started:
            self._chunk(self._compressor.compress(data))
            self._wire.out.flush()
            return
        self._held.append(data)
        self._held_bytes += len(data)
        if self._held_bytes > self.hold:
            self._start_stream()

    def finish(self, summary: Summary) -> None:
        """The result is whole. What was held back leaves with its length, a stream with its last chunk."""
        if self.started:
            self._chunk(self._compressor.flush())
            self._out(b"0\r\n\r\n")
        else:
            compressor = _compressor(self.encoding if self._held else "")
            body = b"".join([*map(compressor.compress, self._held), compressor.flush()])
            length = ("Content-Length", str(len(body)))
            self.started = True
            self._wire.begin(200, [*self._headers(summary, self.encoding if self._held else ""), length])
            self._out(body)
        self._wire.out.flush()

    def fail(self, failure: ClickHouseError) -> bool:
        """Tell the client what went wrong. Returns whether the connection can be used for another request."""
        message = f"{failure.text} (version {self._version} (chDB))\n".encode("utf-8", "replace")
        if self.started:
            self._fail_in_stream(message)
            return False
        headers = [
            ("Content-Type", "text/plain; charset=UTF-8"),
            ("Content-Length", str(len(message))),
            ("X-ClickHouse-Exception-Code", str(failure.code)),
            *self._identity(),
        ]
        if failure.code == AUTHENTICATION_FAILED:
            headers.append(("WWW-Authenticate", 'Basic realm="ClickHouse server HTTP API"'))
        self.started = True
        self._wire.begin(failure.status, headers)
        self._out(message)
        self._wire.out.flush()
        return True

    def _fail_in_stream(self, message: bytes) -> None:
        """ClickHouse's block for clients that look for the tag; no last chunk, so all others see a broken answer."""
        tag = self._tag.encode()
        frame = b"\r\n__exception__\r\n%b\r\n%b%d %b\r\n__exception__\r\n" % (tag, message, len(message), tag)
        self._chunk(self._compressor.compress(frame) + self._compressor.flush())
        self._wire.out.flush()

    def _start_stream(self) -> None:
        self.started = True
        self._compressor = _compressor(self.encoding)
        self._wire.begin(200, [*self._headers(Summary(), self.encoding), ("Transfer-Encoding", "chunked")])
        for data in self._held:
            self._chunk(self._compressor.compress(data))
        self._held.clear()
        self._wire.out.flush()

    def _headers(self, summary: Summary, encoding: str) -> list[tuple[str, str]]:
        counts = {name: str(value) for name, value in asdict(summary).items()} | {"total_rows_to_read": "0"}
        headers = [("Content-Type", content_type(self.format)), *self._identity()]
        if self.format:
            headers.append(("X-ClickHouse-Format", self.format))
        if encoding:
            headers.append(("Content-Encoding", encoding))
        headers.append(("X-ClickHouse-Exception-Tag", self._tag))
        headers.append(("X-ClickHouse-Summary", json.dumps(counts, separators=(",", ":"))))
        return headers

    def _identity(self) -> list[tuple[str, str]]:
        return [
            ("X-ClickHouse-Query-Id", self._query_id),
            ("X-ClickHouse-Server-Display-Name", "clickjoin"),
            ("X-ClickHouse-Timezone", self._timezone),
        ]

    def _chunk(self, data: bytes) -> None:
        if data:
            self._out(b"%x\r\n%b\r\n" % (len(data), data))

    def _out(self, data: bytes) -> None:
        if self._wire.has_body:
            self._wire.out.write(data)
