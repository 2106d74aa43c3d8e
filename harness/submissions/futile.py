"""Attempts that get an entry nothing, where they stand plainly in its code: said, and no fault.

An entry's process is its own: whatever it changes there, nothing of it is the harness's, and a
program that looked on from inside would be its own to change as well. So this is read from the
source. Who hides it is not found, and gets as little.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from harness.submissions.faults import Fault, Position, fault, quoted

MEASURING = frozenset({"time", "os", "json", "resource", "__main__"})
"""Modules by which a program is timed, or its result written, where that is done in its process."""

_ENVIRONMENT = frozenset({"environ", "environb"})
"""Of ``os``; setting a variable is everybody's way to configure a library."""
_CHILD_SIGNALS = frozenset({"SIGCHLD", "SIGCLD"})


def check_futile(name: str, tree: ast.Module) -> Iterator[Fault]:
    """Yield what a file replaces of ``MEASURING``, and where it has its children not waited for."""
    nodes = [*ast.walk(tree)]
    modules = _modules(nodes)
    for node in nodes:
        for target in _targets(node):
            if (replaced := _replaced(target, modules)) is not None:
                yield fault(
                    "FRG207",
                    name,
                    f"replaces {quoted(replaced)}: no clock, meter or record of the harness is in "
                    "the entry's process",
                    "leave it as it is: whatever it is for, it has no effect on a figure",
                    Position(target.lineno, target.col_offset + 1),
                )
        if isinstance(node, ast.Call) and _ignores_children(node):
            yield fault(
                "FRG208",
                name,
                "asks for children that nobody waits for: the sandbox keeps SIGCHLD as it is, and "
                "their time counts",
                "wait for what is started, by subprocess.run or os.wait",
                Position(node.lineno, node.col_offset + 1),
            )


def _modules(nodes: Sequence[ast.AST]) -> dict[str, str]:
    """Return which of ``MEASURING`` the file imports, by the name that it has there."""
    return {
        alias.asname or alias.name: alias.name
        for node in nodes
        if isinstance(node, ast.Import)
        for alias in node.names
        if alias.name in MEASURING
    }


def _targets(node: ast.AST) -> list[ast.expr]:
    if isinstance(node, ast.Assign):
        return [each for target in node.targets for each in _single(target)]
    return [node.target] if isinstance(node, ast.AugAssign | ast.AnnAssign) else []


def _single(target: ast.expr) -> list[ast.expr]:
    if isinstance(target, ast.Tuple | ast.List):
        return [each for inner in target.elts for each in _single(inner)]
    return [target]


def _replaced(target: ast.expr, modules: dict[str, str]) -> str | None:
    """Return ``module.name`` where an assignment to that is one to a module of ``MEASURING``."""
    if not isinstance(target, ast.Attribute):
        return None
    module = _module(target.value, modules)
    if module is None or (module == "os" and target.attr in _ENVIRONMENT):
        return None
    return f"{module}.{target.attr}"


def _module(value: ast.expr, modules: dict[str, str]) -> str | None:
    """Return which module an expression plainly is: an imported name, or one of ``sys.modules``."""
    if isinstance(value, ast.Name):
        return modules.get(value.id)
    if (
        isinstance(value, ast.Subscript)
        and isinstance(value.value, ast.Attribute)
        and value.value.attr == "modules"
        and isinstance(value.slice, ast.Constant)
        and value.slice.value in MEASURING
    ):
        return str(value.slice.value)
    return None


def _ignores_children(call: ast.Call) -> bool:
    named = [each.attr if isinstance(each, ast.Attribute) else _name(each) for each in call.args]
    return len(named) == 2 and named[0] in _CHILD_SIGNALS and named[1] == "SIG_IGN"  # noqa: PLR2004 - signal, action


def _name(value: ast.expr) -> str:
    return value.id if isinstance(value, ast.Name) else ""
