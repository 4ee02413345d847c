"""Who may see the pages and who may act, tried on a running dashboard."""

from __future__ import annotations

import http.client
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import Browser, expect

from tests.browser import PATIENCE_MS, new_tab
from tests.browser_pages.conftest import PASSWORD, Scene
from tests.dashboard_process import DashboardProcess

expect.set_options(timeout=PATIENCE_MS)


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
    statuses = [call(guarded, "POST", "/login", {"user": "carl", "password": f"guess {at}"}).status for at in range(4)]
    assert statuses == [401, 401, 401, 429]


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
