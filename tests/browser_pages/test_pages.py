"""The other pages in a real Chromium, and who may see them and act."""

from __future__ import annotations

import http.client
from itertools import takewhile
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
from playwright.sync_api import Browser, expect

from ingest.raw import raw_request
from schemas.ids import mint_click_id
from tests.browser import PATIENCE_MS, Tab, new_tab
from tests.browser_pages.conftest import PASSWORD, Scene
from tests.dashboard_process import DashboardProcess
from tests.support.dashboard_rows import FORMULA, MARKUP, NOW, two_days
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


def test_what_is_still_being_told_is_not_offered_to_be_sent_again(tab: Tab, scene: Scene) -> None:
    waiting = "'still-told' AS delivery_id, 'source/slow' AS destination, 'retry' AS state"
    scene.client.command(
        f"INSERT INTO deliveries SELECT * REPLACE ({waiting}) FROM deliveries FINAL WHERE attempt = 1 LIMIT 1"
    )
    page = tab.open("/deliveries?destination=source/slow")
    expect(page.locator("form .state")).to_have_text("retry")
    expect(page.get_by_role("button", name="Send again")).to_have_count(0)
    expect(page.get_by_role("checkbox")).to_have_count(0)


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


def test_what_could_not_be_used_is_read_again_only_after_one_saw_what_would_become_of_it(
    tab: Tab, scene: Scene
) -> None:
    at = round(NOW.timestamp() * 1000)
    ours = mint_click_id(b"0123456789abcdef0123456789abcdef", at, b"12345678")
    for number, click_id in enumerate((ours, ours, MARKUP)):
        raw = raw_request("GET", "/postback/acme", urlencode({"aff_sub": click_id, "event": "install"}), "", b"", b"")
        row = {**two_days()["invalid"][0], "invalid_id": f"again-{number}", "code": "missing_key", "raw": raw}
        write(scene, "invalid", row)
    page = tab.open("/invalid?code=missing_key&kind=postback&sender=acme")
    page.get_by_role("button", name="Read again").click()
    expect(page.locator("main")).to_contain_text("2 requests of the last 7 days can be used now")
    expect(page.locator("tbody tr")).to_contain_text("invalid_click_id")
    page.get_by_label("Tell the sources").check()
    page.get_by_role("button", name="Read 2 again").click()
    expect(page.locator(".problem")).to_contain_text("Nothing was read again: nobody answers at 127.0.0.1:1")
    assert [one for one in tab.wrong if "503" not in one] == []
    tab.wrong.clear()


def test_a_key_of_ours_in_a_kept_request_is_not_shown(scene: Scene) -> None:
    leaked = {**two_days()["invalid"][0], "invalid_id": "leak", "code": "leaked", "raw": "GET /?key=a-key-of-acme"}
    write(scene, "invalid", leaked)
    _, page = scene.dashboard.get("/invalid?code=leaked")
    assert "GET /?key=***" in page
    assert "a-key-of-acme" not in page
    _, found = scene.dashboard.get("/invalid?id=leak")
    assert found.count("<details") == found.count("Request ID leak") == 1


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


def call(
    dashboard: DashboardProcess, method: str, path: str, form: dict[str, str] | None = None, **headers: str
) -> http.client.HTTPResponse:
    """One request without a browser."""
    connection = http.client.HTTPConnection(dashboard.listen, timeout=60)
    body = urlencode(form) if form is not None else None
    connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
    return connection.getresponse()


def test_pages_demand_a_login_and_lead_back_afterwards(chromium: Browser, guarded: DashboardProcess) -> None:
    tab = new_tab(chromium, guarded.url)
    page = tab.open("/set-up?x=1")
    assert "/login?next=/set-up" in page.url
    page.get_by_label("Name").fill("ben")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="What to paste where")).to_be_visible()
    expect(page.locator("main")).to_contain_text("Keys are hidden")
    assert "a-key-of-acme" not in page.content()
    cookie = next(one for one in page.context.cookies() if one["name"] == "clickjoin_session")
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")
    for path, empty in (
        ("/", "Nothing has come in"),
        ("/deliveries", "No source was told"),
        ("/invalid", "could be used"),
    ):
        expect(tab.open(path).locator(".empty")).to_contain_text(empty)
    tab.open("/")
    page.get_by_role("button", name="Log out").click()
    assert "/login" in tab.open("/").url
    assert tab.wrong == []
    page.context.close()


def log_in(dashboard: DashboardProcess, user: str) -> str:
    """The cookie of a session."""
    answer = call(dashboard, "POST", "/login", {"user": user, "password": PASSWORD})
    assert answer.status == 303, answer.read()
    return (answer.headers["set-cookie"] or "").partition(";")[0]


def test_a_form_without_its_token_or_from_another_page_is_refused(guarded: DashboardProcess) -> None:
    cookie = log_in(guarded, "anna")
    for form, headers in (
        ({}, {}),
        ({"token": "guessed"}, {}),
        ({"token": "guessed"}, {"sec_fetch_site": "cross-site"}),
        ({"token": "guessed"}, {"origin": "http://evil.example"}),
    ):
        assert call(guarded, "POST", "/deliveries/resend", form, cookie=cookie, **headers).status == 403
    page = call(guarded, "GET", "/deliveries/one?id=x", cookie=cookie)
    assert page.status == 200


def test_who_may_read_may_not_act(guarded: DashboardProcess) -> None:
    cookie = log_in(guarded, "ben")
    text = call(guarded, "GET", "/", cookie=cookie).read().decode()
    token = text.partition('name="token" value="')[2].partition('"')[0]
    answer = call(guarded, "POST", "/deliveries/resend", {"token": token}, cookie=cookie)
    assert (answer.status, answer.read()) == (403, b"You may read, not act.")


def test_who_guesses_passwords_waits_and_the_right_one_waits_too(guarded: DashboardProcess) -> None:
    guesses = (call(guarded, "POST", "/login", {"user": "carl", "password": f"guess {at}"}).status for at in range(12))
    statuses = list(takewhile(lambda status: status == 401, guesses))  # a slow machine may wait out the first pauses
    assert 3 <= len(statuses) < 12


def test_without_users_only_names_of_this_machine_are_answered(scene: Scene) -> None:
    assert call(scene.dashboard, "GET", "/", host="evil.example").status == 403
    assert call(scene.dashboard, "GET", "/", host="localhost:8081").status == 200


def test_every_answer_has_the_headers_that_keep_scripts_out(scene: Scene) -> None:
    for path in ("/", "/nothing", "/static/nothing.js", "/funnel?report=none"):
        policy = call(scene.dashboard, "GET", path).headers["content-security-policy"] or ""
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy


def test_a_clickhouse_that_is_away_is_said_on_every_page(tmp_path: Path) -> None:
    with DashboardProcess(tmp_path, "http://default:secret-word@127.0.0.1:1/clickjoin") as dashboard:
        for path in ("/", "/funnel", "/click?id=x", "/deliveries", "/invalid"):
            status, text = dashboard.get(path)
            assert status == 503, path
            assert "ClickHouse at 127.0.0.1:1 does not answer" in text
            assert "secret-word" not in text
        assert dashboard.get("/set-up")[0] == 200
        assert dashboard.get("/health/ready")[0] == 200
    assert "secret-word" not in dashboard.log.read_text()
