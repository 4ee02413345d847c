"""Whose a click is: what `partner=` on its URL claims, signed, or the campaign it came to. Pure.

A claim is NAME.SIGNATURE. The signature holds for one campaign, so nobody makes up a URL of their own. Every visitor
sees it: it proves that we named the partner there, not who sent the click.
"""

from collections.abc import Mapping, Sequence
from hmac import compare_digest, digest
from typing import NamedTuple

from schemas.settings.partners import Partner

PARAMETER = "partner"
HELD = "held:"
"""Begins what stands in place of a partner where a claim credits nobody; no name has a colon."""
_LENGTH = 8  # bytes


class Owner(NamedTuple):
    """The partner who is credited; or nobody, and why what was claimed is held. Both empty: nothing was claimed."""

    partner: str = ""
    held: str = ""  # unknown_partner, unsigned, wrong_signature


def claim(key: str, partner: str, campaign: str) -> str:
    """What stands on a partner's URL of a campaign."""
    return f"{partner}.{_signature(key, partner, campaign)}"


class Claims:
    """Finds whose a click is. `secrets`: of the click IDs; all of them verify."""

    def __init__(self, partners: Mapping[str, Partner], secrets: Sequence[str]) -> None:
        self._partners, self._secrets = partners, secrets
        self._own: dict[str, str] = {}
        self._accepted: dict[str, str] = {}
        for name, partner in partners.items():
            self._own |= {campaign: name for campaign in partner.campaigns if campaign not in self._own}
            self._accepted |= {said: name for said in partner.accept if said not in self._accepted}

    def owner(self, said: str, campaign: str) -> Owner:
        """Whose a click is that said this when it came to a campaign."""
        if campaign in self._own or not said:
            return Owner(self._own.get(campaign, ""))
        if said in self._accepted:
            return Owner(self._accepted[said])
        name, _, signature = said.partition(".")
        if name not in self._partners:
            return Owner(held="unknown_partner")
        if not signature:
            return Owner(held="unsigned")
        for key in keys_of(self._partners[name], self._secrets):
            if compare_digest(_signature(key, name, campaign).encode(), signature.encode()):
                return Owner(name)
        return Owner(held="wrong_signature")

    def recorded(self, said: str, campaign: str) -> str:
        """What the click is recorded with: its partner, or `held:` and why. Empty: nothing was claimed."""
        if not self._partners:
            return ""
        owner = self.owner(said, campaign)
        return f"{HELD}{owner.held}" if owner.held else owner.partner


def keys_of(partner: Partner, secrets: Sequence[str]) -> tuple[str, ...]:
    """The keys that may have signed a partner's URLs; the first signs."""
    return (partner.key.get_secret_value(),) if partner.key else tuple(secrets)


def _signature(key: str, partner: str, campaign: str) -> str:
    return digest(key.encode(), ascii(("partner", partner, campaign)).encode(), "sha256")[:_LENGTH].hex()
