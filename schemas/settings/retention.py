"""[clickhouse.retention]: how long the tables keep rows. Pure."""

from typing import Annotated

from pydantic import AfterValidator, model_validator

from schemas.settings.values import Duration, Section

_DAY_MS = 86_400_000
LEAST_DAYS = 14


def _days(span: int) -> int:
    if span % _DAY_MS or span < LEAST_DAYS * _DAY_MS:
        raise ValueError(f'write whole days, {LEAST_DAYS} at least (the join asks the tables from 7 on): "400d"')
    return span


Kept = Annotated[Duration, AfterValidator(_days)]


class Retention(Section):
    """Of each table; what is left out is kept for ever. `migrate` and `up` apply it."""

    clicks: Kept | None = None
    conversions: Kept | None = None
    postbacks: Kept | None = None
    deliveries: Kept | None = None
    invalid: Kept | None = None
    costs: Kept | None = None

    @model_validator(mode="after")
    def _clicks_go_first(self) -> "Retention":
        """Who finds the click must find what was decided about it, or a repeat would be credited a second time."""
        for table, kept in (("conversions", self.conversions), ("postbacks", self.postbacks)):
            if kept is not None and (self.clicks is None or self.clicks > kept):
                raise ValueError(
                    f"{table} must be kept at least as long as clicks: give clicks at most {kept // _DAY_MS}d"
                )
        return self

    @property
    def days(self) -> dict[str, int | None]:
        """By table."""
        spans = {name: getattr(self, name) for name in type(self).model_fields}
        return {name: None if span is None else span // _DAY_MS for name, span in spans.items()}
