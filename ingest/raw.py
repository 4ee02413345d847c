"""The raw request, as it is kept with what could not be used: enough to be sent again, without its secrets. Pure."""

import re
from base64 import b64encode
from codecs import getincrementaldecoder
from urllib.parse import quote_plus

MAX_RAW_BODY = 16_384
MAX_RAW_URL = 16_384
_MASK = rb"***"

_KEY_IN_URL = re.compile(rb"((?:^|[?&;])key=)[^&;\s]*", re.IGNORECASE)
_KEY_IN_PATH = re.compile(rb"^(/postback/[^/]*/).+", re.DOTALL)
_KEY_IN_JSON = re.compile(rb'("key"\s*:\s*)(?:"(?:[^"\\]|\\.)*"?|[^",}\]\s]+)', re.IGNORECASE)


def raw_request(method: str, path: str, query: str, content_type: str, body: bytes, secret: bytes | None) -> str:
    """Method and URL on the first line, then the type and the body where there is one: each bounded, keys masked.

    A body that is no UTF-8 stands there in base64, behind `base64:`.
    """
    url = _KEY_IN_PATH.sub(rb"\g<1>" + _MASK, path.encode("utf-8", "replace"))
    if query:
        url += b"?" + _KEY_IN_URL.sub(rb"\g<1>" + _MASK, query.encode("utf-8", "replace"))
    text = f"{method} {_without(url, secret)[:MAX_RAW_URL].decode('utf-8', 'replace')}"
    if body:
        text += f"\ncontent-type: {content_type[:200]}\n\n{_body_text(body, secret)}"
    return text


def _body_text(body: bytes, secret: bytes | None) -> str:
    masked = _KEY_IN_JSON.sub(rb'\g<1>"' + _MASK + b'"', _KEY_IN_URL.sub(rb"\g<1>" + _MASK, body))
    # Masked before it is cut: half a secret at the end would not be recognised.
    cut = _without(masked, secret)[:MAX_RAW_BODY]
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
