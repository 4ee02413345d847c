"""The time zone of a page: what its URL says, else what is configured."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from starlette.requests import Request

from schemas.settings.file import Settings


def zone_of(request: Request, settings: Settings) -> ZoneInfo:
    """The zone; the configured one where there is none of that name."""
    try:
        return ZoneInfo(request.query_params.get("zone") or settings.dashboard.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo(settings.dashboard.zone)
