"""One evaluation: sessions, one after the other, into one record.

It is stepped from outside, a session at a time, so that the sessions of several entries can take
turns (``harness.evaluation.campaign``) and what has been measured can be kept in between. A session
that was disturbed is void: it is repeated, and kept in the record with what was seen. An entry's
failure is a result, and never repeated.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Literal

import msgspec
import numpy as np

from harness import __version__
from harness.errors import HarnessError, MeasurementError, SubmissionError
from harness.evaluation.agreement import Answers, agreement_of, draw_rebatched
from harness.evaluation.assignment import Assignment
from harness.evaluation.conspicuous import conspicuous
from harness.evaluation.gate import AWAKE, SLEPT_SECONDS, disturbances, who_may_have
from harness.evaluation.notices import notices
from harness.evaluation.plan import count_sweeps, plan_sweeps, sealed_rng, wanted_seconds
from harness.evaluation.session import Bench, Script, calibrate, run_session
from harness.meters.clock import suspended_seconds
from harness.records.evaluation import (
    Campaign,
    Completed,
    EvaluationRecord,
    Failed,
    ItemOutcomes,
    Look,
    TaskReference,
)
from harness.records.rules import ProtocolRules
from harness.records.session import Agreement, Notice, Session, VoidSession
from harness.records.stopping import looks_of, sessions_to_come
from harness.records.unfinished import Calibration
from harness.tasks.answers import as_corners, as_plain, from_plain
from harness.tasks.splits import stream_samples

DISTURBANCE = "disturbance"
"""The stage of an evaluation whose machine was never quiet enough."""

NOT_RUN = Failed(
    stage="campaign",
    blame="organiser",
    message="no session was run: all other entries of the campaign had ended before the first "
    "round",
    remedy="mend those that failed, and evaluate them again",
)
"""The outcome of a control that nobody needed: it has not been evaluated."""

OnSession = Callable[[int, int, int], None]
"""Told the index of a session that begins, and how many there will be at least and at most."""
OnVoid = Callable[[int, Sequence[Notice]], None]
"""Told the index of a session that is repeated, and why."""


class Evaluation:
    """One entry's evaluation, a step at a time.

    ``calibrate``, then ``run_session`` for as long as it ``wants_another``, then ``record`` and
    ``outcomes``. An error that the harness can explain ends the evaluation and becomes the record's
    outcome, with the stage and who is to blame; what had been seen by then stays in the record.
    """

    def __init__(self, assignment: Assignment, bench: Bench) -> None:
        self.assignment = assignment
        self.created = datetime.now(UTC).isoformat(timespec="seconds")
        self.calibration: Calibration | None = None
        self.sessions: list[Session] = []
        self.voided: list[VoidSession] = []
        self.answers: list[Answers] = []
        """Of the sessions that stand, and of one that failed."""
        self.failed: Failed | None = None
        self._bench = bench

    @property
    def entry(self) -> str:
        """The entry's name."""
        return self.assignment.submission.entry

    @property
    def wants_another(self) -> bool:
        """Whether a further session is to be run."""
        return self.failed is None and len(self.sessions) < self.sessions_to_come[0]

    @property
    def looks(self) -> tuple[Look, ...]:
        """The looks so far at the interval of energy."""
        rules = self.assignment.rules
        amortise = rules.energy.amortise_queries
        return looks_of(self.sessions, self.assignment.protocol_rules, amortise)

    @property
    def sessions_to_come(self) -> tuple[int, int]:
        """How many sessions there will be in all: at least and at most, as far as is known."""
        return sessions_to_come(self.looks, self.assignment.protocol_rules)

    @property
    def kernels(self) -> list[float]:
        """What the reference kernel cost so far."""
        pairs = [s.kernel for s in self.sessions] + [void.kernel for void in self.voided]
        return [c for pair in pairs for c in (pair.before_cpu_seconds, pair.after_cpu_seconds)]

    def fail(self, error: HarnessError) -> None:
        """End the evaluation with an error as its outcome."""
        self.failed = Failed(
            stage=error.stage or "set-up",
            blame=_blame(error),
            message=error.message,
            remedy=error.remedy,
        )

    def calibrate(self) -> None:
        """Run one session that is thrown away: it decides how many sweeps the others have."""
        assignment, rules = self.assignment, self.assignment.protocol_rules
        try:
            self._forget()
            chosen = _warm_up(assignment)
            warm_up = assignment.data.warm_up.samples(chosen)
            again = draw_rebatched(
                assignment.data.test, assignment.launch.output, batch_size=assignment.batch_size,
                most=rules.rebatched_queries, rng=sealed_rng(),
            )  # fmt: skip
            seconds = calibrate(
                assignment.launch, warm_up, assignment.batch_size, self._bench,
                rebatched=again, rebatched_seconds=rules.variant_seconds,
            )  # fmt: skip
            refresh = self._bench.meter.describe().refresh_seconds
        except HarnessError as error:
            self.fail(error)
            return
        wanted = wanted_seconds(assignment.rules, rules, refresh)
        self.calibration = Calibration(
            sweeps=count_sweeps(rules, wanted, len(assignment.data.test), seconds),
            variant_seconds=rules.variant_seconds * wanted / rules.measured_seconds,
            warm_up=chosen,
            rebatched=() if again is None else tuple(again.positions.tolist()),
            rebatched_answers=() if again is None else as_plain(again.predictions),
        )

    def run_session(
        self,
        on_session: OnSession = lambda _index, _least, _most: None,
        on_void: OnVoid = lambda _index, _reasons: None,
        *,
        block: tuple[int, int] | None = None,
    ) -> None:
        """Run one session, again and again until it stands.

        ``block`` is its round in a campaign and its place in that. Raises ``ValueError`` before
        calibration.
        """
        if self.calibration is None:
            raise ValueError(f"{self.entry} is not calibrated")
        index, stands = len(self.sessions), False
        while not stands:
            least, most = self.sessions_to_come
            on_session(index, max(least, index + 1), max(most, index + 1))
            try:
                forgotten = self._forget()
                stands = self._try(self._script(index, self.calibration), forgotten=forgotten)
            except HarnessError as error:
                self.fail(error)
                return
            if not stands:
                on_void(index, self.voided[-1].reasons)
        round_, place = block or (None, None)
        self.sessions[-1] = msgspec.structs.replace(self.sessions[-1], round=round_, place=place)

    def _forget(self) -> bool | None:
        """Have the kernel forget, officially, and say whether it did; ``None``: it was not asked.

        Test data that lie in a file are read again at once: no session is to wait for the disk.
        """
        if self.assignment.protocol != "official":
            return None
        self._bench.progress.phase("forgetting")
        forgotten = self._bench.forget() is None
        for _ in stream_samples(self.assignment.data.test):
            pass
        return forgotten

    def _script(self, index: int, calibration: Calibration) -> Script:
        assignment = self.assignment
        split = assignment.data.test
        planned = plan_sweeps(
            assignment.task,
            split,
            calibration.sweeps,
            sealed_rng(),
            variant_seconds=calibration.variant_seconds,
        )
        return Script(
            index=index,
            launch=assignment.launch,
            batch_size=assignment.batch_size,
            idle_seconds=assignment.protocol_rules.idle_seconds,
            warm_up=assignment.data.warm_up.samples(calibration.warm_up),
            split=split,
            sweeps=planned,
        )

    def _try(self, script: Script, *, forgotten: bool | None) -> bool:
        """Run one session and say whether it stands; raise ``MeasurementError`` when none can."""
        assignment, rules = self.assignment, self.assignment.protocol_rules
        answers = Answers.none(len(script.split), assignment.launch.output)
        self.answers.append(answers)
        slept = suspended_seconds()
        try:
            session = run_session(script, self._bench, answers)
        except MeasurementError as error:
            raise _with_its_cause(error, slept) from None
        reasons = disturbances(
            session,
            self.kernels,
            max(assignment.machine_cores, assignment.hardware.cores),
            assignment.rules.disturbance,
        )
        repeats = len(self.voided)
        used_up = repeats >= rules.max_repeats
        if not reasons or (used_up and rules.when_disturbed == "keep"):
            self.sessions.append(
                msgspec.structs.replace(
                    session,
                    confusion=assignment.task.confusion(answers.predictions, script.split.labels),
                    disturbances=reasons,
                    agreement=self._agreement(),
                    caches_forgotten=forgotten,
                )
            )
            return True
        self.answers.pop()
        self.voided.append(_void(session, reasons))
        if used_up:
            raise _never_quiet(self.voided, rules)
        return False

    def _agreement(self) -> Agreement:
        """Compare the last session's answers with variants, other batches, and those before."""
        assignment, calibration = self.assignment, self.calibration
        again = None
        if calibration is not None and calibration.rebatched:
            labels, answered = assignment.launch.labels, calibration.rebatched_answers
            predictions = from_plain(answered, assignment.launch.output, labels)
            again = np.array(calibration.rebatched, np.int64), predictions
        *earlier, last = self.answers
        return agreement_of(assignment.task, last, again, earlier[-1] if earlier else None)

    def record(self, campaign: Campaign | None = None) -> EvaluationRecord:
        """Return the record of what has been seen, in a campaign or outside of one."""
        assignment, task = self.assignment, self.assignment.task
        answered = _that_measured(self.answers)
        record = EvaluationRecord(
            harness_version=__version__,
            created_utc=self.created,
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
            isolation=self._bench.sandbox.probe(assignment.launch.cores),
            meter=self._bench.meter.describe(),
            sessions=tuple(self.sessions),
            voided=tuple(self.voided),
            looks=self.looks,
            quality=(
                task.score([answers.predictions for answers in answered], assignment.data.test)
                if answered
                else None
            ),
            outcome=self.failed or (Completed() if self.sessions else NOT_RUN),
            campaign=campaign,
        )
        warned = (*notices(record, assignment.rules), *conspicuous(record, assignment.rules))
        return assignment.places.told(msgspec.structs.replace(record, warnings=warned))

    def outcomes(self) -> ItemOutcomes | None:
        """Return what the entry answered to each item; ``None`` where nothing was measured."""
        answered = _that_measured(self.answers)
        if not answered:
            return None
        split = self.assignment.data.test
        return ItemOutcomes(
            key=secrets.token_hex(32),
            ids=tuple(split.ids),
            groups=None if split.groups is None else tuple(split.groups),
            labels=tuple(split.labels.tolist()),
            boxes=None if split.boxes is None else tuple(map(as_corners, split.boxes)),
            predictions=tuple(as_plain(answers.predictions) for answers in answered),
        )


def _never_quiet(voided: Sequence[VoidSession], rules: ProtocolRules) -> MeasurementError:
    """Say what was seen last, and who may have brought about all that used the repeats up."""
    last = voided[-1]
    seen = "; ".join(reason.message for reason in last.reasons)
    who = who_may_have([void.reasons for void in voided])
    return MeasurementError(
        f"session {last.index + 1} was disturbed, after {len(voided) - 1} of at most "
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


def _warm_up(assignment: Assignment) -> tuple[int, ...]:
    """Draw the warm-up from other data than the test; with repeats where that is short of items."""
    source = assignment.data.warm_up
    wanted = assignment.protocol_rules.warm_up_queries
    chosen = sealed_rng().choice(len(source), size=wanted, replace=len(source) < wanted)
    return tuple(chosen.tolist())


def _blame(error: HarnessError) -> Literal["submission", "organiser"]:
    return "submission" if isinstance(error, SubmissionError) else "organiser"


def _that_measured(answers: Sequence[Answers]) -> list[Answers]:
    return [each for each in answers if each.measured]
