"""The rooms of the project stay what they say they are."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("schemas", "ingest", "streams", "sql", "presets", "serving", "dashboard", "clickjoin")


def modules() -> Iterator[tuple[str, str]]:
    """The name and the first docstring line of every module."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            doc = ast.get_docstring(ast.parse(path.read_text())) or ""
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            yield name.removesuffix(".__init__"), doc.partition("\n")[0]


def test_every_module_says_what_it_is() -> None:
    assert [name for name, line in modules() if len(line) < 10] == []


def test_what_calls_itself_pure_is_held_to_it_and_nothing_else_is() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (held,) = (set(one["source_modules"]) for one in contracts if one["type"] == "forbidden")
    says = {
        name for name, line in modules() if re.search(r"\bPure\b(?! but)", line) and name.split(".")[0] != "schemas"
    }
    assert held - {"schemas.**"} == says


def test_the_whole_vocabulary_is_pure() -> None:
    assert [name for name, line in modules() if name.startswith("schemas") and "Pure" not in line] == []
