"""Traffic in over HTTP, conversions in ClickHouse and postbacks at the source: everything between is real."""

import asyncio
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from clickjoin.demo.story import visits
from clickjoin.demo.traffic import Traffic
from tests.e2e.whole_system import until_exact, whole_system

pytestmark = pytest.mark.e2e

CLICKS = 20_000
SEED = 20_261


async def _every_event_is_credited_and_told_exactly_once(folder: Path) -> None:
    story = list(visits(CLICKS, SEED))
    Random(SEED).shuffle(story)
    print(f"seed {SEED}")
    async with whole_system(folder) as (systems, source):
        traffic = Traffic(systems[-1].ingest, systems[-1].keys)
        await traffic.send(story)
        rows, told = await until_exact(systems[-1], source, traffic, story)
        print(f"sent {dict(traffic.sent.requests)}, told {source.received.total()}")
        assert rows.count == 0, rows.examples
        assert told.count == 0, told.examples
        assert traffic.sent.requests["clicks"] >= CLICKS * 0.99
        assert [one for one, count in source.deliveries.items() if count > 1] == []


def test_twenty_thousand_clicks_and_their_postbacks_come_out_exactly(tmp_path: Path) -> None:
    asyncio.run(_every_event_is_credited_and_told_exactly_once(tmp_path))


def test_the_account_of_the_story_is_not_empty() -> None:
    """The comparison above could not fail if the story asked for nothing."""
    story = list(visits(CLICKS, SEED))
    kinds = Counter(
        kind
        for visit in story
        for kind, there in {
            "early": any(report.before_click for report in visit.reports),
            "late": visit.age_ms > 0,
            "never clicked": visit.clicks == 0,
            "clicked twice": visit.clicks == 2,
            "refused": bool(visit.refused),
            "repeated": len(visit.reports) != len({str(report) for report in visit.reports}),
            "rejected": any(one.status == "rejected" for one in visit.conversions),
        }.items()
        if there
    )
    assert len(kinds) == 7
    assert min(kinds.values()) > 20, kinds
    assert sum(len(visit.conversions) for visit in story) > 8_000
    assert sum(len(visit.told) for visit in story) > 7_000
