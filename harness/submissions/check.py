"""Check an entry as data: every fault at once, and nothing of the folder is ever run."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import get_args

from harness.errors import SubmissionError
from harness.records.base import Frozen
from harness.records.environment import Lock
from harness.records.evaluation import Output
from harness.submissions.contents import HEAD_BYTES, check_contents
from harness.submissions.document import FILE_NAME, MAX_BYTES, Document
from harness.submissions.faults import Fault, fault, in_order, quoted, suggestion, visible
from harness.submissions.fields import show
from harness.submissions.folder import Listing, list_folder, read_head, unreadable
from harness.submissions.manifest import MAX_BATCH_SIZE, Manifest, Parsed, parse
from harness.submissions.program import check_code, check_command
from harness.submissions.snapshot import listed_digest
from harness.submissions.weights_check import check_weights

_UNDIGESTED = {"FRG308", "FRG309", "FRG310"}
"""Too much to read through, or already found unreadable."""

_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*\Z")
_MAX_NAME = 64


class CheckContext(Frozen):
    """What the challenge allows; nothing here depends on where it lies."""

    tasks: Mapping[str, tuple[Output, ...]]
    """By id: the kinds of prediction that the task can score."""
    max_batch: int
    entry_bytes: int
    entry_files: int
    weights_bytes: int = 0
    weights_files: int = 0


class CheckDocument(Frozen):
    """What ``check --format json`` prints of one entry."""

    entry: str
    ok: bool
    digest: str | None
    files: int
    bytes: int
    faults: tuple[Fault, ...]


class CheckReport(Frozen):
    """Everything that was found."""

    entry: str
    """The folder's name."""
    faults: tuple[Fault, ...]
    """By path, line and code."""
    manifest: Manifest | None
    """``None`` when anything is wrong with ``submission.toml``."""
    lock: Lock | None
    """``None`` where none is named, or anything is wrong with it."""
    digest: str | None
    """``None`` when the folder holds what an entry may not, or too much."""
    files: int
    bytes: int

    @property
    def ok(self) -> bool:
        """Whether there is no error; warnings do not count."""
        return not any(found.severity == "error" for found in self.faults)

    @property
    def document(self) -> CheckDocument:
        """The report for other programs."""
        return CheckDocument(
            entry=self.entry,
            ok=self.ok,
            digest=self.digest,
            files=self.files,
            bytes=self.bytes,
            faults=self.faults,
        )


def check(directory: Path, context: CheckContext) -> CheckReport:
    """Check one entry's folder. Never raises for what the folder holds."""
    entry = entry_name(directory)
    listing = list_folder(directory)
    faults = list(listing.faults)
    parsed = Parsed(None, None, ())
    lock: Lock | None = None
    if listing.opened:
        faults += _check_name(entry)
        parsed = _read_manifest(directory, listing)
        faults += parsed.faults
        if parsed.document is not None:
            faults += _check_against_rules(parsed.document, context)
            faults += check_command(parsed.document, listing)
            faults += check_weights(
                parsed.document,
                listing,
                most_bytes=context.weights_bytes,
                most_files=context.weights_files,
            )
            lock, wrong_with_lock = _read_lock(directory, parsed.document, listing)
            faults += wrong_with_lock
        faults += check_code(directory, listing, parsed.document)
        faults += _check_contents(directory, listing)
    faults += _check_size(listing, context)
    digest: str | None = None
    if listing.is_clean and not _UNDIGESTED & {found.code for found in faults}:
        try:
            digest = listed_digest(directory, listing)
        except SubmissionError as error:
            faults.append(fault("FRG310", ".", error.message, error.remedy))
    return CheckReport(
        entry=visible(entry),
        faults=in_order(faults),
        manifest=parsed.manifest,
        lock=lock,
        digest=digest,
        files=len(listing.files),
        bytes=listing.size_bytes,
    )


