"""Where tables and keys stand in a TOML text: ``tomllib`` gives values without positions.

A scanner, not a parser: it skips over values and trusts ``tomllib`` with what they mean and whether
they are valid. At the first thing that it cannot follow it stops, for ``tomllib`` stops there too.
"""

from __future__ import annotations

import re
from typing import TypeAlias

from harness.submissions.faults import NOWHERE, Position

KeyPath: TypeAlias = tuple[str | int, ...]
"""``("weights", 1, "sha256")``: keys by name, elements of arrays by position."""

MAX_DEPTH = 8
"""Deeper than any field of the format. ``tomllib`` takes quadratic time over deep keys."""

_GAP = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_STRINGS = (
    re.compile(r'"""(?:[^"\\]|\\.|"(?!""))*"{3,5}', re.DOTALL),
    re.compile(r"'''(?:[^']|'(?!''))*'{3,5}", re.DOTALL),
    re.compile(r'"(?:[^"\\\n]|\\.)*"'),
    re.compile(r"'[^'\n]*'"),
)
_SCALAR = re.compile(
    r"[^\s,\]}#]+(?: \d[^\s,\]}#]*)?"
)  # a date and a time may have a space between
_ESCAPE = re.compile(r'\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|([btnfr"\\]))')
_ESCAPED = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", '"': '"', "\\": "\\"}


class TooDeepError(ValueError):
    """Tables, arrays or dotted keys are nested more than ``MAX_DEPTH`` deep."""

    def __init__(self, position: Position) -> None:
        super().__init__(f"nested more than {MAX_DEPTH} deep")
        self.position = position


class Positions:
    """Positions by key path; a table's is its header's, or that of the key that holds it."""

    def __init__(self, text: str) -> None:
        """Scan ``text``; raise ``TooDeepError`` where it is nested too deeply."""
        self._at: dict[KeyPath, Position] = {}
        self._arrays: dict[KeyPath, int] = {}
        self._text = text
        self._index = 0
        self._line, self._line_start = 1, 0
        try:
            self._document()
        except _LostError:
            return

    def of(self, path: KeyPath) -> Position:
        """Return where ``path`` stands, or its nearest table that stands anywhere."""
        while path:
            if path in self._at:
                return self._at[path]
            path = path[:-1]
        return NOWHERE

    def _document(self) -> None:
        table: KeyPath = ()
        while True:
            self._take(_GAP)
            if self._index >= len(self._text):
                return
            if self._text[self._index] == "[":
                table = self._header()
            else:
                self._key_and_value(table)

    def _header(self) -> KeyPath:
        position = self._here()
        is_array = self._text.startswith("[[", self._index)
        self._index += 2 if is_array else 1
        keys = self._key()
        self._literal("]]" if is_array else "]")
        path = self._resolve(keys[:-1])
        path = (*path, keys[-1])
        self._note(path, position)
        if not is_array:
            return self._resolve(keys)
        number = self._arrays.get(path, -1) + 1
        self._arrays[path] = number
        element = (*path, number)
        self._note(element, position)
        return element

    def _resolve(self, keys: list[str]) -> KeyPath:
        """Follow ``keys`` into the latest element of every array of tables on the way."""
        path: KeyPath = ()
        for key in keys:
            path = (*path, key)
            if path in self._arrays:
                path = (*path, self._arrays[path])
        return path

    def _key_and_value(self, table: KeyPath) -> None:
        position = self._here()
        path = table
        for key in self._key():
            path = (*path, key)
            self._note(path, position)
        self._literal("=")
        self._take(_SPACE)
        self._value(path)

    def _key(self) -> list[str]:
        keys: list[str] = []
        while True:
            self._take(_SPACE)
            keys.append(self._simple_key())
            if len(keys) > MAX_DEPTH:
                raise TooDeepError(self._here())
            self._take(_SPACE)
            if not self._text.startswith(".", self._index):
                return keys
            self._index += 1

    def _simple_key(self) -> str:
        if self._text.startswith('"', self._index):
            return _ESCAPE.sub(_unescape, self._take(_STRINGS[2])[1:-1])
        if self._text.startswith("'", self._index):
            return self._take(_STRINGS[3])[1:-1]
        return self._take(_BARE)

    def _value(self, path: KeyPath) -> None:
        if len(path) > MAX_DEPTH:
            raise TooDeepError(self._here())
        start = self._text[self._index : self._index + 1]
        if start == "[":
            self._array(path)
        elif start == "{":
            self._inline_table(path)
        elif start in {'"', "'"}:
            triple = self._text.startswith(start * 3, self._index)
            self._take(_STRINGS[(0 if triple else 2) + (start == "'")])
        else:
            self._take(_SCALAR)

    def _array(self, path: KeyPath) -> None:
        self._index += 1
        number = 0
        while True:
            self._take(_GAP)
            if self._text.startswith("]", self._index):
                self._index += 1
                return
            element = (*path, number)
            self._note(element, self._here())
            self._value(element)
            self._take(_GAP)
            number += 1
            if self._text.startswith(",", self._index):
                self._index += 1

    def _inline_table(self, path: KeyPath) -> None:
        self._index += 1
        while True:
            self._take(_GAP)
            if self._text.startswith("}", self._index):
                self._index += 1
                return
            self._key_and_value(path)
            self._take(_GAP)
            if self._text.startswith(",", self._index):
                self._index += 1

    def _note(self, path: KeyPath, position: Position) -> None:
        if len(path) > MAX_DEPTH:
            raise TooDeepError(position)
        self._at.setdefault(path, position)

    def _here(self) -> Position:
        return Position(self._line, self._index - self._line_start + 1)

    def _literal(self, expected: str) -> None:
        if not self._text.startswith(expected, self._index):
            raise _LostError
        self._index += len(expected)

    def _take(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._text, self._index)
        if match is None:
            raise _LostError
        newlines = self._text.count("\n", self._index, match.end())
        if newlines:
            self._line += newlines
            self._line_start = self._text.rindex("\n", self._index, match.end()) + 1
        self._index = match.end()
        return match.group()


class _LostError(Exception):
    """The text is not TOML from here on."""


def _unescape(match: re.Match[str]) -> str:
    short, long, letter = match.groups()
    if letter:
        return _ESCAPED[letter]
    number = int(short or long, 16)
    return chr(number) if number < 0x110000 else match.group()  # noqa: PLR2004 - Unicode's end
