"""``evaluate``: run entries in a sandbox under a meter, and keep a record of each."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from harness.cli.errors import printable
from harness.cli.evaluating import Request, Results, evaluate_all
from harness.cli.options import EntriesArgument, JsonOption, named_path, named_text, typed_for
from harness.cli.output import print_json, print_note, stdout_console
from harness.cli.project import Project, find_project
from harness.errors import SubmissionError, UsageError
from harness.records.seed import MOST_SEED

if TYPE_CHECKING:
    from harness.records.evaluation import EvaluationRecord
    from harness.store.private_key import Signer
    from harness.submissions.check import CheckReport

EXAMPLES = """Examples:

python -m harness evaluate submissions/climate-tfidf

python -m harness evaluate submissions/my-team --data path/to/parquet --protocol official

python -m harness evaluate submissions/* --json > results.json
"""


def evaluate(  # noqa: PLR0917 - typer makes options of them
    context: typer.Context,
    entries: EntriesArgument,
    data: Annotated[
        str,
        typer.Option(
            metavar="TEXT",
            parser=named_text,
            help="sample (generated), hub, hub@REVISION, or a directory of train and test Parquet.",
        ),
    ] = "sample",
    protocol: Annotated[
        Literal["quick", "official"],
        typer.Option(
            help="quick: a team's own check, not a verdict. official: what a board is made of."
        ),
    ] = "quick",
    scenario: Annotated[
        Literal["offline", "single"],
        typer.Option(help="offline: in batches. single: one query at a time."),
    ] = "offline",
    meter: Annotated[
        list[str] | None,
        typer.Option(
            help="auto, rapl, nvml, shelly:ADDRESS, tasmota:ADDRESS, command:COMMAND, "
            "model (CPU time and a table), codecarbon or replay:FILE; several add up.",
            show_default="auto",
        ),
    ] = None,
    profile: Annotated[
        str | None,
        typer.Option(
            help="A name from leaderboard/hardware that this machine must match, or unregistered.",
            show_default="the only one that matches",
        ),
    ] = None,
    isolation: Annotated[
        str, typer.Option(help="auto, bwrap, landlock or none (never ranked).")
    ] = "auto",
    wheelhouse: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            parser=named_path,
            help="A folder of wheels that locked environments are installed from, offline.",
            show_default="the index that uv or pip is configured for",
        ),
    ] = None,
    seed: Annotated[
        int,
        typer.Option(
            min=0, max=MOST_SEED, help="Seed of the sample data; orders stay secret and fresh."
        ),
    ] = 0,
    weights: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            parser=named_path,
            help="Take entries' big weights from this folder, and fetch nothing.",
            show_default="fetched, and kept in a cache",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            parser=named_path,
            help="Results folder.",
            show_default="leaderboard/results",
        ),
    ] = None,
    demonstration: Annotated[
        bool,
        typer.Option(
            "--demonstration",
            help="Make records of the demonstration board: committed, unsigned, sample data only.",
        ),
    ] = False,
    sign: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="An organiser's key of leaderboard/keys to sign the records with.",
            show_default="not signed: self-reported",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Run entries in a sandbox under an energy meter, against labels they never see."""
    project = find_project()
    if demonstration and data != "sample":  # before an evaluation is spent on it
        raise UsageError(
            f"--demonstration is made of sample data only, and --data is {data}",
            remedy="leave out one of the two",
        )
    if weights is not None and not weights.is_dir():
        raise UsageError(f"--weights: {weights} is not a folder", remedy="name one that is there")
    if demonstration and sign is not None:
        raise UsageError(
            "--demonstration is never signed: it decides nothing",
            remedy="leave out one of --demonstration and --sign",
        )
    if wheelhouse is not None:
        from harness.environments.wheelhouse import require_folder

        wheelhouse = require_folder(wheelhouse)
    from harness.evaluation.turn import turn

    request = Request(
        data,
        protocol,
        scenario,
        seed,
        demonstration,
        meter=tuple(meter or ("auto",)),
        profile=profile,
        isolation=isolation,
        wheelhouse=wheelhouse,
        weights=weights,
    )
    reports = check_all(project, entries)
    if not all(report.ok for report in reports):
        refuse(reports, as_json=as_json)
    signer = _signer(project, sign)

    def show(entry: Path) -> None:  # at once: what goes wrong later hides no result
        if not as_json:
            from harness.cli.quota import had
            from harness.cli.result import print_result

            record, path = results.kept[-1]
            board = "python -m harness leaderboard"
            board += f" --results {shlex.quote(str(output))}" if output else ""
            print_result(
                stdout_console(), record, path,
                again=typed_for(context, entry), board=board, printed=results.printed,
                official=None if signer is None else had(project, folder, record).told,
            )  # fmt: skip

    folder = output or project.results
    with turn(folder) as mine:
        for swept in mine.swept:
            print_note(f"note: {printable(swept.told())}")
        results = Results(folder, mine, signer)
        evaluate_all(project, [*zip(entries, reports, strict=True)], request, results, show)
    if as_json:
        documents = [_document(project, results, record, path) for record, path in results.kept]
        interrupted = [swept.facts() for swept in mine.swept]
        print_json(
            (documents[0] if len(documents) == 1 else {"results": documents})
            | ({"interrupted": interrupted} if interrupted else {})
        )
    raise typer.Exit(exit_code([record for record, _ in results.kept]))


def check_all(project: Project, entries: Sequence[Path]) -> list[CheckReport]:
    """Check every entry before any is run."""
    from harness.cli.check import check_context
    from harness.submissions.check import check

    context = check_context(project)
    return [check(entry, context) for entry in entries]


def refuse(reports: Sequence[CheckReport], *, as_json: bool) -> None:
    """Show what is wrong with the entries and end with exit code 1: nothing was run."""
    if as_json:
        documents = [{"record": None, "summary": _refused(report)} for report in reports]
        print_json(documents[0] if len(documents) == 1 else {"results": documents})
    else:
        from harness.cli.check import print_report

        for report in reports:
            print_report(report)
        print_note("nothing was run: an entry must pass check first")
    raise typer.Exit(SubmissionError.exit_code)


def exit_code(records: Sequence[EvaluationRecord]) -> int:
    """Return 0 when all completed, 3 when the organiser's side failed, else 1."""
    from harness.records.evaluation import Failed

    blames = {record.outcome.blame for record in records if isinstance(record.outcome, Failed)}
    if "organiser" in blames:
        return 3
    return 1 if blames else 0


def _signer(project: Project, name: str | None) -> Signer | None:
    if name is None:
        return None
    from harness.cli.signing import load_signer

    return load_signer(project, name)


def _document(
    project: Project, results: Results, record: EvaluationRecord, path: Path
) -> dict[str, Any]:
    from msgspec.structs import replace

    from harness.cli.quota import had
    from harness.ranking.summary import summarise

    summary = summarise(record, str(path))
    if results.signer is not None:
        said = had(project, results.folder, record)
        summary = replace(
            summary, official_evaluations=said.count, official_evaluations_allowed=said.allowed
        )
    return {"record": record, "summary": summary}


def _refused(report: CheckReport) -> dict[str, Any]:
    """Return the summary of an entry that did not pass check: most of it is null."""
    from harness.ranking.summary import Summary

    errors = [fault for fault in report.faults if fault.severity == "error"]
    submission = report.manifest.submission if report.manifest else None
    return dict.fromkeys(Summary.__struct_fields__) | {
        "task": submission.task if submission else None,
        "entry": report.entry,
        "team": submission.team if submission else None,
        "status": "failed",
        "stage": "check",
        "blame": None if report.ok else "submission",
        "message": "; ".join(f"{fault.path}: {fault.message} [{fault.code}]" for fault in errors)
        or "not run: another entry did not pass check",
        "sessions": 0,
        "void_sessions": 0,
        "warnings": [],
    }
