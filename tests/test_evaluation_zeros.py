"""What clocks and counters that read zero, or next to it, are taken for."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from record_samples import RULES, component_energy, record, session

from harness.evaluation.gate import CLOCK_TICK_SECONDS
from harness.evaluation.notices import notices
from harness.records.energy import silent_components
from harness.records.evaluation import EvaluationRecord
from harness.records.session import Session, Sweep


def codes(made: EvaluationRecord) -> list[str]:
    return [notice.code for notice in notices(made, RULES)]


def with_dram(joules: float) -> Session:
    """Make a session with a memory counter beside the package's, the same in every window."""
    dram = component_energy(joules, component="dram", edges_joules=0.0)
    return replace(
        session(),
        phases=tuple(
            replace(each, reading=replace(each.reading, energy=(*each.reading.energy, dram)))
            for each in session().phases
        ),
    )


def costing(*, original: float, variant: float) -> EvaluationRecord:
    """Make a record whose sweeps took these CPU seconds."""
    sweeps = (
        Sweep(kind="original", queries=1000, seconds=1.0, cpu_seconds=original),
        Sweep(kind="variant", queries=1000, seconds=1.0, cpu_seconds=variant),
    )
    return record(sessions=(replace(session(), sweeps=sweeps),) * 5)


def test_a_component_that_stood_still_is_named_however_much_the_others_read() -> None:
    assert silent_components(with_dram(0.5)) == ()
    assert silent_components(with_dram(0.0)) == ("dram",)
    assert codes(record(sessions=(with_dram(0.5),) * 5)) == []
    one_stood_still = (*(with_dram(0.5),) * 4, with_dram(0.0))
    assert codes(record(sessions=one_stood_still)) == ["unresolved-energy"]


@pytest.mark.parametrize("original", [0.0, CLOCK_TICK_SECONDS / 10])
def test_originals_for_nothing_beside_dear_variants_are_named(original: float) -> None:
    assert codes(costing(original=original, variant=1.0)) == ["variants-cost-otherwise"]


def test_where_an_accelerator_is_metered_time_tells_what_it_works() -> None:
    """An original may wait for it ten times as long as a variant, at the same CPU time."""
    sweeps = (
        Sweep(kind="original", queries=1000, seconds=10.0, cpu_seconds=1.0),
        Sweep(kind="variant", queries=1000, seconds=1.0, cpu_seconds=1.0),
    )
    made = record(sessions=(replace(session(), sweeps=sweeps),) * 5)
    (source, *_) = made.meter.sources
    board = replace(source, name="gpu-0", component="gpu")
    metered = replace(made, meter=replace(made.meter, sources=(source, board)))

    assert codes(made) == []
    (said,) = [n for n in notices(metered, RULES) if n.code.startswith("variants")]
    assert said.code == "variants-cost-otherwise"
    assert "cost 0.10 times the time of the originals" in said.message


def test_sweeps_shorter_than_the_clock_can_tell_accuse_nobody() -> None:
    below = CLOCK_TICK_SECONDS * 0.9
    assert codes(costing(original=below / 2, variant=below)) == []
    assert codes(costing(original=below, variant=below / 2)) == []
    assert codes(costing(original=0.0, variant=0.0)) == []
