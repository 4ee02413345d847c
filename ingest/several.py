"""Several records in one call: each stands for itself, so that a bad one does not cost the good ones."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import NamedTuple, TypeVar

import msgspec

from ingest.exchange import Exchange
from ingest.keeper import Keeper
from ingest.parameters import Params
from ingest.refusal import Refusal

_JSON = "application/json"
_Made = TypeVar("_Made")


class Sender(NamedTuple):
    """Whose call it is, for what is kept of it."""

    network: str = ""
    source: str = ""
    secret: bytes | None = None


async def record_each(
    keeper: Keeper,
    exchange: Exchange,
    sender: Sender,
    several: list[Params],
    make: Callable[[Params], _Made],
    store: Callable[[_Made], Awaitable[None]],
) -> tuple[list[_Made], list[dict[str, object]]]:
    """Store what can be made of each, and keep the others as invalid. Returns what was made, and what was refused.

    Raises Refusal where none is good, NotStored where any could not be stored: then all of it may be repeated.
    """
    good: list[_Made] = []
    refused: list[tuple[int, Refusal]] = []
    for index, params in enumerate(several):
        try:
            good.append(make(params))
        except Refusal as refusal:
            refused.append((index, refusal))
    if not good:
        raise refused[0][1]
    keeping = [
        keeper.keep(exchange.with_body(msgspec.json.encode(several[index]), _JSON), why, **sender._asdict())
        for index, why in refused
    ]
    await asyncio.gather(*keeping, *map(store, good))
    return good, [{"index": index, "error": why.code, "detail": why.detail} for index, why in refused]
