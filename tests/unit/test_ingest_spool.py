"""The spool's file, and when the broker counts as away."""

import asyncio
import random
import sqlite3
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from shutil import copy

import pytest

from ingest.group import NotStored
from ingest.presence import Presence
from ingest.spool import Spool
from ingest.spool_file import Record, SpoolBusy, SpoolError, SpoolFile, SpoolFull, take_over

SEED = 5
PATIENT = 60.0
MIB = 1 << 20


def records(count: int, size: int = 400, start: int = 0) -> list[Record]:
    return [Record("events", b"key-%d" % number, b"x" * size) for number in range(start, start + count)]


def kept(file: SpoolFile, limit: int = 100_000) -> list[Record]:
    return [one.record for one in file.oldest(limit)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "spool" / "ingest-8080.sqlite"


@pytest.fixture
def file(path: Path) -> Iterator[SpoolFile]:
    made = SpoolFile(path, 64 * MIB)
    yield made
    made.close()


def test_records_come_out_as_they_went_in_the_oldest_first(file: SpoolFile) -> None:
    odd = [Record("invalid", b"\xff\x00", b""), Record("events", b"", "Ærø".encode())]
    file.append(records(3))
    file.append(odd)
    assert kept(file) == [*records(3), *odd]
    assert kept(file, 2) == records(2)
    assert file.records == 5


def test_what_is_deleted_is_gone_and_what_is_not_keeps_its_place(file: SpoolFile) -> None:
    file.append(records(5))
    ids = [one.id for one in file.oldest(5)]
    file.delete([ids[0], ids[2], ids[4]])
    file.append(records(1, start=9))
    assert [one.key for one in kept(file)] == [b"key-1", b"key-3", b"key-9"]
    assert file.records == 3


def test_many_large_records_are_read_a_few_at_a_time(file: SpoolFile) -> None:
    file.append(records(20, size=MIB))
    assert len(file.oldest(1000)) == 4


def test_of_a_batch_that_does_not_fit_nothing_is_kept_and_deleting_makes_room(path: Path) -> None:
    file = SpoolFile(path, MIB)
    batches = (records(100, start=start) for start in range(0, 100_000, 100))
    with pytest.raises(SpoolFull, match=r"ingest-8080\.sqlite is full"):
        deque(map(file.append, batches), maxlen=0)
    stored = file.records
    assert stored % 100 == 0
    assert 1000 < stored < 2600
    assert len(kept(file)) == stored
    assert file.used_bytes <= MIB
    # With its log, which one batch may have grow beyond its part.
    assert sum(one.stat().st_size for one in path.parent.iterdir()) <= MIB + 100_000
    file.delete([one.id for one in file.oldest(200)])
    file.append(records(100))
    assert len(kept(file)) == file.records == stored - 100
    file.close()


def test_a_drained_file_gives_its_space_back(path: Path) -> None:
    file = SpoolFile(path, 64 * MIB)
    file.append(records(20_000, size=1000))
    file.delete([one.id for one in file.oldest(1)])
    while left := file.oldest(5_000):
        file.delete([one.id for one in left])
    assert path.stat().st_size < 100_000
    file.close()


def test_two_processes_never_share_a_file(path: Path, file: SpoolFile) -> None:
    with pytest.raises(SpoolBusy, match=r"another process has .*ingest-8080\.sqlite open: give each ingest a port"):
        SpoolFile(path, MIB, lock_seconds=0)
    file.append(records(1))


def test_a_file_that_is_no_spool_is_refused_and_named(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"not a database, though long enough to be looked at" * 100)
    with pytest.raises(SpoolError, match=r"ingest-8080\.sqlite cannot be used: file is not a database"):
        SpoolFile(path, MIB)
    assert path.read_bytes().startswith(b"not a database")


def test_a_file_of_a_later_version_is_refused(path: Path) -> None:
    path.parent.mkdir()
    later = sqlite3.connect(path)
    later.execute("PRAGMA user_version = 2")
    later.close()
    with pytest.raises(SpoolError, match="has format 2, this version of clickjoin reads 1"):
        SpoolFile(path, MIB)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("in the way")
    with pytest.raises(SpoolError, match=r"spool/ingest-1\.sqlite cannot be used"):
        SpoolFile(tmp_path / "spool" / "ingest-1.sqlite", MIB)


def test_what_a_process_on_another_port_left_is_taken_over_and_what_is_in_use_is_not(tmp_path: Path) -> None:
    paths = [tmp_path / f"ingest-{port}.sqlite" for port in (1, 2, 3)]
    left, used, own = (SpoolFile(path, MIB) for path in paths)
    left.append(records(1200, size=10))
    used.append(records(1, start=7000))
    left.close()
    own.append(records(1, start=8000))
    assert take_over(own, max_rows=500) == {"ingest-1.sqlite": 1200}
    assert [one.key for one in kept(own)] == [one.key for one in [*records(1, start=8000), *records(1200)]]
    assert used.records == 1
    assert take_over(own) == {}
    own.close()
    used.close()


def test_a_disk_that_is_full_keeps_nobody_from_starting_with_what_was_left(path: Path, file: SpoolFile) -> None:
    file.append(records(100))
    left = path.parent.parent / "left" / path.name  # as after kill -9: nothing was closed
    left.parent.mkdir()
    for one in path.parent.iterdir():
        copy(one, left.parent)
    written = {one: one.read_bytes() for one in left.parent.iterdir()}
    again = SpoolFile(left, 64 * MIB)
    assert {one: one.read_bytes() for one in left.parent.iterdir()} == written, "opening writes nothing"
    assert (kept(again), again.records) == (records(100), 100)
    again.close()


def test_what_another_file_holds_and_there_is_no_room_for_stays_there(tmp_path: Path) -> None:
    other, own = SpoolFile(tmp_path / "a.sqlite", 64 * MIB), SpoolFile(tmp_path / "b.sqlite", 64 * 1024)
    other.append(records(1_000))
    other.close()
    assert take_over(own) == {"a.sqlite": 1_000}
    assert own.records == 0
    other = SpoolFile(tmp_path / "a.sqlite", 64 * MIB)
    assert kept(other) == records(1_000)
    other.close()
    own.close()


def test_the_broker_is_away_when_nothing_came_since_a_record_was_given_and_back_with_the_next_answer() -> None:
    presence = Presence()
    assert not presence.is_away
    assert not presence.acknowledged(10.0)
    assert not presence.unanswered(9.0)  # something given later was answered: one partition is slow
    assert not presence.is_away
    assert presence.unanswered(11.0)
    assert not presence.unanswered(12.0)  # no news
    assert presence.acknowledged(13.0)
    assert not presence.acknowledged(14.0)


def test_a_broker_that_never_answered_is_away() -> None:
    assert Presence().unanswered(0.0)


def test_whoever_was_told_that_it_is_stored_finds_it_after_reopening(path: Path) -> None:
    print(f"seed {SEED}")
    chance = random.Random(SEED)

    async def fill() -> set[bytes]:
        spool = Spool(SpoolFile(path, MIB))
        stored = set()
        callers = asyncio.Semaphore(200)  # so that no batch is as large as the spool

        async def add(number: int) -> None:
            try:
                async with callers:
                    await asyncio.sleep(chance.random() / 100)
                    await spool.add(Record("events", b"%d" % number, b"x" * chance.randrange(2000)), PATIENT)
            except NotStored:
                return
            stored.add(b"%d" % number)

        await asyncio.gather(*(add(number) for number in range(3000)))
        await spool.close()
        return stored

    stored = asyncio.run(fill())
    again = SpoolFile(path, MIB)
    assert 0 < len(stored) < 3000  # it was filled to the brim, and nothing half stored
    assert {one.key for one in kept(again)} == stored
    again.close()


def test_the_spool_knows_whose_records_it_holds_also_after_reopening(path: Path) -> None:
    async def hold() -> None:
        spool = Spool(SpoolFile(path, MIB))
        assert not spool.holds(b"key-0")
        await asyncio.gather(*(spool.add(record, PATIENT) for record in [*records(2), *records(1)]))
        with pytest.raises(NotStored):
            await spool.add(Record("events", b"too large", b"x" * 2 * MIB), PATIENT)
        assert [spool.holds(key) for key in (b"key-0", b"key-1", b"too large")] == [True, True, False]
        await spool.close()
        spool = Spool(SpoolFile(path, MIB))
        first, *others = await spool.oldest(10)
        await spool.delete([first])
        assert [spool.holds(key) for key in (b"key-0", b"key-1")] == [True, True]  # key-0 was there twice
        await spool.delete(others)
        assert [spool.holds(key) for key in (b"key-0", b"key-1")] == [False, False]
        assert spool.is_empty
        await spool.close()

    asyncio.run(hold())
