"""How a row is read, apart from the file that it stands in: so that another process may do it. Pure."""

from typing import Any, NamedTuple

import msgspec

from clickjoin.imports.row import BadRow, Row
from ingest.parameters import Params, parse_body
from ingest.refusal import Refusal

Raw = tuple[int, list[str] | bytes | str]
"""A row as it is cut out of its file: its line; the values of CSV, or a line of JSON, or why it is neither."""

_NDJSON = "application/x-ndjson"
_decode = msgspec.json.Decoder(dict[str, Any], float_hook=str).decode  # an amount stays as it was written


class Csv(NamedTuple):
    """Values, in the order of the columns that the first line names."""

    header: tuple[str, ...]  # lower-cased
    delimiter: str

    def read(self, raw: Raw) -> Row:
        """The row; with its problem where it cannot be used."""
        line, values = raw
        if not isinstance(values, list):
            return Row(line, {}, BadRow("not_csv", str(values)))
        if len(values) == len(self.header):
            return Row(line, dict(zip(self.header, values, strict=True)))
        wanted = f"{len(values)} values, but the first line names {len(self.header)} columns"
        return Row(line, {}, BadRow("not_csv", wanted), self.delimiter.join(values))


class Objects(NamedTuple):
    """A JSON object on each line."""

    header: tuple[str, ...] = ()

    def read(self, raw: Raw) -> Row:
        """The row; with its problem where it cannot be used."""
        line, text = raw
        assert isinstance(text, bytes)
        params = _flat(text)
        if params is None:
            try:
                (params,) = parse_body(text.removeprefix(b"\xef\xbb\xbf"), _NDJSON, {})
            except (Refusal, ValueError):
                problem = BadRow("not_an_object", "this line is no JSON object")
                return Row(line, {}, problem, text.decode("utf-8", "replace").rstrip("\r\n"))
        return Row(line, params)


Format = Csv | Objects


def _flat(line: bytes) -> Params | None:
    """What parse_body would read, several times as fast; None where the object is not as simple as most are."""
    if b"\\u" in line:
        return None
    try:
        found = _decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    params: Params = {}
    for name, value in found.items():
        if value.__class__ is int:
            value = str(value)
        elif value.__class__ is not str:
            return None
        params.setdefault(name.lower(), value)
    return params if "" not in params else None
