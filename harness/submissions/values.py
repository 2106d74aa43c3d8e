"""What the fields of a ``submission.toml`` must mean, beyond their types."""

from __future__ import annotations

import keyword
import re
import sys
from collections.abc import Iterator

from harness.submissions.addresses import wrong_with_url
from harness.submissions.document import Document
from harness.submissions.faults import quoted, shortened, unprintable
from harness.submissions.fields import Report, dotted
from harness.submissions.names import MAX_DEPTH, wrong_with_form, wrong_with_length
from harness.submissions.positions import KeyPath

_SPDX_TOKEN = re.compile(r"\s*(\(|\)|[A-Za-z0-9.:+-]+)\s*", re.ASCII)
_SPDX_OPERAND = re.compile(
    r"(?:(?:DocumentRef-[A-Za-z0-9.-]+:)?LicenseRef-[A-Za-z0-9.-]+"
    r"|[A-Za-z0-9][A-Za-z0-9.-]*\+?)\Z"
)
_SPDX_OPERATORS = frozenset({"AND", "OR", "WITH", "and", "or", "with"})


def check_values(document: Document, report: Report) -> None:
    """Report every value that has the right type and cannot be meant."""
    for path, text in _texts(document.plain, ()):
        _check_printable(path, text, report)
        if text and not text.strip():
            said = f"{dotted(path)} is blank"
            report("FRG114", path, said, "write what it is, or leave the field out if it may be")
    _check_licences(document, report)
    _check_model(document, report)
    _check_weights(document, report)
    requirements = document.get("environment", "requirements", str)
    if requirements:
        _check_path(("environment", "requirements"), requirements, report)
    _check_lifecycle(document, report)


def split_entry(entry: str) -> tuple[str, str] | None:
    """Split ``module:function``; ``None`` where it is not two Python names, the first dotted."""
    module, colon, function = entry.partition(":")
    names = [*module.split("."), function]
    if colon and all(name.isidentifier() and not keyword.iskeyword(name) for name in names):
        return module, function
    return None


def program_path(command: list[object]) -> str | None:
    """Return the path in the folder of a command's program; ``None`` when it is looked up on PATH.

    ``./run`` and ``bin/run`` are the folder's; ``node`` is not.
    """
    program = command[0] if command else None
    if not isinstance(program, str) or "/" not in program:
        return None
    return program.removeprefix("./")


def is_spdx_expression(text: str) -> bool:
    """Whether ``text`` has the syntax of an SPDX licence expression; names are not looked up."""
    wants_operand, depth, after_with = True, 0, False
    index = 0
    while index < len(text):
        match = _SPDX_TOKEN.match(text, index)
        if match is None:
            return False
        word, index = match[1], match.end()
        if wants_operand and word == "(" and not after_with:
            depth += 1
        elif wants_operand and word not in _SPDX_OPERATORS and _SPDX_OPERAND.match(word):
            wants_operand = False
        elif not wants_operand and word == ")":
            depth, after_with = depth - 1, True  # nothing but AND and OR may follow
        elif not wants_operand and word in _SPDX_OPERATORS:
            if word.upper() == "WITH" and after_with:
                return False
            wants_operand, after_with = True, word.upper() == "WITH"
        else:
            return False
        if depth < 0:
            return False
    return not wants_operand and depth == 0


def wrong_with_path(path: str) -> str:
    """Say why ``path`` cannot be a file of the folder; empty when it can."""
    parts = path.split("/")
    wrong = ""
    if path.startswith(("/", "~")):
        wrong = "is absolute"
    elif "\\" in path:
        wrong = "has a backslash"
    elif ".." in parts:
        wrong = "leaves the folder"
    elif "" in parts or "." in parts:
        wrong = "is not plain"
    elif any(part.startswith(".") for part in parts):
        wrong = "is hidden, and hidden files are left out of the entry"
    elif len(parts) > MAX_DEPTH:
        wrong = f"is more than {MAX_DEPTH} folders deep"
    return wrong or wrong_with_form(path) or wrong_with_length(path)


def _check_printable(path: KeyPath, text: str, report: Report) -> None:
    allowed = "\n\t" if path == ("submission", "description") else ""
    found = unprintable("".join(c for c in text if c not in allowed))
    if found is not None:
        report(
            "FRG117",
            path,
            f"{dotted(path)} holds the unprintable character U+{ord(found):04X}",
            "remove it",
        )


