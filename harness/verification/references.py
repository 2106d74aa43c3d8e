"""Hold a record against what it names: its entry, its task, its data and its rules.

What a record names may move on: a team changes its entry, an organiser raises the version of the
task or of the rules. Where that is declared, an older record is history. Where the same version
now has another content, the record does not match, and nobody can say any more what it measured.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

from harness.errors import HarnessError, UsageError
from harness.records.evaluation import DataReference
from harness.records.finding import Finding
from harness.records.profile import UNREGISTERED
from harness.records.rule_book import KnownRules
from harness.records.seed import MOST_SEED
from harness.submissions.check import CheckContext, CheckReport, check, wrong_with_name
from harness.tasks.data import LoadedTest, source_folder
from harness.tasks.kept import said_of
from harness.tasks.protocol import Split
from harness.tasks.task import FolderTask, load_task
from harness.verification.subject import FORGED, Subject

_AGAIN = "evaluate the entry again"


class References:
    """The project as it is now; each part of it is read when it is first asked for."""

    def __init__(
        self,
        root: Path,
        context: CheckContext,
        rules: KnownRules,
        profiles: Mapping[str, str],
        data: Sequence[Path] = (),
    ) -> None:
        """``profiles`` are digests by name; ``data`` are directories of data that is not sample."""
        self.rules = rules
        self.profiles = profiles
        self._data_directories = data

        @cache
        def entry(name: str) -> CheckReport | None:
            folder = root / "submissions" / name
            return check(folder, context) if folder.is_dir() else None

        @cache
        def task(name: str) -> FolderTask | None:
            try:
                return load_task(root, name)
            except UsageError:
                return None

        @cache
        def data_of(name: str, source: str, seed: int) -> LoadedTest | str:
            try:
                found = task(name)
                return "" if found is None else found.load_test(source, seed)
            except HarnessError as error:
                return error.message

        self.entry, self.task, self._data_of = entry, task, data_of

    def data(self, subject: Subject) -> LoadedTest | str:
        """Return the test items that a record names; a text says why they are not here."""
        reference, task_id = subject.record.data, subject.record.task.id
        if reference.source == "sample":
            return self._data_of(task_id, "sample", reference.seed or 0)
        if not self._data_directories:
            return f"its data ({_named(reference)}) was not given"
        found = {each: self._data_of(task_id, str(each), 0) for each in self._data_directories}
        for data in found.values():
            if not isinstance(data, str) and data.reference.digest == reference.digest:
                return data
        told = [
            data if isinstance(data, str) else f"{each} has {_counted(data.reference)}"
            for each, data in found.items()
        ]
        return (
            f"it is of {_counted(reference)}, and no folder of --data holds these: "
            f"{'; '.join(told)}; give theirs as well, by another --data"
        )

    def claims_data(self, subject: Subject) -> Path | None:
        """Return the given folder that says in its ``set.json`` to be a record's very data."""
        task = self.task(subject.record.task.id)
        if task is None:
            return None
        for directory in self._data_directories:
            with suppress(HarnessError):  # what is wrong with it is told where it is read
                folder = source_folder(task.card, str(directory))
                kept = None if folder is None else said_of(folder)
                if kept is not None and kept.digest == subject.record.data.digest:
                    return folder
        return None


def check_references(subject: Subject, references: References) -> Iterator[Finding]:
    """Compare a record with all that it names."""
    yield from _entry(subject, references)
    yield from _task(subject, references)
    yield from _rules(subject, references)
    yield from _profile(subject, references)
    if task_of(subject, references) is not None:
        yield from _data(subject, references)


def task_of(subject: Subject, references: References) -> FolderTask | None:
    """Return the task if it is the very one that the record names, else ``None``."""
    task = references.task(subject.record.task.id)
    return task if task is not None and task.digest == subject.record.task.digest else None


def split_of(subject: Subject, references: References) -> Split | None:
    """Return the items that the record is about, where they are here and are the very ones."""
    if task_of(subject, references) is None:
        return None
    data = references.data(subject)
    if isinstance(data, str) or data.reference.digest != subject.record.data.digest:
        return None
    return data.test


def _entry(subject: Subject, references: References) -> Iterator[Finding]:
    said = subject.record.submission
    if wrong := wrong_with_name(said.entry):
        yield subject.found("entry", f"the name of its entry {wrong}", FORGED)
        return
    report = references.entry(said.entry)
    if report is None:
        yield subject.found(
            "entry-missing",
            f"submissions/{said.entry} is not here, so that its digest is held against nothing",
            "fetch the entry, if its result is to be verified in full",
            "note",
        )
    elif report.digest != said.digest:
        now = "cannot be digested" if report.digest is None else f"is {report.digest[:8]} now"
        yield subject.found(
            "entry-changed",
            f"is of an earlier submissions/{said.entry}: its digest was {said.digest[:8]}, and "
            f"{now}",
            f"nothing, or to have a result of the entry as it is: {_AGAIN}",
            "history",
        )
    elif report.manifest is not None:
        manifest = report.manifest.reference(said.entry, said.digest)
        names = [n for n in said.__struct_fields__ if getattr(said, n) != getattr(manifest, n)]
        if names:
            yield subject.found(
                "entry",
                f"says of its entry another {', '.join(names)} than the submission.toml with the "
                "same digest",
                FORGED,
            )


