"""Begin an entry: a folder that passes ``check`` and evaluates as it stands."""

from __future__ import annotations

import json
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
"""One folder a modality, ``other`` for those without, and ``any`` for all; ``*.template`` has its
placeholders filled in."""

_SUFFIX = ".template"
_BATCH_SIZE = 64
_BASELINES = {
    "text": ("Shared words", "it answers with the label whose own words a text has most of"),
    "image": ("Brightness", "it answers by the mean brightness of the image"),
    "audio": ("Loudness", "it answers by the loudness of the recording"),
}
_DECODED = ("image", "audio")
_OTHER = "other"
_CONSTANT = ("Constant", "it answers with the first label, whatever it is asked")


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
    if "index" not in task.outputs:
        raise UsageError(
            f"there is no template for {task.id}: {task.modality}, answered with "
            f"{' or '.join(task.outputs)}",
            remedy="copy an entry of a similar task",
        )
    template = task.modality if task.modality in _BASELINES else _OTHER
    texts = _texts(_placeholders(entry, task, team, max_batch), template)
    for found in parse(
        texts[FILE_NAME].encode()
    ).faults:  # of what was given, the team alone can be
        raise UsageError(f"the new {FILE_NAME}: {found.message}", remedy=found.remedy)
    return _write(directory, texts)


def _placeholders(entry: str, task: TaskFacts, team: str, max_batch: int) -> dict[str, str]:
    name, baseline = _BASELINES.get(task.modality, _CONSTANT)
    decode = "- `decode.py`: from the stored bytes to an array. A cheaper decode is a fair idea.\n"
    return {
        "entry": entry,
        "title": task.title,
        "query": task.query,
        "baseline": baseline,
        "label_list": "\n".join(f"{i}. `{label}`" for i, label in enumerate(task.labels)),
        "decode_line": decode if task.modality in _DECODED else "",
        "labels": _python_tuple(task.labels),
        "batch_size": f"{min(_BATCH_SIZE, max_batch):<19}",  # the comments stand below one another
        "task": _toml_string(task.id),
        "team": _toml_string(team),
        "name": name,
        "quoted_name": _toml_string(name),
        "description": _toml_string(f"Where the team begins: {baseline}."),
    }


def _texts(placeholders: dict[str, str], template: str) -> dict[str, str]:
    """Return the text of each file, by its name in the new folder."""
    texts = {}
    for folder in ("any", template):
        for path in sorted((TEMPLATES / folder).iterdir()):
            if not path.is_file():
                continue
            text = path.read_text(encoding="utf-8")
            if path.name.endswith(_SUFFIX):
                text = Template(text).substitute(placeholders)
            texts[path.name.removesuffix(_SUFFIX)] = text
    return texts


def _write(directory: Path, texts: dict[str, str]) -> tuple[Path, ...]:
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
