"""Loads `clickjoin.toml`: reads the file, merges the presets it names, resolves its secrets, checks all of it."""

import tomllib
from collections.abc import Mapping
from copy import deepcopy
from importlib.resources import files
from pathlib import Path
from typing import Any

from schemas.catalogue import Catalogue, hidden_by, merged
from schemas.settings.errors import CatalogueError, ConfigError, Problem, path_text, value_text
from schemas.settings.file import Settings
from schemas.settings.validation import validate
from schemas.settings.warnings import find_warnings

Tree = dict[str, Any]
DEFAULT_PRESET = "generic"
WITH_PRESETS = {"networks": "preset", "sources": "preset", "conversion_apis": "kind", "partners": "tracker"}
"""The sections that are laid over presets, and the key by which they name theirs."""
NOT_SETTINGS = ("about", "samples")
"""What a preset's file holds for people and for tests."""


def load_settings(path: Path | None, env: Mapping[str, str]) -> Settings:
    """The settings in a file; of no file (None) the defaults. Raises ConfigError with everything that is wrong."""
    settings, _ = load_with_warnings(path, env)
    return settings


def load_with_warnings(path: Path | None, env: Mapping[str, str]) -> tuple[Settings, list[Problem]]:
    """The settings in a file, and what is allowed in it but perhaps not meant. Raises ConfigError."""
    return settings_of(read_tree(path) if path else {}, env)


def settings_of(tree: Tree, env: Mapping[str, str]) -> tuple[Settings, list[Problem]]:
    """The settings in the tables of a file, and what is perhaps not meant. Raises ConfigError."""
    with_presets, problems = merge_presets(tree)
    settings, found = validate(with_presets, env)
    problems += found
    if problems or settings is None:
        raise ConfigError(problems)
    return settings, find_warnings(settings, tree)


def whole(tree: Tree, catalogue: Catalogue, env: Mapping[str, str]) -> tuple[Settings, list[Problem]]:
    """The same of a file and the catalogue together. Raises ConfigError: the file stands on its own, so of what is
    wrong in it; only where nothing is, CatalogueError with what is wrong in the catalogue."""
    settings, warnings = settings_of(tree, env)
    if not catalogue.entries:
        return settings.with_catalogue(catalogue.version), warnings
    try:
        settings, warnings = settings_of(merged(tree, catalogue), env)
    except ConfigError as error:
        raise CatalogueError(error.problems) from None
    hidden = [path_text(tuple(key.split("/"))) for key in hidden_by(tree, catalogue.entries)]
    told = [Problem(place, "", "is in the catalogue too: the file counts") for place in hidden]
    return settings.with_catalogue(catalogue.version), warnings + told


def read_tree(path: Path) -> Tree:
    """The tables of a TOML file. Raises ConfigError, with the line where it is no TOML."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([Problem(str(path), "", f"this is no TOML: {error}")]) from None
    except UnicodeDecodeError as error:
        raise ConfigError([Problem(str(path), "", f"this is no UTF-8 text: byte {error.start}")]) from None
    except OSError as error:
        raise ConfigError([Problem(str(path), "", f"cannot be read: {error.strerror}")]) from None


def preset_names(section: str) -> list[str]:
    """The presets there are for a section of WITH_PRESETS."""
    folder = files("presets") / section
    return sorted(file.name.removesuffix(".toml") for file in folder.iterdir() if file.name.endswith(".toml"))


def read_preset(section: str, name: str) -> Tree:
    """What a preset sets, laid over the one that it names itself. The name must be one of `preset_names(section)`."""
    tree = {key: value for key, value in read_preset_file(section, name).items() if key not in NOT_SETTINGS}
    below = tree.get("preset")
    return laid_over(read_preset(section, below), tree) if below else tree


def read_preset_file(section: str, name: str) -> Tree:
    """The whole file of a preset, with where it is from ([about]) and its samples ([[samples]])."""
    return tomllib.loads((files("presets") / section / f"{name}.toml").read_text(encoding="utf-8"))


def merge_presets(tree: Tree) -> tuple[Tree, list[Problem]]:
    """The tree with each entry of WITH_PRESETS laid over its preset, and the presets that do not exist."""
    merged, problems = deepcopy(tree), []
    for section in WITH_PRESETS:
        entries = merged.get(section)
        if isinstance(entries, dict):
            problems += _merge_section(section, entries)
    return merged, problems


def _merge_section(section: str, entries: Tree) -> list[Problem]:
    problems, known, key = [], preset_names(section), WITH_PRESETS[section]
    default = DEFAULT_PRESET if DEFAULT_PRESET in known else None
    for name, entry in entries.items():
        preset = entry.get(key, default) if isinstance(entry, dict) else None
        if not isinstance(preset, str):
            continue  # told by the validation
        if preset in known:
            entries[name] = laid_over(read_preset(section, preset), entry)
        else:
            place = path_text((section, name, key))
            problems.append(Problem(place, value_text(preset), f"no such {key}: there are {', '.join(known)}"))
    return problems


def laid_over(below: Tree, above: Tree) -> Tree:
    """Two trees as one: tables are merged key by key, of everything else what is above stands."""
    merged = dict(below)
    for key, value in above.items():
        under = below.get(key)
        merged[key] = laid_over(under, value) if isinstance(under, dict) and isinstance(value, dict) else value
    return merged
