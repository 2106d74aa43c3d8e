"""What ``compare`` is given: from names and paths to evaluations, and to what they answered."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.options import RECORD_ENDING, RESULTS_REMEDY, listed_folder
from harness.cli.project import Project
from harness.errors import ConfigurationError, UsageError
from harness.ranking.pairing import Evaluations, choose_pair, evaluations_of, why_not
from harness.records.session import Notice

if TYPE_CHECKING:
    from harness.ranking.gists import StoredLike
    from harness.records.rule_book import KnownRules
    from harness.store.results import StoredRecord

ITEMS_ENDING = ".items.json"


@dataclass(frozen=True)
class Source:
    """A results folder, read once."""

    folder: Path
    stored: tuple[StoredRecord, ...]
    problems: tuple[tuple[str, str], ...]
    """Paths, and what is wrong with what lies there."""
    output: str = ""
    """The option by which evaluate keeps records here, too."""


@dataclass(frozen=True)
class Named:
    """What one argument stands for."""

    text: str
    source: Source
    choices: tuple[Evaluations, ...]
    """Evaluations by board; of a record one alone."""


def sources_of(project: Project, texts: Sequence[str], results: Path | None) -> list[Source]:
    """Read the results folder that each argument is looked for in."""
    from harness.store.results import read_all

    keys = project.key_ring()
    output = "" if results is None else f" --output {shlex.quote(str(results))}"
    folders = [_folder_of(text, results or project.results) for text in texts]
    read: dict[Path, Source] = {}
    for folder in folders:
        if folder not in read:
            stored, problems = read_all(folder, keys)
            told = tuple((each.path, f"{each.message} [{each.code}]") for each in problems)
            read[folder] = Source(folder, stored, told, output)
    return [read[folder] for folder in folders]


def find(text: str, source: Source, rules: KnownRules) -> Named:
    """Return the evaluations that an argument names; ``UsageError`` where there are none."""
    if text.endswith(RECORD_ENDING):
        place = _place(Path(text), source.folder)
        found = [each for each in source.stored if each.path == place]
        if not found:
            why = dict(source.problems).get(place, "is no record of an evaluation")
            raise ConfigurationError(f"{text}: {why}", remedy="name another, or restore the file")
        return Named(text, source, tuple(evaluations_of(found, rules)))
    entry = os.path.basename(os.path.abspath(text))  # noqa: PTH100, PTH119 - follows no link
    found = [each for each in source.stored if each.record.submission.entry == entry]
    if not found:
        raise _no_evaluation(entry, source, text if os.sep in text else f"submissions/{entry}")
    return Named(text, source, tuple(evaluations_of(found, rules)))


def _folder_of(text: str, results: Path) -> Path:
    """Return the results folder of an argument; of a record, the one that it lies in."""
    if not text.endswith(RECORD_ENDING):
        return listed_folder(results, f"{RESULTS_REMEDY} with --results").resolve()
    path = Path(text)
    if text.endswith(ITEMS_ENDING):
        raise UsageError(
            f"{text}: holds the outcomes of single items", remedy="name the record beside it"
        )
    if not path.is_file():
        raise UsageError(
            f"{text}: {'is not a file' if path.exists() else 'does not exist'}",
            remedy="name a record, as evaluate prints it, or an entry",
        )
    return _around(path)


def _around(path: Path) -> Path:
    """Return the results folder around a record; all that lies in another would be read in vain."""
    from harness.store.single import read_single

    record = read_single(path, None).record
    place = Path(record.task.id, record.submission.entry)
    *above, task, entry = ("", "", *path.resolve().parent.parts)
    if (task, entry) != place.parts:
        raise ConfigurationError(
            f"{path}: does not lie in a folder {place}, as it would in a results folder",
            remedy=f"make {place} in any folder, and move it there with the *.items.json beside it",
        )
    return Path(*above)


def _place(path: Path, folder: Path) -> str:
    resolved = path.resolve()
    return resolved.relative_to(folder).as_posix() if resolved.is_relative_to(folder) else str(path)


def _no_evaluation(entry: str, source: Source, folder: str) -> UsageError:
    from harness.submissions.faults import quoted, suggestion

    unusable = [
        f"{path}: {why}" for path, why in source.problems if path.split("/")[1:2] == [entry]
    ]
    if unusable:
        return UsageError(
            f"{source.folder}: no evaluation of {quoted(entry)} can be used: {unusable[-1]}",
            remedy="python -m harness verify says what to do about each",
        )
    known = tuple(sorted({each.record.submission.entry for each in source.stored}))
    meant = suggestion(entry, known)
    first = f"evaluate it first: python -m harness evaluate {folder}{source.output}"
    return UsageError(
        f"{source.folder}: no evaluation of {quoted(entry)}{meant}",
        remedy=f"correct the name, or {first}" if meant else first,
    )


def pair_of(a: Named, b: Named) -> tuple[Evaluations, Evaluations, list[Notice]]:
    """Return the two that are compared, and what is to be said of the choice.

    Raises ``UsageError`` where nothing may be compared, or one side is a part of the other.
    """
    one, other = choose_pair(a.choices, b.choices)
    mine, theirs = set(one.paths), set(other.paths)  # a path holds digits of what lies there
    if mine == theirs:
        return (
            one,
            other,
            [
                Notice(
                    code="same-evaluations",
                    message="both names stand for the same evaluations: there is no difference",
                    remedy="name another entry, or another record",
                )
            ],
        )
    if both := sorted(mine & theirs):
        raise UsageError(
            f"{both[0]} is among the evaluations of both",
            remedy="name single records on both sides",
        )
    return one, other, []


def names_of(one: Evaluations, other: Evaluations) -> tuple[str, str]:
    """Return what the verdict calls them: two of one entry by their moments, or by digests."""
    members = one.members[-1], other.members[-1]
    entries = [each.record.submission.entry for each in members]
    if entries[0] != entries[1]:
        return entries[0], entries[1]
    moments = [each.record.created_utc[:19].replace("T", " ") for each in members]
    if moments[0] == moments[1]:
        moments = [Path(each.path).name.split(".")[0] for each in members]
    elif moments[0][:16] != moments[1][:16]:
        moments = [each[:16] for each in moments]
    return f"{entries[0]} ({moments[0]})", f"{entries[1]} ({moments[1]})"


def notes_on(project: Project, side: tuple[Named, Evaluations]) -> list[Notice]:
    """Say of a side what a reader would take it for and it is not: up to date, or whole.

    A record that is named stands for itself.
    """
    named, evaluations = side
    if named.text.endswith(RECORD_ENDING):
        return []
    entry = evaluations.members[-1].record.submission.entry
    notes = _failed_since(named, entry, evaluations)
    folder = _folder_as_named(project, named.text, entry)
    if folder and (change := _change_since(folder, evaluations)):
        shown = folder.relative_to(project.root) if folder.is_relative_to(project.root) else folder
        notes.append(
            Notice(
                code="entry-changed",
                message=f"{shown} {change}: this is of the version {evaluations.digest[:8]}",
                remedy="evaluate it: python -m harness evaluate "
                f"{shlex.quote(str(shown))}{named.source.output}",
            )
        )
    return notes


def _failed_since(named: Named, entry: str, evaluations: Evaluations) -> list[Notice]:
    from harness.records.evaluation import Failed

    def told(each: StoredLike, why: str) -> str:
        outcome = each.record.outcome
        if isinstance(outcome, Failed):
            return f"failed in {outcome.stage} (blame: {outcome.blame})"
        return f"cannot be used, {why}"

    def remedy(each: StoredLike) -> str:
        outcome = each.record.outcome
        faulty = isinstance(outcome, Failed) and outcome.blame == "submission"
        return "mend it, and evaluate the entry again" if faulty else "evaluate the entry again"

    return [
        Notice(
            code="failed-since",
            message=f"a later evaluation of {entry} {told(each, why)}: {each.path}",
            remedy=remedy(each),
        )
        for each in named.source.stored
        if each.record.submission.entry == entry
        and each.record.created_utc > evaluations.latest
        and (why := why_not(each)) is not None
    ][-1:]


def _folder_as_named(project: Project, text: str, entry: str) -> Path | None:
    """Return the folder that an argument names; ``None`` where it is a name, and no more is here.

    A name is that of a folder of ``submissions/`` first.
    """
    own, named = project.submissions / entry, Path(text)
    if text != entry:
        return named
    return next((folder for folder in (own, named) if folder.is_dir()), None)


def _change_since(folder: Path, evaluations: Evaluations) -> str | None:
    """Say how an entry's folder is another than the one that was evaluated; ``None``: it is not."""
    from harness.errors import HarnessError
    from harness.submissions.snapshot import entry_digest

    try:
        same = entry_digest(folder) == evaluations.digest
    except HarnessError as error:  # what was evaluated could be read
        return f"has changed since it was evaluated, and is no entry now ({error.message})"
    return None if same else "has changed since it was evaluated"
