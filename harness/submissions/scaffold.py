"""Begin an entry: a folder that passes ``check`` and evaluates as it stands."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from string import Template
from typing import Final

from harness.errors import UsageError
from harness.records.base import Frozen
from harness.records.evaluation import Output
from harness.submissions.check import entry_name, wrong_with_name
from harness.submissions.document import FILE_NAME
from harness.submissions.manifest import parse

TEMPLATES: Final = Path(__file__).parent / "templates"
"""One folder a modality, ``other`` for those without, ``any`` for all, and one a kind of answer
that is no label.

``*.template`` has its placeholders filled in."""

_SUFFIX = ".template"
_BATCH_SIZE = 64
_MEANINGS: Final[dict[Output, str]] = {
    "index": "one label number a sample",
    "image_score": "one score a sample",
}
_BASELINES = {
    "text": ("Shared words", "it answers with the label whose own words a text has most of"),
    "image": ("Brightness", "it answers by the mean brightness of the image"),
    "audio": ("Loudness", "it answers by the loudness of the recording"),
}
_DECODED = ("image", "audio")
_OTHER = "other"
_CONSTANT = ("Constant", "it answers with the first label, whatever it is asked")


class Sought(Frozen):
    """What a task that takes scores or boxes looks for."""

    label: str
    """That of a sample that holds it."""
    least_score: float
    """From which score on an answer says so."""
    max_boxes: int


class TaskFacts(Frozen):
    """What a new entry must know of its task."""

    id: str
    title: str
    modality: str
    """``text``, ``image``, ``audio`` or another one, whose samples are bytes of any kind."""
    query: str
    """What one query is, in words."""
    labels: tuple[str, ...]
    outputs: tuple[Output, ...]
    sought: Sought | None = None
    """What is looked for, where answers are scores or boxes."""


def scaffold(directory: Path, task: TaskFacts, *, team: str, max_batch: int) -> tuple[Path, ...]:
    """Write a new entry for ``task`` into ``directory`` and return its files.

    The folder may exist when it is empty; nothing is ever overwritten. Raises ``UsageError`` when
    the name cannot be an entry's, when something is there already, when the folder cannot be
    written, and for a kind of task that there is no template for.
    """
    entry = entry_name(directory)
    wrong = wrong_with_name(entry)
    if wrong:
        raise UsageError(
            f"{directory}: the name {entry!r} {wrong}",
            remedy="choose a name such as green-bits-tfidf: it is the entry's identity",
        )
    output = _output(task)
    if output is None:
        raise UsageError(
            f"there is no template for {task.id}: {task.modality}, answered with "
            f"{' or '.join(task.outputs)}",
            remedy="copy an entry of a similar task",
        )
    placeholders = _placeholders(entry, task, output, team=team, max_batch=max_batch)
    template = task.modality if task.modality in _BASELINES else _OTHER
    placeholders["folder"] = _as_readme_names(directory, entry)
    texts = _texts(placeholders, template, output)
    for found in parse(
        texts[FILE_NAME].encode()
    ).faults:  # of what was given, the team alone can be
        raise UsageError(f"the new {FILE_NAME}: {found.message}", remedy=found.remedy)
    return _write(directory, texts)


def _as_readme_names(directory: Path, entry: str) -> str:
    """Return what a shell finds the folder by: as it was given.

    But for what would be of this machine alone, a path from its root, and what cannot be printed.
    """
    here = Path.cwd()
    if directory.is_absolute() and directory.is_relative_to(here):
        directory = directory.relative_to(here)
    if directory.is_absolute() or not str(directory).isprintable():
        directory = Path("submissions", entry)
    return shlex.quote(str(directory))


def _output(task: TaskFacts) -> Output | None:
    """Return the kind of answer that a new entry gives; `None` where no template gives one."""
    if "index" in task.outputs:
        return "index"
    scored = task.modality == "image" and "image_score" in task.outputs and task.sought
    return "image_score" if scored else None


def _placeholders(
    entry: str, task: TaskFacts, output: Output, *, team: str, max_batch: int
) -> dict[str, str]:
    name, baseline = _BASELINES.get(task.modality, _CONSTANT)
    decode = "- `decode.py`: from the stored bytes to an array. A cheaper decode is a fair idea.\n"
    return {
        "entry": entry,
        "title": task.title,
        "query": task.query,
        "baseline": baseline,
        "answer": _answer(task, output),
        "output": f"{_toml_string(output):<23}",
        "output_meaning": _MEANINGS[output],
        "object": task.sought.label if task.sought else "",
        "least_score": f"{task.sought.least_score:g}" if task.sought else "",
        "decode_line": decode if task.modality in _DECODED else "",
        "labels": _python_tuple(task.labels),
        "batch_size": f"{min(_BATCH_SIZE, max_batch):<19}",  # the comments stand below one another
        "task": _toml_string(task.id),
        "team": _toml_string(team),
        "name": name,
        "quoted_name": _toml_string(name),
        "description": _toml_string(f"Where the team begins: {baseline}."),
    }


def _answer(task: TaskFacts, output: Output) -> str:
    """Say what an answer is, in the new README."""
    if output == "index" or task.sought is None:
        labels = "\n".join(f"{number}. `{label}`" for number, label in enumerate(task.labels))
        return f"The answer is the number of one of these labels:\n\n{labels}"
    sought = task.sought
    text = f"The answer is a score: from {sought.least_score:g} on it says `{sought.label}`."
    if "boxes" in task.outputs:
        most, least, label = sought.max_boxes, sought.least_score, sought.label
        lines = (
            'It may say where, too: with `output = "boxes"` in `submission.toml` the answer is a',
            f"list of at most {most} boxes a sample, each `[x1, y1, x2, y2, score]`, the corners",
            f"from 0 to 1 of width and height. A box of {least:g} or more says `{label}`, an",
            "empty list does not.",
        )
        text += "\n\n" + "\n".join(lines)
    return text


def _texts(placeholders: dict[str, str], template: str, output: Output) -> dict[str, str]:
    """Return the text of each file, by its name in the new folder; a later folder's file counts."""
    texts = {}
    folders = ("any", template) if output == "index" else ("any", template, output)
    for folder in folders:
        for path in sorted((TEMPLATES / folder).iterdir()):
            if not path.is_file():
                continue
            text = path.read_text(encoding="utf-8")
            if path.name.endswith(_SUFFIX):
                text = Template(text).substitute(placeholders)
            texts[path.name.removesuffix(_SUFFIX)] = text
    return texts


