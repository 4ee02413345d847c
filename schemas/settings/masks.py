"""Which values of the file may be shown, and which are secrets. Pure."""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import quote, quote_plus, unquote, urlsplit

from pydantic import SecretStr

from schemas.settings.conversion_apis import SECRET_NAMES
from schemas.settings.errors import Path
from schemas.settings.secrets import is_reference
from schemas.settings.servers import EMBEDDED
from schemas.settings.values import Section

HIDDEN = "***"
_SHORTEST_SECRET = 4  # what is shorter is found in words that hold none
_PLACES = {
    "kafka": ("password",),
    "ingest": ("secrets",),
    "dashboard": ("password", "token"),
    "networks": ("key", "secret"),
    "sources": ("key",),
    "webhooks": ("secret",),
    "partners": ("key", "password"),
    "conversion_apis": tuple(SECRET_NAMES),
}
_URLS = (("url",), ("base_url",))
_WITH_URLS = ("clickhouse", "sources", "webhooks", "conversion_apis", "partners")
_TOLD = (("sources",), ("webhooks",), ("conversion_apis",), ("partners",))


def shown(place: Path, value: object) -> object:
    """A value as an error may show it: the name of an environment variable, but nothing that may be a secret."""
    if isinstance(value, str) and is_reference(value) and value.startswith("env:"):
        return value
    if is_secret_place(place):
        return HIDDEN
    if place[:1] in _TOLD and {"account", "headers", "form", "json_body"}.intersection(place[2:-1]):
        return HIDDEN
    if place[-1:] in _URLS and isinstance(value, str) and place[0] in _WITH_URLS:
        return _shown_url(value)
    return value


def is_secret_place(place: Path) -> bool:
    """Whether a secret stands here."""
    steps = [step for step in place if isinstance(step, str)]
    return bool(steps) and steps[-1] in _PLACES.get(steps[0], ()) and "params" not in steps


def _shown_url(url: str) -> str:
    """Scheme and host: the rest of a source's URL often holds a token."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return HIDDEN
    if not parts.scheme or not parts.netloc:
        return HIDDEN
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}/…"


def secret_values(settings: Section) -> frozenset[str]:
    """Every configured secret in plain text, for masking what is logged. Of a URL its password."""
    return frozenset(_secrets(settings))


def _secrets(node: Any) -> Iterator[str]:
    if isinstance(node, SecretStr):
        yield from _parts_of(node.get_secret_value())
    elif isinstance(node, Section):
        for name in type(node).model_fields:
            yield from _secrets(getattr(node, name))
    elif isinstance(node, dict):
        for value in node.values():
            yield from _secrets(value)
    elif isinstance(node, tuple):
        for value in node:
            yield from _secrets(value)


def _parts_of(secret: str) -> Iterator[str]:
    if "://" in secret:
        password = urlsplit(secret).password or ""
        yield from filter(None, {password, unquote(password)})
    elif secret not in ("", EMBEDDED):
        yield secret


def hider(secrets: Iterable[str]) -> Callable[[str], str]:
    """What takes secrets out of a text, as they are and as they stand in a URL."""
    written = {form for one in secrets for form in (one, quote_plus(one), quote(one, safe=""))}
    longest_first = sorted((one for one in written if len(one) >= _SHORTEST_SECRET), key=len, reverse=True)
    if not longest_first:
        return str
    found = re.compile("|".join(map(re.escape, longest_first)))
    return lambda text: found.sub(HIDDEN, text)
