"""What a session sends: every original once, in an order nobody can foresee, among variants."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from record_samples import RULES as CHALLENGE
from toy_task import write_task

from harness.evaluation import plan
from harness.evaluation.agreement import draw_rebatched
from harness.evaluation.plan import (
    MIN_SWEEPS,
    PlannedSweep,
    count_sweeps,
    plan_sweeps,
    sealed_rng,
    wanted_seconds,
)
from harness.records.rules import ProtocolRules
from harness.tasks import load_task
from harness.tasks.protocol import Item, Sample, Stored, Task
from harness.tasks.splits import ItemSplit
from harness.tasks.spool import Spool

RULES = ProtocolRules(
    looks=(1,), half_width=0.05, idle_seconds=0.01, warm_up_queries=4, measured_seconds=1.0,
    max_sweeps=7, variant_seconds=60.0, rebatched_queries=0, max_repeats=1, when_disturbed="fail",
)  # fmt: skip
AMPLE_SECONDS = 60.0
"""More seconds than making any variant here can take."""


@pytest.fixture(scope="module")
def task(tmp_path_factory: pytest.TempPathFactory) -> Task:
    root = tmp_path_factory.mktemp("project")
    write_task(root)
    return load_task(root, "toy")


def split_of(items: int) -> ItemSplit:
    return ItemSplit(
        [Item(id=str(i), sample=f"sample {i}", label=0, group=str(i)) for i in range(items)]
    )


def spooled(*samples: str) -> Spool:
    spool = Spool(text=True)
    for sample in samples:
        spool.append(sample)
    return spool


def sent(sweep: PlannedSweep, split: ItemSplit, size: int = 4) -> list[tuple[int, Sample]]:
    """Return position and sample of every query, in the order they are sent."""
    batches = sweep.batches(split, size)
    samples = [s for batch in batches if not isinstance(batch, Stored) for s in batch]
    return list(zip(sweep.order.tolist(), samples, strict=True))


@given(items=st.integers(1, 30), sweeps=st.integers(1, 6), size=st.integers(1, 8))
def test_each_sweep_sends_every_item_once_and_one_sweep_is_of_the_originals(
    task: Task, items: int, sweeps: int, size: int
) -> None:
    split = split_of(items)

    planned = plan_sweeps(task, split, sweeps, sealed_rng(), variant_seconds=AMPLE_SECONDS)

    assert [sweep.kind for sweep in planned].count("original") == 1
    assert len(planned) == sweeps
    for sweep in planned:
        queries = sent(sweep, split, size)
        assert sorted(position for position, _ in queries) == list(range(items))
        for position, sample in queries:
            (original,) = split.samples([position])
            assert (sample == original) == (sweep.kind == "original")


@given(items=st.integers(1, 20), size=st.integers(1, 8))
def test_batches_are_full_but_the_last(task: Task, items: int, size: int) -> None:
    split = split_of(items)
    (sweep,) = plan_sweeps(task, split, 1, sealed_rng(), variant_seconds=AMPLE_SECONDS)

    lengths = [len(samples) for samples in sweep.batches(split, size)]

    assert sum(lengths) == items
    assert all(length == size for length in lengths[:-1])
    assert 1 <= lengths[-1] <= size


def test_orders_differ_from_sweep_to_sweep_and_from_session_to_session(task: Task) -> None:
    split = split_of(50)
    sessions = [
        plan_sweeps(task, split, 3, sealed_rng(), variant_seconds=AMPLE_SECONDS) for _ in range(4)
    ]

    orders = {tuple(sweep.order.tolist()) for planned in sessions for sweep in planned}

    assert len(orders) == 12  # 50! orders: two alike are no chance
    assert tuple(range(50)) not in orders


def test_the_originals_may_come_at_any_place(task: Task) -> None:
    split = split_of(2)
    places = set()
    for _ in range(200):
        planned = plan_sweeps(task, split, 3, sealed_rng(), variant_seconds=AMPLE_SECONDS)
        places.add([sweep.kind for sweep in planned].index("original"))

    assert places == {0, 1, 2}  # misses one by chance once in 10^35


def test_variants_stay_within_their_room(task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    split = split_of(10)  # a variant has 9 bytes, so a sweep of them has 90
    monkeypatch.setattr(plan, "MAX_VARIANT_BYTES", 200)

    planned = plan_sweeps(task, split, 5, sealed_rng(), variant_seconds=AMPLE_SECONDS)

    variants = [sweep for sweep in planned if sweep.kind == "variant"]
    assert len(variants) == 2
    assert sum(len(sample) for sweep in variants for _, sample in sent(sweep, split)) <= 200


@pytest.mark.parametrize("sweeps", [2, 5])
def test_where_no_whole_sweep_of_variants_has_room_there_is_one_of_a_part(
    task: Task, monkeypatch: pytest.MonkeyPatch, sweeps: int
) -> None:
    split = split_of(10)
    monkeypatch.setattr(plan, "MAX_VARIANT_BYTES", 60)  # six of nine bytes, and some more
    parts: set[int] = set()
    for _ in range(40):
        planned = plan_sweeps(task, split, sweeps, sealed_rng(), variant_seconds=AMPLE_SECONDS)

        kinds = {sweep.kind: sweep for sweep in planned}
        assert len(planned) == 2
        queries = sent(kinds["variant"], split)
        positions = [position for position, _ in queries]
        assert len(set(positions)) == len(queries) == 6
        for position, sample in queries:
            (original,) = split.samples([position])
            assert str(sample).startswith(str(original))
            assert sample != original
        assert sorted(kinds["original"].order.tolist()) == list(range(10))
        parts.update(positions)
    assert parts == set(range(10))  # drawn at random


def test_the_originals_are_sent_where_no_variant_has_room(
    task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan, "MAX_VARIANT_BYTES", 0)

    (only,) = plan_sweeps(task, split_of(10), 5, sealed_rng(), variant_seconds=AMPLE_SECONDS)

    assert only.kind == "original"


def test_no_further_sweep_is_made_when_its_time_is_up(task: Task) -> None:
    (only,) = plan_sweeps(task, split_of(10), 5, sealed_rng(), variant_seconds=0.0)

    assert only.kind == "original"


def test_no_two_variants_of_a_session_are_alike_where_there_are_enough(
    task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The toy's variant is one of ten: of nine some would be alike without a second look."""
    monkeypatch.setattr(plan, "TRIES", 400)
    split = ItemSplit([Item(id=str(i), sample=f"item {i}.", label=0, group="g") for i in range(30)])

    sweeps = plan_sweeps(task, split, 10, sealed_rng(), variant_seconds=AMPLE_SECONDS)

    samples = [sample for sweep in sweeps for _, sample in sent(sweep, split)]
    assert len(set(samples)) == len(samples) == 300


