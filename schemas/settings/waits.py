"""Waits that outlast what waits: how long each may be is for the topic to say on which it lies meanwhile. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from schemas.settings.errors import Path, Problem, path_text
from schemas.settings.file import Settings
from schemas.topics import DELIVERIES, EVENTS
from schemas.values import Millis

_UNITS = (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1))


def waits_too_long(settings: Settings, kept_ms: Mapping[str, Millis]) -> list[Problem]:
    """Every wait that is longer than its topic keeps records. kept_ms: by topic; one that is missing keeps all."""
    found = [*_on(EVENTS, _of_clicks(settings), kept_ms), *_on(DELIVERIES, _of_deliveries(settings), kept_ms)]
    return [Problem(path_text(place), written(wait), _says(topic, kept)) for topic, kept, place, wait in found]


def written(span: Millis) -> str:
    """A span of time as it is written in the file, in its largest unit."""
    return next((f"{span // size}{unit}" for unit, size in _UNITS if span and span % size == 0), "0s")


def _says(topic: str, kept: Millis) -> str:
    alter = f"kafka-configs.sh --alter --topic {topic} --add-config retention.ms=…"
    return (
        f"the topic {topic} keeps records for {written(kept)}, so with a disk what waits longer is lost: "
        f"wait less, or let it keep them for longer ({alter})"
    )


_Waits = Iterator[tuple[Path, Millis]]


def _on(topic: str, waits: _Waits, kept_ms: Mapping[str, Millis]) -> Iterator[tuple[str, Millis, Path, Millis]]:
    kept = kept_ms.get(topic)
    if kept is not None:
        yield from ((topic, kept, place, wait) for place, wait in waits if wait > kept)


def _of_clicks(settings: Settings) -> _Waits:
    """For a click."""
    yield ("ingest", "wait"), settings.ingest.wait
    yield from ((("networks", name, "wait"), one.wait) for name, one in settings.networks.items() if one.wait)


def _of_deliveries(settings: Settings) -> _Waits:
    """For an attempt, or for what cannot be told yet."""
    yield from _each(("emit", "schedule"), settings.emit.schedule)
    yield ("emit", "hold"), settings.emit.hold
    sections: Mapping[str, Mapping[str, Any]] = {
        "sources": settings.sources,
        "partners": settings.partners,
        "webhooks": settings.webhooks,
        "conversion_apis": settings.conversion_apis,
    }
    for section, named in sections.items():
        for name, told in named.items():
            yield from _each((section, name, "sending", "schedule"), told.sending.schedule or ())
            if section in ("sources", "partners"):
                yield from (
                    ((section, name, "postbacks", event, "delay"), postback.delay)
                    for event, postback in told.postbacks.items()
                )
            else:
                yield (section, name, "delay"), told.delay


def _each(place: Path, waits: Sequence[Millis]) -> _Waits:
    return (((*place, index), wait) for index, wait in enumerate(waits))
