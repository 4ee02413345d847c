from dataclasses import replace

import pytest

from ingest.auth import check_access, is_listed
from ingest.plans import Access
from ingest.refusal import Refusal
from tests.ingest_samples import KEY, plans

PLANS = plans()
KEYED, NEAR, OPEN = (PLANS.networks[name].access for name in ("acme", "near", "billing"))
CLOSED = Access("networks.none", None, (), open=False)


@pytest.mark.parametrize(
    ("access", "key", "peer"),
    [
        (KEYED, KEY, "192.0.2.1"),
        (NEAR, "", "203.0.113.9"),
        (NEAR, "", "2001:db8::1"),
        (NEAR, "", "::ffff:203.0.113.9"),
        (OPEN, "", "192.0.2.1"),
        (OPEN, "whatever", ""),
    ],
)
def test_a_key_or_an_address_opens(access: Access, key: str, peer: str) -> None:
    check_access(access, key, peer)


@pytest.mark.parametrize(
    ("access", "key", "peer", "status", "code"),
    [
        (KEYED, "", "192.0.2.1", 401, "missing_key"),
        (KEYED, KEY[:-1], "192.0.2.1", 401, "wrong_key"),
        (KEYED, KEY.upper(), "192.0.2.1", 401, "wrong_key"),
        (KEYED, "kéy\ud800", "192.0.2.1", 401, "wrong_key"),
        (NEAR, "", "192.0.2.1", 403, "address_not_allowed"),
        (NEAR, "", "::ffff:192.0.2.1", 403, "address_not_allowed"),
        (NEAR, "", "no address", 403, "address_not_allowed"),
        (CLOSED, "", "192.0.2.1", 401, "closed"),
    ],
)
def test_nobody_else_passes_and_no_answer_tells_the_key(
    access: Access, key: str, peer: str, status: int, code: str
) -> None:
    with pytest.raises(Refusal) as refused:
        check_access(access, key, peer)
    assert (refused.value.status, refused.value.code) == (status, code)
    assert KEY not in refused.value.detail


def test_a_list_that_only_logs_lets_in_whom_it_does_not_have_and_guards_nothing_d19() -> None:
    logs = replace(NEAR, only_logs=True, key=KEY.encode())
    check_access(logs, KEY, "192.0.2.1")
    assert not is_listed(logs, "192.0.2.1")
    assert is_listed(logs, "2001:db8::1")
    for access in (logs, replace(NEAR, only_logs=True)):
        with pytest.raises(Refusal) as refused:
            check_access(access, "", "203.0.113.9")
        assert refused.value.status == 401