def _check_licences(document: Document, report: Report) -> None:
    licences: list[tuple[KeyPath, object]] = [
        (("submission", "licence"), document.get("submission", "licence", str))
    ]
    licences += [(("weights", i, "licence"), w.get("licence")) for i, w in _weights(document)]
    for path, licence in licences:
        if isinstance(licence, str) and licence and not is_spdx_expression(licence):
            report(
                "FRG115",
                path,
                f"{dotted(path)} is {quoted(licence)}: not an SPDX expression",
                'write the identifier from spdx.org/licenses, for instance "Apache-2.0", or '
                '"LicenseRef-…" for one of your own',
            )


def _check_model(document: Document, report: Report) -> None:
    model = document.plain.get("model")
    if not isinstance(model, dict):
        return
    if ("entry" in model) == ("command" in model):
        found = "both entry and command" if "entry" in model else "neither entry nor command"
        report(
            "FRG124",
            ("model", "command") if "entry" in model else ("model",),
            f"[model] gives {found}",
            'give entry = "module:function" for Python, or command = ["./run"] for any language',
        )
    entry = document.get("model", "entry", str)
    if entry:
        _check_entry(entry, report)
    path = program_path(document.get("model", "command", list) or [])
    if path is not None:
        _check_path(("model", "command"), path, report)


def _check_entry(entry: str, report: Report) -> None:
    names = split_entry(entry)
    if names is None:
        report(
            "FRG125",
            ("model", "entry"),
            f"model.entry is {quoted(entry)}: not module:function",
            'name a module without ".py", a colon and a function, for instance "model:load"',
        )
    elif names[0].split(".")[0] in sys.stdlib_module_names:
        report(
            "FRG125",
            ("model", "entry"),
            f"model.entry names {shortened(names[0])}, which is Python's own module and would be "
            "loaded",
            "rename the file, for instance to model.py",
        )


def _check_weights(document: Document, report: Report) -> None:
    for number, weights in _weights(document):
        here: KeyPath = ("weights", number)
        if ("url" in weights) == ("hub" in weights):
            found = "both url and hub" if "url" in weights else "neither url nor hub"
            report("FRG126", here, f"{dotted(here)} gives {found}", "give one of them")
        elif "file" in weights and "hub" not in weights:
            report(
                "FRG126",
                (*here, "file"),
                f"{dotted(here)} names a file of the hub, and gives no hub",
                "remove file: a url names its file itself",
            )
        for key in ("path", "file"):
            path = weights.get(key)
            if isinstance(path, str) and path:
                _check_path((*here, key), path, report)
        url = weights.get("url")
        if isinstance(url, str) and url and unprintable(url) is None:
            _check_url((*here, "url"), url, report)


def _check_url(where: KeyPath, url: str, report: Report) -> None:
    wrong = wrong_with_url(url)
    if wrong:
        report(
            "FRG128",
            where,
            f"{dotted(where)} is {quoted(url)}, which {wrong}",
            "give an https address of a public server, without user name and password",
        )


def _check_path(where: KeyPath, path: str, report: Report) -> None:
    wrong = wrong_with_path(path)
    if wrong:
        report(
            "FRG116",
            where,
            f"{dotted(where)} names {quoted(path)}, which {wrong}",
            "name a file by its path relative to the entry's folder",
        )


def _check_lifecycle(document: Document, report: Report) -> None:
    spent = document.plain.get("lifecycle")
    if not isinstance(spent, dict) or "provenance" in spent:
        return
    if "training_kwh" in spent or "fine_tuning_kwh" in spent:
        report(
            "FRG127",
            ("lifecycle",),
            "[lifecycle] gives an energy without its provenance",
            'add provenance = "measured", "estimated" or "reported"',
        )


def _weights(document: Document) -> Iterator[tuple[int, dict[str, object]]]:
    weights = document.plain.get("weights")
    for number, table in enumerate(weights if isinstance(weights, list) else []):
        if isinstance(table, dict):
            yield number, table


def _texts(value: object, path: KeyPath) -> Iterator[tuple[KeyPath, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts(inner, (*path, key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _texts(inner, (*path, number))
