"""What a real ingest stores of a person, where [privacy] says that it must not."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from mmdb_writer import MMDBWriter
from netaddr import IPSet  # type: ignore[import-untyped]

from clickjoin.embedded.ports import free_port
from schemas.records import Click
from tests.ingest_process import IngestProcess
from tests.ingest_samples import KEY, SOURCE_KEY, click_id
from tests.support.landers import recorded

META_EMAIL = "62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f"
PERSONAL = ("john_smith", "John_Smith", "6505551212", "650-555-1212", "203.0.113.77")


@pytest.fixture
def ingest(tmp_path: Path) -> IngestProcess:
    """One whose records lie in its spool, as no broker is there."""
    writer = MMDBWriter(ip_version=6, ipv4_compatible=True)
    writer.insert_network(IPSet(["203.0.113.77/32"]), {"country": {"iso_code": "DE"}})
    writer.to_db_file(str(tmp_path / "geo.mmdb"))
    sections = {
        "ingest": {
            "click_timeout": "10ms",
            "spool_after": "10ms",
            "publish_timeout": "500ms",
            "trusted_proxies": ["127.0.0.0/8"],
        },
        "geo": {"databases": [str(tmp_path / "geo.mmdb")]},
        "privacy": {"hash": ["email", "phone"], "phone_region": "US", "ip": "truncate"},
    }
    return IngestProcess(tmp_path, f"127.0.0.1:{free_port()}", free_port(), **sections)


def test_neither_topics_nor_spool_nor_what_is_kept_as_invalid_hold_personal_data_d28(ingest: IngestProcess) -> None:
    try:
        ingest.wait_for("/health/live", 200)
        email, body = (
            "email=John_Smith%40gmail.com&tel=650-555-1212",
            b'{"em": "John_Smith@gmail.com", "goal": "trial"}',
        )
        agent = "Mozilla/5.0 (of John_Smith@gmail.com) Chrome/120.0.0.1"
        for address in ("203.0.113.77", "203.0.113.78", "203.0.113.77"):
            target = f"/click/nocost?{email}&user_ip={address}"
            visit = ingest.call("GET", target, None, X_Forwarded_For=address, User_Agent=agent)
            assert visit.status == 302
        reported = b"""[{"click_id": "own-1", "email": "John_Smith@gmail.com", "ip": "203.0.113.77"},
            {"clicked_at": "john_smith@gmail.com"}]"""
        assert ingest.call("POST", f"/click/spring?key={SOURCE_KEY}", reported).status == 200
        for status, target in (
            (200, f"/postback/acme?key={KEY}&ml_sub1={click_id()}"),
            (401, f"/postback/acme?{email}&ml_sub1={click_id()}"),
            (400, f"/postback/acme?key={KEY}&ml_sub1=john_smith@gmail.com&ip=203.0.113.77"),
            (403, f"/postback/near?{email}"),
        ):
            reply = ingest.call("POST", target, body, X_Forwarded_For="192.0.2.1" if status != 403 else "198.51.100.7")
            assert reply.status == status, reply.body
    finally:
        ingest.stop()
    clicks = [one for one in recorded(ingest) if isinstance(one, Click)]
    visits, (own,) = [one for one in clicks if one.campaign == "nocost"], [c for c in clicks if c.campaign == "spring"]
    # The place, and who is new, go by the true address: .78 is somebody else, and nowhere.
    assert [(one.ip, one.country, one.is_unique) for one in visits] == [
        ("203.0.113.0", "DE", True),
        ("203.0.113.0", "", True),
        ("203.0.113.0", "DE", False),
    ]
    assert {one.params["email"] for one in clicks} == {META_EMAIL}
    assert {one.user_agent for one in visits} == {f"Mozilla/5.0 (of {META_EMAIL}) Chrome/120.0.0.1"}
    assert own.ip == visits[0].params["user_ip"] == "203.0.113.0"
    with closing(sqlite3.connect(ingest.spool)) as spool:
        stored = b"\n".join(value for (value,) in spool.execute("SELECT value FROM records")).decode()
    assert stored.count(META_EMAIL) >= 10
    assert [word for word in PERSONAL if word in stored + ingest.log] == []
    assert "198.51.100.7" not in stored
