"""`clickjoin ingest | join | sink | emit`: one role as a process of its own."""

from pathlib import Path
from typing import Annotated

import typer

from clickjoin.cli.options import (
    DEFAULT_DATA,
    DEFAULT_FILE,
    WRONG,
    ConfigOption,
    DataOption,
    begin,
    exit_code,
    fail,
    load_again,
    load_for,
)
from clickjoin.data_folder import spool_file
from schemas.settings.file import Settings
from schemas.settings.values import is_address

MetricsOption = Annotated[
    str,
    typer.Option(
        "--metrics-listen",
        metavar="HOST:PORT",
        envvar="CLICKJOIN_METRICS_LISTEN",
        help="Where to answer /metrics and /health, for a second worker on this machine. Default: [metrics].",
    ),
]


def ingest(config: ConfigOption = DEFAULT_FILE, data: DataOption = DEFAULT_DATA) -> None:
    """Take clicks and postbacks over HTTP and write them to Kafka."""
    from clickjoin.catalogue.follow import known

    configuration, settings = begin("ingest", config, data, known, keeps_secret=True)
    from ingest.__main__ import run

    spool = spool_file(data, settings.ingest.listen)
    raise typer.Exit(exit_code(run(settings, spool, configuration.read_again, configuration.follow)))


def join(
    config: ConfigOption = DEFAULT_FILE, data: DataOption = DEFAULT_DATA, metrics_listen: MetricsOption = ""
) -> None:
    """Join postbacks to their clicks."""
    _work("join", config, data, metrics_listen)


def sink(
    config: ConfigOption = DEFAULT_FILE, data: DataOption = DEFAULT_DATA, metrics_listen: MetricsOption = ""
) -> None:
    """Write everything to ClickHouse."""
    _work("sink", config, data, metrics_listen)


def emit(
    config: ConfigOption = DEFAULT_FILE, data: DataOption = DEFAULT_DATA, metrics_listen: MetricsOption = ""
) -> None:
    """Tell the traffic sources about events."""
    from clickjoin.catalogue.follow import awaited
    from streams.main import run_worker

    # What is decided without a source that the catalogue holds is decided for good: it has to be known. The secret of
    # the click IDs says which clicks are a partner's.
    configuration, settings = begin("emit", config, data, awaited, keeps_secret=True)
    listen = _listen("emit", settings, metrics_listen)
    raise typer.Exit(
        exit_code(run_worker("emit", settings, data, listen, configuration.read_again, configuration.follow))
    )


def _work(role: str, config: Path, data: Path, metrics_listen: str) -> None:
    """Of those that need nothing of the catalogue."""
    settings = load_for(role, config)
    listen = _listen(role, settings, metrics_listen)
    from streams.main import run_worker

    raise typer.Exit(exit_code(run_worker(role, settings, data, listen, lambda: load_again(role, config))))


def _listen(role: str, settings: Settings, metrics_listen: str) -> str:
    listen = metrics_listen or settings.metrics.listen(role)
    if not is_address(listen):
        fail(f"--metrics-listen {listen}: write HOST:PORT, like 127.0.0.1:9111", WRONG)
    return listen
