"""The catalogues: what the site says, in one file a language, ``catalogue/<code>.toml``.

A language is added by adding one. A string has a key (``table.rank``), holes for what it is about
(``{entry}``) and, where a number decides, two forms:
``{one = "{n} entry", other = "{n} entries"}``.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from string import Formatter
from typing import Any, NamedTuple, TypeAlias

from harness.site.text import KEPT_SPACES, NO_BREAK_SPACE

FORMS = frozenset({"one", "other"})


class CatalogueError(LookupError):
    """A string that is not in the catalogue, or that is not what its file may hold."""


class Plural(NamedTuple):
    """A string with two forms."""

    one: str
    other: str


Message: TypeAlias = str | Plural


@cache
def catalogue(code: str) -> Mapping[str, Message]:
    """Read the strings of a language by their keys, tables joined with dots."""
    file = resources.files(__package__).joinpath("catalogue", f"{code}.toml")
    try:
        plain_text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise CatalogueError(f"there is no catalogue of the language {code!r}") from None
    tables = tomllib.loads(plain_text)
    made: dict[str, Message] = {}
    for key, found in _flat(tables, ""):
        if key.startswith("locale."):
            made[key] = found
        elif isinstance(found, str):
            made[key] = _typeset(found, tables["locale"])
        else:
            made[key] = Plural(*(_typeset(form, tables["locale"]) for form in found))
    return made


def _typeset(string: str, locale: Mapping[str, str]) -> str:
    """Keep signs and figures on one line: authors write common spaces."""
    if locale["no_break_before"]:
        signs = f" (?=[{re.escape(locale['no_break_before'])}])"
        string = re.sub(signs, NO_BREAK_SPACE, string)
    if locale["no_break_after"]:
        signs = f"(?<=[{re.escape(locale['no_break_after'])}]) "
        string = re.sub(signs, NO_BREAK_SPACE, string)
    if locale["thousands"] in KEPT_SPACES:
        string = re.sub(r"(?<=\d) (?=\d{3}\b)", locale["thousands"], string)
    return string


@cache
def holes(template: str) -> frozenset[str]:
    """Return the names of a string's holes; raise ``CatalogueError`` on anything but a name."""
    found = set()
    try:
        parts = list(Formatter().parse(template))
    except ValueError as error:
        raise CatalogueError(f"{template!r}: {error}") from None
    for _, name, form, conversion in parts:
        if name is None:
            continue
        if not name.isidentifier() or form or conversion:
            raise CatalogueError(f"{template!r}: {{{name}}} is no plain name")
        found.add(name)
    return frozenset(found)


def _flat(table: Mapping[str, Any], within: str) -> Iterator[tuple[str, Message]]:
    for name, value in table.items():
        key = f"{within}{name}"
        if isinstance(value, str):
            yield key, value
        elif isinstance(value, dict) and value.keys() == FORMS:
            yield key, Plural(value["one"], value["other"])
        elif isinstance(value, dict):
            yield from _flat(value, f"{key}.")
        else:
            raise CatalogueError(f"{key}: is {value!r}, and no string")
