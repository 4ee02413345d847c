"""Campaigns made and changed on the page, in a real Chromium; and by the API, which answers to the same rules."""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.browser import PATIENCE_MS, Tab, new_tab
from tests.browser_pages.conftest import users
from tests.browser_pages.test_pages import call, log_in
from tests.dashboard_process import DashboardProcess
from tests.support.dashboard_rows import MARKUP

expect.set_options(timeout=PATIENCE_MS)
ACT, READ = (f"Bearer {word * 24}" for word in "ar")


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DashboardProcess]:
    """None of this needs ClickHouse."""
    with DashboardProcess(tmp_path_factory.mktemp("campaigns"), "http://127.0.0.1:1/clickjoin", users()) as dashboard:
        yield dashboard


@pytest.fixture
def tab(chromium: Browser, guarded: DashboardProcess) -> Iterator[Tab]:
    """A window in which anna is logged in; at the end nothing hostile has run."""
    opened = new_tab(chromium, guarded.url)
    name, _, value = log_in(guarded, "anna").partition("=")
    opened.page.context.add_cookies([{"name": name, "value": value, "url": guarded.url}])
    yield opened
    assert [one for one in opened.wrong if "422" not in one] == []
    assert opened.page.evaluate("window.hurt") is None
    opened.page.context.close()


def test_a_campaign_is_made_mended_paused_removed_and_brought_back(tab: Tab) -> None:
    page = tab.open("/catalogue")
    page.get_by_role("link", name="New").click()
    page.get_by_label("Name", exact=True).fill("summer")
    page.get_by_label("Source").fill("popz")
    page.get_by_label("Offers").fill("game")
    page.get_by_label("Cost per click").fill("3")
    page.get_by_label("Why").fill(MARKUP)
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#wrong-cost")).to_contain_text('write it as "1.20 USD"')
    expect(page.locator("#wrong-source")).to_contain_text('did you mean "pops"?')
    page.get_by_label("Source").fill("pops")
    page.get_by_label("Cost per click").fill("0.05 USD")
    page.get_by_label("Everything else").fill('trafficback = { url = "https://b.example", network = "acme" }')
    page.get_by_label("Why").fill(MARKUP)
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".note")).to_contain_text("in effect everywhere within seconds")
    row = page.locator("tbody tr", has_text="summer")
    page.get_by_role("button", name="Pause summer").click()
    expect(row).to_contain_text("paused")
    page.get_by_role("link", name="summer").click()
    expect(page.get_by_label("Paused")).to_be_checked()
    expect(page.get_by_label("Everything else")).to_have_value(re.compile("https://b.example"))
    page.get_by_role("button", name="Remove summer").click()
    expect(row).to_have_count(0)
    page.get_by_role("link", name="History").first.click()
    expect(page.locator("tbody")).to_contain_text(MARKUP)
    page.get_by_role("button", name="Take back").first.click()
    page.get_by_role("link", name="Back to the campaigns").click()
    expect(row).to_contain_text("paused")


def test_a_network_is_added_by_the_words_of_set_up_alone_without_any_toml(tab: Tab) -> None:
    for link, fields in (
        ("Make the network", {"Key": "env:PATH", "Our word": "click_id=aff, txid=tid", "Their word": "lead=install"}),
        (
            "Make its offer",
            {"Network": "corp", "URL": "https://corp.example/?aff={click_id}", "Payouts": "install=2 USD"},
        ),
        ("Make a campaign", {"Source": "pops", "Offers": "corp"}),
    ):
        page = tab.open("/set-up")
        page.get_by_text("To add a network", exact=True).click()
        page.get_by_role("link", name=link).click()
        for label, text in {"Name": "corp", **fields}.items():
            page.locator(f"label:text-matches('^{label}') input").fill(text)
        page.get_by_role("button", name="Save").click()
        expect(page.locator(".note")).to_contain_text("in effect everywhere within seconds")
    page = tab.open("/catalogue/entry?kind=networks&name=corp")
    expect(page.get_by_role("heading", name="Network corp")).to_be_visible()
    expect(page.get_by_label("Our word = their parameter")).to_have_value("click_id=aff, txid=tid")
    expect(page.get_by_label("Everything else")).to_have_value("")


