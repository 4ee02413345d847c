"""What a configuration that is read again changes at once, and what only at the next start."""

from ingest.__main__ import FIXED
from presets.reload import changed
from tests.ingest_samples import settings


def test_campaigns_keys_and_secrets_need_no_restart() -> None:
    new = {"new": {"source": "free", "offers": ["quiz"]}}
    other = settings(ingest={"secrets": ["n" * 32], "max_body_bytes": 1000}, campaigns=new)
    assert changed(settings(), other, FIXED) == []


def test_servers_and_the_spool_need_one_and_are_named() -> None:
    other = settings(ingest={"listen": "127.0.0.1:9999", "spool_bytes": 1 << 20}, kafka={"bootstrap": "elsewhere:9092"})
    assert changed(settings(), other, FIXED) == ["kafka", "ingest.listen", "ingest.spool_bytes"]
