"""What entries need before any of them is run: data, packages, weights, a copy of their own."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from harness.cli.errors import printable
from harness.cli.options import listed_folder
from harness.cli.output import print_note
from harness.cli.project import Project
from harness.errors import HarnessError, SubmissionError

if TYPE_CHECKING:
    from harness.cli.evaluating.controls import Checked
    from harness.cli.evaluating.reporter import Reporter
    from harness.cli.evaluating.running import Request
    from harness.environments.protocol import Environment
    from harness.evaluation.assignment import Assignment
    from harness.evaluation.places import Places
    from harness.records.evaluation import Hardware
    from harness.records.rules import Rules
    from harness.submissions.check import CheckReport
    from harness.submissions.manifest import Manifest
    from harness.tasks.protocol import Task, TaskData

    Loader: TypeAlias = Callable[[str, Callable[[str], None]], tuple[Task, TaskData]]
    """Loads a task and its data by the task's name; told whom to tell."""

COPY = "entry"
"""The name of an entry's copy, in a folder of its own."""
COPYING = "copy"
"""The stage at which an entry that has changed is refused."""


def require_folders(weights: Path | None, wheelhouse: Path | None) -> Path | None:
    """Refuse options that name no folders; return the wheelhouse as it is found from anywhere."""
    if weights is not None:
        listed_folder(weights, "name a folder that can be listed with --weights")
    if wheelhouse is None:
        return None
    from harness.environments.wheelhouse import require_folder

    return require_folder(wheelhouse)


def loader(project: Project, request: Request) -> Loader:
    """Return what loads a task and its data, each task once however many entries it has."""
    from harness.tasks import load_task

    loaded: dict[str, tuple[Task, TaskData]] = {}

    def load(task_id: str, note: Callable[[str], None]) -> tuple[Task, TaskData]:
        if task_id not in loaded:
            note(f"loading {request.data} data of {task_id}")
            task = load_task(project.root, task_id)
            data = task.load_data(request.data, request.seed)
            for said in data.notes:
                print_note(f"note: {printable(said)}")
            loaded[task_id] = task, data
        return loaded[task_id]

    return load


class On(NamedTuple):
    """The machine that entries run on."""

    hardware: Callable[[], Hardware]
    """As it is by now."""
    cores: int
    """All that it has."""


def assignments(
    project: Project,
    checked: Sequence[Checked],
    request: Request,
    load: Loader,
    on: On,
    *,
    devices: Sequence[tuple[Path, ...]],
    named: Callable[[Path, Path], Places],
    progress: Reporter,
    stack: ExitStack,
) -> Iterator[tuple[Assignment, HarnessError | None]]:
    """Fetch, install and copy what entries need; yield what is to be run, or why it cannot be.

    ``named`` gives the names of an entry's folder and of its copy, which goes with ``stack``.
    """
    from harness.cli.evaluating.environments import prepare_all
    from harness.cli.weights import Supply

    rules = project.rules()
    reports = [each.report for each in checked]
    supply = Supply([(r.entry, manifest_of(r)) for r in reports], request.weights, progress)
    prepared = prepare_all(reports, rules.environments, request.wheelhouse, progress)
    for each, given, packages in zip(checked, devices, prepared, strict=True):
        entry, report = each.folder, each.report
        progress.entry(report.entry)
        task, data = load(manifest_of(report).submission.task, progress.note)
        temporary = tempfile.TemporaryDirectory(prefix="frugal-", ignore_cleanup_errors=True)
        folder = Path(stack.enter_context(temporary))  # what stays goes with the turn's own folder
        uncopied = _copy(entry, report, folder)
        assignment = _assignment(
            report, folder / COPY, task=task, data=data, rules=rules, hardware=on.hardware(),
            machine_cores=on.cores, request=request, devices=given,
            environment=packages.environment, places=named(entry, folder / COPY),
        )  # fmt: skip
        unready = uncopied or packages.error
        yield (
            assignment,
            unready or supply.place(report.entry, manifest_of(report), folder / COPY),
        )


def _copy(entry: Path, report: CheckReport, folder: Path) -> SubmissionError | None:
    """Copy the entry into ``folder``; return what is wrong with it by now: others go on.

    Raises ``OrganiserError`` when the copy cannot be written.
    """
    from harness.submissions.snapshot import snapshot

    folder.chmod(0o755)  # the sandbox's user must get through to the copy
    try:
        changed = snapshot(entry, folder / COPY).digest != report.digest
    except SubmissionError as error:
        error.stage = error.stage or COPYING
        return error
    if not changed:
        return None
    return SubmissionError(
        f"{entry}: changed between being checked and being copied",
        remedy="leave the folder alone while it is evaluated",
        stage=COPYING,
    )


def _assignment(
    report: CheckReport,
    directory: Path,
    *,
    task: Task,
    data: TaskData,
    rules: Rules,
    hardware: Hardware,
    machine_cores: int,
    request: Request,
    environment: Environment | None,
    places: Places,
    devices: tuple[Path, ...],
) -> Assignment:
    """Say what is to be run from the copy in ``directory``."""
    from harness.evaluation.assignment import Assignment
    from harness.sandbox.protocol import Launch

    manifest = manifest_of(report)
    return Assignment(
        submission=manifest.reference(report.entry, _digest(report)),
        launch=Launch(
            directory=directory,
            entry=manifest.model.entry,
            command=manifest.model.command,
            output=manifest.model.output,
            labels=len(task.labels),
            max_boxes=task.max_boxes,
            limits=rules.limits,
            environment=None if environment is None else environment.folder,
            devices=devices,
            cores=hardware.entry_cores,
        ),
        task=task,
        data=data,
        rules=rules,
        hardware=hardware,
        environment=None if environment is None else environment.reference,
        machine_cores=machine_cores,
        protocol=request.protocol,
        scenario=request.scenario,
        demonstration=request.demonstration,
        places=places,
    )


def _digest(report: CheckReport) -> str:
    if report.digest is None:  # a report without faults has one
        raise AssertionError(report.entry)
    return report.digest


def manifest_of(report: CheckReport) -> Manifest:
    """Return the manifest of an entry that passed check."""
    if report.manifest is None:  # a report without faults has one
        raise AssertionError(report.entry)
    return report.manifest
