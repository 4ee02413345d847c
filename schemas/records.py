"""Every record that lies on a topic. Pure.

`events`      Click, Postback, Facts, Tick, Forget, Epoch (keyed by click ID)
`outcomes`    Outcome; Resend, Cancel, Retemplate: what an operator wants of a delivery (keyed by click ID)
`deliveries`  Delivery (in the partition of its click)
`invalid`     Invalid
"""

from typing import Annotated

import msgspec
from pydantic import Field

from schemas.amounts import check_amount, check_prices
from schemas.record import Record
from schemas.values import (
    Amount,
    Currency,
    DeliveryState,
    Millis,
    Moment,
    Name,
    Origin,
    OutcomeWord,
    Repeat,
    Span,
    Status,
    Text,
)

Key = Annotated[str, Field(max_length=512)]
OwnKey = Annotated[str, Field(min_length=1, max_length=512), msgspec.Meta(min_length=1)]
Labels = dict[str, str]


class Click(Record, frozen=True):
    """One visit that we recorded: who sold it, where it went, and what the source says of it."""

    click_id: OwnKey  # our own, or SOURCE:ID where the source brought it
    clicked_at: Moment
    received_at: Moment
    campaign: Name
    source: Name
    source_click_id: Text = ""
    offer: Name = ""
    network: Name = ""
    may_credit: tuple[Name, ...] = ()  # networks that may credit this click when it came; empty: any
    payouts: Labels = {}  # event = "1.20 USD": what the offer pays where the network names no amount
    payout_fixed: bool = False  # the offer's payout wins over the network's
    country: Text = ""
    device: Text = ""
    os: Text = ""
    browser: Text = ""
    region: Text = ""
    isp: Text = ""
    connection_type: Text = ""
    language: Text = ""
    placement: Text = ""
    creative: Text = ""
    source_campaign: Text = ""
    keyword: Text = ""
    subs: Labels = {}  # sub1 … sub10
    params: Labels = {}  # whatever else the source sent
    cost: Amount | None = None
    currency: Currency = ""
    cpa: Labels = {}  # event = "3.00 USD": what the source charges for it
    ip: Text = ""
    user_agent: Text = ""
    is_bot: bool = False
    is_test: bool = False
    origin: Origin = ""
    chosen_by: Text = ""  # what decided on the offer: weight, optimise, sticky, trafficback; empty: there was but one
    choice_reason: Text = ""  # of trafficback: why no offer fitted
    probability: float | None = None  # with which this offer was chosen; None: not known
    candidates: dict[str, float] = {}  # the offers that fitted, and with which probability each was to be chosen
    lander: Name = ""  # where the visitor was sent before the offer
    is_unique: bool = False  # the first click of its visitor in a day
    is_prefetch: bool = False  # a browser fetched it before anybody asked: counts as a robot's
    consent: Text = ""  # what the visitor consented to, in the source's words
    partner: Text = ""  # who brought it; or `held:` and why the claim on its URL credits nobody

    def __post_init__(self) -> None:
        if self.cost is not None:
            check_amount(self.cost)
        if self.payouts:
            check_prices(self.payouts)
        if self.cpa:
            check_prices(self.cpa)


class Postback(Record, frozen=True):
    """A network's report of one event, in our words, with the policy that applied when it came."""

    postback_id: OwnKey
    click_id: Key  # empty: the network reported a user whom no click brought
    event: Name
    network: Name
    received_at: Moment
    txid: Text = ""
    status: Status = "approved"
    raw_status: Text = ""
    payout: Amount | None = None
    currency: Currency = ""
    occurred_at: Moment | None = None  # the network's own time
    repeat: Repeat = "ignore"
    window_ms: Span | None = None  # credited only so long after the click
    wait_ms: Span = 86_400_000  # how long it waits for its click
    params: Labels = {}
    is_test: bool = False
    origin: Origin = ""
    consent: Text = ""  # what the user consented to, in the network's words

    def __post_init__(self) -> None:
        if self.payout is not None:
            check_amount(self.payout)


