"""Converters of a task's own: from the form in which a public set is had to the task's items.

``tasks/<task>/convert.py`` defines ``CONVERTERS``, by the name of the form a function that takes
the folder or file of the source and yields the split and the ``Item``, one after another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeAlias, get_args

from harness.errors import ConfigurationError
from harness.tasks.card import TaskCard
from harness.tasks.digests import CONVERTERS_FILE
from harness.tasks.generator import SplitName, fault_of, import_by_path
from harness.tasks.protocol import Item

Converter: TypeAlias = Callable[[Path], Iterator[tuple[str, Item]]]


def find_converters(directory: Path, card: TaskCard) -> Mapping[str, Converter]:
    """Return the converters of a task's folder, by name; none where it has no ``convert.py``."""
    path = directory / CONVERTERS_FILE
    if not path.is_file():
        return {}
    module = import_by_path(path, f"harness_convert_{card.task.id}")
    found: object = getattr(module, "CONVERTERS", None)
    if not isinstance(found, Mapping) or not all(map(callable, found.values())):
        raise ConfigurationError.at(
            path, "CONVERTERS", "is no mapping of names to functions",
            "define it: for each form a function from a path to (split, Item), one after another",
        )  # fmt: skip
    return found


def convert(
    card: TaskCard, converter: Converter, form: str, source: Path
) -> Iterator[tuple[SplitName, Item]]:
    """Yield what a converter makes of ``source``, each item checked against the card.

    Raises ``ConfigurationError`` for an item that is not as the card has it, and for a source that
    the converter cannot read.
    """
    seen: dict[str, set[str]] = {name: set() for name in get_args(SplitName)}
    number = -1
    try:
        for number, made in enumerate(converter(source)):
            split, item = made
            fault = (
                f"is of split {split!r}, neither of {', '.join(seen)}"
                if split not in seen
                else f"id {item.id!r} stands twice"
                if item.id in seen[split]
                else fault_of(item, card)
            )
            if fault:
                raise ConfigurationError(
                    f"{source}: item {number} of {form} ({item.id}): {fault}",
                    remedy=f"correct the source, or the converter in {CONVERTERS_FILE}",
                )
            seen[split].add(item.id)
            yield _split_name(split), item
    except (OSError, ValueError) as error:
        reason = str(error)
        if isinstance(error, OSError) and error.filename:
            reason = f"{error.filename}: {error.strerror}"
        raise ConfigurationError(
            f"{source}: after {number + 1} items of {form}: {reason}",
            remedy="correct the source: the task's card.md says what it must look like",
        ) from None


def _split_name(name: str) -> SplitName:
    return "test" if name == "test" else "train"
