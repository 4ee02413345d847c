"""[sources]: who sold the click, and how it is told about events. Pure."""

from typing import Annotated, Literal

from pydantic import Field

from schemas.settings.secrets import Secret
from schemas.settings.values import Duration, ParameterNames, Section
from schemas.values import Status

ANY_EVENT = "*"
SUBS = tuple(f"sub{number}" for number in range(1, 11))
CLICK_WORDS = (
    *("placement", "creative", "source_campaign", "keyword", "country", "device", "os", "browser"),
    *("cost", "currency", "ip", "user_agent", "clicked_at"),
    *SUBS,
)
"""What we read from a source's click, besides its own click ID."""


class SourcePostback(Section):
    """How a source is told about one event ("*" for any)."""

    url: str  # a template: schemas.macros
    method: Literal["GET", "POST"] = "GET"
    statuses: Annotated[tuple[Status, ...], Field(min_length=1)] = ("approved",)
    max_click_age: Duration | None = None


class Source(Section):
    """A traffic source: what its parameters on our click URL mean, and its postbacks."""

    preset: str = "generic"
    click_id_param: str = ""  # their parameter that carries their click ID
    params: dict[str, ParameterNames] = {}  # our word (CLICK_WORDS) = their parameter, or several: the first present
    key: Secret | None = None  # for clicks that they record server to server
    postbacks: dict[str, SourcePostback] = {}
