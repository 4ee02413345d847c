"""Which partner is told about a click, why one who is named is told nothing, and of which amount. Pure."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from schemas.partner_claims import PARAMETER, Claims
from schemas.records import Click, Conversion
from schemas.settings.partners import Partner, amount_of

_REMEMBERED = 4096
"""Claims: there is one for each partner and campaign, and what visitors make up."""


class Named(NamedTuple):
    """The partner whom a click names, and the reason for which they are told nothing; empty: they are told."""

    partner: str
    why_not: str = ""


class Owners:
    """Finds the partner of a click. `secrets`: of the click IDs, by which claims are signed."""

    def __init__(self, partners: Mapping[str, Partner], secrets: Sequence[str]) -> None:
        self._partners, self._claims = partners, Claims(partners, secrets)
        self._found = lru_cache(_REMEMBERED)(self._find)

    def named(self, click: Click) -> Named | None:
        """Whom a click names; None: nobody there is."""
        return self._found(click.params.get(PARAMETER, ""), click.campaign) if self._partners else None

    def _find(self, said: str, campaign: str) -> Named | None:
        name, held = self._claims.owner(said, campaign)
        if name:
            is_paused = self._partners[name].paused
            return Named(name, f"partner_paused: partners.{name}.paused = true" if is_paused else "")
        claimed = said.partition(".")[0]
        return Named(claimed, f"{held}: {_HELD[held]}") if claimed in self._partners else None


_HELD = {
    "unsigned": "the click names the partner without a signature, and credits nobody",
    "wrong_signature": "the click names the partner with a wrong signature, and credits nobody",
}


def told_to(partner: Partner, conversion: Conversion) -> tuple[Decimal | str, str]:
    """The partner's payout for a conversion, as the ledger has it, and in which currency. Empty: it is not known.

    It is not where the network names no amount, and where the share goes by the number of a month's conversions.
    """
    rule = partner.rule_of(conversion.event)
    if rule is None:
        return Decimal(0), conversion.currency
    if rule.goes_by_volume or conversion.payout is None:
        return "", ""
    share = rule.at(1, 1)
    return amount_of(share, conversion.payout, conversion.currency, is_refund=conversion.is_refund)
