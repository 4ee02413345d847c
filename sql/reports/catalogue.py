"""The reports there are, the question that each answers, and what it can be asked. Pure."""

from dataclasses import dataclass
from typing import Literal

from schemas.values import STATUSES, Status
from sql.reports.dimensions import DIMENSIONS, EVENT, OF_TIME

Date = Literal["click", "conversion"]
"""Which moment says whether and when something counts: of the click, or of the conversion."""
DATES: tuple[Date, ...] = ("click", "conversion")

Events = Literal["steps", "all", "lasting"]
"""The events that count where none are named: the configured steps, whatever there is, or the last that repeats."""


@dataclass(frozen=True)
class Report:
    """A report: `name` is that of its SQL file. Nothing in it depends on what is configured."""

    name: str
    question: str
    statuses: tuple[Status, ...]  # that count where none are named; none: it goes by no status
    events: Events
    dates: tuple[Date, ...] = DATES  # none: it goes by the moment a postback was received, or something was told
    dimensions: tuple[str, ...] = DIMENSIONS
    group_by: tuple[str, ...] = ()  # where nothing is named


_FUNNEL = Report("funnel", "How many clicks reached each step?", ("pending", "approved"), "steps")
_TIME = Report("time", "How long after the click does each event happen?", ("pending", "approved"), "steps")
_REVENUE = Report("revenue", "What do clicks cost, and what do they bring?", ("approved",), "all")
_COHORTS = Report("cohorts", "How many subscribers of a week stay?", ("approved",), "lasting")
_LTV = Report("ltv", "What has a click brought after so many days?", ("approved",), "all")
_APPROVAL = Report(
    "approval",
    "How much of what a network reports does it approve, and how soon?",
    STATUSES,
    "all",
    dimensions=(*DIMENSIONS, EVENT),
    group_by=("network",),
)
_LATENCY = Report(
    "latency",
    "How long do postbacks wait for their outcome, and sources until they are told?",
    (),
    "all",
    dates=(),
    dimensions=("source", EVENT, *OF_TIME),
)
_QUALITY = Report(
    "quality",
    "What becomes of the postbacks that networks send?",
    (),
    "all",
    dates=(),
    dimensions=("network", "source", "campaign", "offer", "partner", EVENT, *OF_TIME),
    group_by=("network",),
)

_OFFERS = Report(
    "offers",
    "What is a click worth at each offer, to everybody who could have been sent there?",
    ("pending", "approved"),
    "all",
    dates=("click",),
    dimensions=tuple(name for name in DIMENSIONS if name not in ("offer", "network")),
    group_by=("campaign",),
)

_OPTIMISE = Report(
    "optimise",
    "What loses money, what earns it, and how sure is that?",
    ("pending", "approved"),
    "steps",
    dates=("click",),
    group_by=("source",),
)

OVERVIEW = Report("overview", "What do the first page's hours say?", ("pending", "approved"), "steps")
"""No report that one asks for by its name: what `funnel` and `revenue` say, in one reading."""

REPORTS = {
    report.name: report
    for report in (
        *(_FUNNEL, _TIME, _REVENUE, _COHORTS, _LTV, _APPROVAL, _LATENCY, _QUALITY),
        *(_OFFERS, _OPTIMISE),
    )
}


def report_named(name: str, *others: str) -> Report:
    """Raises ValueError, listing the reports and the `others` that there are, where there is none of that name."""
    if name not in REPORTS:
        raise ValueError(f"no report {name!r}: there are {', '.join((*REPORTS, *others))}")
    return REPORTS[name]
