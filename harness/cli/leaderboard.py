"""``leaderboard``: make boards of the records, and the page that shows them."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from functools import cache
from functools import partial as partial_call
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.building.collecting import seldom_collected
from harness.cli.options import RESULTS_REMEDY, JsonOption, listed_folder, named_path, named_text
from harness.cli.output import print_json, print_line, stdout_console, write_out
from harness.cli.project import Project, find_project
from harness.errors import UsageError

if TYPE_CHECKING:
    from harness.cli.building.joints import Ranked
    from harness.cli.building.unchanged import Asked, Shown
    from harness.site.language import Language
    from harness.store.private_key import Signer

EXAMPLES = """Examples:

python -m harness leaderboard

python -m harness leaderboard --json > boards.json

python -m harness leaderboard --markdown --language fr

python -m harness leaderboard --check

python -m harness leaderboard --published --sign jury-2026
"""


@seldom_collected()
def leaderboard(  # noqa: PLR0917 - typer makes options of them
    results: Annotated[
        Path | None,
        typer.Option(
            parser=named_path,
            metavar="PATH",
            help="Results folder.",
            show_default="leaderboard/results",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            parser=named_path,
            metavar="PATH",
            help="Folder of the page.",
            show_default="leaderboard/site",
        ),
    ] = None,
    published: Annotated[
        bool,
        typer.Option("--published", help="Leave out this machine's own, self-reported results."),
    ] = False,
    check: Annotated[
        bool,
        typer.Option("--check", help="Write nothing; fail when the page or a joint file is stale."),
    ] = False,
    sign: Annotated[
        str | None,
        typer.Option(
            "--sign",
            metavar="KEY",
            parser=named_text,
            help="Sign the joint files of boards of signed records with this key.",
            show_default=False,
        ),
    ] = None,
    partial: Annotated[
        bool,
        typer.Option(
            "--partial",
            help="Sign also where outcomes of some entries are missing: they get no rank, and "
            "nobody a prize.",
        ),
    ] = False,
    as_json: JsonOption = False,
    markdown: Annotated[
        bool,
        typer.Option("--markdown", help="Print the boards as Markdown, for a README or a job."),
    ] = False,
    language: Annotated[
        str | None,
        typer.Option(metavar="CODE", help="Language of --markdown.", show_default="en"),
    ] = None,
    no_cache: Annotated[
        bool,
        typer.Option("--no-cache", help="Read and make everything anew, and keep nothing."),
    ] = False,
    processes: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="N", help="Processes that read and write.", show_default="one a core"
        ),
    ] = None,
) -> None:
    """Make the boards and their page.

    The page of what is published goes to the site's folder and is committed; where there are
    local, self-reported results, a second page that shows these too goes to its folder "local".
    Results of another folder, without --output, go to "local" only: what is committed stays.

    Ranks come from the outcomes of single items beside the records. Where these are here, what
    they say is written to leaderboard/joint, and read from there where they are not.
    """
    from harness.cli.building.unchanged import Asked, look_at, unchanged
    from harness.cli.building.workers import usable_processes

    project = find_project()
    folder = output or project.site
    source = project.results if results is None else listed_folder(results, RESULTS_REMEDY)
    own = source.resolve() == project.results.resolve()
    if check and output is None and not own:
        raise UsageError(
            f"--check would hold {source} against the page of {project.results}",
            remedy="name the page that was made of these results with --output",
        )
    if partial and sign is None:
        raise UsageError("--partial is about what --sign signs", remedy="name a key, or leave it")
    tables = _tables_in(language, wanted=markdown, as_json=as_json, check=check)
    asked = Asked(
        project=project,
        results=source,
        own=own,
        folder=folder,
        foreign=output is None and not own,
        published=published,
        processes=processes or usable_processes(),
        cached=not no_cache,
    )
    printed = as_json or tables is not None
    seen = cache(partial_call(look_at, asked))
    if not (check or printed or sign or no_cache) and (shown := unchanged(asked, seen)) is not None:
        _print(asked.folder, shown)
        return
    signer = _signer(project, sign, check=check, own=own)
    if check:
        _check(asked, partial=partial, as_json=as_json)
        return
    from harness.cli.building.making import make

    made = make(asked, signer, partial=partial, seen=seen, needed=printed)
    if as_json:
        print_json(made.boards)
    elif tables is not None:
        from harness.site.markdown import markdown_boards

        write_out(markdown_boards(made.boards, tables))
    else:
        _print(asked.folder, made.shown)
        return
    if made.boards.faulty:
        raise typer.Exit(1)


def _tables_in(code: str | None, *, wanted: bool, as_json: bool, check: bool) -> Language | None:
    """Return the language that tables are printed in; ``None`` where none were asked for."""
    from harness.site.language import codes, language
    from harness.site.paths import MAIN_LANGUAGE

    if not wanted:
        if code is not None:
            raise UsageError(
                "--language is about --markdown", remedy="add --markdown, or leave it out"
            )
        return None
    if as_json or check:
        raise UsageError(
            f"--markdown and {'--json' if as_json else '--check'} cannot both be printed",
            remedy="leave one of them out",
        )
    if (chosen := code or MAIN_LANGUAGE) not in codes():
        raise UsageError(
            f"--language {chosen}: there is no catalogue of it",
            remedy=f"name one of {', '.join(codes())}",
        )
    return language(chosen)


def _signer(project: Project, name: str | None, *, check: bool, own: bool) -> Signer | None:
    """Open the key that signs joint files, if one was named."""
    from harness.cli.signing import load_signer

    if name is None:
        return None
    if check:
        raise UsageError(
            "--check writes nothing, so that nothing is signed", remedy="leave one of them out"
        )
    if not own:
        raise UsageError(
            "--sign is about leaderboard/joint, and --results names results from elsewhere",
            remedy="leave one of them out",
        )
    return load_signer(project, name)


def _print(folder: Path, shown: Shown) -> None:
    """Print boards; exit with 1 where something is wrong with a file."""
    from harness.cli.terminal.boards import print_boards

    print_boards(stdout_console(), shown.boards, folder / shown.page, shown.more)
    if shown.boards.faulty:
        raise typer.Exit(1)


def _check(asked: Asked, *, partial: bool, as_json: bool) -> None:
    """Compare the page and joint files with what the records give; exit with 1 when they differ.

    Joint files are those of the project's own results.
    """
    from harness.cli.building.making import compare
    from harness.cli.building.translations import missing_words
    from harness.store.joint import FOLDER, joint_name

    checked = compare(asked, partial=partial)
    ranked, site = checked.ranked, checked.site
    stale = list(site.changed)
    left_over = list(site.left_over) + [f"{FOLDER}/{name}" for name in checked.left_over_joints]
    if asked.own:
        stale += sorted(joint_name(joint.board) for joint in ranked.stale)
    problems = ranked.published.problems
    fresh = not (stale or left_over or ranked.published.faulty)
    untranslated = missing_words(asked.project)
    if as_json:
        print_json(
            {
                "fresh": fresh,
                "stale": stale,
                "left_over": left_over,
                "problems": problems,
                "untranslated": untranslated,
            }
        )
    else:
        signed = [f"{FOLDER}/{name}" for name in checked.signed_left_over]
        _print_check(ranked, asked, stale, left_over, signed)
        for each in untranslated:
            print_line(f"in English on its pages: {each}")
    if not fresh:
        raise typer.Exit(1)


def _print_check(
    ranked: Ranked,
    asked: Asked,
    stale: Sequence[str],
    left_over: Sequence[str],
    signed: Sequence[str],
) -> None:
    """Print what differs, and what to do: to bring back what is damaged before all else.

    A page made without it would be published without that entry, or without ranks. ``signed`` are
    those left over that ``leaderboard`` leaves where they are.
    """
    from harness.cli.building.joints import BRING_BACK
    from harness.store.joint import FOLDER
    from harness.submissions.faults import visible

    console, folder = stdout_console(), asked.folder
    problems = ranked.boards.problems
    for told, names in (("stale", stale), ("left over", left_over)):
        for name in names:
            shown = name if name.startswith(f"{FOLDER}/") else folder / name
            console.print(f"{told}: {shown}", markup=False, soft_wrap=True)
    for problem in problems:
        said = visible(f"{problem.path}: {problem.message} [{problem.code}]")
        console.print(said, markup=False)
    faults = [each.path for each in problems if each.is_fault and each.path not in stale]
    if faults:
        some = len(faults) < len(problems)
        which = visible(", ".join(faults)) if some else "the files named above"
        console.print(f"fix: restore, or remove, {which}", markup=False, soft_wrap=True)
        return
    for name in signed:
        told = f"fix: {name} is signed, and stays: {BRING_BACK}"
        console.print(told, markup=False, soft_wrap=True)
    if len(stale) + len(left_over) > len(signed):
        fix = f"fix: {_command(asked, ranked)}, and commit the folders"
        console.print(fix, markup=False, soft_wrap=True)
    elif not signed:
        console.print(f"{folder} is what the records give", markup=False, soft_wrap=True)


def _command(asked: Asked, ranked: Ranked) -> str:
    """Spell the command that makes the page anew of the same results, at the same place."""
    words = ["python", "-m", "harness", "leaderboard", "--published"]
    if not asked.own:
        words += ["--results", str(asked.results)]
    if asked.folder.absolute() != asked.project.site:
        words += ["--output", str(asked.folder)]
    return shlex.join([*words, "--sign", "KEY"] if ranked.unsigned else words)
