"""Landers as a visitor's browser meets them, at a real ingest."""

from pathlib import Path

from schemas.records import Click, Postback
from tests.ingest_samples import click_id
from tests.support.landers import id_in, ingest_alone, kept, recorded

IPAD = "Mozilla/5.0 (iPad; CPU OS 16_5 like Mac OS X) AppleWebKit/605.1.15 Version/16.5 Mobile/15E148 Safari/604.1"


def test_a_visitor_goes_by_the_lander_to_the_offer_with_one_click_id(tmp_path: Path) -> None:
    with ingest_alone(tmp_path, "https://site.example") as ingest:
        headers = {"X_Forwarded_For": "192.0.2.1, 2001:db8::7", "CF_IPCountry": "DEU", "User_Agent": IPAD}
        assert ingest.call("HEAD", "/click/spring?zoneclick=abc/1", None, **headers).status == 302
        first = ingest.call("GET", "/click/spring?zoneclick=abc/1", None, **headers)
        minted = id_in(first.headers["location"])
        assert first.headers["location"] == (f"https://site.example/lander?click_id={minted}&source_click_id=abc%2F1")
        button = f"/out/spring?click_id={minted}&source_click_id=abc%2F1"
        assert ingest.call("HEAD", button).status == 302
        assert ingest.call("GET", button, Sec_Purpose="prefetch").status == 302
        for _ in range(2):  # he presses it twice
            reply = ingest.get(button)
            assert (reply.status, reply.headers["cache-control"]) == (302, "no-store")
            assert reply.headers["location"] == f"https://site.example/offer/game?click_id={minted}&s=abc%2F1"
        forged = ingest.get("/out/spring", click_id=click_id("another secret, 32 characters ..."), url="//evil.example")
        assert forged.headers["location"].startswith("https://site.example/offer/game?click_id=")
        assert ingest.get("/out/nothing").status == 404
        assert ingest.call("POST", button).status == 405
    events = recorded(ingest)
    clicks = [one for one in events if isinstance(one, Click)]
    assert [(one.click_id, one.lander) for one in clicks] == [
        (minted, "own"),
        (id_in(forged.headers["location"]), ""),
    ]
    assert (clicks[0].ip, clicks[0].country, clicks[0].is_unique) == ("2001:db8::7", "DE", True)
    assert (clicks[0].device, clicks[0].os, clicks[0].browser) == ("tablet", "iOS", "Mobile Safari")
    pressed = [one for one in events if isinstance(one, Postback)]
    assert [(one.click_id, one.event, one.network) for one in pressed] == [
        *[(minted, "lander_click", "")] * 2,
        (clicks[1].click_id, "lander_click", ""),
    ]
    assert pressed[0].postback_id == pressed[1].postback_id
    assert sorted(kept(ingest)) == ["invalid_click_id", "method_not_allowed", "unknown_campaign"]
