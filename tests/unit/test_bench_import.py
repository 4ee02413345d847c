"""The files of bench/import: every row of them can be imported, so that the bench measures what it says."""

import tomllib
from pathlib import Path

import pytest

from bench import import_files
from bench.import_rows import CALLS, CONFIG
from clickjoin.imports.costs import COST_COLUMNS, Costs
from clickjoin.imports.files import opened
from clickjoin.imports.records import CLICK_COLUMNS, CONVERSION_COLUMNS, Clicks, Conversions
from clickjoin.imports.row import columns
from clickjoin.imports.targets import as_sent
from clickjoin.imports.workshop import Maker, Way
from ingest.plans import prepare
from schemas.settings.file import Settings

ROWS = 300


@pytest.mark.parametrize("kind", CALLS)
def test_every_row_of_the_bench_s_files_can_be_used_and_each_has_an_id_of_its_own(kind: str, tmp_path: Path) -> None:
    written = tomllib.loads(CONFIG.format(kafka="127.0.0.1:9092", clickhouse=8123))
    settings = Settings.model_validate(written, context={"env": {}})
    plans, now_ms = prepare(settings), 1_800_000_000_000
    makers: dict[str, tuple[tuple[str, ...], Maker]] = {
        "clicks": (CLICK_COLUMNS, Clicks(plans, origin="import", now_ms=now_ms)),
        "conversions": (CONVERSION_COLUMNS, Conversions(plans, settings.sources, origin="import")),
        "costs": (COST_COLUMNS, Costs(settings, version=now_ms)),
    }
    words, maker = makers[kind]
    mapped, said = (tuple(part.split()) for part in CALLS[kind].split(" -- "))
    (tmp_path / "rows.csv").write_text("\n".join(getattr(import_files, kind)(ROWS)) + "\n")
    way = Way(columns(mapped, said, words), maker, (lambda cost: cost) if kind == "costs" else as_sent)
    with opened(tmp_path / "rows.csv") as file:
        made = way.make(file.format, list(file.cut))
    assert (len(made.good), made.bad) == (ROWS, [])
    assert len({*map(repr, made.good)}) == ROWS
