"""Passwords: kept as argon2 hashes in the configuration, and looked at a few at a time."""

from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_hasher = PasswordHasher()
_at_once = BoundedSemaphore(2)  # each takes 64 MiB
_NOBODY = _hasher.hash("nobody has this password")

SHORTEST = 10


def hashed(password: str) -> str:
    """The hash to write into the configuration."""
    return _hasher.hash(password)


def is_right(password: str, known: str | None) -> bool:
    """Whether a password is the one of this hash. None, for a user that there is not, takes as long."""
    with _at_once:
        try:
            return _hasher.verify(known or _NOBODY, password) and known is not None
        except (VerificationError, InvalidHashError):
            return False
