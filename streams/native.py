"""Rows to bytes in ClickHouse's own format, `Native`: column by column, so that the server need not parse. Pure.

Of a batch most columns hold one value, or few: those cost next to nothing here. What a column of the table has is the
server's to cast; a value that its column cannot hold is refused here, for the server would take it as it is.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import ROUND_DOWN, Decimal, InvalidOperation
from itertools import accumulate, chain
from typing import Any

Values = Sequence[Any]
"""One column: a value for each row, at least one."""
Encode = Callable[[Values], bytes]

_EPOCH_DAY = date(1970, 1, 1).toordinal()
_LAST_DIGIT = Decimal("0.00000001")  # of Decimal(24, 8)
_LARGEST = 10**24
_BEGIN, _END = -2_208_988_800_000, 253_402_300_799_000  # milliseconds: 1900 to 9999, beyond which there is no text
_DICTIONARY_VERSION = struct.pack("<Q", 1)
_OWN_KEYS = 1 << 9 | 1 << 10  # the dictionary comes with the block, and is a new one


class _Lengths(dict[int, str]):
    """A length as LEB128, each byte a character, by the length; filled as they are met."""

    def __missing__(self, length: int) -> str:
        left, found = length, ""
        while left > 0x7F:
            found += chr(left & 0x7F | 0x80)
            left >>= 7
        found += chr(left)
        if length < 1 << 14:
            self[length] = found
        return found


_length = _Lengths().__getitem__
_BLOCK_ROWS = 2000
"""Rows of a block: as many as their values still lie in the processor's cache when a column is picked out of them."""


def native(columns: Sequence[str], types: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> bytes:
    """Rows as blocks of the format; the server puts them together again. `types` of the columns: keys of ENCODERS.

    Raises ValueError where a column cannot hold a value.
    """
    blocks = (rows[begin : begin + _BLOCK_ROWS] for begin in range(0, len(rows), _BLOCK_ROWS))
    return b"".join([_block(columns, types, block) for block in blocks])


def _block(columns: Sequence[str], types: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> bytes:
    parts = [(_length(len(columns)) + _length(len(rows))).encode("latin-1")]
    for name, of_type, values in zip(columns, types, zip(*rows, strict=True), strict=True):
        try:
            parts += _strings((name, of_type)), _PREFIX.get(of_type, b""), _column(ENCODERS[of_type], values)
        except (struct.error, AttributeError, ValueError, TypeError, OverflowError) as error:
            raise ValueError(f"{name}: {error}") from None
    return b"".join(parts)


def _column(encode: Encode, values: Values) -> bytes:
    if encode not in _DENSE or values.count(values[0]) < len(values):
        return encode(values)
    return encode(values[:1]) * len(values)  # one value for all


def _strings(values: Values) -> bytes:
    """Each behind its length. Joined as text of one byte a character: a call for each of them would cost the most."""
    if not "".join(values).isascii():
        values = [value.encode().decode("latin-1") for value in values]
    parts = [""] * (2 * len(values))
    parts[::2] = map(_length, map(len, values))
    parts[1::2] = values
    return "".join(parts).encode("latin-1")


def _dictionary(values: Values) -> bytes:
    """LowCardinality(String): each word once, then for each row the number of its word."""
    number = {word: at for at, word in enumerate(dict.fromkeys(values))}
    size = 0 if len(number) <= 1 << 8 else 1 if len(number) <= 1 << 16 else 2
    head = struct.pack("<QQ", _OWN_KEYS | size, len(number)) + _strings([*number]) + struct.pack("<Q", len(values))
    if len(number) == 1:
        return head + bytes(len(values))
    return head + struct.pack(f"<{len(values)}{'BHI'[size]}", *map(number.__getitem__, values))


def _numbers(code: str) -> Encode:
    def encode(values: Values) -> bytes:
        return struct.pack(f"<{len(values)}{code}", *values)

    return encode


def _moments(values: Values) -> bytes:
    """Milliseconds since 1970. What is beyond the calendar stands at its end."""
    if min(values) < _BEGIN or max(values) > _END:
        values = [min(max(at, _BEGIN), _END) for at in values]
    return struct.pack(f"<{len(values)}q", *values)


def _days(values: Values) -> bytes:
    number = {day: struct.pack("<H", date.fromisoformat(day).toordinal() - _EPOCH_DAY) for day in set(values)}
    return b"".join(map(number.__getitem__, values))


def _amounts(values: Values) -> bytes:
    """Decimal(24, 8), as its number of hundred-millionths; digits beyond are cut off."""
    number = {amount: _amount(amount) for amount in set(values)}
    return b"".join(map(number.__getitem__, values))


def _amount(amount: Decimal) -> bytes:
    try:
        whole = int(amount.quantize(_LAST_DIGIT, ROUND_DOWN).scaleb(8))
    except InvalidOperation:
        whole = _LARGEST
    if abs(whole) >= _LARGEST:
        raise OverflowError(f"{str(amount)[:40]} has more than 16 digits before the point")
    return whole.to_bytes(16, "little", signed=True)


def _nullable(encode: Encode, empty: Any) -> Encode:
    def encode_both(values: Values) -> bytes:
        missing = bytes([value is None for value in values])
        if any(missing):
            values = [empty if value is None else value for value in values]
        return missing + _column(encode, values)

    return encode_both


def _list(values: Values) -> bytes:
    held = [*chain.from_iterable(values)]
    return _ends(values) + (_column(_strings, held) if held else b"")


def _map(encode: Encode) -> Encode:
    def encode_all(values: Values) -> bytes:
        if not any(values):
            return bytes(8 * len(values))
        keys, held = [*chain.from_iterable(values)], [*chain.from_iterable(map(dict.values, values))]
        return _ends(values) + _column(_strings, keys) + _column(encode, held)

    return encode_all


def _ends(values: Values) -> bytes:
    return struct.pack(f"<{len(values)}Q", *accumulate(map(len, values)))


_floats = _numbers("d")
ENCODERS: Mapping[str, Encode] = {
    "String": _strings,
    "LowCardinality(String)": _dictionary,
    "Array(String)": _list,
    "Map(String, String)": _map(_strings),
    "Map(String, Float64)": _map(_floats),
    "Bool": bytes,
    "UInt16": _numbers("H"),
    "UInt32": _numbers("I"),
    "UInt64": _numbers("Q"),
    "Nullable(Float64)": _nullable(_floats, 0.0),
    "Date": _days,
    "DateTime64(3, 'UTC')": _moments,
    "Nullable(DateTime64(3, 'UTC'))": _nullable(_moments, 0),
    "Nullable(Decimal(24, 8))": _nullable(_amounts, Decimal(0)),
}
"""How the values of a column are written, by its type."""
_PREFIX = {"LowCardinality(String)": _DICTIONARY_VERSION}
_DENSE = {encode for of_type, encode in ENCODERS.items() if "(" not in of_type} | {_moments, _amounts, _floats}
"""Those that write each value by itself, one after another."""
