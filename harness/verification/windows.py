"""Hold what a record says twice against itself: sessions, queries, and energy."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import get_args

from harness.records.evaluation import Completed, EvaluationRecord, Look
from harness.records.finding import Finding
from harness.records.meter import Grade
from harness.records.moments import is_moment
from harness.records.rules import Rules
from harness.records.session import Session
from harness.records.stopping import is_last, looks_of
from harness.verification.subject import FORGED, Subject

TRACE_SHARE = 0.1
TRACE_JOULES = 1.0
"""A trace is thinned and rounded, and goes on for a moment after the last window: so far may it be
from the windows, besides their uncertainty."""
TRACE_SECONDS = 1.0
"""It begins and ends with a reading of its own: so much longer or shorter may it be."""

SWEEP_SHARE = 0.01
EDGE_SECONDS = 0.1
"""Sweeps run inside the measured window, by another clock than the meter's."""
MOST_REFRESH_SECONDS = 60.0
"""A meter's refresh excuses no more than this: a record states its own."""

LOOK_TOLERANCE = 1e-6
"""Relative: another release of SciPy may spell a quantile otherwise in its last digits."""

MOST = 1e12
"""Of seconds or watts: far beyond any evaluation, and safe to add up."""

MOST_SHOWN = 40
"""Characters of what is no moment."""


def check_windows(subject: Subject, rules: Rules) -> Iterator[Finding]:
    """Find what contradicts itself in the sessions of one record."""
    record = subject.record
    grades = get_args(Grade)
    weakest = max((grades.index(source.grade) for source in record.meter.sources), default=0)
    if grades.index(record.meter.grade) < weakest:
        yield subject.found(
            "meter",
            f"calls its meter {record.meter.grade}, and a source of it is {grades[weakest]}",
            FORGED,
        )
    yield from _number(subject, rules)
    for session in record.sessions:
        items = record.data.items
        originals = [s.queries for s in session.sweeps if s.kind == "original"]
        if originals != [items] or not all(1 <= s.queries <= items for s in session.sweeps):
            yield subject.found(
                "sessions",
                f"session {session.index + 1} has not one sweep of all {items} originals, or one "
                "that is of more items",
                FORGED,
            )
        if not is_moment(session.started_utc):
            yield subject.found(
                "sessions",
                f"session {session.index + 1} began at {session.started_utc[:MOST_SHOWN]!r}, which "
                "is no moment in UTC",
                FORGED,
            )
        agreed = session.agreement
        if agreed is not None and not all(
            0 <= share <= 1
            for share in (agreed.variants, agreed.rebatched, agreed.previous)
            if share is not None
        ):
            yield subject.found(
                "agreement",
                f"session {session.index + 1} has a share of answers that is none",
                FORGED,
            )
        left_open = _edge_seconds(record)
        for wrong in _wrong_with_sweeps(session, left_open, _cores(record)):
            yield subject.found("sessions", f"session {session.index + 1} {wrong}", FORGED)
        for wrong in _wrong_with_trace(session, left_open):
            yield subject.found("energy", f"session {session.index + 1} {wrong}", FORGED)


def check_replays(subjects: Sequence[Subject]) -> Iterator[Finding]:
    """Find measurements that stand in more than one record: none can happen twice alike."""
    places: defaultdict[tuple[object, ...], list[Subject]] = defaultdict(list)
    by_age = sorted(subjects, key=lambda each: (not each.verified, each.path))
    for subject in by_age:
        measurements = [session.windows.measurement for session in subject.record.sessions]
        if len({*measurements}) < len(measurements):
            yield subject.found("replayed", "holds the same measured session twice", FORGED)
        for measured in {*measurements}:
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
                    "replayed", f"holds a session that was measured for {first.path}", FORGED
                )


def check_rounds(subjects: Sequence[Subject]) -> Iterator[Finding]:
    """Find controls that did not run in every round of their campaign, by its other records.

    A control has as many sessions as there were rounds, be they more than its own interval needed,
    or fewer, when all others had ended. One that failed has its say in the campaign being void.
    Without any other record of its campaign nothing says how many rounds there were: a note does.
    """
    rounds: defaultdict[str, set[int]] = defaultdict(set)
    entries: defaultdict[str, set[str]] = defaultdict(set)
    for subject in subjects:
        if subject.record.campaign is not None:
            rounds[subject.record.campaign.id] |= _rounds(subject.record)
            entries[subject.record.campaign.id].add(subject.record.submission.entry)
    for subject in subjects:
        record = subject.record
        if record.campaign is None or not _is_control(record):
            continue
        if not isinstance(record.outcome, Completed):
            continue
        of_campaign = rounds[record.campaign.id]
        if missing := sorted(of_campaign - _rounds(record)):
            yield subject.found(
                "sessions",
                f"is the control of its campaign and has no session of round {missing[0] + 1}, in "
                "which others ran",
                FORGED,
            )
        elif len(entries[record.campaign.id]) == 1:
            yield subject.found(
                "rounds-unknown",
                "is the control of its campaign, of which no other record is here: whether it has "
                "a session of every round was not checked",
                "bring the other records of the campaign, if its result is to be verified in full",
                "note",
            )


