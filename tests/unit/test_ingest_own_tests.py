"""An operator's own test is marked by whoever knows the secret of the click IDs, and by nobody else."""

import pytest
from msgspec.structs import replace

from ingest.auth import check_access
from ingest.normalize_click import Visitor, normalize_click
from ingest.normalize_postback import normalize_postback
from ingest.own_tests import access_of_test, marked, own_test
from ingest.refusal import Refusal
from schemas.own_test import mark_of, marked_click
from tests.ingest_samples import KEY, NOW_MS, OLD_SECRET, SECRET, click_id, plans

PLANS = plans()
OURS = click_id()
MARK = mark_of(SECRET.encode(), OURS)


@pytest.mark.parametrize("secret", [SECRET, OLD_SECRET])
@pytest.mark.parametrize("wanted", [OURS, "pops:a.b:c/ é%20\n&"])
def test_a_mark_by_any_of_our_secrets_names_its_click(secret: str, wanted: str) -> None:
    mark = mark_of(secret.encode(), wanted)
    assert mark.isascii()
    assert mark.isprintable()
    assert marked_click(mark, PLANS.secrets) == wanted


@pytest.mark.parametrize(
    "forged",
    [
        mark_of(b"x" * 32, OURS),
        MARK.replace(OURS, click_id(random=b"another1")),
        MARK.partition(".")[0],
        f".{OURS}",
        OURS,
        "é.\ud800",
    ],
)
def test_a_mark_that_we_did_not_make_is_refused_instead_of_a_test_that_counts(forged: str) -> None:
    with pytest.raises(Refusal, match="X-Clickjoin-Test"):
        own_test(forged, PLANS.secrets)


def test_who_sends_no_mark_is_no_test_and_stays_as_he_is() -> None:
    click = normalize_click(PLANS.campaigns["spring"], {}, Visitor(), click_id=OURS, now_ms=NOW_MS)
    assert own_test("", PLANS.secrets) == ""
    assert marked(click, "") is click
    assert not click.is_test


def test_a_mark_marks_its_own_click_and_its_postbacks_and_nothing_else() -> None:
    click = normalize_click(PLANS.campaigns["spring"], {}, Visitor(), click_id=OURS, now_ms=NOW_MS)
    said = {"ml_sub1": OURS, "event": "install"}
    postback = normalize_postback(PLANS.networks["acme"], said, PLANS.secrets, postback_id="p", now_ms=NOW_MS)
    test = own_test(MARK, PLANS.secrets)
    assert marked(click, test).is_test
    assert marked(postback, test).is_test
    for other in (replace(postback, click_id=click_id(random=b"another1")), replace(postback, click_id="")):
        with pytest.raises(Refusal, match="of another click"):
            marked(other, test)


def test_a_test_needs_the_network_s_key_but_neither_its_addresses_nor_its_signature() -> None:
    acme, near, signed = (access_of_test(PLANS.networks[name].access) for name in ("acme", "near", "signed"))
    check_access(near, "", "127.0.0.1")
    check_access(signed, "", "127.0.0.1")
    assert (signed.signature, signed.encryption) == (None, None)
    check_access(acme, KEY, "127.0.0.1")
    with pytest.raises(Refusal, match="not the key"):
        check_access(acme, "guessed", "127.0.0.1")
