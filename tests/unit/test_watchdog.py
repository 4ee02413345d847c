"""When a worker is taken for one that works in vain."""

from streams.watchdog import LOOKS, Watchdog


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
