"""A join worker as a process: BOOTSTRAP DATA SESSION_TIMEOUT CLICKHOUSE_URL [no_commits]."""

import sys
from pathlib import Path
from typing import Any

from schemas.settings.file import Settings
from streams.batches import BatchConsumer
from streams.main import run_worker


async def _fails(self: BatchConsumer, topics: Any = None, start_new_transaction: bool = True) -> bool:
    return False


if __name__ == "__main__":
    bootstrap, data, session_timeout, url, *wishes = sys.argv[1:]
    if "no_commits" in wishes:
        BatchConsumer.commit = _fails  # type: ignore[method-assign]
    kafka = {"bootstrap": bootstrap, "session_timeout": session_timeout}
    settings = Settings.model_validate({"kafka": kafka, "clickhouse": {"url": url}})
    sys.exit(run_worker("join", settings, Path(data)))
