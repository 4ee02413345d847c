"""Posts alarms to their webhooks. Each is told for itself: one that does not answer keeps no other from being told."""

import asyncio
from collections.abc import Sequence

import structlog

from clickjoin.alerts.message import id_of, request_of
from clickjoin.alerts.rules import Alarm
from schemas.settings.file import Settings
from streams.adapters.http import CurlClient
from streams.emit.retry import Answer, judge

log = structlog.get_logger()


def tell(alarms: Sequence[Alarm], settings: Settings, now_ms: int) -> list[Alarm]:
    """Post all of them. Returns those that were taken; of the others the log says why."""
    return asyncio.run(_tell(alarms, settings, now_ms))


async def _tell(alarms: Sequence[Alarm], settings: Settings, now_ms: int) -> list[Alarm]:
    emit = settings.emit
    client = CurlClient(connect_timeout_ms=emit.connect_timeout, timeout_ms=emit.timeout, allow=emit.allow)
    try:
        answers = await asyncio.gather(*(_answer(client, alarm, settings, now_ms) for alarm in alarms))
    finally:
        client.close()
    taken = []
    for alarm, answer in zip(alarms, answers, strict=True):
        said = {"alert": alarm.alert, "group": alarm.group, "webhook": alarm.webhook, "alert_id": id_of(alarm, now_ms)}
        if why := judge(answer, settings.webhooks[alarm.webhook].success).reason:
            log.error("alert_not_told", **said, error=why)
        else:
            log.info("alert_told", **said, says=alarm.says)
            taken.append(alarm)
    return taken


def _answer(client: CurlClient, alarm: Alarm, settings: Settings, now_ms: int) -> "asyncio.Future[Answer]":
    future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
    client.send(request_of(alarm, settings.webhooks[alarm.webhook], now_ms), future.set_result)
    return future
