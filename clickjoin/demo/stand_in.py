"""A stand-in traffic source: takes postbacks and remembers them. It knows nothing of clickjoin."""

from collections import Counter
from decimal import Decimal

from aiohttp import web

from clickjoin.demo.story import Told


def told(source: str, source_click_id: str, goal: str, payout: str) -> Told:
    """What a source was told, with the amount written in one way: 1.5 and 1.50 are the same money."""
    return Told(source, source_click_id, goal, f"{Decimal(payout or '0').normalize():f}")


class StandIn:
    """An HTTP server on this machine. `received` counts each thing that it was told."""

    def __init__(self) -> None:
        self.received: Counter[Told] = Counter()
        self.deliveries: Counter[str] = Counter()  # by delivery ID: what was sent twice
        self._runner: web.AppRunner | None = None

    async def start(self) -> str:
        """Listen on a free port. Returns the base URL."""
        app = web.Application()
        app.router.add_get("/{source}", self._take)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0, backlog=1024)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        return f"http://{host}:{port}"

    async def _take(self, request: web.Request) -> web.Response:
        query = request.query
        self.deliveries[query["delivery"]] += 1
        if self.deliveries[query["delivery"]] == 1:  # a source counts a delivery once
            self.received[told(request.match_info["source"], query["cid"], query["goal"], query["payout"])] += 1
        return web.Response(text="OK")

    async def stop(self) -> None:
        """Close."""
        if self._runner is not None:
            await self._runner.cleanup()
