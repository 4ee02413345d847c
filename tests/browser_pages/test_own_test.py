"""An operator's own test, in a real Chromium: what is sent to ingest, what is shown, and who is told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, expect

from schemas.id_day import id_day
from schemas.own_test import marked_click
from tests.browser import PATIENCE_MS, new_tab
from tests.browser_pages.conftest import Scene
from tests.browser_pages.test_pages import call, log_in
from tests.dashboard_process import DashboardProcess
from tests.stand_in import StandIn, stand_in
from tests.support.dashboard_rows import EVENTS, MARKUP, NOW, two_days
from tests.support.report_rows import load

expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="module")
def others() -> Iterator[tuple[StandIn, StandIn]]:
    """In place of ingest, and of a webhook's server. Before the browser, which has an event loop in this thread."""
    with stand_in() as ingest, stand_in() as crm:
        yield ingest, crm


def test_a_test_is_walked_through_while_one_watches_and_nobody_is_told_until_the_button_is_pressed(
    others: tuple[StandIn, StandIn], chromium: Browser, scene: Scene, tmp_path: Path
) -> None:
    ingest, crm = others
    told = f'[emit]\nallow = ["127.0.0.0/8"]\n[webhooks.crm]\nurl = "{crm.url}/ok"\nsecret = "whsec_{"A" * 32}"\n'
    place = ingest.url.removeprefix("http://")
    with DashboardProcess(tmp_path, scene.dsn, told, ingest=place) as dashboard:
        tab = new_tab(chromium, dashboard.url)
        page = tab.open("/set-up")
        page.get_by_text("To add a network", exact=True).click()
        expect(page.get_by_role("link", name="Make the network")).to_be_visible()
        page.get_by_label("Click ID of pops").fill(MARKUP)
        page.get_by_role("button", name="Walk a test through spring", exact=True).click()
        expect(page.locator("#life")).to_contain_text("Nothing is in the tables yet")
        expect(page.locator(".findings li")).to_have_count(4)
        click_id = page.locator(".card-head a").inner_text()
        write_test(scene, click_id)
        expect(page.locator("#life .timeline")).to_contain_text("click test")
        assert crm.requests == []
        page.get_by_label("Who, and of what").select_option("install webhook/crm")
        page.get_by_role("button", name="Tell it for real").click()
        expect(page.get_by_role("heading", name="webhook/crm was told of install")).to_be_visible()
        assert (crm.requests, tab.wrong) == (["/ok"], [])
        page.context.close()
    click, *postbacks = ingest.requests
    assert click == f"/click/spring?{urlencode({'zoneclick': MARKUP})}"
    assert [f"event={event}" in one for event, one in zip(EVENTS, postbacks, strict=True)] == [True] * 3
    assert all(f"aff_sub={click_id}" in one for one in postbacks)
    assert all(marked_click(sent_mark(head), (b"0123456789abcdef" * 2,)) == click_id for head in ingest.heads)
    log = dashboard.log.read_text()
    assert ("test_sent" in log, "test_told" in log, "a-key-of-acme" in log) == (True, True, False)


def sent_mark(head: bytes) -> str:
    return next(line for line in head.decode().split("\r\n") if line.startswith("x-clickjoin-test: "))[18:]


def write_test(scene: Scene, click_id: str) -> None:
    """As the sink writes a test's click: so long ago that no other test sees it."""
    at = NOW - timedelta(days=100)
    click = two_days()["clicks"][0] | {
        "click_id": click_id,
        "id_day": date.fromisoformat(id_day(click_id)),
        "is_test": True,
    }
    load(scene.client, {"clicks": [click | {"clicked_at": at, "received_at": at}]})


def test_who_may_read_walks_no_test_and_a_test_without_ingest_says_so(scene: Scene, guarded: DashboardProcess) -> None:
    cookie = log_in(guarded, "ben")
    text = call(guarded, "GET", "/set-up", cookie=cookie).read().decode()
    assert "Walk a test" not in text
    token = text.partition('name="token" value="')[2].partition('"')[0]
    for path in ("/set-up/test", "/set-up/test/tell"):
        assert call(guarded, "POST", path, {"campaign": "spring"}, cookie=log_in(guarded, "anna")).status == 403
        answer = call(guarded, "POST", path, {"token": token, "campaign": "spring"}, cookie=cookie)
        assert (answer.status, answer.read()) == (403, b"You may read, not act.")
    cookie = log_in(guarded, "anna")
    text = call(guarded, "GET", "/set-up", cookie=cookie).read().decode()
    token = text.partition('name="token" value="')[2].partition('"')[0]
    answer = call(guarded, "POST", "/set-up/test", {"token": token, "campaign": "spring"}, cookie=cookie)
    assert (answer.status, "ingest at 127.0.0.1:1 does not answer" in answer.read().decode()) == (503, True)
    answer = call(guarded, "POST", "/set-up/test", {"token": token, "campaign": "winter"}, cookie=cookie)
    assert (answer.status, "there is no campaigns.winter" in answer.read().decode()) == (422, True)
