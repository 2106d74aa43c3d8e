"""What a build of the page keeps for the next one: never needed, and never believed unproven.

``<cache>/site/<project>/<name>``. A file holds a digest of what it was made by (the harness's own
code, its libraries, the rules, the organisers' keys) and of its content. What is missing, damaged
or of another version counts for nothing, and is made anew; so does what another user owns or could
have written. A folder that cannot be written costs time only.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import stat
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b, sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TypeVar

import msgspec

import harness
from harness.cli.output import print_note
from harness.cli.project import Project
from harness.errors import HarnessError
from harness.records.caches import cache_folder
from harness.records.replacing import clear_drafts, replace_file
from harness.store.files import plainly

T = TypeVar("T")

KIND = "site"
MAGIC = b"frugal-ai site cache 1\n"
DIGEST_BYTES = 32
"""Of a SHA-256."""
FOR_NOBODY_ELSE = 0o600
LIBRARIES = ("Jinja2", "MarkupSafe", "msgspec", "numpy", "scipy", "pyarrow", "pillow", "codecarbon")
"""What figures and pages are made with: another version may spell something otherwise."""


@dataclass(frozen=True)
class Cache:
    """The files of one project, as long as what they are made by is the same."""

    folder: Path | None
    """``None``: nothing is kept."""
    made_by: str

    def load(self, name: str, into: type[T]) -> T | None:
        """Return what was kept under a name; ``None`` where nothing was that can be believed."""
        content = self._read(name)
        if content is None:
            return None
        head = len(MAGIC) + DIGEST_BYTES
        payload = memoryview(content)[head:]
        if content[:head] != MAGIC + self._digest(name, payload):
            return None
        try:
            return msgspec.msgpack.decode(payload, type=into)
        except (ValueError, RecursionError):
            return None

    @contextlib.contextmanager
    def alone(self) -> Iterator[int]:
        """Wait until no other build of the project is under way, as far as the cache can tell.

        Gives when the last one ended, in nanoseconds since 1970; 0 where that is not known.
        """
        if self.folder is None:
            yield 0
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            place, flags = self.folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_NONBLOCK
            descriptor = os.open(place, flags | os.O_NOFOLLOW, 0o600)
        except OSError:
            yield 0
            return
        try:
            waited = False
            with contextlib.suppress(OSError):  # a file system may know no locks
                waited = _lock(descriptor)
            # One that was killed said nothing, but it was under way until now.
            yield time.time_ns() if waited else os.fstat(descriptor).st_mtime_ns
        finally:
            with contextlib.suppress(OSError):
                os.utime(descriptor, ns=(now := time.time_ns(), now))
            os.close(descriptor)

    def save(self, name: str, value: object) -> None:
        """Keep a value, whole or not at all; another build may do the same at the same time."""
        if self.folder is None:
            return
        payload = msgspec.msgpack.encode(value)
        with contextlib.suppress(OSError):  # it is there to save time, and no more
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            clear_drafts(self.folder)
            parts = MAGIC, self._digest(name, payload), payload
            place = self.folder / name
            # What takes another's place ext4 begins to write at once: 25 ms where it is large.
            place.unlink(missing_ok=True)
            replace_file(place, parts, FOR_NOBODY_ELSE)

    def tidy(self, before: str, keep: Iterable[str]) -> None:
        """Take away what was kept under names that begin so, with 16 digits after it, but these."""
        if self.folder is None:
            return
        kept = set(keep)
        with contextlib.suppress(OSError):
            for each in self.folder.iterdir():
                digits = each.name.removeprefix(before)
                if digits != each.name and _DIGITS.fullmatch(digits) and each.name not in kept:
                    each.unlink()

    def _read(self, name: str) -> bytes | None:
        if self.folder is None:
            return None
        try:
            with open(self.folder / name, "rb", opener=plainly) as file:
                status = os.fstat(file.fileno())
                mine = status.st_uid == os.geteuid() and not status.st_mode & _OTHERS_WRITE
                return file.read() if mine and stat.S_ISREG(status.st_mode) else None
        except OSError:
            return None

    def _digest(self, name: str, payload: bytes | memoryview) -> bytes:
        made = sha256(f"{self.made_by}\0{name}\0".encode())  # processors have steps of it
        made.update(payload)
        return made.digest()


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print_note("another build of the page is under way: waiting for it to end")
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        return True
    return False


_DIGITS = re.compile("[0-9a-f]{16}")
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH

NONE = Cache(None, "")
"""Keeps nothing."""


def page_cache(project: Project) -> Cache:
    """Return the cache of a project, as it is: of its rules, its keys and the harness's code."""
    root = str(project.root.resolve()).encode(errors="surrogateescape")
    try:
        folder = cache_folder(KIND) / blake2b(root, digest_size=8).hexdigest()
    except HarnessError:
        return NONE
    return Cache(folder, _made_by(project))


def digest_of_path(path: Path) -> str:
    """Return what stands for a folder in the name of what is kept of it."""
    return digest_of_name(os.fsencode(path.resolve()))


def digest_of_name(name: bytes) -> str:
    """Return what stands for a name in that of what is kept."""
    return blake2b(name, digest_size=8).hexdigest()


def contents(files: Callable[[], list[Path]]) -> str:
    """Return a digest of the contents of some files, by their places."""
    made = blake2b(digest_size=DIGEST_BYTES)
    for path in files():
        with contextlib.suppress(OSError):
            content = path.read_bytes()
            made.update(f"{os.fsencode(path)!r} {len(content)}\n".encode() + content)
    return made.hexdigest()


def _made_by(project: Project) -> str:
    def of_project() -> list[Path]:
        beside = (*project.rules_before.glob("*"), *project.keys.glob("*"))
        return [project.rules_file, *sorted(beside)]

    return f"{_code()} {contents(of_project)}"


@cache
def _code() -> str:
    """Return a digest of the harness's code and of the versions of what it uses."""
    root = Path(harness.__file__).parent

    def files() -> list[Path]:
        return sorted(path for path in root.rglob("*") if path.suffix != ".pyc" and path.is_file())

    return f"{sys.version} {[_version(library) for library in LIBRARIES]} {contents(files)}"


def _version(library: str) -> str | None:
    try:
        return version(library)
    except PackageNotFoundError:
        return None
