"""Pictures of the dashboard's pages for README and docs: python -m tests.screenshots FOLDER."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from sql.connect import connect
from tests.browser import ARGUMENTS, MISSING, WHERE, new_tab
from tests.contracts.clickhouse_front import FrontProcess
from tests.contracts.sink_records import dsn_of
from tests.dashboard_process import DashboardProcess
from tests.support.dashboard_rows import FORMULA, MARKUP, two_days
from tests.support.report_rows import Rows, load

PAGES = {
    "overview": ("/", {}),
    "overview-phone": ("/", {"phone": True, "dark": True}),
    "funnel": ("/funnel?group_by=campaign,country&sort=-clicks", {}),
    "live": ("/live", {"dark": True}),
    "click": ("/click?id=theirs-5", {}),
    "deliveries": ("/deliveries", {}),
    "invalid": ("/invalid", {}),
    "campaigns": ("/catalogue", {}),
    "set-up": ("/set-up", {}),
}
"""By the name of its file: the address, and the window."""
_UNTIL = {"/": ".findings li", "/live": "#live tr"}


def peaceful(rows: Rows) -> Rows:
    """The rows without what is hostile in them."""
    return {
        table: [{name: _peaceful(value) for name, value in row.items()} for row in of] for table, of in rows.items()
    }


def _peaceful(value: Any) -> Any:
    if isinstance(value, dict):
        return {_peaceful(name): _peaceful(one) for name, one in value.items()}
    return value.replace(MARKUP, "x").replace(FORMULA, "banner-3") if isinstance(value, str) else value


def main(folder: Path) -> None:
    path = next(filter(None, map(shutil.which, WHERE)), None)
    if path is None:
        sys.exit(MISSING)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, FrontProcess(Path(scratch) / "clickhouse") as front:
        dsn = dsn_of(front.clickhouse, "clickjoin")
        client = connect(dsn)
        load(client, peaceful(two_days()))
        client.close()
        with DashboardProcess(Path(scratch), dsn, well=True) as dashboard, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
            for name, (address, window) in PAGES.items():
                tab = new_tab(browser, dashboard.url, **window)
                tab.open(address).locator(_UNTIL.get(address, "main h1")).first.wait_for()
                tab.page.screenshot(path=folder / f"{name}.png")
                tab.page.context.close()
            browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
