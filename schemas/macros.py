"""Templates of offer URLs and source postbacks: text with macros like `{click_id}`. Pure.

A macro is a name in braces, perhaps with a filter (`{payout|2}`: schemas.filters). Its value is encoded once and never
expanded again, so that no value can add a parameter, a header line or another macro.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import NamedTuple
from urllib.parse import SplitResult, quote, urlsplit

from schemas.filters import Value, filters_of, is_number, written

_SUBS = frozenset(f"sub{number}" for number in range(1, 11))

CLICK_MACROS = _SUBS | {
    "click_id",
    "source_click_id",
    "campaign",
    "source",
    "offer",
    "network",
    "placement",
    "creative",
    "source_campaign",
    "keyword",
    "country",
    "clicked_at",
}
"""What an offer's URL may name."""
ACCOUNT = "account."
"""`{account.aid}`: what a source's own [account] holds, fixed for all its postbacks."""

PARAM = "param."
ANY_PARAM = "param.*"
"""`{param.em}`: whatever else the postback brought, or the click, under this name."""
WORD = "word."
"""`{word.consent}`: what a conversion API writes for a consent; it stands in JSON as it is, as a number does."""

POSTBACK_MACROS = CLICK_MACROS | {
    *("device", "os", "browser", "ip", "user_agent", "cost", "cost_currency", "consent"),
    *("event", "event_name", "goal", "status", "raw_status", "previous_status", "payout", "currency", "txid"),
    *("conversion_id", "postback_id", "delivery_id"),
    *("occurred_at", "received_at", "status_at"),
    ANY_PARAM,
}
"""What a source postback may name. Moments are unix seconds, unless a filter says otherwise."""

_BRACE = re.compile(r"[{}]")
_MACRO = re.compile(r"\{([^{}]*)\}")
_AS_IT_IS = re.compile(r"[A-Za-z0-9_.~-]*", re.ASCII).fullmatch
_PARAM_NAME = re.compile(r"param\.[a-z0-9_.\[\]-]{1,64}").fullmatch
_UNSAFE = re.compile(r"[\x00-\x20\x7f]")


class MacroError(ValueError):
    """A template that cannot be used. The text says where, what, and what would be right."""


class UnresolvedMacro(LookupError):  # noqa: N818 - the name says what happened
    """A macro that has no value here. `macro` is its name."""

    def __init__(self, macro: str) -> None:
        super().__init__(f"{{{macro}}} has no value")
        self.macro = macro


class Slot(NamedTuple):
    """A macro in a template, with its filter; empty: none."""

    macro: str
    filter: str = ""

    @property
    def is_number(self) -> bool:
        """Whether its value stands in JSON without quotes."""
        return is_number(self.macro, self.filter) or self.macro.startswith(WORD)


def encode_value(value: str) -> str:
    """A value as it stands in a URL: UTF-8, percent-encoded, nothing but letters, digits and `_.-~` left as it is."""
    if (value.isascii() and value.isalnum()) or _AS_IT_IS(value):  # most are, and quote() takes its time
        return value
    # A lone surrogate is no character and has no UTF-8: it becomes "?" rather than an exception on data.
    return quote(value, safe="", errors="replace")


