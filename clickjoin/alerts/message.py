"""What is posted to a webhook about an alarm, under an ID that is the same however often it is posted. Pure."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from clickjoin.alerts.rules import Alarm
from schemas.ids import alert_id
from schemas.requests import JSON, Request
from schemas.settings.webhooks import Webhook
from sql.alerts import Told
from streams.emit.signature import signed


def id_of(alarm: Alarm, now_ms: int) -> str:
    """Of an alarm on a day (UTC)."""
    return alert_id(alarm.alert, alarm.group_key, _moment(now_ms).date().isoformat())


def request_of(alarm: Alarm, webhook: Webhook, now_ms: int) -> Request:
    """The signed request."""
    told = {
        "type": f"alert.{alarm.rule}",
        "timestamp": _moment(now_ms).isoformat(),
        "data": {
            "alert_id": id_of(alarm, now_ms),
            "alert": alarm.alert,
            "says": alarm.says,
            "group": alarm.group,
            "figures": alarm.figures,
        },
    }
    body = json.dumps(told, default=_plain, ensure_ascii=False)
    headers = {"content-type": JSON, **webhook.headers}
    return Request(
        "POST",
        webhook.url,
        signed(headers, body, webhook.signing_key, id_of(alarm, now_ms), now_ms // 1000),
        body,
    )


def row_of(alarm: Alarm, now_ms: int) -> Told:
    """What is remembered of it."""
    figures = json.dumps(alarm.figures, default=_plain, ensure_ascii=False)
    return Told(
        id_of(alarm, now_ms),
        alarm.alert,
        alarm.rule,
        alarm.group_key,
        figures,
        alarm.says,
        alarm.webhook,
        _moment(now_ms),
        now_ms,
    )


def _moment(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC)


def _plain(value: Any) -> Any:
    return format(value, "f") if isinstance(value, Decimal) else str(value)
