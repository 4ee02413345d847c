"""A network whose section says what it does unlike others, and what is read of its requests."""

from typing import Any

import pytest

from ingest.normalize_postback import normalize_postback
from ingest.parameters import parse_query
from ingest.plans import prepare
from ingest.refusal import Refusal
from schemas.records import Postback
from schemas.settings.validation import validate
from tests.ingest_samples import NOW_MS, click_id, settings

OURS = click_id()


def read(query: str, /, **network: Any) -> Postback:
    """The postback in a query, of a network with these settings."""
    everything = prepare(settings(networks={"acme": {"open": True, "event_default": "install", **network}}))
    plan = everything.networks["acme"]
    return normalize_postback(
        plan, parse_query(query, last=plan.last), everything.secrets, postback_id="p", now_ms=NOW_MS
    )


def refused(query: str, /, **network: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        read(query, **network)
    return caught.value


def wrong(**network: Any) -> list[str]:
    """What is told of a network with these settings."""
    return [str(problem) for problem in validate({"networks": {"acme": {"open": True, **network}}}, {})[1]]
