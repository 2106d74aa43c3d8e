"""Warnings of a record: each where there is cause for it, and nowhere else."""

from __future__ import annotations

from msgspec.structs import replace
from record_samples import RULES, record, session, window

from harness.evaluation.notices import notices
from harness.records.evaluation import FEW_SESSIONS, EvaluationRecord, Session, Sweep
from harness.records.meter import ComponentEnergy


def codes(made: EvaluationRecord, disagreement: float = 0.0) -> list[str]:
    return [notice.code for notice in notices(made, RULES, disagreement)]


def with_dram(made: Session, joules: float) -> Session:
    """Add a memory counter that reads the same in every window."""
    dram = ComponentEnergy(component="dram", joules=joules, uncertainty_joules=0.0)
    return replace(
        made,
        phases=tuple(
            replace(each, reading=replace(each.reading, energy=(*each.reading.energy, dram)))
            for each in made.phases
        ),
    )


def test_a_quiet_evaluation_has_none() -> None:
    assert codes(record()) == []


def test_few_sessions_are_told_of_a_completed_evaluation_only() -> None:
    assert codes(record(joules=[39.0] * 3)) == [FEW_SESSIONS]
    assert codes(record(joules=[39.0] * 3, failed="measured")) == []
    assert codes(record(sessions=(), failed="load", quality=None)) == []


def test_a_component_that_stood_still_is_told_however_much_the_others_read() -> None:
    moving, still = with_dram(session(), 0.5), with_dram(session(), 0.0)
    assert codes(record(sessions=(moving,) * 5)) == []
    assert codes(record(sessions=(moving, still, moving, moving, moving))) == ["unresolved-energy"]


def test_energy_within_its_own_uncertainty_is_told() -> None:
    phases = tuple(
        window(each.phase, seconds=each.reading.seconds, joules=0.0009) for each in session().phases
    )
    assert "unresolved-energy" in codes(record(sessions=(replace(session(), phases=phases),) * 5))


def test_sessions_that_disagree_are_told_unless_the_entry_is_stochastic() -> None:
    beyond = RULES.cautions.session_disagreement + 0.01
    assert codes(record(), RULES.cautions.session_disagreement) == []
    assert codes(record(), beyond) == ["unstable-predictions"]
    stochastic = replace(record().submission, stochastic=True)
    assert codes(record(submission=stochastic), beyond) == []


def test_variants_that_cost_otherwise_are_told() -> None:
    def costing(variant_cpu_seconds: float) -> EvaluationRecord:
        sweeps = tuple(
            Sweep(kind=kind, queries=1000, seconds=1.0, cpu_seconds=cpu_seconds)
            for kind, cpu_seconds in (("original", 1.0), ("variant", variant_cpu_seconds))
        )
        return record(sessions=(replace(session(), sweeps=sweeps),) * 5)

    assert codes(costing(1.05)) == []
    assert codes(costing(0.5)) == ["variants-cost-otherwise"]
    assert codes(costing(1.5)) == ["variants-cost-otherwise"]
