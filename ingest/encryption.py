"""Bodies that a network encrypts with a secret of ours: AES-256-CBC, as ClickBank's notifications. Pure."""

import json
from base64 import b64decode
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.padding import PKCS7

from ingest.refusal import Refusal
from schemas.settings.networks import Encryption

_BLOCK_BITS = 128


@dataclass(frozen=True, slots=True)
class EncryptionPlan:
    """How the bodies of one network are read."""

    path: str  # in the configuration, for errors
    key: bytes
    text: str
    iv: str


def encryption_plan(path: str, encryption: Encryption | None) -> EncryptionPlan | None:
    """Prepare what is configured."""
    return EncryptionPlan(path, encryption.key, encryption.text, encryption.iv) if encryption else None


def decrypt(plan: EncryptionPlan, body: bytes) -> bytes:
    """The JSON in a body. Raises Refusal 401 for one that is not encrypted, or with another secret."""
    try:
        sent = json.loads(body)
        text, iv = b64decode(sent[plan.text]), b64decode(sent[plan.iv])
        decryptor = Cipher(AES256(plan.key), CBC(iv)).decryptor()
        padded = decryptor.update(text) + decryptor.finalize()
    except (ValueError, TypeError, LookupError, RecursionError):
        wanted = f'send {{"{plan.text}": …, "{plan.iv}": …}}, both in base64, encrypted with the secret of {plan.path}'
        raise Refusal(401, "missing_encryption", wanted) from None
    try:
        unpadder = PKCS7(_BLOCK_BITS).unpadder()
        plain = (unpadder.update(padded) + unpadder.finalize()).strip()
        json.loads(plain)
    except (ValueError, RecursionError):
        # The same answer whatever is wrong: who could tell bad padding from the rest could decrypt by trial.
        raise Refusal(401, "wrong_encryption", f"this is not encrypted with the secret of {plan.path}") from None
    return plain
