"""From a results folder to boards, without holding its records: what is needed of each is kept.

A record is read once, with all checks. Its gist and the line of its row stay, a tenth of it.
All records of an entry lie in one folder, so that a folder is read by itself, in any process.
"""

from __future__ import annotations

import contextlib
import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import accumulate, groupby
from pathlib import Path

import msgspec

from harness.cli.building.views import Held, Places, Views
from harness.cli.building.workers import Here, Workers
from harness.cli.project import Project
from harness.errors import OrganiserError
from harness.ranking.gists import Gist, Head, Line, gist_of, line_of
from harness.records.base import Frozen
from harness.records.board import Problem
from harness.records.evaluation import EvaluationRecord
from harness.records.rule_book import KnownRules
from harness.store.keys import KeyRing
from harness.store.paths import ITEMS, items_path
from harness.store.reading import StoredRecord, is_local, read_one
from harness.store.scanning import Found, Mark, mark_of

LEAST_FOR_PROCESSES = 400
"""Files that are new: it is not worth while to read fewer in other processes."""
RECORDS_A_TASK = 24
"""Read at once by a process: folders are not split, so that it may be more."""


class Told(Frozen, array_like=True):
    """What is kept of one file of a results folder."""

    path: bytes
    """As the file system has it: it may be no UTF-8."""
    marks: tuple[Mark, ...]
    """Of the file and of the sidecars beside it."""
    problems: tuple[Problem, ...]
    gist: Gist | None = None
    digest: str = ""
    signed_by: str | None = None
    sidecar: Mark | None = None
    """Of the one that was held against the record, and found good."""


class Folder(Frozen, array_like=True):
    """What is kept of the files of one folder."""

    told: tuple[Told, ...]
    heads: dict[str, bytes]
    """As msgpack spells them: thousands of folders have the same few, and only these are read."""
    lines: tuple[tuple[tuple[str, ...], Line], ...]
    """By the paths of the completed evaluations of an entry on a board, by age."""


class Shelf:
    """A record that is read when it is asked for."""

    def __init__(self, results: Path, told: Told, gist: Gist) -> None:
        self.path, self.digest, self.signed_by = gist.path, told.digest, told.signed_by
        self.mark, self.created_utc = told.marks[0], gist.created_utc
        self.items = told.marks[1:]
        self._results = results

    @property
    def verified(self) -> bool:
        """Whether an organiser's key vouches for it."""
        return self.signed_by is not None

    @property
    def record(self) -> EvaluationRecord:
        """Read it again: it was found good as it was then, and must be so still."""
        return read_again(self._results, self.path, self.mark)


