"""What entries of a board answered, item by item, worked out of their sidecars in any process."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import msgspec

from harness.ranking.gists import StoredLike
from harness.ranking.occasions import Measured, measured
from harness.records.evaluation import EvaluationRecord, ItemOutcomes
from harness.store.files import plainly
from harness.store.paths import items_path
from harness.store.reading import StoredRecord, read_items
from harness.store.scanning import Mark, has_items, mark_of
from harness.tasks.card import TaskCard

if TYPE_CHECKING:
    from harness.ranking.evidence import Floats
    from harness.records.joint import WhyUnranked
    from harness.tasks.item_scores import ItemScores
    from harness.tasks.protocol import Predictions

Items: TypeAlias = tuple[tuple[str, ...], tuple[int, ...], tuple[str, ...] | None]
"""Identifiers, labels and groups: what must be the same for all entries of a board."""


class Behind(NamedTuple):
    """An evaluation that is behind a row of a board."""

    stored: StoredLike
    digest: str
    sidecar: Mark | None
    """Of its sidecar as it was found good when the record was read; ``None``: nobody knows."""


class Rows(NamedTuple):
    """Some rows of a board, by the evaluations behind each."""

    results: str
    card: TaskCard
    """Of the board's task."""
    behind: tuple[tuple[Behind, ...], ...]


@dataclass(frozen=True, eq=False)
class Answered:
    """What the sessions behind one row answered."""

    items: Items
    scores: Floats | None
    """(items,): what each item scored; ``None`` where quality is no mean of that."""
    answers: ItemScores | None
    """Where it is none, what quality is worked out of."""
    classes: bool
    """Whether quality is the mean over classes."""
    between: float
    """The variance that whole sessions have in common beyond their items, of the mean."""
    sessions: int
    measured: tuple[Measured, ...]
    """Of each evaluation."""
    keys: tuple[str, ...]
    """Of their sidecars."""


def read_rows(rows: Rows) -> list[Answered | WhyUnranked]:
    """Read and score what is behind some rows; of one that cannot be ranked say why.

    Raises ``OrganiserError`` where a record is not what it was when it was read first.
    """
    results = Path(rows.results)
    seen: dict[Items, Items] = {}
    return [_answered(results, behind, rows.card, seen) for behind in rows.behind]


def _answered(
    results: Path, behind: Sequence[Behind], card: TaskCard, seen: dict[Items, Items]
) -> Answered | WhyUnranked:
    from harness.tasks.outcomes import scorable

    if not all(each.sidecar or has_items(results, each.stored.path) for each in behind):
        return "items-missing"
    outcomes: list[ItemOutcomes] = []
    sessions: list[Predictions] = []
    records = [each.stored.record for each in behind]  # each is read anew when it is asked for
    for each, record in zip(behind, records, strict=True):
        kept = _outcomes(results, each, record)
        if kept is None:
            return "items-missing"
        answers = scorable(kept, record, card)
        if isinstance(answers, str):
            return "items-unfit"
        outcomes.append(kept)
        sessions += answers
    found = {(each.ids, each.labels, each.groups) for each in outcomes}
    if len(found) != 1 or len(outcomes[0].ids) != records[0].data.items:
        return "items-unfit"
    items = found.pop()
    items = seen.setdefault(items, items)  # held, and handed over, once
    return _scored(items, sessions, card, records, tuple(each.key for each in outcomes))


def _scored(
    items: Items,
    sessions: Sequence[Predictions],
    card: TaskCard,
    records: Sequence[EvaluationRecord],
    keys: tuple[str, ...],
) -> Answered:
    import numpy as np

    from harness.ranking.paired_quality import OfSessions
    from harness.tasks.item_scores import item_scores

    answers = item_scores(card, sessions, np.array(items[1], np.int64))
    scores = answers.scores
    return Answered(
        items=items,
        scores=scores,
        answers=answers if scores is None else None,
        classes=answers.classes is not None,
        between=OfSessions(answers.by_session, answers.session_noise).between,
        sessions=len(sessions),
        measured=tuple(map(measured, records)),
        keys=keys,
    )


def _outcomes(results: Path, behind: Behind, record: EvaluationRecord) -> ItemOutcomes | None:
    """Read a sidecar: what was found good with this mark need not be held against its record.

    What lies in its place by now may be a link or a pipe: neither is followed, or waited for.
    """
    path = behind.stored.path
    if behind.sidecar is not None:
        place = results / items_path(path, record)
        try:
            with open(place, "rb", opener=plainly) as file:
                content = file.read()
                found = mark_of(os.fstat(file.fileno()))
            if found == behind.sidecar:
                return _DECODER.decode(content)
        except (OSError, ValueError):  # said below
            pass
    return read_items(results, StoredRecord(path=path, record=record, digest=behind.digest))


_DECODER = msgspec.json.Decoder(ItemOutcomes)
