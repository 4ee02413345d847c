"""Whose a record is, as far as can be read from its bytes: the fields by which a line of the log names it. Pure."""

import msgspec

_LONGEST = 64


class _Named(msgspec.Struct):
    click_id: str = ""
    network: str = ""
    postback_id: str = ""
    delivery_id: str = ""
    postback: "_Named | None" = None  # of an outcome


_decode = msgspec.json.Decoder(_Named).decode


def whose(value: bytes | None) -> dict[str, str]:
    """`click_id`, `network`, `postback_id` and `delivery_id` of a record on a topic: those that are in it."""
    try:
        record = _decode(value or b"")
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return {}  # it is none of ours, and is named by where it lies
    named = record.postback or record
    words = {"click_id": named.click_id, "network": named.network, "postback_id": named.postback_id}
    return {word: text[:_LONGEST] for word, text in {**words, "delivery_id": record.delivery_id}.items() if text}
