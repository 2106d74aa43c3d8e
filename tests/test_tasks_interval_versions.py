"""Intervals hold by the version of the method that their record names, of now and of before."""

from __future__ import annotations

import json
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from msgspec.structs import replace
from toy_task import write_detection_task

from harness.records.evaluation import Quality
from harness.records.interval_versions import (
    LAST_HARNESS,
    NAMES,
    made_since,
    version_named,
    version_told,
)
from harness.store.reading import read_all, read_items
from harness.tasks import load_task
from harness.tasks.answers import no_answers
from harness.tasks.card import Columns, Generated, Identity, Label, Metric, TaskCard, read_card
from harness.tasks.outcomes import kept_items, kept_predictions
from harness.tasks.protocol import Item, Predictions
from harness.tasks.quality import score
from harness.tasks.splits import ItemSplit
from harness.tasks.spreads import Version
from harness.verification.statistics import INTERVAL_TOLERANCE

ROOT = Path(__file__).resolve().parent.parent
GOLDEN = ROOT / "tests" / "golden" / "intervals-of-before.json"
"""Made by the harness of 26 November 2026, before there was a third version."""
METRICS = (
    Metric(name="accuracy", direction="higher", ranked=True),
    Metric(name="macro_f1", direction="higher"),
    Metric(name="balanced_accuracy", direction="higher"),
    Metric(name="recall", direction="higher", label="class 1"),
    Metric(name="precision", direction="higher", label="class 1"),
    Metric(name="f1", direction="higher", label="class 2"),
)
CARD = TaskCard(
    schema=1,
    task=Identity(
        id="toy",
        title="Toy",
        version=1,
        modality="text",
        query="one text",
        outputs=("index",),
        licence="CC0-1.0",
        description="A toy.",
    ),
    labels=tuple(Label(name=f"class {number}") for number in range(3)),
    metrics=METRICS,
    columns=Columns(sample="text", label="label"),
    sample=Generated(generator_version=1, train_items=1, test_items=1),
)
BOX = (0.25, 0.25, 0.5, 0.75)
Case = tuple[TaskCard, list[Predictions], ItemSplit]


def answered(items: int, sessions: int, groups: int | None, redrawn: float) -> Case:
    """Return answers of which some are wrong in every session, and some in one alone."""
    rng = np.random.Generator(np.random.PCG64([items, sessions]))
    truth = rng.integers(0, 3, items)
    first, again = (rng.integers(0, 3, (count, items)) for count in (1, sessions))
    said = np.where(rng.random(items) < 0.2, first, truth)
    worse = redrawn * np.arange(1, sessions + 1)[:, np.newaxis]
    said = np.where(rng.random((sessions, items)) < worse, again, said)
    split = ItemSplit(
        [
            Item(id=str(n), sample="text", label=int(label), group=str(n % (groups or items)))
            for n, label in enumerate(truth)
        ]
    )
    return CARD, list(said), split


def looked_for(folder: Path) -> Case:
    """Return boxes of three sessions, that are found now and then."""
    rng = np.random.Generator(np.random.PCG64(9))
    there = rng.random(60) < 0.5
    sessions = []
    for _ in range(3):
        boxes = no_answers(60, "boxes")
        for position, found in enumerate(rng.random(60) < 0.8):
            place = [(*BOX, 0.9)] if found else [(0.6, 0.0, 0.9, 0.2, 0.7)]
            boxes[position] = np.array(place, np.float32)
        sessions.append(boxes)
    items = [
        Item(
            id=str(n),
            sample=b"an image",
            label=int(each),
            group=str(n),
            boxes=(BOX,) if each else (),
        )
        for n, each in enumerate(there)
    ]
    return read_card(write_detection_task(folder)), sessions, ItemSplit(items, with_boxes=True)


def cases(folder: Path) -> dict[str, Case]:
    """Return answers of every kind of metric: one session, several, groups, all alike, boxes."""
    once = answered(150, 1, None, 0.0)
    return {
        "one session": once,
        "three sessions that agree": (once[0], once[1] * 3, once[2]),
        "three sessions": answered(150, 3, None, 0.05),
        "five sessions of groups": answered(240, 5, 30, 0.02),
        "all right": (CARD, [np.array(once[2].labels)], once[2]),
        "boxes": looked_for(folder),
    }


