"""Several entries of one task, evaluated together: their sessions take turns in rounds.

A machine is not the same all day, so that entries which are evaluated one behind the other differ
by when they were run, too. In a round every entry that still wants a session has one, in an order
that is drawn anew from the operating system; what a round is given, good or bad, all its sessions
share. A *control*, the same entry of the rules whenever its task is measured, runs in every round.
It shows how steady the machine was, and is what entries of different days are held against.

Whatever happens is told as an event before anything follows from it; from the events of an
interrupted campaign it is gone on with, and the next session is the first that did not stand.
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import stdev
from typing import Protocol

from msgspec.structs import replace

from harness.evaluation.agreement import Answers
from harness.evaluation.plan import sealed_rng
from harness.evaluation.run import Evaluation
from harness.evaluation.session import Heard
from harness.evaluation.shares import beside
from harness.records.energy import is_resolved, joules_per_1000
from harness.records.evaluation import Campaign, EvaluationRecord, ItemOutcomes
from harness.records.rules import Rules
from harness.records.session import Notice
from harness.records.unfinished import (
    Calibrated,
    Drawn,
    Ended,
    Event,
    Finished,
    Said,
    Stood,
    Voided,
)
from harness.sandbox.protocol import Captured
from harness.tasks.answers import as_plain, from_plain

LEAST_ROUNDS = 2
"""A spread is of two figures at least."""


class Watcher(Protocol):
    """Told what the campaign is at; shows it or not."""

    def turn(self, entry: str, round_: int | None, place: int, of: int) -> None:
        """Take note whose turn it is, in which round if there are rounds, and at which place."""
        ...

    def session(self, index: int, least: int, most: int) -> None:
        """Take note that a session begins, from 0, and how many there will be: so far as known."""
        ...

    def void(self, index: int, reasons: Sequence[Notice]) -> None:
        """Take note that a session was disturbed and is repeated."""
        ...


@dataclass
class Contestant:
    """An entry in a campaign."""

    evaluation: Evaluation
    heard: list[Heard] = field(default_factory=list)
    """What it printed so far: its bench is to hear into this."""
    finished: Finished | None = None
    """Its record, where that was made before an interruption."""
    _told: tuple[int, int, int, bool] = (0, 0, 0, False)
    """Of what it has heard, its void sessions, its sessions and its failure: what is an event."""

    @property
    def name(self) -> str:
        """The entry's."""
        return self.evaluation.entry

    def restore(self, event: Event) -> None:
        """Take what an event of an interrupted campaign says of this entry."""
        evaluation = self.evaluation
        launch = evaluation.assignment.launch
        if isinstance(event, Calibrated):
            evaluation.created, evaluation.calibration = event.created_utc, event.calibration
        elif isinstance(event, Voided):
            evaluation.voided.append(event.session)
        elif isinstance(event, Stood):
            answers = from_plain(event.answers, launch.output, launch.labels)
            evaluation.sessions.append(event.session)
            evaluation.answers.append(Answers(answers, measured=True))
        elif isinstance(event, Ended):
            evaluation.created, evaluation.failed = event.created_utc, event.outcome
            if event.answers is not None:
                answers = from_plain(event.answers, launch.output, launch.labels)
                evaluation.answers.append(Answers(answers, measured=True))
        elif isinstance(event, Finished):
            self.finished = event
        if isinstance(event, Calibrated | Voided | Stood | Ended):
            self.heard += [_heard(said) for said in event.said]
        self._told = self._now()

    def news(self) -> list[Event]:
        """Return what has happened since this was asked last."""
        evaluation, before = self.evaluation, self._told
        heard, voided, stood, ended = self._told = self._now()
        said = tuple(map(_said, self.heard[before[0] : heard]))
        events: list[Event] = [
            Voided(entry=self.name, session=session)
            for session in evaluation.voided[before[1] : voided]
        ]
        events += [
            Stood(
                entry=self.name,
                session=evaluation.sessions[number],
                answers=as_plain(evaluation.answers[number].predictions),
            )
            for number in range(before[2], stood)
        ]
        if ended and evaluation.failed is not None and not before[3]:
            rest = [each for each in evaluation.answers[stood:] if each.measured]
            events.append(
                Ended(
                    entry=self.name,
                    created_utc=evaluation.created,
                    outcome=evaluation.failed,
                    answers=as_plain(rest[-1].predictions) if rest else None,
                )
            )
        if events:  # what it printed goes with the last of what it was printed in
            events[-1] = replace(events[-1], said=said)
        return events

    def calibrated(self) -> list[Event]:
        """Return what calibration has come to."""
        evaluation = self.evaluation
        if evaluation.calibration is None:
            return self.news()
        before, self._told = self._told, self._now()
        return [
            Calibrated(
                entry=self.name,
                created_utc=evaluation.created,
                calibration=evaluation.calibration,
                said=tuple(map(_said, self.heard[before[0] :])),
            )
        ]

    def _now(self) -> tuple[int, int, int, bool]:
        evaluation = self.evaluation
        return (
            len(self.heard),
            len(evaluation.voided),
            len(evaluation.sessions),
            evaluation.failed is not None,
        )


