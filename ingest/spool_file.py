"""Records on the local disk, in SQLite: what was answered for while the broker was away, until the broker has it."""

import sqlite3
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

FORMAT = 1
SMALLEST = 1 << 16
"""Bytes that a file needs at least."""
MAX_READ_BYTES = 4 * 1024 * 1024
_LOCK_SECONDS = 5.0
_LOG_PART = 8
_LOG_PAGES = 4, 1000
"""SQLite's write-ahead log is given an eighth of the room, at least and at most so many pages. A transaction that is
larger than that has it grow, until the next one."""
_SHRINK_PAGES = 4096
"""A drained file that is larger than this (16 MiB) gives its space back to the disk."""
_TABLE = """CREATE TABLE IF NOT EXISTS records
(id INTEGER PRIMARY KEY, topic TEXT NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL)"""


class SpoolError(Exception):
    """The spool cannot be read or written: what was asked was not done at all."""


class SpoolFull(SpoolError):  # noqa: N818 - the name says what happened
    """No room is left, in the file or on the disk."""


class SpoolBusy(SpoolError):  # noqa: N818 - the name says what happened
    """Another process has the file."""


class Record(NamedTuple):
    """What is to be sent. Its partition is chosen when it is: nobody may know yet how many there are."""

    topic: str
    key: bytes
    value: bytes


class Kept(NamedTuple):
    """A record in the spool; IDs grow with its age."""

    id: int
    record: Record


class SpoolFile:
    """One file, of one process: the lock on it ends with the process, however that ends. Used by one thread at a time.

    Every call is one transaction that is on the disk when it returns. All raise SpoolError. `records` and `used_bytes`
    tell what is in it.
    """

    def __init__(self, path: Path, max_bytes: int, *, lock_seconds: float = _LOCK_SECONDS) -> None:
        """Open it, or make it. `max_bytes` bounds the file with its write-ahead log. Raises SpoolBusy."""
        self.path = path
        with _told(path):
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            # Opened in one thread, then used by that of the spool.
            self._db = sqlite3.connect(path, timeout=lock_seconds, isolation_level=None, check_same_thread=False)
        try:
            with _told(path):
                self._prepare(max_bytes)
                self.records: int = self._db.execute("SELECT count(*) FROM records").fetchone()[0]
                self.used_bytes = self._used()
        except SpoolError:
            self._db.close()
            raise

    def append(self, records: Sequence[Record]) -> None:
        """Add all of them or, where that raises, none."""
        with self._transaction():
            self._db.executemany("INSERT INTO records (topic, key, value) VALUES (?, ?, ?)", records)
            used = self._used()
        self.used_bytes = used
        self.records += len(records)

    def keys(self) -> Iterator[bytes]:
        """The key of every record."""
        with _told(self.path):
            for (key,) in self._db.execute("SELECT key FROM records"):
                yield key

    def oldest(self, limit: int) -> list[Kept]:
        """The oldest records: at most `limit`, and about MAX_READ_BYTES."""
        found: list[Kept] = []
        size = 0
        with _told(self.path):
            for number, *fields in self._db.execute("SELECT * FROM records ORDER BY id LIMIT ?", (limit,)):
                found.append(Kept(number, Record(*fields)))
                size += len(fields[-1])
                if size >= MAX_READ_BYTES:
                    break
        return found

    def delete(self, ids: Sequence[int]) -> None:
        """Forget these, which must be there."""
        with self._transaction():
            self._db.executemany("DELETE FROM records WHERE id = ?", [(one,) for one in ids])
            used = self._used()
        self.used_bytes = used
        self.records -= len(ids)
        if not self.records:
            self._shrink()

    def close(self) -> None:
        """Give the file free."""
        with _told(self.path):
            self._db.close()

    def _prepare(self, max_bytes: int) -> None:
        """Take the lock, and make the table."""
        self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        page = self._pragma("page_size")
        pages = max_bytes // page
        log = min(max(pages // _LOG_PART, _LOG_PAGES[0]), _LOG_PAGES[1])
        self._db.execute(f"PRAGMA max_page_count = {max(0, pages - log)}")
        self._db.execute(f"PRAGMA wal_autocheckpoint = {log}")
        self._db.execute(f"PRAGMA journal_size_limit = {log * page}")
        with self._transaction():
            found = self._pragma("user_version")
            if found not in (0, FORMAT):
                raise SpoolError(f"{self.path} has format {found}, this version of clickjoin reads {FORMAT}")
            if not found:  # else nothing is written: a full disk keeps nobody from starting
                self._db.execute(_TABLE)
                self._db.execute(f"PRAGMA user_version = {FORMAT}")

    def _used(self) -> int:
        return (self._pragma("page_count") - self._pragma("freelist_count")) * self._pragma("page_size")

    def _pragma(self, name: str) -> int:
        return int(self._db.execute(f"PRAGMA {name}").fetchone()[0])

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with _told(self.path):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                # SQLite has rolled back by itself where the disk failed it.
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def _shrink(self) -> None:
        # What cannot be given back now can be later: the records are deleted all the same.
        with suppress(sqlite3.Error):
            if self._pragma("page_count") > _SHRINK_PAGES:
                self._db.execute("VACUUM")
                self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """What SQLite and the system raise, as a SpoolError that names the file."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_FULL:
            raise SpoolFull(f"the spool {path.name} is full, or its disk is") from error
        if code == sqlite3.SQLITE_BUSY:
            wanted = "give each ingest a port or a data folder of its own"
            raise SpoolBusy(f"another process has {path} open: {wanted}") from error
        raise SpoolError(f"the spool {path} cannot be used: {error}") from error
    except OSError as error:
        raise SpoolError(f"the spool {path} cannot be used: {error}") from error


def take_over(spool: SpoolFile, max_rows: int = 5_000, *, leave: Collection[Path] = ()) -> dict[str, int]:
    """Move what processes that are gone left in files beside this one, so that it is drained whatever port its next
    process has. Returns the files and how many records each had. Files that are in use are left alone; what there is no
    room for stays where it is, for a later start.

    A kill between the two transactions leaves records in both: they are sent twice, which changes nothing.
    leave: files of others who are about to open them.
    """
    moved: dict[str, int] = {}
    for path in sorted(spool.path.parent.glob(f"*{spool.path.suffix}")):
        if path == spool.path or path in leave:
            continue
        try:
            other = SpoolFile(path, max_bytes=0, lock_seconds=0)
        except SpoolBusy:
            continue
        try:
            if other.records:
                moved[path.name] = other.records
            while kept := other.oldest(max_rows):
                spool.append([one.record for one in kept])
                other.delete([one.id for one in kept])
        except SpoolFull:
            break
        finally:
            other.close()
    return moved
