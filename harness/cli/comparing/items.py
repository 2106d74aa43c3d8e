"""What two entries answered to the same items, where the outcomes of both are at hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from harness.cli.comparing.sides import Named
from harness.cli.project import Project
from harness.errors import ConfigurationError, UsageError
from harness.ranking.gists import StoredLike
from harness.ranking.paired_quality import UNKNOWN, OfSessions, Resampled, RightOrWrong
from harness.ranking.pairing import Evaluations
from harness.records.session import Notice

if TYPE_CHECKING:
    from harness.records.evaluation import ItemOutcomes
    from harness.tasks.item_scores import ItemScores
    from harness.tasks.scoring import Floats, Integers
    from harness.tasks.task import FolderTask

BLOCK_NUMBERS = 4_000_000
"""How many weights are held at once: 32 MB."""


@dataclass(frozen=True)
class Answered:
    """What one side's sessions made of the items."""

    scores: ItemScores
    items: tuple[object, ...]
    """Identifiers, labels, groups: what must be the same for both."""
    groups: tuple[str, ...] | None
    of_sessions: tuple[float, ...]
    """The ranked metric, session by session."""

    @property
    def sessions(self) -> OfSessions:
        """The same, with what single items let sessions differ by.

        Of a metric that is no mean of shares that is not worked out: 0, which errs to the wide
        side.
        """
        return OfSessions(self.of_sessions, self.scores.session_noise)


@dataclass(frozen=True)
class ComparedItems:
    """The evidence on quality; ``None`` where only each side's own interval is left."""

    evidence: RightOrWrong | Resampled | None
    of_sessions: tuple[OfSessions, OfSessions] = (UNKNOWN, UNKNOWN)
    notes: tuple[Notice, ...] = ()


def compared_items(project: Project, sides: Sequence[tuple[Named, Evaluations]]) -> ComparedItems:
    """Read the sidecars of both sides and put them together.

    Raises ``ConfigurationError`` where a sidecar contradicts its record, or the other side's.
    """
    first = sides[0][1].members[-1].record
    task = _task(project, first.task.id, first.task.digest)
    if task is None:
        return ComparedItems(None, notes=(_task_changed(first.task.id),))
    answered, notes = [], []
    for named, evaluations in sides:
        found, missing = [], []
        for stored in evaluations.members:
            each = _outcomes(named, stored, task)
            if isinstance(each, str):
                missing.append(each)
            else:
                found.append(each)
        if missing:
            notes.append(_left_out(missing, every=not found))
        answered.append(_together(found) if found else None)
    a, b = answered
    if a is None or b is None:
        return ComparedItems(None, notes=tuple(notes))
    if a.items != b.items:
        raise ConfigurationError(
            "the outcomes of the two name other items, labels or groups, and their records the "
            f"same data ({first.data.digest[:8]})",
            remedy="python -m harness verify says which of them does not hold",
        )
    return ComparedItems(_evidence(a, b), (a.sessions, b.sessions), tuple(notes))


def _task(project: Project, task_id: str, digest: str) -> FolderTask | None:
    """Return the task that the records name, if it is here as it was."""
    from harness.tasks import load_task

    try:
        task = load_task(project.root, task_id)
    except UsageError:
        return None
    return task if task.digest == digest else None


def _task_changed(task_id: str) -> Notice:
    return Notice(
        code="task-changed",
        message=f"the task {task_id} is not here as it was when these were evaluated, so that "
        "single items are not scored again",
        remedy="check out the task as it was, or evaluate both again",
    )


def _left_out(missing: Sequence[str], *, every: bool) -> Notice:
    rest = "none is left of this entry" if every else "the others stand for the entry's quality"
    return Notice(
        code="items-left-out",
        message=f"{'; '.join(missing)}: {rest}",
        remedy="bring the files *.items.json from the machine that evaluated, or from a backup",
    )