def _rounds(record: EvaluationRecord) -> set[int]:
    return {session.round for session in record.sessions if session.round is not None}


def _is_control(record: EvaluationRecord) -> bool:
    return record.campaign is not None and record.campaign.control == record.submission.entry


def _number(subject: Subject, rules: Rules) -> Iterator[Finding]:
    """Hold sessions and looks against the protocol, where the record is of these rules."""
    record = subject.record
    if not isinstance(record.outcome, Completed) or record.rules != rules.reference_to_these:
        return
    protocol = rules.protocols[record.protocol]
    looks = looks_of(record.sessions, protocol, record.rules.amortise_queries)
    ended = [look.sessions for look in looks if is_last(look, protocol)]
    wanted = ended[0] if ended else protocol.looks[-1]
    if _is_control(record):
        wanted = len(record.sessions)  # as many as there were rounds: see ``check_rounds``
    if [session.index for session in record.sessions] != list(range(wanted)):
        yield subject.found(
            "sessions",
            f"its sessions are not the {wanted} after which the {record.protocol} protocol ends "
            "for such energies",
            FORGED,
        )
    elif not _alike(record.looks, looks):
        yield subject.found(
            "looks",
            "its looks at the interval of energy are not those that its sessions give",
            FORGED,
        )


def _alike(said: Sequence[Look], again: Sequence[Look]) -> bool:
    """Say whether looks are the same, but for what sums in floating point differ by."""

    def close(one: float | None, other: float | None) -> bool:
        if one is None or other is None:
            return one is other
        return math.isclose(one, other, rel_tol=LOOK_TOLERANCE, abs_tol=1e-12)

    return len(said) == len(again) and all(
        (mine.sessions, mine.narrow) == (theirs.sessions, theirs.narrow)
        and close(mine.alpha, theirs.alpha)
        and close(mine.half_width, theirs.half_width)
        for mine, theirs in zip(said, again, strict=True)
    )


def _edge_seconds(record: EvaluationRecord) -> float:
    """Return how far the meter may have put a window's edge from the moment that was asked for."""
    refresh = max((source.refresh_seconds for source in record.meter.sources), default=0.0)
    return EDGE_SECONDS + min(max(refresh, 0.0), MOST_REFRESH_SECONDS)


def _cores(record: EvaluationRecord) -> int:
    return len(record.hardware.entry_cores or ()) or max(record.hardware.cores, 1)


def _wrong_with_sweeps(session: Session, left_open: float, cores: int) -> Iterator[str]:
    """Say where the sweeps took more than the measured window that they ran in."""
    if not all(
        0 <= figure <= MOST for s in session.sweeps for figure in (s.seconds, s.cpu_seconds)
    ):
        yield "has a sweep of a negative time, or of one beyond reason"
        return
    measured = [window.reading for window in session.phases if window.phase == "measured"]
    for named, of_sweeps, of_window, slack in (
        ("s", (s.seconds for s in session.sweeps), (r.seconds for r in measured), left_open),
        (
            "s of CPU time",
            (s.cpu_seconds for s in session.sweeps),
            (r.cpu_seconds for r in measured),
            left_open * cores,
        ),
    ):
        swept, window = sum(of_sweeps), sum(of_window)
        if swept > (1 + SWEEP_SHARE) * window + slack:
            yield f"has sweeps of {swept:.4g} {named} in a measured window of {window:.4g}"


def _wrong_with_trace(session: Session, left_open: float) -> Iterator[str]:
    """Say where the windows and the power trace of a session are unlike."""
    open_joules: defaultdict[str, float] = defaultdict(float)
    of_windows: defaultdict[str, float] = defaultdict(float)
    for window in session.phases:
        for part in window.reading.energy:
            of_windows[part.component] += part.joules
            open_joules[part.component] += part.uncertainty_joules
    whole = sum(window.reading.seconds for window in session.phases)
    traced_components = [trace.component for trace in session.trace if trace.watts]
    for component in sorted({*of_windows} - {*traced_components}):
        yield f"has {of_windows[component]:.4g} J of {component}, and no power trace of it"
    if len({*traced_components}) < len(traced_components):
        yield "has two power traces of one component"
    for trace in (each for each in session.trace if each.watts):
        if not all(0 <= figure <= MOST for step in trace.watts for figure in step):
            yield f"has a power trace of {trace.component} that is negative, or beyond reason"
            continue
        lasted = sum(seconds for seconds, _ in trace.watts)
        if abs(lasted - whole) > TRACE_SECONDS + TRACE_SHARE * whole + 2 * left_open:
            yield (
                f"has windows of {whole:.4g} s, and a power trace of {trace.component} over "
                f"{lasted:.4g} s"
            )
        seen = of_windows[trace.component]
        traced = sum(seconds * watts for seconds, watts in trace.watts)
        allowed = TRACE_JOULES + TRACE_SHARE * max(seen, traced) + open_joules[trace.component]
        if abs(seen - traced) > allowed:
            yield (
                f"has windows that hold {seen:.4g} J of {trace.component}, and a power trace over "
                f"them of {traced:.4g} J"
            )
