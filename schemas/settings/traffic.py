"""[events], [networks], [offers], [campaigns]: who reports what, and what is paid for it. Pure."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from schemas.settings.landers import Weights
from schemas.settings.networks import Encryption, KeyPlace, Matches, Rule, Signature, Zone, one_or_many
from schemas.settings.offer_rules import OfferRule, Optimise, Trafficback
from schemas.settings.request_rates import RequestRateText
from schemas.settings.secrets import Secret
from schemas.settings.values import (
    AddressRange,
    ConfigName,
    CurrencyCode,
    Duration,
    MoneyText,
    ParameterNames,
    Section,
)
from schemas.values import Repeat, Status

OURS = "ours"
"""The click IDs that we minted."""
POSTBACK_WORDS = ("click_id", "event", "txid", "payout", "currency", "status", "occurred_at", "consent")
"""What we read from a network's postback."""

Decimals = Annotated[int, Field(ge=0, le=4)]
Moneys = Annotated[tuple[MoneyText, ...], BeforeValidator(one_or_many)]


class EventSettings(Section):
    """A step of the funnel."""

    step: int = Field(ge=1, le=99)
    repeat: Repeat = "ignore"
    window: Duration | None = None  # credited only so long after the click


class Network(Section):
    """Who sends us postbacks, how it spells things, and how it proves who it is."""

    preset: str = "generic"
    sends: Literal["url", "json"] = "url"  # how: a URL pasted into its panel with macros, or a body of its own shape
    key: Secret | None = None
    key_in: KeyPlace = "parameter"  # where it sends the key: `check` prints that, and all places are accepted
    signature: Signature | None = None
    encryption: Encryption | None = None
    open: bool = False  # accepts from anybody: must be said where there is no key, no signature and no allow list
    allow: tuple[AddressRange, ...] = ()
    allow_only_logs: bool = False  # other addresses are let in and logged: while the list is made
    limit: RequestRateText | None = None  # of its requests, to each ingest; what is beyond is answered 429
    click_ids: str = OURS  # or the name of the source whose own IDs it sends
    params: dict[str, ParameterNames] = {}  # our word (POSTBACK_WORDS) = their parameter, or several: the first present
    events: dict[str, str] = {}  # their word = our event
    statuses: dict[str, Status] = {}  # their word = our status
    event_default: str = ""  # the event of a postback that names none
    status_default: Status = "approved"  # of a postback without a status
    unknown_status: Status = "pending"
    currency: CurrencyCode = ""  # where the postback names none
    wait: Duration | None = None  # instead of [ingest] wait
    pixel: bool = False  # takes postbacks from visitors' browsers too, at /pixel/{network}.gif and without a key
    pixel_payout: bool = False  # believes the payout that a browser sends
    reports_all_users: bool = False  # also those whom no click brought: no click ID is no mistake
    duplicates: Literal["first", "last"] = "first"  # which of several parameters with one name counts
    rules: tuple[Rule, ...] = ()  # where several parameters together tell the event or the status
    tests: Matches = {}  # a postback with any of these is a test: kept, not counted, not told
    split: str = ""  # what stands between event and status, where one parameter carries both
    payout_decimals: dict[str, Decimals] = {}  # amounts in the smallest unit: currency, or "*" = its decimals
    payout_separator: str = ""  # what stands between several amounts in one parameter
    payout_pick: Literal["first", "last", "sum"] = "first"  # which of them is the payout
    max_payout: Moneys = ()  # more, or another currency, is refused
    timezone: Zone = ""  # of its times that name none; empty: UTC
    click_id_slot: str = ""  # the parameter of its offer links that carries our click ID, and that it sends back
    macros: dict[str, str] = {}  # our word, or any other name = its macro, for the URL to paste there; empty: none


class Offer(Section):
    """What a network pays for."""

    network: ConfigName
    url: str
    payouts: dict[str, MoneyText] = {}  # event = amount, where the network sends none
    payout: Literal["postback", "fixed"] = "postback"  # which of both wins


class Campaign(Section):
    """Traffic of one source to one or more offers."""

    source: ConfigName
    offers: tuple[OfferRule, ...] = Field(min_length=1)  # a name alone is an offer for everybody
    trafficback: Trafficback | None = None  # where a visitor goes whom no offer fits
    optimise: Optimise | None = None
    sticky: Duration = 0  # so long a visitor sees the same offer
    timezone: Zone = ""  # of hours, days of caps, start and end; empty: UTC
    paused: bool = False  # visitors go to its trafficback; where it has none, to its offers as before
    landers: Weights = {}  # shown before the offer, one of them by weight; empty: none
    may_credit: tuple[ConfigName, ...] = ()  # networks that may credit its clicks; empty: any
    cost: MoneyText | None = None  # per click
    cpm: MoneyText | None = None  # per thousand clicks
    cpa: dict[str, MoneyText] = {}  # our event = what its source charges for it, once it is approved

    @property
    def offer_names(self) -> tuple[str, ...]:
        """Its offers, each once, the trafficback's last."""
        back = self.trafficback.offer if self.trafficback else ""
        return tuple(dict.fromkeys([rule.offer for rule in self.offers] + [back] * bool(back)))
