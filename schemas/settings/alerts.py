"""[alerts]: what is looked for in the figures, and who is told. Pure."""

from typing import Literal

from pydantic import Field

from schemas.settings.values import ConfigName, Duration, MoneyText, Section

DIMENSIONS = (
    *("campaign", "source", "offer", "network", "country", "device", "os", "browser"),
    *("placement", "creative", "source_campaign", "keyword", "lander", "partner"),
    *(f"sub{number}" for number in range(1, 11)),
)
"""Facts of a click that an alert may go by."""

_DAY = 86_400_000
_BY = {"loss": ("source", "placement"), "approval": ("network",), "step": ("campaign",)}
_LAST = {"loss": 7 * _DAY, "approval": 3 * _DAY, "step": _DAY}


class Alert(Section):
    """One thing to look for. Keys that its rule does not go by must not be given (schemas.settings.alert_problems)."""

    rule: Literal["loss", "approval", "step"]
    webhook: ConfigName
    by: tuple[str, ...] = ()  # each combination of values is looked at by itself; empty: as the rule has it
    where: dict[str, str] = {}  # only clicks with these values
    last: Duration | None = None  # the time that is looked at, up to now
    probability: float = Field(0.95, gt=0, lt=1)  # that it loses money, or that the rate fell so far
    spent: MoneyText | None = None  # loss: at least
    before: Duration = 28 * _DAY  # approval, step: the time before, which it is compared with
    fell: float = Field(0.25, gt=0, lt=1)  # approval, step: by more than this share of what it was
    least: int = Field(50, ge=1)  # approval, step: decided conversions, or clicks, in each of both times
    event: str = ""  # step: the event
    within: Duration = _DAY  # step: it counts if it came so soon after its click
    again: Duration = 7 * _DAY  # so long it is not told again

    @property
    def groups(self) -> tuple[str, ...]:
        """The dimensions by which it looks."""
        return self.by or _BY[self.rule]

    @property
    def last_ms(self) -> int:
        """The length of the time that is looked at."""
        return self.last or _LAST[self.rule]
