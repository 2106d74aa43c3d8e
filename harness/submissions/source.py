"""What can be known of an entry's Python files without running them."""

from __future__ import annotations

import ast
import warnings
from bisect import bisect_left
from collections.abc import Iterator
from importlib.util import decode_source

from harness.submissions.faults import (
    NOWHERE,
    Fault,
    Position,
    fault,
    quoted,
    shortened,
    suggestion,
)

MAX_SOURCE_BYTES = 1_048_576
"""Of one file. The compiler's memory is up to a thousand times a hostile source."""

MAX_SOURCES_BYTES = 32 * 1_048_576
"""Of all files that are compiled: what bounds the time that a check takes."""


def parse_source(name: str, content: bytes) -> ast.Module | Fault:
    """Parse and compile a Python file, and throw the compiled code away unrun.

    Compiling, besides parsing, finds what an import would trip over: a ``return`` outside of a
    function, a name that is both local and global. ``col_offset`` of the tree's statements and
    expressions counts characters, as a position does, and not the parser's bytes.
    """
    if len(content) > MAX_SOURCE_BYTES:
        return _broken(
            name, f"is longer than {MAX_SOURCE_BYTES:,} bytes", "keep data in data files"
        )
    source = _decoded(content)
    inner = _inner_bytes(source)
    tree = None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an invalid escape is the team's own affair
            tree = ast.parse(source)  # unnamed: columns would be counted in a file of that name
            compile(tree, "<unknown>", "exec", dont_inherit=True)
    except SyntaxError as error:
        column = error.offset or 0
        if tree is not None and column > 0:  # the compiler counts bytes, the parser characters
            column = _characters(inner, error.lineno or 0, column - 1) + 1
        position = Position(error.lineno or None, max(column, 1) if column else None)
        return _broken(
            name, f"does not compile: {shortened(error.msg, 200)}", "correct it", position
        )
    except (RecursionError, MemoryError):
        return _broken(name, "is nested too deeply to be compiled", "flatten its expressions")
    except ValueError as error:  # what a few interpreters raise for a null byte
        return _broken(name, f"does not compile: {error}", "correct it")
    if inner:
        for node in ast.walk(tree):
            if isinstance(node, ast.stmt | ast.expr):
                node.col_offset = _characters(inner, node.lineno, node.col_offset)
    return tree


def _decoded(content: bytes) -> str | bytes:
    """Return a file's text, of which the parser counts characters; what is none it tells best."""
    try:
        return decode_source(content)
    except (SyntaxError, LookupError, ValueError):  # no encoding, or not of that
        return content


def _inner_bytes(source: str | bytes) -> list[list[int]]:
    """Return where in each line a byte of UTF-8 begins no character; nothing where none does so."""
    if source.isascii() or isinstance(source, bytes):
        return []
    lines = source.encode(errors="replace").split(b"\n")
    return [[at for at, byte in enumerate(line) if byte & 0xC0 == 0x80] for line in lines]  # noqa: PLR2004 - 10xxxxxx


def _characters(inner: list[list[int]], line: int, offset: int) -> int:
    """Return how many characters stand in a line, from 1, before a byte."""
    return offset - bisect_left(inner[line - 1], offset) if 0 < line <= len(inner) else offset


def check_loader(name: str, tree: ast.Module, function: str) -> Fault | None:
    """Check that a module defines ``function`` and that it takes one positional argument.

    Where that cannot be read off the source (an imported name, a value computed at import, a
    decorated function), it is believed.
    """
    bindings = list(_bindings(tree.body))
    statement = next((node for bound, node in reversed(bindings) if bound == function), None)
    if statement is None:
        if any(bound in {"*", "__getattr__"} for bound, _ in bindings):
            return None
        defined = tuple(bound for bound, _ in bindings)
        return fault(
            "FRG203",
            name,
            f"defines no {quoted(function)}{suggestion(function, defined)}",
            f"define it: def {shortened(function)}(directory), returning an object with "
            "predict(samples)",
        )
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
        wrong = _wrong_signature(statement)
        if wrong:
            return fault(
                "FRG204",
                name,
                f"{shortened(function)} {wrong}",
                "it is called with the entry's folder and nothing else: "
                f"def {shortened(function)}(directory)",
                Position(statement.lineno, statement.col_offset + 1),
            )
    return None


def _bindings(body: list[ast.stmt]) -> Iterator[tuple[str, ast.AST]]:
    """Yield every name that the statements bind at their own level, in order, and by what."""
    pending: list[ast.AST] = list(reversed(body))
    while pending:
        node = pending.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name, node  # what is bound inside is not the module's
        elif isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                yield alias.asname or alias.name.split(".")[0], node
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id, node
        elif not isinstance(node, ast.Lambda):
            pending.extend(reversed(list(ast.iter_child_nodes(node))))


def _wrong_signature(function: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    if isinstance(function, ast.AsyncFunctionDef):
        return "is a coroutine: calling it loads nothing"
    if function.decorator_list:
        return ""
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    if not positional and arguments.vararg is None:
        return "takes no positional argument"
    required = positional[: len(positional) - len(arguments.defaults)]
    if len(required) > 1:
        named = shortened(", ".join(argument.arg for argument in required), 200)
        return f"needs {len(required)} arguments: {named}"
    for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        if default is None:
            return f"needs the keyword argument {shortened(argument.arg)}"
    return ""


def _broken(name: str, found: str, remedy: str, position: Position = NOWHERE) -> Fault:
    return fault("FRG202", name, found, remedy, position)
