"""/pixel/{network}.gif: a postback that a visitor's browser sends. Always answered with an image of one pixel."""

from base64 import b64decode

from msgspec.structs import replace

from ingest.exchange import Answer, Exchange, retry_headers
from ingest.group import NotStored
from ingest.keeper import Keeper
from ingest.plans import NetworkPlan
from ingest.postback_calls import PostbackCalls
from ingest.refusal import Refusal
from ingest.throttle import TooMany

GIF = b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
_HEADERS = (("content-type", "image/gif"), ("cache-control", "no-store, max-age=0"))


class PixelCalls:
    """Answers browsers: with the same image whether the postback could be used or not."""

    def __init__(self, postbacks: PostbackCalls, keeper: Keeper) -> None:
        self._postbacks, self._keeper = postbacks, keeper

    async def answer(self, exchange: Exchange) -> Answer:
        """Answer one call. Status 503 or 429, under the same image, where nothing could be stored or too much came."""
        name = exchange.name.removesuffix(".gif")
        plan = self._postbacks.plan(name)
        try:
            if plan is None:
                raise Refusal(404, "unknown_network", "there is no such network in the configuration")
            await self._record(plan, exchange)
        except Refusal as refusal:
            kept = await self._keeper.refuse(
                exchange, refusal, network=plan.name if plan else name[:64], secret=plan.access.key if plan else None
            )
            return _image(kept.status)
        except TooMany:
            return _image(429)
        except NotStored:
            return _image(503)
        return _image(200)

    async def _record(self, plan: NetworkPlan, exchange: Exchange) -> None:
        if exchange.method not in ("GET", "HEAD"):
            raise Refusal(405, "method_not_allowed", f"{exchange.method[:20]} is not answered here: use GET")
        if not plan.pixel:
            wanted = f"a page shows it to everybody, so networks.{plan.name} has to say pixel = true"
            raise Refusal(403, "pixel_not_allowed", wanted)
        postback = self._postbacks.read(plan, exchange, our_words=True)
        if not plan.pixel_payout:  # whoever sees the page can write any amount
            postback = replace(postback, payout=None, currency="")
        if not exchange.is_head:
            await self._postbacks.publish(postback)


def _image(status: int) -> Answer:
    """Whatever else was wrong is no business of the browser."""
    return Answer(status, GIF, retry_headers(_HEADERS)) if status in (429, 503) else Answer(200, GIF, _HEADERS)
