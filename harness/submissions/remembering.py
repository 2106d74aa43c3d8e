"""Where a model plainly keeps what ``predict`` is asked: said, and no fault.

In one session no item is sent twice, and a session is a fresh sandbox: a table of answers finds
nothing again. What is kept only takes memory, and the energy of keeping it. Who keeps it by a way
round is not found, and gains as little; variants that cost otherwise than originals are reported.
"""

from __future__ import annotations

import ast
from collections import deque
from collections.abc import Iterator
from typing import TypeGuard

from harness.submissions.faults import Fault, Position, fault, quoted

_KEEPING = frozenset({"add", "append", "extend", "insert", "setdefault", "update"})
_ALIKE = frozenset(
    {"dict", "enumerate", "frozenset", "hash", "list", "set", "sorted", "tuple", "zip"}
)
"""Functions whose value still tells what they were given."""


def check_remembering(name: str, tree: ast.Module) -> Iterator[Fault]:
    """Yield where a ``predict`` puts samples into what outlives the call."""
    for node, lasting, asked in _predicts(tree):
        for inner in _own(node):
            for kept in _kept(inner, asked):
                root, path = _path(kept)
                if root in lasting and root not in asked:
                    yield fault(
                        "FRG209",
                        name,
                        f"keeps what predict is asked in {quoted(path)}: no item is "
                        "sent twice in a session, so that nothing of it is asked again",
                        "leave it out: it costs memory and energy, and answers nothing",
                        Position(kept.lineno, kept.col_offset + 1),
                    )


def _predicts(tree: ast.Module) -> Iterator[tuple[ast.FunctionDef, set[str], set[str]]]:
    """Yield each ``predict``, the names that outlive its call, and those of samples.

    One within a function sees what that one's names stand for; within another ``predict``, too.
    """
    pending: list[tuple[ast.AST, set[str], set[str]]] = [(tree, set(), set())]
    while pending:
        node, lasting, asked = pending.pop()
        if _is_predict(node):
            first, *others = [each.arg for each in node.args.posonlyargs + node.args.args] or [""]
            lasting = lasting | ({first} if others else set())
            asked = _asked(node, (asked - {first}) | {others[0] if others else first})
            yield node, lasting, asked
        elif not asked and isinstance(node, ast.Module | ast.FunctionDef):
            lasting = lasting | {each.id for inner in node.body for each in _bound(inner)}
        pending += [(each, lasting, asked) for each in ast.iter_child_nodes(node)]


def _is_predict(node: ast.AST) -> TypeGuard[ast.FunctionDef]:
    return isinstance(node, ast.FunctionDef) and node.name == "predict"


def _own(function: ast.FunctionDef) -> Iterator[ast.AST]:
    """Walk what a function holds, outer before inner, but for each ``predict`` within it."""
    pending = deque[ast.AST]([function])
    while pending:
        node = pending.popleft()
        yield node
        pending += [each for each in ast.iter_child_nodes(node) if not _is_predict(each)]


def _bound(node: ast.stmt) -> Iterator[ast.Name]:
    """Yield the names that an assignment makes."""
    if isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        for target in targets:
            yield from (each for each in ast.walk(target) if isinstance(each, ast.Name))


def _asked(function: ast.FunctionDef, samples: set[str]) -> set[str]:
    """Return the names of samples, and those that loops over them give to single ones."""
    asked = set(samples)
    for node in _own(function):  # outer loops come before inner ones
        if isinstance(node, ast.For | ast.comprehension) and _tells(node.iter, asked):
            asked |= {each.id for each in ast.walk(node.target) if isinstance(each, ast.Name)}
    return asked


def _kept(node: ast.AST, asked: set[str]) -> Iterator[ast.expr]:
    """Yield what ``node`` puts samples into."""
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in _KEEPING
        and any(_tells(each, asked) for each in node.args)
    ):
        yield node.func.value
    if isinstance(node, ast.Assign):
        for target in node.targets:
            if isinstance(target, ast.Subscript) and _tells(target.slice, asked):
                yield target.value


def _tells(value: ast.expr, asked: set[str]) -> bool:
    """Say whether an expression holds a sample, and not only something worked out from one."""
    parts: list[ast.expr | None] = []
    match value:
        case ast.Name(id=name):
            return name in asked
        case ast.Starred(value=inner) | ast.GeneratorExp(elt=inner) | ast.ListComp(elt=inner):
            parts = [inner]
        case ast.SetComp(elt=inner) | ast.DictComp(key=inner):
            parts = [inner]
        case ast.Tuple(elts=elements) | ast.List(elts=elements) | ast.Set(elts=elements):
            parts = list(elements)
        case ast.Dict(keys=keys):
            parts = list(keys)
        case ast.Call(func=ast.Name(id=name), args=arguments) if name in _ALIKE:
            parts = list(arguments)
    return any(part is not None and _tells(part, asked) for part in parts)


def _path(value: ast.expr) -> tuple[str, str]:
    """Return the name that ``name.attribute[...]`` begins with, and its names in a row."""
    names: list[str] = []
    while isinstance(value, ast.Attribute | ast.Subscript):
        if isinstance(value, ast.Attribute):
            names.append(value.attr)
        value = value.value
    root = value.id if isinstance(value, ast.Name) else ""
    return root, ".".join([root, *reversed(names)])