@dataclass(frozen=True, slots=True)
class Template:
    """A parsed template: literal text and macros in turn, beginning and ending with a literal."""

    literals: tuple[str, ...]
    slots: tuple[Slot, ...]
    _pattern: str = field(init=False, repr=False, compare=False)  # with %s for each macro

    def __post_init__(self) -> None:
        object.__setattr__(self, "_pattern", "%s".join(text.replace("%", "%%") for text in self.literals))

    @classmethod
    def parse(cls, text: str, allowed: frozenset[str]) -> "Template":
        """Read a template. Raises MacroError for a macro that is not in `allowed`, a wrong filter, or a lone brace."""
        pieces = _MACRO.split(text)
        _refuse_lone_brace(text)
        return cls(tuple(pieces[::2]), tuple(_slot(inside, allowed) for inside in pieces[1::2]))

    @property
    def macros(self) -> frozenset[str]:
        """The names of the macros in it."""
        return frozenset(slot.macro for slot in self.slots)

    def render(self, values: Mapping[str, Value], encode: Callable[[str], str] = encode_value) -> str:
        """The text with every macro replaced by its value, encoded once.

        An empty value is a value. Raises UnresolvedMacro where `values` lacks a macro, or holds what cannot be written.
        """
        return self._pattern % tuple([encode(_text(macro, filter_, values)) for macro, filter_ in self.slots])

    def is_known(self, values: Mapping[str, Value]) -> bool:
        """Whether none of its macros is empty, and there is some text. Raises UnresolvedMacro."""
        return all(_text(*slot, values) for slot in self.slots) and (bool(self.slots) or self.literals != ("",))

    def filled(self, values: Mapping[str, str], encode: Callable[[str], str] = encode_value) -> "Template":
        """The template with these macros replaced once and for all; the others stay."""
        literals, slots = [self.literals[0]], list[Slot]()
        for slot, literal in zip(self.slots, self.literals[1:], strict=True):
            if slot.macro in values:
                literals[-1] += encode(written(values[slot.macro], slot.filter)) + literal
            else:
                slots.append(slot)
                literals.append(literal)
        return Template(tuple(literals), tuple(slots))


def parse_url_template(text: str, allowed: frozenset[str]) -> Template:
    """Read a template that is a URL. Raises MacroError, also for one without an http(s) scheme and a fixed host."""
    template = Template.parse(text, allowed)
    if _UNSAFE.search(text):
        raise MacroError("a URL holds no space, tab or line break: write %20 for a space")
    try:
        _refuse_uncallable(urlsplit(text))
    except MacroError:
        raise
    except ValueError as error:  # urllib's words
        raise MacroError(f"this is no URL: {error}") from None
    return template


def _refuse_uncallable(url: SplitResult) -> None:
    if url.scheme not in ("http", "https"):
        raise MacroError(f"the scheme {url.scheme!r} cannot be called: begin with https:// or http://")
    if _BRACE.search(url.netloc):
        raise MacroError("the host holds a macro: write the host out, and keep macros for the path and the query")
    if not url.hostname:
        raise MacroError("the URL has no host: write https://HOST/PATH")
    _ = url.port  # raises ValueError for one that is no port


def _refuse_lone_brace(text: str) -> None:
    lone = _BRACE.search(_MACRO.sub(lambda macro: "_" * len(macro[0]), text))
    if lone:
        raise MacroError(
            f"unbalanced {lone[0]!r} at character {lone.start() + 1}: "
            "a macro is written {name}; a brace of its own is written %7B or %7D"
        )


def _text(macro: str, filter_: str, values: Mapping[str, Value]) -> str:
    try:
        value = values[macro]
        return value if type(value) is str and not filter_ else written(value, filter_)
    except (KeyError, OverflowError):
        raise UnresolvedMacro(macro) from None


def _slot(inside: str, allowed: frozenset[str]) -> Slot:
    name, bar, filter_ = inside.partition("|")
    if (name not in allowed or name == ANY_PARAM) and not (ANY_PARAM in allowed and _PARAM_NAME(name)):
        raise MacroError(f"unknown macro {{{inside[:64]}}}: {_instead(name, allowed)}")
    if bar and filter_ not in filters_of(name):
        known = ", ".join(f"{{{name}|{each}}}" for each in filters_of(name))
        raise MacroError(f"unknown filter {{{inside[:64]}}}: there are {known}")
    return Slot(name, filter_)


def _instead(name: str, allowed: frozenset[str]) -> str:
    if not allowed:
        return "no macro stands here: a brace of its own is written %7B or %7D"
    if name.startswith(ACCOUNT):
        return f'write {name.removeprefix(ACCOUNT)} = "…" in its [account]'
    if name.startswith(PARAM):
        return "write the name of a parameter in small letters behind param."
    near = get_close_matches(name.strip().lower(), sorted(allowed), n=1)
    return f"did you mean {{{near[0]}}}?" if near else f"there are: {', '.join(sorted(allowed))}"