def _task(subject: Subject, references: References) -> Iterator[Finding]:
    said = subject.record.task
    task = references.task(said.id)
    if task is None:
        yield subject.found(
            "task-gone",
            f"is of the task {said.id}, which is not in tasks/ any more",
            "nothing, or to verify it in full: check out the task as it was",
            "history",
        )
    elif said.version != task.version:
        yield subject.found(
            "task-changed",
            f"is of version {said.version} of its task, which is at version {task.version} now",
            f"nothing, or to have a result of the task as it is: {_AGAIN}",
            "history",
        )
    elif said.digest != task.digest:
        yield subject.found(
            "task",
            f"is of a task with the digest {said.digest[:8]}; version {task.version} of it has the "
            f"digest {task.digest[:8]} here",
            "restore the task's files, or raise its version and evaluate again",
        )
    elif (said.title, said.metric) != (task.title, task.ranked_metric):
        yield subject.found(
            "task", "says another title or metric of its task than the card", FORGED
        )


def _rules(subject: Subject, references: References) -> Iterator[Finding]:
    said, now = subject.record.rules, references.rules.in_force.reference_to_these
    if said == now:
        return
    if said.version != now.version:
        yield subject.found(
            "rules-changed",
            f"was made under rules {said.version}; in force are {now.version}",
            f"nothing, or to have a result under these rules: {_AGAIN}",
            "history",
        )
    elif said.digest != now.digest:
        yield subject.found(
            "rules",
            f"was made under rules with the digest {said.digest[:8]}; rules.toml, of the same "
            f"version {now.version}, has {now.digest[:8]}",
            "restore rules.toml, or raise its version and evaluate again",
        )
    else:
        yield subject.found(
            "rules",
            f"amortises over {said.amortise_queries} queries, and its rules say "
            f"{now.amortise_queries}",
            FORGED,
        )


def _profile(subject: Subject, references: References) -> Iterator[Finding]:
    said = subject.record.hardware
    if said.profile_digest is None:
        if said.profile != f"{UNREGISTERED}-{said.fingerprint}":
            yield subject.found(
                "profile",
                f"claims the hardware profile {said.profile!r} without its digest",
                FORGED,
            )
        return
    now = references.profiles.get(said.profile)
    if now != said.profile_digest:
        found = "is not in leaderboard/hardware" if now is None else f"has the digest {now[:8]} now"
        yield subject.found(
            "profile-changed",
            f"was made on the profile {said.profile} with the digest {said.profile_digest[:8]}, "
            f"which {found}",
            f"nothing, or to have a result on the profile as it is: {_AGAIN}",
            "history",
        )


def _data(subject: Subject, references: References) -> Iterator[Finding]:
    said = subject.record.data
    if said.source != "directory" and not said.public:
        yield subject.found(
            "data", "is wrong about whether anybody can work out its labels", FORGED
        )
    if said.source == "sample" and not (said.seed is not None and 0 <= said.seed <= MOST_SEED):
        yield subject.found("data", f"no data is generated from the seed {said.seed}", FORGED)
        return
    data = references.data(subject)
    if isinstance(data, str):
        claims = None if said.source == "sample" else references.claims_data(subject)
        if claims is not None:
            yield subject.found(
                "data",
                f"its data is said to be in {claims}, and is not: {data}",
                "restore the data, or evaluate the entry again on this",
            )
            return
        yield subject.found(
            "data-unchecked",
            f"its data is held against nothing: {data}",
            "give the directory with the same items: --data DIR, once for each data set",
            "note",
        )
        return
    now = data.reference
    if (said.digest, said.items) != (now.digest, now.items):
        yield subject.found(
            "data",
            f"is of data with the digest {said.digest[:8]} and {said.items} items; "
            f"{_named(said)} gives {now.digest[:8]} and {now.items}",
            "restore the data, or evaluate the entry again on this",
        )
    elif said.source == "sample" and said.generator_version != now.generator_version:
        yield subject.found("data", "names another version of the generator", FORGED)
    elif now.public and not said.public:  # the other way round is fair: a copy may lack set.json
        yield subject.found(
            "data",
            "says that nobody can look up its labels, and set.json of --data says that they are "
            "those of a public set",
            "evaluate the entry again on this: its result stands on no official board",
        )


def _counted(reference: DataReference) -> str:
    return f"{reference.items} items with the digest {reference.digest[:8]}"


def _named(reference: DataReference) -> str:
    if reference.source == "sample":
        return f"the generator with seed {reference.seed}"
    return "--data" if reference.source == "directory" else f"{reference.hub_id}, by --data,"
