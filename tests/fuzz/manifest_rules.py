"""What a ``submission.toml`` may say, written a second time and shorter than in the harness.

The oracle of its fuzz target. It shares nothing with ``harness.submissions``: a table of fields
and their tests, and the rules of ``docs/reference/check-rules.md`` as plain expressions.
"""

from __future__ import annotations

import ipaddress
import keyword
import re
import sys
import tomllib
import unicodedata
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias
from urllib.parse import urlsplit

Test: TypeAlias = Callable[[Any], bool]

_PATH = re.compile(r"(?!~)[^/\\.][^/\\]*(/[^/\\.][^/\\]*)*", re.DOTALL)
_ID = r"[A-Za-z0-9][A-Za-z0-9.\-]*\+?"
_REF = r"(DocumentRef-[A-Za-z0-9.\-]+:)?LicenseRef-[A-Za-z0-9.\-]+"
_OPERATORS = {"AND", "OR", "WITH", "and", "or", "with"}


def _text(least: int, most: int, pattern: str = ".*") -> Test:
    shape = re.compile(pattern, re.DOTALL | re.ASCII)
    return lambda v: type(v) is str and least <= len(v) <= most and bool(shape.fullmatch(v))


def _whole(least: int, most: int) -> Test:
    return lambda v: type(v) is int and least <= v <= most


def _number(least: float, most: float) -> Test:
    return lambda v: type(v) in (int, float) and least <= v <= most


def _one_of(*known: str) -> Test:
    return lambda v: type(v) is str and v in known


def _list(least: int, most: int, element: Test) -> Test:
    return lambda v: type(v) is list and least <= len(v) <= most and all(map(element, v))


def _table(required: dict[str, Test], optional: dict[str, Test]) -> Test:
    known = required | optional

    def test(value: Any) -> bool:  # noqa: ANN401 - what a TOML file may hold
        return (
            type(value) is dict
            and required.keys() <= value.keys() <= known.keys()
            and all(known[key](each) for key, each in value.items())
        )

    return test


_ENERGY = _number(0, 1e12)
_FIELDS = _table(
    {
        "schema": _whole(1, 1),
        "submission": _table(
            {
                "name": _text(1, 80), "team": _text(1, 80), "task": _text(1, 80),
                "description": _text(1, 2_000), "licence": _text(1, 200),
            },
            {
                "version": _text(0, 40), "authors": _list(0, 100, _text(1, 120)),
                "url": _text(0, 500, r'https?://[^\s<>"\\]+'),
            },
        ),
        "model": _table(
            {"output": _one_of("index", "scores", "boxes", "image_score")},
            {
                "entry": _text(1, 200), "command": _list(1, 100, _text(1, 4_096)),
                "batch_size": _whole(1, 2**31 - 1), "stochastic": lambda v: type(v) is bool,
            },
        ),
    },
    {
        "environment": _table(
            {}, {"requirements": _text(1, 1_000), "accelerator": _one_of("none", "cuda")}
        ),
        "weights": _list(
            0,
            100,
            _table(
                {
                    "path": _text(1, 1_000), "sha256": _text(64, 64, "[0-9a-f]*"),
                    "bytes": _whole(1, 2**53), "licence": _text(1, 200),
                },
                {
                    "url": _text(1, 2_000),
                    "hub": _text(0, 300, r"\w[\w.-]*(/\w[\w.-]*)?@[0-9a-f]{40}"),
                    "file": _text(1, 1_000),
                },
            ),
        ),
        "lifecycle": _table(
            {},
            {
                "training_kwh": _ENERGY, "fine_tuning_kwh": _ENERGY,
                "provenance": _one_of("measured", "estimated", "reported"),
                "hardware": _text(1, 500), "source": _text(1, 500),
            },
        ),
    },
)  # fmt: skip


def read(content: bytes) -> dict[str, Any] | None:
    """Return what the file says, or ``None`` where it is no manifest."""
    if len(content) > 65_536 or content.startswith(b"\xef\xbb\xbf"):
        return None
    try:
        plain = tomllib.loads(content.decode("utf-8"))
    except (ValueError, RecursionError):
        return None
    return plain if _FIELDS(plain) and all(_meanings(plain)) else None


