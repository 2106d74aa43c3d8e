"""Warnings of what an entry did that gets it nothing, and that a reader may want to look into.

All of it is seen from outside of the entry's processes, or counted by the harness: nothing rests on
what an entry says of itself. None of it is a fault. A library may keep working files and leave them
behind, and a model may have learned nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.records.evaluation import Completed, EvaluationRecord
from harness.records.rules import Rules
from harness.records.session import Notice, Session

BY_CHANCE = 1e-4
"""How often answers that have nothing to do with the labels go unnoticed."""


def conspicuous(record: EvaluationRecord, rules: Rules) -> tuple[Notice, ...]:
    """Return a warning of each kind that the record gives cause for.

    That a null entry answers without looking is what it is for.
    """
    reference = rules.reference.get(record.task.id)
    is_null = reference is not None and reference.null == record.submission.entry
    return (*_left(record.sessions), *(() if is_null else _guessed(record)))


def _left(sessions: Sequence[Session]) -> Iterator[Notice]:
    remains = [session.remains for session in sessions if session.remains is not None]
    if orphans := [each.orphans for each in remains if each.orphans]:
        yield Notice(
            code="processes-left",
            message=f"after the last answer of {len(orphans)} of {len(sessions)} sessions up to "
            f"{max(orphans)} of the entry's processes ran on, detached from what had started them; "
            "they were ended, and what they used is in its figure",
            remedy="end what you start; nothing lives on from one session to the next",
        )
    if files := [each.files for each in remains if each.files]:
        yield Notice(
            code="files-left",
            message=f"at the end of {len(files)} of {len(sessions)} sessions the entry had left "
            "files and folders in /tmp and /dev/shm that it made after it was loaded "
            f"(at most {max(files):,} in a session); they went with the session",
            remedy="write nothing there that a later session is to find: each begins empty. "
            "Where they are a library's working files, nothing need be done",
        )


def _guessed(record: EvaluationRecord) -> Iterator[Notice]:
    tables = [session.confusion for session in record.sessions if session.confusion is not None]
    if not tables or not isinstance(record.outcome, Completed):
        return
    if chance(tables) > BY_CHANCE:  # it is not said: by it an answer given once tells a label
        yield Notice(
            code="like-guessing",
            message="the answers cannot be told from ones that have nothing to do with the samples "
            f"(chi-squared test of independence, p above {BY_CHANCE:g})",
            remedy="see that the right model is loaded and its labels are in the task's order; on "
            "few items even a good model may look like this",
        )


def chance(tables: Sequence[Sequence[Sequence[int]]]) -> float:
    """Return how probable it is that answers independent of the labels look as these do, or more.

    ``tables`` are the sessions' counts, rows by label and columns by answer. Pearson's chi-squared
    test of independence (K. Pearson, 1900) on their mean: the items are the same in each session,
    so more sessions tell nothing more of them. Items that stand in groups are taken as independent,
    which errs towards silence. 1 where there is one label, or one answer to all.
    """
    import numpy as np  # noqa: PLC0415 - with scipy, for the end of an evaluation only
    from scipy.special import chdtrc  # noqa: PLC0415 - and not scipy.stats, which takes long

    counts = np.mean(np.asarray(tables, dtype=np.float64), axis=0)
    counts = counts[counts.sum(axis=1) > 0][:, counts.sum(axis=0) > 0]
    degrees = (counts.shape[0] - 1) * (counts.shape[1] - 1)
    if degrees < 1:
        return 1.0
    expected = counts.sum(axis=1, keepdims=True) * counts.sum(axis=0) / counts.sum()
    statistic = float(((counts - expected) ** 2 / expected).sum())
    return float(chdtrc(degrees, statistic))
