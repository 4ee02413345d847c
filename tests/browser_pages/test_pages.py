"""A click's life, deliveries, invalid input, set-up and the live list, in a real Chromium."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from tests.browser import PATIENCE_MS, Tab
from tests.browser_pages.conftest import Scene
from tests.support.dashboard_rows import FORMULA, MARKUP, two_days
from tests.support.report_rows import Row

expect.set_options(timeout=PATIENCE_MS)
ANY_ID = (
    "click-005",
    "theirs-5",
    "tx-trial-5",
    "postback-install-5",
    "conversion-trial-5",
    "delivery-conversion-install-5",
)


def test_any_id_leads_to_the_life_of_its_click(tab: Tab, scene: Scene) -> None:
    for wanted in ANY_ID:
        status, text = scene.dashboard.get(f"/click?id={wanted}")
        assert (status, '<h2 class="mono" id="click-id">click-005</h2>' in text) == (200, True), wanted
    page = tab.open("/")
    page.get_by_role("link", name="Click", exact=True).click()
    page.get_by_role("textbox").fill("theirs-5")
    page.keyboard.press("Enter")
    expect(page.locator(".timeline")).to_be_visible()
    moments = page.locator(".timeline li b").all_inner_texts()
    assert moments[0] == "click"
    assert {"postback install", "conversion install", "tell install", "tell trial"} <= set(moments)
    expect(page.locator(".timeline")).to_contain_text("HTTP 500 after 120 ms")
    expect(page.locator(".facts").last).to_contain_text(FORMULA)


def test_an_id_that_nobody_knows_is_said_to_be_unknown(tab: Tab) -> None:
    page = tab.open(f"/click?id={quote(MARKUP)}")
    expect(page.locator(".empty")).to_contain_text(f"Nothing is known of {MARKUP}")


def test_deliveries_are_found_by_state_and_sent_again_only_after_a_confirmation(tab: Tab) -> None:
    page = tab.open("/deliveries?state=failed")
    states = page.locator("form .state").all_inner_texts()
    assert set(states) == {"failed"}
    page.locator("form .nowrap a").first.click()
    expect(page.locator(".timeline")).to_contain_text(MARKUP)
    page.get_by_role("button", name="Send again").click()
    expect(page.get_by_role("heading", name="Send again?")).to_be_visible()
    page.get_by_role("button", name="Send 1 again").click()
    expect(page.locator(".problem")).to_contain_text("Nothing was sent again: nobody answers at 127.0.0.1:1")


def test_how_many_deliveries_stand_in_which_state_is_what_the_tables_say(tab: Tab, scene: Scene) -> None:
    page = tab.open("/deliveries")
    shown = [tuple(row.split("\t")) for row in page.locator("section tbody tr").all_inner_texts()]
    counted = (
        "SELECT destination, state, toString(count()) FROM deliveries FINAL WHERE attempt = 1 GROUP BY ALL ORDER BY ALL"
    )
    assert shown == [tuple(row) for row in scene.client.query(counted).result_rows]


def test_invalid_input_is_shown_by_reason_with_its_request(tab: Tab) -> None:
    page = tab.open("/invalid")
    expect(page.locator("section tbody tr")).to_have_count(3)
    page.get_by_role("link", name="wrong_key").click()
    expect(page.locator("details")).to_have_count(1)
    expect(page.locator("pre")).to_contain_text(MARKUP)


def test_a_key_of_ours_in_a_kept_request_is_not_shown(scene: Scene) -> None:
    leaked = {**two_days()["invalid"][0], "invalid_id": "leak", "code": "leaked", "raw": "GET /?key=a-key-of-acme"}
    write(scene, "invalid", leaked)
    _, page = scene.dashboard.get("/invalid?code=leaked")
    assert "GET /?key=***" in page
    assert "a-key-of-acme" not in page


def test_set_up_has_the_urls_that_check_prints_to_be_copied(tab: Tab) -> None:
    page = tab.open("/set-up")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    url = "http://127.0.0.1:8080/postback/acme?key=a-key-of-acme&aff_sub={click_id}"
    expect(page.locator("#network-1")).to_contain_text(url)
    page.locator("[data-copy=network-1]").click()
    expect(page.locator("[data-copy=network-1]")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()").startswith(url)


def test_a_postback_appears_while_one_watches_and_waits_while_one_pauses(tab: Tab, scene: Scene) -> None:
    page = tab.open("/live?event=install")
    expect(page.locator("#live-state")).to_have_text("Listening.")
    write(scene, "postbacks", {**a_postback(), "postback_id": "live-1", "txid": f"live-1{MARKUP}"})
    expect(page.locator("#live")).to_contain_text(f"live-1{MARKUP}")
    page.get_by_role("button", name="Pause").click()
    write(scene, "postbacks", {**a_postback(), "postback_id": "live-2", "txid": "live-2"})
    expect(page.locator("#live-state")).to_contain_text("1 wait")
    assert "live-2" not in page.locator("#live").inner_text()
    page.get_by_role("button", name="Go on").click()
    expect(page.locator("#live tr").first).to_contain_text("live-2")
    assert set(page.locator("#live td:nth-child(3)").all_inner_texts()) == {"install"}


@pytest.mark.parametrize("path", ["/nothing", "/static/nothing.js"])
def test_what_there_is_not_is_404(scene: Scene, path: str) -> None:
    assert scene.dashboard.get(path)[0] == 404


def a_postback() -> Row:
    return next(row for row in two_days()["postbacks"] if row["event"] == "install" and row["outcome"] == "attributed")


def write(scene: Scene, table: str, row: Row) -> None:
    scene.client.insert(table, [list(row.values())], column_names=list(row))
