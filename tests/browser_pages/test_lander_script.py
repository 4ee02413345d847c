"""t.js in a real browser, on somebody else's page."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Browser

from clickjoin.embedded.ports import free_port
from tests.browser import PATIENCE_MS
from tests.polling import until
from tests.support.landers import id_in, ingest_alone, recorded

PAGE = """<!doctype html><title>A lander</title>
<script src="{tracker}/t.js" data-campaign="both" data-lander="own" async></script>
<a id="out" href="{tracker}/out/both">Go on</a> <a id="marked" href="/elsewhere?aff={{click_id}}&x=1">Or here</a>
<a id="plain" href="/plain?a=1">Or there</a>"""
THANKS = """<!doctype html><title>Thank you</title><script src="{tracker}/t.js"></script>
<script>clickjoin.pixel("glass", {{event: "lead", txid: "t-1"}})</script>"""


class Pages(BaseHTTPRequestHandler):
    """Somebody's web server: a lander, a page of thanks, an offer."""

    def __init__(self, tracker: str, *rest: Any) -> None:
        self.tracker = tracker
        super().__init__(*rest)

    def do_GET(self) -> None:
        template = {"/lander": PAGE, "/thanks": THANKS}.get(urlsplit(self.path).path, "<title>An offer</title>")
        body = template.format(tracker=self.tracker).encode()
        self.send_response(200)
        self.send_header("content-type", "text/html; charset=utf-8")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def pages(tracker: str, port: int) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", port), partial(Pages, tracker))
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://localhost:{port}"
    finally:
        server.shutdown()
        thread.join(30)
        server.server_close()


def test_the_script_mints_the_click_on_the_lander_and_puts_it_into_the_links(tmp_path: Path, chromium: Browser) -> None:
    port = free_port()
    with ingest_alone(tmp_path, f"http://localhost:{port}") as ingest:
        tracker = f"http://127.0.0.1:{ingest.port}"
        with pages(tracker, port) as site:
            context = chromium.new_context(java_script_enabled=True)
            context.set_default_timeout(PATIENCE_MS)
            page = context.new_page()
            page.goto(f"{site}/lander?source_click_id=s-1&placement=p")
            page.evaluate("clickjoin.ready")
            minted = page.evaluate("clickjoin.click_id")
            assert len(minted) == 32
            assert page.get_attribute("#marked", "href") == f"/elsewhere?aff={minted}&x=1"
            assert page.get_attribute("#plain", "href") == "/plain?a=1"
            page.reload()
            page.evaluate("clickjoin.ready")
            assert page.evaluate("clickjoin.click_id") == minted
            page.click("#out")
            page.wait_for_url("**/offer/**")
            assert id_in(page.url) == minted
            assert parse_qs(urlsplit(page.url).query)["s"] == ["s-1"]
            with page.expect_response("**/pixel/glass.gif**"):
                page.goto(f"{site}/thanks")
            assert context.cookies() == []
            context.close()
            until(lambda: ingest.get("/health/ready").json["spooled"] >= 3, 30, "all of it is recorded")
    click, pressed, lead = recorded(ingest)
    assert (click.click_id, click.lander, click.source_click_id) == (minted, "own", "s-1")
    assert (click.placement, click.ip, click.is_bot) == ("p", "127.0.0.1", True)  # a browser without a head says so
    assert (pressed.click_id, pressed.event) == (minted, "lander_click")
    assert (lead.click_id, lead.event, lead.txid, lead.network) == (minted, "lead", "t-1", "glass")
