"""Recognises a macro that the sender forgot to replace: `{subid}`, `##CLICK_ID##`, `%7Bsub1%7D`, `REPLACE`. Pure.

Networks and sources write macros in ten ways. One that arrives as it was typed means that a template was pasted into
the wrong system, and its "value" would be taken for a click ID or a creative.
"""

import re
from urllib.parse import unquote

_DECODINGS = 2
"""A value is looked at as it is, decoded once, and decoded twice."""

_WORDS = frozenset({"REPLACE", "REPLACE_ME", "OPTIONAL"})
"""What trackers write into templates where the user is to fill something in."""

_NAME = r"[A-Za-z_][A-Za-z0-9_.:|\-]{0,63}(?:\([A-Za-z0-9_]{0,32}\))?"  # SUB_ID_SHORT(action)
_MACRO = re.compile(
    r"\$?\{{1,3}[^{}\"']{1,80}\}{1,3}"  # {x} {{x}} ${x} ${(x)!}
    rf"|\[{{1,3}}{_NAME}\]{{1,3}}"  # [x] [[[x]]]
    rf"|##{_NAME}(?:##?)?"  # ##X##, and what is left of it where its end was cut off
    rf"|#{_NAME}#"  # #x#
    rf"|%{_NAME}%"  # %x%
    r"|[\ufffd\udc80-\udcff][A-Za-z0-9_]{0,62}%"  # %device%, of which "%de" was taken for an encoded byte
    rf"|<{_NAME}>"  # <x>
    r"|__[A-Z][A-Z0-9_]{0,60}__"  # __X__
)
_SEPARATORS = " _-.,:;|/+"


def unreplaced_macro(text: str) -> bool:
    """Whether this value is nothing but macros, as in `{click_id}` or `##CPA##,##RS##`.

    A value that merely holds one ("sale [2026]") is somebody's own text. A macro with `#` that was pasted into a URL
    unencoded ends the URL there: it arrives as an empty value with every later parameter missing, and an empty value
    is not recognised here.
    """
    if text.isalnum():
        return text in _WORDS
    if not ("%" in text or "{" in text or "[" in text or "#" in text or "<" in text or "__" in text):
        return text.strip() in _WORDS  # most values: without these signs there is neither a macro nor anything encoded
    for _ in range(_DECODINGS + 1):
        if _is_macro(text):
            return True
        decoded = unquote(text)
        if decoded == text:
            return False
        text = decoded
    return False


def _is_macro(text: str) -> bool:
    text = text.strip()
    if text in _WORDS:
        return True
    rest, found = _MACRO.subn("", text)
    return found > 0 and not rest.strip(_SEPARATORS)
