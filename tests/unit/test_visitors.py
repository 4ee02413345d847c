"""What is known of a visitor: where he is, what he holds, whether he came before, and whom to believe about it."""

from ipaddress import IPv4Network, ip_network
from pathlib import Path
from typing import Any

import pytest
from mmdb_writer import MMDBWriter
from netaddr import IPSet  # type: ignore[import-untyped]

from ingest.countries import country_code
from ingest.devices import Device, device_of
from ingest.geo import GeoFiles
from ingest.normalize_click import Visitor, normalize_click
from ingest.proxies import caller
from ingest.uniques import Uniques
from schemas.records import Click
from schemas.settings.errors import ConfigError
from schemas.settings.geo import Geo
from tests.ingest_samples import NOW_MS, click_id, plans

PLANS = plans()
TRUSTED = (IPv4Network("10.0.0.0/8"), ip_network("2001:db8:ffff::/48"))
ANDROID = "Mozilla/5.0 (Linux; Android 13; SM-A515F) AppleWebKit/537.36 Chrome/120.0.0.0 Mobile Safari/537.36"
IPAD = "Mozilla/5.0 (iPad; CPU OS 16_5 like Mac OS X) AppleWebKit/605.1.15 Version/16.5 Mobile/15E148 Safari/604.1"
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/120.0.0.0 Safari/537.36 Edg/120.0.0.0"
GALAXY_TAB = "Mozilla/5.0 (Linux; Android 12; SM-T870) AppleWebKit/537.36 Chrome/120.0.0.0 Safari/537.36"
BRAVIA = "Mozilla/5.0 (Linux; Android 9; BRAVIA 4K UR2) AppleWebKit/537.36 Chrome/120.0.0.0 Safari/537.36"
DAY_MS = 86_400_000


def visit(visitor: Visitor, **params: str) -> Click:
    return normalize_click(PLANS.campaigns["spring"], params, visitor, click_id=click_id(), now_ms=NOW_MS)


@pytest.mark.parametrize("text", ["DE", "de", "DEU", "deu", "Germany", " germany "])
def test_a_country_by_name_or_code_is_one_value(text: str) -> None:
    assert country_code(text) == "DE"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        *(("UK", "GB"), ("Russia", "RU"), ("Russian Federation", "RU"), ("Türkiye", "TR"), ("Turkey", "TR")),
        *(("South Korea", "KR"), ("Czech Republic", "CZ"), ("USA", "US"), ("Viet Nam", "VN")),
        *(("", ""), ("Atlantis", "Atlantis"), ("276", "276")),
    ],
)
def test_a_country_is_known_by_what_people_call_it_and_what_is_none_stays_as_it_is(text: str, code: str) -> None:
    assert country_code(text) == code


@pytest.mark.parametrize(
    ("user_agent", "device"),
    [
        (ANDROID, Device("mobile", "Android", "Chrome Mobile")),
        (IPAD, Device("tablet", "iOS", "Mobile Safari")),
        (WINDOWS, Device("desktop", "Windows", "Edge")),
        (GALAXY_TAB, Device("tablet", "Android", "Chrome")),
        (BRAVIA, Device("tv", "Android", "Chrome")),
        ("nothing known", Device()),
        ("", Device()),
    ],
)
def test_a_browser_names_its_device_system_and_itself(user_agent: str, device: Device) -> None:
    assert device_of(user_agent) == device


def test_what_the_source_says_of_its_visitor_counts_before_what_is_known_otherwise() -> None:
    visitor = Visitor("198.51.100.7", ANDROID, place={"country": "FR", "isp": "Example Telecom"})
    said = visit(visitor, geo="deu", device="phone", os="Android 13")
    assert (said.country, said.isp, said.device) == ("DE", "Example Telecom", "phone")
    assert (said.os, said.browser) == ("Android 13", "Chrome Mobile")
    assert (visit(visitor).country, visit(visitor).device) == ("FR", "mobile")


@pytest.mark.parametrize(
    ("peer", "forwarded", "wanted"),
    [
        ("198.51.100.7", "203.0.113.9", "198.51.100.7"),  # a stranger says it is somebody else
        ("10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "1.2.3.4, 203.0.113.9", "203.0.113.9"),  # what the caller wrote stands left
        ("10.0.0.1", "203.0.113.9, 10.0.0.2", "203.0.113.9"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.9:4711", "203.0.113.9"),
        ("2001:db8:ffff::1", "[2001:db8::7]:4711", "2001:db8::7"),
        ("2001:db8:ffff::1", "2001:db8::7", "2001:db8::7"),
        ("::ffff:10.0.0.1", "2001:db8::7, ::ffff:10.1.1.1", "2001:db8::7"),
    ],
)
def test_who_called_is_what_trusted_proxies_say_and_nobody_else_d19(peer: str, forwarded: str, wanted: str) -> None:
    assert caller(peer, forwarded, TRUSTED) == wanted
    assert caller(peer, forwarded, ()) == peer


def test_the_first_click_of_a_visitor_in_a_day_is_unique() -> None:
    seen = Uniques(most=3)
    assert seen.is_first("spring", "198.51.100.7", ANDROID, NOW_MS)
    assert not seen.is_first("spring", "198.51.100.7", ANDROID, NOW_MS + 1)
    assert seen.is_first("autumn", "198.51.100.7", ANDROID, NOW_MS)
    assert seen.is_first("spring", "198.51.100.7", IPAD, NOW_MS)
    assert seen.is_first("spring", "198.51.100.7", ANDROID, NOW_MS + DAY_MS)
    assert visit(Visitor("198.51.100.7", ANDROID, is_unique=True)).is_unique


def test_of_more_visitors_than_are_remembered_the_first_are_forgotten() -> None:
    seen = Uniques(most=2)
    assert [seen.is_first("spring", address, "", 0) for address in "abca"] == [True] * 4
    assert not seen.is_first("spring", "a", "", 0)


def geo_file(path: Path, networks: dict[str, Any]) -> str:
    writer = MMDBWriter(ip_version=6, ipv4_compatible=True)
    for network, entry in networks.items():
        writer.insert_network(IPSet([network]), entry)
    writer.to_db_file(str(path))
    return str(path)


def test_an_address_is_looked_up_in_every_file_that_the_operator_names(tmp_path: Path) -> None:
    bavaria = {"country": {"iso_code": "DE"}, "subdivisions": [{"iso_code": "BY", "names": {"en": "Bavaria"}}]}
    france = {"registered_country": {"iso_code": "FR"}}
    provider = {"isp": "Example Telecom", "connection_type": "Cable"}
    city = geo_file(tmp_path / "city.mmdb", {"203.0.113.0/24": bavaria, "2001:db8::/32": france})
    files = GeoFiles(Geo(databases=(city, geo_file(tmp_path / "isp.mmdb", {"203.0.113.0/24": provider}))))
    assert files.place("203.0.113.9") == {"country": "DE", "region": "Bavaria"} | provider
    assert files.place("2001:db8::7") == {"country": "FR"}
    assert files.place("198.51.100.7") == files.place("no address") == {}
    assert GeoFiles(Geo()).place("203.0.113.9") == {}


def test_a_file_that_cannot_be_read_is_told_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "broken.mmdb").write_bytes(b"no database")
    with pytest.raises(ConfigError) as refused:
        GeoFiles(Geo(databases=(str(tmp_path / "missing.mmdb"), str(tmp_path / "broken.mmdb"))))
    missing, broken = map(str, refused.value.problems)
    assert missing.startswith("geo.databases[0]")
    assert "No such file" in missing
    assert broken.startswith("geo.databases[1]")
    assert "MaxMind" in broken
