"""Whose a click is: what `partner=` on its URL claims, signed, or the campaign it came to. Pure.

A claim is NAME.SIGNATURE. The signature holds for one campaign, so nobody makes up a URL of their own. Every visitor
sees it: it proves that we named the partner there, not who sent the click.
"""

from collections.abc import Mapping, Sequence
from hmac import compare_digest, digest
from typing import NamedTuple

from schemas.settings.partners import Partner

PARAMETER = "partner"
_LENGTH = 8  # bytes


class Owner(NamedTuple):
    """The partner who is credited; or nobody, and why what was claimed is held. Both empty: nothing was claimed."""

    partner: str = ""
    held: str = ""  # unknown_partner, unsigned, wrong_signature


def claim(key: str, partner: str, campaign: str) -> str:
    """What stands on a partner's URL of a campaign."""
    return f"{partner}.{_signature(key, partner, campaign)}"


def owner_of(said: str, campaign: str, partners: Mapping[str, Partner], secrets: Sequence[str]) -> Owner:
    """Whose a click is that said this when it came to a campaign. `secrets`: of the click IDs; all of them verify."""
    own = next((name for name, partner in partners.items() if campaign in partner.campaigns), "")
    if own or not said:
        return Owner(own)
    accepted = next((name for name, partner in partners.items() if said in partner.accept), "")
    if accepted:
        return Owner(accepted)
    name, _, signature = said.partition(".")
    if name not in partners:
        return Owner(held="unknown_partner")
    if not signature:
        return Owner(held="unsigned")
    for key in keys_of(partners[name], secrets):
        if compare_digest(_signature(key, name, campaign).encode(), signature.encode()):
            return Owner(name)
    return Owner(held="wrong_signature")


def keys_of(partner: Partner, secrets: Sequence[str]) -> tuple[str, ...]:
    """The keys that may have signed a partner's URLs; the first signs."""
    return (partner.key.get_secret_value(),) if partner.key else tuple(secrets)


def _signature(key: str, partner: str, campaign: str) -> str:
    return digest(key.encode(), ascii(("partner", partner, campaign)).encode(), "sha256")[:_LENGTH].hex()
