"""The big files of an entry: fetched before it runs, verified, and put into its snapshot.

What git cannot hold comes from an address or the hub, or from a folder of the user's own. Each file
is known by its size and SHA-256, which stand in ``submission.toml`` and so are part of the entry's
digest: where the bytes came from changes nothing. The snapshot gets a copy, verified as it is
written. A copy, because it works in every sandbox and on every file system, and because nothing
that an entry does to it, even at grade D, can reach the cache.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple
from urllib.parse import quote

from harness.errors import HarnessError, OrganiserError, SubmissionError
from harness.submissions.addresses import Origin, origin_of
from harness.submissions.contents import HEAD_BYTES, check_contents
from harness.submissions.faults import quoted
from harness.submissions.fields import dotted
from harness.submissions.manifest import WeightsTable

STAGE = "weights"
_PIECE_BYTES = 1 << 20


class Hub(NamedTuple):
    """Where the hub is, which the organiser's environment says."""

    endpoint: str
    offline: bool

    @property
    def origin(self) -> Origin | None:
        """Trusted, since it is the organiser's own setting."""
        return origin_of(self.endpoint)


class _AlteredError(Exception):
    """A file here that is not what is declared; says what was found."""


class Weights:
    """Finds the weights of entries: in the user's folder, else in the cache, else elsewhere."""

    def __init__(
        self,
        cache: Path,
        hub: Callable[[], Hub],
        *,
        folder: Path | None = None,
        on_note: Callable[[str], None] = lambda _: None,
        on_bytes: Callable[[str, int, int], None] = lambda *_: None,
    ) -> None:
        """Keep what is fetched in ``cache``; with ``folder``, take files from there only.

        ``on_note`` is told what is waited for, ``on_bytes`` a file's name, how much of it is there
        and how much there will be.
        """
        self._cache = cache
        self._hub = hub
        self._folder = folder
        self._on_note = on_note
        self._on_bytes = on_bytes

    def prepare(self, entry: str, tables: Sequence[WeightsTable]) -> None:
        """Have every file within reach, fetching what is not; nothing is verified but what came.

        Raises ``SubmissionError`` when what is found is not what was declared, or may not be
        fetched, and ``OrganiserError`` when it cannot be reached or kept here.
        """
        for number, table in enumerate(tables):
            with _named(entry, _which(number, table)):
                self._obtain(table)

    def place(self, entry: str, tables: Sequence[WeightsTable], into: Path) -> None:
        """Copy every file to its path in the snapshot ``into``, verified as it is written.

        Raises as ``prepare`` does. A file of the cache that is not what it was is fetched anew.
        """
        with _named(entry, "weights"):
            _require_room(into, sum(table.bytes for table in tables))
        for number, table in enumerate(tables):
            with _named(entry, _which(number, table)):
                target = into / table.path
                for folder in reversed(target.relative_to(into).parents[:-1]):
                    _make_folder(into / folder)
                self._copy(table, target)

    def _copy(self, table: WeightsTable, target: Path) -> None:
        source = self._obtain(table)
        try:
            _copy_verified(table, source, target)
        except _AlteredError as altered:
            if self._folder is not None:  # the user's file is another: no fault of the entry's
                raise OrganiserError(
                    f"{source} {altered}",
                    remedy="put the file that submission.toml means there",
                ) from None
            source.unlink(missing_ok=True)
            try:
                _copy_verified(table, self._obtain(table), target)
            except _AlteredError as again:
                raise OrganiserError(
                    f"{source} {again}, just after it was fetched and verified",
                    remedy="look for what changes files in that folder; a disk may be failing",
                ) from None

    def _obtain(self, table: WeightsTable) -> Path:
        if self._folder is not None:
            return _in_folder(self._folder, table)
        kept = self._cache / table.sha256
        if not _is_kept(kept, table):
            self._fetch(table, kept)
        return kept

    def _fetch(self, table: WeightsTable, kept: Path) -> None:
        from harness.submissions.download import Expected, download  # noqa: PLC0415 - heavy

        url, trusted = self._address(table)
        expected = Expected(url=url, sha256=table.sha256, bytes=table.bytes, trusted=trusted)
        partial = kept.with_name(f"{table.sha256}.part")
        with self._locked():
            if _is_kept(kept, table):  # by another, while this one waited
                return
            _require_room(self._cache, table.bytes - _size(partial))
            self._on_note(f"fetching {table.path}")
            download(expected, partial, lambda done, total: self._on_bytes(table.path, done, total))
            try:
                _refuse_archive(table, partial)
            except SubmissionError:
                partial.unlink()
                raise
            partial.replace(kept)
            kept.chmod(0o444)  # last: a part that cannot be written could not be gone on with

    def _address(self, table: WeightsTable) -> tuple[str, Origin | None]:
        if table.hub is None:
            return str(table.url), None
        hub = self._hub()
        if hub.offline:
            raise OrganiserError(
                f"is not in {self._cache}, and HF_HUB_OFFLINE is set",
                remedy="unset it, or give the folder that the file is in: --weights DIR",
            )
        repository, _, commit = table.hub.partition("@")
        file = quote(table.file or table.path)
        return f"{hub.endpoint}/{repository}/resolve/{commit}/{file}", hub.origin

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the cache: the kernel's own lock, gone with the process that holds it."""
        self._cache.mkdir(parents=True, exist_ok=True, mode=0o700)
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(self._cache / "lock", flags, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self._on_note("waiting for another process that fetches weights")
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def _copy_verified(table: WeightsTable, source: Path, target: Path) -> None:
    """Copy a file of exactly the declared size and digest, or leave nothing.

    Raises ``_AlteredError`` when it is another, ``OSError`` when it cannot be copied.
    """
    descriptor = os.open(source, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file, target.open("xb") as copy:
        try:
            _write_verified(table, file, copy)
            copy.flush()
            _refuse_archive(table, target)
        except BaseException:  # an interrupt too must leave no part of a file
            target.unlink(missing_ok=True)
            raise
    target.chmod(0o644)


def _write_verified(table: WeightsTable, file: BinaryIO, copy: BinaryIO) -> None:
    status = os.fstat(file.fileno())
    if not stat.S_ISREG(status.st_mode):
        raise _AlteredError("is not a file")
    digest, left = hashlib.sha256(), table.bytes
    while left and (piece := file.read(min(left, _PIECE_BYTES))):
        digest.update(piece)
        copy.write(piece)
        left -= len(piece)
    if left or file.read(1):
        found = f"has {status.st_size:,} bytes, and submission.toml says {table.bytes:,}"
        raise _AlteredError(found)
    if digest.hexdigest() != table.sha256:
        found = f"has the SHA-256 {digest.hexdigest()}, and submission.toml says {table.sha256}"
        raise _AlteredError(found)


def _in_folder(folder: Path, table: WeightsTable) -> Path:
    """Return the file in the user's folder: named by its digest, else by its path or the hub's."""
    names = dict.fromkeys([table.sha256, table.path, table.file or table.path])
    for name in names:
        if (folder / name).is_file():
            return folder / name
    raise OrganiserError(
        f"{folder} holds none of {', '.join(quoted(name, 80) for name in names)}",
        remedy=f"put the file there under one of these names; it is {quoted(table.source, 200)}",
    )


def _is_kept(path: Path, table: WeightsTable) -> bool:
    """Whether the cache seems to have it; its content is verified when it is copied."""
    try:
        status = path.lstat()
    except OSError:
        return False
    return stat.S_ISREG(status.st_mode) and status.st_size == table.bytes


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError:
        return 0


def _require_room(folder: Path, wanted: int) -> None:
    """Refuse before anything is written what the disk has no room for."""
    free = shutil.disk_usage(folder).free
    if free < wanted:
        raise OrganiserError(
            f"{folder}: {wanted:,} bytes are to be written, and {free:,} are free",
            remedy="free some space, or name other folders in HARNESS_CACHE and TMPDIR",
        )


def _refuse_archive(table: WeightsTable, path: Path) -> None:
    """Hold what came to the rule that files of the folder are held to."""
    with path.open("rb") as file:
        found = check_contents(table.path, file.read(HEAD_BYTES))
    if found is not None and found.severity == "error":
        raise SubmissionError(f"{found.message} [{found.code}]", remedy=found.remedy)


def _make_folder(folder: Path) -> None:
    if not folder.is_dir():
        folder.mkdir()
        folder.chmod(0o755)  # whatever the umask says


def _which(number: int, table: WeightsTable) -> str:
    return f"{dotted(('weights', number))} ({table.path})"


@contextmanager
def _named(entry: str, which: str) -> Iterator[None]:
    """Begin the message of what goes wrong with the file that it is about, and name the stage."""
    where = f"{entry}: {which}"
    try:
        yield
    except HarnessError as error:
        message = f"{where}: {error.message}"
        raise type(error)(message, remedy=error.remedy, stage=STAGE) from None
    except OSError as error:
        at = f"{error.filename}: " if error.filename else ""
        raise OrganiserError(
            f"{where}: {at}cannot be kept or copied: {error.strerror}",
            remedy="free some space, or name other folders in HARNESS_CACHE and TMPDIR",
            stage=STAGE,
        ) from None
