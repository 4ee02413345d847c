"""No child outlives its supervisor, whatever kills that, and one data folder has one owner."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from clickjoin.embedded.errors import CannotStartError
from clickjoin.embedded.leftovers import claim
from tests.polling import until

# Supervises one role that starts a process of its own, in a session of its own.
SUPERVISOR = """
import sys
from pathlib import Path
from clickjoin.embedded.children import Child
from clickjoin.embedded.leftovers import claim
from clickjoin.supervisor import supervise

ROLE = '''
import subprocess, sys, time
from pathlib import Path
grandchild = subprocess.Popen(["sleep", "600"], start_new_session=True)
Path(sys.argv[1]).write_text(str(grandchild.pid))
time.sleep(600)
'''
data = Path(sys.argv[1])
with claim(data) as run:
    role = Child("ingest", [sys.executable, "-c", ROLE, str(data / "grandchild")], stop_within=5)
    sys.exit(supervise([], [role], run=run))
"""


class Supervised:
    """A supervisor in a process of its own, and everything below it."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.process = subprocess.Popen(
            [sys.executable, "-c", SUPERVISOR, str(data)], stdout=subprocess.DEVNULL, start_new_session=True
        )
        self.grandchild = psutil.Process(until(self._grandchild_pid, 20, "the role has started its own child"))
        self.below = psutil.Process(self.process.pid).children(recursive=True)

    @property
    def guard(self) -> psutil.Process:
        (guard,) = (p for p in self.below if "clickjoin.embedded.leftovers" in p.cmdline())
        return guard

    def alive(self) -> list[psutil.Process]:
        return [p for p in self.below if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]

    def _grandchild_pid(self) -> int:
        path = self.data / "grandchild"
        return int((path.read_text() if path.exists() else "") or 0)


@pytest.fixture
def supervised(tmp_path: Path) -> Iterator[Supervised]:
    system = Supervised(tmp_path)
    assert len(system.below) == 3  # guard, role, what the role started
    yield system
    for process in [*system.alive(), system.process]:
        process.kill()
    system.process.wait()


def test_sigterm_leaves_nothing(supervised: Supervised) -> None:
    supervised.process.terminate()
    assert supervised.process.wait(20) == 0
    assert supervised.alive() == []
    assert list((supervised.data / "run").glob("*.token")) == []


def test_ctrl_c_at_the_terminal_leaves_nothing(supervised: Supervised) -> None:
    os.killpg(supervised.process.pid, signal.SIGINT)  # as the terminal does: to the whole foreground group
    assert supervised.process.wait(20) == 0
    assert supervised.alive() == []


def test_kill_9_of_the_supervisor_leaves_nothing(supervised: Supervised) -> None:
    supervised.process.kill()
    until(lambda: not supervised.alive(), 20, "everything is gone")


def test_what_outlived_the_guard_is_ended_by_the_next_start(supervised: Supervised) -> None:
    supervised.guard.kill()
    supervised.process.kill()
    supervised.process.wait()
    until(lambda: supervised.alive() == [supervised.grandchild], 20, "the role is gone, as Linux sees to")
    with claim(supervised.data):
        assert supervised.alive() == []


def test_a_data_folder_in_use_is_refused_with_its_owner_named(supervised: Supervised) -> None:
    owned = f"{supervised.data} is in use.*process {supervised.process.pid}"
    with pytest.raises(CannotStartError, match=owned), claim(supervised.data):
        pass
    assert len(supervised.alive()) == 3


def test_other_data_folders_are_left_alone(supervised: Supervised, tmp_path_factory: pytest.TempPathFactory) -> None:
    with claim(tmp_path_factory.mktemp("other")):
        pass
    assert len(supervised.alive()) == 3


def test_a_folder_that_cannot_be_made_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotStartError, match="another folder with --data"), claim(tmp_path / "file" / "data"):
        pass
