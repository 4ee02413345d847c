"""A configuration for tests of ingest, with all that matters in it."""

import json
from base64 import b64encode
from copy import deepcopy
from hashlib import sha1
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CBC

from ingest.plans import Plans, prepare
from presets.load import merge_presets
from schemas.ids import mint_click_id
from schemas.settings.file import Settings

SECRET = "s" * 32
OLD_SECRET = "o" * 32
KEY = "acme-key-0123456789"
SOURCE_KEY = "pops-key-0123456789"
NOW_MS = 1_700_000_000_000

STANDARD_WEBHOOKS: dict[str, Any] = {
    "header": "webhook-signature",
    "separator": " ",
    "prefix": "v1,",
    "encoding": "base64",
    "key_encoding": "base64",
    "time_header": "webhook-timestamp",
    "id_header": "webhook-id",
    "signed": "{id}.{time}.{body}",
}
"""As docs/networks.md writes it."""

TREE: dict[str, Any] = {
    "ingest": {"secrets": [SECRET, OLD_SECRET], "wait": "24h", "default_network": "acme"},
    "events": {
        "install": {"step": 1},
        "trial": {"step": 2, "repeat": "update"},
        "subscribe": {"step": 3, "repeat": "new", "window": "365d"},
    },
    "networks": {
        "acme": {
            "key": KEY,
            "params": {"click_id": "ml_sub1"},
            "events": {"goal_1": "install", "Free Trial": "trial"},
            "statuses": {"Hold": "pending", "2": "rejected"},
            "wait": "1h",
        },
        "near": {"allow": ["203.0.113.0/24", "2001:db8::/32"], "currency": "EUR", "event_default": "install"},
        "glass": {"open": True, "pixel": True, "duplicates": "last"},
        "billing": {"open": True, "reports_all_users": True, "pixel": True},
        "popsnet": {"open": True, "click_ids": "pops", "event_default": "install"},
        "sealed": {"preset": "clickbank_ins", "encryption": {"secret": KEY}},
        "signed": {"signature": {"secret": KEY, "header": "X-Signature", "prefix": "sha256="}},
    },
    "sources": {
        "pops": {"click_id_param": "zoneclick", "key": SOURCE_KEY, "params": {"cost": "bid"}},
        "free": {},
    },
    "offers": {
        "game": {
            "network": "acme",
            "url": "https://offer.example/é?aff_sub={click_id}&s={source_click_id}&p={placement}&x={sub3}&c={campaign}",
            "payouts": {"install": "1.20 USD"},
            "payout": "fixed",
        },
        "quiz": {"network": "near", "url": "https://quiz.example/?s1={click_id}"},
    },
    "campaigns": {
        "spring": {"source": "pops", "offers": ["game"], "cpm": "0.40 USD", "may_credit": ["acme"]},
        "both": {"source": "free", "offers": ["game", "quiz"], "cost": "0.05 EUR"},
        "nocost": {"source": "free", "offers": ["quiz"]},
    },
}


def tree(**sections: Any) -> dict[str, Any]:
    """The configuration, with some sections' keys replaced."""
    found = deepcopy(TREE)
    for name, keys in sections.items():
        found.setdefault(name, {}).update(keys)
    return found


def settings(**sections: Any) -> Settings:
    merged, problems = merge_presets(tree(**sections))
    assert not problems
    return Settings.model_validate(merged, context={"env": {}})


def plans() -> Plans:
    return prepare(settings())


def click_id(secret: str = SECRET, random: bytes = b"12345678", at_ms: int = NOW_MS) -> str:
    return mint_click_id(secret.encode(), at_ms, random)


def encrypted(body: bytes, secret: str, iv: bytes = bytes(range(16))) -> bytes:
    """A body as ClickBank would send it."""
    length = 16 - len(body) % 16
    encryptor = Cipher(AES256(sha1(secret.encode()).hexdigest()[:32].encode()), CBC(iv)).encryptor()
    text = encryptor.update(body + bytes([length]) * length) + encryptor.finalize()
    return json.dumps({"notification": b64encode(text).decode(), "iv": b64encode(iv).decode()}).encode()