class Rounds:
    """A campaign: whose turn it is, what has happened, and the records that come of it."""

    def __init__(
        self,
        campaign: str,
        entries: Sequence[Contestant],
        control: Contestant | None,
        rules: Rules,
        *,
        keep: Callable[[Sequence[Event]], None] = lambda _events: None,
        before_round: Callable[[], None] = lambda: None,
    ) -> None:
        """Take the ``entries`` that were asked for and the ``control``, which may be one of them.

        ``keep`` is told every event, and is to have it in a safe place when it returns.
        ``before_round`` raises where the machine is not any more as it was.
        """
        self._id = campaign
        self._entries = tuple(entries)
        self._control = control
        self._rules = rules
        self._keep = keep
        self._before_round = before_round
        self._orders: list[tuple[str, ...]] = []
        extra = () if control is None or control in self._entries else (control,)
        self._all = {each.name: each for each in (*self._entries, *extra)}

    @property
    def contestants(self) -> tuple[Contestant, ...]:
        """All of them; a control that was not asked for last."""
        return tuple(self._all.values())

    @property
    def _takes_turns(self) -> bool:
        return len(self._all) > 1

    def restore(self, events: Sequence[Event]) -> None:
        """Be where an interrupted campaign of the same entries was after these events."""
        for event in events:
            if isinstance(event, Drawn):
                self._orders.append(event.order)
            elif isinstance(event, Calibrated | Voided | Stood | Ended):
                self._all[event.entry].restore(event)
            elif isinstance(event, Finished):
                self._all[event.record.submission.entry].restore(event)

    def run(self, watcher: Watcher) -> None:
        """Run all sessions that are wanted and have not been run."""
        if all(each.finished for each in self.contestants):
            return
        for place, each in enumerate(self.contestants):
            if each.evaluation.calibration is None and each.evaluation.failed is None:
                watcher.turn(each.name, None, place, len(self._all))
                each.evaluation.calibrate()
                self._keep(each.calibrated())
            elif each.evaluation.failed is not None:
                self._keep(each.news())  # it could not even be made ready
        if self._orders:  # a round that was interrupted
            self._run_round(len(self._orders) - 1, watcher)
        while wanting := [each for each in self._entries if each.evaluation.wants_another]:
            self._draw(wanting)
            self._run_round(len(self._orders) - 1, watcher)

    def _draw(self, wanting: Sequence[Contestant]) -> None:
        """Draw the order of a round: of the entries that want a session, and of the control."""
        names = [each.name for each in wanting]
        control = self._control
        if control is not None and control not in wanting and control.evaluation.failed is None:
            names.append(control.name)
        order = tuple(names[i] for i in sealed_rng().permutation(len(names)))
        self._keep([Drawn(round=len(self._orders), order=order)])
        self._orders.append(order)

    def _run_round(self, number: int, watcher: Watcher) -> None:
        self._before_round()
        order = self._orders[number]
        block = number if self._takes_turns else None
        for place, name in enumerate(order):
            contestant = self._all[name]
            evaluation = contestant.evaluation
            if evaluation.failed is not None or _has_run(contestant, number, self._orders):
                continue
            watcher.turn(name, block, place, len(order))

            def on_void(index: int, reasons: Sequence[Notice], of: Contestant = contestant) -> None:
                self._keep(of.news())
                watcher.void(index, reasons)

            evaluation.run_session(
                watcher.session,
                on_void,
                block=None if block is None else (block, place),
            )
            self._keep(contestant.news())

    def finish(self, contestant: Contestant) -> tuple[EvaluationRecord, ItemOutcomes | None]:
        """Return an entry's record and outcomes: the same ones, however often and in whatever run.

        Once all sessions have been run.
        """
        if contestant.finished is None:
            evaluation = contestant.evaluation
            finished = Finished(record=self._record(evaluation), outcomes=evaluation.outcomes())
            self._keep([finished])
            contestant.finished = finished
        return contestant.finished.record, contestant.finished.outcomes

    def _record(self, evaluation: Evaluation) -> EvaluationRecord:
        if not self._takes_turns:
            return evaluation.record()
        control = self._control
        return evaluation.record(
            Campaign(
                id=self._id,
                entries=tuple(sorted(self._all)),
                control=None if control is None else control.name,
                control_digest=(
                    None if control is None else control.evaluation.assignment.submission.digest
                ),
                void=self.void,
            )
        )

    @property
    def void(self) -> str | None:
        """Why nothing is to be concluded from the campaign; ``None`` where it holds.

        Without a control nothing tells.
        """
        return None if self._control is None else void_reason(self._control.evaluation, self._rules)


