"""The supervisor starts in order, starts again who dies, and stops in reverse."""

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clickjoin.embedded.children import Child
from clickjoin.embedded.errors import CannotStartError
from clickjoin.supervisor import supervise
from clickjoin.supervisor.restarts import FIRST_PAUSE, HEALTHY_AFTER, LONGEST_PAUSE, pause_before_restart
from tests.polling import until

# Notes its start and its end in a file, and ends on SIGTERM.
POLITE = """
import signal, sys, time
name, notes = sys.argv[1:]
def note(what): open(notes, "a").write(f"{what} {name}\\n")
def stop(*_):
    note("stop"); sys.exit(0)
signal.signal(signal.SIGTERM, stop)
note("start")
while True: time.sleep(0.02)
"""
READER = """
import signal
signal.signal(signal.SIGHUP, lambda *_: print("read again"))
print("ready")
while True:
    signal.pause()
"""
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
DYING = "import sys; open(sys.argv[1], 'a').write('x'); sys.exit(7)"
PARENT = """
import subprocess, sys
print(subprocess.Popen(["sleep", "600"]).pid, file=open(sys.argv[1], "w"), flush=True)
sys.exit(1)
"""


def polite(name: str, notes: Path, ready: bool = True) -> Child:
    noted = f"start {name}\n"
    return Child(
        name,
        [sys.executable, "-c", POLITE, name, str(notes)],
        ready=(lambda: noted in read(notes)) if ready else None,
        ready_within=20,
    )


