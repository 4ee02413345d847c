"""What is wrong with an alert: nobody to tell, dimensions that do not exist, keys of another rule. Pure."""

from collections.abc import Collection, Iterator
from difflib import get_close_matches
from typing import NamedTuple

from schemas.settings.alerts import DIMENSIONS, Alert
from schemas.settings.errors import Path

Mistake = tuple[Path, object, str]
"""Where in the alert, what stands there (None: nothing), what would be right."""

OF_RULE = {
    "loss": ("spent",),
    "approval": ("before", "fell", "least"),
    "step": ("before", "fell", "least", "event", "within"),
}
"""The keys that only some rules go by."""


class KnownToAlert(NamedTuple):
    """The names there are."""

    webhooks: Collection[str]
    events: Collection[str]


def alert_mistakes(alert: Alert, known: KnownToAlert) -> Iterator[Mistake]:
    """All of them."""
    if alert.webhook not in known.webhooks:
        yield ("webhook",), alert.webhook, _not_there(alert.webhook, "webhooks", known.webhooks)
    for index, name in enumerate(alert.by):
        if name not in DIMENSIONS:
            yield ("by", index), name, f"no dimension: there are {', '.join(DIMENSIONS)}"
    for name, value in alert.where.items():
        if name not in DIMENSIONS:
            yield ("where", name), value, f"no dimension: there are {', '.join(DIMENSIONS)}"
    for key in sorted({key for keys in OF_RULE.values() for key in keys} - {*OF_RULE[alert.rule]}):
        if key in alert.model_fields_set:
            rules = " and ".join(f'"{rule}"' for rule, keys in OF_RULE.items() if key in keys)
            yield (key,), None, f'is of the rule {rules}, and this is "{alert.rule}": leave it out'
    yield from _required(alert, known)


def _required(alert: Alert, known: KnownToAlert) -> Iterator[Mistake]:
    if alert.rule == "loss" and alert.spent is None:
        yield ("spent",), None, 'is required: from which cost on it is told, like "20.00 USD"'
    if alert.rule == "step" and not alert.event:
        yield ("event",), None, "is required: the event whose rate is looked at"
    if alert.rule == "step" and alert.event and alert.event not in known.events:
        yield ("event",), alert.event, _not_there(alert.event, "events", known.events)


def _not_there(name: str, section: str, known: Collection[str]) -> str:
    near = get_close_matches(name, sorted(known), n=1)
    if near:
        return f'there is no [{section}.{name}]: did you mean "{near[0]}"?'
    hint = f"there are {', '.join(sorted(known))}" if known else f"the file has no [{section}.NAME]"
    return f"there is no [{section}.{name}]: {hint}"
