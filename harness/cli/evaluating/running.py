"""What ``evaluate`` does with entries that passed check: put everything together, and run it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from harness.cli.evaluating.preparing import On, assignments, loader, manifest_of
from harness.cli.output import print_note
from harness.cli.project import Project
from harness.errors import OrganiserError

if TYPE_CHECKING:
    from harness.cli.evaluating.controls import Checked, Group
    from harness.cli.evaluating.profiles import Chosen, Machine
    from harness.cli.evaluating.reporter import Reporter
    from harness.cli.evaluating.rounds import Keeping, Ready
    from harness.evaluation.places import Places
    from harness.evaluation.session import Bench, Heard
    from harness.evaluation.turn import Turn
    from harness.meters.protocol import Meter, Surroundings
    from harness.records.evaluation import EvaluationRecord, ItemOutcomes
    from harness.records.rules import Rules
    from harness.sandbox.protocol import Sandbox
    from harness.store.private_key import Signer


@dataclass(frozen=True)
class Request:
    """What the command line asks of every entry."""

    data: str
    protocol: Literal["quick", "official"]
    scenario: Literal["offline", "single"]
    seed: int
    demonstration: bool
    meter: tuple[str, ...] = ("auto",)
    profile: str | None = None
    """``None``: the only one that matches."""
    isolation: str = "auto"
    wheelhouse: Path | None = None
    """``None``: the index that the installer is configured for."""
    weights: Path | None = None
    """``None``: fetched."""
    resume: bool = False
    """Go on with what was interrupted."""


class Kept(NamedTuple):
    """A record that was kept."""

    record: EvaluationRecord
    path: Path
    printed: Path | None
    """Where that is kept which the entry printed; ``None`` for silence."""


@dataclass(frozen=True)
class Results:
    """Keeps the records, and what belongs to them."""

    folder: Path
    turn: Turn
    signer: Signer | None = None
    """Who vouches for what is kept; ``None``: it is self-reported."""

    def accept(
        self, record: EvaluationRecord, outcomes: ItemOutcomes | None, heard: Sequence[Heard]
    ) -> Kept:
        """Write the record, and beside it the outcomes of single items and what was printed."""
        from harness.cli.evaluating.keeping import keep
        from harness.store.results import write

        def written(
            folder: Path, on_places: Callable[[tuple[str, ...]], None]
        ) -> tuple[EvaluationRecord, Path]:
            return write(folder, record, outcomes, self.signer, on_places=on_places)

        as_kept, path = keep(written, self.folder, record, outcomes, self.turn)
        return Kept(as_kept, path, _keep_printed(path, heard))


def _keep_printed(record_file: Path, heard: Sequence[Heard]) -> Path | None:
    """Write what the entry printed beside its record, which is safe already."""
    from harness.store.printed import Printed, write_printed

    printed = [Printed(each.where, each.output.text, each.output.bytes_written) for each in heard]
    try:
        return write_printed(record_file, printed)
    except OrganiserError as error:
        print_note(f"what the entry printed is lost: {error.message}")
        return None


def evaluate_all(
    project: Project,
    groups: Sequence[Group],
    request: Request,
    results: Results,
    show: Callable[[Checked, Group, Kept], None],
) -> None:
    """Evaluate entries that passed check, those of one task together.

    ``show`` each as its record is kept, a control that was not asked for too.
    """
    from harness.cli.evaluating.profiles import choose_profile, this_machine
    from harness.cli.evaluating.reporter import Reporter
    from harness.cli.evaluating.rounds import evaluate_group
    from harness.cli.terminal.progress import progress_on_terminal
    from harness.evaluation.session import Bench
    from harness.meters.kernel import run_reference_kernel
    from harness.meters.machine import surroundings_of
    from harness.sandbox.affinity import on_cores
    from harness.store.results import check_writable

    rules = project.rules()
    check_writable(results.folder)
    machine = this_machine()
    chosen = choose_profile(
        project, request.profile, machine, official=request.protocol == "official"
    )
    if chosen.note:
        print_note(chosen.note)
    surroundings = surroundings_of(machine.hardware, chosen.profile)
    chosen_meter = _meter(request, surroundings, signed=results.signer is not None)
    with ExitStack() as stack:
        line = stack.enter_context(progress_on_terminal())
        progress = Reporter(line, results.turn.journal)
        progress.note("probing the sandbox")
        sandbox = sandbox_for(request, chosen.entry_cores, rules, signed=results.signer is not None)
        stack.enter_context(on_cores(left_by(chosen, machine)))

        def reference_kernel() -> float:
            with on_cores(chosen.entry_cores):  # what it compares are the entry's cores
                return run_reference_kernel()

        def matches() -> None:
            chosen.hardware(machine.again())

        bench = Bench(sandbox, chosen_meter, reference_kernel, progress)
        prepared = _prepare(
            project, groups, request, results, bench=bench, machine=machine, chosen=chosen,
            machine_cores=surroundings.machine_cores, progress=progress, stack=stack,
        )  # fmt: skip
        ended: list[Keeping] = []
        for group in groups:
            evaluate_group(
                group, prepared, bench, results, progress, show,
                before_round=matches, resume=request.resume, ended=ended, last=group is groups[-1],
            )  # fmt: skip


def _prepare(
    project: Project,
    groups: Sequence[Group],
    request: Request,
    results: Results,
    *,
    bench: Bench,
    machine: Machine,
    chosen: Chosen,
    machine_cores: int,
    progress: Reporter,
    stack: ExitStack,
) -> dict[str, Ready]:
    """Make everything that any session needs, before the first: a fault in it shows at once.

    Nothing is fetched, installed or copied between two sessions, which it would disturb. Returns
    entries by name; copies go with ``stack``.
    """
    from harness.cli.evaluating.accelerator import devices_for
    from harness.cli.evaluating.places import places
    from harness.cli.evaluating.quota import require_quota
    from harness.cli.evaluating.rounds import Ready
    from harness.evaluation.campaign import Contestant
    from harness.evaluation.places import Places
    from harness.evaluation.run import Evaluation

    checked = [each for group in groups for each in group.all]
    meter = bench.meter.describe()
    devices = [devices_for(manifest_of(each.report), meter) for each in checked]
    load = loader(project, request)
    asked = [
        (each.report, load(group.task, progress.note)[1])
        for group in groups
        for each in group.entries
    ]
    require_quota(project, results, asked, resume=request.resume)

    def named(entry: Path, copy: Path) -> Places:
        return Places(places(project, request, results, entry, copy))

    on = On(lambda: chosen.hardware(machine.again()), machine_cores)
    made: dict[str, Ready] = {}
    for assignment, unready in assignments(
        project, checked, request, load, on, devices=devices, named=named, progress=progress,
        stack=stack,
    ):  # fmt: skip
        heard: list[Heard] = []
        evaluation = Evaluation(assignment, replace(bench, hear=heard.append))
        made[evaluation.entry] = Ready(Contestant(evaluation, heard), unready)
    return made


def _meter(request: Request, surroundings: Surroundings, *, signed: bool) -> Meter:
    """Return the meter that is asked for; refuse one that is too weak for what is asked for."""
    from harness.cli.evaluating.admission import require_official_meter
    from harness.meters.select import select

    meter = select(request.meter, surroundings)
    if signed and request.protocol == "official":
        require_official_meter(meter.describe())
    return meter


def sandbox_for(
    request: Request, cores: tuple[int, ...] | None, rules: Rules, *, signed: bool
) -> Sandbox:
    """Return the sandbox that is asked for; refuse one that is too weak for what is asked for."""
    from harness.cli.diagnosing.cautions import about_forgetting
    from harness.cli.evaluating.admission import require_kept_apart, require_official_isolation
    from harness.sandbox.forgetting import why_not
    from harness.sandbox.ladder import choose

    sandbox = choose(request.isolation, cores, on_weaker=print_note)
    isolation = sandbox.probe(cores)
    if signed:
        require_kept_apart(isolation)
    if request.protocol == "official":
        require_official_isolation(isolation, request.isolation, rules)
        for caution in about_forgetting(why_not()):
            print_note(f"note: {caution.message}; {caution.remedy}")
    return sandbox


def left_by(chosen: Chosen, machine: Machine) -> tuple[int, ...] | None:
    """Return the cores that a pinned entry leaves to the harness; ``None``: it may run anywhere."""
    if chosen.entry_cores is None:
        return None
    left = tuple(core for core in machine.usable_cores if core not in chosen.entry_cores)
    return left or None
