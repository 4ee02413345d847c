"""Bodies that a network encrypts, as ClickBank does with its notifications."""

import json
from base64 import b64decode, b64encode

import pytest

from clickjoin.panels.network import network_panel
from clickjoin.replays.replay import Replay, Row
from ingest.encryption import EncryptionPlan, decrypt
from ingest.plans import prepare
from ingest.raw import raw_request
from ingest.refusal import Refusal
from schemas.records import Postback
from schemas.settings.networks import Encryption
from schemas.settings.validation import validate
from tests.ingest_samples import KEY, NOW_MS, click_id, encrypted, plans, settings

SECRET = "SECRETKEY0123456"
BODY = {
    "notification": "paQMUB8NiUzrWlTg+76YgUxdhJmUdZ5uDWg6T/VzNBx6bAyGvNM3maoFUdlgQGvzZWR06QK8YcgMc95jKCe+oKamZ4U+"
    "KwNp6YAZn1CzUVzviyl+5ivE7R2jjI5yWa8HOjkJGxXUJX5U0vTeM7gHptfaCwVv8+fUXO35bk7/a1NGnbY70biS+HeXKzBmKXe506g9FE/JOq+qxHMj"
    "XggBfa3ETHsRxVJQozPc9NEwRlo=",
    "iv": "AAECAwQFBgcICQoLDA0ODw==",
}
"""Made by `openssl enc -aes-256-cbc -K … -iv 000102…0f`, the key by `sha1sum | cut -c1-32 | xxd -p`."""
PLAIN = {
    "transactionTime": "2023-11-14T16:13:20-06:00",
    "receipt": "CWOGBLFN",
    "transactionType": "SALE",
    "totalAccountAmount": 24.1,
    "currency": "USD",
    "trackingCodes": ["CLICK"],
}


def plan(secret: str = SECRET) -> EncryptionPlan:
    found = prepare(settings(networks={"sealed": {"preset": "clickbank_ins", "encryption": {"secret": secret}}}))
    encryption = found.networks["sealed"].access.encryption
    assert encryption
    return encryption


def refused(body: bytes, secret: str = SECRET) -> tuple[int, str, str]:
    with pytest.raises(Refusal) as raised:
        decrypt(plan(secret), body)
    return raised.value.status, raised.value.code, raised.value.detail


def test_what_openssl_has_encrypted_is_read_d20() -> None:
    assert json.loads(decrypt(plan(), json.dumps(BODY).encode())) == PLAIN
    assert encrypted(decrypt(plan(), json.dumps(BODY).encode()), SECRET) == json.dumps(BODY).encode()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        json.dumps(PLAIN).encode(),
        json.dumps({**BODY, "iv": "AAEC"}).encode(),
        json.dumps({**BODY, "notification": BODY["notification"][:-5]}).encode(),
        json.dumps({**BODY, "notification": 5}).encode(),
        json.dumps({**BODY, "notification": "é"}).encode(),
    ],
)
def test_what_is_not_encrypted_says_what_would_be_d20(body: bytes) -> None:
    status, code, detail = refused(body)
    assert (status, code) == (401, "missing_encryption")
    assert "networks.sealed" in detail


def test_whatever_is_wrong_inside_the_answer_is_the_same_d20() -> None:
    """Else whoever tries all values of a byte would learn from the answers what is encrypted."""
    text = bytearray(b64decode(BODY["notification"]))
    answers = {refused(json.dumps(BODY).encode(), "another secret 123")}
    for position in (0, len(text) - 17, len(text) - 1):
        changed = bytes(text[:position] + bytes([text[position] ^ 1]) + text[position + 1 :])
        answers.add(refused(json.dumps({**BODY, "notification": b64encode(changed).decode()}).encode()))
    assert answers == {(401, "wrong_encryption", "this is not encrypted with the secret of networks.sealed")}


def test_what_was_kept_encrypted_is_replayed_once_the_secret_is_right() -> None:
    sent = json.dumps({**PLAIN, "trackingCodes": [click_id()]}).encode()
    raw = raw_request("POST", "/postback/sealed", "", "application/json", encrypted(sent, KEY), KEY.encode())
    row = Row("i1", NOW_MS, "postback", "wrong_encryption", "", raw, "sealed", "", 401)
    (found,) = Replay(plans(), origin="replay").make(row)
    assert isinstance(found, Postback)
    assert (found.click_id, found.event, str(found.payout)) == (click_id(), "sale", "24.1")


def test_encryption_guards_a_network_and_has_to_have_its_secret() -> None:
    tree = {"networks": {"cb": {"encryption": {"secret": SECRET}}}}
    found, problems = validate(tree, {})
    assert problems == []
    assert found
    assert "its encryption" in network_panel("http://x", "cb", found.networks["cb"], hide_keys=True).guarded_by
    _, problems = validate({"networks": {"cb": {"encryption": {}}}}, {})
    assert [str(problem) for problem in problems] == ["networks.cb.encryption.secret: is required"]
    assert len(Encryption(secret=SECRET).key) == 32
