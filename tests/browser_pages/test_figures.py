"""The overview and the reports in a real Chromium: their figures are those of the tables, and nothing hostile runs."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from urllib.parse import parse_qs, quote, urlsplit

from playwright.sync_api import Browser, expect

from dashboard.render import PAGES
from tests.browser import PATIENCE_MS, Tab, new_tab
from tests.browser_pages.conftest import PASSWORD, Scene
from tests.dashboard_process import DashboardProcess
from tests.support.dashboard_rows import FORMULA, MARKUP, MIDNIGHT, NOW

expect.set_options(timeout=PATIENCE_MS)
TODAY = f"BETWEEN '{MIDNIGHT:%F %T}' AND '{NOW:%F %T}'"


def tiles(tab: Tab) -> dict[str, str]:
    """The words and the figures at the top."""
    page = tab.open("/")
    words, figures = page.locator(".tile dt").all_inner_texts(), page.locator(".tile b").all_inner_texts()
    return dict(zip(words, figures, strict=True))


def test_the_tiles_are_what_the_tables_say_of_today(tab: Tab, scene: Scene) -> None:
    ask = scene.client.query
    clicks, cost = ask(f"SELECT count(), sum(cost) FROM clicks FINAL WHERE clicked_at {TODAY}").result_rows[0]
    of_today = f"FROM conversions FINAL WHERE occurred_at {TODAY}"
    counted = ask(f"SELECT event, count() {of_today} AND status != 'rejected' GROUP BY event").result_rows
    events = {str(event): int(count) for event, count in counted}
    (revenue,) = ask(f"SELECT sum(payout) {of_today} AND status = 'approved'").result_rows[0]
    shown = tiles(tab)
    assert shown["clicks"] == str(clicks)
    assert {event: shown[event] for event in events} == {event: str(count) for event, count in events.items()}
    assert len(events) == 3
    assert shown["cost"] == f"{cost:.2f}"
    assert shown["revenue"] == f"{revenue:.2f}"
    assert shown["ROI"] == f"{(revenue - cost) / cost:.1%}"


def test_the_chart_is_drawn_and_shows_what_is_chosen(tab: Tab) -> None:
    page = tab.open("/")
    expect(page.locator(".chart canvas")).to_be_visible()
    page.get_by_role("button", name="revenue").click()
    expect(page.get_by_role("button", name="revenue")).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".chart canvas")).to_have_count(1)


def test_what_needs_attention_is_told_by_its_weight(tab: Tab) -> None:
    page = tab.open("/")
    found = page.locator(".findings li")
    expect(found.filter(has_text="kafka: nobody answers")).to_have_class("bad")
    expect(found.filter(has_text="3 requests of the last hour could not be used")).to_have_class("warn")
    expect(page.locator("#attention")).to_contain_text("Newest click:")


def test_the_first_view_is_small_and_fits_a_phone(opened: Callable[..., Tab]) -> None:
    tab = opened(phone=True, dark=True)
    sizes: list[int] = []
    tab.page.on("response", lambda response: sizes.append(len(response.body())))
    page = tab.open("/")
    expect(page.locator(".findings")).to_be_visible()
    assert 60_000 < sum(sizes) < 150_000
    for path in (*PAGES, "/funnel?report=optimise", "/click?id=theirs-5", "/catalogue/entry?kind=campaigns"):
        page = tab.open(path)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        links = page.locator("nav[aria-label=Pages] a")
        assert all((box := link.bounding_box()) and box["x"] + box["width"] <= 390 for link in links.all()), path
    assert tab.wrong == []


def test_the_page_is_used_by_keyboard(tab: Tab) -> None:
    page = tab.open("/")
    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    assert page.url.endswith("#main")


def test_the_funnel_of_each_campaign_is_what_the_tables_say(tab: Tab, scene: Scene) -> None:
    page = tab.open("/funnel?group_by=campaign&event=install")
    clicks = "SELECT campaign, toString(count()) FROM clicks FINAL GROUP BY campaign"
    installs = "SELECT campaign, toString(uniqExact(click_id)) FROM conversions FINAL"
    installs += " WHERE event = 'install' AND status != 'rejected' GROUP BY campaign"
    rows = [row.split("\t") for row in page.locator("tbody tr").all_inner_texts()]
    assert {row[0]: row[1] for row in rows} == {
        str(name): count for name, count in scene.client.query(clicks).result_rows
    }
    found = scene.client.query(installs).result_rows
    assert {row[0]: row[2] for row in rows} == {str(name): count for name, count in found}


def test_a_click_on_a_value_goes_deeper_and_the_url_can_be_shared(tab: Tab) -> None:
    page = tab.open("/funnel?group_by=campaign")
    page.get_by_role("link", name="spring").click()
    expect(page.locator(".chip")).to_contain_text("campaign: spring")
    asked = parse_qs(urlsplit(page.url).query)
    assert (asked["campaign"], asked["group_by"]) == (["spring"], ["source"])
    shared = page.locator("tbody").inner_text()
    page.goto(page.url)
    assert page.locator("tbody").inner_text() == shared
    page.get_by_label("Without campaign").click()
    expect(page.locator(".chip")).to_have_count(0)


def test_a_table_is_sorted_by_a_click_on_a_column(tab: Tab) -> None:
    page = tab.open("/funnel?group_by=country")
    page.get_by_role("columnheader", name="clicks").get_by_role("link").click()
    assert page.locator("tbody th").all_inner_texts() == ["DE", "FR"]
    page.get_by_role("columnheader", name="clicks").get_by_role("link").click()
    assert page.locator("tbody th").all_inner_texts() == ["FR", "DE"]
    expect(page.get_by_role("columnheader", name="clicks")).to_have_attribute("aria-sort", "ascending")


def test_what_visitors_wrote_is_never_markup_and_never_a_formula(scene: Scene) -> None:
    for dimension in ("placement", "source_campaign", *(f"sub{at}" for at in range(1, 11))):
        _, page = scene.dashboard.get(f"/funnel?group_by={dimension}&report=revenue")
        assert "&lt;script&gt;window.hurt" in page
        assert "<script>window" not in page
        assert "<img src=x" not in page
        _, text = scene.dashboard.get(f"/funnel.csv?group_by={dimension}&report=revenue")
        cells = [row[0] for row in csv.reader(io.StringIO(text))]
        assert any(MARKUP in cell for cell in cells)
        assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))] == []


def test_what_visitors_wrote_is_shown_as_it_is_and_does_not_run(tab: Tab) -> None:
    for dimension in ("creative", "keyword"):
        page = tab.open(f"/funnel?group_by={dimension}&report=revenue")
        shown = page.locator("tbody").inner_text()
        assert (FORMULA if dimension == "creative" else MARKUP) in shown
        with page.expect_download() as download:
            page.get_by_role("link", name="Download as CSV").click()
        text = download.value.path().read_text(encoding="utf-8")
        _, *rows = csv.reader(io.StringIO(text))
        assert any(MARKUP in row[0] or FORMULA in row[0] for row in rows)
        assert [row[0] for row in rows if row[0].startswith(("=", "+", "-", "@"))] == []


def test_a_hostile_value_is_a_filter_like_any_other(tab: Tab, scene: Scene) -> None:
    page = tab.open(f"/funnel?placement={quote(MARKUP)}&report=revenue")
    expect(page.locator(".chip")).to_contain_text(MARKUP)
    (clicks,) = scene.client.query(
        "SELECT count() FROM clicks FINAL WHERE placement = {p:String}", {"p": MARKUP}
    ).result_rows[0]
    assert page.locator("tbody tr").inner_text().split("\t")[1] == str(clicks)
    page.get_by_text("Show SQL").click()
    expect(page.locator("#sql")).to_contain_text("placement = {filter_0:String}")


def test_what_cannot_be_asked_is_said_with_what_there_is(scene: Scene) -> None:
    for query, told in (
        ("group_by=colour", "no dimension &#39;colour&#39;: there are campaign"),
        ("report=sales", "no report &#39;sales&#39;"),
        ("from=never", "is no time: write one like"),
        ("zone=Mars/Base", "no time zone"),
    ):
        status, text = scene.dashboard.get(f"/funnel?{query}")
        assert (status, told in text) == (400, True), query


def test_a_partner_who_logs_in_has_their_balance_and_copies_their_url(
    chromium: Browser, guarded: DashboardProcess, scene: Scene
) -> None:
    tab = new_tab(chromium, guarded.url, phone=True)
    page = tab.open("/set-up")
    page.get_by_label("Name").fill("bob")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Bob & Sons")).to_be_visible()
    assert page.url.endswith("/partner")
    half = (
        "SELECT toString(sum(round(payout / 2, 2))) FROM conversions FINAL "
        "WHERE campaign = 'spring' AND status = 'approved'"
    )
    (owed,) = scene.client.query(half).result_rows[0]
    expect(page.locator(".tile").first).to_contain_text(f"{float(owed):,.2f} USD")
    expect(page.get_by_label("Pages").get_by_role("link")).to_have_text(["Overview", "Postbacks"])
    expect(page.locator("code").first).to_contain_text("/click/spring")
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("link", name="Postbacks").click()
    expect(page.locator(".empty")).to_contain_text("told nothing")
    assert tab.wrong == []
    page.context.close()


def test_a_time_without_traffic_says_so_and_no_step_has_a_share_of_nothing(tab: Tab) -> None:
    page = tab.open("/funnel?group_by=campaign&from=2020-01-01&to=2020-01-02")
    expect(page.locator(".empty")).to_contain_text("There is nothing in this time")
    page = tab.open("/funnel?from=2020-01-01&to=2020-01-02")
    expect(page.locator(".steps")).to_contain_text("subscribe")
    expect(page.locator(".steps")).not_to_contain_text("of the step before")
