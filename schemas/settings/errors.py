"""How a mistake in the configuration is told: where it stands, what is written there, what would be right. Pure."""

import re
from collections.abc import Iterable
from typing import NamedTuple

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)

Path = tuple[str | int, ...]
"""Where something stands: keys of tables and places in arrays."""


class Problem(NamedTuple):
    """One mistake. `value` is as it may be shown: never a secret."""

    path: str
    value: str
    message: str

    def __str__(self) -> str:
        at = f"{self.path} = {self.value}" if self.value else self.path
        return f"{at}: {self.message}"


class ConfigError(ValueError):
    """A configuration that cannot be used, with all that is wrong in it."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class CatalogueError(ConfigError):
    """A file that can be used, with a catalogue that cannot be used with it."""


def path_text(path: Path) -> str:
    """A path as it would be written in TOML: networks.acme.allow[0], sources.pops.postbacks."*"."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            key = step if _BARE_KEY.fullmatch(step) else f'"{step}"'
            text += f".{key}" if text else key
    return text


def value_text(value: object) -> str:
    """A value as TOML would have it, shortened."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value if len(value) <= 120 else value[:119] + "…"}"'
    if isinstance(value, dict):
        return "{…}"
    if isinstance(value, list):
        return "[" + ", ".join(value_text(each) for each in value[:5]) + (", …]" if len(value) > 5 else "]")
    return str(value)
