"""One dashboard over a small known set of rows, for all tests of its pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from clickhouse_connect.driver.client import Client
from playwright.sync_api import Browser

from dashboard.passwords import hashed
from sql.connect import connect
from tests.browser import Tab, chromium, new_tab
from tests.contracts.clickhouse_front import FrontProcess
from tests.contracts.sink_records import dsn_of
from tests.dashboard_process import DashboardProcess
from tests.support.dashboard_rows import NOW, two_days
from tests.support.report_rows import load

__all__ = ["chromium"]
PASSWORD = "correct horse battery"


def partner_of_spring() -> str:
    """bob: every click of the campaign is his."""
    return (
        f'[partners.bob]\nlabel = "Bob & Sons"\npassword = "{hashed(PASSWORD)}"\ncampaigns = ["spring"]\n'
        'shares = { "*" = "50%" }\n'
    )


def users() -> str:
    """anna, who may act, and ben, who may read; with the tokens aaa… and rrr…"""
    return "".join(
        f'[dashboard.users.{name}]\npassword = "{hashed(PASSWORD)}"\nrole = "{role}"\ntoken = "{role[0] * 24}"\n'
        for name, role in (("anna", "act"), ("ben", "read"))
    )


@dataclass
class Scene:
    """The database, and the dashboard that reads it."""

    client: Client
    dsn: str
    dashboard: DashboardProcess


@pytest.fixture(scope="session")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Filled with two days."""
    folder = tmp_path_factory.mktemp("dashboard")
    with FrontProcess(folder / "clickhouse") as front:
        dsn = dsn_of(front.clickhouse, "clickjoin")
        client = connect(dsn)
        load(client, two_days())
        with DashboardProcess(folder, dsn) as dashboard:
            yield Scene(client, dsn, dashboard)
        client.close()


@pytest.fixture(scope="session")
def guarded(scene: Scene, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DashboardProcess]:
    """Another dashboard, a year later, when there is nothing new; for anna, ben, and bob, who is a partner."""
    folder = tmp_path_factory.mktemp("guarded")
    with DashboardProcess(folder, scene.dsn, users() + partner_of_spring(), NOW + timedelta(days=365)) as dashboard:
        yield dashboard


@pytest.fixture
def tab(chromium: Browser, scene: Scene) -> Iterator[Tab]:
    """A window; at the end nothing was done in it that no page of ours may do, and nothing hostile has run."""
    opened = new_tab(chromium, scene.dashboard.url)
    yield opened
    assert opened.wrong == []
    assert opened.page.evaluate("window.hurt") is None
    opened.page.context.close()


@pytest.fixture
def opened(chromium: Browser, scene: Scene) -> Iterator[Callable[..., Tab]]:
    """Windows of other kinds: `opened(phone=True, dark=True)`."""
    tabs: list[Tab] = []

    def make(**kind: bool) -> Tab:
        tabs.append(new_tab(chromium, scene.dashboard.url, **kind))
        return tabs[-1]

    yield make
    for one in tabs:
        one.page.context.close()
