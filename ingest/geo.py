"""Where an address is, by MaxMind-format files that the operator names. They are held in memory."""

from collections import ChainMap
from collections.abc import Mapping
from functools import lru_cache
from ipaddress import ip_address
from typing import Any

import maxminddb

from schemas.settings.errors import ConfigError, Problem
from schemas.settings.geo import Geo

_MOST = 16_384
_NOWHERE: Mapping[str, str] = {}
Place = Mapping[str, str]
"""By our word (schemas.settings.geo.PLACE_WORDS) what is known."""


class GeoFiles:
    """What the files know."""

    def __init__(self, geo: Geo) -> None:
        """Raises ConfigError, which names every file that cannot be read."""
        self.headers = tuple((word, name.lower()) for word, name in geo.headers.items())
        self._readers: list[Any] = []
        problems = []
        for index, path in enumerate(geo.databases):
            try:
                self._readers.append(maxminddb.open_database(path, maxminddb.MODE_MEMORY))
            except (OSError, ValueError, maxminddb.InvalidDatabaseError) as error:
                why = f"this is no file of MaxMind's format: {str(error)[:120]}"
                why = f"cannot be read: {error.strerror}" if isinstance(error, OSError) and error.strerror else why
                problems.append(Problem(f"geo.databases[{index}]", f'"{path}"', why))
        if problems:
            raise ConfigError(problems)
        self.place = lru_cache(maxsize=_MOST)(self._place) if self._readers else self._nowhere

    def _nowhere(self, address: str) -> Place:
        return _NOWHERE

    def _place(self, address: str) -> Place:
        """What is known of an address. The first file that says something of a word counts."""
        try:
            wanted = ip_address(address)
        except ValueError:
            return _NOWHERE
        found = [_read(self._get(reader, wanted)) for reader in self._readers]
        return dict(ChainMap(*found))

    def _get(self, reader: Any, address: Any) -> Any:
        try:
            return reader.get(address)
        except ValueError:  # an IPv6 address, and a file of IPv4
            return None


def _read(found: Any) -> dict[str, str]:
    """The words in an entry of any of MaxMind's files."""
    if not isinstance(found, dict):
        return {}
    regions = found.get("subdivisions") or [{}]
    said = {
        "country": (found.get("country") or found.get("registered_country") or {}).get("iso_code"),
        "region": regions[0].get("names", {}).get("en") or regions[0].get("iso_code"),
        "isp": found.get("isp") or found.get("autonomous_system_organization"),
        "connection_type": found.get("connection_type"),
    }
    return {word: text for word, text in said.items() if isinstance(text, str) and text}
