"""Asks ClickHouse what there is to tell, and of whom it was told before."""

from collections.abc import Mapping

from clickhouse_connect.driver.client import Client

from clickjoin.alerts.rules import Alarm, approvals, losses, steps
from schemas.settings.alerts import Alert
from schemas.settings.file import Settings
from sql import alerts as tables
from sql.reports.ask import ask
from sql.reports.catalogue import REPORTS
from sql.reports.question import Question

_EXACT = 8  # decimals


def alarms_of(client: Client, settings: Settings, now_ms: int) -> list[Alarm]:
    """All that the configured alerts find now, whether it was told before or not."""
    return [alarm for name, alert in settings.alerts.items() for alarm in _found(client, settings, name, alert, now_ms)]


def untold(client: Client, alarms: list[Alarm], alerts: Mapping[str, Alert], now_ms: int) -> list[Alarm]:
    """Those of them that were not told, or so long ago that they may be told again."""
    told = tables.last_told(client)
    return [
        alarm
        for alarm in alarms
        if now_ms - told.get((alarm.alert, alarm.group_key), -alerts[alarm.alert].again) >= alerts[alarm.alert].again
    ]


def _found(client: Client, settings: Settings, name: str, alert: Alert, now_ms: int) -> list[Alarm]:
    if alert.rule == "loss":
        question = Question(
            report=REPORTS["optimise"],
            events=settings.funnel,
            group_by=alert.groups,
            since=now_ms - alert.last_ms,
            until=now_ms,
            decimals=_EXACT,
            filters=tuple(alert.where.items()),
        )
        return list(losses(name, alert, ask(client, question).named()))
    until = now_ms - (alert.within if alert.rule == "step" else 0)
    times = tables.Times(until - alert.last_ms - alert.before, until - alert.last_ms, until)
    if alert.rule == "approval":
        return list(approvals(name, alert, tables.approval(client, alert.groups, alert.where, times)))
    rows = tables.step(client, alert.groups, alert.where, times, alert.event, alert.within)
    return list(steps(name, alert, rows))
