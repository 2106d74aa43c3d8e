"""From the sidecars of a board's records to what the ranking is given."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import HarnessError

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.cli.building.answered import Answered, Items
    from harness.cli.building.workers import Workers
    from harness.ranking.evidence import (
        BetweenSessions,
        Evidence,
        Integers,
        ItemScores,
        ResampledQuality,
    )
    from harness.records.board import Board, BoardEntry
    from harness.records.joint import WhyUnranked
    from harness.store.results import StoredRecord
    from harness.store.scanning import Mark
    from harness.tasks.card import TaskCard
    from harness.tasks.task import FolderTask

LEAST_FOR_PROCESSES = 100
"""Rows: it is not worth while to answer for fewer in other processes."""
ROWS_A_TASK = 24
"""Answered for at once by a process."""

_ROUNDING = 1e-15
"""Of a variance of quality: what is less is rounding."""


@dataclass(frozen=True)
class Beside:
    """A results folder, and what is known of it."""

    results: Path
    stored: Mapping[str, StoredRecord]
    """Its records, by path."""
    sidecars: Mapping[str, Mark]
    """The marks of the sidecars that were found good, by the paths of their records."""
    marks: Callable[[Sequence[str]], list[tuple[Mark, ...]]]
    """Gives the present marks of the sidecars beside records, by the records' paths."""
    workers: Workers


@dataclass
class Gathered:
    """What the sidecars that are here say of a board."""

    evidence: Evidence | None
    """``None`` where no entry can be ranked by them."""
    keys: tuple[str, ...] = ()
    left_out: dict[str, WhyUnranked] = field(default_factory=dict)
    """Rows that could be ranked, and whose outcomes are not here, or not fit."""
    other_task: bool = False
    """Whether none can be scored, for the task is not here as the records name it."""


def gather(
    beside: Beside,
    board: Board,
    rows: Sequence[BoardEntry],
    task_of: Callable[[str], FolderTask],
    *,
    control: str | None,
    least_campaigns: int,
) -> Gathered:
    """Read the sidecars of ``rows``, by name.

    ``control`` is the entry of the rules that every campaign of the task contains, and
    ``least_campaigns`` how many they ask for where entries of different ones are compared.
    An entry is left out where one of its sidecars is missing, was altered, or is not of the items
    that most entries of the board were scored on.
    """
    task = _task(board, rows, beside.stored, task_of)
    if task is None:
        return Gathered(None, other_task=True)
    left_out: dict[str, WhyUnranked] = {}
    found: list[tuple[BoardEntry, Answered]] = []
    seen: dict[Items, int] = {}
    kinds: list[int] = []
    """Which items each of them was scored on."""
    for row, answered in zip(rows, _answered(beside, rows, task.card), strict=True):
        if isinstance(answered, str):
            left_out[row.entry] = answered
        else:
            found.append((row, answered))
            kinds.append(seen.setdefault(answered.items, len(seen)))
    if not found:
        return Gathered(None, (), left_out)
    agreed = Counter(kinds).most_common(1)[0][0]
    numbered = [*zip(kinds, found, strict=True)]
    left_out |= {row.entry: "items-unfit" for kind, (row, _) in numbered if kind != agreed}
    fit = [each for kind, each in numbered if kind == agreed]
    keys = tuple(key for _, each in fit for key in each.keys)
    return Gathered(_evidence(fit, control, least_campaigns), keys, left_out)


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


def _answered(
    beside: Beside, rows: Sequence[BoardEntry], card: TaskCard
) -> Iterator[Answered | WhyUnranked]:
    """Yield what the entry of each row answered, or why it cannot be ranked."""
    from harness.cli.building.answered import Behind, Rows, read_rows
    from harness.cli.building.workers import Here

    def behind(row: BoardEntry) -> tuple[Behind, ...]:
        members = [beside.stored[path] for path in row.evaluations]
        return tuple(Behind(each, each.digest, beside.sidecars.get(each.path)) for each in members)

    def read(start: int) -> list[Answered | WhyUnranked]:
        some = tuple(map(behind, rows[start : start + ROWS_A_TASK]))
        return read_rows(Rows(str(beside.results), card, some))

    several = beside.workers if len(rows) >= LEAST_FOR_PROCESSES else Here()
    answered = dict(several.run(read, range(0, len(rows), ROWS_A_TASK)))
    for number in range(len(answered)):
        yield from answered[number]


def _evidence(
    entries: Sequence[tuple[BoardEntry, Answered]], control: str | None, least_campaigns: int
) -> Evidence:
    import numpy as np

    from harness.ranking.energy_evidence import session_energies
    from harness.ranking.evidence import Evidence

    names = tuple(row.entry for row, _ in entries)
    answered = [each for _, each in entries]
    return Evidence(
        entries=names,
        quality=_quality(answered),
        energy=session_energies([each.measured for each in answered]),
        at_floor=np.array([row.at_floor for row, _ in entries], np.bool_),
        control=control if control in names else None,
        least_campaigns=least_campaigns,
        of_sessions=_of_sessions(answered),
    )


def _of_sessions(answered: Sequence[Answered]) -> BetweenSessions:
    """Return what whole sessions of each entry have in common beyond their items."""
    import numpy as np

    from harness.ranking.evidence import BetweenSessions

    variances = np.array([each.between for each in answered])
    variances[variances < _ROUNDING] = 0.0
    return BetweenSessions(variances, np.array([each.sessions - 1.0 for each in answered]))


def _quality(answered: Sequence[Answered]) -> ItemScores | ResampledQuality:
    """Return what each item scored, or where the metric is no mean of that, how to work it out."""
    import numpy as np

    from harness.ranking.evidence import ItemScores, ResampledQuality

    _, labels, names = answered[0].items
    groups = _numbered(names)
    by_item = [each.scores for each in answered if each.scores is not None]
    if len(by_item) == len(answered):
        classes = np.array(labels, np.int64) if answered[0].classes else None
        return ItemScores(np.stack(by_item, axis=1), classes, groups)
    once = np.ones((1, len(labels)))
    answers = [each.answers for each in answered if each.answers is not None]
    resampled = [each.resampled for each in answers]
    return ResampledQuality(
        values=np.concatenate([metric(once) for metric in resampled]),
        resampled=tuple(resampled),
        items=len(labels),
        groups=groups,
        weights=answers[0].weights,
        classes=np.array(labels, np.int64),
    )


def _numbered(groups: tuple[str, ...] | None) -> Integers | None:
    """Return the number of each item's group; ``None`` where every item stands alone."""
    import numpy as np

    if groups is None or len(set(groups)) == len(groups):
        return None
    return np.unique(np.array(groups, object), return_inverse=True)[1].reshape(-1)
