"""What a network's section holds besides words: signatures, rules, marks of tests, time zones. Pure."""

import re
from base64 import b64decode
from datetime import timedelta, timezone, tzinfo
from hashlib import sha1
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from schemas.settings.secrets import Secret
from schemas.settings.values import Duration, Section
from schemas.values import Status

_OFFSET = re.compile(r"([+-])(\d\d):([0-5]\d)", re.ASCII)
_SIGNED_FIELD = re.compile(r"\{([^{}]*)\}")

KeyPlace = Literal["parameter", "path", "header", "bearer", "basic", "authorization"]
"""Where a network sends its key. It is accepted in each of them; this is what `check` prints."""

ANY_CURRENCY = "*"
SIGNED_FIELDS = ("body", "time", "id", "query")
"""What a signature may be over: the raw body, its own time and ID, the raw query."""


def parse_zone(text: str) -> tzinfo | None:
    """The time zone "+08:00" or "Europe/Warsaw"; of nothing none. Raises ValueError."""
    if not text:
        return None
    offset = _OFFSET.fullmatch(text)
    if offset:
        minutes = int(offset[2]) * 60 + int(offset[3])
        return timezone(timedelta(minutes=-minutes if offset[1] == "-" else minutes))
    try:
        return ZoneInfo(text)
    except (LookupError, ValueError, OSError):
        raise ValueError(f'{text!r} is no time zone: write "+08:00", or a name like "Europe/Warsaw"') from None


def _zone(text: str) -> str:
    parse_zone(text)
    return text


def _signed(text: str) -> str:
    unknown = [name for name in _SIGNED_FIELD.findall(text) if name not in SIGNED_FIELDS]
    if unknown or not ("{body}" in text or "{query}" in text):
        raise ValueError('say what is signed: {body} or {query}, perhaps with {time} and {id}, like "{time}.{body}"')
    return text


def one_or_many(value: Any) -> Any:
    """A text alone as an array of it."""
    return (value,) if isinstance(value, str) else value


Zone = Annotated[str, AfterValidator(_zone)]
Values = Annotated[tuple[str, ...], BeforeValidator(one_or_many), Field(min_length=1)]
"""One value of a parameter, or several: in any case; "TEST_*" begins so, "*" is any, "" is none at all."""
Matches = dict[str, Values]
"""Their parameter = the values that count."""


class Rule(Section):
    """What the event or the status is where one parameter alone does not tell: the first that matches counts."""

    when: Annotated[Matches, Field(min_length=1)]
    event: str = ""  # as if the network had said so: [networks.NAME.events] may give it another name
    status: Status | None = None
    refund: bool = False  # the amount is taken back, whether it is written with a minus or without


class Signature(Section):
    """An HMAC over what was sent, in a header."""

    secret: Secret
    header: str = Field(min_length=1)
    algorithm: Literal["sha256", "sha1", "sha512", "md5"] = "sha256"
    encoding: Literal["hex", "base64"] = "hex"
    key_encoding: Literal["text", "base64"] = "text"
    separator: str = ""  # between several items in the header; one that is right suffices
    prefix: str = ""  # of the item that is the signature: "sha256=", "v1="
    time_prefix: str = ""  # of the item that is the time: "t="
    time_header: str = ""  # or the header that holds it, as seconds since 1970
    id_header: str = ""  # the header that holds {id}
    signed: Annotated[str, AfterValidator(_signed)] = "{body}"
    tolerance: Duration = 300_000  # how old, or early, a signature with a time may be

    @property
    def key(self) -> bytes:
        """What the HMAC is keyed with."""
        secret = self.secret.get_secret_value()
        if self.key_encoding == "text":
            return secret.encode()
        text = secret.removeprefix(
            "whsec_"
        )  # which Standard Webhooks write before it, and may leave out the "=" behind
        return b64decode(text + "=" * (-len(text) % 4), validate=True)

    @model_validator(mode="after")
    def _has_a_key(self) -> "Signature":
        try:
            key = self.key
        except ValueError:
            raise ValueError("this secret is no base64: leave key_encoding out where it is taken as it is") from None
        if not key.strip():
            raise ValueError("this secret is empty, so anybody could sign with it: copy it anew from the provider")
        return self


class Encryption(Section):
    """Bodies that are encrypted with AES-256-CBC, as ClickBank does it: who can write one has the secret."""

    secret: Secret
    text: str = Field("notification", min_length=1)  # the member of the JSON that holds what is encrypted, as base64
    iv: str = Field("iv", min_length=1)  # the one that holds its initialisation vector

    @property
    def key(self) -> bytes:
        """The key: the first 32 characters of the secret's SHA-1 in hexadecimal, taken as they are."""
        digest = sha1(self.secret.get_secret_value().encode(), usedforsecurity=False)
        return digest.hexdigest()[:32].encode()
