"""`python -m clickjoin.embedded.clickhouse --path DIR --port N`: the server as a process. Logs go to standard error.

Exit codes: 0 stopped by SIGTERM or SIGINT, 1 the folder cannot be used, 2 the call is wrong, 3 the port is taken.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

import structlog
from pydantic import TypeAdapter, ValidationError

from clickjoin.embedded.clickhouse.access import User
from clickjoin.embedded.clickhouse.engine import DataFolderBusyError
from clickjoin.embedded.clickhouse.errors import ClickHouseError
from clickjoin.embedded.clickhouse.server import GRACE_SECONDS, PortTakenError, serve

FAILED, WRONG_CALL, PORT_TAKEN = 1, 2, 3
_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def read_users(file: Path) -> Mapping[str, User]:
    """Users from a TOML file, one table each. Raises ValueError that says what is wrong, but never a password."""
    try:
        text = file.read_text(encoding="utf-8")
        return TypeAdapter(dict[str, User]).validate_python(tomllib.loads(text))
    except OSError as problem:
        raise ValueError(f"{file}: {problem.strerror}") from None
    except tomllib.TOMLDecodeError as problem:
        raise ValueError(f"{file}: {problem}") from None
    except ValidationError as problem:
        found = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in problem.errors())
        raise ValueError(f"{file}: {found}") from None


def main() -> int:
    """Serve until told to stop. Returns the exit code."""
    arguments = _parser().parse_args()
    _log_to_stderr()
    # Blocked before the engine starts its threads, which inherit it: a signal that one of them took would wake nobody.
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        users = read_users(arguments.users) if arguments.users else None
        server = serve(arguments.path, arguments.port, users)
    except PortTakenError as problem:
        return _give_up(problem, PORT_TAKEN)
    except (DataFolderBusyError, ClickHouseError, OSError) as problem:
        return _give_up(problem, FAILED)
    except ValueError as problem:
        return _give_up(problem, WRONG_CALL)
    log = structlog.get_logger(__name__)
    log.info("clickhouse_started", port=server.port, version=server.front.engine.version)
    signal.sigwait(_SIGNALS)
    finished = server.stop(arguments.grace)
    log.info("clickhouse_stopped", all_queries_ended=finished)
    if not finished:
        os._exit(0)  # a query that would not end must not keep the process
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m clickjoin.embedded.clickhouse",
        description="ClickHouse's engine behind the ClickHouse HTTP interface, on 127.0.0.1 only.",
    )
    parser.add_argument("--path", type=Path, required=True, help="the data folder; made if it is not there")
    parser.add_argument("--port", type=int, required=True, help="the port to listen on")
    parser.add_argument("--users", type=Path, help="a TOML file: [NAME] password, readonly, database, settings, limits")
    parser.add_argument(
        "--grace", type=float, default=GRACE_SECONDS, help="seconds that running queries may take at the end"
    )
    return parser


def _log_to_stderr() -> None:
    shown = structlog.dev.ConsoleRenderer() if sys.stderr.isatty() else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            shown,
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def _give_up(problem: Exception, code: int) -> int:
    print(problem, file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
