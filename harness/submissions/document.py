"""``submission.toml`` as it stands, however wrong: its values, where they are, what to point at."""

from __future__ import annotations

import re
import tomllib
from typing import Any, NamedTuple, TypeVar

from harness.submissions.faults import NOWHERE, Fault, Position, fault
from harness.submissions.positions import MAX_DEPTH, KeyPath, Positions, TooDeepError

FILE_NAME = "submission.toml"
MAX_BYTES = 65_536
"""A manifest is a page of text; a longer one is a mistake or an attack on the parser."""

T = TypeVar("T")
_AT = re.compile(r" \(at line (\d+), column (\d+)\)\Z")
_AT_END = " (at end of document)"


class Document(NamedTuple):
    """The parsed file; ``plain`` is empty where it could not be parsed."""

    plain: dict[str, Any]
    positions: Positions | None

    def fault(self, code: str, path: KeyPath, message: str, remedy: str) -> Fault:
        """Make a fault that points at a field of this file, or at the table that lacks it."""
        position = self.positions.of(path) if self.positions else NOWHERE
        return fault(code, FILE_NAME, message, remedy, position)

    def get(self, table: str, key: str, kind: type[T]) -> T | None:
        """Return a field if it is there and of this type, else ``None``."""
        tables = self.plain.get(table)
        value = tables.get(key) if isinstance(tables, dict) else None
        return value if type(value) is kind else None


def read_document(content: bytes) -> Document | Fault:
    """Parse the bytes of a ``submission.toml``, or say the one thing that makes it unreadable."""
    if len(content) > MAX_BYTES:
        return _unreadable("FRG104", f"is longer than {MAX_BYTES:,} bytes", "shorten it")
    if content.startswith(b"\xef\xbb\xbf"):
        return _unreadable(
            "FRG104",
            "begins with a byte order mark",
            "save it as UTF-8 without one",
            Position(1, 1),
        )
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        found = f"is not UTF-8: byte 0x{content[error.start]:02x}"
        return _unreadable("FRG104", found, "save it as UTF-8", Position(line))
    return _parse(text)


def _parse(text: str) -> Document | Fault:
    try:
        positions = Positions(text)
        return Document(tomllib.loads(text), positions)
    except TooDeepError as error:
        found = f"nests tables or arrays more than {MAX_DEPTH} deep"
        return _unreadable("FRG105", found, "no field needs it: flatten it", error.position)
    except ValueError as error:  # TOMLDecodeError is one; so are absurd numbers
        return _syntax_error(str(error), text)


def _syntax_error(message: str, text: str) -> Fault:
    found, position = message, NOWHERE
    if match := _AT.search(message):
        found, position = message[: match.start()], Position(int(match[1]), int(match[2]))
    elif message.endswith(_AT_END):
        found = message.removesuffix(_AT_END) + " before the end of the file"
        position = Position(text.rstrip().count("\n") + 1)
    elif "Exceeds the limit" in message:  # Python's own words name a setting of the interpreter
        found = "a number with thousands of digits"
    return _unreadable("FRG105", f"is not valid TOML: {found}", "correct it; see toml.io", position)


def _unreadable(code: str, found: str, remedy: str, position: Position = NOWHERE) -> Fault:
    return fault(code, FILE_NAME, f"{FILE_NAME} {found}", remedy, position)
