"""What is wrong with what one source or partner is told: templates that do not parse, unknown names. Pure."""

import re
from collections.abc import Collection, Iterator
from difflib import get_close_matches
from typing import Any, NamedTuple

from schemas.macros import ACCOUNT
from schemas.requests import find_mistakes
from schemas.settings.errors import Path
from schemas.settings.postbacks import ANY_EVENT, Postbacks, SourcePostback

_ACCOUNT = re.compile(r"\{account\.([A-Za-z0-9_-]+)[|}]", re.ASCII)

Mistake = tuple[Path, object, str]
"""Where in its section, what is written there, what would be right."""


class Known(NamedTuple):
    """The names that the rest of the file gives."""

    events: Collection[str]
    campaigns: Collection[str]
    networks: Collection[str]


def postback_mistakes(source: Postbacks, known: Known) -> Iterator[Mistake]:
    """All that is wrong with the postbacks of a source or a partner."""
    for event, goal in source.goals.items():
        if event != ANY_EVENT:
            yield from unless_known(("goals", event), goal, event, known.events, "events")
    for name in _missing_of_account(source):
        message = (
            f'is required: its postbacks name {{account.{name}}}: write {name} = "…" in its [account], or "env:NAME"'
        )
        yield ("account", name), "", message
    for name, postback in source.postbacks.items():
        for place, value, message in _postback(source, name, postback, known):
            yield ("postbacks", name, *place), value, message


def _missing_of_account(source: Postbacks) -> list[str]:
    named = (_ACCOUNT.findall(str(postback.request)) for postback in source.postbacks.values())
    return sorted({name for names in named for name in names} - source.account.keys())


def _postback(source: Postbacks, name: str, postback: SourcePostback, known: Known) -> Iterator[Mistake]:
    if name != ANY_EVENT:
        yield from unless_known((), name, name, known.events, "events")
        if postback.events:
            yield ("events",), list(postback.events), f'it is for {name} alone: leave events out, or call it "*"'
    for kind, names, there in (
        ("events", postback.events, known.events),
        ("campaigns", postback.campaigns, known.campaigns),
        ("networks", postback.networks, known.networks),
    ):
        for index, each in enumerate(names):
            yield from unless_known((kind, index), each, each, there, kind)
    of_account = {ACCOUNT + missing for missing in _missing_of_account(source)}  # told once, for all of its postbacks
    for at, error in find_mistakes(postback.request, source.postback_macros | of_account):
        yield at, _written(postback, at), str(error)
    if name != ANY_EVENT and "{goal" in str(postback.request) and not {name, ANY_EVENT} & source.goals.keys():
        yield (), "", f'it names {{goal}}: write {name} = "…" in its [goals]'


def unless_known(place: Path, value: str, name: str, known: Collection[str], section: str) -> Iterator[Mistake]:
    """A mistake where a name is none of those that a section of the file gives."""
    if name in known:
        return
    near = get_close_matches(name, sorted(known), n=1)
    if near:
        hint = f'did you mean "{near[0]}"?'
    else:
        hint = f"there are {', '.join(sorted(known))}" if known else f"the file has no [{section}.NAME]"
    yield place, value, f"there is no [{section}.{name}]: {hint}"


def _written(postback: SourcePostback, place: Path) -> Any:
    """What stands at a place in a postback's section."""
    found: Any = getattr(postback, str(place[0]))
    for step in place[1:]:
        found = found[step]
    return found
