"""``report``: one entry's result as a page by itself, to attach to a mail or a pull request."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.options import (
    RECORD_ENDING,
    RESULTS_REMEDY,
    listed_folder,
    named_path,
    named_text,
    of_no_folder,
)
from harness.cli.output import STANDARD_OUTPUT, print_note, write_out
from harness.cli.project import find_project
from harness.cli.writing import write_file
from harness.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.records.board import Board, Problem
    from harness.site.entry_view import EntryView
    from harness.store.results import StoredRecord

EXAMPLES = """Examples:

python -m harness report my-team --output my-team.html

python -m harness report my-team >> "$GITHUB_STEP_SUMMARY"

python -m harness report record.json --format html --language fr --output rapport.html
"""

HTML_ENDINGS = (".html", ".htm")


class Format(StrEnum):
    """What a report is written in."""

    html = "html"
    markdown = "markdown"


def report(
    what: Annotated[
        str,
        typer.Argument(
            metavar="ENTRY|RECORD.json",
            parser=named_text,
            help="An entry, by name or folder, or the file of one record.",
        ),
    ],
    form: Annotated[
        Format | None,
        typer.Option("--format", help="html or markdown.", show_default="as --output ends"),
    ] = None,
    language: Annotated[
        str, typer.Option("--language", metavar="CODE", help="Language of the report.")
    ] = "en",
    output: Annotated[
        str,
        typer.Option(
            parser=named_text,
            metavar="FILE",
            help="File to write.",
            show_default="-, standard output",
        ),
    ] = STANDARD_OUTPUT,
    results: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            parser=named_path,
            help="Results folder that an entry is looked for in.",
            show_default="leaderboard/results",
        ),
    ] = None,
) -> None:
    """Write one entry's result as a page by itself.

    An entry stands for what its latest evaluation's board says of it, rank included. A record says
    what it holds, and needs no project around it. HTML is one file that asks for nothing else.
    """
    from harness.site.language import codes
    from harness.site.report import report_html, report_markdown
    from harness.submissions.faults import quoted

    if language not in codes():
        raise UsageError(
            f"--language: there is no catalogue of {language!r}",
            remedy=f"name one of {', '.join(codes())}",
        )
    if output.endswith("/"):
        raise UsageError(f"--output: {quoted(output)} names a folder", remedy="name a file in it")
    of_record = what.endswith(RECORD_ENDING)
    if of_record and results is not None:
        raise of_no_folder(what)
    view = _of_record(Path(what)) if of_record else _of_entry(what, results)
    write = report_html if (form or _format_of(output)) is Format.html else report_markdown
    content = write(view, language)
    if output == STANDARD_OUTPUT:
        write_out(content)
    else:
        write_file(Path(output), content)


def _format_of(output: str) -> Format:
    """Return what a file's ending asks for; Markdown where it asks for nothing."""
    html = Path(output).suffix.lower() in HTML_ENDINGS
    return Format.html if html else Format.markdown


def _of_record(path: Path) -> EntryView:
    from harness.cli.building.team_names import named, teams_at_hand
    from harness.cli.building.translations import board_with_words, words_at_hand
    from harness.site.report import view_of_record
    from harness.store.single import read_single

    try:
        project = find_project()
    except UsageError:  # a record can be read anywhere; who signed it is known in a project only
        return view_of_record(read_single(path, None), None)
    view = view_of_record(read_single(path, project.key_ring()), project.rule_book())
    board = board_with_words(view.board, words_at_hand(project))
    teams = teams_at_hand(project)
    return view._replace(
        board=board,
        entry=view.entry and named(view.entry, teams),
        failure=view.failure and named(view.failure, teams),
    )


def _of_entry(what: str, results: Path | None) -> EntryView:
    """Put together what the board of an entry's latest evaluation says of it."""
    from harness.cli.building.joints import Joints
    from harness.cli.building.team_names import teams_at_hand, with_team_names
    from harness.cli.building.translations import with_words, words_at_hand
    from harness.ranking.members import members_by_board, of_entry
    from harness.site.entry_view import entry_view
    from harness.store.results import read_all
    from harness.submissions.faults import quoted

    project = find_project()
    entry = os.path.basename(os.path.abspath(what))  # noqa: PTH100, PTH119 - follows no link
    folder = listed_folder(results or project.results, RESULTS_REMEDY)
    stored, problems = read_all(folder, project.key_ring())
    tasks = {each.record.task.id for each in stored if each.record.submission.entry == entry}
    if not tasks:
        raise _no_evaluation(entry, folder, stored, problems)
    beside = [each for each in stored if each.record.task.id in tasks]
    boards = with_words(Joints(project, folder).of(beside).boards, words_at_hand(project))
    boards = with_team_names(boards, teams_at_hand(project))
    members = members_by_board(beside, boards, project.rule_book())
    found = [
        (max(each.record.created_utc for each in own), board, own, name)
        for board in boards.boards
        if (name := _stands_as(board, entry)) and (own := of_entry(board, name, members[board.id]))
    ]
    if not found:
        why = next((p for p in boards.problems if p.path.split("/")[1:2] == [entry]), None)
        raise UsageError(
            f"{folder}: no evaluation of {quoted(entry)} stands on a board"
            + (f": {why.path}: {why.message}" if why else ""),
            remedy="name a record of it, or evaluate it again",
        )
    latest = max(moment for moment, *_ in found)
    _, board, own, name = next(each for each in found if each[0] == latest)
    if len(found) > 1:
        print_note(f"note: {entry} stands on {len(found)} boards; this is its latest, {board.id}")
    if name != entry:
        print_note(f"note: {entry} is the very same content as {name}, and in its row: this is it")
    return entry_view(board, name, own)


def _stands_as(board: Board, entry: str) -> str | None:
    """Return the name under which an entry stands on a board: an exact copy's is the original's."""
    if entry in {*(e.entry for e in board.entries), *(e.entry for e in board.failed)}:
        return entry
    return next((each.entry for each in board.entries if entry in each.copies), None)


def _no_evaluation(
    entry: str, folder: Path, stored: Sequence[StoredRecord], problems: Sequence[Problem]
) -> UsageError:
    """Say that there is nothing to report: what is there cannot be used, or is of other entries."""
    from harness.submissions.faults import quoted, suggestion

    wrong = [each for each in problems if each.path.split("/")[1:2] == [entry]]
    if wrong:
        return UsageError(
            f"{folder}: no evaluation of {quoted(entry)} can be used: {wrong[-1].path}: "
            f"{wrong[-1].message}",
            remedy="python -m harness verify says what to do about each",
        )
    known = tuple(sorted({each.record.submission.entry for each in stored}))
    meant = suggestion(entry, known)
    return UsageError(
        f"{folder}: no evaluation of {quoted(entry)}{meant}",
        remedy=f"{'correct the name, ' if meant else ''}evaluate it first, or name the file of a "
        "record",
    )
