"""Logs of every process: structlog to standard error, as JSON or in colours on a terminal, without secrets."""

import json
import logging
import re
import sys
from collections.abc import Iterable
from types import TracebackType
from typing import Any, TextIO, cast
from urllib.parse import quote

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

HIDDEN = "***"
SHORTEST_HIDDEN = 4
"""A shorter secret is not masked: it would be found in every second word. `check` warns of it."""


def configure_logging(secrets: Iterable[str] = (), *, role: str = "", libraries: int = logging.WARNING) -> None:
    """Set up the logs of this process.

    secrets: what must never be seen, in plain text. role: added to every line. libraries: the level from which the
    logs of libraries are shown.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if role:
        shared.append(_Role(role))
    render = Masked(_renderers(), secrets)
    structlog.configure(
        processors=[*shared, render],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(cast(TextIO, _StandardError())),
        cache_logger_on_first_use=True,
    )
    _route_standard_logging(shared, render, libraries)
    sys.excepthook = _log_crash


class _StandardError:
    """Whatever is standard error when a line is written: loggers live longer than what a test or a pager puts there."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


class Masked:
    """The last processor: renders a line, then hides every secret in it, wherever it came from."""

    def __init__(self, renderers: list[Processor], secrets: Iterable[str]) -> None:
        self._renderers = renderers
        spellings = {spelling for secret in secrets for spelling in _spellings(secret)}
        # The longest first: of two secrets one may hold the other.
        ordered = sorted(spellings, key=len, reverse=True)
        self._secret = re.compile("|".join(map(re.escape, ordered))) if ordered else None

    def __call__(self, logger: WrappedLogger, name: str, event: EventDict) -> str:
        """The finished line."""
        line: Any = event
        for renderer in self._renderers:
            line = renderer(logger, name, line)
        return self._secret.sub(HIDDEN, str(line)) if self._secret else str(line)


def _spellings(secret: str) -> set[str]:
    """How a secret may appear in a line: as it is, escaped in JSON or in Python, encoded in a URL."""
    if len(secret) < SHORTEST_HIDDEN:
        return set()
    escaped = {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], repr(secret)[1:-1]}
    return {secret, quote(secret, safe=""), quote(secret), *escaped}


def _renderers() -> list[Processor]:
    if sys.stderr.isatty():
        return [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
    return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(default=str)]


class _Role:
    def __init__(self, role: str) -> None:
        self._role = role

    def __call__(self, logger: WrappedLogger, name: str, event: EventDict) -> EventDict:
        event.setdefault("role", self._role)
        return event


def _route_standard_logging(shared: list[Processor], render: Processor, level: int) -> None:
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    handler.setLevel(level)  # of a logger that a library gave a level of its own (urllib3) the root's says nothing
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.captureWarnings(True)


def _log_crash(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """An exception that nobody caught: as a log line, so that secrets are hidden in it too."""
    if issubclass(kind, KeyboardInterrupt):
        return
    structlog.get_logger(__name__).critical("crashed", exc_info=(kind, error, trace))
