"""[sources]: who sold the click, and how it, or a partner, is told about events. Pure."""

import re
from itertools import combinations
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator

from schemas.macros import ACCOUNT, POSTBACK_MACROS
from schemas.requests import RequestText
from schemas.settings.secrets import Secret, resolve_reference
from schemas.settings.sending import Sending, Wait
from schemas.settings.shares import Share, parse_share
from schemas.settings.values import ConfigName, CountryCode, CurrencyCode, Duration, MoneyText, ParameterNames, Section
from schemas.values import Status

ANY_EVENT = "*"
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
SUBS = tuple(f"sub{number}" for number in range(1, 11))
CLICK_WORDS = (
    *("placement", "creative", "source_campaign", "keyword", "country", "device", "os", "browser"),
    *("region", "isp", "connection_type", "language"),
    *("cost", "cpm", "cpa", "currency", "ip", "user_agent", "clicked_at", "consent"),
    *SUBS,
)
"""What we read from a source's click, besides its own click ID."""


def _of_one_line(value: str | SecretStr) -> str | SecretStr:
    text = value.get_secret_value() if isinstance(value, SecretStr) else value
    if _CONTROL.search(text):  # a file's last line break, mostly: encoded it would make another key of it
        raise ValueError("holds a line break or another control character: write it without")
    return value


AccountValue = Annotated[str | SecretStr, BeforeValidator(resolve_reference), AfterValidator(_of_one_line)]
"""What a source gave to this account: plain text, or "env:NAME" where it is a secret."""

Also = Literal["import", "replay", "test"]
"""What was imported, replayed from the log, or made by an operator's test."""


def _said(text: str) -> str:
    if not text.strip():
        raise ValueError("every answer holds an empty text: write a word of the answer that is meant")
    return text


Said = Annotated[str, AfterValidator(_said)]
"""What an answer may hold."""
HttpCode = Annotated[int, Field(ge=100, le=599)]
Told = bool | int | str | tuple[bool | int | str, ...]
"""A value in an answer, or several."""


class SourcePostback(Section):
    """How a source, or a partner, is told about one event ("*" for any)."""

    url: str  # a template, as the texts of headers, form and json_body: schemas.macros
    method: Literal["", "GET", "POST"] = ""  # empty: POST where there is a body, else GET
    headers: dict[str, str] = {}
    form: dict[str, str] = {}  # a body of fields
    json_body: dict[str, Any] = {}  # a body of JSON
    # What it is told of. Anything else leaves no trace.
    events: tuple[str, ...] = ()  # of the postback for any event; empty: all that have none of their own
    statuses: Annotated[tuple[Status, ...], Field(min_length=1)] = ("approved",)
    campaigns: tuple[str, ...] = ()  # empty: all, as of the next two
    countries: tuple[CountryCode, ...] = ()
    networks: tuple[str, ...] = ()
    min_payout: MoneyText | None = None  # of what the network pays, not of what is told; both ends belong to it
    max_payout: MoneyText | None = None
    amount_changes: bool = False  # also of a new amount of a conversion whose status stays as it was
    once: bool = False  # of an event that repeats the first alone: once for each click, event and status
    also: tuple[Also, ...] = ()  # what is not told unless asked
    # What it could be told of, but not like this, is recorded as not_sendable.
    currencies: tuple[CurrencyCode, ...] = ()  # empty: any
    max_click_age: Duration | None = None
    # How.
    payout: Annotated[Share, BeforeValidator(parse_share)] = Share()  # what it is told to have been paid
    currency: CurrencyCode = ""  # in which, by [rates]; empty: that in which the network paid
    delay: Wait = 0  # before the first attempt

    @model_validator(mode="after")
    def _some_payout_fits(self) -> "SourcePostback":
        least, most = self.min_payout, self.max_payout
        if least and most and least.currency == most.currency and least.amount > most.amount:
            raise ValueError(f"no payout is at least {least} and at most {most}: write the smaller one as min_payout")
        return self

    @property
    def request(self) -> RequestText:
        """What is sent."""
        return RequestText(self.url, self.method, self.headers, self.form, self.json_body)


class Success(Section):
    """Which answers mean that it was taken. Texts are looked for in the answer's beginning, in any case."""

    codes: tuple[HttpCode, ...] = ()  # empty: 200 to 299
    final_codes: tuple[HttpCode, ...] = ()  # refused for good, besides every other below 500
    again_codes: tuple[HttpCode, ...] = ()  # tried again, besides those that ask for it and all from 500 on
    answer_has: tuple[Said, ...] = ()  # one of these: without it, it is tried again
    answer_lacks: tuple[Said, ...] = ()  # all of these: with one of them it was refused, and is not tried again
    answer_taken: tuple[Said, ...] = ()  # with one of these it had been taken before: a success, whatever else is said
    # Of an answer in JSON; dots lead into tables.
    json_is: dict[str, Told] = {}  # what stands there, or one of several: anything else was refused
    json_lacks: tuple[str, ...] = ()  # what is not there, or empty: with it, it was refused
    json_again: dict[str, Told] = {}  # where one of these stands it is tried again, whatever the code

    @model_validator(mode="after")
    def _means_one_thing(self) -> "Success":
        for one, other in combinations((self.codes, self.final_codes, self.again_codes), 2):
            if both := sorted({*one} & {*other}):
                raise ValueError(f"{both[0]} stands in two of codes, final_codes and again_codes: write it in one")
        return self

    @property
    def reads_text(self) -> bool:
        """Whether the answer's text matters."""
        return bool(self.answer_has or self.answer_lacks or self.answer_taken)

    @property
    def reads_json(self) -> bool:
        """Whether the answer's JSON matters."""
        return bool(self.json_is or self.json_lacks or self.json_again)


class Postbacks(Section):
    """Who is told by postbacks: of what, in which words, and which answers mean that it was taken."""

    account: dict[ConfigName, AccountValue] = {}  # {account.NAME} in a template
    goals: dict[str, str] = {}  # our event ("*": any other) = their name or number for it: {goal}, {event_name}
    postbacks: dict[str, SourcePostback] = {}
    success: Success = Success()
    sending: Sending = Sending()
    macros: dict[str, str] = {}  # source_click_id, our word, or any other name = their macro, for our click URL

    @property
    def postback_macros(self) -> frozenset[str]:
        """What the templates of its postbacks may name."""
        return POSTBACK_MACROS | {ACCOUNT + name for name in self.account}

    def account_values(self) -> dict[str, str]:
        """The value of every {account.NAME}, secrets in plain text: never log it."""
        return {
            ACCOUNT + name: value.get_secret_value() if isinstance(value, SecretStr) else value
            for name, value in self.account.items()
        }

    @property
    def account_secrets(self) -> frozenset[str]:
        """The macros of [account] whose values are secrets."""
        return frozenset(ACCOUNT + name for name, value in self.account.items() if isinstance(value, SecretStr))


class Source(Postbacks):
    """A traffic source: what its parameters on our click URL mean, and its postbacks."""

    preset: str = "generic"
    click_id_param: str = ""  # their parameter that carries their click ID
    params: dict[str, ParameterNames] = {}  # our word (CLICK_WORDS) = their parameter, or several: the first present
    key: Secret | None = None  # for clicks that they record server to server
    currency: CurrencyCode = ""  # of what it says that a click costs, where it names none
