"""From where a network may call, where proxies stand before a real ingest."""

from pathlib import Path

from tests.ingest_samples import click_id, tree
from tests.support.landers import ingest_alone


def test_a_list_counts_behind_trusted_proxies_and_may_be_tried_before_it_is_enforced_d19(tmp_path: Path) -> None:
    tried = tree()["networks"]["near"] | {"open": True, "allow_only_logs": True}
    call = f"?click_id={click_id()}&event=install"
    with ingest_alone(tmp_path, "https://site.example", tried=tried) as ingest:
        for address, status in (("203.0.113.9", 200), ("2001:db8::7", 200), ("192.0.2.1", 403)):
            reply = ingest.call("GET", f"/postback/near{call}", None, X_Forwarded_For=address)
            assert reply.status == status, address
        calls = [
            ingest.call("GET", f"/postback/tried{call}", None, X_Forwarded_For=address)
            for address in ("203.0.113.9", "192.0.2.1", "192.0.2.1")
        ]
    assert [reply.status for reply in calls] == [200] * 3
    assert ingest.log.count("address_not_allowed") == ingest.log.count("192.0.2.1") == 1
    assert calls[1].headers["x-request-id"] in ingest.log  # the line names the call
