"""What the harness imports, held against what ``pyproject.toml`` says that it needs."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).parents[1]
OWN = frozenset({"harness", "tasks"})
PROGRAM = sorted(path for folder in sorted(OWN) for path in (ROOT / folder).rglob("*.py"))


def imported(path: Path) -> set[str]:
    """Return the top-level modules that a file imports, whenever it does."""
    found = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
    return {name.split(".")[0] for name in found}


def folded(name: str) -> str:
    """Spell a package's name the one way in which an index compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def test_whatever_is_imported_is_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = {folded(re.split(r"[^\w.-]", each)[0]) for each in project["dependencies"]}
    brought = packages_distributions()
    undeclared = {
        f"{path.relative_to(ROOT)} imports {name}"
        for path in PROGRAM
        if "templates" not in path.parts
        for name in imported(path) - OWN - sys.stdlib_module_names
        if not declared & {folded(each) for each in brought.get(name, [])}
    }
    assert not undeclared
