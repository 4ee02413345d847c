"""Results of a bench: a flat JSON object of figures with the machine and the versions."""

import json
import os
import platform
import statistics
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import psutil

from clickjoin.embedded.kafka.jars import VERSION as KAFKA

RESULTS = Path(__file__).parent / "results"
_PACKAGES = ("faust-streaming", "aiokafka", "rocksdict", "msgspec", "pydantic", "uvloop")

Results = dict[str, float | int | str]


def spread(name: str, runs: Sequence[float], digits: int = 0) -> Results:
    """The median of several runs under its name, with the lowest and the highest beside it."""
    values = {"": statistics.median(runs), "_low": min(runs), "_high": max(runs)}
    return {name + which: rounded(value, digits) for which, value in values.items()}


def rounded(value: float, digits: int = 0) -> float | int:
    """A figure as it is written down."""
    return round(value, digits) + 0.0 if digits else round(value)  # 0.0: there is no -0.0


def machine() -> Results:
    """What the figures were measured with, and when."""
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "cores": os.cpu_count() or 0,
        "cpu": _cpu(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "system": f"{platform.system()} {platform.release().partition('-')[0]}",
        "python": platform.python_version(),
        "kafka": KAFKA,
        **{name.replace("-", "_"): version(name) for name in _PACKAGES},
    }


def _cpu() -> str:
    """The processor's name, as far as the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def write(name: str, results: Mapping[str, float | int | str], folder: Path = RESULTS) -> Path:
    """Write the results of a bench. Returns the file."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}.json"
    file.write_text(json.dumps(results, indent=2) + "\n")
    return file


def read_all(folder: Path = RESULTS) -> dict[str, Results]:
    """The results of every bench that was run, by its name."""
    return {file.stem: json.loads(file.read_text()) for file in sorted(folder.glob("*.json"))}
