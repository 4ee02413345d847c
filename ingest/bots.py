"""Visitors that are programs and say so. Pure.

They get the same page as everybody; their clicks are recorded and flagged, to be left out of rates.
"""

import re
from collections.abc import Callable
from functools import lru_cache

# CUBOT is a maker of telephones.
_WORDS = re.compile(
    r"(?<!cu)bot(?:\b|_)|crawl|spider|slurp|scrap|preview|headless|phantomjs|lighthouse|pingdom|monitor"
    r"|facebookexternalhit|facebookcatalog|whatsapp/|skypeuripreview|mediapartners|adsbot|bingpreview|yandeximages"
    r"|curl/|wget/|python-|aiohttp|httpx|go-http-client|java/|okhttp-probe|libwww|apache-httpclient|axios/|node-fetch"
    r"|googleother|google-extended|google-inspectiontool|feedfetcher",
    re.ASCII | re.IGNORECASE,
)


_AHEAD = (("sec-purpose", "prefetch"), ("purpose", "prefetch"), ("x-moz", "prefetch"), ("x-purpose", "preview"))
"""Headers by which browsers say that nobody asked for the page yet."""


def is_prefetch(header: Callable[[str], str]) -> bool:
    """Whether a browser fetches a page before its visitor asked for it."""
    return any(word in header(name).lower() for name, word in _AHEAD)


@lru_cache(maxsize=8192)
def is_bot(user_agent: str) -> bool:
    """Whether this User-Agent names a crawler, a link preview, a monitor or a library."""
    return bool(_WORDS.search(user_agent))
