"""``data import``: what was asked for, and by which code it is done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import UsageError

if TYPE_CHECKING:
    from harness.cli.project import Project
    from harness.cli.terminal.progress import ProgressLine
    from harness.tasks import TaskCard
    from harness.tasks.converting import Converter
    from harness.tasks.generator import SplitName
    from harness.tasks.kept import KeptSet
    from harness.tasks.protocol import Item


@dataclass(frozen=True)
class Wish:
    """The command line."""

    form: str
    source: Path
    destination: Path
    seed: int | None
    test_share: float | None
    columns: Mapping[str, str | None]
    """What holds what, by option."""
    force: bool
    public: bool = False


def formats(task: str | None) -> tuple[str, ...]:
    """Return what a task can be imported from, for a shell: nothing that is wrong is told."""
    from harness.cli.project import find_project
    from harness.errors import HarnessError
    from harness.tasks.converting import find_converters
    from harness.tasks.importing import FORMS

    try:
        project = find_project()
        card = project.card(task or "")
        return (*FORMS, *sorted(find_converters(project.tasks / card.task.id, card)))
    except HarnessError:
        return FORMS


def run_import(project: Project, card: TaskCard, wish: Wish, line: ProgressLine) -> KeptSet:
    """Make the set; raise ``UsageError`` for a format that there is not, or that takes no option.

    Raises ``ConfigurationError`` with all that is wrong with the source.
    """
    from harness.tasks.converting import find_converters
    from harness.tasks.importing import FORMS, Halving, import_set
    from harness.tasks.listed import Names

    if not (wish.source.is_file() or wish.source.is_dir()):  # a pipe cannot be read twice
        found = "is neither a file nor a folder" if wish.source.exists() else "is not there"
        raise UsageError(f"{wish.source}: {found}", remedy="name the file or folder to import")
    if wish.form in FORMS:
        _require_options(wish)
        line.note(f"looking through {wish.source}")
        halving = None
        if wish.seed is not None or wish.test_share is not None:
            halving = Halving(
                seed=wish.seed or 0, test_share=0.2 if wish.test_share is None else wish.test_share
            )
        return import_set(
            card,
            wish.form,
            wish.source,
            wish.destination,
            names=Names(**wish.columns),
            halving=halving,
            force=wish.force,
            public=wish.public,
            on_items=line.written,
        )
    converters = find_converters(project.tasks / card.task.id, card)
    if wish.form not in converters:
        raise UsageError(
            f"{card.task.id} has no format {wish.form!r}",
            remedy=f"it has: {', '.join((*FORMS, *sorted(converters)))}",
        )
    return _convert(card, converters[wish.form], wish, line)


def _convert(card: TaskCard, converter: Converter, wish: Wish, line: ProgressLine) -> KeptSet:
    from harness.tasks.converting import convert
    from harness.tasks.kept import Import
    from harness.tasks.writing import write_items

    given = [f"--{name}" for name, column in wish.columns.items() if column is not None]
    given += ["--seed"] * (wish.seed is not None) + ["--test-share"] * (wish.test_share is not None)
    given += ["--public"] * wish.public
    if given:
        raise UsageError(
            f"{given[0]}: {wish.form} is a converter of {card.task.id}'s own, and takes none",
            remedy="leave it out: the converter knows its columns and how it splits, and what it "
            "reads is public",
        )

    def items() -> Iterator[tuple[SplitName, Item]]:
        converted = convert(card, converter, wish.form, wish.source)
        for number, made in enumerate(converted, start=1):
            line.written(number)
            yield made

    made = Import(form=wish.form, public=True)  # it reads a public set's own form
    return write_items(card, items(), wish.destination, made, force=wish.force)


def _require_options(wish: Wish) -> None:
    """Refuse options that would have no effect."""
    given = [name for name, column in wish.columns.items() if column is not None]
    if wish.form == "folder" and given:
        raise UsageError(
            f"--{given[0]}: a folder for each class has no columns", remedy="leave it out"
        )
    if wish.columns["split"] is not None and (wish.seed is not None or wish.test_share is not None):
        raise UsageError(
            "--split says what is train and what is test; --seed and --test-share would decide it",
            remedy="give the one or the others",
        )
