"""A join worker as a process: BOOTSTRAP DATA SESSION_TIMEOUT. Exits with the worker's exit code."""

import sys
from pathlib import Path

from schemas.settings.file import Settings
from streams.main import run_worker

if __name__ == "__main__":
    bootstrap, data, session_timeout = sys.argv[1:]
    settings = Settings.model_validate({"kafka": {"bootstrap": bootstrap, "session_timeout": session_timeout}})
    sys.exit(run_worker("join", settings, Path(data)))
