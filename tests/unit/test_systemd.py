"""The units start what there is, with the limits that the doctor asks for."""

import re
import shutil
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

import pytest
from typer.testing import CliRunner

from clickjoin.cli.app import app
from clickjoin.cli.options import WRONG
from clickjoin.doctor.rules import FILES_BESIDE
from schemas.settings.file import Settings

UNITS = sorted((Path(__file__).parents[2] / "deploy" / "systemd").glob("*.service"))
DIRECTIVES = {"Type", "User", "Group", "EnvironmentFile", "WorkingDirectory", "ExecReload", "Restart", "LimitNOFILE"}


def service(unit: Path) -> dict[str, str]:
    parser = ConfigParser(strict=True, interpolation=None, comment_prefixes="#")
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read(unit)
    assert parser.sections() == ["Unit", "Service", "Install"]
    return dict(parser["Service"])


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_runs_a_command_that_exists_as_a_user_without_rights(unit: Path) -> None:
    found = service(unit)
    assert set(found) >= DIRECTIVES
    assert (found["User"], found["NoNewPrivileges"], found["CapabilityBoundingSet"]) == ("clickjoin", "true", "")
    assert found["RestartPreventExitStatus"] == str(WRONG)
    program, command, *options = found["ExecStart"].split()
    assert program == "/opt/clickjoin/bin/clickjoin"
    roles = ("ingest", "join", "sink", "emit", "dashboard", "alerts") if command == "%i" else (command,)
    for role in roles:
        told = CliRunner().invoke(app, [role, "--help"])
        assert told.exit_code == 0
        assert all(option in told.stdout for option in options if option.startswith("--"))


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_may_open_as_many_files_as_the_doctor_asks_for(unit: Path) -> None:
    assert int(service(unit)["LimitNOFILE"]) >= Settings().emit.max_open + FILES_BESIDE


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_finds_nothing_wrong_with_a_unit(unit: Path, tmp_path: Path) -> None:
    """Where there is no systemd, that every line is a section, a comment or a directive."""
    text = unit.read_text().replace("/opt/clickjoin/bin/clickjoin", sys.executable)
    assert [line for line in text.splitlines() if line and not re.match(r"#|\[\w+\]$|[A-Z]\w+=", line)] == []
    if analyze := shutil.which("systemd-analyze"):
        copy = tmp_path / unit.name.replace("@.", "@join.")
        copy.write_text(text)
        done = subprocess.run([analyze, "verify", str(copy)], capture_output=True, text=True, timeout=60, check=False)
        assert (done.returncode, [line for line in done.stderr.splitlines() if str(copy) in line]) == (0, [])
