"""``duel``: which of two entries takes less CPU time, told in seconds, on a busy machine too."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.errors import printable
from harness.cli.evaluate import check_all, refuse_unfit
from harness.cli.evaluating.controls import Checked
from harness.cli.evaluating.preparing import On, assignments, loader, manifest_of, require_folders
from harness.cli.evaluating.running import Request, left_by, sandbox_for
from harness.cli.options import (
    DataOption,
    IsolationOption,
    JsonOption,
    ProfileOption,
    ScenarioOption,
    SeedOption,
    WeightsOption,
    WheelhouseOption,
    named_path,
)
from harness.cli.output import print_json, print_note, stdout_console
from harness.cli.project import Project, find_project
from harness.errors import HarnessError, SubmissionError, UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from harness.cli.evaluating.reporter import Reporter
    from harness.evaluation.assignment import Assignment
    from harness.evaluation.duel import Round
    from harness.evaluation.turn import Turn
    from harness.ranking.duel import DuelResult
    from harness.ranking.paired_energy import EnergyFinding
    from harness.submissions.check import CheckReport

EXAMPLES = """Examples:

python -m harness duel submissions/climate-static submissions/climate-tfidf

python -m harness duel before/submissions/my-team submissions/my-team --fail-on-regression
"""
LEAST_ROUNDS = 5
"""As few as a board takes of sessions."""


def duel(  # noqa: PLR0917 - typer makes options of them
    a: Annotated[
        Path,
        typer.Argument(metavar="A", parser=named_path, help="The folder of an entry."),
    ],
    b: Annotated[
        Path,
        typer.Argument(metavar="B", parser=named_path, help="Another; it is judged beside A."),
    ],
    rounds: Annotated[
        int, typer.Option(min=LEAST_ROUNDS, help="Rounds, each in fresh sandboxes.")
    ] = 10,
    seconds: Annotated[
        float,
        typer.Option(
            min=0.01, max=600, help="CPU time that queries take the slower one in a round, about."
        ),
    ] = 0.5,
    margin: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            help="Share of CPU time that counts as none.",
            show_default="energy_margin of the rules",
        ),
    ] = None,
    fail_on_regression: Annotated[
        bool,
        typer.Option(
            "--fail-on-regression",
            help="Exit with 1 when B certainly takes more, by more than the margin.",
        ),
    ] = False,
    data: DataOption = "sample",
    scenario: ScenarioOption = "offline",
    profile: ProfileOption = None,
    isolation: IsolationOption = "auto",
    wheelhouse: WheelhouseOption = None,
    seed: SeedOption = 0,
    weights: WeightsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Have two entries take turns, batch by batch, and say which takes less CPU time.

    Nothing is metered or recorded, and labels are not looked at: quality and energy are what
    evaluate and compare are for.
    """
    from harness.evaluation.turn import turn

    project = find_project()
    if margin is None:
        margin = project.rules().ranking.energy_margin
    if not math.isfinite(margin):
        raise UsageError(f"--margin: is {margin}", remedy="give a finite number")
    wheelhouse = require_folders(weights, wheelhouse)
    request = Request(
        data, "quick", scenario, seed, demonstration=False, profile=profile,
        isolation=isolation, wheelhouse=wheelhouse, weights=weights,
    )  # fmt: skip
    sides = _checked(project, (a, b), as_json=as_json)
    with turn(project.results) as mine:
        for left in mine.cleared:
            print_note(f"note: {printable(left.told())}")
        result = _fight(project, sides, request, mine, rounds, seconds, margin)
    if as_json:
        print_json(result)
    else:
        print_duel(stdout_console(), result)
    if sides[0].report.digest == sides[1].report.digest:
        print_note("note: both are the same entry, byte by byte: what differs is chance")
    if fail_on_regression and result.regressions:
        parts = " and ".join(part.replace("_", " ") for part in result.regressions)
        print_note(f"regression: {parts}")
        raise typer.Exit(1)


