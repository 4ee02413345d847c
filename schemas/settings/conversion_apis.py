"""[conversion_apis]: the platforms that want JSON, tokens and hashed user data instead of a postback URL. Pure.

What a kind looks like (where it is called, with which body, what counts as success) is data:
`presets/conversion_apis/KIND.toml`, laid under the section.
"""

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, SecretStr

from schemas.macros import ACCOUNT, POSTBACK_MACROS, WORD
from schemas.requests import RequestText
from schemas.settings.postbacks import AccountValue, Also, Success
from schemas.settings.sending import Sending, Wait
from schemas.settings.shares import Share, parse_share
from schemas.settings.values import ConfigName, CountryCode, CurrencyCode, Duration, Section
from schemas.values import Status

SECRET_NAMES = frozenset({"token", "api_secret", "client_secret", "refresh_token", "developer_token"})
"""Of [account]: secrets, however they are written."""

_NAMED = re.compile(r"\{account\.([a-z0-9_-]+)")


def _hide(value: Any) -> Any:
    """The account with its secrets as such, where they stand in plain text."""
    if not isinstance(value, dict):
        return value
    return {
        name: SecretStr(held) if name in SECRET_NAMES and isinstance(held, str) and held[:4] != "env:" else held
        for name, held in value.items()
    }


class ConsentWord(Section):
    """{word.NAME}: what stands in the body for a consent. Of what is not known, or has no word here, nothing does."""

    of: Literal["ad_user_data", "ad_personalization"]
    granted: bool | int | str | None = None
    denied: bool | int | str | None = None


class AccessToken(Section):
    """By what a short-lived access token is got (OAuth 2.0, RFC 6749 section 6): a form that is posted there."""

    url: str
    form: dict[str, str]  # templates of {account.NAME} alone


class ConversionApi(Section):
    """One platform, with an account there. It is told of the events that have a name of its own for them."""

    kind: str
    title: str = ""  # of the kind
    base_url: str = ""  # templates, as the next three; what the path is added to
    path: str = ""
    headers: dict[str, str] = {}
    json_body: dict[str, Any] = {}
    account: Annotated[dict[ConfigName, AccountValue], BeforeValidator(_hide)] = {}  # {account.NAME}
    access_token: AccessToken | None = None
    words: dict[ConfigName, ConsentWord] = {}
    known_events: tuple[str, ...] = ()  # the names that the platform has; empty: any
    any_of: tuple[str, ...] = ()  # macros: without any of them it would match nobody
    first_of: tuple[str, ...] = ()  # macros of which it takes one: the first that is known
    # What it is told of.
    events: Annotated[dict[str, str], Field(min_length=1)]  # our event = the platform's name, or ID, for it
    sources: tuple[str, ...] = ()  # whose clicks; empty: all, as of the next three
    campaigns: tuple[str, ...] = ()
    countries: tuple[CountryCode, ...] = ()
    networks: tuple[str, ...] = ()
    statuses: Annotated[tuple[Status, ...], Field(min_length=1)] = ("approved",)
    also: tuple[Also, ...] = ()
    max_click_age: Duration | None = None
    max_event_age: Duration | None = None
    needs_consent: bool = False  # without ad_user_data = granted it is not sendable
    # How.
    payout: Annotated[Share, BeforeValidator(parse_share)] = Share()
    currency: CurrencyCode = ""
    delay: Wait = 0
    success: Success = Success()
    sending: Sending = Sending()

    @property
    def request(self) -> RequestText:
        """What is sent, without an access token."""
        return RequestText(
            self.base_url.rstrip("/") + self.path, "POST", self.headers, json=self.json_body, omits_unknown=True
        )

    @property
    def macros(self) -> frozenset[str]:
        """What its templates may name."""
        return POSTBACK_MACROS | self.account_values().keys() | {WORD + name for name in self.words}

    @property
    def missing(self) -> tuple[str, ...]:
        """What its templates name of [account] and is not there, or empty in the address that is called."""
        form = self.access_token.form if self.access_token else {}
        named = dict.fromkeys(_NAMED.findall(f"{self.path} {self.headers} {self.json_body} {form}"))
        needed = set(_NAMED.findall(self.path))
        values = self.account_values()
        return tuple(
            name for name in named if ACCOUNT + name not in values or (name in needed and not values[ACCOUNT + name])
        )

    @property
    def names_source_click_id(self) -> bool:
        """Whether the source's click ID is the platform's own."""
        return "{source_click_id" in f"{self.path} {self.json_body}"

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
