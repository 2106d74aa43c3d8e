"""What can be wrong with an entry: one stable code a rule, one fault a finding."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable
from typing import Literal, NamedTuple, TypeAlias

from harness.records.base import Frozen

Severity: TypeAlias = Literal["error", "warning"]

MAX_PER_CODE = 100
"""Faults of one code that are listed one by one; then how many more there are."""


class Position(NamedTuple):
    """A place in a text file; both count from 1, columns in characters."""

    line: int | None = None
    column: int | None = None


NOWHERE = Position()
"""The file as a whole."""


class Fault(Frozen):
    """One finding: which rule, where, what was found, what to do."""

    code: str
    severity: Severity
    path: str
    """Relative to the entry's folder, ``.`` for the folder itself; control characters escaped."""
    line: int | None
    column: int | None
    message: str
    remedy: str

    @property
    def order(self) -> tuple[str, int, str, int, str]:
        """By path, line and code; column and message only make the order total."""
        return (self.path, self.line or 0, self.code, self.column or 0, self.message)


class Rule(NamedTuple):
    """What a code stands for."""

    severity: Severity
    explanation: str


RULES: dict[str, Rule] = {
    # The folder and its submission.toml.
    "FRG101": Rule("error", "The entry is a folder that exists and can be listed."),
    "FRG102": Rule("error", "Its name is its identity: lower-case letters, digits and dashes."),
    "FRG103": Rule("error", "The folder holds a submission.toml."),
    "FRG104": Rule("error", "submission.toml is UTF-8 text of at most 64 KiB."),
    "FRG105": Rule("error", "submission.toml is valid TOML, at most eight levels deep."),
    "FRG111": Rule("error", "Only the tables and fields of the format stand in submission.toml."),
    "FRG112": Rule("error", "Every required table and field is there."),
    "FRG113": Rule("error", 'Every field has its type: the text "64" is not the number 64.'),
    "FRG114": Rule("error", "Every value is one that its field allows."),
    "FRG115": Rule("error", "A licence is written as an SPDX expression (syntax only)."),
    "FRG116": Rule("error", "A path is relative, plain, and stays inside the folder."),
    "FRG117": Rule("error", "Text is printable: no control or direction-changing characters."),
    "FRG121": Rule("error", "The task is one of the challenge's."),
    "FRG122": Rule("error", "The output is of a kind that the task can score."),
    "FRG123": Rule("error", "batch_size is at most the rules' max_batch."),
    "FRG124": Rule("error", "An entry gives either model.entry or model.command, not both."),
    "FRG125": Rule("error", "model.entry is written module:function."),
    "FRG126": Rule("error", "A weights file comes from one place: url, or hub and a file there."),
    "FRG127": Rule("error", "A declared energy says where the figure comes from."),
    "FRG128": Rule("error", "A weights url is https, of a public server, without credentials."),
    "FRG129": Rule("error", "A weights path is free: no file of the folder or of other weights."),
    "FRG130": Rule("error", "The weights together stay under the rules' weights_bytes."),
    "FRG131": Rule("error", "There are at most the rules' weights_files weights."),
    "FRG132": Rule("error", "Weights are data: code is in the folder, where it is checked."),
    # The code, which is read and never run.
    "FRG201": Rule("error", "The module that model.entry names is in the folder."),
    "FRG202": Rule("error", "Every Python file compiles."),
    "FRG203": Rule("error", "The module defines the function that model.entry names."),
    "FRG204": Rule("error", "That function can be called with one positional argument."),
    "FRG205": Rule("error", "The program that model.command names is in the folder."),
    "FRG206": Rule("error", "That program is executable."),
    "FRG207": Rule("warning", "No function of Python's clocks, files or JSON is replaced."),
    "FRG208": Rule("warning", "Children that a program starts are waited for."),
    "FRG209": Rule("warning", "What predict is asked is not kept: no item comes twice."),
    # The files.
    "FRG301": Rule("error", "There are no symbolic links."),
    "FRG302": Rule("error", "There are only files and folders: no devices, pipes or sockets."),
    "FRG303": Rule("error", "No file is a hard link: a checkout never has one."),
    "FRG304": Rule("error", "File names are UTF-8 without control characters or backslashes."),
    "FRG305": Rule("error", "There are no archives: what is inside one cannot be checked."),
    "FRG306": Rule("warning", "A pickle can run anything when it is loaded."),
    "FRG307": Rule("warning", "Compiled Python is left out of the entry."),
    "FRG308": Rule("error", "The files together stay under the rules' entry_bytes."),
    "FRG309": Rule("error", "There are at most the rules' entry_files files."),
    "FRG310": Rule("error", "Every file and folder can be read."),
    "FRG311": Rule("warning", "Hidden files are left out of the entry."),
    "FRG312": Rule("error", "Folders are at most 16 deep."),
    "FRG313": Rule("error", "No two names differ only in case or Unicode form; all are in form C."),
    "FRG314": Rule("error", "A path is at most 1,000 bytes of UTF-8, a name in it at most 255."),
    # The lock file that environment.requirements names.
    "FRG501": Rule("error", "The file that environment.requirements names is in the folder."),
    "FRG502": Rule(
        "error", "A lock is printable UTF-8 text: at most 1 MiB and 2,000 requirements."
    ),
    "FRG503": Rule("error", "Every line of it is a requirement as pip writes it."),
    "FRG504": Rule("error", "Every requirement is pinned to one version with ==."),
    "FRG505": Rule("error", "Every requirement has its hashes: SHA-256, SHA-384 or SHA-512."),
    "FRG506": Rule("error", "No requirement is a URL, a repository, a path or editable."),
    "FRG507": Rule("error", "It holds no options: where packages come from is the organiser's."),
    "FRG508": Rule("error", "A package stands in it once for a platform."),
    "FRG509": Rule("warning", "It is for this Python and platform, as far as can be read off it."),
    "FRG510": Rule("error", "Something in it applies to this Python and platform."),
    "FRG511": Rule(
        "error", "It names whatever its packages need; seen from their wheels: check --wheelhouse."
    ),
    "FRG512": Rule(
        "error", "Each package has a wheel for this platform; seen with check --wheelhouse only."
    ),
    # What a pull request changes: only check --base looks.
    "FRG601": Rule("error", "Whoever opens a pull request is in a team of teams.toml."),
    "FRG602": Rule("error", "A pull request changes folders of entries, and nothing else."),
    "FRG603": Rule(
        "error",
        "An entry's folder is changed by its own team only; one that rules name, by organisers.",
    ),
    "FRG604": Rule("error", "An entry's team is the author's, by its id in teams.toml."),
    "FRG605": Rule("error", "An entry's team is not spelled so that it passes for another."),
    "FRG606": Rule("error", "No two entries have names that some systems take for one."),
    "FRG607": Rule("error", "Git keeps an entry as plain files: no submodules, no links."),
    "FRG608": Rule("error", "An entry brings no .gitattributes: a checkout is what was reviewed."),
    "FRG609": Rule("error", "No part of a changed path is empty, ., .. or any system's .git."),
    "FRG610": Rule("error", "Rules, teams and tasks can be read as an organiser changes them."),
    "FRG611": Rule("error", "No private key of an organiser is committed."),
    "FRG612": Rule("warning", "What comes with a changed harness can be read by this one, too."),
}