def _checked(project: Project, folders: Sequence[Path], *, as_json: bool) -> list[Checked]:
    """Check both; refuse what cannot be compared by its CPU time."""
    reports = check_all(project, folders)
    unfit = [report for report in reports if not report.ok]
    if unfit and as_json:
        names = ", ".join(report.entry for report in unfit)
        raise SubmissionError(
            f"{names}: does not pass check, and nothing was run",
            remedy="python -m harness check says what is wrong",
        )
    refuse_unfit(reports, as_json=False)
    if folders[0].resolve() == folders[1].resolve():
        raise UsageError(
            f"{folders[0]} and {folders[1]} are the same folder",
            remedy="name another; to see what chance does, a copy of it",
        )
    tasks = [manifest_of(report).submission.task for report in reports]
    if tasks[0] != tasks[1]:
        raise UsageError(
            f"{folders[0]} is an entry of {tasks[0]}, and {folders[1]} of {tasks[1]}",
            remedy="name two entries of one task",
        )
    for folder, report in zip(folders, reports, strict=True):
        _refuse_accelerated(folder, report)
    return [Checked(folder, report) for folder, report in zip(folders, reports, strict=True)]


def _refuse_accelerated(folder: Path, report: CheckReport) -> None:
    asked = manifest_of(report).environment.accelerator
    if asked != "none":
        raise UsageError(
            f'{folder}: accelerator = "{asked}", and CPU time says nothing of what that does',
            remedy="evaluate both together, and compare them: python -m harness compare",
        )


def _fight(  # noqa: PLR0917 - what it is made of
    project: Project,
    sides: Sequence[Checked],
    request: Request,
    mine: Turn,
    rounds: int,
    seconds: float,
    margin: float,
) -> DuelResult:
    """Prepare both, run the rounds and judge them."""
    from harness.cli.evaluating.profiles import choose_profile, this_machine
    from harness.cli.evaluating.reporter import Reporter
    from harness.cli.terminal.progress import progress_on_terminal
    from harness.evaluation.duel import Duel, Side
    from harness.sandbox.affinity import on_cores

    rules, machine = project.rules(), this_machine()
    chosen = choose_profile(project, request.profile, machine, official=False)
    if chosen.note:
        print_note(chosen.note)
    with ExitStack() as stack:
        progress = Reporter(stack.enter_context(progress_on_terminal()), mine.journal)
        progress.note("probing the sandbox")
        sandbox = sandbox_for(request, chosen.entry_cores, rules, signed=False)
        stack.enter_context(on_cores(left_by(chosen, machine)))
        on = On(lambda: chosen.hardware(machine.again()), cores=0)
        ready = list(_ready(project, sides, request, on, progress, stack))
        names = names_of(sides)
        first = ready[0]
        at, left = "calibration", ""
        fight = Duel(
            [Side(n, e.launch, e.batch_size) for n, e in zip(names, ready, strict=True)],
            first.task, first.data, first.protocol_rules, sandbox,
            on_phase=lambda phase: progress.note(f"{at}{left}: {phase}"),
        )  # fmt: skip
        try:
            sweeps, done = fight.plan(fight.queries_for(seconds)), []
            began = time.monotonic()
            for number in range(rounds):
                at = f"round {number + 1} of {rounds}"
                if number:
                    each = (time.monotonic() - began) / number
                    left = f", about {each * (rounds - number):,.0f} s left"
                done.append(fight.run_round(sweeps))
        except HarnessError as error:
            error.message = f"{at}: {error.message}"
            raise
    return judged(names, ready, done, margin)


def _ready(  # noqa: PLR0917 - as above
    project: Project,
    sides: Sequence[Checked],
    request: Request,
    on: On,
    progress: Reporter,
    stack: ExitStack,
) -> Iterator[Assignment]:
    """Prepare both, each by itself: two versions of an entry have one name."""
    from harness.evaluation.places import Places

    load = loader(project, request)
    for side in sides:
        for assignment, unready in assignments(
            project, [side], request, load, on,
            devices=[()], named=lambda *_: Places(), progress=progress, stack=stack,
        ):  # fmt: skip
            if unready is not None:
                raise unready
            yield assignment


