"""Who sends too much, to a real ingest."""

from pathlib import Path

from clickjoin.embedded.ports import free_port
from tests.ingest_process import IngestProcess
from tests.ingest_samples import KEY, click_id, tree
from tests.support.landers import kept, recorded


def test_what_is_beyond_a_limit_gets_429_and_visitors_and_networks_with_a_key_never(tmp_path: Path) -> None:
    networks = {"busy": tree()["networks"]["acme"] | {"limit": "2/h"}}
    quick = {"click_timeout": "10ms", "spool_after": "10ms", "publish_timeout": "500ms", "address_limit": "3/h"}
    ingest = IngestProcess(tmp_path, f"127.0.0.1:{free_port()}", free_port(), networks=networks, ingest=quick).wait_for(
        "/health/live", 200
    )
    sent = f"ml_sub1={click_id()}&event=install"
    try:
        replies = [ingest.get(f"/postback/busy?key={KEY}&{sent}") for _ in range(3)]
        assert [reply.status for reply in replies] == [200, 200, 429]
        assert 1700 < int(replies[2].headers["retry-after"]) <= 1800
        assert replies[2].json == {
            "error": "too_many_requests",
            "detail": f"networks.busy.limit is 2/h: come again in {replies[2].headers['retry-after']} s",
        }
        # Wrong keys, an open network and a pixel prove nothing, so they count for their address, together.
        assert ingest.get(f"/postback/acme?key=guess&{sent}").status == 401
        assert ingest.get(f"/postback/glass?click_id={click_id()}&event=install").status == 200
        assert ingest.get(f"/pixel/glass.gif?click_id={click_id()}&event=install").status == 200
        assert ingest.get(f"/postback/acme?key=guess&{sent}").status == 429
        pixel = ingest.get(f"/pixel/glass.gif?click_id={click_id()}&event=install")
        assert (pixel.status, pixel.body[:6]) == (429, b"GIF89a")
        assert [ingest.get(f"/postback/acme?key={KEY}&{sent}").status for _ in range(5)] == [200] * 5
        assert [ingest.get("/click/spring").status for _ in range(5)] == [302] * 5
        counted = ingest.get("/metrics").body.decode()
        assert 'clickjoin_ingest_requests_total{route="postback",status="429"} 2.0' in counted
    finally:
        ingest.stop()
    assert len(recorded(ingest)) == 2 + 2 + 5 + 5
    assert kept(ingest) == ["wrong_key"]
