"""Sends one request to a destination, as emit would, and waits for the answer. Nothing of it is stored."""

import asyncio

from schemas.requests import Request
from schemas.settings.file import Settings
from streams.adapters.access_token import AccessToken
from streams.adapters.http import CurlClient
from streams.emit.pace import Paces
from streams.emit.retry import Answer
from streams.emit.routes import Manners


def send_once(settings: Settings, manners: Manners, destination: str, request: Request) -> Answer:
    """The answer, within the time-outs of that destination, and with the access token that it wants."""
    return asyncio.run(_send(settings, manners, destination, request))


async def _send(settings: Settings, manners: Manners, destination: str, request: Request) -> Answer:
    terms = Paces(manners.sendings, settings.emit).of(destination).terms
    client = CurlClient(connect_timeout_ms=terms.connect_ms, timeout_ms=terms.whole_ms, allow=settings.emit.allow)
    answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
    token_request = manners.token_requests.get(destination)
    sender = AccessToken(client, token_request) if token_request else client
    sender.send(request, answer.set_result, terms)
    try:
        return await answer
    finally:
        client.close()
