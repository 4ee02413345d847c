"""From the tree that a TOML file holds to Settings, or to everything that is wrong with it. Pure."""

from collections.abc import Mapping
from copy import deepcopy
from difflib import get_close_matches
from itertools import takewhile
from types import UnionType
from typing import Any, get_args, get_origin

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from schemas.settings.errors import Path, Problem, path_text, value_text
from schemas.settings.file import Settings
from schemas.settings.masks import shown
from schemas.settings.problems import Context, find_problems
from schemas.settings.values import Section

Tree = dict[str, Any]


def validate(tree: Tree, env: Mapping[str, str]) -> tuple[Settings | None, list[Problem]]:
    """The settings that `tree` describes, and all that is wrong with them (then they are not to be used).

    A rule over several sections is checked even where a section has a mistake of its own, on what is left without it.
    """
    settings, errors = _attempt(tree, env)
    problems = [_told(error, tree) for error in errors]
    broken = frozenset(_place(error) for error in errors)
    rest = deepcopy(tree)
    while settings is None and _prune(rest, errors):
        settings, errors = _attempt(rest, env)
    if settings is not None:
        told = {problem.path for problem in problems}  # what the rules say of the same place follows from it
        problems += [found for found in find_problems(settings, Context(tree, broken)) if found.path not in told]
    return settings, problems


def _attempt(tree: Tree, env: Mapping[str, str]) -> tuple[Settings | None, list[ErrorDetails]]:
    try:
        return Settings.model_validate(tree, context={"env": env}), []
    except ValidationError as error:
        errors = error.errors(include_url=False, include_input=False)
        return None, [each for each in errors if not _is_consequence(each, errors)]


def _is_consequence(error: ErrorDetails, errors: list[ErrorDetails]) -> bool:
    """Whether an array is called too short only because of what is wrong in it."""
    place = error["loc"]
    return error["type"] == "too_short" and any(
        len(other["loc"]) > len(place) and other["loc"][: len(place)] == place for other in errors
    )


def _place(error: ErrorDetails) -> Path:
    """Where the mistake stands in the file: pydantic names a wrong key with a step of its own."""
    return tuple(step for step in error["loc"] if step != "[key]")


def _prune(tree: Tree, errors: list[ErrorDetails]) -> bool:
    """Take out what is wrong; where something is missing, what it is missing from. Says whether anything went."""
    removed = [_remove(tree, _place(error), error["type"] == "missing") for error in errors]
    return any(removed)


def _remove(tree: Tree, place: Path, is_missing: bool) -> bool:
    keys = list(takewhile(lambda step: isinstance(step, str), place))  # of an array the whole goes
    if is_missing and len(keys) == len(place):
        keys.pop()
    node: Any = tree
    for key in keys[:-1]:
        node = node.get(key) if isinstance(node, dict) else None
    if not keys or not isinstance(node, dict) or keys[-1] not in node:
        return False
    del node[keys[-1]]
    return True


def _told(error: ErrorDetails, tree: Tree) -> Problem:
    place = _place(error)
    if error["type"] == "extra_forbidden":
        # What stands there is not shown: the unknown key may be a misspelt "key" or "password".
        return Problem(path_text(place), "", f"unknown key: {_known_keys(place)}")
    value = "" if error["type"] == "missing" else value_text(shown(place, _at(tree, place)))
    return Problem(path_text(place), value, _message(error))


def _message(error: ErrorDetails) -> str:
    context = error.get("ctx", {})
    match error["type"]:
        case "missing":
            return "is required"
        case "value_error":
            return str(context["error"])
        case "literal_error":
            return f"write {context['expected']}"
        case "string_type":
            return "write text in quotes"
        case "model_type" | "dict_type":
            return "write a table here"
        case "tuple_type":
            return "write an array here, like [...]"
        case "too_short":
            return "write at least one"
    return error["msg"].replace("Input should", "should")


def _known_keys(place: Path) -> str:
    section = _section_at(place[:-1])
    known = sorted(section.model_fields) if section else []
    near = get_close_matches(str(place[-1]), known, n=1)
    return f'did you mean "{near[0]}"?' if near else f"there are {', '.join(known)}"


def _section_at(place: Path) -> type[Section] | None:
    """The class of the section at a path."""
    shape: Any = Settings
    for step in place:
        if isinstance(shape, type) and issubclass(shape, Section):
            shape = shape.model_fields[str(step)].annotation
        else:
            shape = [each for each in get_args(shape) if each is not Ellipsis][-1]
        sections = [each for each in get_args(shape) if isinstance(each, type) and issubclass(each, Section)]
        if get_origin(shape) is UnionType:  # of what may be left out
            shape = sections[0] if sections else shape
    return shape if isinstance(shape, type) and issubclass(shape, Section) else None


def _at(tree: Any, place: Path) -> Any:
    for step in place:
        if isinstance(tree, str):
            return tree
        try:
            tree = tree[step]
        except (KeyError, IndexError, TypeError):
            return tree  # a single value where an array may stand
    return tree
