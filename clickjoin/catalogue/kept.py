"""The last copy of the catalogue, under `--data`: what holds while the broker is away."""

import os
import secrets
from pathlib import Path

import msgspec
import structlog

from schemas.catalogue import EMPTY, Catalogue

FILE = "catalogue.json"

log = structlog.get_logger(__name__)


def read_kept(data: Path) -> Catalogue:
    """The copy; an empty catalogue where there is none."""
    file = data / FILE
    try:
        return msgspec.json.decode(file.read_bytes(), type=Catalogue)
    except FileNotFoundError:
        return EMPTY
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        log.error("catalogue_copy_unusable", file=str(file), error=str(error))
        return EMPTY


def keep(data: Path, catalogue: Catalogue) -> None:
    """Write the copy, whole or not at all. A disk that refuses is told, and nothing else happens."""
    part = data / f".{FILE}.{os.getpid()}.{secrets.token_hex(4)}"
    try:
        data.mkdir(parents=True, exist_ok=True)
        part.write_bytes(msgspec.json.encode(catalogue))
        part.replace(data / FILE)
    except OSError as error:
        part.unlink(missing_ok=True)
        log.error("catalogue_copy_failed", file=str(data / FILE), error=str(error))
