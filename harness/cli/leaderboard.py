"""``leaderboard``: make boards of the records, and the page that shows them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.options import JsonOption
from harness.cli.output import print_json, print_note, stdout_console, write_out
from harness.cli.project import Project, find_project
from harness.errors import OrganiserError, UsageError

if TYPE_CHECKING:
    from harness.cli.joints import Joints, Ranked
    from harness.site.language import Language
    from harness.store.private_key import Signer

LOCAL = "local"
"""The folder, inside the site's and ignored by git, of the page that shows local results too."""

EXAMPLES = """Examples:

python -m harness leaderboard

python -m harness leaderboard --json > boards.json

python -m harness leaderboard --markdown --language fr

python -m harness leaderboard --check

python -m harness leaderboard --published --sign jury-2026
"""


def leaderboard(  # noqa: PLR0917 - typer makes options of them
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
        typer.Option("--check", help="Write nothing; fail when the page or a joint file is stale."),
    ] = False,
    sign: Annotated[
        str | None,
        typer.Option(
            "--sign",
            metavar="KEY",
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
) -> None:
    """Make the boards and their page.

    The page of what is published goes to the site's folder and is committed; where there are
    local, self-reported results, a second page that shows these too goes to its folder "local".
    Results of another folder, without --output, go to "local" only: what is committed stays.

    Ranks come from the outcomes of single items beside the records. Where these are here, what
    they say is written to leaderboard/joint, and read from there where they are not.
    """
    from harness.cli.joints import Joints
    from harness.site.render import render

    project = find_project()
    folder = output or project.site
    source = project.results if results is None else _existing(results)
    own = source.resolve() == project.results.resolve()
    if partial and sign is None:
        raise UsageError("--partial is about what --sign signs", remedy="name a key, or leave it")
    tables = _tables_in(language, wanted=markdown, as_json=as_json, check=check)
    joints = Joints(project, source, _signer(project, sign, check=check, own=own))
    ranked = joints.ranked(local=False)
    if not partial:
        _require_whole(ranked)
    public = ranked.published
    if check:
        kept = joints if own else None
        _check(ranked, kept, folder, as_json=as_json)
        return
    shown = ranked.boards if published else joints.ranked(local=True).boards
    foreign = output is None and not own
    if own:
        _write_joints(joints, ranked)
    if not foreign:
        _write(folder, render(public))
    page = folder / "index.html"
    # Also when no local result is left: else the page would go on showing those that were.
    if foreign or (not published and (shown != public or (folder / LOCAL).is_dir())):
        page = folder / LOCAL / "index.html"
        _write(folder / LOCAL, render(shown))
    if as_json:
        print_json(shown)
    elif tables is not None:
        from harness.site.markdown import markdown_boards

        write_out(markdown_boards(shown, tables))
    else:
        from harness.cli.boards import print_boards

        print_boards(stdout_console(), shown, page)
    if shown.problems:
        raise typer.Exit(1)


def _tables_in(code: str | None, *, wanted: bool, as_json: bool, check: bool) -> Language | None:
    """Return the language that tables are printed in; ``None`` where none were asked for."""
    from harness.site.language import MAIN, codes, language

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
    if (chosen := code or MAIN) not in codes():
        raise UsageError(
            f"--language {chosen}: there is no catalogue of it",
            remedy=f"name one of {', '.join(codes())}",
        )
    return language(chosen)


def _existing(results: Path) -> Path:
    """Return a results folder that was named; one that is not there is a slip of the pen."""
    if results.is_dir():
        return results
    found = "is not a folder" if results.exists() else "does not exist"
    raise UsageError(f"{results}: {found}", remedy="name the folder that evaluate wrote to")


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


def _require_whole(ranked: Ranked) -> None:
    """Refuse to sign ranks of a part of the entries: who is missing could have won."""
    from harness.store.joint import joint_name

    for joint in ranked.stale:
        missing = [
            each.entry
            for each in joint.statistics.unranked
            if each.why in {"items-missing", "items-unfit"}
        ]
        if missing and joint.signature is not None:
            raise OrganiserError(
                f"{joint_name(joint.board)}: not signed: outcomes of single items are missing, or "
                f"do not fit: {', '.join(missing)}",
                remedy="bring their *.items.json from the machine that evaluated, or give "
                "--partial: they get no rank, and nobody a prize",
            )


def _write_joints(joints: Joints, ranked: Ranked) -> None:
    """Write the joint files that are not what the outcomes give; take away those of no board."""
    from harness.store.joint import joint_name, write_joint

    for joint in ranked.stale:
        if joint.board in ranked.unsigned:
            print_note(
                f"{joint_name(joint.board)}: not written, for want of a signature: its ranks are "
                "not published yet (--sign KEY)"
            )
        else:
            write_joint(joints.folder, joint)
    if not ranked.boards.problems:  # else a board may be gone for a passing reason
        for name in joints.left_over(ranked):
            (joints.folder / name).unlink(missing_ok=True)


def _check(ranked: Ranked, joints: Joints | None, folder: Path, *, as_json: bool) -> None:
    """Compare the page and joint files with what the records give; exit with 1 when they differ.

    Joint files are those of the project's own results: ``None`` for other ones.
    """
    from harness.site.render import render
    from harness.store.joint import FOLDER, joint_name

    boards = ranked.published
    files = render(boards)
    stale = sorted(name for name in files if _read(folder / name) != files[name])
    if joints is not None:
        stale += sorted(joint_name(joint.board) for joint in ranked.stale)
    # Data of boards that are gone; what a host needs beside the page is nobody's fault.
    left_over = sorted(_data_files(folder) - files.keys())
    if joints is not None:
        left_over += [f"{FOLDER}/{name}" for name in joints.left_over(ranked)]
    fresh = not (stale or left_over or boards.problems)
    if as_json:
        print_json(
            {"fresh": fresh, "stale": stale, "left_over": left_over, "problems": boards.problems}
        )
    else:
        _print_check(ranked, folder, stale, left_over)
    if not fresh:
        raise typer.Exit(1)


def _print_check(
    ranked: Ranked, folder: Path, stale: Sequence[str], left_over: Sequence[str]
) -> None:
    from harness.store.joint import FOLDER
    from harness.submissions.faults import visible

    console = stdout_console()
    problems = ranked.boards.problems
    for told, names in (("stale", stale), ("left over", left_over)):
        for name in names:
            shown = name if name.startswith(f"{FOLDER}/") else folder / name
            console.print(f"{told}: {shown}", markup=False, soft_wrap=True)
    for problem in problems:
        said = visible(f"{problem.path}: {problem.message} [{problem.code}]")
        console.print(said, markup=False)
    if stale or left_over:
        signed = " --sign KEY" if ranked.unsigned else ""
        console.print(
            f"fix: python -m harness leaderboard --published{signed}, and commit the folders"
        )
    elif problems:
        console.print("fix: restore the files named above, or remove them")
    else:
        console.print(f"{folder} is what the records give")


def _data_files(folder: Path) -> set[str]:
    """Name the files of boards, by their places in the site's folder: also where they once were."""
    found = [*folder.glob("*.csv"), *folder.glob("data/*.*")]
    return {path.relative_to(folder).as_posix() for path in found}


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
            for name in _data_files(folder) - files.keys():
                (folder / name).unlink()
        for name, content in files.items():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            draft = target.with_name(f".{target.name}.new")
            draft.write_bytes(content)
            os.replace(draft, target)  # noqa: PTH105 - says what it does
    except OSError as error:
        raise OrganiserError(
            f"{error.filename or folder}: the page cannot be written: {error.strerror}",
            remedy="give --output a folder that can be written",
        ) from None
