"""TOML that an organiser wrote: as ``tomllib`` reads it, less what nothing here could work with."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness.errors import ConfigurationError
from harness.records.fields import key_spelled

_MOST = 2**63 - 1


def parse_toml(content: bytes) -> dict[str, Any]:
    """Read TOML; raise ``ValueError`` for what is none.

    Nesting without end and whole numbers beyond 64 bits, which TOML leaves to its readers, are
    refused: Python meets the former with an error of another kind, and cannot spell the latter.
    """
    try:
        plain = tomllib.loads(content.decode("utf-8"))
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    for field, value in _leaves(plain):
        if isinstance(value, int) and not -_MOST - 1 <= value <= _MOST:
            raise ValueError(f"{field} is a number that takes more than 64 bits")
    return plain


def toml_of(content: bytes, where: object) -> dict[str, Any]:
    """Read TOML as ``parse_toml`` does; raise ``ConfigurationError`` naming ``where``."""
    try:
        return parse_toml(content)
    except ValueError as error:  # not UTF-8, or not TOML
        raise ConfigurationError(f"{where}: not valid TOML: {error}", remedy="correct it") from None


def content_if_there(path: Path) -> bytes | None:
    """Return what a file holds that need not be there; ``ConfigurationError`` if unreadable."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigurationError(
            f"{path}: cannot be read: {error.strerror}", remedy="make it a file that can be read"
        ) from None


def not_finite(plain: dict[str, Any]) -> Iterator[str]:
    """Yield the fields that hold an infinity or a NaN, which TOML allows and no record may hold."""
    for field, value in _leaves(plain):
        if isinstance(value, float) and not math.isfinite(value):
            yield field


def _leaves(plain: dict[str, Any]) -> Iterator[tuple[str, object]]:
    held: list[tuple[str, object]] = [("", plain)]
    while held:
        field, value = held.pop()
        if isinstance(value, dict):
            prefix = f"{field}." if field else ""
            held += [(f"{prefix}{key_spelled(key)}", each) for key, each in value.items()]
        elif isinstance(value, list):
            held += [(f"{field}[{number}]", each) for number, each in enumerate(value)]
        else:
            yield field, value
