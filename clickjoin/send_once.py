"""Sends one request to a destination, as emit would, and waits for the answer. Nothing of it is stored."""

import asyncio

from schemas.requests import Request
from schemas.settings.file import Settings
from streams.adapters.access_token import AccessToken
from streams.adapters.http import CurlClient
from streams.emit.retry import Answer


def send_once(settings: Settings, request: Request, token_request: Request | None) -> Answer:
    """token_request: what answers with the access token, where the destination wants one."""
    return asyncio.run(_send(settings, request, token_request))


async def _send(settings: Settings, request: Request, token_request: Request | None) -> Answer:
    emit = settings.emit
    client = CurlClient(connect_timeout_ms=emit.connect_timeout, timeout_ms=emit.timeout, allow=emit.allow)
    answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
    sender = AccessToken(client, token_request) if token_request else client
    sender.send(request, answer.set_result)
    try:
        return await answer
    finally:
        client.close()
