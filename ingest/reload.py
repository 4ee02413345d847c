"""SIGHUP: the configuration is read again. A wrong file changes nothing, and it is said why."""

import asyncio
from collections.abc import Callable

import structlog

from schemas.settings.errors import ConfigError
from schemas.settings.file import Settings

log = structlog.get_logger()

_FIXED = ("listen", "spool_after", "spool_bytes", "publish_timeout")
"""Keys of [ingest] that count from the next start on, as all of [kafka] does."""


class Reload:
    """What SIGHUP calls. Two at the same time are one after the other."""

    def __init__(self, running: Settings, load: Callable[[], Settings], use: Callable[[Settings], None]) -> None:
        """load: reads the file. Raises ConfigError, OSError or ValueError. use: answers by other settings from now."""
        self._running, self._load, self._use = running, load, use
        self._one = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    def __call__(self) -> None:
        """Begin, from a signal handler."""
        task = asyncio.create_task(self.run())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def run(self) -> None:
        """Read the file and use it, or say what is wrong with it."""
        async with self._one:
            try:
                settings = await asyncio.to_thread(self._load)
            except ConfigError as error:
                for problem in error.problems:
                    log.error("wrong_configuration", path=problem.path, value=problem.value, error=problem.message)
                log.error("configuration_kept", problems=len(error.problems))
                return
            except (OSError, ValueError) as error:
                log.error("configuration_kept", error=str(error))
                return
            self._use(settings)
            log.info("configuration_reloaded", campaigns=len(settings.campaigns), networks=len(settings.networks))
            if later := needs_restart(self._running, settings):
                log.warning("restart_needed", changed=later)


def needs_restart(running: Settings, wanted: Settings) -> list[str]:
    """The keys that differ and count from the next start on."""
    changed = [] if running.kafka == wanted.kafka else ["kafka"]
    return changed + [f"ingest.{key}" for key in _FIXED if getattr(running.ingest, key) != getattr(wanted.ingest, key)]
