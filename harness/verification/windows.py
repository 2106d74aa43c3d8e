"""Hold what a record says twice against itself: sessions, queries, and energy."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import get_args

from harness.records.base import canonical_json
from harness.records.evaluation import Completed, Session
from harness.records.finding import Finding
from harness.records.meter import Component, Grade
from harness.records.rules import Rules
from harness.verification.subject import Subject

TRACE_SHARE = 0.1
TRACE_JOULES = 1.0
"""A trace is thinned and rounded, and goes on for a moment after the last window: so far may it be
from the windows, besides their uncertainty."""

_FORGED = "do not use it: ask whoever made it, and evaluate the entry again"


def check_windows(subject: Subject, rules: Rules) -> Iterator[Finding]:
    """Find what contradicts itself in the sessions of one record."""
    record = subject.record
    grades = get_args(Grade)
    weakest = max((grades.index(source.grade) for source in record.meter.sources), default=0)
    if grades.index(record.meter.grade) < weakest:
        yield subject.found(
            "meter",
            f"calls its meter {record.meter.grade}, and a source of it is {grades[weakest]}",
            _FORGED,
        )
    yield from _number(subject, rules)
    for session in record.sessions:
        if [s.queries for s in session.sweeps] != [record.data.items] * len(session.sweeps):
            yield subject.found(
                "sessions",
                f"session {session.index + 1} has a sweep that is not of all {record.data.items} "
                "items",
                _FORGED,
            )
        for component, of_windows, of_trace in _disagreeing(session):
            yield subject.found(
                "energy",
                f"the windows of session {session.index + 1} hold {of_windows:.4g} J of "
                f"{component}, and the power trace over them {of_trace:.4g} J",
                _FORGED,
            )


def check_replays(subjects: Sequence[Subject]) -> Iterator[Finding]:
    """Find measurements that stand in more than one record: none can happen twice alike."""
    places: defaultdict[bytes, list[Subject]] = defaultdict(list)
    by_age = sorted(subjects, key=lambda each: (not each.verified, each.path))
    for subject in by_age:
        for measured in {canonical_json(session.phases) for session in subject.record.sessions}:
            places[measured].append(subject)
    told: set[tuple[str, str]] = set()
    for holders in places.values():
        first = holders[0]
        for other in holders[1:]:
            if (first.path, other.path) in told:
                continue
            told.add((first.path, other.path))
            if first.digest == other.digest:
                yield other.found(
                    "duplicate",
                    f"is the record that is signed at {first.path}, without its signature",
                    "remove it",
                )
            else:
                yield other.found(
                    "replayed", f"holds a session that was measured for {first.path}", _FORGED
                )


def _number(subject: Subject, rules: Rules) -> Iterator[Finding]:
    """Hold the number of sessions against the protocol, where the record is of these rules."""
    record = subject.record
    if not isinstance(record.outcome, Completed) or record.rules != rules.reference_to_these:
        return
    wanted = rules.protocols[record.protocol].sessions
    if [session.index for session in record.sessions] != list(range(wanted)):
        yield subject.found(
            "sessions",
            f"its sessions are not the {wanted} of the {record.protocol} protocol",
            _FORGED,
        )


def _disagreeing(session: Session) -> Iterator[tuple[Component, float, float]]:
    """Yield what the windows and the trace of a session hold of a component, where unlike."""
    left_open: defaultdict[str, float] = defaultdict(float)
    of_windows: defaultdict[str, float] = defaultdict(float)
    for window in session.phases:
        for part in window.reading.energy:
            of_windows[part.component] += part.joules
            left_open[part.component] += part.uncertainty_joules
    of_trace: Mapping[Component, float] = {
        trace.component: sum(seconds * watts for seconds, watts in trace.watts)
        for trace in session.trace
    }
    for component, traced in of_trace.items():
        seen = of_windows[component]
        allowed = TRACE_JOULES + TRACE_SHARE * max(seen, traced) + left_open[component]
        if abs(seen - traced) > allowed:
            yield component, seen, traced
