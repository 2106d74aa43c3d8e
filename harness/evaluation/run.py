"""One evaluation: sessions, one after the other, into one record that is handed to a sink.

A session that was disturbed is void: it is repeated, and kept in the record with what was seen. An
entry's failure is a result, and never repeated.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from typing import Literal, Protocol

import msgspec

from harness import __version__
from harness.errors import HarnessError, MeasurementError, SubmissionError
from harness.evaluation.conspicuous import conspicuous
from harness.evaluation.gate import AWAKE, SLEPT_SECONDS, disturbances, who_may_have
from harness.evaluation.notices import notices
from harness.evaluation.places import Places
from harness.evaluation.plan import count_sweeps, plan_sweeps, sealed_rng, wanted_seconds
from harness.evaluation.session import Answers, Bench, Script, calibrate, run_session
from harness.meters.clock import suspended_seconds
from harness.records import evaluation as records
from harness.records.environment import EnvironmentReference
from harness.records.evaluation import (
    Completed,
    EvaluationRecord,
    Failed,
    Hardware,
    ItemOutcomes,
    Notice,
    Scenario,
    Session,
    SubmissionReference,
    TaskReference,
    VoidSession,
)
from harness.records.rules import ProtocolRules, Rules
from harness.sandbox.protocol import Launch
from harness.tasks.answers import as_corners, as_plain
from harness.tasks.protocol import Sample, Task, TaskData

DISTURBANCE = "disturbance"
"""The stage of an evaluation whose machine was never quiet enough."""


@dataclass(frozen=True)
class Assignment:
    """Which entry runs on what, and how."""

    submission: SubmissionReference
    launch: Launch
    task: Task
    data: TaskData
    rules: Rules
    hardware: Hardware
    environment: EnvironmentReference | None = None
    """The entry's own packages; ``None`` for the harness's."""
    machine_cores: int = 0
    """All that the machine has, those included that this process may not use; 0: no others."""
    protocol: records.Protocol = "quick"
    scenario: Scenario = "offline"
    demonstration: bool = False
    places: Places = field(default_factory=Places)
    """Of this machine, and what each is called in the record."""

    @property
    def protocol_rules(self) -> ProtocolRules:
        """The rules of the protocol that was asked for."""
        return self.rules.protocols[self.protocol]

    @property
    def batch_size(self) -> int:
        """How many samples go into one frame."""
        if self.scenario == "single":
            return 1
        return min(self.submission.batch_size, self.rules.boards.max_batch)


class Sink(Protocol):
    """Takes the finished record; what becomes of it is not the evaluation's business."""

    def accept(self, record: EvaluationRecord, outcomes: ItemOutcomes | None) -> None:
        """Keep the record and, apart from it, the outcomes of single items."""
        ...


@dataclass
class _Run:
    """What has happened so far: a failure keeps it."""

    sessions: list[Session] = field(default_factory=list)
    voided: list[VoidSession] = field(default_factory=list)
    answers: list[Answers] = field(default_factory=list)
    """Of the sessions that stand, and of one that failed."""
    outcome: Completed | Failed = field(default_factory=Completed)

    @property
    def kernels(self) -> list[float]:
        """What the reference kernel cost so far."""
        pairs = [s.kernel for s in self.sessions] + [void.kernel for void in self.voided]
        return [c for pair in pairs for c in (pair.before_cpu_seconds, pair.after_cpu_seconds)]


def evaluate(
    assignment: Assignment,
    bench: Bench,
    sink: Sink,
    *,
    unready: HarnessError | None = None,
    on_session: Callable[[int, int], None] = lambda _index, _total: None,
    on_void: Callable[[int, Sequence[Notice]], None] = lambda _index, _reasons: None,
) -> None:
    """Run every session of the protocol and hand one record to ``sink``, also when one fails.

    An error that the harness can explain becomes the record's outcome, with the stage and who is
    to blame; what had been seen by then stays in the record. So does ``unready``, where that
    has kept the entry from being made ready to run: then no session is. ``on_session`` is told the
    index of each session that begins and how many there will be, ``on_void`` that of one that is
    repeated.
    """
    created = datetime.now(UTC).isoformat(timespec="seconds")
    run = _Run()
    try:
        if unready is not None:
            raise unready
        _run_sessions(assignment, bench, run, on_session, on_void)
    except HarnessError as error:
        run.outcome = Failed(
            stage=error.stage or "set-up",
            blame=_blame(error),
            message=error.message,
            remedy=error.remedy,
        )
    sink.accept(_record(assignment, bench, run, created), _outcomes(assignment, run))


def _run_sessions(
    assignment: Assignment,
    bench: Bench,
    run: _Run,
    on_session: Callable[[int, int], None],
    on_void: Callable[[int, Sequence[Notice]], None],
) -> None:
    rules = assignment.protocol_rules
    warm_up = _warm_up_samples(assignment)
    seconds_per_query = calibrate(assignment.launch, warm_up, assignment.batch_size, bench)
    wanted = wanted_seconds(assignment.rules, rules, bench.meter.describe().refresh_seconds)
    sweeps = count_sweeps(rules, wanted, len(assignment.data.test), seconds_per_query)
    for index in range(rules.sessions):
        stands = False
        while not stands:
            on_session(index, rules.sessions)
            script = _script(
                assignment,
                index,
                warm_up,
                sweeps,
                variant_seconds=rules.variant_seconds * wanted / rules.measured_seconds,
            )
            stands = _run_one(assignment, script, bench, run)
            del script  # its variants go before the next ones are made
            if not stands:
                on_void(index, run.voided[-1].reasons)


