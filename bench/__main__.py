"""`python -m bench [NAME ...]`: run benches (all of them without a name), write their results, make docs/benchmarks.md.

`python -m bench docs` makes the document alone.
"""

import argparse
import logging
import sys
import tempfile
from pathlib import Path

import structlog
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from bench.dashboard import DASHBOARD
from bench.document import document
from bench.emit import EMIT
from bench.funnel import FUNNEL
from bench.import_rows import IMPORT
from bench.ingest import INGEST
from bench.isolation import ISOLATION
from bench.join import JOIN
from bench.kafka import BenchError
from bench.kind import Bench, Plan
from bench.latency import LATENCY
from bench.oracle.run import ORACLE
from bench.pending import PENDING
from bench.poison import POISON
from bench.results import RESULTS, Results, read_all, write
from bench.sink import SINK
from bench.smartlink import SMARTLINK
from clickjoin.embedded.errors import CannotStartError

BENCHES = {
    bench.name: bench
    for bench in (
        JOIN,
        POISON,
        INGEST,
        IMPORT,
        EMIT,
        ISOLATION,
        PENDING,
        LATENCY,
        SINK,
        FUNNEL,
        DASHBOARD,
        ORACLE,
        SMARTLINK,
    )
}
DOCUMENT = Path(__file__).parent.parent / "docs" / "benchmarks.md"
_RUNS, _QUICK_RUNS, _QUICK_PART = 3, 1, 100


def main(arguments: list[str] | None = None) -> int:
    """Run what was asked for. Returns the exit code: 1 where a bench could not say anything, or found a difference."""
    asked = _parse(arguments)
    if asked.names == ["docs"]:
        write_document(asked.results)
        return 0
    console = Console(stderr=True)
    logging.getLogger("aiokafka").setLevel(logging.ERROR)  # it warns of topics that were made a moment ago
    differences = 0
    for name in asked.names or BENCHES:
        try:
            results = measure(BENCHES[name], asked.records, console, quick=asked.quick)
        except (BenchError, CannotStartError) as error:
            console.print(f"bench {name}: {error}", style="red", markup=False)
            return 1
        print(write(name, results, asked.results))
        write_document(asked.results)
        differences += int(results.get("differences", 0))
    return 1 if differences else 0


def measure(bench: Bench, records: int | None, console: Console, *, quick: bool = False) -> Results:
    """Run a bench in a folder of its own, with a bar for each of its steps."""
    count = records or (bench.records // _QUICK_PART if quick else bench.records)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with (
        tempfile.TemporaryDirectory(prefix="clickjoin-bench-") as folder,
        Progress(*columns, console=console) as progress,
    ):
        return bench.run(Plan(count, _QUICK_RUNS if quick else _RUNS, Path(folder), progress))


def write_document(results: Path) -> None:
    """docs/benchmarks.md, from results; those of another folder get a document of their own beside them."""
    file = DOCUMENT if results == RESULTS else results / "benchmarks.md"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(document(list(BENCHES.values()), read_all(results)))


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure clickjoin on this machine.")
    parser.add_argument("names", nargs="*", choices=[*BENCHES, "docs", []], metavar="NAME", help=" | ".join(BENCHES))
    parser.add_argument("--records", type=int, help="how large, in place of the bench's own size")
    parser.add_argument("--quick", action="store_true", help="tiny and once: shows that it runs, measures nothing")
    parser.add_argument("--results", type=Path, default=RESULTS, help="the folder to write to")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))  # no topic that was made
    sys.exit(main())
