"""By what a conversion API finds the visitor again, and what it is told of his consent. Pure."""

import json
from collections.abc import Mapping
from typing import NamedTuple

from schemas.filters import Value, written
from schemas.macros import WORD, Slot
from schemas.records import Click, Outcome
from schemas.settings.conversion_apis import ConsentWord, ConversionApi

GRANTED, DENIED = frozenset({"granted", "true", "yes", "1"}), frozenset({"denied", "false", "no", "0"})
"""How the parameters ad_user_data and ad_personalization may say it."""


class Matching(NamedTuple):
    """What a conversion API needs to know of a visitor."""

    any_of: tuple[Slot, ...] = ()
    first_of: tuple[str, ...] = ()
    words: Mapping[str, ConsentWord] = {}  # by their macros
    needs_consent: bool = False

    @property
    def macros(self) -> frozenset[str]:
        """What must be read to say whether it is known."""
        return frozenset(slot.macro for slot in self.any_of).union(self.first_of)

    def why_not(self, values: Mapping[str, Value], outcome: Outcome, click: Click) -> str:
        """The reason for which it cannot be told of this visitor; empty: it can."""
        if self.needs_consent and consent(outcome, click, "ad_user_data") is not True:
            return "no_consent: ad_user_data is not granted"
        if self.any_of and not any(written(values[slot.macro], slot.filter) for slot in self.any_of):
            return f"no_match_key: there is none of {', '.join(slot.macro for slot in self.any_of)}"
        if self.first_of and not any(values[macro] for macro in self.first_of):
            return f"no_match_key: there is none of {', '.join(self.first_of)}"
        return ""

    def applied(self, values: Mapping[str, Value], outcome: Outcome, click: Click) -> dict[str, Value]:
        """The values with one key alone of those that exclude each other, and with the words for consents."""
        known = [macro for macro in self.first_of if values[macro]]
        said = {macro: _word(word, consent(outcome, click, word.of)) for macro, word in self.words.items()}
        return {**values, **dict.fromkeys(known[1:], ""), **said}


def matching_of(api: ConversionApi) -> Matching:
    """The Matching of a configured conversion API."""
    slots = (name.partition("|") for name in api.any_of)
    return Matching(
        tuple(Slot(macro, filter_) for macro, _, filter_ in slots),
        api.first_of,
        {WORD + name: word for name, word in api.words.items()},
        api.needs_consent,
    )


def consent(outcome: Outcome, click: Click, name: str) -> bool | None:
    """What the postback says of a consent, else what the click does; None: neither says anything we know."""
    said = (outcome.postback.params.get(name) or click.params.get(name, "")).strip().lower()
    return True if said in GRANTED else False if said in DENIED else None


def _word(word: ConsentWord, given: bool | None) -> str:
    """As JSON; empty: there is none."""
    said = None if given is None else word.granted if given else word.denied
    return "" if said is None else json.dumps(said)
