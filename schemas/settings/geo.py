"""[geo]: where a visitor is, when his source does not say. Pure."""

from typing import Literal

from schemas.settings.values import Section

PLACE_WORDS = ("country", "region", "isp", "connection_type")
PlaceWord = Literal["country", "region", "isp", "connection_type"]


class Geo(Section):
    """The order is: what the source says, what a trusted proxy says, what the files say."""

    databases: tuple[str, ...] = ()  # files of MaxMind's format; a city's, a provider's, a connection's
    headers: dict[PlaceWord, str] = {}  # our word = the header of a trusted proxy: { country = "CF-IPCountry" }
