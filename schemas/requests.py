"""Templates of whole requests: URL, headers, and a body that is a form or JSON. Pure.

Every value is encoded once for the place where it stands: percent-encoded in a URL and a form, escaped in JSON, and in
a header with everything encoded that is no printable ASCII, so that none can begin another line.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import quote

import msgspec

from schemas.filters import Value
from schemas.macros import MacroError, Template, encode_value, parse_url_template

FORM, JSON = "application/x-www-form-urlencoded", "application/json"
Body = Mapping[str, Any]
"""A tree whose texts are templates."""

_PRINTABLE = "".join(map(chr, range(0x20, 0x7F)))
_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}")
_CONTROL = re.compile(r"[^\x20-\x7e]")
_OURS_TO_SET = frozenset({"host", "content-length", "transfer-encoding", "connection", "expect"})
_encode_json = msgspec.json.Encoder(decimal_format="number").encode

Place = tuple[str | int, ...]
"""Where something stands in a postback's section: ("headers", "X-Key")."""


class RequestText(NamedTuple):
    """A request as it is configured: templates as text. An empty method is POST where there is a body, else GET."""

    url: str
    method: str = ""
    headers: Mapping[str, str] = {}
    form: Mapping[str, str] = {}
    json: Body = {}
    omits_unknown: bool = False  # headers that are empty, and in the JSON body what holds an empty value


class Request(msgspec.Struct, frozen=True, gc=False):  # a tuple with names takes four times as long to make
    """One request to send."""

    method: str
    url: str
    headers: Mapping[str, str] = {}
    body: str = ""


class Terms(NamedTuple):
    """How one attempt is made; times are milliseconds."""

    connect_ms: int
    whole_ms: int
    repeat_unanswered: bool = True  # false: on a connection of its own, so that it is known whether it was taken


class RequestTemplate(NamedTuple):
    """A parsed request."""

    method: str
    url: Template
    headers: tuple[tuple[str, Template], ...] = ()
    form: tuple[tuple[str, Template], ...] = ()
    json: Any = None  # a tree with Templates for its texts
    omits_unknown: bool = False

    @property
    def macros(self) -> frozenset[str]:
        """The names of the macros in all of it."""
        texts = (*(value for _, value in (*self.headers, *self.form)), *_texts(self.json))
        return self.url.macros.union(*(text.macros for text in texts))

    def filled(self, values: Mapping[str, str]) -> "RequestTemplate":
        """The request with these macros replaced once and for all."""
        return RequestTemplate(
            self.method,
            self.url.filled(values),
            tuple((name, text.filled(values, encode_header)) for name, text in self.headers),
            tuple((name, text.filled(values)) for name, text in self.form),
            _mapped(self.json, lambda text: text.filled(values, str)),
            self.omits_unknown,
        )

    def render(self, values: Mapping[str, Value]) -> Request:
        """The request with every macro replaced by its value. Raises UnresolvedMacro."""
        headers = {name: text.render(values, encode_header) for name, text in self.headers} if self.headers else {}
        if self.omits_unknown and headers:
            headers = {name: value for name, value in headers.items() if value}
        body = ""
        if self.form:
            body = "&".join(f"{encode_value(name)}={text.render(values)}" for name, text in self.form)
        elif self.json is not None:
            tree = _without_unknown(self.json, values) if self.omits_unknown else self.json
            body = _encode_json(_mapped(tree, lambda text: _leaf(text, values))).decode()
        return Request(self.method, self.url.render(values), headers, body)


def parse_request(text: RequestText, allowed: frozenset[str]) -> RequestTemplate:
    """Read the templates of a request. Raises MacroError."""
    for _, error in find_mistakes(text, allowed):
        raise error
    headers = {"Content-Type": FORM if text.form else JSON} if text.form or text.json else {}
    if any(name.lower() == "content-type" for name in text.headers):
        headers = {}
    parse = partial(Template.parse, allowed=allowed)
    return RequestTemplate(
        text.method or ("POST" if text.form or text.json else "GET"),
        parse_url_template(text.url, allowed),
        tuple((name, parse(value)) for name, value in {**headers, **text.headers}.items()),
        tuple((name, parse(value)) for name, value in text.form.items()),
        _mapped(text.json, parse) if text.json else None,
        text.omits_unknown,
    )


