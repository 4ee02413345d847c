"""The jars of Apache Kafka: named in jars.lock with their checksums, fetched once, kept in the user's cache."""

import hashlib
import os
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import structlog
from jgo.config import GlobalSettings
from jgo.constants import MAVEN_CENTRAL_URL
from jgo.maven import MavenContext

from clickjoin.embedded.errors import CannotStartError

VERSION = "4.1.1"
JARS_VARIABLE = "CLICKJOIN_KAFKA_JARS"
_AT_ONCE = 8  # downloads
_TRIES = 3
_REASON_LENGTH = 300  # of a client's error, which may hold a whole URL and its causes

log = structlog.get_logger()


@dataclass(frozen=True)
class Jar:
    """One jar: its Maven coordinate, group:artifact:version, and the SHA-256 of its bytes in hex."""

    coordinate: str
    sha256: str

    @property
    def file_name(self) -> str:
        """As Maven names it."""
        _, artifact, version = self.coordinate.split(":")
        return f"{artifact}-{version}.jar"


class _WrongBytesError(Exception):
    """A jar whose checksum is not the one in jars.lock."""


def locked_jars() -> list[Jar]:
    """The contents of jars.lock."""
    text = resources.files("clickjoin.embedded.kafka").joinpath("jars.lock").read_text()
    return [Jar(coordinate, sha256) for sha256, coordinate in (line.split() for line in text.splitlines())]


def cache_folder() -> Path:
    """Where fetched jars stay: the same for every checkout of one user."""
    root = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(root).expanduser() / "clickjoin" / f"kafka-{VERSION}"


def jar_folder(configured: str = "") -> Path:
    """A folder that holds all of Kafka's jars: the configured one ([kafka] jars), that of CLICKJOIN_KAFKA_JARS, or the
    cache, filled first where it must be. Raises CannotStartError.
    """
    given = configured or os.environ.get(JARS_VARIABLE, "")
    if not given:
        return fetch(cache_folder())
    folder = Path(given).expanduser().resolve()
    if not list(folder.glob("kafka_2.1*.jar")):
        key = "[kafka] jars" if configured else JARS_VARIABLE
        raise CannotStartError(f'{key} = "{given}" has no kafka_2.13-{VERSION}.jar in it: {_WHERE_FROM}')
    return folder


def fetch(folder: Path, repository: str = MAVEN_CENTRAL_URL, known: Sequence[Path] | None = None) -> Path:
    """Put every locked jar into `folder`, taking those in `known` (local Maven repositories; None: Maven's own) first.

    A jar appears under its name only when it is whole, so that killing this at any moment costs nothing but time.
    """
    missing = [jar for jar in locked_jars() if not (folder / jar.file_name).exists()]
    if not missing:
        return folder
    log.info("kafka_jars_missing", count=len(missing), source=repository, folder=str(folder))
    settings = GlobalSettings.load()
    remotes = {**settings.repositories, "central": repository}
    local = [settings.repo_cache] if known is None else list(known)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as staging, ThreadPoolExecutor(_AT_ONCE) as pool:
            sources = [
                MavenContext(repo_cache=Path(staging) / "first", local_repos=local, remote_repos=remotes),
                MavenContext(repo_cache=Path(staging) / "again", local_repos=[], remote_repos=remotes),
            ]
            list(pool.map(lambda jar: _fetch_one(jar, folder, sources), missing))
    except (
        OSError,
        RuntimeError,
        _WrongBytesError,
    ) as error:  # errors of requests are OSErrors, those of jgo RuntimeErrors
        raise CannotStartError(_cannot_fetch(folder, repository, error)) from None
    log.info("kafka_jars_fetched", count=len(missing))
    return folder


def _fetch_one(jar: Jar, folder: Path, sources: Sequence[MavenContext]) -> None:
    """Take the jar from the first source whose bytes are right; a source may have been damaged."""
    for tries_left in reversed(range(_TRIES)):
        source = sources[0] if tries_left == _TRIES - 1 else sources[-1]
        try:
            found = Path(source.create_dependency(jar.coordinate).artifact.resolve())
            _install(jar, found, folder)
            return
        except (OSError, RuntimeError, _WrongBytesError):
            if tries_left == 0:
                raise


def _install(jar: Jar, found: Path, folder: Path) -> None:
    """Copy verified bytes to their name in the folder, all at once."""
    content = found.read_bytes()
    if (actual := hashlib.sha256(content).hexdigest()) != jar.sha256:
        if folder.parent in found.parents:
            found.unlink()  # ours: the next try is to download it again
        raise _WrongBytesError(f"{jar.coordinate} has the SHA-256 {actual}, expected {jar.sha256}")
    part = folder / f".{jar.file_name}.{os.getpid()}"
    part.write_bytes(content)
    part.replace(folder / jar.file_name)


_WHERE_FROM = (
    f"name the folder `libs` of an unpacked Apache Kafka {VERSION}, or a copy of ~/.cache/clickjoin/kafka-{VERSION} "
    "of a machine that has it"
)


def _cannot_fetch(folder: Path, repository: str, error: Exception) -> str:
    missing = [jar.coordinate for jar in locked_jars() if not (folder / jar.file_name).exists()]
    return (
        f"Apache Kafka {VERSION} could not be fetched from {repository} into {folder}: {len(missing)} jars are "
        f"missing, the first is {missing[0] if missing else 'none'} ({str(error)[:_REASON_LENGTH]}).\n"
        f'Set [kafka] bootstrap = "host:9092" to use a broker of yours, or [kafka] jars = "DIR" (or the variable '
        f"{JARS_VARIABLE}): {_WHERE_FROM}."
    )