class Gathered:
    """What was kept of all records of a results folder."""

    def __init__(
        self,
        results: Path,
        rules: KnownRules,
        folders: Iterable[Folder],
        views: Views | None = None,
    ) -> None:
        self.results, self.rules = results, rules
        self.views = views or Views()
        """What the pages of their entries need of records that were read just now.

        Not of those whose counts come to over 64 bits, which cannot be spelt, nor of those that
        there is no room for: they are read again.
        """
        self.folders = tuple(folders)
        heads = {name: head for each in self.folders for name, head in each.heads.items()}
        self.heads = {name: _HEAD.decode(head) for name, head in heads.items()}
        self._lines = {paths: line for each in self.folders for paths, line in each.lines}

    @cached_property
    def gists(self) -> tuple[Gist, ...]:
        """Those of all records that can be read, by path."""
        found = (told.gist for each in self.folders for told in each.told if told.gist is not None)
        return tuple(sorted(found, key=lambda gist: gist.path))

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Of reading."""
        return tuple(p for each in self.folders for told in each.told for p in told.problems)

    @cached_property
    def stored(self) -> dict[str, Shelf]:
        """The records by path, each read when it is asked for."""
        return {
            told.gist.path: Shelf(self.results, told, told.gist)
            for each in self.folders
            for told in each.told
            if told.gist is not None
        }

    @cached_property
    def sidecars(self) -> dict[str, Mark]:
        """The marks of sidecars that were found good, by the paths of their records."""
        return {
            told.gist.path: told.sidecar
            for each in self.folders
            for told in each.told
            if told.gist is not None and told.sidecar is not None
        }

    def record(self, path: str) -> EvaluationRecord:
        """Return the record at a path, read again."""
        return self.stored[path].record

    def items_marks(self, paths: Sequence[str]) -> list[tuple[Mark, ...]]:
        """Return the marks of the sidecars beside records, as they were when these were listed."""
        stored = self.stored
        return [stored[path].items for path in paths]

    def line(self, completed: Sequence[str], copies: Sequence[str]) -> Line:
        """Return the line of these evaluations; made anew where others stand in it too."""
        kept = None if copies else self._lines.get(tuple(completed))
        if kept is not None:
            return kept
        own, others = ([self.stored[path] for path in paths] for paths in (completed, copies))
        return line_of(own, others, self.rules)


def gather(
    project: Project,
    results: Path,
    found: Iterable[Found],
    workers: Workers,
    known: Mapping[bytes, Folder],
    *,
    local: bool,
    views: Views | None = None,
    meanwhile: Iterable[object] = (),
) -> Gathered:
    """Read what is not known, or is not as it was; with what teams report of themselves or without.

    ``found`` is what there is, and ``known`` what was kept of folders, by their paths under the
    results folder. ``views`` takes what pages need of records that are read. While others read,
    ``meanwhile`` goes on, step by step.
    """
    by_folder: defaultdict[bytes, list[Found]] = defaultdict(list)
    for each in (each for each in found if local or not is_local(each.path)):
        by_folder[_folder_of(each)].append(each)
    fresh = [
        tuple(files)
        for folder, files in by_folder.items()
        if folder not in known or not _is_as_it_was(files, known[folder])
    ]
    chunks = [*_chunks(fresh, RECORDS_A_TASK)]
    rules, keys = project.rule_book(), project.key_ring()
    read: dict[bytes, Folder] = {}
    views = views or Views()
    keeps = [views.share() for _ in chunks]
    are_many = workers.are_several and sum(map(len, fresh)) >= LEAST_FOR_PROCESSES
    several, steps = (workers, iter(meanwhile)) if are_many else (Here(), iter(()))

    def read_chunk(number: int) -> bytes:
        return read_folders(results, chunks[number], rules, keys, keeps[number])

    for number, encoded in several.run(read_chunk, range(len(chunks))):
        made, seen = _DECODER.decode(encoded)
        for files, folder in zip(chunks[number], made, strict=True):
            read[_folder_of(files[0])] = folder
        views.places |= seen
        next(steps, None)
    kept = [read.get(folder) or known[folder] for folder in by_folder]
    return Gathered(results, rules, kept, views)


def _folder_of(found: Found) -> bytes:
    return os.path.dirname(os.fsencode(found.path))  # noqa: PTH120 - bytes


def by_folder_of(folders: Iterable[Folder]) -> dict[bytes, Folder]:
    """Return what was kept, by the folder's path."""
    return {os.path.dirname(each.told[0].path): each for each in folders if each.told}  # noqa: PTH120


def read_folders(
    results: Path,
    folders: Iterable[Sequence[Found]],
    rules: KnownRules,
    keys: KeyRing,
    keep: Callable[[Held], Places],
) -> bytes:
    """Read the files of some folders, in whatever process; return what is kept, encoded.

    ``keep`` keeps what pages need of records, and says where.
    """
    held = Held()
    made = [_read_folder(results, files, rules, keys, held) for files in folders]
    return msgspec.msgpack.encode((made, keep(held)))


