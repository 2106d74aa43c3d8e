"""Warnings as data: what a reader of the figures must know, and what to do about it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from statistics import median

from harness.records.energy import phase_seconds, silent_components
from harness.records.evaluation import (
    FEW_SESSIONS,
    Completed,
    EvaluationRecord,
    Notice,
    Session,
    Sweep,
)
from harness.records.rules import Rules

CLOCK_TICK_SECONDS = 0.01
"""Of the kernel's accounting of CPU time: sweeps that cost less are not told apart by it."""


def notices(record: EvaluationRecord, rules: Rules, disagreement: float) -> tuple[Notice, ...]:
    """Return every warning that the record gives cause for, the gravest kind first.

    ``disagreement`` is the largest share of items on which two consecutive sessions differ.
    """
    return (
        *_about_the_figure(record, rules),
        *_about_the_machine(record, rules),
        *_about_the_entry(record, rules, disagreement),
    )


def _about_the_figure(record: EvaluationRecord, rules: Rules) -> Iterator[Notice]:
    if record.meter.grade == "model":
        yield Notice(
            code="modelled-energy",
            message="modelled work, not energy: joules come from CPU time and assumed constants",
            remedy="measure on a machine whose power sensors can be read; see `doctor`",
        )
    if record.meter.grade == "simulated":
        yield Notice(
            code="simulated-energy",
            message="the meter is a stand-in: its joules say nothing of this machine",
            remedy="leave out HARNESS_POWERCAP_ROOT, HARNESS_NVML_LIBRARY and the replay meter "
            "for a real figure",
        )
    if unresolved := [s.index + 1 for s in record.sessions if _unresolved(s)]:
        yield Notice(
            code="unresolved-energy",
            message=f"the meter cannot resolve the energy measured in {_sessions(unresolved)}",
            remedy="raise measured_seconds in the rules, or use a meter that reads more finely",
        )
    wanted = rules.protocols[record.protocol].measured_seconds
    if short := [s.index + 1 for s in record.sessions if _too_short(s, wanted)]:
        yield Notice(
            code="short-measurement",
            message=f"the measured phase of {_sessions(short)} lasted less than half of the "
            f"{wanted:g} s that the rules ask for: the figure is mostly the harness's own noise",
            remedy="use a larger test set; the rules bound how many variants are made",
        )
    if record.data.items < rules.cautions.small_test_set:
        yield Notice(
            code="small-test-set",
            message=f"{record.data.items} test items cannot tell close models apart",
            remedy=f"use at least {rules.cautions.small_test_set} items",
        )
    completed = isinstance(record.outcome, Completed)  # else there is no figure to warn of
    if completed and len(record.sessions) < rules.boards.min_sessions:
        yield Notice(
            code=FEW_SESSIONS,
            message=f"{len(record.sessions)} sessions give a wide interval of energy; "
            f"a board shows none below {rules.boards.min_sessions}",
            remedy="use --protocol official",
        )


def _about_the_machine(record: EvaluationRecord, rules: Rules) -> Iterator[Notice]:
    if record.isolation.grade not in rules.boards.official_isolation:
        yield Notice(
            code="weak-isolation",
            message=f"the entry ran at isolation grade {record.isolation.grade}"
            f" ({record.isolation.method})",
            remedy="install bubblewrap and allow user namespaces; `doctor` says what is missing",
        )
    cores = record.hardware.cores
    shares = [_other_share(session, cores) for session in record.sessions]
    limit = rules.cautions.other_cpu_share
    if disturbed := [number for number, share in enumerate(shares, 1) if share > limit]:
        yield Notice(
            code="disturbed",
            message=f"other processes took up to {max(shares):.1%} of the machine "
            f"in {_sessions(disturbed)}",
            remedy="stop what else runs, and evaluate again",
        )
    costs = [
        cost
        for session in record.sessions
        for cost in (session.kernel.before_cpu_seconds, session.kernel.after_cpu_seconds)
    ]
    if costs and max(costs) > min(costs) * (1 + rules.cautions.kernel_spread):
        yield Notice(
            code="unsteady-machine",
            message="the same fixed work cost between "
            f"{min(costs) * 1000:.0f} and {max(costs) * 1000:.0f} ms of CPU time",
            remedy="expect differences of that size between runs; use a machine of your own",
        )


def _about_the_entry(
    record: EvaluationRecord, rules: Rules, disagreement: float
) -> Iterator[Notice]:
    low, high = rules.cautions.variant_cost_ratio
    ratio = _variant_cost_ratio(record)
    if ratio is not None and not low <= ratio <= high:
        yield Notice(
            code="variants-cost-otherwise",
            message=f"perturbed variants cost {ratio:.2f} times the CPU time of the originals",
            remedy="a cache or a table of answers would show like this; so does a noisy machine",
        )
    if disagreement > rules.cautions.session_disagreement and not record.submission.stochastic:
        yield Notice(
            code="unstable-predictions",
            message=f"two sessions disagree on {disagreement:.1%} of the items",
            remedy="seed the model, or declare stochastic = true",
        )


def _unresolved(session: Session) -> bool:
    measured = [w.reading for w in session.phases if w.phase in ("measured", "drain")]
    uncertainty = sum(part.uncertainty_joules for reading in measured for part in reading.energy)
    joules = sum(reading.joules for reading in measured)
    return joules <= uncertainty or bool(silent_components(session))


def _other_share(session: Session, cores: int) -> float:
    """Return other processes' CPU time as a share of what the machine had to give.

    Over the entry's own phases: in an idle window nothing is measured that others could spoil.
    """
    windows = [w for w in session.phases if not w.phase.startswith("idle")]
    seconds = sum(window.reading.seconds for window in windows)
    other = sum(window.disturbance.other_cpu_seconds for window in windows)
    return other / (seconds * cores) if seconds else 0.0


def _variant_cost_ratio(record: EvaluationRecord) -> float | None:
    """Return the median CPU cost of a variant over that of an original, where there were both.

    ``None`` too where both are too cheap for the clock; infinite where only the originals are free.
    """
    sweeps = [sweep for session in record.sessions for sweep in session.sweeps]
    variants = [sweep for sweep in sweeps if sweep.kind == "variant"]
    originals = [sweep for sweep in sweeps if sweep.kind == "original"]
    if not variants or not originals:
        return None
    if max(map(_median_cpu_seconds, (variants, originals))) < CLOCK_TICK_SECONDS:
        return None
    of_originals = _median_cost(originals)
    return _median_cost(variants) / of_originals if of_originals > 0 else math.inf


def _median_cpu_seconds(sweeps: list[Sweep]) -> float:
    return median(sweep.cpu_seconds for sweep in sweeps)


def _median_cost(sweeps: list[Sweep]) -> float:
    return median(sweep.cpu_seconds / sweep.queries for sweep in sweeps)


def _too_short(session: Session, wanted_seconds: float) -> bool:
    return phase_seconds(session, "measured") < wanted_seconds / 2


def _sessions(numbers: list[int]) -> str:
    noun = "session" if len(numbers) == 1 else "sessions"
    return f"{noun} {', '.join(str(number) for number in numbers)}"
