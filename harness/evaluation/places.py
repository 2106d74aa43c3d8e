"""Local paths, out of what a record says: it is published, and an organiser's folders are private.

A message tells of files, and an entry that fails quotes whatever path it was shown. What lies in
the project is spelled from there; what lies elsewhere by how the user named it: ``--wheelhouse``,
``~``. Paths of the system (``/usr``, ``/sys``) and of the sandbox (``/tmp``, ``/entry``) stand:
they are the same everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar, cast

import msgspec

from harness.records.evaluation import EvaluationRecord

T = TypeVar("T")

_LEAST_PARTS = 2
"""``/`` is everybody's."""
_PATH = re.compile(r"(?<![\w.-])/[\w.+@%~-]+(?:/[\w.+@%~-]*)+")
"""A path of two parts at least, one of them perhaps not whole."""


class Places:
    """Folders and files of this machine, and what each is called in a record."""

    def __init__(self, named: Iterable[tuple[Path, str]] = ()) -> None:
        """Know ``named`` places, also by the paths that links to them lead to.

        An empty name is that of the folder that everything is told from: what lies in it is told
        by a relative path. Of places within one another the innermost gives the name.
        """
        names: dict[str, str] = {}
        for path, name in named:
            for spelled in (path.absolute(), path.resolve()):
                if len(spelled.parts) >= _LEAST_PARTS and str(spelled) not in _EVERYBODY_S:
                    names.setdefault(str(spelled), name)
        self._names = names
        longest_first = sorted(names, key=len, reverse=True)
        self._private = tuple(name for name in names if not name.startswith("/usr/"))
        self._found = re.compile(
            rf"(?<![\w.-])({'|'.join(map(re.escape, longest_first))})(/|(?![\w-]|\.\w))"
        )

    def told(self, record: EvaluationRecord) -> EvaluationRecord:
        """Return the record with other names for every place; what the entry is stays as it is."""
        told = self.in_words(record)
        return msgspec.structs.replace(told, task=record.task, submission=record.submission)

    def in_words(self, value: T) -> T:
        """Return a text, or whatever holds texts, with other names for every place."""
        told: Any = value
        if not self._names:
            return value
        if isinstance(value, str):
            told = _PATH.sub(self._cut, self._found.sub(self._name, value))
        elif isinstance(value, tuple):
            told = tuple(map(self.in_words, value))
        elif isinstance(value, dict):
            told = {key: self.in_words(each) for key, each in value.items()}
        elif isinstance(value, msgspec.Struct):
            fields = {name: getattr(value, name) for name in value.__struct_fields__}
            told = type(value)(**{name: self.in_words(each) for name, each in fields.items()})
        return cast("T", told)

    def _cut(self, found: re.Match[str]) -> str:
        """Leave out what a place begins with: it lies above one, or was cut in a message."""
        path = found[0].rstrip("/.")
        is_begun = path.count("/") >= _LEAST_PARTS and path not in _EVERYBODY_S
        if not is_begun or not any(place.startswith(path) for place in self._private):
            return found[0]
        return "…" + found[0][len(path) :]

    def _name(self, found: re.Match[str]) -> str:
        name, slash = self._names[found[1]], found[2]
        if not name:
            return "" if slash else "the project"
        return name + slash


_EVERYBODY_S = frozenset({"/tmp", "/var/tmp", "/dev/shm", "/usr", "/usr/local"})  # noqa: S108 - none is written to
