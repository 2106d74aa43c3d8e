"""From the sidecars of a board's records to what the ranking is given."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import HarnessError

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.ranking.evidence import (
        BetweenSessions,
        Evidence,
        Integers,
        ItemScores,
        ResampledQuality,
    )
    from harness.records.board import Board, BoardEntry
    from harness.records.evaluation import EvaluationRecord, ItemOutcomes
    from harness.records.joint import WhyUnranked
    from harness.store.results import StoredRecord
    from harness.tasks.item_scores import ItemScores as Scored
    from harness.tasks.protocol import Predictions
    from harness.tasks.task import FolderTask

Items = tuple[tuple[str, ...], tuple[int, ...], tuple[str, ...] | None]
"""Identifiers, labels and groups: what must be the same for all entries of a board."""

_ROUNDING = 1e-15
"""Of a variance of quality: what is less is rounding."""


@dataclass
class Answers:
    """The answers of all sessions behind one row."""

    row: BoardEntry
    items: Items
    sessions: list[Predictions]
    records: list[EvaluationRecord]
    keys: list[str]
    """Of the sidecars."""


@dataclass
class Gathered:
    """What the sidecars that are here say of a board."""

    evidence: Evidence | None
    """``None`` where no entry can be ranked by them."""
    keys: tuple[str, ...] = ()
    left_out: dict[str, WhyUnranked] = field(default_factory=dict)
    """Rows that could be ranked, and whose outcomes are not here, or not fit."""


def gather(
    results: Path,
    board: Board,
    rows: Sequence[BoardEntry],
    stored: Mapping[str, StoredRecord],
    task_of: Callable[[str], FolderTask],
    *,
    control: str | None,
    least_campaigns: int,
) -> Gathered:
    """Read the sidecars of ``rows``, by name; ``stored`` are the records by path.

    ``control`` is the entry of the rules that every campaign of the task contains, and
    ``least_campaigns`` how many they ask for where entries of different ones are compared.
    An entry is left out where one of its sidecars is missing, was altered, or is not of the items
    that most entries of the board were scored on.
    """
    left_out: dict[str, WhyUnranked] = {}
    found: list[Answers] = []
    seen: dict[Items, Items] = {}
    task = _task(board, rows, stored, task_of)
    for row in rows:
        answers = "items-missing" if task is None else _answers(results, row, stored, task)
        if isinstance(answers, Answers):
            answers.items = seen.setdefault(answers.items, answers.items)  # held once, not by each
            found.append(answers)
        else:
            left_out[row.entry] = answers
    if not found:
        return Gathered(None, (), left_out)
    agreed = Counter(answers.items for answers in found).most_common(1)[0][0]
    left_out |= {each.row.entry: "items-unfit" for each in found if each.items != agreed}
    fit = [each for each in found if each.items == agreed]
    assert task is not None  # noqa: S101 - else nothing was found
    keys = tuple(key for each in fit for key in each.keys)
    return Gathered(_evidence(task, fit, control, least_campaigns), keys, left_out)


def _task(
    board: Board,
    rows: Sequence[BoardEntry],
    stored: Mapping[str, StoredRecord],
    task_of: Callable[[str], FolderTask],
) -> FolderTask | None:
    """Return the task if it is the very one that the records name."""
    try:
        task = task_of(board.task)
    except HarnessError:
        return None
    named = stored[rows[0].evaluations[0]].record.task.digest
    return task if task.digest == named else None


def _answers(
    results: Path, row: BoardEntry, stored: Mapping[str, StoredRecord], task: FolderTask
) -> Answers | WhyUnranked:
    from harness.store.results import StoredRecord, has_items, read_items
    from harness.tasks.outcomes import scorable

    if not all(has_items(results, path) for path in row.evaluations):
        return "items-missing"
    outcomes: list[ItemOutcomes] = []
    sessions: list[Predictions] = []
    records = [stored[path].record for path in row.evaluations]
    for path, record in zip(row.evaluations, records, strict=True):
        here = stored[path]  # its record is read anew each time that it is asked for
        read = StoredRecord(path=path, record=record, digest=here.digest, signed_by=here.signed_by)
        kept = read_items(results, read)
        if kept is None:
            return "items-missing"
        answers = scorable(kept, record, task)
        if isinstance(answers, str):
            return "items-unfit"
        outcomes.append(kept)
        sessions += answers
    items = {(each.ids, each.labels, each.groups) for each in outcomes}
    if len(items) != 1 or len(outcomes[0].ids) != records[0].data.items:
        return "items-unfit"
    return Answers(row, items.pop(), sessions, records, [each.key for each in outcomes])


def _evidence(
    task: FolderTask, entries: Sequence[Answers], control: str | None, least_campaigns: int
) -> Evidence:
    import numpy as np

    from harness.ranking.evidence import Evidence
    from harness.ranking.occasions import session_energies
    from harness.tasks.item_scores import item_scores

    names = tuple(each.row.entry for each in entries)
    _, labels, groups = entries[0].items
    truth = np.array(labels, np.int64)
    scored = [item_scores(task.card, each.sessions, truth) for each in entries]
    return Evidence(
        entries=names,
        quality=_quality(scored, _numbered(groups)),
        energy=session_energies([each.records for each in entries]),
        at_floor=np.array([each.row.at_floor for each in entries], np.bool_),
        control=control if control in names else None,
        least_campaigns=least_campaigns,
        of_sessions=_of_sessions(scored),
    )


def _of_sessions(scored: Sequence[Scored]) -> BetweenSessions:
    """Return what whole sessions of each entry have in common beyond their items."""
    import numpy as np

    from harness.ranking.evidence import BetweenSessions
    from harness.ranking.paired_quality import OfSessions

    of = [OfSessions(each.by_session, each.session_noise) for each in scored]
    variances = np.array([each.between for each in of])
    variances[variances < _ROUNDING] = 0.0
    return BetweenSessions(variances, np.array([len(each.values) - 1.0 for each in of]))


def _quality(scored: Sequence[Scored], groups: Integers | None) -> ItemScores | ResampledQuality:
    """Return what each item scored, or where the metric is no mean of that, how to work it out."""
    import numpy as np

    from harness.ranking.evidence import ItemScores, ResampledQuality

    by_item = [each.scores for each in scored if each.scores is not None]
    if len(by_item) == len(scored):
        return ItemScores(np.stack(by_item, axis=1), scored[0].classes, groups)
    once = np.ones((1, len(scored[0].labels)))
    return ResampledQuality(
        values=np.concatenate([each.resampled(once) for each in scored]),
        resampled=tuple(each.resampled for each in scored),
        items=len(scored[0].labels),
        groups=groups,
    )


def _numbered(groups: tuple[str, ...] | None) -> Integers | None:
    """Return the number of each item's group; ``None`` where every item stands alone."""
    import numpy as np

    if groups is None or len(set(groups)) == len(groups):
        return None
    return np.unique(np.array(groups, object), return_inverse=True)[1].reshape(-1)
