"""Which strings of the catalogue the program uses: read from templates, scripts and modules."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from jinja2 import nodes

from harness.site.templating import environment

HARNESS = Path(__file__).parent.parent / "harness"
SITE = HARNESS / "site"
TEXT_CALLS = frozenset({"t", "h", "text", "html", "_plain"})
KIND_CALLS = {"name": "name", "named": "name", "sentence": "sentence", "explained": "sentence"}
"""What asks for something of a thing that has a code, and for which of its strings."""
NAMED_FOR_TEMPLATES = SITE / "views.py"
"""Where what templates go through has its names."""
WORD = re.compile(r"[a-z0-9_-]+")
KEY = re.compile(r"[a-z_0-9]+(\.[a-z_0-9-]+)+")
IN_SCRIPT = re.compile(r"\b(?:t|text|say|sentence)\(\s*\"([^\"]+)\"")
SCRIPT_STRING = re.compile(r"\"([^\"\\\n]+)\"")


@dataclass
class Use:
    """What is asked of the catalogue."""

    keys: set[str] = field(default_factory=set)
    """Asked for by name: each must be there."""
    mentioned: set[str] = field(default_factory=set)
    """Strings that may be keys: a table of keys holds them, and they are asked for by way of it."""
    built: dict[str, set[str]] = field(default_factory=dict)
    """Keys that are put together, with a star for what is filled in: words that may fill it."""
    kinds: set[str] = field(default_factory=set)
    """Of things that have codes: ``grade.sentence``."""

    def builds(self, key: str) -> bool:
        """Say whether a key is one that is put together."""
        for pattern, words in self.built.items():
            begin, end = pattern.split("*")
            held = key[len(begin) : len(key) - len(end)]
            if f"{begin}{held}{end}" == key and (held.isdigit() or held in words):
                return True
        return False


def use_of(python: Iterator[Path], templates: Iterator[Path], scripts: Iterator[Path]) -> Use:
    """Read what all of these files ask for."""
    use = Use()
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in python}
    words = {path: _words(tree) for path, tree in trees.items()}
    anywhere = set().union(*words.values())
    for path, tree in trees.items():
        _python(tree, use, words[path], anywhere)
    for path in templates:
        named = words.get(NAMED_FOR_TEMPLATES, set())
        _template(path.read_text(encoding="utf-8"), use, named, anywhere)
    for path in scripts:
        _script(path.read_text(encoding="utf-8"), use)
    return use


def use_of_the_program() -> Use:
    """Read what the harness asks for."""
    folder = SITE / "templates"
    return use_of(
        (path for path in sorted(HARNESS.rglob("*.py")) if "templates" not in path.parts),
        (
            path
            for path in sorted(folder.rglob("*"))
            if path.suffix in {".html", ".svg", ".md", ".xml"}
        ),
        iter(sorted(folder.rglob("*.js"))),
    )


def _words(tree: ast.AST) -> set[str]:
    """Return what a module names: its strings of one word, and the fields of its classes."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(node.value)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.add(node.target.id)
    return {each for each in found if WORD.fullmatch(each)}


def _build(begin: str, end: str, use: Use, here: set[str], anywhere: set[str]) -> None:
    """Note a key that is put together: where any of a table would do, of words named close by."""
    words = here if (begin + end).endswith(".") else anywhere
    use.built.setdefault(f"{begin}*{end}", set()).update(words)


def _python(tree: ast.AST, use: Use, here: set[str], anywhere: set[str]) -> None:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if KEY.fullmatch(node.value):
                use.mentioned.add(node.value)
        elif isinstance(node, ast.Call) and node.args:
            called = node.func.attr if isinstance(node.func, ast.Attribute) else ""
            called = node.func.id if isinstance(node.func, ast.Name) else called
            for argument in _branches(node.args[0]):
                _argument(called, argument, use, here, anywhere)


def _branches(node: ast.expr) -> Iterator[ast.expr]:
    if isinstance(node, ast.IfExp):
        yield from _branches(node.body)
        yield from _branches(node.orelse)
    else:
        yield node


def _argument(
    called: str, argument: ast.expr, use: Use, here: set[str], anywhere: set[str]
) -> None:
    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
        if called in TEXT_CALLS and KEY.fullmatch(argument.value):
            use.keys.add(argument.value)
        elif called in KIND_CALLS:
            use.kinds.add(f"{argument.value}.{KIND_CALLS[called]}")
    elif called in TEXT_CALLS and isinstance(argument, ast.JoinedStr):
        first, *rest = argument.values
        if isinstance(first, ast.Constant) and "." in str(first.value):
            end = "".join(str(each.value) for each in rest if isinstance(each, ast.Constant))
            _build(str(first.value), end, use, here, anywhere)


def _template(source: str, use: Use, here: set[str], anywhere: set[str]) -> None:
    tree = environment("en").parse(source)
    for const in tree.find_all(nodes.Const):
        if isinstance(const.value, str) and KEY.fullmatch(const.value):
            use.mentioned.add(const.value)
    for call in tree.find_all(nodes.Call):
        called = getattr(call.node, "name", None) or getattr(call.node, "attr", "")
        if not call.args or called not in TEXT_CALLS | KIND_CALLS.keys():
            continue
        for argument in _template_branches(call.args[0]):
            if isinstance(argument, nodes.Const) and called in KIND_CALLS:
                use.kinds.add(f"{argument.value}.{KIND_CALLS[called]}")
            elif isinstance(argument, nodes.Const):
                use.keys.add(argument.value)
            elif isinstance(argument, nodes.Concat | nodes.Add):
                first = argument.nodes[0] if isinstance(argument, nodes.Concat) else argument.left
                if isinstance(first, nodes.Const):
                    _build(first.value, "", use, here, anywhere)


def _template_branches(node: nodes.Expr) -> Iterator[nodes.Expr]:
    if isinstance(node, nodes.CondExpr):
        yield from _template_branches(node.expr1)
        if node.expr2 is not None:
            yield from _template_branches(node.expr2)
    else:
        yield node


def _script(source: str, use: Use) -> None:
    use.keys.update(f"script.{key}" for key in IN_SCRIPT.findall(source))
    use.mentioned.update(f"script.{each}" for each in SCRIPT_STRING.findall(source))
