"""Sends the story over HTTP, like everybody else: visitors, a source that records clicks itself, two networks."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from time import time
from urllib.parse import parse_qs, urlsplit

import aiohttp

from clickjoin.demo.market import CAMPAIGN, wins_over
from clickjoin.demo.story import Report, Visit

_ATTEMPTS = 240  # of one request, as a network that tries again: a minute of them
_AGAIN_AFTER = 0.25
_VISITOR = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/145.0"}


class UnexpectedAnswerError(Exception):
    """Ingest answered what it must not answer."""


@dataclass
class Sent:
    """What went over the wire, and the click IDs that came back."""

    requests: Counter[str] = field(default_factory=Counter)  # clicks, postbacks, repeated, refused
    click_ids: dict[int, str] = field(default_factory=dict)  # by number of the visit


class Traffic:
    """Sends visits, each in its own order, many at a time."""

    def __init__(self, ingest: str, keys: Mapping[str, str]) -> None:
        """ingest: the base URL. keys: the key of each network, and of the source that records clicks itself."""
        self._base, self._keys = ingest, keys
        self.sent = Sent()

    async def send(self, visits: Iterable[Visit], *, at_once: int = 48) -> None:
        """Send all of them, so many at a time. Raises UnexpectedAnswerError."""
        waiting = iter(visits)
        connector = aiohttp.TCPConnector(limit=0)
        async with (
            aiohttp.ClientSession(connector=connector, headers=_VISITOR) as self._http,
            asyncio.TaskGroup() as lanes,
        ):
            for _ in range(at_once):
                lanes.create_task(self._lane(waiting))

    async def send_to_smart_link(self, chances: Iterable[float]) -> None:
        """A visitor for each chance (0 to 1) by which it is decided whether he installs what he is shown."""
        async with aiohttp.ClientSession(headers=_VISITOR) as self._http:
            for chance in chances:
                sent_to = await self._request("GET", f"/click/{CAMPAIGN}", {}, 302)
                url = urlsplit(str(sent_to["Location"]))
                if wins_over(str(url.hostname).partition(".")[0], chance):
                    named = {"aff_sub": parse_qs(url.query)["aff_sub"][0], "goal": "goal_1", "state": "approve"}
                    await self._request("GET", "/postback/acme", {**named, "key": self._keys["acme"]}, 200)

    async def _lane(self, waiting: Iterable[Visit]) -> None:
        for visit in waiting:
            await self._visit(visit)

    async def _visit(self, visit: Visit) -> None:
        early = [report for report in visit.reports if report.before_click]
        for report in early:
            await self._postback(visit, report)
        for _ in range(visit.clicks):
            await self._click(visit)
        for report in visit.reports:
            if report not in early:
                await self._postback(visit, report)
        for report in visit.refused:
            await self._request("GET", f"/postback/{report.network}", {**report.params, **self._key(report)}, 400)
            self.sent.requests["refused"] += 1

    async def _click(self, visit: Visit) -> None:
        path = f"/click/{visit.campaign}"
        self.sent.requests["clicks"] += 1
        if visit.brings_id:
            clicked_at = str(int(time() * 1000) - visit.age_ms)
            own = {"click_id": visit.source_click_id, "nid": visit.source_click_id, "clicked_at": clicked_at}
            answer = await self._request("POST", f"{path}?key={self._keys['native']}", {**visit.params, **own}, 200)
            self.sent.click_ids[visit.number] = str(answer["click_id"])
            return
        name = {"pops": "zoneclick", "push": "pid"}[visit.source]
        location = await self._request("GET", path, {**visit.params, name: visit.source_click_id}, 302)
        self.sent.click_ids[visit.number] = parse_qs(urlsplit(str(location["Location"])).query)["aff_sub"][0]

    async def _postback(self, visit: Visit, report: Report) -> None:
        if visit.brings_id:
            named = {"click_id": visit.source_click_id}
        else:
            named = {"aff_sub": self.sent.click_ids[visit.number]}
        params = {**report.params, **named, **self._key(report)}
        await self._request("GET", f"/postback/{report.network}", params, 200)
        self.sent.requests["postbacks"] += 1

    def _key(self, report: Report) -> dict[str, str]:
        return {"key": self._keys[report.network]}

    async def _request(self, method: str, path: str, params: dict[str, str], wanted: int) -> Mapping[str, object]:
        """The answer's JSON, or its headers where it redirects. Tries again as networks do: on 503 and on no answer."""
        for _ in range(_ATTEMPTS):
            try:
                async with self._call(method, path, params) as answer:
                    if answer.status == wanted:
                        return await _content(answer)
                    if answer.status != 503:
                        said = (await answer.text())[:500]
                        raise UnexpectedAnswerError(f"{method} {path}: {answer.status} instead of {wanted}: {said}")
            except (aiohttp.ClientConnectionError, TimeoutError):
                pass
            self.sent.requests["tried_again"] += 1
            await asyncio.sleep(_AGAIN_AFTER)
        raise UnexpectedAnswerError(f"{method} {path}: no answer")

    def _call(self, method: str, path: str, params: dict[str, str]) -> "aiohttp.client._RequestContextManager":
        timeout = aiohttp.ClientTimeout(total=30)
        if method == "POST":
            return self._http.post(self._base + path, data=params, timeout=timeout)
        return self._http.get(self._base + path, params=params, allow_redirects=False, timeout=timeout)


async def _content(answer: aiohttp.ClientResponse) -> Mapping[str, object]:
    if answer.status == 302:
        return dict(answer.headers)
    found: Mapping[str, object] = await answer.json()
    return found
