"""What an operator's own test may do that nobody else may: its click and its postbacks are marked. Pure."""

from dataclasses import replace
from typing import TypeVar

from msgspec.structs import replace as changed

from ingest.plans import Access
from ingest.refusal import Refusal
from schemas.own_test import marked_click
from schemas.records import Click, Postback

WRONG_TEST, OTHER_CLICK = "wrong_test", "other_click"
"""What a test is refused for: it is never read again as anything else."""

_Record = TypeVar("_Record", Click, Postback)


def own_test(header: str, secrets: tuple[bytes, ...]) -> str:
    """The click ID of the test that a request belongs to; empty without the header.

    Raises Refusal for a header that is not ours: what is to be a test never counts as anything else.
    """
    if not header:
        return ""
    if click_id := marked_click(header, secrets):
        return click_id
    wanted = "write it with the first of [ingest] secrets, as the dashboard does, or leave it out"
    raise Refusal(401, WRONG_TEST, f"the header X-Clickjoin-Test was not written with a secret of ours: {wanted}")


def marked(record: _Record, click_id: str) -> _Record:
    """The record as one of this test; as it is without one. Raises Refusal for a record of another click."""
    if not click_id:
        return record
    if record.click_id != click_id:
        raise Refusal(400, OTHER_CLICK, "this test is of another click than the one named here")
    return changed(record, is_test=True)


def access_of_test(access: Access) -> Access:
    """Who may call, for a test: its key has to be right as ever. We are not at the network's addresses, and can sign
    and encrypt nothing in its name."""
    return replace(access, allow=(), only_logs=False, open=True, signature=None, encryption=None)