def ends(quality: Quality) -> list[list[object]]:
    return [[each.name, each.interval_method, each.low, each.high] for each in quality.metrics]


@pytest.mark.parametrize("version", ["cochran", "satterthwaite"])
def test_the_versions_of_before_give_what_they_gave(version: Version, tmp_path: Path) -> None:
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))[version]
    for name, case in cases(tmp_path).items():
        card, sessions, split = case
        made = score(card, sessions, split, by=version)
        for found, before in zip(ends(made), golden[name], strict=True):
            assert found[:2] == before[:2]
            assert found[2:] == pytest.approx(before[2:], rel=1e-9), (name, found)
        named = version_named(made)
        assert ends(score(card, sessions, split, by=named)) == ends(made)  # found by its name


def test_the_newest_has_a_name_that_no_other_has(tmp_path: Path) -> None:
    for name, (card, sessions, split) in cases(tmp_path).items():
        made = score(card, sessions, split)
        assert version_named(made) == "both", name
        others = [score(card, sessions, split, by=each) for each in get_args(Version)[1:]]
        for metric, *before in zip(made.metrics, *(each.metrics for each in others), strict=True):
            ends_differ = {(each.low, each.high) for each in before} != {(metric.low, metric.high)}
            named = metric.interval_method in {each.interval_method for each in before}
            assert not (named and ends_differ), (name, metric.name)


def test_a_share_alone_of_sessions_that_agree_is_the_same_by_every_version() -> None:
    card, sessions, split = answered(150, 1, None, 0.0)
    card = replace(card, metrics=METRICS[:1])
    made = [score(card, sessions * 2, split, by=each) for each in get_args(Version)]
    assert ends(made[0]) == ends(made[1]) == ends(made[2])
    assert version_named(made[0]) == "satterthwaite"  # any would do
    assert version_told(made[0].metrics) is None


def test_every_version_is_in_the_tables() -> None:
    assert {*NAMES} == {*get_args(Version)}
    assert {*LAST_HARNESS} == {*get_args(Version)} - {"both"}


@pytest.mark.parametrize(
    ("harness", "since"),
    [("0.1.0", False), ("0.0.9", False), ("0.1.1", True), ("0.10.0", True), ("1", True)],
)
def test_a_later_harness_no_longer_makes_the_older_versions(harness: str, since: bool) -> None:
    assert made_since("cochran", harness) is made_since("satterthwaite", harness) is since
    assert not made_since("both", harness)


@pytest.mark.parametrize("harness", ["", "next", "9.9.x", "9" * 10, "1" + ".1" * 10, "٣.0"])
def test_what_is_no_version_is_not_known_to_be_later(harness: str) -> None:
    assert not made_since("satterthwaite", harness)


def test_a_share_alone_of_groups_names_the_version_by_which_it_is_wider() -> None:
    card, sessions, split = answered(150, 1, 10, 0.0)
    card = replace(card, metrics=METRICS[:1])
    newest, *before = (score(card, sessions, split, by=each) for each in get_args(Version))
    assert newest.metrics[0].low < before[0].metrics[0].low
    assert ends(before[0]) == ends(before[1])
    assert [version_named(each) for each in (newest, *before)] == ["both", *["satterthwaite"] * 2]


def test_committed_records_hold_by_the_method_that_they_name() -> None:
    stored, problems = read_all(ROOT / "leaderboard" / "results")
    assert stored
    assert not problems
    tried = set()
    for each in stored:
        record = each.record
        outcomes = read_items(ROOT / "leaderboard" / "results", each)
        if outcomes is None or record.quality is None or record.task.id in tried:
            continue  # one of each task, in order, to be quick
        tried.add(record.task.id)
        task = load_task(ROOT, record.task.id)
        answers = kept_predictions(outcomes, record, task)
        again = task.score(answers, kept_items(outcomes), by=version_named(record.quality))
        for said, found in zip(record.quality.metrics, again.metrics, strict=True):
            assert said.interval_method == found.interval_method
            assert (said.low, said.high) == pytest.approx(
                (found.low, found.high), abs=INTERVAL_TOLERANCE
            )
    assert tried
