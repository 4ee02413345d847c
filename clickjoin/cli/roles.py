"""`clickjoin ingest | join | sink | emit`: one role as a process of its own."""

from pathlib import Path

import typer

from clickjoin.cli.options import (DEFAULT_DATA, DEFAULT_FILE, ConfigOption, DataOption, exit_code, load_again, load_for)
from clickjoin.data_folder import spool_file


def ingest(config: ConfigOption = DEFAULT_FILE, data: DataOption = DEFAULT_DATA) -> None:
    """Take clicks and postbacks over HTTP and write them to Kafka."""
    settings = load_for("ingest", config, data=data)
    from ingest.__main__ import run

    spool = spool_file(data, settings.ingest.listen)
    raise typer.Exit(exit_code(run(settings, spool, lambda: load_again("ingest", config, data=data))))


def join(config: ConfigOption = DEFAULT_FILE, data: DataOption = DEFAULT_DATA) -> None:
    """Join postbacks to their clicks."""
    _work("join", config, data)


def sink(config: ConfigOption = DEFAULT_FILE, data: DataOption = DEFAULT_DATA) -> None:
    """Write everything to ClickHouse."""
    _work("sink", config, data)


def emit(config: ConfigOption = DEFAULT_FILE, data: DataOption = DEFAULT_DATA) -> None:
    """Tell the traffic sources about events."""
    _work("emit", config, data)


def _work(role: str, config: Path, data: Path) -> None:
    settings = load_for(role, config)
    from streams.main import run_worker

    raise typer.Exit(exit_code(run_worker(role, settings, data)))