def _script(
    assignment: Assignment,
    index: int,
    warm_up: Sequence[Sample],
    sweeps: int,
    *,
    variant_seconds: float,
) -> Script:
    split = assignment.data.test
    planned = plan_sweeps(
        assignment.task, split, sweeps, sealed_rng(), variant_seconds=variant_seconds
    )
    return Script(
        index=index,
        launch=assignment.launch,
        batch_size=assignment.batch_size,
        idle_seconds=assignment.protocol_rules.idle_seconds,
        warm_up=warm_up,
        split=split,
        sweeps=planned,
    )


def _run_one(assignment: Assignment, script: Script, bench: Bench, run: _Run) -> bool:
    """Run one session and say whether it stands; raise ``MeasurementError`` when none can."""
    rules = assignment.protocol_rules
    answers = Answers.none(len(script.split), assignment.launch.output)
    run.answers.append(answers)
    slept = suspended_seconds()
    try:
        session = run_session(script, bench, answers)
    except MeasurementError as error:
        raise _with_its_cause(error, slept) from None
    reasons = disturbances(
        session,
        run.kernels,
        max(assignment.machine_cores, assignment.hardware.cores),
        assignment.rules.disturbance,
    )
    repeats = len(run.voided)
    used_up = repeats >= rules.max_repeats
    if not reasons or (used_up and rules.when_disturbed == "keep"):
        confusion = assignment.task.confusion(answers.predictions, script.split.labels)
        run.sessions.append(
            msgspec.structs.replace(session, confusion=confusion, disturbances=reasons)
        )
        return True
    run.answers.pop()
    run.voided.append(_void(session, reasons))
    if used_up:
        raise _never_quiet(run, rules)
    return False


def _never_quiet(run: _Run, rules: ProtocolRules) -> MeasurementError:
    """Say what was seen last, and who may have brought about all that used the repeats up."""
    last = run.voided[-1]
    seen = "; ".join(reason.message for reason in last.reasons)
    who = who_may_have([void.reasons for void in run.voided])
    return MeasurementError(
        f"session {last.index + 1} was disturbed, after {len(run.voided) - 1} of at most "
        f"{rules.max_repeats} repeats: {seen}; {who}",
        remedy="; ".join(dict.fromkeys(reason.remedy for reason in last.reasons)),
        stage=DISTURBANCE,
    )


def _with_its_cause(error: MeasurementError, slept_before: float | None) -> MeasurementError:
    """Say of a sensor that failed whether the machine slept: that is what upsets most of them."""
    slept = (suspended_seconds() or 0.0) - (slept_before or 0.0)
    if slept <= SLEPT_SECONDS:
        return error
    return MeasurementError(
        f"{error.message}; the machine was suspended for {slept:.1f} s meanwhile",
        remedy=f"{AWAKE}; {error.remedy}",
        stage=error.stage,
    )


def _void(session: Session, reasons: tuple[Notice, ...]) -> VoidSession:
    return VoidSession(
        index=session.index,
        started_utc=session.started_utc,
        reasons=reasons,
        phases=session.phases,
        kernel=session.kernel,
        trace=session.trace,
    )


def _warm_up_samples(assignment: Assignment) -> list[Sample]:
    """Draw the warm-up from other data than the test; with repeats where that is short of items."""
    source = assignment.data.warm_up
    wanted = assignment.protocol_rules.warm_up_queries
    rng = sealed_rng()
    return source.samples(rng.choice(len(source), size=wanted, replace=len(source) < wanted))


def _blame(error: HarnessError) -> Literal["submission", "organiser"]:
    return "submission" if isinstance(error, SubmissionError) else "organiser"


def _record(assignment: Assignment, bench: Bench, run: _Run, created: str) -> EvaluationRecord:
    task = assignment.task
    answered = _that_measured(run.answers)
    record = EvaluationRecord(
        harness_version=__version__,
        created_utc=created,
        demonstration=assignment.demonstration,
        task=TaskReference(
            id=task.id,
            title=task.title,
            version=task.version,
            digest=task.digest,
            metric=task.ranked_metric,
        ),
        data=assignment.data.reference,
        submission=assignment.submission,
        environment=assignment.environment,
        rules=assignment.rules.reference_to_these,
        protocol=assignment.protocol,
        scenario=assignment.scenario,
        hardware=assignment.hardware,
        isolation=bench.sandbox.probe(assignment.launch.cores),
        meter=bench.meter.describe(),
        sessions=tuple(run.sessions),
        voided=tuple(run.voided),
        quality=(
            task.score([answers.predictions for answers in answered], assignment.data.test)
            if answered
            else None
        ),
        outcome=run.outcome,
    )
    # A session that failed left items unanswered: that is no disagreement.
    disagreement = _disagreement(task, run.answers[: len(run.sessions)])
    warned = (*notices(record, assignment.rules, disagreement), *conspicuous(record))
    return assignment.places.told(msgspec.structs.replace(record, warnings=warned))


def _outcomes(assignment: Assignment, run: _Run) -> ItemOutcomes | None:
    answered = _that_measured(run.answers)
    if not answered:
        return None
    split = assignment.data.test
    return ItemOutcomes(
        key=secrets.token_hex(32),
        ids=tuple(split.ids),
        groups=None if split.groups is None else tuple(split.groups),
        labels=tuple(split.labels.tolist()),
        boxes=None if split.boxes is None else tuple(map(as_corners, split.boxes)),
        predictions=tuple(as_plain(answers.predictions) for answers in answered),
    )


def _that_measured(answers: Sequence[Answers]) -> list[Answers]:
    return [each for each in answers if each.measured]


def _disagreement(task: Task, answered: Sequence[Answers]) -> float:
    """Return the largest share of items on which two consecutive sessions decide differently."""
    decisions = [task.decisions(answers.predictions) for answers in answered]
    return max((float((one != other).mean()) for one, other in pairwise(decisions)), default=0.0)
