"""What a report can be grouped by: a closed list of names, and how each is read from a row. Pure."""

OF_TIME = {
    "hour": "toStartOfHour(at)",
    "day": "toDate(at)",
    "week": "toMonday(at)",
    "month": "toStartOfMonth(at)",
    "weekday": "toDayOfWeek(at)",
    "hour_of_day": "toHour(at)",
}
"""Of the moment `at` that a report dates its rows by, in the asked time zone. Monday is weekday 1."""

OF_WHOLE_DAYS = ("day", "week", "month", "weekday")
"""Of these, those that a day in UTC has one of."""

OF_CLICK = (
    *("campaign", "source", "offer", "network", "country", "device", "os", "browser"),
    *("placement", "creative", "source_campaign", "keyword", "lander", "partner"),
    *(f"sub{number}" for number in range(1, 11)),
)
"""Facts of the click; the network of a conversion is the one that reported it."""

OF_BILLS = tuple(name for name in OF_CLICK if name != "partner")
"""Those by which a source may bill: what it knows of its clicks."""

OF_CLICK_DAYS = ("campaign", "source", "offer", "network", "country", "device")
"""Those by which the table `click_days` has what clicks came to."""

DIMENSIONS = (*OF_CLICK, *OF_TIME)
EVENT = "event"
"""Of what is no click."""


def expression(dimension: str) -> str:
    """How a dimension is read from a row. Raises ValueError for one that does not exist."""
    if dimension in OF_TIME:
        return f"{OF_TIME[dimension]} AS {dimension}"
    if dimension not in (*OF_CLICK, EVENT):
        raise ValueError(f"no dimension {dimension!r}: there are {', '.join((*DIMENSIONS, EVENT))}")
    return dimension