def find_mistakes(text: RequestText, allowed: frozenset[str]) -> Iterator[tuple[Place, MacroError]]:
    """All that is wrong with the templates of a request, and where."""
    if text.form and text.json:
        yield ("form",), MacroError("a request has one body: write form or json_body, not both")
    if text.method == "GET" and (text.form or text.json):
        yield ("method",), MacroError('a body is sent with method = "POST"')
    yield from _mistake(("url",), partial(parse_url_template, text.url, allowed))
    for name, value in text.headers.items():
        yield from _mistake(("headers", name), partial(_check_header, name, value, allowed))
    for name, value in text.form.items():
        yield from _mistake(("form", name), partial(Template.parse, value, allowed))
    for place, leaf in _leaves(text.json, ("json_body",)):
        yield from _mistake(place, partial(_check_leaf, leaf, allowed))


def encode_header(value: str) -> str:
    """A value as it stands in a header: what is no printable ASCII is percent-encoded."""
    return quote(value, safe=_PRINTABLE, errors="replace")


def _mistake(place: Place, parse: Callable[[], object]) -> Iterator[tuple[Place, MacroError]]:
    try:
        parse()
    except MacroError as error:
        yield place, error


def _check_header(name: str, text: str, allowed: frozenset[str]) -> None:
    if not _NAME.fullmatch(name):
        raise MacroError("the name of a header is made of letters, digits and -")
    if name.lower() in _OURS_TO_SET:
        raise MacroError("this header is set by the connection itself: leave it out")
    if _CONTROL.search(text):
        raise MacroError("a header holds printable ASCII only, and no line break")
    Template.parse(text, allowed)


def _check_leaf(value: Any, allowed: frozenset[str]) -> None:
    if isinstance(value, str):
        Template.parse(value, allowed)
    elif not isinstance(value, (bool, int, float)):
        raise MacroError("JSON holds text, numbers, true, false, arrays and tables: write a date as text")


def _leaf(text: Template, values: Mapping[str, Value]) -> Any:
    """Text; or a number, where nothing but an amount or a moment stands there. One that is empty is null."""
    rendered = text.render(values, str)
    if len(text.slots) == 1 and text.slots[0].is_number and not any(text.literals):
        return msgspec.Raw((rendered or "null").encode())
    # A lone surrogate is no character: JSON cannot hold it.
    return rendered if rendered.isascii() else rendered.encode("utf-8", "replace").decode()


def _without_unknown(tree: Any, values: Mapping[str, Value]) -> Any:
    """The tree without the texts of which a macro is empty; None where nothing else was to be said there.

    A table or an array of which only constants are left says nothing either.
    """
    if isinstance(tree, Template):
        return tree if tree.is_known(values) else None
    if not isinstance(tree, (Mapping, list)):
        return tree
    named = tree.items() if isinstance(tree, Mapping) else enumerate(tree)
    kept = {name: left for name, value in named if (left := _without_unknown(value, values)) is not None}
    if len(kept) < len(tree) and all(map(_is_constant, kept.values())):
        return None
    return kept if isinstance(tree, Mapping) else list(kept.values())


def _is_constant(value: Any) -> bool:
    return not (isinstance(value, (Mapping, list)) or (isinstance(value, Template) and value.slots))


def _leaves(tree: Any, place: Place) -> Iterator[tuple[Place, Any]]:
    if isinstance(tree, Mapping):
        for name, value in tree.items():
            yield from _leaves(value, (*place, name))
    elif isinstance(tree, list):
        for index, value in enumerate(tree):
            yield from _leaves(value, (*place, index))
    else:
        yield place, tree


def _texts(tree: Any) -> Iterator[Template]:
    return (value for _, value in _leaves(tree, ()) if isinstance(value, Template))


def _mapped(tree: Any, text: Callable[[Any], Any]) -> Any:
    """The tree with its texts, or the Templates in their place, replaced."""
    if isinstance(tree, Mapping):
        return {name: _mapped(value, text) for name, value in tree.items()}
    if isinstance(tree, list):
        return [_mapped(value, text) for value in tree]
    return text(tree) if isinstance(tree, (str, Template)) else tree
