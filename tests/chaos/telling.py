"""A traffic source that counts by delivery ID what it is told, and what it must have been told."""

from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack

from schemas.ids import delivery_id
from schemas.records import Delivery, Outcome
from tests.stand_in import StandIn, stand_in

SOURCE = "pops"
MOST_OPEN = 64  # in flight, or answered and not yet recorded
_PATH = "/slow/0.02"  # seconds: so that something is in flight when a kill comes


class Telling:
    """The source, open until `close`."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._server: StandIn = self._stack.enter_context(stand_in())

    @property
    def sections(self) -> str:
        """The configuration of an emit that tells it of everything."""
        return f"""
[emit]
allow = ["127.0.0.0/8"]
schedule = ["0s", "500ms", "1s", "2s", "5s", "5s", "10s", "10s", "30s", "30s"]
concurrency = 16
max_open = {MOST_OPEN}
[sources.{SOURCE}.postbacks."*"]
url = "{self._server.url}{_PATH}?id={{delivery_id}}"
statuses = ["pending", "approved", "rejected"]
"""

    def counts(self) -> Counter[str]:
        """How often each delivery came."""
        return self._server.count(_PATH)

    def close(self) -> None:
        """No more."""
        self._stack.close()


def to_be_told(outcomes: Iterable[Outcome]) -> set[str]:
    """The IDs of the deliveries that these outcomes cause: of what is credited, and of a status that changed."""
    return {
        delivery_id(one.postback.postback_id, one.conversion.conversion_id, f"source/{SOURCE}")
        for one in outcomes
        if one.conversion
        and one.click
        and one.click.source == SOURCE
        and (one.outcome == "attributed" or (one.outcome == "updated" and one.previous_status != one.conversion.status))
    }


def out_of_date(deliveries: Iterable[Delivery]) -> set[str]:
    """Those that ended because a newer status of the same conversion was to be told instead."""
    return {
        one.delivery_id for one in deliveries if one.state == "cancelled" and one.reason.startswith("superseded by ")
    }
