"""Device, operating system and browser, by what a browser says of itself. Pure."""

import re
from functools import lru_cache
from typing import NamedTuple

import ua_parser

_OTHER = "Other"
_ASKED = ua_parser.Domain.OS | ua_parser.Domain.USER_AGENT

# Looked for one after the other: as one regular expression they would take ten times as long.
_TV = ("smarttv", "smart-tv", "appletv", "apple tv", "googletv", "hbbtv", "bravia", "roku", "crkey", "web0s")
_TABLET = ("ipad", "tablet", "playbook", "kindle")
_MOBILE = ("mobile", "iphone", "ipod", "windows phone", "opera mini", "blackberry")
_DESKTOP = ("windows nt", "macintosh", "x11", "cros ", "linux x86_64", "linux i686")
_fire_tv, _silk = re.compile(r"\baft[a-z]").search, re.compile(r"\bsilk/").search


class Device(NamedTuple):
    """What is known of a visitor's device. Empty: nothing."""

    kind: str = ""  # mobile, tablet, desktop, tv
    os: str = ""
    browser: str = ""


@lru_cache(maxsize=16_384)
def device_of(user_agent: str) -> Device:
    """The device that a User-Agent names."""
    if not user_agent:
        return Device()
    found = ua_parser.parser(user_agent, _ASKED)
    os, browser = found.os, found.user_agent
    return Device(_kind(user_agent), _family(os.family if os else ""), _family(browser.family if browser else ""))


def _kind(text: str) -> str:
    text = text.lower()
    if _holds(text, _TV) or ("aft" in text and _fire_tv(text)):
        return "tv"
    if _holds(text, _TABLET) or ("silk/" in text and _silk(text)):
        return "tablet"
    if _holds(text, _MOBILE):
        return "mobile"
    if "android" in text:  # a telephone would say Mobile
        return "tablet"
    return "desktop" if _holds(text, _DESKTOP) else ""


def _holds(text: str, words: tuple[str, ...]) -> bool:
    return any(word in text for word in words)


def _family(name: str) -> str:
    return "" if name == _OTHER else name