def _write(directory: Path, texts: dict[str, str]) -> tuple[Path, ...]:
    if directory.is_symlink():  # what it leads to would be an entry, and the link is none
        raise UsageError(f"{directory}: is a link", remedy="name the folder that it leads to")
    try:
        directory.mkdir(exist_ok=True)
        if any(directory.iterdir()):
            raise UsageError(
                f"{directory}: is there already, and is not empty",
                remedy="choose another name; nothing is overwritten",
            )
        for name, text in texts.items():
            with (directory / name).open("x", encoding="utf-8", newline="\n") as file:
                file.write(text)
    except FileExistsError:
        raise UsageError(
            f"{directory}: is there already, and is not a folder", remedy="choose another name"
        ) from None
    except OSError as error:
        raise UsageError(
            f"{directory}: cannot be written: {error.strerror}",
            remedy="make the folder that it goes into, or name one that you may write to",
        ) from None
    return tuple(directory / name for name in sorted(texts))


def _toml_string(text: str) -> str:
    """Spell ``text`` in TOML, whose basic strings take every escape that JSON writes."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _python_tuple(texts: tuple[str, ...]) -> str:
    lines = "".join(f"    {json.dumps(text, ensure_ascii=False)},\n" for text in texts)
    return f"(\n{lines})"
