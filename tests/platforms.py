"""A stand-in of the platforms: it takes what their documentation allows to the last key, and refuses everything else.

Each kind is called below a path of its own, `/KIND`. A short-lived token is granted at `/token`.
"""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from jsonschema import Draft202012Validator

from presets.load import merge_presets, preset_names, read_preset_file
from tests.stand_in import StandIn, stand_in

KINDS = preset_names("conversion_apis")
TOKEN = "t0ken"
SCHEMAS = Path(__file__).parent / "data" / "conversion_apis"


def conversion_apis(url: str, source: str) -> dict[str, Any]:
    """The section [conversion_apis] with one of each kind, for the clicks of a source; presets merged in."""
    apis: dict[str, Any] = {}
    for kind in KINDS:
        sample = read_preset_file("conversion_apis", kind)["samples"][0]
        apis[kind] = {"kind": kind, "base_url": f"{url}/{kind}", "sources": [source], "events": sample["events"]}
        apis[kind] |= {"account": sample["account"], "max_event_age": "3650d", "max_click_age": "3650d"}
        if kind.startswith("google"):
            apis[kind]["access_token"] = {"url": f"{url}/token"}
    merged, unknown = merge_presets({"conversion_apis": apis})
    assert unknown == []
    found: dict[str, Any] = merged["conversion_apis"]
    return found


@cache
def schema_of(kind: str) -> Draft202012Validator:
    """The documented request of a kind: path, query, headers, body."""
    return Draft202012Validator(json.loads((SCHEMAS / f"{kind}.json").read_text()))


def mistakes(kind: str, target: str, headers: dict[str, str], body: str) -> list[str]:
    """What the documentation says against a request."""
    url = urlsplit(target)
    document = {
        "path": url.path,
        "query": dict(parse_qsl(url.query, keep_blank_values=True)),
        "headers": {name.lower(): value for name, value in headers.items()},
        "body": json.loads(body),
    }
    return [f"{error.json_path}: {error.message}" for error in schema_of(kind).iter_errors(document)]


class Platform(StandIn):
    """Counts what it took by kind; `refused` holds what it did not, and why."""

    def __init__(self) -> None:
        super().__init__()
        self.taken: list[tuple[str, dict[str, Any]]] = []
        self.refused: list[tuple[str, list[str]]] = []
        self.tokens = 0
        self.answers: dict[str, list[tuple[int, str]]] = {}  # of a kind: what it says the first times instead

    async def _chunks(self, path: str) -> AsyncIterator[bytes]:
        kind = path.split("/")[1]
        if kind == "token":
            self.tokens += 1
            yield _answer(200, json.dumps({"access_token": f"of-the-hour-{self.tokens}", "expires_in": 3600}))
            return
        lines = self.heads[-1].decode().split("\r\n")[1:]
        headers = dict(line.split(": ", 1) for line in lines if ": " in line)
        target = self.requests[-1].removeprefix(f"/{kind}")
        found = mistakes(kind, target, headers, self.bodies[-1].decode())
        if found:
            self.refused.append((kind, found))
            yield _answer(400, json.dumps({"mistakes": found}))
        elif self.answers.get(kind):
            yield _answer(*self.answers[kind].pop(0))
        else:
            self.taken.append((kind, json.loads(self.bodies[-1])))
            yield _answer(200, read_preset_file("conversion_apis", kind)["samples"][0]["taken"])


@contextmanager
def platform() -> Iterator[Platform]:
    """Run one in a thread of its own."""
    with stand_in(server=Platform()) as server:
        assert isinstance(server, Platform)
        yield server


def _answer(code: int, body: str) -> bytes:
    return f"HTTP/1.1 {code} So\r\nContent-Length: {len(body.encode())}\r\n\r\n{body}".encode()
