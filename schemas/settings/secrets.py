"""Secrets, written as "env:NAME" and resolved while the file is validated. Pure.

The environment is the validation's context: `Settings.model_validate(tree, context={"env": environment})`.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import quote

from pydantic import AfterValidator, BeforeValidator, SecretStr, ValidationInfo

_WHOLE = re.compile(r"env:(.*)", re.DOTALL)
_WITHIN = re.compile(r"(?<![A-Za-z0-9_])env:([A-Za-z_][A-Za-z0-9_]*)")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_HASH = "$argon2"


def is_reference(text: str) -> bool:
    """Whether this text names an environment variable, in whole or, as a URL may, in a part."""
    return bool(_WITHIN.search(text))


def _environment(info: ValidationInfo) -> Mapping[str, str]:
    environment: Mapping[str, str] = (info.context or {}).get("env", {})
    return environment


def _look_up(variable: str, environment: Mapping[str, str]) -> str:
    if not _VARIABLE.fullmatch(variable):
        raise ValueError('a secret from the environment is written "env:NAME"')
    if not environment.get(variable):
        state = "is empty" if variable in environment else "is not set"
        raise ValueError(f"the environment variable {variable} {state}")
    return environment[variable]


def _text(value: Any) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if not isinstance(value, str):
        raise ValueError('write a secret as "env:NAME", the name of an environment variable')
    return value


def _resolve(value: Any, info: ValidationInfo) -> SecretStr:
    text = _text(value)
    reference = _WHOLE.fullmatch(text)
    if reference:
        text = _look_up(reference[1], _environment(info))
    if not text:
        raise ValueError('a secret cannot be empty: write "env:NAME", the name of an environment variable')
    return SecretStr(text)


def resolve_reference(value: Any, info: ValidationInfo) -> Any:
    """The secret that "env:NAME" names; plain text as it is."""
    if isinstance(value, str) and not _WHOLE.fullmatch(value):
        return value
    return _resolve(value, info)


def _resolve_within(value: Any, info: ValidationInfo) -> SecretStr:
    text = _text(value)
    if _WHOLE.fullmatch(text):
        return _resolve(text, info)
    environment = _environment(info)
    # Inside a URL a password is percent-encoded, whatever characters it is made of.
    return SecretStr(_WITHIN.sub(lambda found: quote(_look_up(found[1], environment), safe=""), text))


def is_hash(text: str) -> bool:
    """Whether this is the hash of a password: it may stand where no secret may."""
    return text.startswith(_HASH)


def _checked(secret: SecretStr) -> SecretStr:
    if not is_hash(secret.get_secret_value()):
        made_by = "`clickjoin dashboard user add NAME` or `clickjoin partners password NAME` makes it"
        raise ValueError(f"write the hash of a password, as {made_by}")
    return secret


Secret = Annotated[SecretStr, BeforeValidator(_resolve)]
"""Written as "env:NAME". What it was resolved to is never shown."""
PasswordHash = Annotated[Secret, AfterValidator(_checked)]
"""Of argon2."""
SecretUrl = Annotated[SecretStr, BeforeValidator(_resolve_within)]
"""A URL that may hold a secret: "https://user:env:NAME@host"."""
