"""docs/benchmarks.md, made of bench/results/*.json. Pure."""

from collections.abc import Mapping, Sequence

from bench.kind import Bench, Figure
from bench.results import Results

_HEAD = """\
# Benchmarks

Made by `make bench` from `bench/results/*.json`; `make bench-NAME` runs one of them. Rates are per second of CPU time
of the process that is measured, user and system, all of its threads: on a busy machine they hold better than rates by
the clock. What matters are the ratios: everything in one table was measured in one run, on one broker.

The machine is a virtual one, and was up to three times slower in one hour than in another: how fast it was tells what
stands beside a figure, the same work by stock Faust, a bare client or a bare server.
"""


def document(benches: Sequence[Bench], results: Mapping[str, Results]) -> str:
    """The whole file: a table for each bench that was run."""
    parts = [_section(bench, results[bench.name]) for bench in benches if bench.name in results]
    return "\n".join([_HEAD, *parts])


def _section(bench: Bench, found: Results) -> str:
    rows = "\n".join(_row(figure, found) for figure in bench.figures if figure.name in found)
    machine = (
        f"{found['date']}, {found['cores']} cores of {found['cpu']}, {found['memory_gb']} GB, {found['system']}, "
        f"Python {found['python']}, Apache Kafka {found['kafka']}, faust-streaming {found['faust_streaming']}, "
        f"aiokafka {found['aiokafka']}, rocksdict {found['rocksdict']}, msgspec {found['msgspec']}."
    )
    table = f"| figure | median | lowest to highest | bar |\n| --- | ---: | ---: | ---: |\n{rows}"
    return f"## {bench.title}\n\n{bench.how.format(**found)}\n\n{table}\n\n{machine}\n"


def _row(figure: Figure, found: Results) -> str:
    low, high = found.get(f"{figure.name}_low"), found.get(f"{figure.name}_high")
    between = "" if low is None or high is None else f"{_text(low)} to {_text(high)}"
    return f"| {figure.says} `{figure.name}` | {_text(found[figure.name])} | {between} | {figure.bar} |"


def _text(value: float | int | str) -> str:
    return value if isinstance(value, str) else f"{value:,}"
