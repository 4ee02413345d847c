"""Passwords: kept as argon2 hashes in the configuration, and looked at a few at a time."""

from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_hasher = PasswordHasher()
_at_once = BoundedSemaphore(2)  # each takes 64 MiB

SHORTEST = 10
NOBODY = "$argon2id$v=19$m=65536,t=3,p=4$9aaanhlYQq2gw7thNN09OQ$8HVEGJRpfljjR3eziN3+YIRwZLw4ccwSoO3rqlM4a9M"
"""A hash as hard to look at as ours are. It is not made when a process starts: that would take as long."""


def hashed(password: str) -> str:
    """The hash to write into the configuration."""
    return _hasher.hash(password)


def is_right(password: str, known: str | None) -> bool:
    """Whether a password is the one of this hash. None, for a user that there is not, takes as long."""
    with _at_once:
        try:
            return _hasher.verify(known or NOBODY, password) and known is not None
        except (VerificationError, InvalidHashError):
            return False
