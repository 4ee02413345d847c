"""Walks an operator's test through ingest, and tells a destination of it where that is asked for."""

import json
import os
import time
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlencode, urlsplit

from clickjoin.own_tests.made_up import MadeUp, request_for
from clickjoin.own_tests.requests import Call, Wanted, calls_of, click_id_of, tellable, told_of_tests, wanted_of
from clickjoin.own_tests.send_once import send_once
from clickjoin.status.overall import local_url
from schemas.ids import mint_click_id
from schemas.own_test import HEADER, mark_of
from schemas.settings.file import Settings
from schemas.settings.masks import hider, secret_values
from streams.emit.retry import judge
from streams.emit.routes import manners_of
from streams.rows import masked

_PATIENCE = 10.0
_SHOWN = 500
_TAKEN = (200, 302)

Document = Mapping[str, Any]


class OwnTests:
    """Of one configuration."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def told_at_once(self) -> Mapping[str, tuple[str, ...]]:
        """By source the destinations that are told of a test without being asked to: their own setting says so."""
        return told_of_tests(self._settings)

    def tellable(self, campaign: str, network: str) -> tuple[tuple[str, str], ...]:
        """Destinations that can be told, each with an event. Raises LookupError, ValueError."""
        return tellable(self._settings, wanted_of(self._settings, Wanted(campaign, network, "")))

    def walk(self, campaign: str, network: str, source_click_id: str) -> Document:
        """Send the click and, once it is taken, its postbacks. Raises LookupError or ValueError where no test can be
        made, OSError where ingest does not answer; all in words."""
        settings, now_ms = self._settings, time.time_ns() // 1_000_000
        if not settings.ingest.secrets:
            raise ValueError("[ingest] secrets is empty here: a test is marked with the first of them")
        secret = settings.ingest.secrets[0].get_secret_value().encode()
        minted = mint_click_id(secret, now_ms, os.urandom(8))
        wanted = wanted_of(settings, Wanted(campaign, network, source_click_id or f"test-{minted[-8:]}"))
        click_id = click_id_of(settings, wanted, minted)
        mark, said = {HEADER: mark_of(secret, click_id)}, []
        for call in calls_of(settings, wanted, click_id):
            said.append(self._call(call, mark))
            if call.event == "click" and not said[-1]["taken"]:
                break
        return {"click_id": click_id, **wanted._asdict(), "calls": said}

    def _call(self, call: Call, mark: Mapping[str, str]) -> dict[str, Any]:
        """What ingest answered, in words. Raises OSError."""
        address = urlsplit(local_url(self._settings.ingest.listen, "")).netloc
        connection = HTTPConnection(address, timeout=_PATIENCE)
        try:
            body = urlencode(call.form) if call.form else None
            connection.request(call.method, call.target, body, {**call.headers, **mark})
            answer = connection.getresponse()
            said = answer.read().decode("utf-8", "replace")[:_SHOWN] or answer.headers.get("location", "")
        except (OSError, HTTPException) as error:
            raise OSError(f"ingest at {address} does not answer: {error or type(error).__name__}") from None
        finally:
            connection.close()
        shown = f"{call.target} {urlencode(call.form)}".strip()
        return {
            "event": call.event,
            "request": self._hidden(f"{call.method} {shown}"),
            "code": answer.status,
            "taken": answer.status in _TAKEN,
            "said": self._hidden(_detail(said)),
        }

    def tell(self, destination: str, event: str, source_click_id: str) -> Document:
        """Tell a destination of one event as of a conversion, once. Raises LookupError or ValueError, in words."""
        settings = self._settings
        name = destination.removeprefix("source/")
        wanted = MadeUp(name, event, source_click_id) if source_click_id else MadeUp(name, event)
        destination, rendered, _ = request_for(settings, wanted, time.time_ns() // 1_000_000)
        if rendered.reason:
            raise ValueError(f"it would not be sent: {rendered.reason}")
        manners = manners_of(settings)
        answer = send_once(settings, manners, destination, rendered.request)
        url = self._hidden(masked(rendered.shown or rendered.request.url))
        verdict = judge(answer, manners.successes[destination])
        said = self._hidden(answer.body.decode("utf-8", "replace"))[:_SHOWN]
        told = {"code": answer.code, "took_ms": answer.took_ms, "said": said, "problem": verdict.reason}
        return {"destination": destination, "event": event, "request": f"{rendered.request.method} {url}", **told}

    def _hidden(self, text: str) -> str:
        """Without the secrets of the configuration."""
        return hider(secret_values(self._settings))(text)


def _detail(said: str) -> str:
    """What is meant for people in an answer of ingest."""
    try:
        found = json.loads(said)
    except ValueError:
        return said
    return str(found.get("detail") or found.get("status") or said) if isinstance(found, dict) else said