def _meanings(plain: dict[str, Any]) -> Iterator[bool]:
    about, model, spent = plain["submission"], plain["model"], plain.get("lifecycle", {})
    weights = plain.get("weights", [])
    yield all(_is_shown_as_it_is(path, text) for path, text in _texts(plain, ()))
    yield all(is_licence(each["licence"]) for each in (about, *weights))
    yield ("entry" in model) != ("command" in model)
    yield all(("url" in each) != ("hub" in each) for each in weights)
    yield all("hub" in each or "file" not in each for each in weights)
    yield all(_is_path(each[key]) for each in weights for key in ("path", "file") if key in each)
    yield all(_is_address(each["url"]) for each in weights if "url" in each)
    yield "provenance" in spent or not {"training_kwh", "fine_tuning_kwh"} & spent.keys()
    if "entry" in model:
        module, _, function = model["entry"].partition(":")
        names = [*module.split("."), function]
        yield all(name.isidentifier() and not keyword.iskeyword(name) for name in names)
        yield names[0] not in sys.stdlib_module_names
    if "command" in model and "/" in model["command"][0]:
        yield _is_path(re.sub(r"\A\./", "", model["command"][0]))
    if "requirements" in plain.get("environment", {}):
        yield _is_path(plain["environment"]["requirements"])


def _is_path(text: str) -> bool:
    parts = [part.encode("utf-8", "surrogatepass") for part in text.split("/")]
    return (
        _PATH.fullmatch(text) is not None
        and unicodedata.normalize("NFC", text) == text
        and len(parts) <= 16
        and max(map(len, parts)) <= 255
        and sum(map(len, parts)) + len(parts) - 1 <= 1_000
    )


def _is_address(text: str) -> bool:
    """Say whether a text is an https address of a public server, without saying more than that."""
    if not re.fullmatch(r"https://[!-~]+", text, re.IGNORECASE) or re.search(
        r'[\\<>"^`{|}#]', text
    ):
        return False
    try:
        parts = urlsplit(text)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return False
    if "@" in parts.netloc or port == 0:
        return False
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        labels = host.split(".")
    private = {"localhost", "local", "internal"}
    shape = r"\w([\w-]{0,61}\w)?"
    return (
        all(re.fullmatch(shape, label, re.ASCII) for label in labels)
        and not re.fullmatch(r"0x[0-9a-f]*|[0-9]+", labels[-1])
        and not (labels[-1] in private and (len(labels) > 1 or host == "localhost"))
        and not host.endswith(".home.arpa")
        and len(host) <= 253
    )


def _is_shown_as_it_is(path: tuple[Any, ...], text: str) -> bool:
    allowed = "\u200c\u200d" + ("\n\t" if path == ("submission", "description") else "")
    return all(
        character in allowed
        or unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
        for character in text
    )


def _texts(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], str]]:  # noqa: ANN401
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _texts(inner, (*path, key))


def is_licence(text: str) -> bool:
    """Say whether a text is an SPDX expression: the grammar, by rewriting it to nothing.

    A simple expression becomes ``L``, one with an exception too; ``L OR L`` and ``(L)`` become
    ``G``, behind which no exception may stand.
    """
    if not re.fullmatch(r"[A-Za-z0-9.:+() \t\n-]*", text):
        return False
    words = re.findall(r"[()]|[^() \t\n]+", text)
    kinds = [
        w if w in "()" else "O" if w.upper() in ("AND", "OR") and w in _OPERATORS
        else "W" if w in _OPERATORS
        else "L" if re.fullmatch(f"{_ID}|{_REF}", w) else "?"
        for w in words
    ]  # fmt: skip
    spelled, before = "".join(kinds), ""
    while spelled != before:
        before = spelled
        # An exception belongs to one licence, and is no licence's beginning.
        spelled = re.sub(r"(?<!W)LWL(?!W)", "G", spelled)
        spelled = re.sub(r"\([LG]\)", "G", spelled)
        spelled = re.sub(r"(?<!W)[LG]O[LG](?!W)", "G", spelled)
    return spelled in {"L", "G"}
