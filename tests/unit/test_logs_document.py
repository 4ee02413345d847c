"""docs/logs.md is the one list of what is logged: every event that the code names, and none besides."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.unit.test_architecture import PACKAGES

ROOT = Path(__file__).parents[2]
LEVELS = {"debug", "info", "warning", "error", "critical", "exception"}
ROW = re.compile(r"^\| (`[a-z_`, ]+`) \| (\w+) \|", re.MULTILINE)
LOGGER = re.compile(r"log|structlog\.get_logger\(.*\)")
SHAPE = re.compile(r"[a-z]+(_[a-z]+)*")


def listed() -> list[str]:
    text = (ROOT / "docs" / "logs.md").read_text()
    return [name for names, _ in ROW.findall(text) for name in re.findall(r"`(\w+)`", names)]


def said() -> Iterator[tuple[str, list[str]]]:
    """Where something is logged, and the names that it may have there."""
    for path in (path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))):
        text = path.read_text()
        tree = ast.parse(text)
        for call in (node for node in ast.walk(tree) if is_log(node)):
            assert isinstance(call, ast.Call)
            yield f"{path.relative_to(ROOT)}:{call.lineno}", names(call.args[0], call, tree, text)


def is_log(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in LEVELS
        and bool(LOGGER.fullmatch(ast.unparse(node.func.value)))
    )


def names(event: ast.expr, call: ast.Call, tree: ast.AST, text: str) -> list[str]:
    """Written there, one of two, or handed to the function in which it is logged."""
    if isinstance(event, ast.IfExp):
        return names(event.body, call, tree, text) + names(event.orelse, call, tree, text)
    if isinstance(event, ast.Name):
        kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
        (within,) = (node.name for node in ast.walk(tree) if isinstance(node, kinds) and call in list(ast.walk(node)))
        return re.findall(rf'\b{within}\("(\w+)"', text)
    return [event.value] if isinstance(event, ast.Constant) and isinstance(event.value, str) else []


def test_whatever_happens_has_a_name_that_is_written_where_it_is_logged() -> None:
    found = list(said())
    assert [place for place, events in found if not events] == []
    assert [(place, name) for place, events in found for name in events if not SHAPE.fullmatch(name)] == []


def test_every_event_is_in_the_list_and_the_list_has_no_others() -> None:
    logged = {name: place for place, events in said() for name in events}
    assert {name: place for name, place in logged.items() if name not in listed()} == {}
    assert set(listed()) - set(logged) == set()


def test_an_event_stands_in_the_list_once() -> None:
    assert len(set(listed())) == len(listed())
