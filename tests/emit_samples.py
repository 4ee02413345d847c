"""Outcomes and settings for the tests of emit."""

from decimal import Decimal
from typing import Any

import msgspec

from schemas.records import Click, Conversion, Delivery, Outcome, Postback
from schemas.settings.file import Settings

ENV = {"POPS_TOKEN": "s3cret/+"}
NOW = 1_700_000_000_000
URL = "https://pops.example/pb?cid={source_click_id}&goal={event}&payout={payout}"


def settings(postbacks: dict[str, Any] | None = None, *, source: dict[str, Any] | None = None, **emit: Any) -> Settings:
    """Settings with the one source "pops"."""
    wanted = {"*": {"url": URL}} if postbacks is None else postbacks
    tree = {"sources": {"pops": {"postbacks": wanted, **(source or {})}}, "emit": emit}
    return Settings.model_validate(tree, context={"env": ENV})


def outcome(
    number: int = 1, *, click: dict[str, Any] | None = None, conversion: dict[str, Any] | None = None, **fields: Any
) -> Outcome:
    """An attributed install of a click of the source "pops", changed by what is given."""
    told = outcome_parts(number)
    changed: dict[str, Any] = {
        "click": msgspec.structs.replace(told[0], **(click or {})),
        "conversion": msgspec.structs.replace(told[1], **(conversion or {})),
        "postback": told[2],
        "outcome": "attributed",
        "version": number,
        "decided_at": NOW,
    }
    return Outcome(**(changed | fields))


def outcome_parts(number: int) -> tuple[Click, Conversion, Postback]:
    click_id = f"click-{number}"
    click = Click(
        click_id=click_id,
        clicked_at=NOW - 60_000,
        received_at=NOW - 60_000,
        campaign="spring",
        source="pops",
        source_click_id=f"their-{number}",
    )
    conversion = Conversion(
        conversion_id=f"conversion-{number}",
        event="install",
        network="acme",
        postback_id=f"postback-{number}",
        payout=Decimal("1.20"),
        currency="USD",
        occurred_at=NOW,
        received_at=NOW,
        status_received_at=NOW,
    )
    postback = Postback(
        postback_id=f"postback-{number}", click_id=click_id, event="install", network="acme", received_at=NOW
    )
    return click, conversion, postback


def delivery(number: int = 1, state: str = "scheduled", attempt: int = 0, **fields: Any) -> Delivery:
    """A step of the delivery with this number."""
    given: dict[str, Any] = {
        "delivery_id": f"{number:032x}",
        "state": state,
        "attempt": attempt,
        "destination": "source/pops",
        "conversion_id": f"conversion-{number}",
        "postback_id": f"postback-{number}",
        "click_id": f"click-{number}",
        "event": "install",
        "source": "pops",
        "at": NOW,
        "next_attempt_at": NOW if state in ("scheduled", "retry") else 0,
        "url": f"https://pops.example/pb?cid={number}",
    }
    return Delivery(**(given | fields))
