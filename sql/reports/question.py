"""A question to a report: its statement, and the parameters that the server binds. Pure.

What stands in the statement's text are names of dimensions, which come from a closed list; every value is bound.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from string import Template
from typing import Any

from schemas.values import STATUSES
from sql.reports.catalogue import Date, Report
from sql.reports.dimensions import OF_BILLS, OF_CLICK, OF_CLICK_DAYS, OF_WHOLE_DAYS, expression
from sql.reports.rates import Into, into_parameters

DAY_MS = 86_400_000
_BEGIN, _END = 0, 9_000_000_000_000  # milliseconds: 1970, and 2255
_PARAMETER = re.compile(r"\{(\w+):\w")
KEEP, CUT = 0.2, 0.95
"""At most and at least so likely does it lose money what is to be kept, and what is to be cut."""
_DAY_0 = date(1970, 1, 1)
_AGES = (1, 7, 14, 30, 60, 90, 180, 365)


@dataclass(frozen=True)
class Question:
    """What is asked of a report. Raises ValueError, which says what there is, for what the report does not know."""

    report: Report
    events: Sequence[str] = ()  # that count, in the order of the steps; none: all
    group_by: tuple[str, ...] = ()
    since: int = _BEGIN  # milliseconds, the first that counts
    until: int = _END  # the first that does not count any more
    by: Date | None = None
    statuses: tuple[str, ...] | None = None
    strict: bool = False  # the steps of the funnel in their order
    tests: bool = False  # also what is marked as a test
    bots: bool = False  # also what looks like a robot
    zone: str = "UTC"
    decimals: int = 2  # of a sum of money
    period_ms: int = 30 * DAY_MS  # of a subscription
    now: int = _END  # milliseconds: how old everything is by now
    keep: float = KEEP  # of optimise
    cut: float = CUT
    into: Into | None = None  # the one currency that money is told in; None: each in its own
    filters: tuple[tuple[str, str], ...] = ()  # only where a fact of the click, by its name, has this value
    split: int | None = None  # milliseconds: what was `earlier` than that is apart from the rest
    most: int = 0  # groups of the funnel: those with the most clicks, `among` how many, and all as a `whole`; 0: all
    skip: int = 0  # that many of those

    def __post_init__(self) -> None:
        report = self.report
        _check(f"{report.name} has no dimension", self.group_by, report.dimensions)
        _check(f"{report.name} cannot be filtered by", [name for name, _ in self.filters], filterable(report))
        _check("no status", self.statuses or (), STATUSES)
        if self.statuses is not None and not report.statuses:
            raise ValueError(f"{report.name} goes by no status")
        if self.by is not None and self.by not in report.dates:
            known = f"by {' or '.join(report.dates)}" if report.dates else "neither by click nor by conversion"
            raise ValueError(f"{report.name} is dated {known}")
        if self.strict and report.name != "funnel":
            raise ValueError("only the funnel knows strict order")
        if (self.keep, self.cut) != (KEEP, CUT) and report.name != "optimise":
            raise ValueError("only optimise says keep and cut")
        if not 0 <= self.keep < self.cut <= 1:
            raise ValueError(f"keep {self.keep:g} and cut {self.cut:g}: write probabilities, keep below cut")
        if (self.most, self.skip) != (0, 0) and report.name != "funnel":
            raise ValueError("only the funnel is asked for some of its groups")
        if not self.events and report.events == "lasting":
            raise ValueError(f"{report.name} needs events, and none are configured")

    @property
    def is_page(self) -> bool:
        """Whether some of the groups are asked for, with what all of them come to."""
        return self.most > 0 and bool(self.group_by)

    @property
    def counted(self) -> tuple[str, ...]:
        """The statuses that count."""
        return self.report.statuses if self.statuses is None else self.statuses


def filterable(report: Report) -> tuple[str, ...]:
    """The dimensions of which a report can be asked for one value."""
    return tuple(name for name in report.dimensions if name in OF_CLICK)


def reads_days(question: Question) -> bool:
    """Whether all that it asks of clicks stands in the table `click_days` too."""
    asked = {*question.group_by, *(name for name, _ in question.filters)}
    return question.split is None and asked <= {*OF_CLICK_DAYS, *(OF_WHOLE_DAYS if question.zone == "UTC" else ())}


@dataclass(frozen=True)
class Known:
    """What the tables were found to hold before a report is asked of them (known.sql, billed.sql)."""

    billed: bool  # bills name days of this time
    refreshed_at: int = 0  # milliseconds: when `click_days` was made; 0: it is not to be read
    first_day: date = _DAY_0  # the first of `click_days` that is whole in this time
    end_day: date = _DAY_0  # the first that is not any more
    read_days: tuple[date, ...] = ()  # by the day in the click ID: of these the rows are read


def parts_of(question: Question, known: Known | None = None) -> dict[str, str]:
    """Of what stands in files of their own, those that the statement needs; `known` is unknown: all that may count."""
    by_day = known is not None and known.refreshed_at > 0 and reads_days(question)
    return {
        "CLICK_COSTS": "click_costs" if known is None or known.billed else "click_own_costs",
        "OWN_CELLS": "own_cells_by_day" if by_day else "own_cells",
        "READ_DAYS": "read_days" if by_day else "",
        "RATES": "rates" if question.into else "no_rates",
        "STRICT": "strict" if question.strict else "",
        "REACHED": "reached_page" if question.is_page else "reached",
    }


def text_of(question: Question, file: str) -> str:
    """The statement: `file`, the text of the report's file, grouped by the dimensions that are asked for."""
    dimensions = [(name, expression(name)) for name in question.group_by]
    if question.split is not None:
        dimensions.append(("earlier", "at < fromUnixTimestamp64Milli({split:Int64}) AS earlier"))
    text = Template(file).substitute(
        DIMENSIONS="".join(f"{said}, " for _, said in dimensions),
        GROUPS="".join(f"{name}, " for name, _ in dimensions),
        **_page(question, [name for name, _ in dimensions]),
        FACTS=", ".join(f"if(has(billed_by, '{name}'), toString({name}), '')" for name in OF_BILLS),
        FACT_NAMES=", ".join(f"'{name}'" for name in OF_BILLS),
        FILTERS="".join(f" AND {name} = {{filter_{at}:String}}" for at, (name, _) in enumerate(question.filters)),
    )
    return re.sub(r" +$\n?", lambda found: "\n" if text[found.start() - 1] != "\n" else "", text, flags=re.MULTILINE)


