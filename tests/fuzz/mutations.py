"""Ways of spoiling what is valid: trees of plain values, texts and bytes."""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

ODD_TEXTS: tuple[str, ...] = (
    "", " ", "\0", "\n", "\r\n", "\t", "\x1b[31mred", "\x7f", "\x85", "\xa0", "\u200b", "\u200d",
    "\u2028", "\u202eback", "\ufeff", "\ufffe", "\ue000", "\U0010ffff", "é", "e\u0301", "ﬁ", "٣",
    "İ", "ß", "𝕞odel:load", "../../etc/passwd", "/etc/passwd", "a/../b", "./a", "a//b", "~", ".",
    "..", "a\\b", "-", "--help", "con", "NaN", "null", "true", "0", "1e9", "$ref", "__proto__",
    "{{7*7}}", "<script>", "%s%n", "[bold]", "x" * 81, "x" * 2_001, "y" * 20_000, "🙂" * 100,
)  # fmt: skip
ODD_NUMBERS: tuple[float, ...] = (
    0, 1, -1, 2, 7, 255, 256, 65_536, 2**31 - 1, 2**31, 2**32, 2**53, 2**53 + 1, 2**63 - 1, 2**63,
    -(2**63), -(2**63) - 1, 2**64 - 1, 2**64, 10**20, 10**400, -(10**400), 10**5_000, 0.0, -0.0,
    0.5, 1.0, -1.5, 1e-9, 5e-324, 1e12, 1.0000001e12, 1.7976931348623157e308,
)  # fmt: skip
NOT_FINITE: tuple[float, ...] = (float("nan"), float("inf"), float("-inf"))


def odd_value(rng: Random) -> Any:  # noqa: ANN401 - any plain value
    """Return something that hardly any field expects."""
    kind = rng.randrange(9)
    if kind <= 2:
        return rng.choice(ODD_NUMBERS)
    if kind <= 4:
        return rng.choice(ODD_TEXTS)
    if kind == 5:
        return rng.choice((True, False, None, *NOT_FINITE))
    if kind == 6:
        return dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
    if kind == 7:
        return nested(rng, rng.choice((1, 2, 5, 9, 40)))
    return [odd_value(rng) for _ in range(rng.randrange(4))]


def nested(rng: Random, depth: int) -> Any:  # noqa: ANN401 - arrays and objects, in one another
    """Return arrays and objects inside one another."""
    value: Any = rng.choice(({}, [], 0, ""))
    for _ in range(depth):
        value = [value] if rng.random() < 0.5 else {rng.choice(ODD_TEXTS): value}
    return value


def altered(tree: Any, rng: Random) -> Any:  # noqa: ANN401 - any plain value
    """Return a copy of a tree of dicts and lists with one thing in it changed."""
    holder = {"root": copy.deepcopy(tree)}
    at: Any = holder
    key: Any = "root"
    while isinstance(at[key], dict | list) and at[key] and rng.random() < 0.85:
        at = at[key]
        key = rng.choice(list(at)) if isinstance(at, dict) else rng.randrange(len(at))
    if at is holder:  # the whole: rarely, for nothing is left to be found behind it
        if rng.random() < 0.05:
            return odd_value(rng)
        at, key = holder["root"], None
    _change(at, key, rng)
    return holder["root"]


def _change(at: Any, key: Any, rng: Random) -> None:  # noqa: ANN401 - a dict or a list
    how = rng.randrange(8)
    if key is None or how == 0:
        if isinstance(at, dict):
            name = rng.choice((*ODD_TEXTS, *map(str, at))) + rng.choice(("", "", "x"))
            at[name] = odd_value(rng)
        elif isinstance(at, list):
            at.insert(rng.randrange(len(at) + 1), odd_value(rng))
    elif how == 1:
        del at[key]
    elif how == 2:
        at[key] = _other_type(at[key])
    elif how == 3:
        at[key] = [at[key]] * rng.choice((0, 1, 2, 30))
    elif how == 4 and isinstance(at[key], int | float):
        at[key] = _near(at[key], rng)
    elif how == 5 and isinstance(at[key], str):
        at[key] = spoilt_text(at[key], rng)
    elif how == 6 and isinstance(at, list):
        at.append(copy.deepcopy(at[key]))
    else:
        at[key] = odd_value(rng)


def _other_type(value: Any) -> Any:  # noqa: ANN401 - any plain value
    """Return the value as something else would spell it."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int):
        return float(value) if abs(value) < 2**53 else "9" * 20
    if isinstance(value, float):
        return int(value) if value == value and abs(value) < 1e300 else str(value)  # noqa: PLR0124
    if isinstance(value, list):
        return {str(number): each for number, each in enumerate(value)}
    if isinstance(value, dict):
        return list(value.values())
    return [value]


def _near(value: float, rng: Random) -> float:
    if not abs(value) < 1e300:
        return 0
    return rng.choice((value + 1, value - 1, -value, value * 2, value * 1_000_000, value / 3))


def spoilt_text(text: str, rng: Random) -> str:
    """Return the text with something put in, taken out or doubled."""
    at = rng.randrange(len(text) + 1)
    to = min(len(text), at + rng.randrange(1, 5))
    return rng.choice(
        (
            text[:at] + rng.choice(ODD_TEXTS) + text[at:],
            text[:at] + text[to:],
            text[:to] + text[at:],
            text.upper(),
            text + "\n",
            text * 40,
        )
    )


def spoilt_bytes(content: bytes, rng: Random, tokens: Sequence[bytes]) -> bytes:
    """Return a file with one change that knows nothing, or little, of its grammar."""
    at = rng.randrange(len(content) + 1)
    to = min(len(content), at + rng.choice((1, 1, 2, 8, 64, 1_000)))
    lines = content.splitlines(keepends=True) or [b""]
    line = rng.randrange(len(lines))
    changes: tuple[Callable[[], bytes], ...] = (
        lambda: content[:at],
        lambda: content[:at] + content[to:],
        lambda: content[:to] + content[at:],
        lambda: content[:at] + bytes([rng.randrange(256)]) + content[at + 1 :],
        lambda: content[:at] + rng.choice(tokens) + content[at:],
        lambda: content[:at] + rng.choice(tokens) + content[to:],
        lambda: b"".join((*lines[: line + 1], *lines[line:])),
        lambda: b"".join((*lines[:line], *lines[line + 1 :])),
        lambda: content.replace(b"\n", b"\r\n"),
        lambda: content[at:] + content[:at],
    )
    return rng.choice(changes)()
