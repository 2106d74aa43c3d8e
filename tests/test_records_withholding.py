"""What a signed record on hidden labels keeps back."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec.structs import replace
from record_samples import RULES, outcomes, record
from signing_samples import signer

from harness.records import withholding
from harness.records.evaluation import ClassQuality, EvaluationRecord, MetricValue
from harness.records.withholding import in_steps, publishable, withheld_step
from harness.store.results import write

STEP = RULES.boards.quality_step
PRIVATE = {"source": "directory", "public": False}


def exact(**changes: object) -> EvaluationRecord:
    """Make a record with everything in it that tells labels."""
    made = record(value=0.8123, **changes)  # type: ignore[arg-type] # any field of the record
    assert made.quality is not None
    per_class = (ClassQuality(label="a", support=600, precision=0.8, recall=0.7, f1=0.75),)
    sessions = tuple(replace(each, confusion=((1, 2, 3),)) for each in made.sessions)
    return replace(made, quality=replace(made.quality, per_class=per_class), sessions=sessions)


def test_a_signed_record_on_hidden_labels_is_published_in_steps() -> None:
    kept = publishable(exact(data=PRIVATE), signed=True)
    assert kept.quality is not None
    (metric,) = kept.quality.metrics
    assert (metric.value, metric.low, metric.high) == (0.81, 0.775, 0.845)
    assert (kept.quality.step, kept.quality.per_class) == (STEP, ())
    assert {each.confusion for each in kept.sessions} == {None}


@pytest.mark.parametrize(("data", "signed"), [(PRIVATE, False), ({}, True), ({}, False)])
def test_what_is_not_published_or_no_secret_stays_exact(
    data: dict[str, object], signed: bool
) -> None:
    made = exact(data=data)
    assert publishable(made, signed=signed) == made


def test_rules_from_before_there_was_a_step_keep_nothing_back() -> None:
    older = exact(data=PRIVATE, rules=replace(RULES.reference_to_these, quality_step=None))
    assert withheld_step(older, signed=True) is None
    assert publishable(older, signed=True) == older


def test_a_failed_evaluation_keeps_its_confusions_back() -> None:
    made = replace(exact(data=PRIVATE), quality=None)
    assert {each.confusion for each in publishable(made, signed=True).sessions} == {None}


def test_what_is_written_with_a_signature_is_what_may_be_published(tmp_path: Path) -> None:
    kept, path = write(tmp_path, exact(data=PRIVATE), outcomes(), signer())
    assert kept.quality is not None
    assert kept.quality.step == STEP
    assert b"0.8123" not in path.read_bytes()
    unsigned, path = write(tmp_path, exact(data=PRIVATE), outcomes())
    assert unsigned.quality is not None
    assert unsigned.quality.step is None
    assert path.name.endswith(".local.json")  # which git ignores


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1), st.sampled_from([0.005, 0.01, 0.05, 0.3]))
def test_steps_widen_an_interval_and_never_narrow_it(
    one: float, two: float, three: float, step: float
) -> None:
    low, value, high = sorted((one, two, three))
    given_metric = MetricValue(name="m", value=value, low=low, high=high, interval_method="wilson")
    made = in_steps(given_metric, step)
    assert 0 <= made.low <= made.value <= made.high <= 1
    assert made.low <= low + 1e-8
    assert made.high >= high - 1e-8 or made.high == 1
    assert abs(made.value - value) <= step / 2 + 1e-8 or made.value == 1
    assert in_steps(made, step) == made


@given(st.integers(1, 198), st.floats(-0.0024, 0.0024), st.floats(0, 0.2), st.floats(0, 0.2))
def test_where_between_two_steps_a_value_lies_does_not_show(
    count: int, off: float, below: float, above: float
) -> None:
    def published(value: float) -> MetricValue:
        # Any ends that are as far from the value; also beyond 0 and 1, where both would be cut off.
        given_metric = MetricValue(
            name="m", value=value, low=value - below, high=value + above, interval_method="wilson"
        )
        return in_steps(given_metric, STEP)

    middle = count * STEP
    # What lies on steps throughout is taken for published already.
    assume(not withholding._in_steps(middle + off, STEP))
    one, other = published(middle + off), published(middle + 0.001234567)
    assert abs(one.low - other.low) < STEP * 1.5
    assert one.value == other.value
    if min(below, above) > 0.01 and all(
        abs((width / STEP + 0.5) % 1 - 0.5) < 0.49 for width in (below, above)
    ):  # no width at the border of a step, where arithmetic decides
        assert one == other
