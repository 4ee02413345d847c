"""The first page in a real Chromium: its figures are those of the tables."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser import PATIENCE_MS, Tab
from tests.browser_pages.conftest import Scene
from tests.support.dashboard_rows import MIDNIGHT, NOW

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
    assert "Newest click:" in page.locator("#attention").inner_text()


def test_the_first_view_is_small_and_fits_a_phone(opened: Callable[..., Tab]) -> None:
    tab = opened(phone=True, dark=True)
    sizes: list[int] = []
    tab.page.on("response", lambda response: sizes.append(len(response.body())))
    page = tab.open("/")
    expect(page.locator(".findings")).to_be_visible()
    assert 60_000 < sum(sizes) < 150_000
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert tab.wrong == []


def test_the_page_is_used_by_keyboard(tab: Tab) -> None:
    page = tab.open("/")
    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    assert page.url.endswith("#main")
