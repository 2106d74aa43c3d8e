"""A run's turn on the machine: alone, after whatever an earlier one left, and leaving nothing.

In this order: the lock; the remains of runs that were killed; this run's journal; its folder for
temporary files, in which everything temporary lies. Whenever the run is killed, its journal is
there as long as anything of it is.
"""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from harness.errors import OrganiserError
from harness.evaluation.journal import Journal, keep_journal
from harness.evaluation.leftovers import Leftovers, clear_leftovers, remove_tree
from harness.evaluation.lock import machine_lock, shared_folder, temporary_folder
from harness.sandbox import marks


@dataclass(frozen=True)
class Turn:
    """What a run has while it has the machine."""

    journal: Journal
    cleared: tuple[Leftovers, ...]
    """Earlier runs that were interrupted."""
    outside: Path
    """Where temporary files go that are to outlast the run."""


@contextmanager
def turn(results: Path) -> Iterator[Turn]:
    """Have the machine until the block ends.

    Raises ``MachineBusyError`` where another has it, ``OrganiserError`` where lock, journal or
    temporary files have no place.
    """
    folder = shared_folder()
    outside = temporary_folder().absolute()
    temporary = outside / f"{marks.PREFIX}{marks.RUN}"
    with machine_lock(folder):
        cleared = clear_leftovers(folder)
        with (
            keep_journal(folder, temporary=temporary, results=results) as journal,
            _marked(),
            _temporary_files_in(temporary, journal),
        ):
            yield Turn(journal, cleared, outside)


@contextmanager
def _marked() -> Iterator[None]:
    """Mark whatever this process starts: a meter's programs, above all."""
    os.environ[marks.VARIABLE] = marks.RUN
    try:
        yield
    finally:
        del os.environ[marks.VARIABLE]


@contextmanager
def _temporary_files_in(folder: Path, journal: Journal) -> Iterator[None]:
    """Have all temporary files of this process made in one new folder; remove it at the end."""
    before = tempfile.tempdir
    try:
        folder.mkdir(mode=0o700)
        folder.chmod(0o711)  # the sandbox's user must get through to the entry's copy
    except OSError as error:
        raise OrganiserError(
            f"{folder}: no folder for temporary files can be made: {error.strerror}",
            remedy="free some space, or set TMPDIR to a folder that can be written",
        ) from None
    try:
        tempfile.tempdir = str(folder)
        yield
    except OSError as error:
        if not _is_of(folder, error):
            raise
        raise OrganiserError(
            f"{error.filename or folder}: a temporary file cannot be written: {error.strerror}",
            remedy="free some space, or set TMPDIR to a folder that can be written",
        ) from None
    finally:
        tempfile.tempdir = before
        try:
            remove_tree(folder)
        except OSError:
            journal.stay()  # the next run tries again, and tells of it


def _is_of(folder: Path, error: OSError) -> bool:
    """Say whether an error is of a temporary file: writing to a full disk names none."""
    if error.filename is None:
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    return str(error.filename).startswith(str(folder)) or str(error.filename2).startswith(
        str(folder)
    )
