"""What lies in the data folder (`--data`) besides the servers' own files, and where."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from pydantic import SecretStr

from schemas.settings.file import Settings

SECRET_FILE = "clickjoin.secret"  # noqa: S105 - the name of the file
_SECRET_BYTES = 16  # 32 characters


def kafka_folder(data: Path) -> Path:
    """Where the embedded Kafka keeps its log."""
    return data / "kafka"


def clickhouse_folder(data: Path) -> Path:
    """Where the embedded ClickHouse keeps its tables."""
    return data / "clickhouse"


def spool_file(data: Path, listen: str) -> Path:
    """Where the ingest that listens there keeps what the broker has not yet: a file for each process."""
    return data / "spool" / f"ingest-{listen.rpartition(':')[2]}.sqlite"


def looked_file(data: Path) -> Path:
    """Whose time says when `clickjoin alerts` looked last."""
    return data / "alerts.looked"


def ensure_secret(data: Path) -> str:
    """The secret of the click IDs that belong to this folder: made once, readable by its owner only.

    Several processes may ask at once: it appears whole or not at all, and all get the same one.
    """
    file = data / SECRET_FILE
    with suppress(FileNotFoundError):
        return _read(file)
    data.mkdir(parents=True, exist_ok=True)
    part = data / f".{SECRET_FILE}.{os.getpid()}.{secrets.token_hex(4)}"
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            out.write(secrets.token_hex(_SECRET_BYTES) + "\n")
            out.flush()
            os.fsync(out.fileno())  # the click IDs in the log are worth nothing without it
        with suppress(FileExistsError):
            os.link(part, file)
    finally:
        part.unlink(missing_ok=True)
    return _read(file)


def with_kept_secret(settings: Settings, data: Path) -> Settings:
    """The settings with the folder's own secret, where Kafka is embedded and the file names none.

    Every process is told where the folder is and reads the secret there: it is in no environment and no command line.
    """
    if settings.ingest.secrets or not settings.kafka.is_embedded:
        return settings
    ingest = settings.ingest.model_copy(update={"secrets": (SecretStr(ensure_secret(data)),)})
    return settings.model_copy(update={"ingest": ingest})


def _read(file: Path) -> str:
    secret = file.read_text(encoding="ascii").strip()
    if not secret:
        raise ValueError(f"{file} is empty: remove it, and the next start makes a new secret")
    return secret
