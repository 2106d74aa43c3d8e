"""Each warning is raised by what gives cause for it, and by nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from msgspec.structs import replace
from record_samples import RULES, component_energy, record, session

from harness.evaluation.notices import notices
from harness.records.evaluation import EvaluationRecord, ReferenceKernel, Session, Sweep


def codes(made: EvaluationRecord, disagreement: float = 0.0) -> list[str]:
    return [notice.code for notice in notices(made, RULES, disagreement)]


def graded(grade: str) -> EvaluationRecord:
    made = record()
    meter: Any = replace(made.meter, grade=grade)
    return replace(made, meter=meter)


def of_sessions(*made: Session) -> EvaluationRecord:
    """Make a record of these sessions and as many ordinary ones as make five."""
    ordinary = [session(index=index) for index in range(len(made), 5)]
    return record(sessions=(*made, *ordinary))


def with_energy(*, joules: float, uncertainty: float) -> EvaluationRecord:
    """Make a record whose first session read this in its measured phase and in its drain."""
    ordinary = session()
    energy = (component_energy(joules, edges_joules=uncertainty),)
    phases = tuple(
        replace(window, reading=replace(window.reading, energy=energy))
        if window.phase in {"measured", "drain"}
        else window
        for window in ordinary.phases
    )
    return of_sessions(replace(ordinary, phases=phases))


def with_others(phase: str, other_cpu_seconds: float) -> EvaluationRecord:
    """Make a record whose first session had others at work in one phase."""
    ordinary = session()
    phases = tuple(
        replace(
            window, disturbance=replace(window.disturbance, other_cpu_seconds=other_cpu_seconds)
        )
        if window.phase == phase
        else window
        for window in ordinary.phases
    )
    return of_sessions(replace(ordinary, phases=phases))


def with_kernel(after_cpu_seconds: float) -> EvaluationRecord:
    kernel = ReferenceKernel(before_cpu_seconds=0.1, after_cpu_seconds=after_cpu_seconds)
    return of_sessions(replace(session(), kernel=kernel))


def with_variants(ratio: float) -> EvaluationRecord:
    """Make a record of twice as many variants as originals, at ``ratio`` times their cost."""
    original = Sweep(kind="original", queries=100, seconds=1.0, cpu_seconds=0.5)
    variant = Sweep(kind="variant", queries=200, seconds=2.0, cpu_seconds=1.0 * ratio)
    return record(
        sessions=tuple(
            replace(session(index=index), sweeps=(variant, original)) for index in range(5)
        )
    )


@dataclass(frozen=True)
class Case:
    """A record that gives cause for a warning, and the nearest one that does not."""

    gives: EvaluationRecord
    gives_not: EvaluationRecord
    says: str


# Nine seconds of the entry's own phases on eight cores: two per cent of them are 1.44 CPU-seconds.
CASES = {
    "modelled-energy": Case(graded("model"), graded("sensor"), "not energy"),
    "simulated-energy": Case(graded("simulated"), graded("wall"), "stand-in"),
    "unresolved-energy": Case(
        with_energy(joules=0.1, uncertainty=0.1),
        with_energy(joules=0.11, uncertainty=0.1),
        "in session 1",
    ),
    "small-test-set": Case(record(data={"items": 999}), record(data={"items": 1000}), "999"),
    "few-sessions": Case(record(joules=(39.0,) * 4), record(joules=(39.0,) * 5), "4 sessions"),
    "weak-isolation": Case(record(isolation="C"), record(isolation="B"), "grade C"),
    "disturbed": Case(with_others("load", 1.5), with_others("load", 1.4), "2.1% of the"),
    "unsteady-machine": Case(with_kernel(0.111), with_kernel(0.109), "100 and 111 ms"),
    "variants-cost-otherwise": Case(with_variants(1.2), with_variants(1.05), "1.20 times"),
}


@pytest.mark.parametrize("code", CASES)
def test_a_cause_raises_its_own_warning_only(code: str) -> None:
    case = CASES[code]

    (notice,) = notices(case.gives, RULES, 0.0)

    assert notice.code == code
    assert case.says in notice.message
    assert notice.remedy
    assert codes(case.gives_not) == []


def test_an_ordinary_record_raises_none() -> None:
    assert codes(record(), disagreement=RULES.cautions.session_disagreement) == []


def test_variants_that_cost_too_little_are_named_too() -> None:
    assert codes(with_variants(0.5)) == ["variants-cost-otherwise"]


def test_what_others_do_while_the_machine_idles_spoils_nothing() -> None:
    assert codes(with_others("idle-before", 4.0)) == []


def test_a_model_that_disagrees_with_itself_is_named() -> None:
    (notice,) = notices(record(), RULES, 0.031)

    assert (notice.code, "3.1%" in notice.message) == ("unstable-predictions", True)


def test_a_model_that_is_declared_stochastic_may_disagree_with_itself() -> None:
    made = record()
    stochastic = replace(made, submission=replace(made.submission, stochastic=True))

    assert codes(stochastic, disagreement=0.5) == []


def test_a_failed_evaluation_is_not_told_to_run_more_sessions() -> None:
    assert codes(record(joules=(), failed="load")) == []


def test_every_cause_at_once_raises_every_warning() -> None:
    made = record(data={"items": 10}, isolation="D", joules=(0.0,))
    meter: Any = replace(made.meter, grade="model")

    raised = codes(replace(made, meter=meter), disagreement=1.0)

    assert raised == [
        "modelled-energy", "small-test-set", "few-sessions", "weak-isolation",
        "unstable-predictions",
    ]  # fmt: skip
