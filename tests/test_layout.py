"""A newcomer is led to the right module: what packages say of their modules is so."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HARNESS = ROOT / "harness"
MAPPED = (
    "cli/building", "evaluation", "meters", "ranking", "records", "sandbox", "site", "store",
    "submissions", "tasks",
)  # fmt: skip
ROW = re.compile(r" {4}(?:\S.*?\S {2,}| {4,})(\w+(?:, \w+)*,?)")


def docstring(package: Path) -> str:
    return ast.get_docstring(ast.parse((package / "__init__.py").read_text("utf-8"))) or ""


@pytest.mark.parametrize("package", MAPPED)
def test_every_module_stands_once_in_the_map_of_its_package(package: str) -> None:
    _, table = docstring(HARNESS / package).split("Where to look, by module:\n\n")
    rows = [ROW.fullmatch(line) for line in table.splitlines()]
    named = [name for row in rows if row for name in re.findall(r"\w+", row[1])]
    assert all(rows)
    there = {path.stem for path in (HARNESS / package).glob("*.py")} - {"__init__"}
    assert sorted(named) == sorted(there)


def test_the_layers_are_those_that_import_linter_holds() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    (onion,) = [
        each for each in settings["tool"]["importlinter"]["contracts"] if each["type"] == "layers"
    ]
    said = docstring(HARNESS).split("\n\n")[2]
    names = [re.split(r" {2,}", line.strip())[0] for line in said.splitlines()]
    joined = " ".join(f"/ {name}" if name[0] != "|" else name for name in names)
    assert joined.removeprefix("/ ").split(" / ") == onion["layers"]
