"""The seam to the challenge's tasks: what is asked, on which data, and how answers are scored.

``find_tasks(root)`` lists the cards of ``root/tasks`` and is light. ``load_task(root, task_id)``
gives the whole task; NumPy and what reads data are imported when it is first asked for.

Where to look, by module:

    a task                      protocol, card, task, generator
    data of an evaluation       data, splits, spooled, spool, sample_file
    rows of Parquet files       directory, class_names, tables
    data of the hub             hub, listing, fetching, downloading, kept
    data of an organiser's own  importing, listed, annotations, converting, writing
    what is wrong with data     row_faults, headers, decoding, varying, verifying
    digests                     digests
    answers and their scores    answers, outcomes, quality, scoring, detection, item_scores
    intervals of quality        intervals, shares, spreads
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.tasks.card import TaskCard, find_tasks

if TYPE_CHECKING:
    from harness.tasks.task import load_task

__all__ = ["TaskCard", "find_tasks", "load_task"]


def __getattr__(name: str) -> object:
    """Import ``load_task`` when it is asked for."""
    if name == "load_task":
        from harness.tasks.task import load_task  # noqa: PLC0415 - this keeps the package light

        return load_task
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
