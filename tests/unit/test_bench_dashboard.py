"""The bench of the dashboard asks for the pages that there are."""

from urllib.parse import urlsplit

from bench.dashboard import DASHBOARD, PAGES
from dashboard.render import PAGES as LINKED
from sql.reports.catalogue import REPORTS


def test_every_page_that_is_linked_and_every_report_is_measured() -> None:
    measured = {urlsplit(path).path for path in PAGES.values()}
    assert set(LINKED) <= measured
    assert {f"report_{name}" for name in REPORTS} <= {*PAGES, "report_funnel"}
    assert {f"{name}_ms" for name in PAGES} <= {figure.name for figure in DASHBOARD.figures}
