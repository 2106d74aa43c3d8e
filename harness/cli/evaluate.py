"""``evaluate``: run entries in a sandbox under a meter, and keep a record of each."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from harness.cli.errors import printable
from harness.cli.evaluating.controls import Checked, Group, grouped
from harness.cli.evaluating.preparing import require_folders
from harness.cli.evaluating.running import Kept, Request, Results, evaluate_all
from harness.cli.options import (
    DataOption,
    EntriesArgument,
    IsolationOption,
    JsonOption,
    ProfileOption,
    ScenarioOption,
    SeedOption,
    WeightsOption,
    WheelhouseOption,
    named_path,
    typed_for,
)
from harness.cli.output import print_json, print_note, stdout_console
from harness.cli.project import Project, find_project
from harness.errors import OrganiserError, SubmissionError, UsageError

if TYPE_CHECKING:
    from harness.cli.evaluating.quota import Had
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
    data: DataOption = "sample",
    protocol: Annotated[
        Literal["quick", "official"],
        typer.Option(
            help="quick: a team's own check, not a verdict. official: what a board is made of."
        ),
    ] = "quick",
    scenario: ScenarioOption = "offline",
    meter: Annotated[
        list[str] | None,
        typer.Option(
            help="auto, rapl, nvml, shelly:ADDRESS, tasmota:ADDRESS, command:COMMAND, "
            "model (CPU time and a table), codecarbon or replay:FILE; several add up.",
            show_default="auto",
        ),
    ] = None,
    profile: ProfileOption = None,
    isolation: IsolationOption = "auto",
    wheelhouse: WheelhouseOption = None,
    seed: SeedOption = 0,
    weights: WeightsOption = None,
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
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="Go on with an interrupted evaluation of the same entries, where there is one.",
        ),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Run entries in a sandbox under an energy meter, against labels they never see."""
    project = find_project()
    if demonstration and data != "sample":  # before an evaluation is spent on it
        raise UsageError(
            f"--demonstration is made of sample data only, and --data is {data}",
            remedy="leave out one of the two",
        )
    if demonstration and sign is not None:
        raise UsageError(
            "--demonstration is never signed: it decides nothing",
            remedy="leave out one of --demonstration and --sign",
        )
    wheelhouse = require_folders(weights, wheelhouse)
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
        resume=resume,
    )
    reports = check_all(project, entries)
    refuse_unfit(reports, as_json=as_json)
    checked = [Checked(entry, report) for entry, report in zip(entries, reports, strict=True)]
    groups = grouped(project, project.rules(), checked, protocol)
    signer = _signer(project, sign)
    folder = output or project.results
    board = "python -m harness leaderboard"
    board += f" --results {shlex.quote(str(output))}" if output else ""
    shown = Shown(project, folder, signed=signer is not None)

    def show(each: Checked, group: Group, kept: Kept) -> None:
        asked = each in group.entries
        shown.take(kept, asked=asked)  # at once: what goes wrong later hides no result
        if as_json:
            return
        from harness.cli.result import print_control, print_result

        if asked:
            print_result(
                stdout_console(), kept.record, kept.path,
                again=typed_for(context, each.folder), board=board, printed=kept.printed,
                official=shown.told(kept.record),
            )  # fmt: skip
        else:
            print_control(stdout_console(), kept.record, kept.path)

    with turn(folder) as mine:
        for left in mine.cleared:
            print_note(f"note: {printable(left.told())}")
        results = Results(folder, mine, signer)
        evaluate_all(project, groups, request, results, show)
    if as_json:
        interrupted = [left.facts() for left in mine.cleared]
        print_json(
            shown.document([report.entry for report in reports])
            | ({"interrupted": interrupted} if interrupted else {})
        )
    raise typer.Exit(shown.exit_code())


@dataclass
class Shown:
    """The records that came of it, as they are shown."""

    project: Project
    folder: Path
    signed: bool
    asked: dict[str, Kept] = field(default_factory=dict)
    """By entry."""
    controls: list[Kept] = field(default_factory=list)
    """Those that nobody asked for."""

    def take(self, kept: Kept, *, asked: bool) -> None:
        """Take one that was kept."""
        if asked:
            self.asked[kept.record.submission.entry] = kept
        else:
            self.controls.append(kept)

    def document(self, order: Sequence[str]) -> dict[str, Any]:
        """Return the JSON document, in the order in which entries were named."""
        documents = [self._document(self.asked[name]) for name in order]
        made = documents[0] if len(documents) == 1 else {"results": documents}
        controls = [self._document(each) for each in self.controls]
        return made | ({"controls": controls} if controls else {})

    def _document(self, kept: Kept) -> dict[str, Any]:
        return _document(kept, self._had(kept.record))

    def told(self, record: EvaluationRecord) -> str | None:
        """Say how many official evaluations the team has had; ``None``: no organiser signed."""
        had = self._had(record)
        return None if had is None else had.told

    def _had(self, record: EvaluationRecord) -> Had | None:
        from harness.cli.evaluating.quota import had

        return had(self.project, self.folder, record) if self.signed else None

    def exit_code(self) -> int:
        """Return the exit code: an official campaign that is void is the organiser's failure.

        Not of an entry that failed by itself: a campaign that it left early has no control's say.
        """
        from harness.records.evaluation import Completed

        records = [kept.record for kept in self.asked.values()]
        void = any(
            record.protocol == "official"
            and record.campaign
            and record.campaign.void
            and isinstance(record.outcome, Completed)
            for record in records
        )
        return OrganiserError.exit_code if void else exit_code(records)


def check_all(project: Project, entries: Sequence[Path]) -> list[CheckReport]:
    """Check every entry before any is run."""
    from harness.cli.check import check_context
    from harness.submissions.check import check

    context = check_context(project)
    return [check(entry, context) for entry in entries]


def refuse_unfit(reports: Sequence[CheckReport], *, as_json: bool) -> None:
    """Where an entry does not pass check show why, and end with exit code 1: nothing was run."""
    if all(report.ok for report in reports):
        return
    if as_json:
        documents = [{"record": None, "summary": _refused(report)} for report in reports]
        print_json(documents[0] if len(documents) == 1 else {"results": documents})
    else:
        from harness.cli.findings import print_report

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


def _document(kept: Kept, official: Had | None) -> dict[str, Any]:
    from msgspec.structs import replace

    from harness.ranking.summary import summarise

    summary = summarise(kept.record, str(kept.path))
    if official is not None:
        summary = replace(
            summary,
            official_evaluations=official.count,
            official_evaluations_allowed=official.allowed,
        )
    return {"record": kept.record, "summary": summary}


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
