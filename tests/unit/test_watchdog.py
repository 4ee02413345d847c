"""When a worker is taken for one that works in vain."""

from pathlib import Path

from schemas.settings.file import Settings
from streams.agents.sink import SinkRole
from streams.metrics import SinkMetrics
from streams.watchdog import LOOKS, Watchdog
from streams.worker import Worker
from streams.worker_metrics import WorkerMetrics


def looks(dog: Watchdog, times: int) -> list[bool]:
    return [dog.look() for _ in range(times)]


def test_a_worker_with_nothing_to_do_is_well() -> None:
    assert not any(looks(Watchdog(), 100))


def test_work_that_is_never_committed_is_noticed_after_so_many_looks() -> None:
    dog = Watchdog()
    dog.done()
    assert looks(dog, LOOKS + 1) == [False] * LOOKS + [True]


def test_a_worker_that_works_and_commits_is_well_whenever_one_looks() -> None:
    dog = Watchdog()
    for _ in range(100):
        dog.done()
        assert not dog.look()
        dog.committed()
        dog.done()


def test_one_commit_begins_the_count_anew() -> None:
    dog = Watchdog()
    dog.done()
    assert not any(looks(dog, LOOKS))
    dog.committed()
    dog.done()
    assert looks(dog, LOOKS + 1) == [False] * LOOKS + [True]


def test_a_worker_with_nothing_new_whose_commits_fail_is_noticed_too() -> None:
    """Its group gave it up, and it does not know."""
    dog = Watchdog()
    dog.failed()
    assert looks(dog, LOOKS + 1) == [False] * LOOKS + [True]
    dog.committed()
    assert not any(looks(dog, 100))


def test_the_librarys_own_watchdog_which_knows_of_no_commit_of_ours_is_silent(tmp_path: Path) -> None:
    """It called each partition stuck whose first record in five minutes had just come."""
    metrics = WorkerMetrics("sink")
    settings = Settings()
    role = SinkRole(settings, tmp_path, 1, SinkMetrics(metrics.registry))
    app = Worker(role, settings.kafka, data=tmp_path, metrics=metrics).app
    a_year = 365 * 86_400
    assert app.conf.broker_commit_livelock_soft_timeout > a_year
    assert app.conf.stream_processing_timeout > a_year