def names_of(sides: Sequence[Checked]) -> tuple[str, str]:
    """Return what the verdict calls them: two of one name by their folders."""
    a, b = (side.report.entry for side in sides)
    return (a, b) if a != b else (str(sides[0].folder), str(sides[1].folder))


def judged(
    names: tuple[str, str], ready: Sequence[Assignment], done: Sequence[Round], margin: float
) -> DuelResult:
    """Hold the rounds of both against each other."""
    from harness.ranking.duel import Contestant, DuelResult, compare_costs, regressions, verdict

    amortise = ready[0].rules.energy.amortise_queries
    costs = [[each.costs[at] for each in done] for at in range(2)]
    of_queries = [[cost.per_1000() for cost in side] for side in costs]
    of_preparation = [[cost.preparation_cpu_seconds for cost in side] for side in costs]
    as_ranked = [[cost.per_1000(amortise) for cost in side] for side in costs]
    queries, ranked = (compare_costs(each, margin) for each in (of_queries, as_ranked))
    a, b = (
        Contestant(
            name=name,
            batch_size=entry.batch_size,
            cpu_seconds_per_1000_queries=fmean(of_queries[at]),
            preparation_cpu_seconds=fmean(of_preparation[at]),
        )
        for at, (name, entry) in enumerate(zip(names, ready, strict=True))
    )
    return DuelResult(
        task=ready[0].task.id,
        a=a,
        b=b,
        rounds=len(done),
        queries_a_round=costs[0][0].queries,
        amortise_queries=amortise,
        margin=margin,
        queries=queries,
        preparation=compare_costs(of_preparation, margin),
        as_ranked=ranked,
        answers=sum(len(each.decisions[0]) for each in done),
        answers_alike=sum(int((each.decisions[0] == each.decisions[1]).sum()) for each in done),
        verdict=verdict(*names, queries, ranked, margin),
        regressions=regressions({"queries": queries, "as_ranked": ranked}, margin),
    )


def print_duel(console: Console, made: DuelResult) -> None:
    """Show the verdict, both sides, and what it stands on."""
    from harness.cli.terminal.boards import escape
    from harness.cli.terminal.rows import print_row
    from harness.cli.terminal.spelt import three_digits

    console.print()
    console.print(f"[bold]{escape(made.verdict)}[/bold]", highlight=False)
    console.print()
    for letter, side in (("A", made.a), ("B", made.b)):
        print_row(
            console, letter, f"{escape(side.name)}  [dim](batches of {side.batch_size})[/dim]"
        )
        each = three_digits(1000 * side.cpu_seconds_per_1000_queries)
        before = three_digits(side.preparation_cpu_seconds)
        print_row(
            console, "", f"{each} ms of CPU time per 1,000 queries; {before} s to start, load and "
            "warm up",
        )  # fmt: skip
    print_row(console, "queries", _ratio(made.queries))
    print_row(console, "preparation", _ratio(made.preparation))
    spread = f"[dim]preparation spread over {made.amortise_queries:,} queries[/dim]"
    print_row(console, "as ranked", f"{_ratio(made.as_ranked)}  {spread}")
    print_row(console, "answers", f"{made.answers_alike:,} of {made.answers:,} are the same")
    print_row(
        console, "on", f"{escape(made.task)}, {made.rounds} rounds of {made.queries_a_round:,} "
        "queries each",
    )  # fmt: skip


def _ratio(found: EnergyFinding) -> str:
    from harness.cli.terminal.boards import escape

    if found.ratio is None or found.ratio_interval is None:
        return f"not compared: {escape(found.reason)}"
    low, high = found.ratio_interval
    return f"B over A {found.ratio:.4g}  [dim](95 % {low:.4g} to {high:.4g})[/dim]"
