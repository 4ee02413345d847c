"""The raw request, as it is kept with what could not be used: enough to be sent again, without its secrets. Pure.

Personal data in it is hashed or cut as in everything else that is stored (ingest.privacy).
"""

import re
from base64 import b64encode
from codecs import getincrementaldecoder
from urllib.parse import quote_plus, unquote_plus

from ingest.privacy import Privacy, cut_json, cut_pair, cut_text

MAX_RAW_BODY = 65_536
"""As much as a request with one record has: it can be replayed."""
MAX_RAW_URL = 16_384
_MASK = rb"***"

_LINES = re.compile("ndjson|jsonl", re.IGNORECASE)
_KEY_IN_URL = re.compile(rb"((?:^|[?&;])key=)[^&;\s]*", re.IGNORECASE)
_KEY_IN_PATH = re.compile(rb"^(/postback/[^/]*/).+", re.DOTALL)
_KEY_IN_JSON = re.compile(rb'("key"\s*:\s*)(?:"(?:[^"\\]|\\.)*"?|[^",}\]\s]+)', re.IGNORECASE)


def cut_query(privacy: Privacy, text: str) -> str:
    """A query or a form as it may be kept; what is not personal stays as it was written."""
    return "&".join([_cut_field(privacy, field) for field in text.split("&")])


def _cut_field(privacy: Privacy, field: str) -> str:
    written, mark, value = field.partition("=")
    if not mark:
        return cut_text(privacy, field)
    name, plain = unquote_plus(written).removeprefix("amp;").removesuffix("[]"), unquote_plus(value)
    cut = cut_pair(privacy, name, plain)
    if cut == ((name, plain),):
        return field
    first, *beside = [quote_plus(text) for _, text in cut]
    return "&".join([f"{written}={first}", *(f"{quote_plus(cut[1][0])}={text}" for text in beside)])


def cut_body(privacy: Privacy, content_type: str, body: bytes) -> bytes:
    """A body as it may be kept."""
    text = body.decode("utf-8", "surrogateescape")
    if body.lstrip()[:1] not in (b"{", b"["):
        cut = cut_query(privacy, text) if "=" in text else cut_text(privacy, text)
    elif _LINES.search(content_type):
        cut = "\n".join([cut_json(privacy, line) for line in text.split("\n")])
    else:
        cut = cut_json(privacy, text)
    return cut.encode("utf-8", "surrogateescape")


def raw_request(
    method: str,
    path: str,
    query: str,
    content_type: str,
    body: bytes,
    secret: bytes | None,
    privacy: Privacy | None = None,
    unread: int = 0,
) -> str:
    """Method and URL on the first line, then the type, the length and the body where there is one: each bounded, keys
    masked. A body of another length was kept in part. One that is no UTF-8 stands there in base64, behind `base64:`.

    unread: bytes of the body that were not read.
    """
    if privacy:
        path, query, body = cut_text(privacy, path), cut_query(privacy, query), cut_body(privacy, content_type, body)
    url = _KEY_IN_PATH.sub(rb"\g<1>" + _MASK, path.encode("utf-8", "replace"))
    if query:
        url += b"?" + _KEY_IN_URL.sub(rb"\g<1>" + _MASK, query.encode("utf-8", "replace"))
    text = f"{method} {_without(url, secret)[:MAX_RAW_URL].decode('utf-8', 'replace')}"
    if body or unread:
        masked = _masked(body, secret)
        length = len(masked) + unread
        text += f"\ncontent-type: {content_type[:200]}\ncontent-length: {length}\n\n{_body_text(masked)}"
    return text


def _masked(body: bytes, secret: bytes | None) -> bytes:
    masked = _KEY_IN_JSON.sub(rb'\g<1>"' + _MASK + b'"', _KEY_IN_URL.sub(rb"\g<1>" + _MASK, body))
    return _without(masked, secret)


def _body_text(masked: bytes) -> str:
    # Masked before it is cut: half a secret at the end would not be recognised.
    cut = masked[:MAX_RAW_BODY]
    try:
        # Incrementally, since the cut may go through a character.
        return getincrementaldecoder("utf-8")().decode(cut)
    except UnicodeDecodeError:
        return "base64:" + b64encode(cut).decode()


def _without(text: bytes, secret: bytes | None) -> bytes:
    """The text without a secret that we know, however it came to be in there."""
    if not secret:
        return text
    return text.replace(secret, _MASK).replace(quote_plus(secret).encode(), _MASK)