def parameters_of(question: Question, text: str, known: Known | None = None) -> dict[str, Any]:
    """The parameters that stand in the statement, by name: {name:Type}. The server binds them."""
    values = {
        "since": question.since,
        "until": question.until,
        "zone": question.zone,
        "by": question.by or "click",
        "events": list(question.events),
        "statuses": list(question.counted),
        "strict": question.strict,
        "tests": question.tests,
        "bots": question.bots,
        "decimals": question.decimals,
        "period": question.period_ms,
        "now": question.now,
        "days": list(_AGES),
        **into_parameters(question.into),
        "keep": question.keep,
        "cut": question.cut,
        "split": question.split,
        "most": question.most,
        "skip": question.skip,
    } | {f"filter_{at}": value for at, (_, value) in enumerate(question.filters)}
    if known is not None:
        values |= {"refreshed_at": known.refreshed_at, "read_days": list(known.read_days)}
        values |= {"first_day": known.first_day, "end_day": known.end_day}
    return {name: values[name] for name in sorted(set(_PARAMETER.findall(text)))}


def runnable(text: str, parameters: Mapping[str, Any]) -> str:
    """The statement with its parameters as SET statements before it, as clickhouse-client takes them."""
    lines = [f"SET param_{name} = {_literal(value)};" for name, value in parameters.items()]
    return "\n".join([*lines, text])


def _page(question: Question, names: Sequence[str]) -> dict[str, str]:
    """What stands in the statement where some of the groups are asked for, and all of them together."""
    sets = {"SETS": ("step", "currency"), "EVENT_SETS": ("event", "currency")}
    each = {word: ", ".join([*names, *of_group]) for word, of_group in sets.items()}
    if not question.is_page:
        return each | dict.fromkeys(("IS_WHOLE", "WHOLE", "WHOLE_FIRST", "PAGE", "NAMES"), "")
    return {
        **{word: f"GROUPING SETS (({each[word]}), ({', '.join(of_group)}))" for word, of_group in sets.items()},
        "IS_WHOLE": f"toBool(grouping({names[0]})) AS whole, ",
        "WHOLE": "whole, ",
        "WHOLE_FIRST": "whole DESC, ",
        "PAGE": "whole, among, ",
        "NAMES": ", ".join(names),
    }


def _literal(value: Any) -> str:
    if isinstance(value, list):
        shown = "[" + ", ".join(_quoted(one) if isinstance(one, str) else str(one) for one in value) + "]"
    else:
        shown = str(value).lower() if isinstance(value, bool) else str(value)
    return _quoted(shown)


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _check(what: str, names: Sequence[str], known: Sequence[str]) -> None:
    for name in names:
        if name not in known:
            raise ValueError(f"{what} {name!r}: there are {', '.join(known)}")
    if len(set(names)) < len(names):
        raise ValueError(f"{', '.join(names)}: one of them is there twice")
