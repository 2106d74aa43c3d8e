"""``import``: what other tools claim, kept apart from what was measured here."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.options import JsonOption, complete_task, named_path
from harness.cli.output import print_json, print_line, print_note
from harness.cli.project import Project, find_project
from harness.errors import ConfigurationError, UsageError
from harness.submissions.faults import visible

if TYPE_CHECKING:
    from harness.records.imported import ImportedResult
    from harness.store.import_faults import ImportFault

EXAMPLES = """Examples:

python -m harness import result.json --format challenge-2025

python -m harness import emissions.csv --format codecarbon --task chainsaw --team "The Greens"
"""
MOST_SHOWN = 100
"""Of the faults of all files: strangers give them as many as they like."""


class ImportFormat(StrEnum):
    """What can be imported."""

    challenge_2025 = "challenge-2025"
    codecarbon = "codecarbon"


def import_results(  # noqa: PLR0917 - typer makes options of them
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...", parser=named_path, show_default=False, help="Files of claims."
        ),
    ],
    form: Annotated[ImportFormat, typer.Option("--format", help="What the files are.")],
    task: Annotated[
        str | None,
        typer.Option(
            autocompletion=complete_task,
            help="The task that they are about.",
            show_default="the one whose data set a result of 2025 names",
        ),
    ] = None,
    team: Annotated[
        str | None,
        typer.Option(help="Whose they are.", show_default="as a result of 2025 says"),
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="What they are called.", show_default="as the file says")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Import what other tools claim; it is shown as self-reported, and never ranked.

    All files are looked through first. Where anything is wrong, every fault (of many the first 100)
    is named with its row and its field, and nothing is imported. What is there already stays as it
    is: a table that has grown since, or a copy of a file, adds what is new in it.
    """
    from harness.store.imported import (
        imported_folder,
        imported_path,
        read_imported,
        without_repeated,
        write_imported,
    )

    project = find_project()
    _check_options(project, task, team, name)
    folder = imported_folder(project.results)
    results, faults = _read(project, files, form, task=task, team=team, name=name)
    results, repeated = without_repeated(results, read_imported(folder)[0])
    if faults or repeated:
        raise _refused(project, [*faults, *repeated])
    written = write_imported(folder, results)
    if as_json:
        print_json(
            {
                "imported": [
                    {"path": path, "new": new, "result": result}
                    for (path, new), result in zip(written, results, strict=True)
                ]
            }
        )
        return
    for result in results:
        said = f"{result.task}: {result.name}: {result.energy.value:g} {result.energy.unit}"
        print_line(visible(f"{said}, {imported_path(result)}"))
    new = sum(each for _, each in written)
    old = len(written) - new
    there = f", {old} {'was' if old == 1 else 'were'} there already" if old else ""
    print_note(f"imported {new}{there}; python -m harness leaderboard shows them")


def _check_options(project: Project, task: str | None, team: str | None, name: str | None) -> None:
    """Refuse a task that there is not, and texts that a file's would be refused for."""
    from harness.store.import_faults import wrong_text

    for option, text in (("--team", team), ("--name", name)):
        if text is not None and (why := wrong_text(text)) is not None:
            raise UsageError(f"{option}: {why}", remedy="give a line of plain text")
    if task is not None:
        project.card(task)


def _read(
    project: Project,
    files: Sequence[Path],
    form: ImportFormat,
    *,
    task: str | None,
    team: str | None,
    name: str | None,
) -> tuple[list[ImportedResult], list[ImportFault]]:
    """Look through all files; nothing is written yet."""
    from harness.store.import_2025 import read_2025
    from harness.store.import_codecarbon import read_codecarbon
    from harness.store.import_faults import NAME_A_TASK, ImportFault

    of_data = {card.hub.id: card.task.id for card in project.cards() if card.hub is not None}
    results: list[ImportedResult] = []
    faults: list[ImportFault] = []
    for path in files:
        content, found = _content(path)
        faults += found
        if content is None:
            continue
        digest = hashlib.sha256(content).hexdigest()
        shown = _shown_name(path)
        if form is ImportFormat.codecarbon:
            if task is None:
                told = f"codecarbon's table does not say which task it is about: {NAME_A_TASK}"
                faults.append(ImportFault(shown, None, "", told))
            read, found = read_codecarbon(
                content, shown, digest, task=task or "", team=team, name=name
            )
        else:
            read, found = read_2025(
                content, shown, digest, find_task=of_data.get, task=task, team=team, name=name
            )
        results += read
        faults += found
    return results, faults


def _content(path: Path) -> tuple[bytes | None, list[ImportFault]]:
    """Read a file; never a pipe, nor one so large that it must be something else."""
    from harness.records.base import printable
    from harness.store.import_faults import LARGEST_BYTES, ImportFault, wrong_text

    shown = visible(printable(str(path)))
    if (why := wrong_text(_shown_name(path))) is not None:
        return None, [ImportFault(shown, None, "", f"the name of the file {why}: rename it")]
    try:
        if not path.is_file():
            told = "is not a file" if path.exists() else "does not exist"
            return None, [ImportFault(shown, None, "", told)]
        if path.stat().st_size > LARGEST_BYTES:
            told = f"is larger than {LARGEST_BYTES // 2**20} MiB: no table of claims is"
            return None, [ImportFault(shown, None, "", told)]
        content = path.read_bytes()
    except OSError as error:
        return None, [ImportFault(shown, None, "", f"cannot be read: {error.strerror}")]
    if not content.strip():
        return None, [ImportFault(shown, None, "", "is empty")]
    return content, []


def _shown_name(path: Path) -> str:
    """Spell a file's name as a claim keeps it: it may be no UTF-8, or hold anything."""
    from harness.records.base import printable

    return visible(printable(path.name))[:200] or "file"


def _refused(project: Project, faults: Sequence[ImportFault]) -> ConfigurationError:
    from harness.store.import_faults import NAME_A_TASK

    number = f"{len(faults):,} faults" if len(faults) > 1 else "1 fault"
    without_task = [each for each in faults if each.message.endswith(NAME_A_TASK)]
    known = ", ".join(card.task.id for card in project.cards())
    remedies = [f"name the task with --task, one of {known}"] if without_task else []
    if len(without_task) < len(faults):
        remedies.append("correct the files where they come from, or their names")
    if claims := {each.claim for each in faults if each.claim}:
        shown = [f"leaderboard/{each}" for each in sorted(claims)[:MOST_SHOWN]]
        if len(claims) > MOST_SHOWN:
            shown.append(f"{len(claims) - MOST_SHOWN:,} more")
        remedies.append(f"or, where what was imported before is wrong, remove {', '.join(shown)}")
    lines = "".join(f"\n  {visible(str(fault))}" for fault in faults[:MOST_SHOWN])
    if len(faults) > MOST_SHOWN:
        lines += f"\n  and {len(faults) - MOST_SHOWN:,} more"
    return ConfigurationError(
        f"nothing was imported: {number}:{lines}",
        remedy=f"{', '.join(remedies)}, and import them again",
    )
