"""[webhooks]: systems of one's own that are told of every event, signed by Standard Webhooks. Pure."""

from base64 import b64decode
from typing import Annotated, Any

from pydantic import AfterValidator, Field, SecretStr

from schemas.requests import RequestText
from schemas.settings.postbacks import Also, Success
from schemas.settings.secrets import Secret
from schemas.settings.sending import Sending, Wait
from schemas.settings.values import CountryCode, Section
from schemas.values import STATUSES, Status

PREFIX = "whsec_"
_LEAST, _MOST = 24, 64  # bytes, as Standard Webhooks asks


def _signing(secret: SecretStr) -> SecretStr:
    try:
        key = b64decode(secret.get_secret_value().removeprefix(PREFIX), validate=True)
    except ValueError:
        key = b""
    if not _LEAST <= len(key) <= _MOST:
        raise ValueError(f'write "env:NAME" of a secret like {PREFIX}… with {_LEAST} to {_MOST} bytes as base64')
    return secret


BODY: dict[str, Any] = {
    "type": "conversion.{status}",
    "timestamp": "{status_at|iso}",
    "data": {
        **{name: f"{{{name}}}" for name in ("conversion_id", "event", "status", "previous_status", "raw_status")},
        **{name: f"{{{name}}}" for name in ("payout", "currency", "txid", "network", "click_id", "postback_id")},
        "occurred_at": "{occurred_at|iso}",
        "click": {
            **{name: f"{{{name}}}" for name in ("campaign", "source", "source_click_id", "offer", "country", "device")},
            **{name: f"{{{name}}}" for name in ("placement", "creative", "source_campaign", "keyword")},
            **{f"sub{number}": f"{{sub{number}}}" for number in range(1, 11)},
            "clicked_at": "{clicked_at|iso}",
        },
    },
}
"""What is posted: the same for all."""


class Webhook(Section):
    """One of one's own systems. It is told of every credited event, whatever source its click came from."""

    url: str
    secret: Annotated[Secret, AfterValidator(_signing)]
    headers: dict[str, str] = {}
    conversions: bool = True  # false: it is told nothing but alerts
    events: tuple[str, ...] = ()  # empty: all, as of the next four
    sources: tuple[str, ...] = ()
    campaigns: tuple[str, ...] = ()
    countries: tuple[CountryCode, ...] = ()
    networks: tuple[str, ...] = ()
    statuses: Annotated[tuple[Status, ...], Field(min_length=1)] = STATUSES
    amount_changes: bool = False  # also of a new amount of a conversion whose status stays as it was
    also: tuple[Also, ...] = ()  # what is not told unless asked
    delay: Wait = 0
    success: Success = Success()
    sending: Sending = Sending()

    @property
    def request(self) -> RequestText:
        """What is sent, without its signature."""
        return RequestText(self.url, "POST", self.headers, json=BODY)

    @property
    def signing_key(self) -> bytes:
        """The bytes of the secret: never log them."""
        return b64decode(self.secret.get_secret_value().removeprefix(PREFIX))
