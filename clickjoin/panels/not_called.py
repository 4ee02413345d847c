"""Destinations whose URL holds an address that emit does not call. Pure."""

from collections.abc import Iterator
from ipaddress import ip_address
from urllib.parse import urlsplit

from schemas.settings.errors import Path, Problem, path_text
from schemas.settings.file import Settings
from streams.adapters.addresses import why_refused

_LOOPBACK = {"localhost": "127.0.0.1"}


def not_called(settings: Settings) -> list[Problem]:
    """Those that are known without a look-up: what a name resolves to is known when it is called alone."""
    return [
        Problem(path_text(place), host, f"is not called: {reason}")
        for place, url in _urls(settings)
        if (host := urlsplit(url).hostname or "") and (reason := _why(settings, host))
    ]


def _why(settings: Settings, host: str) -> str:
    address = _LOOPBACK.get(host, host)
    try:
        ip_address(address)
    except ValueError:
        return ""
    return why_refused(address, settings.emit.allow)


def _urls(settings: Settings) -> Iterator[tuple[Path, str]]:
    for section, entries in (("sources", settings.sources), ("partners", settings.partners)):
        for name, entry in entries.items():
            for event, postback in entry.postbacks.items():
                yield (section, name, "postbacks", event, "url"), postback.url
    yield from ((("webhooks", name, "url"), one.url) for name, one in settings.webhooks.items())
    yield from ((("conversion_apis", name, "base_url"), one.base_url) for name, one in settings.conversion_apis.items())
