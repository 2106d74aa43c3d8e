"""Campaigns that are under way: one file each, a line an event, in a private folder of the results.

A line is written whole and brought to the disk before anything follows. What is cut short at the
end of the file, by a power cut, is an event that did not happen. The file is locked as long as its
campaign runs, so that none is gone on with that has not ended. It is made with the first session
that stands: before it there is nothing that could be lost.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import ConfigurationError, OrganiserError
from harness.records.base import canonical_json, convert, parse_plain
from harness.records.unfinished import SCHEMA, Begun, Drawn, Event, Finished, Stood
from harness.store.files import PRIVATE_MODE, plainly

FOLDER = ".unfinished"
ENDING = ".campaign"
_PRIVATE_FOLDER = 0o700


class Log:
    """The file of one campaign: events are added, and it goes in the end."""

    def __init__(self, path: Path, size_bytes: int = 0) -> None:
        """Begin one, or go on behind the first ``size_bytes``, which were read there.

        Raises ``OrganiserError`` when another process writes it, or it cannot be opened.
        """
        self.path = path
        self._held_back: list[Event] = []
        self._descriptor = -1
        self._made = False
        if size_bytes:
            self._open(size_bytes)

    def add(self, *events: Event) -> None:
        """Add events, the first of all a ``Begun``. Raises ``OrganiserError``."""
        if self._descriptor < 0:
            self._held_back += events
            if not any(isinstance(event, Stood) for event in events):
                return
            self._open(0)
            events, self._held_back = tuple(self._held_back), []
        try:
            _write(self._descriptor, b"".join(map(_line, events)))
        except OSError as error:
            if os.fstat(self._descriptor).st_size == 0:
                self.remove()  # nothing of it is of use
            raise _unwritable(self.path, error) from None

    @property
    def is_there(self) -> bool:
        """Whether the file is: not before the first session that stands."""
        return self._descriptor >= 0

    def remove(self) -> None:
        """Take the file away, closed by now or not: its records are kept."""
        if self._made:
            self._made = False
            self.path.unlink(missing_ok=True)
            self.close()
            try:
                self.path.parent.rmdir()
            except OSError:
                return  # another campaign's is in it

    def close(self) -> None:
        """Let go of the file, which stays."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _open(self, size_bytes: int) -> None:
        """Open the file; what is behind its first ``size_bytes`` was cut short, and is cut off."""
        try:
            self.path.parent.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
            flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
            self._descriptor = os.open(self.path, flags, PRIVATE_MODE)
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._made = True
            os.fchmod(self._descriptor, PRIVATE_MODE)  # one that was there may have had a wider one
            os.ftruncate(self._descriptor, size_bytes)
            _flush_folder(self.path.parent)
        except BlockingIOError:
            self.close()
            raise OrganiserError(
                f"{self.path}: another process is at this campaign",
                remedy="wait until it ends, or name another results folder with --output",
            ) from None
        except OSError as error:
            self.close()
            raise _unwritable(self.path, error) from None


@dataclass(frozen=True)
class Unfinished:
    """A campaign that was found."""

    path: Path
    begun: Begun | None = None
    """``None`` where nothing can be made of the file."""
    events: tuple[Event, ...] = ()
    """All others."""
    size_bytes: int = 0
    """Of the lines that they stand in."""
    fault: str = ""
    """Why nothing can be made of it."""

    @property
    def sessions(self) -> int:
        """How many sessions of it stand."""
        return sum(isinstance(event, Stood) for event in self.events)


def log_path(results: Path, campaign: str) -> Path:
    """Return the place of a campaign's file under a results folder."""
    return results / FOLDER / f"{campaign}{ENDING}"


def find_unfinished(results: Path) -> tuple[Unfinished, ...]:
    """Read every campaign under ``results`` that has not ended, the oldest first.

    One that is not whole, or not as this version writes them, is among them with its fault.
    """
    found = [_read(path) for path in sorted((results / FOLDER).glob(f"*{ENDING}"))]
    return tuple(sorted(found, key=lambda each: each.begun.began_utc if each.begun else ""))


def _read(path: Path) -> Unfinished:
    try:
        with open(path, "rb", opener=plainly) as file:
            *whole, _cut_short = file.read().split(b"\n")
        plain = [parse_plain(line, path.name) for line in whole]
        schema = plain[0].get("schema") if plain and isinstance(plain[0], dict) else None
        if schema != SCHEMA:
            return Unfinished(path, fault="is not as this version of the harness writes it")
        begun, *events = convert(plain, tuple[Event, ...], path.name)
    except OSError as error:
        return Unfinished(path, fault=f"cannot be read: {error.strerror}")
    except ConfigurationError as error:
        return Unfinished(path, fault=f"is damaged: {error.message}")
    if not isinstance(begun, Begun) or path.name != f"{begun.campaign}{ENDING}":
        return Unfinished(path, fault="is not what its name says")
    if strange := _strangers(begun, events):
        return Unfinished(path, fault=f"is damaged: no entry of this campaign is {strange}")
    return Unfinished(path, begun, tuple(events), sum(map(len, whole)) + len(whole))


def _strangers(begun: Begun, events: Sequence[Event]) -> str:
    """Return the names in events that are of no entry of the campaign; empty where all are."""
    named: set[str] = set()
    for event in events:
        if isinstance(event, Drawn):
            named.update(event.order)
        elif isinstance(event, Finished):
            named.add(event.record.submission.entry)
        elif not isinstance(event, Begun):
            named.add(event.entry)
    return ", ".join(sorted(named - {*begun.entries, begun.control}))


def _flush_folder(folder: Path) -> None:
    """Bring a new file's name to the disk, too."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _line(event: Event) -> bytes:
    return canonical_json(event) + b"\n"


def _write(descriptor: int, content: bytes) -> None:
    """Add all of it, or nothing."""
    before = os.fstat(descriptor).st_size
    try:
        written = 0
        while written < len(content):
            written += os.write(descriptor, content[written:])
        os.fsync(descriptor)
    except OSError:
        os.ftruncate(descriptor, before)
        raise


def _unwritable(path: Path, error: OSError) -> OrganiserError:
    return OrganiserError(
        f"{path}: what has been measured cannot be kept: {error.strerror}",
        remedy="free the place or its space, or name another results folder with --output",
    )