def _outcomes(named: Named, stored: StoredLike, task: FolderTask) -> Answered | str:
    """Read one record's sidecar; a text says why there is nothing to read."""
    from harness.store.paths import items_path
    from harness.store.results import StoredRecord, read_items
    from harness.tasks.item_scores import item_scores
    from harness.tasks.outcomes import kept_items, scorable

    if not isinstance(stored, StoredRecord):
        raise TypeError(stored)
    record = stored.record
    outcomes = read_items(named.source.folder, stored)
    if outcomes is None:
        place = items_path(stored.path, record)
        why = dict(named.source.problems).get(place, "is not there")
        return f"{place}: {why}"
    predictions = scorable(outcomes, record, task.card)
    if isinstance(predictions, str):
        raise ConfigurationError(
            f"{stored.path}: the outcomes beside it {predictions}",
            remedy="do not use it: evaluate the entry again",
        )
    items = kept_items(outcomes)
    scores = item_scores(task.card, predictions, items.labels)
    answered = Answered(
        scores=scores,
        items=(outcomes.ids, outcomes.labels, outcomes.groups, outcomes.boxes),
        groups=_groups(outcomes),
        of_sessions=scores.by_session,
    )
    _hold_against(stored, answered)
    return answered


def _once(items: int) -> Floats:
    return np.ones((1, items))


def _groups(outcomes: ItemOutcomes) -> tuple[str, ...] | None:
    """Return the groups where some item shares its own with another, as quality is scored."""
    groups = outcomes.groups
    return groups if groups and len(set(groups)) < len(groups) else None


def _hold_against(stored: StoredLike, answered: Answered) -> None:
    """Refuse outcomes that give another quality than their record says."""
    quality = stored.record.quality
    if quality is None:
        return
    mean = float(np.mean(answered.of_sessions))
    tolerance = (quality.step or 0.0) + 1e-9
    if abs(mean - quality.ranked_value.value) > tolerance:
        raise ConfigurationError(
            f"{stored.path}: says {quality.ranked} {quality.ranked_value.value:.6g}, and the "
            f"outcomes beside it give {mean:.6g}",
            remedy="do not use it: evaluate the entry again",
        )


def _together(found: Sequence[Answered]) -> Answered:
    """Pool the sessions of several evaluations of one version."""
    from harness.tasks.item_scores import ItemScores

    first = found[0]
    if any(each.items != first.items for each in found):
        raise ConfigurationError(
            "the outcomes of one entry's evaluations name other items, labels or groups, and their "
            "records the same data",
            remedy="python -m harness verify says which of them does not hold",
        )
    return Answered(
        scores=ItemScores(
            first.scores.card,
            np.concatenate([each.scores.decided for each in found]),
            first.scores.labels,
        ),
        items=first.items,
        groups=first.groups,
        of_sessions=tuple(value for each in found for value in each.of_sessions),
    )


def _evidence(a: Answered, b: Answered) -> RightOrWrong | Resampled:
    metric = a.scores.card.ranked_metric
    if metric.name == "accuracy" and a.groups is None:
        return RightOrWrong(_right(a), _right(b), len(a.of_sessions), len(b.of_sessions))
    return _resampled(a, b)


def _right(side: Answered) -> Integers:
    """Return (n,): in how many sessions each item was answered rightly."""
    return np.asarray((side.scores.decided == side.scores.labels).sum(axis=0), np.int64)


def _resampled(a: Answered, b: Answered) -> Resampled:
    """Draw the same units for both, with a fixed seed: the same answers give the same interval."""
    from harness.ranking.resampling import of_whole_units
    from harness.tasks.intervals import RESAMPLES, SEED

    items = len(a.scores.labels)
    alike = a.scores.card.ranked_metric.name == "accuracy"
    of_item, kind = np.arange(items), "items"
    if a.groups is not None:
        of_item, kind = np.unique(np.array(a.groups, object), return_inverse=True)[1], "groups"
    units = int(of_item.max()) + 1
    rng = np.random.Generator(np.random.PCG64(SEED))
    shares = np.full(units, 1 / units)
    block = max(1, BLOCK_NUMBERS // items)
    drawn = [np.empty(0)]
    for start in range(0, RESAMPLES, block):
        counts = rng.multinomial(units, shares, size=min(block, RESAMPLES - start))
        weights = counts[:, of_item].astype(np.float64)
        drawn.append(b.scores.resampled(weights) - a.scores.resampled(weights))
    once = _once(items)
    return Resampled(
        difference=float((b.scores.resampled(once) - a.scores.resampled(once))[0]),
        resamples=np.concatenate(drawn),
        units=units,
        worth=1 / of_whole_units(a.scores.weights, of_item, None if alike else a.scores.labels),
        method=f"bootstrap over {units} {kind}, {RESAMPLES} resamples, PCG64 seed {SEED}",
    )