def read(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def within(seconds: float, condition: Callable[[], object]) -> Callable[[], int | None]:
    """For `finished`: 0 once the condition is true, and 99 when that takes too long."""
    deadline = time.monotonic() + seconds
    return lambda: 0 if condition() else 99 if time.monotonic() > deadline else None


@given(st.lists(st.floats(0, HEALTHY_AFTER * 0.99), min_size=1, max_size=20))
def test_who_keeps_dying_waits_twice_as_long_each_time_up_to_half_a_minute(runs: list[float]) -> None:
    pause, pauses = 0.0, []
    for ran in runs:
        pause = pause_before_restart(pause, ran)
        pauses.append(pause)
    assert pauses == [min(FIRST_PAUSE * 2**n, LONGEST_PAUSE) for n in range(len(runs))]


@given(st.floats(0, LONGEST_PAUSE), st.floats(HEALTHY_AFTER, 1e9))
def test_who_was_healthy_for_a_minute_is_started_again_at_once(last_pause: float, ran: float) -> None:
    assert pause_before_restart(last_pause, ran) == FIRST_PAUSE == 0.5


def test_servers_come_first_each_ready_before_the_next_and_stop_last(tmp_path: Path) -> None:
    notes = tmp_path / "notes"

    def note(what: str) -> None:
        with notes.open("a") as file:
            file.write(f"{what}\n")

    exit_code = supervise(
        [polite("kafka", notes), polite("clickhouse", notes)],
        [polite("join", notes)],
        on_servers=lambda: note("migrate"),
        on_ready=lambda: note("ready"),
        finished=lambda: 5 if "ready" in read(notes) else None,
    )
    assert exit_code == 5
    assert read(notes).splitlines() == [
        "start kafka",
        "start clickhouse",
        "migrate",
        "start join",
        "ready",
        "stop join",
        "stop clickhouse",
        "stop kafka",
    ]


def test_a_role_that_dies_is_started_again_and_said_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    starts = tmp_path / "starts"
    role = Child("join", [sys.executable, "-c", DYING, str(starts)])
    assert supervise([], [role], finished=within(20, lambda: len(read(starts)) >= 3)) == 0
    said = "".join(capsys.readouterr())
    for fact in ("child_died", "join", "exit_code", "7", "next_start_in", "0.5", "1.0"):
        assert fact in said


def test_a_server_that_is_killed_is_started_again(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    pid_of: list[int] = []

    def kill() -> None:
        (child,) = (p for p in psutil.Process().children() if str(notes) in p.cmdline())
        pid_of.append(child.pid)
        child.kill()

    again = within(20, lambda: read(notes).count("start kafka") == 2)
    assert supervise([polite("kafka", notes)], [], on_ready=kill, finished=again) == 0
    assert not psutil.pid_exists(pid_of[0])


def test_who_does_not_stop_when_asked_is_killed(tmp_path: Path) -> None:
    output = tmp_path / "out"
    deaf = Child(
        "deaf", [sys.executable, "-c", DEAF], ready=lambda: "deaf" in read(output), stop_within=0.3, output=output
    )
    begun = time.monotonic()
    assert supervise([deaf], [], finished=lambda: 0) == 0
    assert time.monotonic() - begun < 15
    assert not [p for p in psutil.Process().children() if DEAF in p.cmdline()]


def test_what_a_dead_role_had_started_dies_before_the_role_is_started_again(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    role = Child("ingest", [sys.executable, "-c", PARENT, str(pid_file)])
    pids: set[int] = set()

    def two_seen() -> bool:
        if text := read(pid_file).strip():
            pids.add(int(text))
        return len(pids) >= 2

    assert supervise([], [role], finished=within(20, two_seen)) == 0
    until(lambda: not any(_alive(pid) for pid in pids), 5, "what the roles started is gone")


def test_a_server_that_cannot_start_ends_everything_and_shows_its_log(tmp_path: Path) -> None:
    notes, log = tmp_path / "notes", tmp_path / "kafka.log"
    log.write_text("much before\nERROR the disk is full\n")
    broken = Child("kafka", [sys.executable, "-c", "raise SystemExit(3)"], ready=lambda: False, log=log)
    with pytest.raises(CannotStartError, match=r"kafka ended .*exit_code 3(?s:.)*the disk is full"):
        supervise([polite("clickhouse", notes), broken], [])
    assert read(notes).splitlines() == ["start clickhouse", "stop clickhouse"]


def test_a_server_that_never_gets_ready_is_given_up(tmp_path: Path) -> None:
    slow = Child("kafka", ["sleep", "600"], ready=lambda: False, ready_within=0.2)
    with pytest.raises(CannotStartError, match=r"not ready within 0\.2 s"):
        supervise([slow], [])
    assert not [p for p in psutil.Process().children() if p.cmdline() == ["sleep", "600"]]


def test_a_failing_migration_stops_what_was_started(tmp_path: Path) -> None:
    notes = tmp_path / "notes"

    def fail() -> None:
        raise RuntimeError("no such table")

    with pytest.raises(RuntimeError, match="no such table"):
        supervise([polite("clickhouse", notes)], [polite("join", notes)], on_servers=fail)
    assert read(notes).splitlines() == ["start clickhouse", "stop clickhouse"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_stops_everything_in_order(number: signal.Signals, tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    before = signal.signal(number, signal.SIG_DFL)  # started by nohup, the tests themselves would not hear SIGHUP
    try:
        exit_code = supervise(
            [polite("kafka", notes)],
            [polite("join", notes)],
            on_ready=lambda: os.kill(os.getpid(), number),
            finished=within(60, lambda: False),
            attended=True,
        )
    finally:
        signal.signal(number, before)
    assert exit_code == 0
    assert read(notes).splitlines()[-2:] == ["stop join", "stop kafka"]


def test_without_a_terminal_sighup_is_handed_on_to_those_who_read_their_configuration_again(tmp_path: Path) -> None:
    def hang_up() -> None:
        os.kill(os.getpid(), signal.SIGHUP)

    output = tmp_path / "out"
    argv = [sys.executable, "-uc", READER]
    reader = Child("reader", argv, ready=lambda: "ready" in read(output), output=output, reloads=True)
    other = polite("join", tmp_path / "notes")
    again = within(20, lambda: "read again" in read(output))
    assert supervise([], [reader, other], on_ready=hang_up, finished=again, attended=False) == 0
    assert read(tmp_path / "notes").splitlines() == ["start join", "stop join"]


def test_a_signal_cuts_off_a_migration(tmp_path: Path) -> None:
    def interrupted() -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(60)

    begun = time.monotonic()
    assert supervise([], [polite("join", tmp_path / "notes")], on_servers=interrupted) == 0
    assert time.monotonic() - begun < 30
    assert read(tmp_path / "notes") == ""


def _alive(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
