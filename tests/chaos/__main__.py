"""`python -m tests.chaos`: storms over join, sink, emit, an account; exit code 1 unless 0 missing, wrong, stuck.

With `--outage SECONDS`: the broker is stopped for so long, and ingest killed amid it.
"""

import argparse
import logging
import os
import secrets
import shutil
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.chaos.outage import Outcome, outage
from tests.chaos.plan import KINDS
from tests.chaos.run import Finished, Wanted, run


def main() -> int:
    asked = _parse()
    if asked.outage:
        return _outage(asked.outage)
    print(f"CLICKJOIN_TEST_SEED={asked.seed}: {asked.blows} blows in {asked.minutes:g} minutes", flush=True)
    logging.getLogger("kafka").setLevel(logging.CRITICAL)  # it tells of a broker that is away, at length
    folder = Path(tempfile.mkdtemp(prefix="clickjoin-chaos-"))
    wanted = Wanted(asked.minutes * 60, asked.blows, asked.seed)
    try:
        finished = run(folder, wanted, lambda text: print(text, flush=True))
    except BaseException:
        print(f"logs and data are kept in {folder}", file=sys.stderr)
        raise
    show(finished)
    if not finished.account.is_clean:
        print(f"logs and data are kept in {folder}")
        return 1
    shutil.rmtree(folder, ignore_errors=True)
    return 0


def _outage(seconds: float) -> int:
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    folder = Path(tempfile.mkdtemp(prefix="clickjoin-outage-"))
    found = outage(folder, seconds, lambda text: print(text, flush=True))
    print("\n".join(told(found)))
    if found.missing or found.twice or found.lost:
        print(f"logs and data are kept in {folder}")
        return 1
    shutil.rmtree(folder, ignore_errors=True)
    return 0


def told(found: Outcome) -> list[str]:
    """What came of an outage, in lines."""
    statuses = ", ".join(f"{status}: {count}" for status, count in sorted(found.statuses.items()))
    return [
        f"answered {statuses}",
        f"clicks redirected {found.clicks}, postbacks answered 200 {found.postbacks}",
        f"missing in ClickHouse {len(found.missing)}, there twice {len(found.twice)}",
        f"in the spool when ingest was killed {found.spooled}; times it said that clicks were lost {found.lost}",
        *found.missing[:5],
        *found.twice[:5],
    ]


def show(finished: Finished) -> None:
    """The figures as a table, and the first of what is wrong."""
    account = finished.account
    table = Table("", "", show_header=False)
    for kind in KINDS:
        table.add_row(kind, f"{finished.blows[kind]:,}")
    table.add_section()
    figures = {
        "blows": finished.blows.total(),
        "records": account.records,
        "postbacks acknowledged": account.postbacks,
        **{f"  {word}": count for word, count in account.outcomes.most_common()},
        "outcomes": account.said,
        "sent twice": account.twice,
        "decided by a look-up": account.cold,
        "that waited for ClickHouse": account.waited,
        "told to the source": account.told,
        "told again": account.told_twice,
        "  of so many in flight when killed": account.in_flight,
        "died of themselves": len(account.died),
        "missing": len(account.missing),
        "wrong": len(account.wrong),
        "stuck": len(account.stuck),
    }
    for name, figure in figures.items():
        table.add_row(name, f"{figure:,}")
    Console(width=80).print(table)
    if not account.is_clean:
        print(account.problems())


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make chaos", description="A storm over the join, and its account.")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--outage", type=float, default=0, help="instead: seconds without the broker")
    parser.add_argument("--blows", type=int, default=44)
    seed = int(os.environ.get("CLICKJOIN_TEST_SEED", "0")) or secrets.randbits(32)
    parser.add_argument("--seed", type=int, default=seed, help="the same seed plans the same storm")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