def test_no_variant_is_its_own_original_where_there_is_another(
    task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    def often_the_same(_task: Task, sample: Sample, rng: np.random.Generator) -> Sample:
        return f"{sample!s} {rng.integers(1000)}" if rng.integers(10) == 0 else sample

    monkeypatch.setattr(plan, "TRIES", 400)
    monkeypatch.setattr(type(task), "perturb", often_the_same)

    sweeps = plan_sweeps(task, split_of(30), 2, sealed_rng(), variant_seconds=AMPLE_SECONDS)

    samples = [sample for sweep in sweeps for _, sample in sent(sweep, split_of(30))]
    assert len(set(samples)) == len(samples) == 60


def test_variants_that_are_kept_in_a_file_come_back_as_what_they_were(
    task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan, "VARIANT_MEMORY_BYTES", 0)

    sweeps = plan_sweeps(task, split_of(5), 2, sealed_rng(), variant_seconds=AMPLE_SECONDS)

    (variants,) = (sweep for sweep in sweeps if sweep.kind == "variant")
    samples = dict(sent(variants, split_of(5)))
    assert all(str(samples[number]).startswith(f"sample {number}") for number in range(5))


def test_what_has_too_few_variants_is_sent_again(
    task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(task), "perturb", lambda _task, sample, _rng: sample)

    sweeps = plan_sweeps(task, split_of(3), 4, sealed_rng(), variant_seconds=AMPLE_SECONDS)

    assert len(sweeps) == 4


def test_the_secret_is_fresh_each_time() -> None:
    drawn = {int(sealed_rng().integers(2**62)) for _ in range(8)}

    assert len(drawn) == 8


@given(
    items=st.integers(1, 10_000),
    seconds=st.floats(0, 1e6, allow_nan=False),
)
def test_sweeps_stay_within_the_rules(items: int, seconds: float) -> None:
    sweeps = count_sweeps(RULES, RULES.measured_seconds, items, seconds)

    assert MIN_SWEEPS <= sweeps <= RULES.max_sweeps
    if sweeps < RULES.max_sweeps:
        assert sweeps * items * seconds >= RULES.measured_seconds * (1 - 1e-9)
    if sweeps > MIN_SWEEPS:  # one fewer would have been too short
        assert (sweeps - 1) * items * seconds < RULES.measured_seconds


@pytest.mark.parametrize(
    ("seconds_per_query", "sweeps"),
    [(0.0, 7), (1e-9, 7), (0.002, 5), (0.0021, 5), (0.01, 2), (10.0, 2)],
)
def test_sweeps_fill_the_measured_phase(seconds_per_query: float, sweeps: int) -> None:
    assert count_sweeps(RULES, 1.0, 100, seconds_per_query) == sweeps


REFRESHES = {
    # seconds of a refresh: seconds of the measured phase, at 1 % for its two edges
    0.0: 1.0,
    0.001: 1.0,
    0.005: 1.0,
    0.1: 20.0,
    1.0: 200.0,
    60.0: 1800.0,  # half of what a session may take
}


@pytest.mark.parametrize("refresh_seconds", REFRESHES)
def test_the_measured_phase_is_long_enough_for_the_meter(refresh_seconds: float) -> None:
    assert CHALLENGE.energy.edge_share == 0.01
    wanted = wanted_seconds(CHALLENGE, RULES, refresh_seconds)
    assert wanted == pytest.approx(REFRESHES[refresh_seconds])


def test_more_passes_are_made_for_a_slow_meter() -> None:
    """A sweep of 100 takes 0.5 s: two fill the rules' second, and all seven are made for NVML's."""
    quick, slow = (wanted_seconds(CHALLENGE, RULES, refresh) for refresh in (0.001, 0.1))
    assert count_sweeps(RULES, quick, 100, 0.005) == 2
    assert count_sweeps(RULES, slow, 100, 0.005) == RULES.max_sweeps


@pytest.mark.parametrize(
    ("seconds", "seconds_per_query", "queries"), [(1.0, 0.05, 20), (1.0, 1e-9, 40), (1.0, 0.0, 40)]
)
def test_as_many_are_sent_in_other_batches_as_should_be_answered_in_time(
    seconds: float, seconds_per_query: float, queries: int
) -> None:
    made = draw_rebatched(split_of(50), "index", batch_size=8, most=40, rng=sealed_rng())
    assert made is not None
    assert sum(map(len, made.batches(seconds, seconds_per_query))) == queries
    assert len(made.positions) == len(made.predictions) == queries
    assert [len(batch) for batch in made.batches(0.0, 1.0)] == [made.size]


def test_a_sweep_of_variants_keeps_its_samples_by_position() -> None:
    sweep = PlannedSweep("variant", np.array([2, 0, 1]), spooled("zero", "one", "two"))

    assert sent(sweep, split_of(3), size=2) == [(2, "two"), (0, "zero"), (1, "one")]
