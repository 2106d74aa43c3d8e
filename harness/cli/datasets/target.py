"""What ``data verify`` is to look through: a task's data, or a folder of somebody's task."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from harness.cli.project import Project
    from harness.tasks import TaskCard


def resolve(project: Project, target: str, source: str | None) -> tuple[TaskCard, str]:
    """Return the task, and the source of its data; ``UsageError`` where one cannot be made out."""
    from harness.tasks.kept import half_of, named_folder

    known = {card.task.id: card for card in project.cards()}
    if target in known:
        return known[target], source or _source_of(known[target])
    folder = named_folder(target)
    if not folder.is_dir():
        half = half_of(folder)
        if half is None:
            return project.card(target), ""  # raises: it names those that there are
        raise UsageError(
            f"{folder}: is only half fetched: {half.told}",
            remedy=f"go on with it: python -m harness data fetch TASK --revision {half.revision} "
            f"--to {target}",
        )
    if source is not None:
        raise UsageError(
            f"{target} is a folder, and --data names another source",
            remedy=f"name the task: python -m harness data verify TASK --data {source}",
        )
    fitting = _fitting(folder, known)
    if len(fitting) != 1:
        told = " and ".join(card.task.id for card in fitting) or "no task"
        raise UsageError(
            f"{folder}: its columns are those of {told}",
            remedy=f"name the task: python -m harness data verify TASK --data {target}",
        )
    return fitting[0], str(folder)


def _source_of(card: TaskCard) -> str:
    """Return ``hub`` where anything of the pinned commit is here, whole or not, else ``sample``."""
    from harness.tasks.hub import hub_folder
    from harness.tasks.kept import partial_of

    if card.hub is None or card.hub.revision is None:
        return "sample"
    folder = hub_folder(card, card.hub, card.hub.revision)
    return "hub" if folder.exists() or partial_of(folder).exists() else "sample"


def _fitting(folder: Path, known: dict[str, TaskCard]) -> list[TaskCard]:
    """Return the tasks that the folder's data can be of: the one that it names, else by columns."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from harness.tasks.directory import split_files
    from harness.tasks.kept import said_of

    kept = said_of(folder)
    if kept is not None and kept.task in known:
        return [known[kept.task]]
    files = split_files(folder, "test")
    if not files:
        inside = [card for name, card in known.items() if split_files(folder / name, "test")]
        if not inside:
            raise UsageError(
                f"{folder}: no test.parquet and no test-*.parquet, here or in a task's own folder",
                remedy="name a folder of Parquet; data import makes one of files in other forms",
            )
        return inside
    try:
        present = set(pq.read_schema(files[0]).names)
    except (OSError, pa.ArrowException) as error:
        raise UsageError(
            f"{files[0]}: cannot be read as Parquet: {str(error).splitlines()[0]}",
            remedy="write or fetch the file again",
        ) from None
    return [card for card in known.values() if present.issuperset(card.columns.of(present).named)]
