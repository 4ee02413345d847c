import pytest

from ingest.auth import check_access
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
