"""[[campaigns.NAME.offers]], trafficback, optimise: which of a campaign's offers a visitor is sent to. Pure.

Nothing here goes by whether the visitor is a robot or a reviewer: whoever asks is told the same.
"""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from schemas.settings.hours import Hours, parse_hours
from schemas.settings.networks import one_or_many
from schemas.settings.values import ConfigName, CurrencyCode, Section

TRAITS = {
    "country": "countries",
    "region": "regions",
    "device": "devices",
    "os": "os",
    "browser": "browsers",
    "language": "languages",
    "isp": "isps",
    "connection_type": "connection_types",
}
"""What a rule may go by: our word for it on the click = its key in the rule."""
NOT = "!"
"""Before a value of a rule: anything but this."""
EPC, CONVERSION = "epc", "conversion:"
"""What an optimised campaign goes by: what a click earns, or how many of one event it brings."""

Segment = Literal["country", "device", "os", "browser"]
"""What a campaign may be optimised by: what conversions have a column of, too."""
Words = Annotated[tuple[Annotated[str, Field(min_length=1, max_length=128)], ...], BeforeValidator(one_or_many)]
"""Values in any case: one of them is wanted; "!DE" is anything but that, an unknown one included."""
HoursText = Annotated[Hours, BeforeValidator(parse_hours)]


def _moment(value: Any) -> datetime:
    try:
        return value if isinstance(value, datetime) else datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise ValueError(f'{value!r} is no moment: write "2026-11-20T22:00", or with a zone "…+01:00"') from None


Moment = Annotated[datetime, BeforeValidator(_moment)]
"""A moment; where it names no zone, in the campaign's."""


class OfferRule(Section):
    """An offer of a campaign, and which visitors it is for: whoever fits everything that is written."""

    offer: ConfigName
    weight: float = Field(1, ge=0, le=1_000_000, allow_inf_nan=False)  # among the offers that fit
    rank: int = Field(1, ge=1, le=99)  # asked only where no offer of a lower rank fits
    countries: Words = ()  # empty: any, as of all of these
    regions: Words = ()
    devices: Words = ()
    os: Words = ()
    browsers: Words = ()
    languages: Words = ()
    isps: Words = ()
    connection_types: Words = ()
    hours: Annotated[tuple[HoursText, ...], BeforeValidator(one_or_many)] = ()
    start: Moment | None = None
    end: Moment | None = None  # the first moment that it is over
    paused: bool = False
    daily_clicks: int | None = Field(None, ge=0)  # soft caps, of this offer in this campaign
    daily_conversions: int | None = Field(None, ge=0)  # neither rejected nor a refund, by the day of the conversion
    cap_event: str = ""  # the event whose conversions count; empty: any

    @model_validator(mode="before")
    @classmethod
    def _name_alone(cls, value: Any) -> Any:
        return {"offer": value} if isinstance(value, str) else value

    def wanted(self, trait: str) -> tuple[str, ...]:
        """What is written of a trait."""
        found: tuple[str, ...] = getattr(self, TRAITS[trait])
        return found

    @property
    def is_always(self) -> bool:
        """Whether it fits every visitor at every moment."""
        caps = (self.daily_clicks, self.daily_conversions)
        is_limited = self.paused or self.hours or self.start or self.end or caps != (None, None)
        return not is_limited and not any(self.wanted(trait) for trait in TRAITS)


class Trafficback(Section):
    """Where visitors go whom no offer fits: another offer, or a third party's URL and whose postbacks tell of them."""

    offer: str = ""
    url: str = ""
    network: str = ""

    @model_validator(mode="before")
    @classmethod
    def _name_alone(cls, value: Any) -> Any:
        return {"offer": value} if isinstance(value, str) else value


class Optimise(Section):
    """Which offer fits best is learnt from what ClickHouse says."""

    by: str  # "epc", or "conversion:EVENT"
    days: int = Field(14, ge=1, le=365)  # of clicks that are looked at
    segments: Annotated[tuple[Segment, ...], BeforeValidator(one_or_many)] = ("country", "device")
    explore: float = Field(0.05, ge=0.001, le=1)  # the share of visitors who are spread evenly, whatever was learnt
    currency: CurrencyCode = ""  # of the payouts that count; empty: that of the campaign's cost

    @model_validator(mode="before")
    @classmethod
    def _goal_alone(cls, value: Any) -> Any:
        return {"by": value} if isinstance(value, str) else value

    @property
    def event(self) -> str:
        """The event that counts; empty: what is earned."""
        return self.by.removeprefix(CONVERSION) if self.by.startswith(CONVERSION) else ""
