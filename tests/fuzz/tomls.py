"""TOML as people and others write it, and what does not belong into it."""

from __future__ import annotations

import datetime as dt
import json
import re
from random import Random
from typing import Any

TOKENS = (
    b"=", b"[", b"]", b"[[", b"]]", b"{", b"}", b'"', b"'", b'"""', b"'''", b"#", b",", b".",
    b"\\", b"\r", b"\0", b"\xff", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\xc0\x80", b"\\ud800",
    b"\\U00110000",
    b"nan", b"-inf", b"1e999", b"0x" + b"f" * 5_000, b"0b" + b"1" * 40_000, b"9" * 5_000,
    b"1_0", b"0o7", b"+1", b"-0.0", b"1979-05-27T07:32:00Z", b"1979-05-27 07:32:00", b"0000-00-00",
    b"07:32:00.999999999999", b"[" * 3_000, b"{a=" * 3_000, b"a." * 3_000 + b"a=1\n",
    b"\n[model]\n", b"\n[[weights]]\n", b"\n[weights]\n", b"\nmodel.x.y = 1\n", b"a" * 70_000,
    b'\nmodel = "x"\n', b"\n[submission.name]\n", b"batch_size = 0x" + b"7" * 4_000 + b"\n",
    b"a='''" + b"'" * 2_000, b'a="""\\' + b" " * 5_000, b"\xe2\x80\xae", b"\x85", b"\xe2\x80\xa8",
)  # fmt: skip


def spelled(value: Any, rng: Random) -> str:  # noqa: ANN401, PLR0911 - a line a type
    """Spell a value in TOML, in one of the ways there are; ``null`` cannot be, and is wrong."""
    if isinstance(value, bool) or value is None:
        return json.dumps(value)
    if isinstance(value, int):
        return hex(value) if abs(value) > 10**4_000 or rng.random() < 0.1 else str(value)
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, dt.datetime):
        moment = value.isoformat(sep=rng.choice("T "))
        return rng.choice((moment, moment[:19], moment[:10], moment[11:19]))
    if isinstance(value, list):
        return f"[{', '.join(spelled(each, rng) for each in value)}{rng.choice(('', ','))}]"
    if isinstance(value, dict):
        pairs = (f"{key_of(key, rng)} = {spelled(each, rng)}" for key, each in value.items())
        return f"{{{', '.join(pairs)}}}"
    if rng.random() < 0.2 and "'" not in value:
        return f"'{value}'" if "\n" not in value else f"'''{value}'''"
    text = json.dumps(str(value), ensure_ascii=rng.random() < 0.5).replace("\x7f", "\\u007f")
    return f'""{text}""' if rng.random() < 0.1 else text


def key_of(key: str, rng: Random) -> str:
    bare = re.fullmatch(r"[A-Za-z0-9_-]+", key) and rng.random() < 0.9
    return key if bare else json.dumps(key).replace("\x7f", "\\u007f")


def written(tree: Any, rng: Random) -> bytes:  # noqa: ANN401 - a manifest that was altered
    """Write a manifest with headers, dotted keys or inline tables, in any order."""
    if not isinstance(tree, dict):
        return spelled(tree, rng).encode("utf-8", "surrogatepass")
    lines: list[str] = []
    tables: list[str] = []
    for key, value in tree.items():
        name, way = key_of(str(key), rng), rng.random()
        if isinstance(value, dict) and way < 0.8:
            fields = [f"{key_of(str(k), rng)} = {spelled(v, rng)}" for k, v in value.items()]
            if way < 0.1:
                lines += [f"{name}.{each}" for each in fields]
            else:
                tables += [f"[{name}]", *fields, ""]
        elif isinstance(value, list) and all(isinstance(v, dict) for v in value) and way < 0.8:
            for each in value:
                tables += [f"[[{name}]]"]
                tables += [f"{key_of(str(k), rng)} = {spelled(v, rng)}" for k, v in each.items()]
        else:
            lines += [f"{name} = {spelled(value, rng)} # a comment"]
    return "\n".join((*lines, *tables, "")).encode("utf-8", "surrogatepass")
