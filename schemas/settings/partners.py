"""[partners]: sub-affiliates who send clicks through us for a share of the payout. Pure."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from schemas.macros import ACCOUNT, POSTBACK_MACROS
from schemas.settings.postbacks import Postbacks
from schemas.settings.secrets import PasswordHash, Secret
from schemas.settings.shares import Share, parse_share
from schemas.settings.values import BaseUrl, ConfigName, Duration, Section

ANY_EVENT = "*"
_CENT = Decimal("0.01")
_OURS = frozenset({"cost", "cost_currency"})
"""Macros of what we pay."""


def _share(text: Any) -> str:
    parse_share(text)
    return str(text).strip()


ShareOfPartner = Annotated[str, BeforeValidator(_share)]
"""As schemas.settings.shares reads it: "70%", "1.50 USD", "all", "none"."""


class Step(Section):
    """From which conversion of a month on which share is paid."""

    after: int = Field(ge=0)  # conversions of this event and month that come before
    share: ShareOfPartner


class ShareRule(Section):
    """What a partner gets of an event: one share, or steps by volume."""

    steps: Annotated[tuple[Step, ...], Field(min_length=1)]
    retroactive: bool = False  # the step that a month reached counts for all of it; else each for what is above it

    @property
    def goes_by_volume(self) -> bool:
        """Whether the share of a conversion depends on how many its month has."""
        return len(self.steps) > 1

    @model_validator(mode="after")
    def _rise(self) -> "ShareRule":
        places = [step.after for step in self.steps]
        if places[0] != 0 or places != sorted(set(places)):
            raise ValueError("write steps that begin with after = 0 and rise")
        return self

    def at(self, place: int, count: int) -> str:
        """The share of the conversion at a place (1 is the first) in a month that has so many."""
        reached = count if self.retroactive else place
        return [step.share for step in self.steps if step.after < reached or step.after == 0][-1]


def _rule(value: Any) -> Any:
    """A share alone is one for all conversions."""
    return {"steps": [{"after": 0, "share": _share(value)}]} if isinstance(value, str) else value


def _below(base: str, postback: Any) -> Any:
    """A postback as it is typed, its URL whole."""
    url = postback.get("url") if isinstance(postback, dict) else None
    return {**postback, "url": base + url} if isinstance(url, str) and url.startswith("/") else postback


class Partner(Postbacks):
    """Who gets which share, and when; and what they are told."""

    label: str = ""  # the name on statements
    shares: Annotated[dict[str, Annotated[ShareRule, BeforeValidator(_rule)]], Field(min_length=1)]
    hold: Duration = 0  # so long after it was received a conversion is not payable
    paused: bool = False  # nothing is settled
    password: PasswordHash | None = None  # of their page on the dashboard; without one they have none
    campaigns: tuple[ConfigName, ...] = ()  # of their own: every click of these is theirs
    promotes: tuple[ConfigName, ...] = ()  # others whose URL their page shows
    accept: tuple[str, ...] = ()  # what `partner=` said on clicks that were held, and are theirs all the same
    tracker: str = ""  # the preset of what they track with
    tracker_url: BaseUrl = ""  # where it answers; what a postback's URL is below that begins with /
    key: Secret | None = None  # signs their URLs; without one the secret of the click IDs does

    @model_validator(mode="before")
    @classmethod
    def _below_tracker(cls, given: Any) -> Any:
        if not isinstance(given, dict) or not isinstance(given.get("postbacks"), dict):
            return given
        base = given.get("tracker_url")
        if not isinstance(base, str) or not base:
            return given
        postbacks = {event: _below(base.rstrip("/"), each) for event, each in given["postbacks"].items()}
        return {**given, "postbacks": postbacks}

    @property
    def postback_macros(self) -> frozenset[str]:
        """What the templates of their postbacks may name: nothing of what we pay."""
        return (POSTBACK_MACROS - _OURS) | {ACCOUNT + name for name in self.account}

    @property
    def hash(self) -> str:
        """Of their password, in plain text; empty: they cannot log in."""
        return self.password.get_secret_value() if self.password and not self.paused else ""

    def rule_of(self, event: str) -> ShareRule | None:
        """What they get of an event; None: nothing."""
        return self.shares.get(event) or self.shares.get(ANY_EVENT)


def amount_of(share: str, payout: Decimal, currency: str, *, is_refund: bool) -> tuple[Decimal, str]:
    """What a share of a payout is, in cents (halves away from zero), and in which currency.

    A refund takes a fixed amount back.
    """
    parsed: Share = parse_share(share)
    found, told_in = parsed.of(payout, currency)
    if found == "":
        found, told_in = Decimal(0), currency
    amount = Decimal(found).quantize(_CENT, ROUND_HALF_UP)
    return (-amount if parsed.fixed and is_refund else amount), told_in
