"""Parameters of a request: from the query, a form or JSON to one flat mapping of text. Pure.

Names are lower-cased, since panels write them in any case. Of several with one name, or in an array, the first counts,
or the last. Text that is no UTF-8, and NUL, becomes U+FFFD: whether that matters is for those to say who read it.
"""

import json
from collections import deque
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import unquote_plus

from ingest.refusal import Refusal

Params = dict[str, str]
"""Lower-cased name = value."""

BROKEN = "\ufffd"
MAX_OBJECTS = 1000
_MAX_PARAMS = 200
_MAX_DEPTH = 6

FORM = "application/x-www-form-urlencoded"
_LINES = ("application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines")
_WANTED = "send a JSON object, an array of objects, or an object on each line"


def find(params: Params, names: tuple[str, ...], last: bool = False) -> tuple[str, str]:
    """The first of these names that has a value, and that value, stripped. Else the first name and nothing."""
    for name in names:
        value = params.get(name)
        if value and (value := value.strip()):
            if value[0] == "[" and not (value := element(value, last)):
                continue
            return name, value
    return names[0], ""


def in_their_words(names: Mapping[str, tuple[str, ...]], params: Params) -> Params:
    """The parameters, those with our own names as others spell them besides. names: our word = theirs."""
    found = dict(params)
    for word, theirs in names.items():
        if theirs and word in params and not any(params.get(name) for name in theirs):
            found[theirs[0]] = params[word]
    return found


def element(text: str, last: bool) -> str:
    """Of a JSON array of texts or numbers its first or last; any other text as it is."""
    try:
        found = json.loads(text, parse_float=str, parse_int=str)
    except (ValueError, RecursionError):
        return text
    if not found:
        return ""
    one = found[-1 if last else 0]
    return one.strip() if isinstance(one, str) else text


def parse_query(text: str, *, last: bool = False) -> Params:
    """The parameters of a query string or a form. last: which of several with one name counts."""
    if "&amp;" in text:  # a URL that was pasted from HTML
        text = text.replace("&amp;", "&")
    params: Params = {}
    is_clean = text.isprintable()
    for pair in text.split("&")[:_MAX_PARAMS]:
        raw, _, value = pair.partition("=")
        name = _name(raw)
        if not name or (name in params and not last):
            continue
        if "%" in value or "+" in value:
            value = _text(unquote_plus(value))
        elif not is_clean:
            value = _text(value)
        params[name] = value
    return params


@lru_cache(maxsize=1024)
def _name(raw: str) -> str:
    """A parameter's name, of how a URL spells it."""
    return _text(unquote_plus(raw)).lower().removesuffix("[]")


def parse_body(body: bytes, content_type: str, query: Params, *, last: bool = False) -> list[Params]:
    """The parameters of a body, beneath those of the query: one mapping, or one for each object of a JSON array.

    last: which of several with one name counts. Raises Refusal where it is neither a form nor JSON.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if not body.strip():
        return [query]
    if kind.startswith("multipart/"):
        raise Refusal(400, "invalid_body", f"Content-Type {kind[:80]} is not read here: send a form ({FORM}) or JSON")
    if kind in _LINES:
        return [{**params, **query} for params in _parse_lines(body, last)]
    # Many senders name no type, or the wrong one; a form never begins with a brace or a bracket.
    if body.lstrip()[:1] in (b"{", b"["):
        several = _parse_lines(body, last) if _are_lines(body) else _parse_json(body, last)
        return [{**params, **query} for params in several]
    if "json" in kind:
        begin = body.lstrip()[:1].decode("utf-8", "replace")
        raise Refusal(400, "invalid_body", f"Content-Type {kind[:80]}, but the body begins with {begin!r}: {_WANTED}")
    return [{**parse_query(body.decode("utf-8", "replace").strip("\r\n"), last=last), **query}]


def _are_lines(body: bytes) -> bool:
    """Whether this is an object on each line, though its sender does not say so: the first line is whole."""
    first, _, rest = body.strip().partition(b"\n")
    if not rest or not first.rstrip().endswith(b"}"):
        return False
    try:
        return isinstance(json.loads(first), dict)
    except (ValueError, RecursionError):
        return False


def _parse_lines(body: bytes, last: bool) -> list[Params]:
    """An object on each line."""
    lines = body.decode("utf-8", "replace").splitlines()
    return _flatten_all([_load(line, f"line {number}", last) for number, line in enumerate(lines, 1) if line.strip()])


def _parse_json(body: bytes, last: bool) -> list[Params]:
    found = _load(body.decode("utf-8", "replace"), "the body", last)
    return _flatten_all(found if isinstance(found, list) else [found])


def _load(text: str, what: str, last: bool) -> Any:
    try:
        # Numbers stay as they were written: an amount is never a float.
        # dict keeps the last of several members with one name.
        pairs = dict if last else _first_of_each
        return json.loads(text, parse_float=str, parse_int=str, object_pairs_hook=pairs)
    except RecursionError:
        raise Refusal(
            400, "invalid_body", f"{what} is nested too deeply: send a JSON object, or an array of them"
        ) from None
    except ValueError as error:
        raise Refusal(400, "invalid_body", f"{what} is no JSON: {str(error)[:120]}: {_WANTED}") from None


def _flatten_all(objects: list[Any]) -> list[Params]:
    wrong = next((number for number, item in enumerate(objects, 1) if not isinstance(item, dict)), 0)
    if wrong or not objects:
        found = f"value {wrong} in the body is no JSON object" if wrong else "the array in the body is empty"
        raise Refusal(400, "invalid_body", f"{found}: {_WANTED}")
    if len(objects) > MAX_OBJECTS:
        raise Refusal(413, "too_many", f"{len(objects)} objects in one body: send at most {MAX_OBJECTS}")
    return [_flatten(item) for item in objects]


def _first_of_each(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        found.setdefault(name, value)
    return found


def _flatten(item: dict[str, Any]) -> Params:
    """One level of text: what is nested gets dotted names (`event.price`), an array stays JSON."""
    params: Params = {}
    # The outer levels first: where there is more than is read, what is deep inside goes.
    waiting: deque[tuple[str, Any, int]] = deque([("", item, 0)])
    while waiting and len(params) < _MAX_PARAMS:
        name, value, depth = waiting.popleft()
        if isinstance(value, dict) and depth < _MAX_DEPTH:
            prefix = f"{name}." if name else ""
            waiting += [(prefix + _text(key).lower(), inner, depth + 1) for key, inner in value.items()]
        elif value is not None and name:
            params.setdefault(name, _text(_scalar(value)))
    return params


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return (
        json.dumps(value, ensure_ascii=False, separators=(",", ":")) if isinstance(value, (list, dict)) else str(value)
    )


def _text(text: str) -> str:
    """Text that any reader can hold: no NUL, no lone surrogate."""
    if text.isprintable():
        return text
    if "\0" in text:
        text = text.replace("\0", BROKEN)
    # A surrogate can only come from an escape in JSON.
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
