"""Everything on this machine: the servers that are embedded, their topics and tables, and every role."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import structlog
import typer

from clickjoin.data_folder import clickhouse_folder, ensure_secret, kafka_folder
from clickjoin.embedded.children import Child
from clickjoin.embedded.errors import CannotStartError
from clickjoin.embedded.kafka import EmbeddedKafka, jar_folder
from clickjoin.embedded.leftovers import claim
from clickjoin.embedded.ports import Port, check_ports, free_port, is_free, listening
from clickjoin.prepare import prepare
from clickjoin.status.overall import answers_ok, local_url
from clickjoin.supervisor import supervise
from schemas.settings.file import Settings
from sql.connect import address
from sql.migrate import MigrationError

WORKERS = ("join", "sink", "emit")
ROLES = ("ingest", *WORKERS)
PAGES = "dashboard"
ALERTS = "alerts"
FAILED = 1

log = structlog.get_logger(__name__)


def run_up(
    settings: Settings,
    config: Path,
    data: Path,
    *,
    on_ready: Callable[[], None] | None = None,
    finished: Callable[[], int | None] = lambda: None,
) -> int:
    """Run until SIGTERM or SIGINT, or until `finished` returns an exit code. Returns the exit code.

    config: the file that `settings` were loaded from; the roles read it again. on_ready: called once everything
    answers. What keeps it from starting is told on standard error, and makes the exit code 1.
    """
    config, data = config.resolve(), data.resolve()
    try:
        with claim(data) as run:
            if settings.kafka.is_embedded:
                ensure_secret(data)
            check_ports(_ports(settings))
            listens = {"ingest": settings.ingest.listen, **metrics_listens(settings), PAGES: dashboard_listen(settings)}
            return supervise(
                _servers(settings, data),
                [
                    *(_role(name, listens[name], config, data) for name in (*ROLES, PAGES)),
                    *_alerts(settings, config, data),
                ],
                run=run,
                on_servers=lambda: _prepare(settings),
                on_ready=on_ready or (lambda: _tell(settings, listens)),
                finished=finished,
            )
    except (CannotStartError, MigrationError) as error:
        typer.echo(str(error), err=True)
        return FAILED


def _ports(settings: Settings) -> list[Port]:
    """What will be listened on here, and the key that moves it elsewhere."""
    host, _, port = settings.ingest.listen.rpartition(":")
    ports = [Port(int(port), "[ingest] listen", host.strip("[]"))]
    if settings.kafka.is_embedded:
        ports.append(Port(settings.kafka.port, "[kafka] port"))
    if settings.clickhouse.is_embedded:
        ports.append(Port(settings.clickhouse.port, "[clickhouse] port"))
    return ports


def _servers(settings: Settings, data: Path) -> list[Child]:
    servers = []
    if settings.kafka.is_embedded:
        kafka = EmbeddedKafka(kafka_folder(data), settings.kafka.port, jar_folder(settings.kafka.jars))
        servers.append(kafka.child())
    if settings.clickhouse.is_embedded:
        servers.append(_clickhouse(settings.clickhouse.port, data))
    return servers


def _clickhouse(port: int, data: Path) -> Child:
    folder = clickhouse_folder(data)
    return Child(
        name="clickhouse",
        argv=[sys.executable, "-m", "clickjoin.embedded.clickhouse", "--path", str(folder), "--port", str(port)],
        ready=lambda: listening(port) and answers_ok(f"http://127.0.0.1:{port}/ping"),
    )


def metrics_listens(settings: Settings) -> dict[str, str]:
    """Where each worker answers about itself: somewhere else where its port is taken, for it works without that one."""
    listens = {}
    for role in WORKERS:
        listens[role] = listen = settings.metrics.listen(role)
        host, _, port = listen.rpartition(":")
        if not is_free(Port(int(port), f"[metrics] {role}", host.strip("[]"))):
            listens[role] = f"127.0.0.1:{free_port()}"
            log.warning("metrics_port_taken", listen=listen, instead=listens[role], change=f"[metrics] {role}")
    return listens


def dashboard_listen(settings: Settings) -> str:
    """Where the dashboard answers: somewhere else where its port is taken, for everybody else works without it."""
    listen = settings.dashboard.listen
    host, _, port = listen.rpartition(":")
    if is_free(Port(int(port), "[dashboard] listen", host.strip("[]"))):
        return listen
    instead = f"{host}:{free_port()}"
    log.warning("dashboard_port_taken", listen=listen, instead=instead, change="[dashboard] listen")
    return instead


def _role(name: str, listen: str, config: Path, data: Path) -> Child:
    """A role reads the file itself, and the secret of the click IDs in the data folder: neither is handed over."""
    health = local_url(listen, "/health/ready")
    where = {"ingest": [], PAGES: ["--listen", listen]}.get(name, ["--metrics-listen", listen])
    return Child(
        name=name,
        argv=[sys.executable, "-m", "clickjoin", name, "--config", str(config), "--data", str(data), *where],
        ready=lambda: answers_ok(health),
        reloads=True,
    )


def _alerts(settings: Settings, config: Path, data: Path) -> list[Child]:
    """Who looks for what [alerts] asks for, where it asks for anything. It listens nowhere."""
    argv = [sys.executable, "-m", "clickjoin", ALERTS, "--config", str(config), "--data", str(data)]
    return [Child(name=ALERTS, argv=argv, reloads=True)] if settings.alerts else []


def _prepare(settings: Settings) -> None:
    """Topics and tables. Raises CannotStartError, MigrationError."""
    applied = prepare(settings)
    if applied:
        log.info("tables_migrated", applied=applied)


def _tell(settings: Settings, listens: Mapping[str, str]) -> None:
    """Where everything listens, on standard error."""
    dsn = settings.clickhouse.dsn
    ingest = settings.ingest
    metrics = ", ".join(f"{listens[role]} ({role})" for role in ROLES)
    typer.echo(
        f"clickjoin is up. Ctrl-C stops it.\n"
        f"  clicks and postbacks  http://{ingest.listen} (public: {ingest.public_url})\n"
        f"  dashboard             http://{listens[PAGES]}\n"
        f"  ClickHouse            {address(dsn)}, database clickjoin\n"
        f"  Kafka                 {settings.kafka.servers}\n"
        f"  /health and /metrics  {metrics}\n"
        f"What to paste into which panel: clickjoin check",
        err=True,
    )
