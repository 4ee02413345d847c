"""Files of rows: what they may look like, and how an import goes on where it ended."""

import asyncio
import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from clickjoin.imports import run
from clickjoin.imports.files import WrongFile, opened
from clickjoin.imports.place import Place
from clickjoin.imports.row import BadRow, Columns
from clickjoin.imports.run import Counts, import_file
from clickjoin.imports.workshop import Way, alone, shared
from ingest.parameters import Params


def rows(file: Path) -> list[tuple[int, Params, str]]:
    with opened(file) as found:
        return [(row.line, row.params, row.problem.code if row.problem else "") for row in found.rows]


def write(folder: Path, content: str | bytes, name: str = "rows") -> Path:
    file = folder / name
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return file


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_csv_is_read_with_any_usual_delimiter(tmp_path: Path, delimiter: str) -> None:
    text = 'Click_ID,Payout\na,1.50\n"b","2,5"\n'.replace("2,5", "2.5").replace(",", delimiter)
    assert [params for _, params, _ in rows(write(tmp_path, text))] == [
        {"click_id": "a", "payout": "1.50"},
        {"click_id": "b", "payout": "2.5"},
    ]


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_file_may_be_packed_and_begin_with_a_byte_order_mark(tmp_path: Path, pack: Any) -> None:
    for text in ("a,b\n1,2\n", '{"a":"1","b":2}\n'):
        assert rows(write(tmp_path, pack(b"\xef\xbb\xbf" + text.encode())))[-1][1] == {"a": "1", "b": "2"}


def test_numbers_in_json_stay_as_they_were_written(tmp_path: Path) -> None:
    (line,) = rows(write(tmp_path, '{"p":1.10,"big":123456789012345678901234,"no":1e400,"sub":{"x":1.0},"n":null}'))
    assert line[1] == {"p": "1.10", "big": "123456789012345678901234", "no": "1e400", "sub.x": "1.0"}


def test_a_bad_line_is_named_and_costs_the_others_nothing(tmp_path: Path) -> None:
    csv = rows(write(tmp_path, 'a,b\n1\n"over\ntwo lines",2\n\n3,4,5\n6,7\0\n\xff,8\n'.encode("latin-1")))
    assert [(line, code) for line, _, code in csv] == [(2, "not_csv"), (3, ""), (6, "not_csv"), (7, ""), (8, "")]
    assert [params["b"] for _, params, code in csv if not code] == ["2", "7\ufffd", "8"]
    objects = rows(write(tmp_path, b'{"a":1}\n[]\n\n{"a":\n\xff\n{"a":2}\n'))
    assert [(line, code) for line, _, code in objects] == [
        (1, ""),
        *((line, "not_an_object") for line in (2, 4, 5)),
        (6, ""),
    ]


def test_a_line_of_endless_length_is_one_bad_line(tmp_path: Path) -> None:
    found = rows(write(tmp_path, '{"a":"' + "x" * (3 << 20) + '"}\n{"a":"2"}\n'))
    assert [(line, code) for line, _, code in found] == [(1, "not_an_object"), (2, "")]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is empty"),
        (b"a,b,a\n", "two columns are called a"),
        (b'[{"a":1}]', "one object on each line"),
        (gzip.compress(b"a,b\n" + b"1,2\n" * 1000, mtime=0)[:-20], "cannot be read"),
    ],
)
def test_a_file_that_is_none_says_what_would_be_right(tmp_path: Path, content: bytes, told: str) -> None:
    with pytest.raises(WrongFile, match=told):
        rows(write(tmp_path, content))


class Numbers:
    """Makes numbers of rows."""

    def make(self, params: Params, line: int) -> int:
        if not params["n"].isdigit():
            raise BadRow("no_number", "write a number")
        return int(params["n"])


def imported(folder: Path, file: Path, put: Any, workshop: Any = alone) -> Counts:
    async def go() -> Counts:
        with opened(file) as found:
            place = Place(folder / "places", file, "numbers")
            return await import_file(
                found, begin, put, errors=folder / "errors", place=place, told=lambda rows, position: None
            )

    with workshop(Way(Columns(), Numbers(), _same)) as begin:
        return asyncio.run(go())


def _same(made: Any) -> Any:
    return made


@pytest.mark.parametrize("workshop", [alone, shared])
def test_rows_arrive_in_order_and_bad_ones_lie_in_the_errors_file(
    tmp_path: Path, workshop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "BATCH", 3)
    stored: list[int] = []

    async def put(numbers: Sequence[int]) -> None:
        stored.extend(numbers)

    file = write(tmp_path, "n\n" + "".join(f"{n if n % 10 else 'ten'}\n" for n in range(1, 41)))
    assert imported(tmp_path, file, put, workshop) == Counts(str(file), 40, 0, 4)
    assert stored == [n for n in range(1, 41) if n % 10]
    errors = [json.loads(line) for line in (tmp_path / "errors").read_text().splitlines()]
    assert [(error["line"], error["error"], error["row"]) for error in errors] == [
        (n + 1, "no_number", {"n": "ten"}) for n in (10, 20, 30, 40)
    ]


def test_an_import_that_broke_off_goes_on_and_stores_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "BATCH", 3)
    stored: list[int] = []

    async def put(numbers: Sequence[int]) -> None:
        if len(stored) == 9:
            raise OSError("the broker is gone")
        stored.extend(numbers)

    file = write(tmp_path, "n\n" + "".join(f"{n}\n" for n in range(1, 10)) + "ten\n11\n12\n")
    with pytest.raises(OSError, match="gone"):
        imported(tmp_path, file, put)
    stored.append(0)  # the broker is back
    assert imported(tmp_path, file, put) == Counts(str(file), 12, 9, 1)
    assert stored == [*range(1, 10), 0, 11, 12]
    assert len((tmp_path / "errors").read_text().splitlines()) == 1
    assert not list((tmp_path / "places").iterdir())
