"""Whether a request holds given values: for rules, and for marks of tests. Pure."""

from collections.abc import Mapping

from ingest.parameters import Params

Condition = tuple[tuple[str, tuple[str, ...]], ...]
"""Lower-cased parameter, and the lower-cased values that count."""


def condition(matches: Mapping[str, tuple[str, ...]]) -> Condition:
    """Prepare what is configured."""
    return tuple((name.lower(), tuple(value.lower() for value in values)) for name, values in matches.items())


def matches_all(wanted: Condition, params: Params) -> bool:
    """Whether each parameter has one of its values."""
    return all(_is_one_of(params.get(name, ""), values) for name, values in wanted)


def matches_any(wanted: Condition, params: Params) -> bool:
    """Whether some parameter has one of its values."""
    return any(_is_one_of(params.get(name, ""), values) for name, values in wanted)


def _is_one_of(value: str, wanted: tuple[str, ...]) -> bool:
    value = value.strip().lower()
    if value in wanted:
        return True
    return value != "" and any(each.endswith("*") and value.startswith(each[:-1]) for each in wanted)
