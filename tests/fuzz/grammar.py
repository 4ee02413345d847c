"""The mess that networks and sources send, as a grammar: any number of requests from one seed."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from urllib.parse import quote

from tests.ingest_samples import KEY, OLD_SECRET, SOURCE_KEY, click_id

_IDS = (
    click_id(),
    click_id(OLD_SECRET),
    "1111111",
    "REPLACE",
    "{click_id}",
    "##CLICK_ID##",
    "[transaction_id]",
    "",
    "0",
)
_AMOUNTS = (
    "1",
    "12.50",
    "12,50",
    "1 234,50",
    "$12",
    "-3",
    "1e400",
    "NaN",
    "",
    "1,234",
    "9" * 30,
    "0x10",
    "{payout}",
    "٣",
)
_CURRENCIES = ("usd", "USD", "", "euro", "{currency}", "US", "€")
_TIMES = ("1700000000", "1700000000000", "2026-11-21T10:00:00Z", "last week", "-1", "9" * 20, "", "2026-02-30", "nan")
_WORDS = (
    "install",
    "goal_1",
    "Free Trial",
    "subscribe",
    "",
    "a" * 100,
    "in stall!",
    "{event}",
    "é",
    "approved",
    "Hold",
    "2",
)
_ODD = (
    "\0",
    "%",
    "%zz",
    "%00",
    "\ufffd",
    "😀",
    "a\r\nX-Evil: 1",
    "' OR 1=1 --",
    "<script>",
    "&amp;",
    "=",
    "../..",
    "x" * 2000,
)
_VALUES = {
    "ml_sub1": _IDS,
    "click_id": _IDS,
    "cid": _IDS,
    "payout": _AMOUNTS,
    "cost": _AMOUNTS,
    "currency": _CURRENCIES,
    "event": _WORDS,
    "goal": _WORDS,
    "status": _WORDS,
    "occurred_at": _TIMES,
    "clicked_at": _TIMES,
    "txid": ("t1", "t2", "", "{txid}", "x" * 2000, "\0"),
    "zoneclick": ("a/b+c", "{zoneclick}", "", "x" * 2000),
    "placement": ("77", "##PLACEMENT_ID##", "é"),
    "key": (KEY, SOURCE_KEY, "wrong", ""),
    "sub1": _ODD,
    "whatever[]": _ODD,
}
_PATHS = (
    *("/postback/acme", "/postback/acme", "/postback", f"/postback/acme/{KEY}", "/postback/near", "/postback/glass"),
    *("/postback/billing", "/postback/popsnet", "/postback/signed", "/postback/nobody", "/pixel/glass.gif"),
    *("/pixel/billing.gif", "/pixel/acme.gif", "/click/spring", "/click/both", "/click/nobody"),
)
_KINDS = (
    "application/json",
    "application/x-www-form-urlencoded",
    "application/x-ndjson",
    "text/plain",
    "",
    "multipart/x",
)


@dataclass(frozen=True)
class Request:
    """What is written to the socket. `is_http`: a server has to answer it with words of its own."""

    method: str
    target: str
    wire: bytes
    is_http: bool = True


def request(random: Random) -> Request:
    """One more request."""
    if random.random() < 0.02:
        noise = random.randbytes(random.randrange(1, 300))
        return Request("", "", random.choice((b"", b"GET ", b"POST / HTTP/1.1\r\n")) + noise + b"\r\n\r\n", False)
    method = random.choices(("GET", "POST", "HEAD", "PUT"), (60, 34, 4, 2))[0]
    query = _query(random) if random.random() < 0.9 else ""
    if random.random() < 0.01:
        query += "&long=" + "x" * random.randrange(7000, 9000)
    target = random.choice(_PATHS) + (f"?{query}" if query else "")
    body = _body(random) if method in ("POST", "PUT") else b""
    kind = random.choice(_KINDS)
    head = f"{method} {target} HTTP/1.1\r\nHost: t.example\r\n"
    head += (f"Content-Type: {kind}\r\n" if kind else "") + (
        f"Content-Length: {len(body)}\r\n" if method == "POST" else ""
    )
    return Request(method, target, head.encode("latin-1") + b"\r\n" + (body if method == "POST" else b""))


def _fields(random: Random) -> list[tuple[str, str]]:
    names = random.choices(tuple(_VALUES), k=random.randrange(0, 9))
    likely = [("ml_sub1", click_id()), ("key", KEY), ("event", "install")] if random.random() < 0.5 else []
    return likely + [(name, random.choice(_VALUES[name] if random.random() < 0.9 else _ODD)) for name in names]


def _query(random: Random) -> str:
    """Encoded as it should be, hardly, or as it stands where a URL can hold it so."""
    joint = random.choices(("&", "&amp;", ";"), (90, 8, 2))[0]
    pairs = []
    for name, value in _fields(random):
        encoded = quote(value.encode("utf-8", "replace"), safe=random.choice(("", "{}[]$:,")))
        if random.random() < 0.05:
            encoded = random.choice(("%ff%fe", "%C3", "%", "%u0041", quote(encoded)))
        pairs.append(f"{name.upper() if random.random() < 0.1 else name}={encoded}")
    return joint.join(pairs).replace("[]", "%5B%5D").replace("{", "%7B").replace("}", "%7D")


def _body(random: Random) -> bytes:
    found = dict(_fields(random))
    bodies: dict[str, Callable[[], bytes]] = {
        "json": lambda: json.dumps(found).encode(),
        "numbers": lambda: json.dumps(
            found | {"payout": random.choice((1.5, -1, 10**30, None, True, [1, 2]))}
        ).encode(),
        "array": lambda: json.dumps([dict(_fields(random)) for _ in range(random.randrange(0, 6))]).encode(),
        "lines": lambda: b"\n".join(json.dumps(dict(_fields(random))).encode() for _ in range(3)),
        "form": lambda: _query(random).encode(),
        "deep": lambda: b'{"a":' * 500 + b"1" + b"}" * 500,
        "cut": lambda: json.dumps(found).encode()[:-1],
        "noise": lambda: random.randbytes(random.randrange(0, 400)),
        "large": lambda: b"x" * 70_000,
        "nothing": lambda: b"",
    }
    weights = (20, 10, 10, 5, 20, 1, 5, 5, 0.3, 5)
    return random.choices(list(bodies.values()), weights)[0]()
