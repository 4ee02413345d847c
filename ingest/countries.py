"""Countries: their names and codes of two or three letters are one value, that of two. Pure."""

from functools import lru_cache

import pycountry

_COMMON = {
    "uk": "GB",
    "great britain": "GB",
    "england": "GB",
    "united states of america": "US",
    "russia": "RU",
    "turkey": "TR",
    "ivory coast": "CI",
    "kosovo": "XK",
    "xk": "XK",
    "macedonia": "MK",
    "swaziland": "SZ",
    "cape verde": "CV",
    "east timor": "TL",
    "burma": "MM",
    "palestine": "PS",
    "vatican": "VA",
    "brunei": "BN",
    "macau": "MO",
    "holland": "NL",
    "republic of korea": "KR",
    "korea": "KR",
    "congo": "CG",
    "democratic republic of the congo": "CD",
    "dr congo": "CD",
}
"""What people call them, and ISO 3166 does not."""


@lru_cache(maxsize=4096)
def country_code(text: str) -> str:
    """The two letters of a country by its name or code, in any case; what is none as it is."""
    word = text.strip().lower()
    if not word or word.isdigit():  # numbers of ISO 3166 are more often a source's own
        return text
    if word in _COMMON:
        return _COMMON[word]
    try:
        return str(pycountry.countries.lookup(word).alpha_2)
    except LookupError:
        return text