def new_id() -> str:
    """Return a campaign's id."""
    return secrets.token_hex(16)


def void_reason(control: Evaluation, rules: Rules) -> str | None:
    """Say why a control does not vouch for a campaign; ``None`` where it does.

    The measure is the sample's standard deviation of log joules per 1,000 queries over the rounds.
    That is a relative spread in which every session counts; unlike the range, it does not grow just
    because there are more of them.
    """
    if control.failed is not None:
        return f"the control {control.entry} failed in {control.failed.stage}"
    if len(control.sessions) < LEAST_ROUNDS:
        return f"the control {control.entry} has fewer than {LEAST_ROUNDS} sessions"
    if not all(map(is_resolved, control.sessions)):
        return f"the meter does not resolve the energy of the control {control.entry}"
    spread = control_spread(
        [joules_per_1000(each, rules.energy.amortise_queries) for each in control.sessions]
    )
    limit = rules.campaigns.control_spread
    if spread <= limit:
        return None
    varied, allowed = beside(spread, limit)
    return (
        f"the energy of the control {control.entry} varied by {varied} (standard deviation of "
        f"its logarithm over {len(control.sessions)} rounds), and the rules allow {allowed}"
    )


def control_spread(joules: Sequence[float]) -> float:
    """Return the sample's standard deviation of the logarithms; ``joules`` are two at least."""
    return stdev(map(math.log, joules))


def _has_run(contestant: Contestant, number: int, orders: Sequence[tuple[str, ...]]) -> bool:
    """Say whether an entry has had its session of a round: it has one in each that names it."""
    due = sum(contestant.name in order for order in orders[: number + 1])
    return len(contestant.evaluation.sessions) >= due


def _said(heard: Heard) -> Said:
    return Said(where=heard.where, text=heard.output.text, bytes_written=heard.output.bytes_written)


def _heard(said: Said) -> Heard:
    return Heard(said.where, Captured(text=said.text, bytes_written=said.bytes_written))
