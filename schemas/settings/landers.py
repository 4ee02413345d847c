"""[landers]: pages of ours, or of whoever builds them, that a visitor sees before the offer. Pure."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from schemas.macros import CLICK_MACROS
from schemas.settings.values import ConfigName, Section

LANDER_MACROS = CLICK_MACROS | {"lander"}
"""What a lander's URL may name."""


def _evenly(value: Any) -> Any:
    """Names alone have the same weight."""
    if isinstance(value, str):
        value = [value]
    if isinstance(value, list) and all(isinstance(name, str) for name in value):
        return dict.fromkeys(value, 1)
    if not isinstance(value, Mapping):
        raise ValueError('write the names of landers, like ["quiz"], or their weights, like { quiz = 70, video = 30 }')
    return value


class Lander(Section):
    """A page before the offer. Its button leads to /out/CAMPAIGN."""

    url: str  # a template: schemas.macros


Weight = Annotated[int, Field(ge=0, le=1_000_000)]
Weights = Annotated[dict[ConfigName, Weight], BeforeValidator(_evenly)]
"""Name = weight, among those of one campaign."""
