"""A request that was kept as invalid, read again from its text. Pure."""

import re
from base64 import b64decode
from typing import NamedTuple

from ingest.parameters import Params, parse_body, parse_query
from ingest.raw import MAX_RAW_URL
from ingest.refusal import Refusal

_FIRST_LINE = re.compile(r"(?P<method>[A-Z]+) /(?P<route>[a-z]+)/?(?P<name>[^?/]*)(?:/[^?]*)?(?:\?(?P<query>.*))?")
_TYPE, _LENGTH = "content-type: ", "content-length: "
_ONCE_KEPT = 16_384
"""So much of a body was kept when nothing said how long it had been."""
_BASE64 = "base64:"


class Kept(NamedTuple):
    """What was asked for; keys are masked in it."""

    method: str
    route: str
    name: str  # of the network or the campaign
    query: str
    content_type: str
    body: bytes

    def params(self, *, last: bool = False) -> list[Params]:
        """The parameters of each object in it, without the key. Raises Refusal. last: as parse_query's."""
        query = parse_query(self.query, last=last)
        several = parse_body(self.body, self.content_type, query, last=last) if self.method == "POST" else [query]
        return [{name: value for name, value in params.items() if name != "key"} for params in several]


def read_kept(raw: str) -> Kept:
    """The request in the text that ingest.raw wrote. Raises Refusal for one that was not kept as a whole."""
    head, _, rest = raw.partition("\n")
    match = _FIRST_LINE.fullmatch(head)
    if not match:
        raise Refusal(400, "not_a_request", "this is no request that was kept")
    said, _, text = rest.partition("\n\n")
    content_type, _, length = said.partition("\n")
    body = b64decode(text.removeprefix(_BASE64)) if text.startswith(_BASE64) else text.encode()
    # The cut may have gone through a character, of which up to three bytes were left out.
    is_whole = length == f"{_LENGTH}{len(body)}" if length else len(body) <= _ONCE_KEPT - 4
    if not is_whole or len(head.encode()) >= MAX_RAW_URL:
        raise Refusal(400, "kept_in_part", "it was too long to be kept as a whole: let it be sent again")
    name = match["name"].removesuffix(".gif") if match["route"] == "pixel" else match["name"]
    return Kept(match["method"], match["route"], name, match["query"] or "", content_type.removeprefix(_TYPE), body)
