"""What is wrong with one traffic source: templates that do not parse, goals and events that do not exist. Pure."""

from collections.abc import Collection, Iterator
from difflib import get_close_matches
from typing import Any

from schemas.requests import find_mistakes
from schemas.settings.errors import Path
from schemas.settings.postbacks import ANY_EVENT, Source, SourcePostback

Mistake = tuple[Path, object, str]
"""Where in the source's section, what is written there, what would be right."""


def source_mistakes(source: Source, events: Collection[str]) -> Iterator[Mistake]:
    """All that is wrong with a source where these events are configured."""
    for event, goal in source.goals.items():
        yield from _unless_event(("goals", event), goal, event, events)
    for name, postback in source.postbacks.items():
        yield from _postback(source, name, postback, events)


def _postback(source: Source, name: str, postback: SourcePostback, events: Collection[str]) -> Iterator[Mistake]:
    place = ("postbacks", name)
    yield from _unless_event(place, name, name, events)
    for at, error in find_mistakes(postback.request, source.postback_macros):
        yield (*place, *at), _written(postback, at), str(error)
    if name != ANY_EVENT and "{goal" in str(postback.request) and not {name, ANY_EVENT} & source.goals.keys():
        yield place, "", f'it names {{goal}}: write {name} = "…" in the [goals] of this source'


def _unless_event(place: Path, value: str, name: str, events: Collection[str]) -> Iterator[Mistake]:
    if name == ANY_EVENT or name in events:
        return
    near = get_close_matches(name, sorted(events), n=1)
    if near:
        hint = f'did you mean "{near[0]}"?'
    else:
        hint = f"there are {', '.join(sorted(events))}" if events else "the file has no [events.NAME]"
    yield place, value, f"there is no [events.{name}]: {hint}"


def _written(postback: SourcePostback, place: Path) -> Any:
    """What stands at a place in a postback's section."""
    found: Any = getattr(postback, str(place[0]))
    for step in place[1:]:
        found = found[step]
    return found