class Facts(Record, frozen=True):
    """The answer of a look-up of a cold click: what ClickHouse knows of it."""

    click_id: OwnKey
    click: Click | None = None
    conversions: tuple["Conversion", ...] = ()
    decided: tuple[str, ...] = ()  # IDs of the postbacks that were decided
    forgotten: bool = False  # it was to be forgotten: nothing is known of it, and nothing is to be


class Tick(Record, frozen=True):
    """Moves time in a partition where something waits and nothing else comes."""


class Forget(Record, frozen=True):
    """A request to erase everything about a click, and to credit nothing to it any more."""

    click_id: OwnKey


class Epoch(Record, frozen=True):
    """The first record of every partition of a new `events` topic: which epoch it is (0 to 255)."""

    epoch: Annotated[int, Field(ge=0, le=255), msgspec.Meta(ge=0, le=255)]


Event = Click | Postback | Facts | Tick | Forget | Epoch


class Conversion(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """An event credited to a click, as it stands now."""

    conversion_id: str
    event: str
    network: str
    postback_id: str  # the postback that made it
    txid: str = ""
    status: Status = "approved"
    raw_status: str = ""
    payout: Amount | None = None
    currency: str = ""
    occurred_at: Millis  # the network's time of the event, else when we received it
    received_at: Millis
    status_at: Millis | None = None  # the network's time of the last change, where it gave one
    status_received_at: Millis
    is_refund: bool = False
    is_test: bool = False


class Outcome(Record, frozen=True):
    """What became of a postback, with the conversion as it stands after it and the click it belongs to."""

    outcome: OutcomeWord
    postback: Postback
    version: int  # of the rows made from it: schemas.versions
    decided_at: Millis  # the log's time
    reason: str = ""
    repeats: str = ""  # of a duplicate: the postback_id that it repeats
    previous_status: str = ""  # of an update: the status before
    conversion: Conversion | None = None
    click: Click | None = None


class Delivery(Record, frozen=True):
    """One step in the life of a source postback: scheduled, each attempt, the end.

    A `scheduled` record holds all that sending needs. Attempts count from 1; `scheduled` is attempt 0.
    """

    delivery_id: str
    state: DeliveryState
    attempt: int
    destination: Name  # the configured name of who gets it: "source/pops"
    conversion_id: str
    postback_id: str
    click_id: Key
    event: Name
    source: Name
    at: Millis  # when this step was taken
    next_attempt_at: Millis = 0  # 0: none
    method: str = "GET"
    url: str = ""
    code: int = 0  # HTTP status; 0: no answer
    reason: str = ""
    took_ms: int = 0
    worker: str = ""
    headers: Labels = {}
    outcome: Outcome | None = None  # of a held one: what it will tell of
    body: str = ""
    shown_url: str = ""  # the URL without the secrets in it; empty: it holds none that we know of
    resends: str = ""  # the delivery that an operator had sent again by this one
    outcome_at: int = -1  # the offset on `outcomes` of what it tells of, in the partition of its number; -1: not known
    revision: int = 0  # how often its request was made anew while it waited
    answer: str = ""  # the beginning of what was answered to this attempt, without our secrets


class Resend(Record, frozen=True):
    """An operator's request: send a delivery again, as one of its own."""

    resend_id: str  # the ID of the new delivery
    delivery: Delivery  # a step of the old one, with all that sending needs
    asked_at: Millis


class Cancel(Record, frozen=True):
    """An operator's request: a delivery that is not final is not to be sent any more."""

    delivery: Delivery  # a step of it
    asked_at: Millis
    reason: Text = ""


class Retemplate(Record, frozen=True):
    """An operator's request: a delivery that waits is to have the request that the present template makes."""

    delivery: Delivery  # a step of it
    outcome: Outcome  # of which it tells
    asked_at: Millis


class Invalid(Record, frozen=True):
    """Input that could not be used, with its reason and its raw bytes (base64 where they are no UTF-8)."""

    invalid_id: str
    received_at: Millis
    kind: str  # click | postback | record | row
    code: str
    detail: str = ""
    raw: str = ""
    network: str = ""
    source: str = ""
    status: int = 0  # the HTTP status it was answered with
