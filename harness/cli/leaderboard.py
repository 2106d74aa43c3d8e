"""``leaderboard``: make boards of the records, and the page that shows them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.options import JsonOption
from harness.cli.output import print_json, stdout_console
from harness.cli.project import find_project
from harness.errors import OrganiserError, UsageError

if TYPE_CHECKING:
    from harness.records.board import Boards
    from harness.records.rules import Rules
    from harness.store.keys import KeyRing

LOCAL = "local"
"""The folder, inside the site's and ignored by git, of the page that shows local results too."""

EXAMPLES = """Examples:

python -m harness leaderboard

python -m harness leaderboard --json > boards.json

python -m harness leaderboard --check
"""


def leaderboard(
    results: Annotated[
        Path | None, typer.Option(help="Results folder.", show_default="leaderboard/results")
    ] = None,
    output: Annotated[
        Path | None, typer.Option(help="Folder of the page.", show_default="leaderboard/site")
    ] = None,
    published: Annotated[
        bool,
        typer.Option("--published", help="Leave out this machine's own, self-reported results."),
    ] = False,
    check: Annotated[
        bool,
        typer.Option("--check", help="Write nothing; fail when the committed page is stale."),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Make the boards and their page.

    The page of what is published goes to the site's folder and is committed; where there are
    local, self-reported results, a second page that shows these too goes to its folder "local".
    Results of another folder, without --output, go to "local" only: what is committed stays.
    """
    from harness.site.render import render

    project = find_project()
    rules, keys = project.rules(), project.key_ring()
    folder = output or project.site
    source = project.results if results is None else _existing(results)
    public = _boards(source, rules, keys, local=False)
    if check:
        _check(public, render(public), folder, as_json=as_json)
        return
    shown = public if published else _boards(source, rules, keys, local=True)
    foreign = output is None and source.resolve() != project.results.resolve()
    if not foreign:
        _write(folder, render(public))
    page = folder / "index.html"
    # Also when no local result is left: else the page would go on showing those that were.
    if foreign or shown != public or (not published and (folder / LOCAL).is_dir()):
        page = folder / LOCAL / "index.html"
        _write(folder / LOCAL, render(shown))
    if as_json:
        print_json(shown)
    else:
        from harness.cli.boards import print_boards

        print_boards(stdout_console(), shown, page)
    if shown.problems:
        raise typer.Exit(1)


def _existing(results: Path) -> Path:
    """Return a results folder that was named; one that is not there is a slip of the pen."""
    if results.is_dir():
        return results
    found = "is not a folder" if results.exists() else "does not exist"
    raise UsageError(f"{results}: {found}", remedy="name the folder that evaluate wrote to")


def _boards(results: Path, rules: Rules, keys: KeyRing, *, local: bool) -> Boards:
    from harness.ranking.boards import make_boards
    from harness.store.results import read_all

    stored, problems = read_all(results, keys, local=local)
    return make_boards(stored, rules, problems)


def _check(boards: Boards, files: dict[str, bytes], folder: Path, *, as_json: bool) -> None:
    """Compare the page with what the records give; exit with 1 when they differ."""
    stale = sorted(name for name in files if _read(folder / name) != files[name])
    from harness.submissions.faults import visible

    # Spreadsheets of boards that are gone; what a host needs beside the page is nobody's fault.
    left_over = sorted({path.name for path in folder.glob("*.csv")} - files.keys())
    fresh = not (stale or left_over or boards.problems)
    if as_json:
        print_json(
            {"fresh": fresh, "stale": stale, "left_over": left_over, "problems": boards.problems}
        )
    else:
        console = stdout_console()
        for name in stale:
            console.print(f"stale: {folder / name}", markup=False, soft_wrap=True)
        for name in left_over:
            console.print(f"left over: {folder / name}", markup=False, soft_wrap=True)
        for problem in boards.problems:
            told = visible(f"{problem.path}: {problem.message} [{problem.code}]")
            console.print(told, markup=False)
        if fresh:
            console.print(f"{folder} is what the records give")
        elif stale or left_over:
            console.print("fix: python -m harness leaderboard --published, and commit the page")
        else:
            console.print("fix: restore the files named above, or remove them")
    if not fresh:
        raise typer.Exit(1)


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _write(folder: Path, files: dict[str, bytes]) -> None:
    """Replace the page's files one by one, each at once; take away boards that are gone."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if (folder / "boards.json").exists():  # a page of ours: nobody else's files are touched
            for spreadsheet in folder.glob("*.csv"):
                if spreadsheet.name not in files:
                    spreadsheet.unlink()
        for name, content in files.items():
            draft = folder / f".{name}.new"
            draft.write_bytes(content)
            os.replace(draft, folder / name)  # noqa: PTH105 - says what it does
    except OSError as error:
        raise OrganiserError(
            f"{error.filename or folder}: the page cannot be written: {error.strerror}",
            remedy="give --output a folder that can be written",
        ) from None
