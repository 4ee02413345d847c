"""Visitors that are programs and say so. Pure.

They get the same page as everybody; their clicks are recorded and flagged, to be left out of rates.
"""

import re
from collections.abc import Callable
from functools import lru_cache

# Looked for one after the other: as one regular expression they would take ten times as long.
_WORDS = (
    *("crawl", "spider", "slurp", "scrap", "preview", "headless", "phantomjs", "lighthouse", "pingdom", "monitor"),
    *("facebookexternalhit", "facebookcatalog", "whatsapp/", "mediapartners", "adsbot", "yandeximages"),
    *("curl/", "wget/", "python-", "aiohttp", "httpx", "go-http-client", "java/", "okhttp-probe", "libwww"),
    *("apache-httpclient", "axios/", "node-fetch", "googleother", "google-extended", "google-inspectiontool"),
    "feedfetcher",
)
_bot = re.compile(r"(?<!cu)bot(?:\b|_)", re.ASCII).search  # CUBOT is a maker of telephones

_AHEAD = (("sec-purpose", "prefetch"), ("purpose", "prefetch"), ("x-moz", "prefetch"), ("x-purpose", "preview"))
"""Headers by which browsers say that nobody asked for the page yet."""


def is_prefetch(header: Callable[[str], str]) -> bool:
    """Whether a browser fetches a page before its visitor asked for it."""
    return any(word in header(name).lower() for name, word in _AHEAD)


@lru_cache(maxsize=8192)
def is_bot(user_agent: str) -> bool:
    """Whether this User-Agent names a crawler, a link preview, a monitor or a library."""
    text = user_agent.lower()
    return any(word in text for word in _WORDS) or ("bot" in text and bool(_bot(text)))
