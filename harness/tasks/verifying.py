"""Look through a whole data set: everything that loading checks, and what only decoding shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from harness.errors import ConfigurationError
from harness.records.base import Frozen
from harness.records.evaluation import DataReference
from harness.tasks.card import TaskCard
from harness.tasks.data import LoadedTest, source_folder
from harness.tasks.decoding import decoder_of
from harness.tasks.generator import SplitName
from harness.tasks.kept import read_set, sha256_of
from harness.tasks.protocol import Sample, Split
from harness.tasks.row_faults import RowsError
from harness.tasks.splits import fingerprints_of, stream_samples
from harness.tasks.task import FolderTask
from harness.tasks.varying import told_of_variants

MOST_SHOWN = 20
FORMS_SHOWN = 8


class DataFinding(Frozen):
    """One thing that is wrong with a set."""

    code: str
    """``load``, ``file``, ``undecodable`` or ``in-both``."""
    where: str
    """File or split."""
    message: str
    remedy: str
    row: int | None = None
    """From 0, within ``where``."""
    column: str | None = None


class Note(Frozen):
    """What is not wrong, and whoever uses the set should know."""

    code: str
    message: str


class SplitReport(Frozen):
    """One split, seen from outside."""

    items: int
    labels: dict[str, int]
    groups: int | None
    decoded: int
    """How many samples were decoded whole."""
    forms: dict[str, int]
    """Sizes of images, rates of recordings, and how many have each; the most frequent."""
    bytes: int
    longest_bytes: int


class DataReport(Frozen):
    """What a look through a set found."""

    task: str
    source: str
    reference: DataReference | None
    """``None`` where the set cannot be loaded."""
    pinned: str | None
    """The digest that the task's card pins for this data."""
    splits: dict[str, SplitReport]
    findings: tuple[DataFinding, ...]
    """The first of each code."""
    counts: dict[str, int]
    """How many there are of each code."""
    notes: tuple[Note, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.counts


class _Findings:
    """All that is found: the first of each code are kept, and all are counted."""

    def __init__(self) -> None:
        self.kept: list[DataFinding] = []
        self.counts: Counter[str] = Counter()

    def add(self, finding: DataFinding) -> None:
        """Take one."""
        self.counts[finding.code] += 1
        if self.counts[finding.code] <= MOST_SHOWN:
            self.kept.append(finding)

    def add_refusal(self, source: str, error: ConfigurationError) -> None:
        """Take why a split cannot be loaded: each row of it that is wrong, or what else it is."""
        if not isinstance(error, RowsError):
            self.add(
                DataFinding(code="load", where=source, message=error.message, remedy=error.remedy)
            )
            return
        for fault in error.faults:
            self.add(
                DataFinding(
                    code="load",
                    where=fault.where,
                    row=fault.row,
                    column=fault.column,
                    message=fault.found,
                    remedy=fault.remedy,
                )
            )
        self.counts["load"] += error.count - len(error.faults)


def verify(
    task: FolderTask,
    source: str,
    seed: int,
    on_items: Callable[[str, int, int], None] = lambda *_: None,
) -> DataReport:
    """Look through the data that ``source`` names, as ``Task.load_data`` takes it.

    ``on_items`` is told the split, how many of its items were looked at, and how many there are.
    Raises ``UsageError`` for a source that the task does not have.
    """
    card, found = task.card, _Findings()
    splits: dict[str, SplitReport] = {}
    notes: list[Note] = []
    data, halves = _loaded(task, source, seed, found)
    folder = source_folder(card, source) if halves else None
    if data is not None:
        _check_files(folder, found)
    looks: dict[SplitName, _Look] = {}
    for name, split in halves.items():
        look = looks[name] = _Look(card, name, split, _places(folder, name, source), found)
        for done, sample in enumerate(stream_samples(split), start=1):
            look.at(sample)
            on_items(name, done, len(split))
        splits[name] = look.report()
        notes += look.notes()
        if name == "test" and look.decode is not None:
            told = told_of_variants(split, task.perturb, look.decode)
            notes += [Note(code="variants-otherwise", message=f"test: {told}")] if told else []
    if len(looks) > 1:
        _check_apart(looks["train"], looks["test"], found)
        notes += _notes_on_both(halves["train"], halves["test"])
    pinned = card.hub.digest if card.hub and _is_pinned(card, data) else None
    return DataReport(
        task=card.task.id,
        source=source,
        reference=None if data is None else data.reference,
        pinned=pinned,
        splits=splits,
        findings=tuple(found.kept),
        counts=dict(found.counts),
        notes=tuple(notes),
    )


def _loaded(
    task: FolderTask, source: str, seed: int, found: _Findings
) -> tuple[LoadedTest | None, dict[SplitName, Split]]:
    """Load the test items as an evaluation does, and both splits; tell what is wrong with any.

    ``None`` for data that cannot be evaluated on; a split that cannot be loaded is left out.
    """
    data: LoadedTest | None = None
    halves: dict[SplitName, Split] = {}
    refused: list[ConfigurationError] = []
    try:
        data = task.load_test(source, seed)
        halves["test"] = data.test
    except ConfigurationError as error:
        refused.append(error)
    names: tuple[SplitName, ...] = ("test", "train")
    for name in names:
        if name in halves:
            continue
        try:
            halves[name] = task.load_split(source, seed, name)
        except ConfigurationError as error:  # loading the data may have met it, and seen less
            refused = [each for each in refused if not _is_of_one(each, error)]
            refused.append(error)
    for refusal in refused:
        found.add_refusal(source, refusal)
    return None if refused else data, halves


def _is_of_one(error: ConfigurationError, other: ConfigurationError) -> bool:
    """Say whether two refusals are of one thing: the same, or of rows of the same files."""
    if isinstance(error, RowsError) and isinstance(other, RowsError):
        files = {fault.where for fault in other.faults}
        return any(fault.where in files for fault in error.faults)
    return error.message == other.message


class _Places:
    """Where a split's items lie: which file, which row."""

    def __init__(self, files: Sequence[tuple[str, int]], otherwise: str) -> None:
        self._names = [name for name, _ in files] or [otherwise]
        self._ends = np.cumsum([rows for _, rows in files], dtype=np.int64)

    def of(self, position: int) -> tuple[str, int]:
        """Return the file of an item and its row there, from 0."""
        if not len(self._ends):
            return self._names[0], position
        number = int(np.searchsorted(self._ends, position, side="right"))
        return self._names[number], position - int(self._ends[number - 1] if number else 0)


def _places(folder: Path | None, name: SplitName, source: str) -> _Places:
    if folder is None:
        return _Places((), f"{source} split {name!r}")
    import pyarrow.parquet as pq  # noqa: PLC0415 - heavy

    from harness.tasks.directory import split_files  # noqa: PLC0415 - likewise

    files = split_files(folder, name)
    rows = [(str(path), pq.read_metadata(path).num_rows) for path in files]
    return _Places(rows, f"{folder} split {name!r}")


class _Look:
    """A look at every sample of one split."""

    def __init__(
        self, card: TaskCard, name: SplitName, split: Split, places: _Places, found: _Findings
    ) -> None:
        self.card, self.split, self.places = card, split, places
        self._name, self._found = name, found
        self.decode = decoder_of(card.task.modality)
        self._forms: Counter[str] = Counter()
        self._position = self._decoded = self._bytes = self._longest = 0
        self.prints = np.empty(len(split), np.int64)
        self.is_empty = np.zeros(len(split), np.bool_)

    def at(self, sample: Sample) -> None:
        """Look at the next sample."""
        content = sample.encode() if isinstance(sample, str) else sample
        self.prints[self._position] = fingerprints_of((content,))[0]
        self._bytes += len(content)
        self._longest = max(self._longest, len(content))
        if isinstance(sample, str):
            self.is_empty[self._position] = not sample.strip()
        elif self.decode is not None:
            self._decode_whole(sample)
        self._position += 1

    def _decode_whole(self, sample: bytes) -> None:
        assert self.decode is not None  # noqa: S101 - its only caller looked
        try:
            form = self.decode(sample)
        except ValueError as error:
            where, row = self.places.of(self._position)
            self._found.add(
                DataFinding(
                    code="undecodable",
                    where=where,
                    row=row,
                    column=self.card.columns.sample,
                    message=f"{len(sample):,} bytes are no whole {self.card.task.modality}: "
                    f"{error}",
                    remedy="put the right file there, or leave the row out; an entry is given it "
                    "as it is, and its answer is scored",
                )
            )
            return
        self._decoded += 1
        self.is_empty[self._position] = form.empty
        self._forms[form.told] += 1

    def report(self) -> SplitReport:
        """Say what was seen."""
        split = self.split
        counts = np.bincount(split.labels, minlength=len(self.card.labels)).tolist()
        return SplitReport(
            items=len(split),
            labels=dict(zip(self.card.label_names, counts, strict=True)),
            groups=None if split.groups is None else len(set(split.groups)),
            decoded=self._decoded,
            forms=dict(self._forms.most_common(FORMS_SHOWN)),
            bytes=self._bytes,
            longest_bytes=self._longest,
        )

    def notes(self) -> Iterator[Note]:
        """Yield notes on the split: true, harmless, and worth knowing."""
        from harness.tasks.spooled import RowNumbers  # noqa: PLC0415 - heavy

        name, modality = self._name, self.card.task.modality
        if self.decode is None and modality != "text" and len(self.split):
            yield Note(code="not-decoded", message=f"{name}: nothing here decodes {modality}")
        column = self.card.columns.id
        if column is not None and isinstance(self.split.ids, RowNumbers):
            told = f"{name}: column {column!r} is null in every row: rows are told by their numbers"
            yield Note(code="numbered", message=told)
        empty = int(self.is_empty.sum())
        if empty:
            yield Note(code="empty", message=f"{name}: {_counted(empty)} empty")
        if len(self._forms) > 1:
            yield Note(code="mixed-forms", message=f"{name}: {len(self._forms):,} forms of samples")
        yield from self._notes_on_repeats()
        absent = sorted(set(range(len(self.card.labels))) - set(self.split.labels.tolist()))
        if absent and len(self.split):
            names = ", ".join(self.card.label_names[number] for number in absent)
            yield Note(code="absent-label", message=f"{name}: no item is {names}")

    def _notes_on_repeats(self) -> Iterator[Note]:
        _, firsts, which = np.unique(self.prints, return_index=True, return_inverse=True)
        first = firsts[which]
        """Of each sample, where it stands for the first time."""
        repeats = int(np.count_nonzero(first != np.arange(len(first))))
        if not repeats:
            return
        told = f"{self._name}: {_counted(repeats)} in an earlier row, too"
        labels = self.split.labels
        torn = np.flatnonzero((labels != labels[first]) & ~self.is_empty)
        if len(torn):
            where, row = self.places.of(int(torn[0]))
            told += f", and {len(torn):,} of them with another label, such as row {row} of {where}"
        yield Note(code="repeated", message=told)


def _counted(samples: int) -> str:
    return "1 sample is" if samples == 1 else f"{samples:,} samples are"


def _check_files(folder: Path | None, found: _Findings) -> None:
    """Hold the files of a set that was fetched or imported against what they were then."""
    kept = None if folder is None else read_set(folder)
    if folder is None or kept is None:
        return
    for file in kept.files:
        seen = sha256_of(folder / file.name)
        if seen != file.sha256:
            found.add(
                DataFinding(
                    code="file",
                    where=str(folder / file.name),
                    message=f"its SHA-256 is {seen}, and set.json says {file.sha256}",
                    remedy="remove the folder, and fetch or import the set again",
                )
            )


def _check_apart(train: _Look, test: _Look, found: _Findings) -> None:
    """Find the samples of the train split that the test split has, too.

    But for empty ones: there is nothing in them that an answer could be known from.
    """
    first = {int(key): row for row, key in reversed(list(enumerate(test.prints.tolist())))}
    for position in np.flatnonzero(np.isin(train.prints, test.prints) & ~train.is_empty).tolist():
        twin = first[int(train.prints[position])]
        if train.split.samples([position]) != test.split.samples([twin]):
            continue  # two samples with one fingerprint
        where, row = train.places.of(position)
        found.add(
            DataFinding(
                code="in-both",
                where=where,
                row=row,
                column=train.card.columns.sample,
                message=f"is the sample of test item {test.split.ids[twin]!r}, too",
                remedy="leave it out of one split: who trains on it has seen the answer",
            )
        )


def _notes_on_both(train: Split, test: Split) -> Iterator[Note]:
    if test.groups is None or train.groups is None:
        return
    shared = set(test.groups) & set(train.groups)
    if shared:
        yield Note(
            code="groups-in-both",
            message=f"{len(shared):,} groups have items in both splits, such as {min(shared)!r}",
        )


def _is_pinned(card: TaskCard, data: LoadedTest | None) -> bool:
    return (
        data is not None
        and card.hub is not None
        and data.reference.revision is not None
        and data.reference.revision == card.hub.revision
    )
