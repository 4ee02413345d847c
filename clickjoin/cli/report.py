"""`clickjoin report | funnel`: the reports, as a table, JSON, CSV, Parquet, or the statement itself."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clickjoin.cli import report_options as options
from clickjoin.cli import settlement as settled
from clickjoin.cli.clickhouse import clickhouse
from clickjoin.cli.files import print_pieces, write_file
from clickjoin.cli.options import (
    DEFAULT_DATA,
    DEFAULT_FILE,
    WRONG,
    ConfigOption,
    DataOption,
    JsonOption,
    fail,
    load_for,
)
from clickjoin.cli.output import print_json
from clickjoin.cli.reconcile import Asked, reconcile
from clickjoin.cli.report_options import RECONCILE, SETTLEMENT, Choices
from clickjoin.source_lists import FORMS, VERDICTS, values_of, written
from schemas.settings.file import Settings
from sql.reports.question import CUT, KEEP
from sql.reports.rates import NoRateError

if TYPE_CHECKING:
    from sql.reports.ask import Answer
    from sql.reports.question import Question

Name = Annotated[str, typer.Argument(metavar="NAME", help="funnel, time, revenue, cohorts, ltv, approval, …")]


@dataclass(frozen=True)
class _Form:
    """What the answer is wanted as: a table where nothing else is."""

    as_json: bool
    as_csv: bool
    parquet: Path | None
    sql: bool
    listed: str = ""  # which list of optimise
    form: str = ""  # of that list


def report(
    name: Name,
    file: options.Statement = None,
    config: ConfigOption = DEFAULT_FILE,
    data: DataOption = DEFAULT_DATA,
    since: options.From = "",
    until: options.To = "",
    group_by: options.GroupBy = "",
    by: options.By = "",
    status: options.Status = "",
    event: options.Event = "",
    strict: options.Strict = False,
    tests: options.Tests = False,
    bots: options.Bots = False,
    zone: options.Zone = "UTC",
    decimals: options.Decimals = 2,
    period: options.Period = "30d",
    as_json: JsonOption = False,
    as_csv: options.Csv = False,
    parquet: options.Parquet = None,
    sql: options.Sql = False,
    network: options.Network = "",
    source: options.Source = "",
    mapped: options.Map = None,
    said: options.Set = None,
    where: options.Where = None,
    currency: options.Currency = "",
    keep: options.Keep = KEEP,
    cut: options.Cut = CUT,
    listed: options.List = "",
    list_form: options.Form = "",
    partner: settled.Partner = "",
    month: settled.Month = "",
    page: settled.Html = None,
) -> None:
    """Answer a question: funnel, time, revenue, cohorts, ltv, approval, latency, quality, offers, optimise …"""
    form = _Form(as_json, as_csv, parquet, sql, listed, list_form)
    if name == RECONCILE:
        asked = Asked(file, network, source, tuple(mapped or ()), tuple(said or ()))
        _compare(config, asked, (since, until, zone), form)
        return
    if name == SETTLEMENT:
        settled.settlement(config, data, partner, month, as_json=as_json, as_csv=as_csv, page=page)
        return
    if partner or month or page:
        fail(f"--partner, --month and --html are of `report {SETTLEMENT}`", WRONG)
    if file or network or source or mapped or said:
        fail(f"FILE, --network, --source, --map and --set are of `report {RECONCILE}`", WRONG)
    choices = Choices(since, until, group_by, by, status, event, strict, tests, bots, zone, decimals, period)
    choices = replace(choices, where=tuple(where or ()), keep=keep, cut=cut, currency=currency)
    _run(name, config, data, choices, form)


def funnel(
    config: ConfigOption = DEFAULT_FILE,
    data: DataOption = DEFAULT_DATA,
    since: options.From = "",
    until: options.To = "",
    group_by: options.GroupBy = "",
    by: options.By = "",
    status: options.Status = "",
    event: options.Event = "",
    strict: options.Strict = False,
    tests: options.Tests = False,
    bots: options.Bots = False,
    zone: options.Zone = "UTC",
    decimals: options.Decimals = 2,
    as_json: JsonOption = False,
    as_csv: options.Csv = False,
    parquet: options.Parquet = None,
    sql: options.Sql = False,
    where: options.Where = None,
    currency: options.Currency = "",
) -> None:
    """Show the funnel: the clicks, and of each event how many of them reached it. The same as `report funnel`."""
    choices = Choices(since, until, group_by, by, status, event, strict, tests, bots, zone, decimals)
    choices = replace(choices, where=tuple(where or ()), currency=currency)
    _run("funnel", config, data, choices, _Form(as_json, as_csv, parquet, sql))


def _compare(config: Path, asked: Asked, typed: tuple[str, str, str], form: _Form) -> None:
    since, until, zone = typed
    settings = load_for("report", config, quiet=True)
    if form.parquet or form.sql or (form.as_json and form.as_csv):
        fail(f"of --json, --csv, --parquet and --sql {RECONCILE} knows --json or --csv", WRONG)
    try:
        time = options.time_between(since, until, options.utc_now().astimezone(options.zone_named(zone)))
    except ValueError as error:
        fail(str(error), WRONG)
    reconcile(settings, asked, time, as_json=form.as_json, as_csv=form.as_csv)


def _run(name: str, config: Path, data: Path, choices: Choices, form: _Form) -> None:
    settings = load_for("report", config, catalogue=data, quiet=True)
    from sql.reports import ask

    if sum(map(bool, (form.as_json, form.as_csv, form.parquet, form.sql))) > 1:
        fail("write one of --json, --csv, --parquet and --sql", WRONG)
    try:
        question = options.question(name, choices, settings, options.utc_now())
        _check_list(question, form)
    except ValueError as error:
        fail(str(error), WRONG)
    if form.sql:
        typer.echo(ask.shown(question))
        return
    try:
        _answer(settings, question, form)
    except NoRateError as error:
        fail(str(error), WRONG)


def _answer(settings: Settings, question: "Question", form: _Form) -> None:
    """Ask, and print. Raises NoRateError."""
    from sql.reports import ask

    with clickhouse(settings) as client:
        if form.as_csv:
            print_pieces(ask.stream(client, question, "CSVWithNames"))
        elif form.parquet:
            write_file(ask.stream(client, question, "Parquet"), form.parquet)
        elif form.listed:
            _print_list(question, ask.ask(client, question), form)
        else:
            _show(question, ask.ask(client, question), as_json=form.as_json)


def _check_list(question: "Question", form: _Form) -> None:
    """Raises ValueError where there is no such list."""
    if not form.listed:
        if form.form:
            raise ValueError("--form is of --list black or --list white")
        return
    if form.listed not in VERDICTS:
        raise ValueError(f"no list {form.listed!r}: there are {', '.join(VERDICTS)}")
    if form.form and form.form not in FORMS:
        raise ValueError(f"no form {form.form!r}: there are {', '.join(FORMS)}")
    if question.report.name != "optimise":
        raise ValueError("only optimise has a black and a white list")
    if len(question.group_by) != 1:
        raise ValueError("a list is of one dimension: --group-by placement, for example")
    if form.as_json or form.as_csv or form.parquet:
        raise ValueError("--list has forms of its own: --form lines, comma or json")


def _print_list(question: "Question", answer: "Answer", form: _Form) -> None:
    (dimension,) = question.group_by
    listed = written(values_of(answer.named(), dimension, form.listed), form.form or FORMS[0])
    if listed.text:
        typer.echo(listed.text)
    if listed.left_out:
        named = ", ".join(map(repr, listed.left_out[:5]))
        typer.echo(f"left out, as this form cannot hold them: {named} ({len(listed.left_out)} in all)", err=True)


def _show(question: "Question", answer: "Answer", *, as_json: bool) -> None:
    if as_json:
        print_json(answer.named())
        return
    from clickjoin.cli.report_table import print_report

    print_report(question.report, answer)
