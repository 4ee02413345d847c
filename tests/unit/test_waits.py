"""Waits are held against how long the topics keep what waits."""

from typing import Any

import pytest

from schemas.settings.file import Settings
from schemas.settings.waits import waits_too_long, written
from schemas.topics import DELIVERIES, EVENTS

HOUR = 3_600_000
URL = "https://tracker.example/?id={delivery_id}"


def places(kept_ms: dict[str, int], **sections: Any) -> list[str]:
    return [one.path for one in waits_too_long(Settings.model_validate(sections), kept_ms)]


def test_no_wait_is_too_long_for_what_clickjoin_gives_its_topics_or_for_what_keeps_all() -> None:
    assert places({EVENTS: 14 * 24 * HOUR, DELIVERIES: 21 * 24 * HOUR}) == []
    assert places({}) == []


def test_schedules_holds_and_waits_for_clicks_are_told_by_their_places() -> None:
    assert places({DELIVERIES: 2 * HOUR}) == ["emit.schedule[6]", "emit.schedule[7]", "emit.hold"]
    slow = {"open": True, "wait": "3h"}
    assert places({EVENTS: 2 * HOUR}, networks={"slow": slow}) == ["ingest.wait", "networks.slow.wait"]


@pytest.mark.parametrize(
    ("sections", "place"),
    [
        ({"sources": {"pops": {"sending": {"schedule": ["0s", "3h"]}}}}, "sources.pops.sending.schedule[1]"),
        (
            {"sources": {"pops": {"postbacks": {"*": {"url": URL, "delay": "3h"}}}}},
            'sources.pops.postbacks."*".delay',
        ),
        (
            {"webhooks": {"crm": {"url": "https://crm.example/", "secret": "whsec_" + "A" * 32, "delay": "3h"}}},
            "webhooks.crm.delay",
        ),
    ],
)
def test_so_is_what_a_destination_says_of_its_own(sections: dict[str, Any], place: str) -> None:
    emit = {"schedule": ["0s"], "hold": "1h"}
    assert places({DELIVERIES: 2 * HOUR}, emit=emit, **sections) == [place]


@pytest.mark.parametrize(
    ("span", "text"), [(0, "0s"), (HOUR, "1h"), (36 * HOUR, "36h"), (48 * HOUR, "2d"), (1500, "1500ms")]
)
def test_a_span_is_told_as_it_is_written_in_the_file(span: int, text: str) -> None:
    assert written(span) == text
