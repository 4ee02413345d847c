"""[dashboard]: where the pages are, and who may see them. Pure."""

from ipaddress import ip_address
from typing import Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from schemas.settings.networks import Zone
from schemas.settings.secrets import PasswordHash, Secret
from schemas.settings.values import Address, ConfigName, Section

SHORTEST_TOKEN = 24


class DashboardUser(Section):
    """Somebody who may log in."""

    password: PasswordHash | None = None  # an argon2 hash; without one he does not log in
    token: Secret | None = None  # for calls of /api: "Authorization: Bearer TOKEN"
    role: Literal["read", "act"] = "read"  # act: may send again, and change the catalogue

    @field_validator("token")
    @classmethod
    def _is_long(cls, token: SecretStr | None) -> SecretStr | None:
        if token and len(token.get_secret_value()) < SHORTEST_TOKEN:
            raise ValueError(f"easy to guess: take {SHORTEST_TOKEN} random characters or more")
        return token

    @model_validator(mode="after")
    def _has_one(self) -> Self:
        if not (self.password or self.token):
            raise ValueError("write a password (clickjoin dashboard user add NAME), a token for /api, or both")
        return self

    @property
    def hash(self) -> str:
        """The hash in plain text; empty: there is none."""
        return self.password.get_secret_value() if self.password else ""


class Dashboard(Section):
    """The pages that people look at."""

    listen: Address = "127.0.0.1:8081"
    zone: Zone = "UTC"  # of the times on the pages
    users: dict[ConfigName, DashboardUser] = Field(default_factory=dict)  # none: whoever is at this machine may act

    @field_validator("zone")
    @classmethod
    def _has_a_name(cls, zone: str) -> str:
        if zone[:1] in "+-":
            raise ValueError(f'{zone!r} has no name: write one like "Europe/Warsaw"')
        return zone

    @model_validator(mode="after")
    def _is_guarded(self) -> Self:
        host = self.listen.rpartition(":")[0].strip("[]")
        if not self.users and not _is_loopback(host):
            raise ValueError(
                f"listen = {self.listen!r} is reached by others: add a user (clickjoin dashboard user add NAME), "
                'or listen at "127.0.0.1:8081" behind a tunnel'
            )
        return self


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
