"""Signatures of webhooks, by Standard Webhooks (standardwebhooks.com). Pure: time is an argument."""

import hmac
from base64 import b64encode
from collections.abc import Mapping


def signed(headers: Mapping[str, str], body: str, key: bytes, id_: str, now_s: int) -> dict[str, str]:
    """The headers of an attempt: the ID stays at every attempt, time and signature are its own."""
    said = f"{id_}.{now_s}.{body}".encode()
    signature = b64encode(hmac.digest(key, said, "sha256")).decode()
    return {**headers, "webhook-id": id_, "webhook-timestamp": str(now_s), "webhook-signature": f"v1,{signature}"}
