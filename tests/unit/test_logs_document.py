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


def fields() -> Iterator[tuple[str, set[str]]]:
    """Each event that is logged by its own name, with its fields, and the functions whose results are fields."""
    for path in (path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))):
        for call in (node for node in ast.walk(ast.parse(path.read_text())) if is_log(node)):
            assert isinstance(call, ast.Call)
            event = call.args[0]
            if isinstance(event, ast.Constant) and isinstance(event.value, str):
                spread = {name for word in call.keywords if not word.arg for name in called(word.value)}
                yield event.value, {word.arg for word in call.keywords if word.arg} | spread


def called(value: ast.expr) -> set[str]:
    """The names of what is called in an expression."""
    calls = (node.func for node in ast.walk(value) if isinstance(node, ast.Call))
    return {one.attr if isinstance(one, ast.Attribute) else ast.unparse(one) for one in calls}


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


def test_a_line_about_a_request_or_a_record_names_it() -> None:
    """`**` of exchange.names() and of whose(): what is known of it."""
    naming = {"click_lost": {"click_id"}, "facts_too_long": {"click_id"}, "test_sent": {"user"}, "test_told": {"user"}}
    naming |= {"page_failed": {"request_id", "user"}, "login": {"user"}, "login_refused": {"user"}}
    naming |= {event: {"names"} for event in ("request_failed", "request_not_stored", "address_not_allowed")}
    naming |= {event: {"whose"} for event in ("record_failed", "row_refused", "outcome_not_routed", "not_a_delivery")}
    found = [(event, said) for event, said in fields() if event in naming]
    assert {event for event, _ in found} == naming.keys()
    assert [(event, said) for event, said in found if not naming[event] <= said] == []


def test_an_event_stands_in_the_list_once() -> None:
    assert len(set(listed())) == len(listed())
