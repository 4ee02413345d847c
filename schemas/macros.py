"""Templates of offer URLs and source postbacks: text with macros like `{click_id}`. Pure.

A macro is a name in braces. Its value is percent-encoded once and never expanded again, so that no value can add a
parameter, a header line or another macro. Filters (`{payout|2}`) are kept free in the grammar, and refused for now.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from urllib.parse import SplitResult, quote, urlsplit

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

POSTBACK_MACROS = CLICK_MACROS | {
    "event",
    "status",
    "previous_status",
    "payout",
    "currency",
    "txid",
    "conversion_id",
    "postback_id",
    "delivery_id",
    "occurred_at",
    "received_at",
}
"""What a source postback may name. Moments are unix seconds."""

_BRACE = re.compile(r"[{}]")
_MACRO = re.compile(r"\{([^{}]*)\}")
_UNSAFE = re.compile(r"[\x00-\x20\x7f]")


class MacroError(ValueError):
    """A template that cannot be used. The text says where, what, and what would be right."""


class UnresolvedMacro(LookupError):  # noqa: N818 - the name says what happened
    """A macro that has no value here. `macro` is its name."""

    def __init__(self, macro: str) -> None:
        super().__init__(f"{{{macro}}} has no value")
        self.macro = macro


@dataclass(frozen=True, slots=True)
class Template:
    """A parsed template: literal text and names of macros in turn, beginning and ending with a literal."""

    literals: tuple[str, ...]
    names: tuple[str, ...]

    @classmethod
    def parse(cls, text: str, allowed: frozenset[str]) -> "Template":
        """Read a template. Raises MacroError for a macro that is not in `allowed`, a filter, or a lone brace."""
        pieces = _MACRO.split(text)
        literals, names = tuple(pieces[::2]), tuple(pieces[1::2])
        _refuse_lone_brace(text)
        for name in names:
            _refuse_unknown(name, allowed)
        return cls(literals, names)

    @property
    def macros(self) -> frozenset[str]:
        """The names of the macros in it."""
        return frozenset(self.names)

    def render(self, values: Mapping[str, str]) -> str:
        """The text with every macro replaced by its value, percent-encoded once.

        An empty value is a value. Raises UnresolvedMacro where `values` lacks a macro.
        """
        parts = [self.literals[0]]
        for name, literal in zip(self.names, self.literals[1:], strict=True):
            if name not in values:
                raise UnresolvedMacro(name)
            parts += encode_value(values[name]), literal
        return "".join(parts)


def encode_value(value: str) -> str:
    """A value as it stands in a URL: UTF-8, percent-encoded, nothing but letters, digits and `_.-~` left as it is."""
    # A lone surrogate is no character and has no UTF-8: it becomes "?" rather than an exception on data.
    return quote(value, safe="", errors="replace")


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


def _refuse_unknown(name: str, allowed: frozenset[str]) -> None:
    if name in allowed:
        return
    stem, bar, _ = name.partition("|")
    if bar and stem in allowed:
        raise MacroError(f"{{{name}}}: filters are not known here: write {{{stem}}}")
    near = get_close_matches(name.strip().lower(), sorted(allowed), n=1)
    hint = f"did you mean {{{near[0]}}}?" if near else f"there are: {', '.join(sorted(allowed))}"
    raise MacroError(f"unknown macro {{{name[:64]}}}: {hint}")
