"""SIGHUP, or a change of the catalogue: the configuration is read again. A wrong one changes nothing, and it is said
why."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import reduce

import structlog

from schemas.settings.errors import ConfigError
from schemas.settings.file import Settings

log = structlog.get_logger()

Load = Callable[[], Settings]
Follow = Callable[[Callable[[Load], None]], None]
"""Begins to tell of changes that come from elsewhere, each by a Load of what holds then; from another thread."""


class Reload:
    """What SIGHUP calls. Two at the same time are one after the other."""

    def __init__(
        self,
        running: Settings,
        load: Load,
        use: Callable[[Settings], None],
        fixed: Sequence[str],
    ) -> None:
        """load: reads the file; may raise ConfigError, OSError or ValueError. use: works by other settings from now on.
        fixed: the keys that count from the next start on."""
        self._running, self._load, self._use, self._fixed = running, load, use, fixed
        self._one = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    def __call__(self) -> None:
        """Begin, from a signal handler."""
        self.by(self._load)

    def by(self, load: Load) -> None:
        """Begin by what another Load gives. To be called on the loop."""
        task = asyncio.create_task(self._run(load))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def follow(self, follow: Follow) -> None:
        """Begin each time when something changes elsewhere. To be called on the loop."""
        loop = asyncio.get_running_loop()

        def tell(load: Load) -> None:
            with suppress(RuntimeError):  # the loop has ended, and the process does
                loop.call_soon_threadsafe(self.by, load)

        follow(tell)

    async def _run(self, load: Load) -> None:
        """Read it and use it, or say what is wrong with it."""
        async with self._one:
            try:
                settings = await asyncio.to_thread(load)
            except ConfigError as error:
                for problem in error.problems:
                    log.error("wrong_configuration", path=problem.path, value=problem.value, error=problem.message)
                log.error("configuration_kept", problems=len(error.problems))
                return
            except (OSError, ValueError) as error:
                log.error("configuration_kept", error=str(error))
                return
            self._use(settings)
            log.info("configuration_reloaded")
            if later := changed(self._running, settings, self._fixed):
                log.warning("restart_needed", changed=later)


def changed(one: Settings, other: Settings, keys: Sequence[str]) -> list[str]:
    """Those of the keys (`kafka`, `ingest.listen`) that differ."""
    return [key for key in keys if _value(one, key) != _value(other, key)]


def _value(settings: Settings, key: str) -> object:
    return reduce(getattr, key.split("."), settings)
