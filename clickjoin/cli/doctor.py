"""`clickjoin doctor`: does everything fit, and what is to be done where it does not."""

import os
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from clickjoin.cli.options import DEFAULT_DATA, DEFAULT_FILE, FAILED, ConfigOption, DataOption, JsonOption, load_for
from clickjoin.cli.output import print_json, print_table
from clickjoin.data_folder import SECRET_FILE

if TYPE_CHECKING:
    from clickjoin.doctor.facts import Finding

_SIGNS = {"bad": "✗", "warn": "!", "good": "✓"}


def doctor(config: ConfigOption = DEFAULT_FILE, data: DataOption = DEFAULT_DATA, as_json: JsonOption = False) -> None:
    """Look at everything that must fit: servers, topics, tables, clocks, disks, limits, ports, secrets.

    Exits with 1 where something is bad (not for warnings). Writes one tick to `events`, to hear the broker's clock.
    """
    settings = load_for("doctor", config, data=data if (data / SECRET_FILE).exists() else None, quiet=True)
    from clickjoin.doctor.examine import examine
    from presets.load import load_with_warnings

    found = examine(settings, data, load_with_warnings(config, os.environ)[1])
    if as_json:
        print_json({"ok": _ok(found), "findings": [finding._asdict() for finding in found]})
    else:
        _print(found)
    if not _ok(found):
        raise typer.Exit(FAILED)


def _ok(found: "Sequence[Finding]") -> bool:
    return all(finding.weight != "bad" for finding in found)


def _print(found: "Sequence[Finding]") -> None:
    rows = [(_SIGNS[one.weight], one.about, one.what, one.todo) for one in found]
    print_table("", ("", "looked at", "found", "what to do"), rows)
    counts = Counter(one.weight for one in found)
    typer.echo(f"{counts['good']} good, {counts['warn']} warnings, {counts['bad']} bad")