def fault(code: str, path: str, message: str, remedy: str, position: Position = NOWHERE) -> Fault:
    """Make a fault of the rule ``code``; the rule decides how severe it is."""
    return Fault(
        code=code,
        severity=RULES[code].severity,
        path=visible(path),
        line=position.line,
        column=position.column,
        message=visible(message),
        remedy=visible(remedy),
    )


def in_order(faults: Iterable[Fault]) -> tuple[Fault, ...]:
    """Sort, drop what was found twice, and fold what one code says too often."""
    counts: Counter[str] = Counter()
    kept: list[Fault] = []
    for found in sorted(set(faults), key=lambda found: found.order):
        counts[found.code] += 1
        if counts[found.code] <= MAX_PER_CODE:
            kept.append(found)
    for code, count in counts.items():
        if count > MAX_PER_CODE:
            more = f"{count - MAX_PER_CODE:,} more like those listed"
            kept.append(fault(code, ".", more, "correct those first"))
    return tuple(sorted(kept, key=lambda found: found.order))


def unprintable(text: str) -> str | None:
    """Return the first character that could deceive a reader or a terminal, else ``None``.

    Control and format characters, line separators, lone surrogates, private and unassigned code
    points. The two joiners are let through: scripts and emoji need them.
    """
    for character in text:
        if character.isprintable() or character in "\u200c\u200d":
            continue
        if unicodedata.category(character) != "Zs":  # a wide or no-break space deceives nobody
            return character
    return None


def visible(text: str) -> str:
    """Escape what is not printable, so that any name can be shown, and written as UTF-8."""
    if text.isprintable():
        return text
    return "".join(
        c if unprintable(c) is None else c.encode("unicode_escape", "surrogatepass").decode("ascii")
        for c in text
    )


def quoted(text: str, limit: int = 60) -> str:
    """Return ``text`` in quotes, escaped, and cut after ``limit`` characters."""
    return f'"{shortened(visible(text), limit)}"'


def shortened(text: str, limit: int = 60) -> str:
    """Return ``text``, cut after ``limit`` characters."""
    return f"{text[:limit]}…" if len(text) > limit else text


def suggestion(found: str, known: tuple[str, ...]) -> str:
    """Return `` (did you mean "…"?)`` for the nearest known word, else nothing."""
    from difflib import get_close_matches  # noqa: PLC0415 - only needed once something is wrong

    near = get_close_matches(found[:100], known, n=1)
    return f' (did you mean "{near[0]}"?)' if near else ""
