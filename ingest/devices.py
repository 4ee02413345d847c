"""Device, operating system and browser, by what a browser says of itself. Pure."""

import re
from functools import lru_cache
from typing import NamedTuple

import ua_parser

_OTHER = "Other"
_TV = re.compile(r"smart-?tv|apple ?tv|googletv|hbbtv|bravia|roku|crkey|web0s|\baft[a-z]", re.IGNORECASE)
_TABLET = re.compile(r"ipad|tablet|playbook|kindle|\bsilk/", re.IGNORECASE)
_MOBILE = re.compile(r"mobile|iphone|ipod|windows phone|opera mini|blackberry", re.IGNORECASE)
_DESKTOP = re.compile(r"windows nt|macintosh|x11|cros |linux x86_64|linux i686", re.IGNORECASE)


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
    found = ua_parser.parse(user_agent)
    os, browser = found.os, found.user_agent
    return Device(_kind(user_agent), _family(os.family if os else ""), _family(browser.family if browser else ""))


def _kind(text: str) -> str:
    if _TV.search(text):
        return "tv"
    if _TABLET.search(text):
        return "tablet"
    if _MOBILE.search(text):
        return "mobile"
    if "android" in text.lower():  # a telephone would say Mobile
        return "tablet"
    return "desktop" if _DESKTOP.search(text) else ""


def _family(name: str) -> str:
    return "" if name == _OTHER else name
