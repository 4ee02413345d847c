"""What is wrong with landers, and what is allowed but perhaps not meant. Pure."""

import re
from collections.abc import Iterator

from schemas.macros import MacroError, parse_url_template
from schemas.settings.errors import Path, Problem, path_text, value_text
from schemas.settings.file import Settings
from schemas.settings.landers import LANDER_MACROS
from schemas.settings.traffic import Campaign

_MACROS = re.compile(r"\{([a-z_0-9]+)")
_KNOWN_TO_US = frozenset({"click_id", "campaign", "source", "offer", "network", "clicked_at"})
"""What /out knows without being told."""

Mistake = tuple[Path, object, str]
"""Where it stands, what is written there, what would be right."""


def lander_mistakes(settings: Settings) -> Iterator[Mistake]:
    """What cannot be used."""
    for name, lander in settings.landers.items():
        try:
            parse_url_template(lander.url, LANDER_MACROS)
        except MacroError as error:
            yield ("landers", name, "url"), lander.url, str(error)
    for name, campaign in settings.campaigns.items():
        if campaign.landers and not any(campaign.landers.values()):
            yield ("campaigns", name, "landers"), campaign.landers, "no lander has a weight: nobody would see any"


def lander_warnings(settings: Settings) -> Iterator[Problem]:
    """What a lander has to hand on, and does not."""
    for name, campaign in settings.campaigns.items():
        for lander in campaign.landers:
            url = settings.landers[lander].url
            for macro in sorted(_needed(settings, campaign) - set(_MACROS.findall(url))):
                message = f"campaigns.{name} needs {{{macro}}} behind it: write {macro}={{{macro}}} into this URL"
                yield Problem(path_text(("landers", lander, "url")), value_text(url), message)


def _needed(settings: Settings, campaign: Campaign) -> set[str]:
    """The macros of a lander's URL without which its button cannot lead to the same offer, or not with all it wants."""
    offers = [settings.offers[name] for name in campaign.offer_names]
    wanted = {macro for offer in offers for macro in _MACROS.findall(offer.url)} - _KNOWN_TO_US
    return wanted | {"click_id"} | ({"offer"} if len(offers) > 1 else set())
