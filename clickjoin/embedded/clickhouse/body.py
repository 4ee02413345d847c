"""The body of a request: chunked or of known length, decompressed on the way, never held as a whole."""

from __future__ import annotations

import sys
import zlib
from collections.abc import Iterator
from email.message import Message
from typing import BinaryIO, Protocol

import lz4.frame

from clickjoin.embedded.clickhouse.errors import (
    BAD_ARGUMENTS,
    CANNOT_DECOMPRESS,
    UNKNOWN_COMPRESSION_METHOD,
    error,
)

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

PIECE = 1 << 18  # bytes read from the socket at once


class ClientGoneError(ConnectionError):
    """The client closed the connection, or broke its own framing, before its request was whole."""


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, /) -> bytes: ...


def _decompressor(encoding: str) -> _Decompressor:
    made: _Decompressor
    match encoding:
        case "gzip":
            made = zlib.decompressobj(31)
        case "deflate":
            made = zlib.decompressobj()
        case "lz4":
            made = lz4.frame.LZ4FrameDecompressor()
        case "zstd":
            made = zstd.ZstdDecompressor()
        case _:
            hint = "use lz4, zstd, gzip, deflate or none"
            raise error(
                UNKNOWN_COMPRESSION_METHOD,
                "UNKNOWN_COMPRESSION_METHOD",
                f"Unknown compression method: {encoding}; {hint}",
            )
    return made


def decompress(encoding: str, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """What `pieces` hold once the Content-Encoding is undone; frames may follow one another.

    Raises `ClickHouseError` 89 for an unknown encoding, 271 for data that is broken or cut short.
    """
    decoder = _decompressor(encoding)
    fed = False
    for piece in pieces:
        data = piece
        while data:
            if decoder.eof:
                decoder = _decompressor(encoding)
            try:
                out = decoder.decompress(data)
            except (zlib.error, zstd.ZstdError, RuntimeError) as problem:
                raise _broken(encoding, str(problem)) from None
            fed = True
            data = decoder.unused_data if decoder.eof else b""
            if out:
                yield out
    if fed and not decoder.eof:
        raise _broken(encoding, "the data ends in the middle of a frame")


def _broken(encoding: str, why: str) -> Exception:
    return error(CANNOT_DECOMPRESS, "CANNOT_DECOMPRESS", f"Cannot decompress {encoding} body: {why}")


class Body:
    """The body of one request. `whole` says that its last byte has been read from the connection."""

    def __init__(self, stream: BinaryIO, headers: Message) -> None:
        self._stream = stream
        self._encoding = (headers.get("Content-Encoding") or "identity").strip().lower()
        self.whole = False
        if "chunked" in (headers.get("Transfer-Encoding") or "").lower():
            self._pieces = self._chunks()
        else:
            self._pieces = self._fixed(_length(headers))

    def decoded(self) -> Iterator[bytes]:
        """The bytes the client means. Raises `ClientGoneError`, or `ClickHouseError` for a bad encoding."""
        return self._pieces if self._encoding == "identity" else decompress(self._encoding, self._pieces)

    def drain(self, limit: int) -> None:
        """Read and forget at most about `limit` bytes of what is left, so that the connection can be used again."""
        for piece in self._pieces:
            limit -= len(piece)
            if limit < 0:
                return

    def _chunks(self) -> Iterator[bytes]:
        while size := self._chunk_size():
            yield from self._exactly(size)
            if self._stream.readline(3).strip():
                raise ClientGoneError("a chunk is longer than it said")
        while self._stream.readline(1 << 16).strip():  # trailers
            pass
        self.whole = True

    def _chunk_size(self) -> int:
        line = self._stream.readline(1 << 10)
        try:
            size = int(line.split(b";")[0], 16)
        except ValueError:
            raise ClientGoneError("the chunked body is cut short") from None
        if size < 0:
            raise ClientGoneError("a chunk of negative size")
        return size

    def _fixed(self, length: int) -> Iterator[bytes]:
        yield from self._exactly(length)
        self.whole = True

    def _exactly(self, length: int) -> Iterator[bytes]:
        left = length
        while left:
            piece = self._stream.read1(min(left, PIECE))  # type: ignore[attr-defined]
            if not piece:
                raise ClientGoneError(f"{left} bytes of the body never came")
            left -= len(piece)
            yield piece


def _length(headers: Message) -> int:
    said = headers.get("Content-Length") or "0"
    if not said.isascii() or not said.isdecimal():
        raise error(BAD_ARGUMENTS, "BAD_ARGUMENTS", f"Content-Length must be a whole number, not {said!r}")
    return int(said)