def read_again(
    results: Path | str,
    path: str,
    mark: Mark,
    decoder: msgspec.json.Decoder[EvaluationRecord] | None = None,
) -> EvaluationRecord:
    """Read a record that was found good when its file had this mark; by a decoder, a part of it."""
    place = f"{results}/{path}"
    try:
        with open(place, "rb", buffering=0) as file:  # noqa: PTH123 - thousands of times
            content = file.read()
            found = mark_of(os.fstat(file.fileno()))
        if found == mark:
            return (decoder or _RECORD).decode(content)
    except (OSError, ValueError):
        pass
    raise OrganiserError(
        f"{place}: was changed while the page was built",
        remedy="let nobody write to the results, and build the page again",
    )


_DECODER = msgspec.msgpack.Decoder(tuple[list[Folder], Places])
_HEAD = msgspec.msgpack.Decoder(Head)
_RECORD = msgspec.json.Decoder(EvaluationRecord)
_ENCODER = msgspec.msgpack.Encoder()


def _is_as_it_was(files: Sequence[Found], folder: Folder) -> bool:
    marks = _marks(files)
    if any(each.fault is not None for each in files):  # nothing tells whether it is another by now
        return False
    return [(os.fsencode(each.path), marks[each.path]) for each in files if _is_read(each)] == [
        (each.path, each.marks) for each in folder.told
    ]


def _is_read(found: Found) -> bool:
    return found.fault is not None or not found.path.endswith(ITEMS)


def _marks(files: Sequence[Found]) -> dict[str, tuple[Mark, ...]]:
    """Return what tells whether anything of a record has changed: its file, and sidecars of it."""
    sidecars: defaultdict[str, list[Mark]] = defaultdict(list)
    for each in files:
        if each.path.endswith(ITEMS) and each.mark is not None:
            stem = each.path.removesuffix(ITEMS).removesuffix(".public")
            sidecars[stem].append(each.mark)
    return {
        each.path: (
            *((each.mark,) if each.mark else ()),
            *sidecars[each.path.removesuffix(".json")],
        )
        for each in files
    }


def _read_folder(
    results: Path,
    files: Sequence[Found],
    rules: KnownRules,
    keys: KeyRing,
    held: Held,
) -> Folder:
    from harness.site.record_view import record_view

    marks, heads = _marks(files), {}
    mark_at = {found.path: found.mark for found in files}
    told: list[Told] = []
    completed: defaultdict[tuple[str, str], list[tuple[Gist, StoredRecord]]] = defaultdict(list)
    for found in files:
        if not _is_read(found):
            continue
        read, problems = read_one(results, found, keys)
        gist = sidecar = None
        if read is not None:
            if not problems:  # of two that lie beside a record, one is its own
                sidecar = mark_at.get(items_path(read.path, read.record))
            gist, head = gist_of(read, rules)
            heads[gist.head] = _ENCODER.encode(head)
            if gist.problem is None:  # else it is on no page
                with contextlib.suppress(OverflowError):  # of counts that come to over 64 bits
                    held.add(gist.path, _ENCODER.encode(record_view(read.record)))
            if gist.failure is None and gist.problem is None:
                completed[gist.key, gist.entry].append((gist, read))
        told.append(
            Told(
                path=os.fsencode(found.path),
                marks=marks[found.path],
                problems=problems,
                gist=gist,
                digest="" if read is None else read.digest,
                signed_by=None if read is None else read.signed_by,
                sidecar=sidecar,
            )
        )
    lines = []
    for members in completed.values():
        members.sort(key=lambda each: each[0].age)
        records = [record for _, record in members]
        lines.append((tuple(each.path for each in records), line_of(records, [], rules)))
    return Folder(told=tuple(told), heads=heads, lines=tuple(lines))


def _chunks(
    folders: Sequence[tuple[Found, ...]], size: int
) -> Iterator[tuple[tuple[Found, ...], ...]]:
    """Put folders together until they hold about ``size`` files."""
    before = accumulate((len(files) for files in folders), initial=0)
    numbered = zip(before, folders, strict=False)
    for _, group in groupby(numbered, key=lambda each: each[0] // size):
        yield tuple(files for _, files in group)
