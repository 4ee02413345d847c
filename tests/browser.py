"""A real Chromium for tests of pages: Debian's, driven by Playwright. Where there is none the tests say so."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright

WHERE = ("chromium", "chromium-browser", "google-chrome")
MISSING = "there is no Chromium: as root on Debian `make test` installs it, elsewhere: apt-get install chromium"
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking")
PATIENCE_MS = 45_000  # a busy machine stalls for ten seconds at a time


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser for the tests of a file. While it is there an event loop runs in this thread, so no test that needs
    one of its own may come before its end.
    """
    path = next(filter(None, map(shutil.which, WHERE)), None)
    if path is None:
        pytest.skip(MISSING)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield browser
        browser.close()


@dataclass
class Tab:
    """A page, and what it did that no page of ours may do."""

    page: Page
    home: str
    wrong: list[str] = field(default_factory=list)  # errors, refusals of the content policy, requests elsewhere

    def heard(self, message: ConsoleMessage) -> None:
        """What the console says."""
        if message.type in ("error", "warning"):
            self.wrong.append(f"console: {message.text}")

    def asked(self, request: Request) -> None:
        """Who is asked."""
        if not request.url.startswith((self.home, "data:", "about:")):
            self.wrong.append(f"request: {request.url}")

    def open(self, path: str) -> Page:
        """Open a page of ours."""
        self.page.goto(self.home + path)
        return self.page


def new_tab(browser: Browser, home: str, *, phone: bool = False, dark: bool = False) -> Tab:
    """A browser window of its own, without cookies, that watches what the page does."""
    context = browser.new_context(
        viewport={"width": 390, "height": 844} if phone else {"width": 1280, "height": 900},
        color_scheme="dark" if dark else "light",
        accept_downloads=True,
    )
    context.set_default_timeout(PATIENCE_MS)
    tab = Tab(context.new_page(), home)
    tab.page.on("console", tab.heard)
    tab.page.on("pageerror", lambda error: tab.wrong.append(f"error: {error}"))
    tab.page.on("request", tab.asked)
    return tab
