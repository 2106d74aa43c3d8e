"""The codes of all notices and problems that may stand on a page: read from the modules that make
them. What ``doctor`` and ``compare`` say of a machine or of a pair is for the terminal alone."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

HARNESS = Path(__file__).parent.parent / "harness"
FOR_THE_TERMINAL = frozenset({"diagnosing/cautions.py", "comparing/sides.py", "comparing/items.py"})
"""Modules whose notices go into no record."""
PASSED_ON = frozenset({"error.code"})
"""Codes that come from where an error was raised, which is read there."""


@cache
def notice_codes() -> frozenset[str]:
    """Return the codes of everything that is made as a ``Notice``."""
    return frozenset(_codes("Notice"))


@cache
def problem_codes() -> frozenset[str]:
    """Return the codes of everything that is made as a ``Problem`` or raised to become one."""
    return frozenset((*_codes("Problem"), *_codes("UnusableError")))


def codes_in(source: str, made: str, constants: dict[str, str]) -> Iterator[str]:
    """Yield the codes of what a module makes; raise ``ValueError`` on one that cannot be read."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or getattr(node.func, "id", "") != made:
            continue
        given = [each.value for each in node.keywords if each.arg == "code"]
        for code in given or node.args[:1]:
            yield from _read(code, constants)


def _codes(made: str) -> Iterator[str]:
    for source in _modules():
        if f"{made}(" in source:
            yield from codes_in(source, made, _constants())


@cache
def _modules() -> tuple[str, ...]:
    return tuple(
        path.read_text(encoding="utf-8")
        for path in sorted(HARNESS.rglob("*.py"))
        if f"{path.parent.name}/{path.name}" not in FOR_THE_TERMINAL
        and "templates" not in path.parts
    )


@cache
def _constants() -> dict[str, str]:
    constants: dict[str, str] = {}
    for source in _modules():
        for node in ast.parse(source).body:
            if isinstance(node, ast.Assign):
                constants.update(_assigned(node.targets[0], node.value))
    return constants


def _assigned(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, str]]:
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        for each, part in zip(target.elts, value.elts, strict=False):
            yield from _assigned(each, part)
    elif (
        isinstance(target, ast.Name)
        and isinstance(value, ast.Constant)
        and isinstance(value.value, str)
    ):
        yield target.id, value.value


def _read(code: ast.expr, constants: dict[str, str]) -> Iterator[str]:
    if isinstance(code, ast.Constant) and isinstance(code.value, str):
        yield code.value
    elif isinstance(code, ast.IfExp):
        yield from _read(code.body, constants)
        yield from _read(code.orelse, constants)
    elif isinstance(code, ast.Name) and code.id in constants:
        yield constants[code.id]
    elif ast.unparse(code) not in PASSED_ON:
        raise ValueError(f"the code {ast.unparse(code)} cannot be read from the source")
