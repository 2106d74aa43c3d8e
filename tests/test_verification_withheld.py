"""Records that keep exact quality back, and intervals, are held against the outcomes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace
from record_samples import outcomes, record
from toy_task import write_task

from harness.records.evaluation import ItemOutcomes, MetricValue, Quality
from harness.records.finding import Finding
from harness.records.withholding import publishable
from harness.tasks import load_task
from harness.tasks.outcomes import kept_items, kept_predictions
from harness.tasks.task import FolderTask
from harness.verification.statistics import check_statistics
from harness.verification.subject import Subject

ITEMS = 97


@pytest.fixture
def task(tmp_path: Path) -> FolderTask:
    write_task(tmp_path)
    return load_task(tmp_path, "toy")


def answered(wrong: int) -> ItemOutcomes:
    labels = tuple(number % 2 for number in range(ITEMS))
    said = tuple(1 - label if n < wrong else label for n, label in enumerate(labels))
    names = tuple(f"i{number}" for number in range(ITEMS))
    return outcomes(ids=names, groups=None, labels=labels, predictions=(said,) * 2)


def subject(task: FolderTask, said: ItemOutcomes, kept: ItemOutcomes | None) -> Subject:
    """Make a signed record on hidden labels that says what ``said`` gives, beside ``kept``."""
    made = record(joules=[39.0] * 2, data={"source": "directory", "public": False})
    sessions = kept_predictions(said, made, task)
    items = kept_items(said)
    confusion = task.confusion(sessions[0], np.asarray(items.labels))
    made = replace(
        made,
        quality=task.score(sessions, items),
        sessions=tuple(replace(each, confusion=confusion) for each in made.sessions),
    )
    return Subject("r.json", publishable(made, signed=True), "5e" * 32, True, kept)


def test_outcomes_that_give_the_published_steps_hold(task: FolderTask) -> None:
    made = subject(task, answered(10), answered(10))
    assert made.record.quality is not None
    assert made.record.quality.step
    assert [*check_statistics(made, task, None)] == []


def test_outcomes_that_give_other_steps_are_named(task: FolderTask) -> None:
    found = [*check_statistics(subject(task, answered(10), answered(12)), task, None)]
    assert [each.code for each in found] == ["quality"]


def test_a_published_figure_that_is_no_step_is_named(task: FolderTask) -> None:
    made = subject(task, answered(10), answered(10))
    assert made.record.quality is not None
    metrics: tuple[MetricValue, ...] = tuple(
        replace(metric, value=metric.value + 0.001) for metric in made.record.quality.metrics
    )
    quality = replace(made.record.quality, metrics=metrics)
    forged = replace(made.record, quality=quality)
    found = [
        *check_statistics(Subject("r.json", forged, "5e" * 32, True, answered(10)), task, None)
    ]
    assert [each.code for each in found] == ["quality"]


def test_a_confusion_that_should_have_been_kept_back_is_named(task: FolderTask) -> None:
    made = subject(task, answered(10), answered(10))
    first, *rest = made.record.sessions
    told = replace(made.record, sessions=(replace(first, confusion=((1, 2, 0), (3, 4, 0))), *rest))
    found = [*check_statistics(Subject("r.json", told, "5e" * 32, True, answered(10)), task, None)]
    assert [each.code for each in found] == ["confusion"]


def test_answers_of_a_kind_that_the_task_does_not_score_are_named(task: FolderTask) -> None:
    made = subject(task, answered(10), answered(10))
    submission = replace(made.record.submission, output="boxes")
    forged = replace(made.record, submission=submission)
    nothing = replace(answered(10), predictions=((None,) * ITEMS,) * 2)
    found = [*check_statistics(Subject("r.json", forged, "5e" * 32, True, nothing), task, None)]
    assert [each.code for each in found] == ["items"]


def test_without_outcomes_there_is_nothing_to_compute(task: FolderTask) -> None:
    made = subject(task, answered(10), None)
    committed = Subject("r.json", made.record, "5e" * 32, True, None)
    assert [*check_statistics(committed, task, None)] == []


def unsteady() -> ItemOutcomes:
    """Make outcomes of two sessions that differ by more than items explain."""
    kept = answered(10)
    worse = answered(20).predictions[0]
    return replace(kept, predictions=(kept.predictions[0], worse))


def found_of(task: FolderTask, quality: Quality) -> list[Finding]:
    """Return what is found of a record of the unsteady entry that says this quality."""
    kept = unsteady()
    made = record(joules=[39.0] * 2)
    answers = kept_predictions(kept, made, task)
    sessions = tuple(
        replace(each, confusion=task.confusion(said, np.asarray(kept.labels)))
        for each, said in zip(made.sessions, answers, strict=True)
    )
    made = replace(made, quality=quality, sessions=sessions)
    subject = Subject("r.json", made, "5e" * 32, True, kept)
    return [*check_statistics(subject, task, None)]


def of_quality(task: FolderTask, quality: Quality) -> list[str]:
    """Return the codes of what does not hold."""
    return [each.code for each in found_of(task, quality) if each.kind == "finding"]


def test_intervals_by_another_method_do_not_hold(task: FolderTask) -> None:
    """Of another harness, or of whoever would have them narrower."""
    answers = kept_predictions(unsteady(), record(joules=[39.0] * 2), task)
    made = task.score(answers, kept_items(unsteady()))
    assert made.ranked_value.interval_method.endswith(", sessions by both t")
    assert of_quality(task, made) == []
    metrics = tuple(
        replace(each, interval_method=each.interval_method.removesuffix(", sessions by both t"))
        for each in made.metrics
    )
    (found,) = found_of(task, replace(made, metrics=metrics))
    assert (found.code, found.kind) == ("quality", "finding")
    assert "intervals by another method" in found.message


def test_intervals_that_are_narrower_than_their_method_gives_do_not_hold(task: FolderTask) -> None:
    answers = kept_predictions(unsteady(), record(joules=[39.0] * 2), task)
    made = task.score(answers, kept_items(unsteady()))
    metrics = tuple(replace(each, low=(each.low + each.value) / 2) for each in made.metrics)
    assert of_quality(task, replace(made, metrics=metrics)) == ["quality"]