def test_what_the_file_holds_is_shown_and_only_copied(tab: Tab) -> None:
    page = tab.open("/catalogue")
    page.get_by_role("link", name="spring").click()
    expect(page.locator(".note")).to_contain_text("The file holds it")
    expect(page.get_by_label("Source")).to_be_disabled()
    expect(page.get_by_role("button", name="Save")).to_have_count(0)
    page.get_by_role("link", name="Make another one like it").click()
    expect(page.get_by_label("Source")).to_have_value("pops")
    expect(page.get_by_label("Name", exact=True)).to_have_value("")
    assert "a-key-of-acme" not in tab.open("/catalogue/entry?kind=networks&name=acme").content()


def test_who_may_read_sees_the_campaigns_and_changes_none(guarded: DashboardProcess) -> None:
    cookie = log_in(guarded, "ben")
    text = call(guarded, "GET", "/catalogue", cookie=cookie).read().decode()
    token = text.partition('name="token" value="')[2].partition('"')[0]
    assert ("spring" in text, "New</a>" in text) == (True, False)
    sent = {"token": token, "kind": "campaigns", "name": "x", "version": "-1"}
    for path in ("save", "remove", "pause", "revert"):
        answer = call(guarded, "POST", f"/catalogue/{path}", sent, cookie=cookie)
        assert (answer.status, answer.read()) == (403, b"You may read, not act.")


def api(
    dashboard: DashboardProcess, method: str, path: str, body: object = None, **headers: str
) -> tuple[int, dict[str, Any]]:
    host, _, port = dashboard.listen.partition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=60)
    named = {"content-type": "application/json"} | {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, f"/api/catalogue/{path}".rstrip("/"), json.dumps(body), named)
    answer = connection.getresponse()
    found: dict[str, Any] = json.loads(answer.read())
    connection.close()
    return answer.status, found


def test_the_api_overwrites_nothing_that_was_not_seen(guarded: DashboardProcess) -> None:
    def anna(method: str, body: object = None, **headers: str) -> tuple[int, dict[str, Any]]:
        return api(guarded, method, "landers/quiz", body, authorization=ACT, **headers)

    lander = {"url": "https://quiz.example/?click_id={click_id}"}
    status, made = anna("PUT", lander)
    version = f'"{made["version"]}"'
    assert status == 200
    assert anna("PUT", lander)[0] == 409
    assert anna("PUT", lander, if_match=version) == (200, {**made, "changed": False})
    assert anna("PUT", lander, if_match='"99"')[1]["error"] == "changed_meanwhile"
    status, wrong = anna("PUT", {"url": "https://quiz.example/{clck}"}, if_match=version)
    assert (status, [one["path"] for one in wrong["problems"]]) == (422, ["landers.quiz.url"])
    assert anna("PUT", "no table", if_match=version)[1]["problems"][0]["message"] == "write a table here"
    assert anna("GET")[1]["entry"] == lander
    assert anna("DELETE")[0] == 400
    assert anna("DELETE", if_match=version)[0] == 200
    assert anna("GET")[0] == 404


def test_what_prometheus_reads_needs_no_login_and_says_which_catalogue_counts(guarded: DashboardProcess) -> None:
    guarded.get("/login")
    status, text = guarded.get("/metrics")
    assert status == 200
    assert re.search(r"^clickjoin_dashboard_catalogue_version -?\d", text, re.MULTILINE)
    assert 'clickjoin_dashboard_page_seconds_count{page="/login"}' in text


def test_the_api_is_closed_to_strangers_other_pages_and_those_who_read(guarded: DashboardProcess) -> None:
    def put(**headers: str) -> int:
        return api(guarded, "PUT", "landers/x", {}, **headers)[0]

    assert api(guarded, "GET", "")[0] == 401
    assert api(guarded, "GET", "", authorization="Bearer guessed")[0] == 401
    assert api(guarded, "GET", "", authorization=READ)[0] == 200
    assert (put(), put(authorization=READ), put(authorization=ACT)) == (401, 403, 422)
    assert put(authorization=ACT, origin="http://evil.example") == 403
    assert put(authorization=ACT, sec_fetch_site="cross-site") == 403
    assert put(authorization=ACT, content_type="text/plain") == 415
    assert put(cookie=log_in(guarded, "anna")) == 403  # without the session's token
