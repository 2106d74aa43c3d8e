"""``evaluate``: run entries in a sandbox under a meter, and keep a record of each."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from harness.cli.options import EntriesArgument, JsonOption
from harness.cli.output import print_json, print_note, stdout_console
from harness.cli.project import Project, find_project
from harness.errors import OrganiserError, SubmissionError, UsageError

if TYPE_CHECKING:
    from harness.cli.profiles import Chosen, Machine
    from harness.evaluation.run import Assignment
    from harness.evaluation.session import Heard
    from harness.records.evaluation import EvaluationRecord, Hardware, ItemOutcomes
    from harness.records.rules import Rules
    from harness.submissions.check import CheckReport
    from harness.submissions.manifest import Manifest
    from harness.tasks.protocol import Task, TaskData

EXAMPLES = """Examples:

python -m harness evaluate submissions/climate-tfidf

python -m harness evaluate submissions/my-team --data path/to/parquet --protocol official

python -m harness evaluate submissions/* --json > results.json
"""


@dataclass(frozen=True)
class Request:
    """What the command line asks of every entry."""

    data: str
    protocol: Literal["quick", "official"]
    scenario: Literal["offline", "single"]
    seed: int
    demonstration: bool


@dataclass
class Results:
    """The sink: keeps what each evaluation hands over."""

    folder: Path
    kept: list[tuple[EvaluationRecord, Path]] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)
    """What the entry that is being evaluated has printed so far."""
    printed: Path | None = None
    """Where that of the last record is kept; ``None`` where it printed nothing."""

    def accept(self, record: EvaluationRecord, outcomes: ItemOutcomes | None) -> None:
        """Write the record, and beside it the outcomes of single items."""
        from harness.store.results import write

        self.kept.append(write(self.folder, record, outcomes))
        self.printed = self._keep_printed(self.kept[-1][1])

    def _keep_printed(self, record_file: Path) -> Path | None:
        """Write what the entry printed beside its record, which is safe already."""
        from harness.store.printed import Printed, write_printed

        heard = [Printed(each.where, each.output.text, each.output.bytes_written)
                 for each in self.heard]  # fmt: skip
        self.heard.clear()
        try:
            return write_printed(record_file, heard)
        except OrganiserError as error:
            print_note(f"what the entry printed is lost: {error.message}")
            return None


def evaluate(  # noqa: PLR0917 - typer makes options of them
    entries: EntriesArgument,
    data: Annotated[
        str,
        typer.Option(
            help="sample (generated), hub, hub@REVISION, or a directory of train and test Parquet."
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
    seed: Annotated[
        int, typer.Option(min=0, help="Seed of the sample data; orders stay secret and fresh.")
    ] = 0,
    output: Annotated[
        Path | None,
        typer.Option(help="Results folder.", show_default="leaderboard/results"),
    ] = None,
    demonstration: Annotated[
        bool,
        typer.Option(
            "--demonstration",
            help="Make records of the demonstration board: committed, unsigned, sample data only.",
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
    request = Request(data, protocol, scenario, seed, demonstration)
    reports = check_all(project, entries)
    if not all(report.ok for report in reports):
        refuse(reports, as_json=as_json)
    results = Results(output or project.results)

    def show(entry: Path) -> None:  # at once: what goes wrong later hides no result
        if not as_json:
            from harness.cli.result import print_result

            record, path = results.kept[-1]
            print_result(
                stdout_console(), record, path,
                entry=entry, elsewhere=output, printed=results.printed,
            )  # fmt: skip

    _evaluate_all(
        project,
        reports,
        entries,
        request,
        results,
        show=show,
        meter=tuple(meter or ("auto",)),
        profile=profile,
        isolation=isolation,
    )
    if as_json:
        documents = [_document(record, path) for record, path in results.kept]
        print_json(documents[0] if len(documents) == 1 else {"results": documents})
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


def _evaluate_all(
    project: Project,
    reports: Sequence[CheckReport],
    entries: Sequence[Path],
    request: Request,
    results: Results,
    *,
    show: Callable[[Path], None],
    meter: Sequence[str],
    profile: str | None,
    isolation: str,
) -> None:
    from harness.cli.accelerator import devices_for
    from harness.cli.profiles import choose_profile, this_machine
    from harness.cli.progress import progress_on_terminal
    from harness.evaluation.lock import machine_lock
    from harness.evaluation.run import evaluate as run_evaluation
    from harness.evaluation.session import Bench
    from harness.meters.kernel import run_reference_kernel
    from harness.meters.machine import surroundings_of
    from harness.meters.select import select
    from harness.sandbox.affinity import on_cores
    from harness.sandbox.ladder import choose
    from harness.store.results import check_writable

    rules = project.rules()
    check_writable(results.folder)
    machine = this_machine()
    chosen = choose_profile(project, profile, machine, official=request.protocol == "official")
    if chosen.note:
        print_note(chosen.note)
    surroundings = surroundings_of(machine.hardware, chosen.profile)
    chosen_meter = select(meter, surroundings)
    devices = [devices_for(_manifest(report), chosen_meter.describe()) for report in reports]
    load = _loader(project, request)
    with ExitStack() as stack:
        stack.enter_context(machine_lock())
        progress = stack.enter_context(progress_on_terminal())
        progress.note("probing the sandbox")
        sandbox = choose(isolation, chosen.entry_cores, on_weaker=print_note)
        stack.enter_context(on_cores(_left_by(chosen, machine)))

        def reference_kernel() -> float:
            with on_cores(chosen.entry_cores):  # what it compares are the entry's cores
                return run_reference_kernel()

        bench = Bench(sandbox, chosen_meter, reference_kernel, progress, hear=results.heard.append)
        for report in reports:  # all data before the first run: a fault in them shows at once
            load(_manifest(report).submission.task, progress.note)
        for entry, report, given in zip(entries, reports, devices, strict=True):
            progress.entry(report.entry)
            task, data = load(_manifest(report).submission.task, progress.note)
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="frugal-")))
            assignment = _assignment(
                entry, report, folder, task=task, data=data, rules=rules,
                hardware=chosen.hardware(machine.again()),
                machine_cores=surroundings.machine_cores, request=request, devices=given,
            )  # fmt: skip
            run_evaluation(
                assignment, bench, results, on_session=progress.session, on_void=progress.void
            )
            progress.clear()
            show(entry)


def _left_by(chosen: Chosen, machine: Machine) -> tuple[int, ...] | None:
    """Return the cores that a pinned entry leaves to the harness; ``None``: it may run anywhere."""
    if chosen.entry_cores is None:
        return None
    left = tuple(core for core in machine.usable_cores if core not in chosen.entry_cores)
    return left or None


def _loader(
    project: Project, request: Request
) -> Callable[[str, Callable[[str], None]], tuple[Task, TaskData]]:
    """Return what loads a task and its data, each task once however many entries it has."""
    from harness.tasks import load_task

    loaded: dict[str, tuple[Task, TaskData]] = {}

    def load(task_id: str, note: Callable[[str], None]) -> tuple[Task, TaskData]:
        if task_id not in loaded:
            note(f"loading {request.data} data of {task_id}")
            task = load_task(project.root, task_id)
            loaded[task_id] = task, task.load_data(request.data, request.seed)
        return loaded[task_id]

    return load


def _assignment(
    entry: Path,
    report: CheckReport,
    folder: Path,
    *,
    task: Task,
    data: TaskData,
    rules: Rules,
    hardware: Hardware,
    machine_cores: int,
    request: Request,
    devices: tuple[Path, ...],
) -> Assignment:
    """Copy the entry into ``folder``, and say what is to be run from there."""
    from harness.evaluation.run import Assignment
    from harness.sandbox.protocol import Launch
    from harness.submissions.snapshot import snapshot

    manifest = _manifest(report)
    copy = snapshot(entry, folder / "entry")
    if copy.digest != report.digest:
        raise SubmissionError(
            f"{entry}: changed between being checked and being copied",
            remedy="leave the folder alone while it is evaluated",
        )
    folder.chmod(0o755)  # the sandbox's user must get through to the copy
    return Assignment(
        submission=manifest.reference(report.entry, copy.digest),
        launch=Launch(
            directory=copy.directory,
            entry=manifest.model.entry,
            command=manifest.model.command,
            output=manifest.model.output,
            labels=len(task.labels),
            max_boxes=task.max_boxes,
            limits=rules.limits,
            devices=devices,
            cores=hardware.entry_cores,
        ),
        task=task,
        data=data,
        rules=rules,
        hardware=hardware,
        machine_cores=machine_cores,
        protocol=request.protocol,
        scenario=request.scenario,
        demonstration=request.demonstration,
    )


def _manifest(report: CheckReport) -> Manifest:
    if report.manifest is None:  # a report without faults has one
        raise AssertionError(report.entry)
    return report.manifest


def _document(record: EvaluationRecord, path: Path) -> dict[str, Any]:
    from harness.ranking.summary import summarise

    return {"record": record, "summary": summarise(record, str(path))}


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
        "warnings": [],
    }
