"""A task's words in other languages: ``leaderboard/words.<code>.toml``, which the organisers write.

    schema = 1

    [tasks.birds]                # a task's id
    title = "Oiseaux et leurs chants"
    description = "…"            # as of task.toml; what is left out stays in the task's own words
    query = "un enregistrement de 3 s"
    [tasks.birds.labels]
    robin = "rouge-gorge"        # where a label is shown as a word

They do not stand in the task's folder: records name a digest of it, and a better word in French is
no other task. Reading reports every fault of a file at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from harness.errors import ConfigurationError
from harness.records.base import Frozen, convert
from harness.records.fields import key_spelled, spelled, table_faults
from harness.records.team_names import team_key
from harness.records.toml import toml_of

SCHEMA = 1
FILE_NAME = re.compile(r"words\.(?P<code>[^/]+)\.toml")
LONGEST = 1000
"""Characters of a text: a title is cut where it is shown."""
_CORRECT = "correct each field named; docs/how-to/add-a-language.md shows the file"


class TaskWords(Frozen):
    """What people read of a task, in one language."""

    language: str
    """The code of a catalogue of the site's."""
    title: str
    description: str = ""
    query: str = ""
    """What one query is."""
    labels: dict[str, str] = {}
    """Names of labels by their identifiers; one that is not here is shown as it is."""


class _Task(Frozen):
    """A task's table as it is written."""

    title: str
    description: str = ""
    query: str = ""
    labels: dict[str, str] = {}


class _File(Frozen):
    schema: int
    tasks: dict[str, _Task]


def parse_task_words(
    content: bytes, where: object, language: str, tasks: Mapping[str, frozenset[str] | None]
) -> dict[str, TaskWords]:
    """Read a file of words in ``language``, by task; ``tasks`` are the labels of those there are.

    ``None`` instead of labels is for a task that is gone: its labels may be any.

    Raises ``ConfigurationError`` naming ``where`` and every fault: a key or a task that is not
    known, a label that the task has not, a text that is empty or does not show, and two labels that
    are shown alike.
    """
    plain = toml_of(content, where)
    if faults := [*_faults(plain, tasks)]:
        raise ConfigurationError("\n".join(f"{where}: {each}" for each in faults), remedy=_CORRECT)
    file = convert(plain, _File, where)
    return {
        task: TaskWords(
            language=language,
            title=each.title,
            description=each.description,
            query=each.query,
            labels=each.labels,
        )
        for task, each in file.tasks.items()
    }


def _faults(plain: dict[str, Any], tasks: Mapping[str, frozenset[str] | None]) -> Iterator[str]:
    schema = plain.get("schema")
    if type(schema) is int and schema != SCHEMA:
        yield f"schema: is {schema}, and this version reads schema {SCHEMA}"
    yield from table_faults("", plain, _File, inside={"tasks": ()})
    found = plain.get("tasks", {})
    if not isinstance(found, dict):
        yield f"tasks: takes a table a task, found {spelled(found)}: begin each with [tasks.ID]"
        return
    for task, table in found.items():
        prefix = f"tasks.{key_spelled(task)}"
        if task not in tasks:
            known = ", ".join(each for each, labels in tasks.items() if labels is not None)
            yield f"{prefix}: there is no such task: known are {known or 'none'}"
        elif not isinstance(table, dict):
            yield f"{prefix}: takes a table, found {spelled(table)}"
        else:
            yield from _task_faults(f"{prefix}.", table, tasks[task])


def _task_faults(
    prefix: str, table: Mapping[str, Any], labels: frozenset[str] | None
) -> Iterator[str]:
    yield from table_faults(prefix, table, _Task)
    named = table.get("labels")
    named = named if isinstance(named, dict) else {}
    labels = frozenset(named) if labels is None else labels
    for label in named:
        if label not in labels:
            known = ", ".join(sorted(labels))
            yield f"{prefix}labels.{key_spelled(label)}: the task has no such label: it has {known}"
    texts = {key: table.get(key) for key in ("title", "description", "query")}
    texts |= {f"labels.{key_spelled(label)}": name for label, name in named.items()}
    for key, text in texts.items():
        if isinstance(text, str) and not _can_be_read(text):
            rule = f"1 to {LONGEST} characters that show, on one line"
            yield f"{prefix}{key}: takes {rule}, found {spelled(text)}"
    yield from _shown_alike(f"{prefix}labels.", named, labels)


def _shown_alike(prefix: str, named: Mapping[str, Any], labels: frozenset[str]) -> Iterator[str]:
    """Find labels with one name: it may be that of a label which is shown as it is."""
    shown: dict[str, str] = {}
    for label in sorted(labels, key=lambda each: (each in named, each)):
        text = named.get(label, label)
        if not isinstance(text, str) or not (key := team_key(text)):
            continue
        other = shown.setdefault(key, label)
        if other != label and label in named:
            yield (
                f"{prefix}{key_spelled(label)}: is {spelled(text)}, as which the label "
                f"{key_spelled(other)} is shown, too"
            )


def _can_be_read(text: str) -> bool:
    shown = re.sub("[\u200c\u200d\u00a0\u202f]", "", text)  # kept spaces, and scripts' joiners
    return 0 < len(text) <= LONGEST and text == text.strip() and bool(shown) and shown.isprintable()
