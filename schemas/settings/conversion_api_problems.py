"""What is wrong with one conversion API: an account that lacks something, names that do not exist. Pure."""

from collections.abc import Collection, Iterator
from difflib import get_close_matches
from typing import NamedTuple

from schemas.requests import find_mistakes
from schemas.settings.conversion_apis import ConversionApi
from schemas.settings.source_problems import Mistake, unless_known


class Known(NamedTuple):
    """The names that the rest of the file gives."""

    events: Collection[str]
    sources: Collection[str]
    campaigns: Collection[str]
    networks: Collection[str]


def conversion_api_mistakes(api: ConversionApi, known: Known) -> Iterator[Mistake]:
    """All that is wrong with a conversion API. Where its kind is not known, that alone is told (presets.load)."""
    if not api.path:
        return
    for name in api.missing:
        yield ("account", name), "", f'is required by {api.title or api.kind}: write {name} = "…", or "env:NAME"'
    for event, theirs in api.events.items():
        yield from unless_known(("events", event), theirs, event, known.events, "events")
        if api.known_events and theirs not in api.known_events:
            near = get_close_matches(theirs, api.known_events, n=1)
            hint = f'did you mean "{near[0]}"?' if near else f"there are {', '.join(api.known_events)}"
            yield ("events", event), theirs, f"{api.title or api.kind} has no such event: {hint}"
    for section in ("sources", "campaigns", "networks"):
        for index, each in enumerate(getattr(api, section)):
            yield from unless_known((section, index), each, each, getattr(known, section), section)
    if api.names_source_click_id and not api.sources:
        yield ("sources",), "", 'is required: write ["NAME"] of the source whose click IDs are those of this platform'
    if not api.missing:
        for at, error in find_mistakes(api.request, api.macros):
            yield (("base_url",), api.base_url, str(error)) if at == ("url",) else (at, "", str(error))
