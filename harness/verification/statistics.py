"""Compute a record's statistics again from what it keeps, and from the outcomes beside it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from harness.records.evaluation import (
    Completed,
    ItemOutcomes,
    MetricValue,
    Quality,
)
from harness.records.finding import Finding
from harness.records.withholding import publishable_quality, withheld_step
from harness.tasks.answers import as_corners
from harness.tasks.outcomes import kept_items, scorable
from harness.tasks.protocol import Predictions, Split
from harness.tasks.quality import label_metrics, metric_values
from harness.tasks.task import FolderTask
from harness.verification.subject import FORGED, Subject

VALUE_TOLERANCE = 1e-9
"""Relative: sums of the same terms differ by less in floating point."""
INTERVAL_TOLERANCE = 0.005
"""Of the ends of intervals: NumPy may draw other random numbers one day."""

MOST_ITEMS = 10**12
"""Far beyond any data set, and safe to count in NumPy's integers."""

_LOST = "bring the file *.items.json from the machine that evaluated, if all is to be verified"


def check_statistics(subject: Subject, task: FolderTask, split: Split | None) -> Iterator[Finding]:
    """Compute quality again, by the task that the record names.

    From the outcomes of single items where they are beside the record; ``split`` are the very items
    that it names, if they are here. Else from the confusion that each session keeps, unless it is
    kept back.
    """
    record = subject.record
    if subject.outcomes is None:
        if record.items is not None and not subject.outcomes_unfit:
            yield subject.found(
                "items-missing",
                "the outcomes of single items are not beside it: its intervals are not computed "
                "again",
                _LOST,
                "note",
            )
        if withheld_step(record, signed=subject.verified) is None:
            yield from _from_confusions(subject, task)
        return
    sessions = scorable(subject.outcomes, record, task.card)
    if not isinstance(sessions, str) and split is not None:
        sessions = _differs(subject.outcomes, split) or sessions
    if isinstance(sessions, str):
        yield subject.found("items", f"the outcomes beside it {sessions}", FORGED)
        return
    yield from _from_outcomes(subject, subject.outcomes, sessions, task)


def _differs(outcomes: ItemOutcomes, split: Split) -> str:
    mine = (outcomes.ids, outcomes.labels, outcomes.groups, outcomes.boxes)
    groups = None if split.groups is None else tuple(split.groups)
    boxes = None if split.boxes is None else tuple(as_corners(each) for each in split.boxes)
    theirs = (tuple(split.ids), tuple(split.labels.tolist()), groups, boxes)
    named = ("identifiers", "labels", "groups", "boxes")
    unlike = [name for name, one, other in zip(named, mine, theirs, strict=True) if one != other]
    return f"have other {' and '.join(unlike)} than the data" if unlike else ""


def _from_outcomes(
    subject: Subject, outcomes: ItemOutcomes, sessions: Sequence[Predictions], task: FolderTask
) -> Iterator[Finding]:
    record = subject.record
    items = kept_items(outcomes)
    step = withheld_step(record, signed=subject.verified)
    for session, answers in zip(record.sessions, sessions, strict=False):
        kept = None if step is not None else task.confusion(answers, items.labels)
        if session.confusion != kept:
            yield subject.found(
                "confusion",
                f"session {session.index + 1} keeps another confusion than its answers give",
                FORGED,
            )
    yield from _agreements(subject, [task.decisions(answers) for answers in sessions])
    again = task.score(sessions, items) if sessions else None
    if again is not None and step is not None:
        again = publishable_quality(again, step)
    unlike = _unlike(record.quality, again)
    if unlike:
        yield subject.found("quality", f"its outcomes give another quality: {unlike}", FORGED)


def _agreements(subject: Subject, decided: Sequence[npt.NDArray[np.int64]]) -> Iterator[Finding]:
    """Hold what sessions keep of their agreement with the one before against their answers."""
    for number, session in enumerate(subject.record.sessions):
        if session.agreement is None:
            continue
        again = float((decided[number] == decided[number - 1]).mean()) if number else None
        said = session.agreement.previous
        close = said is not None and again is not None and math.isclose(said, again, rel_tol=1e-9)
        if not (close or said is again is None):
            yield subject.found(
                "agreement",
                f"session {session.index + 1} says that {said} of its answers are those of the "
                f"session before; {again} are",
                FORGED,
            )


def _unlike(said: Quality | None, again: Quality | None) -> str:
    """Say in what two qualities differ; empty when in nothing."""
    if said is None or again is None:
        return "" if said is again else "one of the two is none"
    if said.step != again.step:
        return "in other steps"
    if (said.ranked, said.items, said.answered) != (again.ranked, again.items, again.answered):
        return f"{again.answered} of {again.items} items answered, ranked by {again.ranked}"
    if _methods(said) != _methods(again):
        return "other metrics, or intervals by another method"
    for mine, theirs in zip(said.metrics, again.metrics, strict=True):
        close = math.isclose(mine.value, theirs.value, rel_tol=VALUE_TOLERANCE, abs_tol=1e-12)
        ends = max(abs(mine.low - theirs.low), abs(mine.high - theirs.high))
        if not close or ends > INTERVAL_TOLERANCE + (said.step or 0.0):
            return f"{theirs.name} {_spelled(theirs)}, where it says {_spelled(mine)}"
    classes = zip(said.per_class, again.per_class, strict=False)
    same = len(said.per_class) == len(again.per_class) and all(
        (one.label, one.support) == (other.label, other.support)
        and all(
            math.isclose(a, b, rel_tol=VALUE_TOLERANCE, abs_tol=1e-12)
            for a, b in (
                (one.precision, other.precision), (one.recall, other.recall), (one.f1, other.f1),
            )
        )
        for one, other in classes
    )  # fmt: skip
    return "" if same else "other figures of single classes"


def _methods(quality: Quality | None) -> list[tuple[str, str]]:
    metrics = () if quality is None else quality.metrics
    return [(metric.name, metric.interval_method) for metric in metrics]


def _spelled(metric: MetricValue) -> str:
    return f"{metric.value:.6g} ({metric.low:.6g} to {metric.high:.6g})"


def _from_confusions(subject: Subject, task: FolderTask) -> Iterator[Finding]:
    """Compute the metrics' values again from what the sessions of a completed record keep."""
    record = subject.record
    if not isinstance(record.outcome, Completed) or record.quality is None or not record.sessions:
        return
    k = len(task.labels)
    confusions = [session.confusion for session in record.sessions]
    for session, counts in zip(record.sessions, confusions, strict=True):
        shaped = counts is not None and [len(row) for row in counts] == [k + 1] * k
        if not shaped or not _counts(counts or (), record.quality.items):
            yield subject.found(
                "confusion",
                f"the confusion of session {session.index + 1} does not count each of "
                f"{record.quality.items} items once",
                FORGED,
            )
            return
    counted = np.array(confusions, np.int64)
    values = metric_values(task.card, counted)
    said = {metric.name: metric.value for metric in record.quality.metrics}
    for metric, value in zip(label_metrics(task.card), values, strict=True):
        found = said.get(metric.key)
        if found is None or not math.isclose(found, value, rel_tol=VALUE_TOLERANCE, abs_tol=1e-12):
            yield subject.found(
                "quality",
                f"its confusions give {metric.key} {value:.6g}, where it says "
                f"{'nothing of it' if found is None else f'{found:.6g}'}",
                FORGED,
            )


def _counts(confusion: Sequence[Sequence[int]], items: int) -> bool:
    cells = [cell for row in confusion for cell in row]
    return min(cells) >= 0 and sum(cells) == items <= MOST_ITEMS
