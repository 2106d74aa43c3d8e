"""An entry as it was at one moment: its digest, and the copy that is run."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from harness.errors import OrganiserError, SubmissionError
from harness.records.base import Frozen
from harness.submissions.folder import ListedFile, Listing, list_folder, read_listed

_DOMAIN = b"frugal-ai entry 1\n"
"""What is digested, and in which version: no other kind of digest can come out the same."""


class Snapshot(Frozen):
    """A copy of an entry's files that nothing changes any more."""

    directory: Path
    digest: str
    """``entry_digest`` of the copy, and of what was copied."""
    files: int
    bytes: int


def entry_digest(directory: Path) -> str:
    r"""Return the SHA-256, in hexadecimal, over a folder's files; the same on every machine.

    Taken over, for each file in the order of its name's UTF-8 bytes:
    ``<name>\0<x or ->\0<length in decimal>\0<content>``, where ``x`` says that the owner may
    execute it. Raises ``SubmissionError`` when the folder holds what an entry may not, or changes
    meanwhile.
    """
    return listed_digest(directory, _clean(directory))


def listed_digest(directory: Path, listing: Listing) -> str:
    """Return ``entry_digest`` of a folder that has just been listed."""
    digest = hashlib.sha256(_DOMAIN)
    for file in listing.files:
        digest.update(_header(file))
        for piece in _content(directory, file):
            digest.update(piece)
    return digest.hexdigest()


def snapshot(directory: Path, into: Path) -> Snapshot:
    """Copy an entry's files into the new folder ``into``, with modes 0644 and 0755.

    What was listed is what is copied: a link or another file put in a file's place meanwhile is
    refused. Raises ``SubmissionError`` for that and for whatever an entry may not hold, and
    ``OrganiserError`` when the copy cannot be written.
    """
    listing = _clean(directory)
    digest = hashlib.sha256(_DOMAIN)
    try:
        _make_folder(into)
        for file in listing.files:
            target = into / file.name
            for folder in reversed(target.relative_to(into).parents[:-1]):
                if not (into / folder).is_dir():
                    _make_folder(into / folder)
            digest.update(_header(file))
            with target.open("xb") as copy:
                for piece in _content(directory, file):
                    digest.update(piece)
                    copy.write(piece)
            target.chmod(0o755 if file.executable else 0o644)
    except OSError as error:
        raise OrganiserError(
            f"{into}: the entry cannot be copied: {error.strerror}",
            remedy="free some space, or set TMPDIR to a folder that can be written",
        ) from None
    return Snapshot(
        directory=into,
        digest=digest.hexdigest(),
        files=len(listing.files),
        bytes=listing.size_bytes,
    )


def _clean(directory: Path) -> Listing:
    listing = list_folder(directory)
    for fault in listing.faults:
        if fault.severity == "error":
            raise SubmissionError(
                f"{directory}: {fault.path}: {fault.message}",
                remedy=f"{fault.remedy}; check names every fault",
            )
    return listing


def _header(file: ListedFile) -> bytes:
    mode = "x" if file.executable else "-"
    return f"{file.name}\0{mode}\0{file.size_bytes}\0".encode()


def _content(directory: Path, file: ListedFile) -> Iterator[bytes]:
    try:
        yield from read_listed(directory, file)
    except OSError as error:
        raise SubmissionError(
            f"{directory / file.name}: cannot be read: {error.strerror}",
            remedy="make it readable, and leave the folder alone meanwhile",
        ) from None


def _make_folder(folder: Path) -> None:
    folder.mkdir()
    folder.chmod(0o755)  # whatever the umask says
