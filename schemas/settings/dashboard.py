"""[dashboard]: where the pages are, and who may see them. Pure."""

from ipaddress import ip_address
from typing import Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from schemas.settings.networks import Zone
from schemas.settings.secrets import Secret
from schemas.settings.values import Address, ConfigName, Section


class DashboardUser(Section):
    """Somebody who may log in."""

    password: Secret  # an argon2 hash
    role: Literal["read", "act"] = "read"  # act: may send again and change

    @field_validator("password")
    @classmethod
    def _is_hash(cls, password: SecretStr) -> SecretStr:
        if not password.get_secret_value().startswith("$argon2"):
            raise ValueError("write the hash of a password, as `clickjoin dashboard user add NAME` makes it")
        return password

    @property
    def hash(self) -> str:
        """The hash in plain text."""
        return self.password.get_secret_value()


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