def entry_name(directory: Path) -> str:
    """Return the name that a folder goes by, however it was spelled (``.``, ``x/../y``)."""
    return os.path.basename(os.path.abspath(directory))  # noqa: PTH100, PTH119 - follows no link


def wrong_with_name(entry: str) -> str:
    """Say why a folder's name cannot be an entry's; empty when it can."""
    if len(entry) > _MAX_NAME:
        return f"is longer than {_MAX_NAME} characters"
    return "" if _NAME.match(entry) else "is not lower-case letters, digits and single dashes"


def _check_name(entry: str) -> Iterator[Fault]:
    wrong = wrong_with_name(entry)
    if wrong:
        yield fault(
            "FRG102",
            ".",
            f"the folder's name {quoted(entry)} {wrong}",
            "rename the folder: its name is the entry's identity on a board",
        )


def _read_manifest(directory: Path, listing: Listing) -> Parsed:
    file = next((file for file in listing.files if file.name == FILE_NAME), None)
    if file is None:
        if any(found.path == FILE_NAME for found in listing.faults):
            return Parsed(None, None, ())  # it is a link, a pipe, a folder: said already
        message = f"there is no {FILE_NAME} in the folder"
        return Parsed(None, None, (fault("FRG103", ".", message, "add it: init writes one"),))
    try:
        return parse(read_head(directory, file, MAX_BYTES + 1))
    except OSError as error:
        return Parsed(None, None, (unreadable(file, error),))


def _read_lock(
    directory: Path, document: Document, listing: Listing
) -> tuple[Lock | None, tuple[Fault, ...]]:
    if document.get("environment", "requirements", str) is None:
        return None, ()
    from harness.submissions.requirements import (  # noqa: PLC0415 - `packaging`, for locks only
        check_requirements,
    )

    return check_requirements(directory, document, listing)


def _check_against_rules(document: Document, context: CheckContext) -> Iterator[Fault]:
    task = document.get("submission", "task", str)
    output = document.get("model", "output", str)
    batch_size = document.get("model", "batch_size", int)
    known = tuple(sorted(context.tasks))
    if task and task not in context.tasks:
        yield document.fault(
            "FRG121",
            ("submission", "task"),
            f"there is no task {quoted(task)}{suggestion(task, known)}",
            f"name one of {', '.join(known)}" if known else "add the task's folder under tasks/",
        )
    elif task and output in get_args(Output) and output not in context.tasks[task]:
        yield document.fault(
            "FRG122",
            ("model", "output"),
            f"the task {task} cannot score {output}",
            f"give one of {', '.join(context.tasks[task])}",
        )
    if batch_size is not None and context.max_batch < batch_size <= MAX_BATCH_SIZE:
        yield document.fault(
            "FRG123",
            ("model", "batch_size"),
            f"model.batch_size is {show(batch_size)}; the rules allow at most {context.max_batch}",
            f"give {context.max_batch} or less",
        )


def _check_contents(directory: Path, listing: Listing) -> Iterator[Fault]:
    for file in listing.files:
        try:
            found = check_contents(file.name, read_head(directory, file, HEAD_BYTES))
        except OSError as error:
            found = unreadable(file, error)
        if found is not None:
            yield found


def _check_size(listing: Listing, context: CheckContext) -> Iterator[Fault]:
    files, size = len(listing.files), listing.size_bytes
    if files > context.entry_files:
        yield fault(
            "FRG309",
            ".",
            f"the folder holds {files:,} files; the rules allow at most {context.entry_files:,} "
            "(limits.entry_files)",
            "remove what the model does not need",
        )
    if size > context.entry_bytes:
        largest = max(listing.files, key=lambda file: file.size_bytes)
        yield fault(
            "FRG308",
            ".",
            f"the files are {size:,} bytes together; the rules allow at most "
            f"{context.entry_bytes:,} (limits.entry_bytes); the largest is {largest.name} "
            f"({largest.size_bytes:,})",
            "make the model smaller, or remove what it does not need",
        )
