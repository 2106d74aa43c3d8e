"""Data sets that lie here whole: fetched from the hub, or imported.

Such a folder holds train and test Parquet, as ``tasks.directory`` reads them, and ``set.json``,
which says what they are. A set in the making lies beside it under ``<name>.partial`` and gets its
name by one renaming, when all of it is there and has been verified: what bears the name is whole.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from harness.errors import ConfigurationError
from harness.records.base import Frozen, parse_json, pretty_json
from harness.records.replacing import clear_drafts, replace_file

SCHEMA = 1
SET_FILE = "set.json"
PLAN_FILE = "plan.json"
PARTIAL = ".partial"
_PIECE_BYTES = 1 << 20


class KeptFile(Frozen):
    """One Parquet file of a set."""

    name: str
    bytes: int
    sha256: str
    path: str | None = None
    """Its path in the hub's repository."""


class Import(Frozen):
    """How a set was made from files that an organiser has."""

    form: str
    public: bool = False
    """Whether others have the files, so that labels can be looked up: of a public set's form."""
    seed: int | None = None
    """Of the split by groups; ``None`` where the source said what belongs to which split."""
    test_share: float | None = None


class KeptSet(Frozen):
    """``set.json``: what the folder holds."""

    schema: int
    task: str
    digest: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    """Of the test items; see ``tasks.digests.data_digest``."""
    test_items: int
    train_items: int
    files: tuple[KeptFile, ...]
    licence: str | None = None
    hub_id: str | None = None
    revision: str | None = None
    imported: Import | None = None

    @property
    def bytes(self) -> int:
        """How much it takes on the disk."""
        return sum(file.bytes for file in self.files)

    @property
    def public(self) -> bool:
        """Whether anybody can look its labels up: it is the hub's, or of a public set."""
        return self.hub_id is not None or (self.imported is not None and self.imported.public)


class Plan(Frozen):
    """``plan.json``, in a set that is half here: what is to come."""

    hub_id: str
    revision: str
    files: int
    bytes: int


class Half(Frozen):
    """How much of a set is here."""

    folder: str
    hub_id: str
    revision: str
    bytes_here: int
    bytes: int

    @property
    def told(self) -> str:
        """Say it in words."""
        return f"{self.bytes_here / 1e6:,.1f} of {self.bytes / 1e6:,.1f} MB are here"


def named_folder(source: str) -> Path:
    """Return the folder that a source of data names, ``~`` as a shell has it.

    Of a user that there is not, as a shell does too, it stays as it is.
    """
    return Path(os.path.expanduser(source))  # noqa: PTH111 - that of Path raises there


def partial_of(folder: Path) -> Path:
    """Return where ``folder`` is made until it is whole."""
    return folder.with_name(folder.name + PARTIAL)


def said_of(folder: Path) -> KeptSet | None:
    """Read what the folder says of itself; ``None`` where it says nothing.

    Raises ``ConfigurationError`` where that cannot be read.
    """
    path = folder / SET_FILE
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigurationError(
            f"{path}: cannot be read: {error.strerror}", remedy="correct its permissions"
        ) from None
    kept = parse_json(content, KeptSet, path)
    if kept.schema != SCHEMA:
        raise ConfigurationError.at(
            path, "schema", f"is {kept.schema}", f"this version reads schema {SCHEMA}"
        )
    return kept


def read_set(folder: Path) -> KeptSet | None:
    """Read what the folder says of itself, and see that every file is there in its size.

    ``None`` where it says nothing. Raises ``ConfigurationError`` that names what is not as it says.
    """
    kept = said_of(folder)
    for file in () if kept is None else kept.files:
        at = folder / file.name
        size = at.stat().st_size if at.is_file() else None
        if size != file.bytes:
            found = "is missing" if size is None else f"has {size:,} bytes"
            raise ConfigurationError(
                f"{at}: {found}, and {SET_FILE} says {file.bytes:,} bytes",
                remedy="remove the folder, and fetch or import the set again",
            )
    return kept


def require_as_kept(folder: Path, kept: KeptSet | None, digest: str) -> None:
    """Refuse a set whose test items are not those that it was fetched or imported with."""
    if kept is not None and kept.digest != digest:
        raise ConfigurationError(
            f"{folder}: the digest of its test items is {digest}, and {SET_FILE} says "
            f"{kept.digest}: its files have changed, or the task's columns and labels",
            remedy="remove the folder, and fetch or import the set again",
        )


def write_set(folder: Path, kept: KeptSet) -> None:
    """Write ``set.json``, atomically."""
    _write(folder / SET_FILE, kept)


def write_plan(folder: Path, plan: Plan) -> None:
    """Write ``plan.json``, atomically."""
    _write(folder / PLAN_FILE, plan)


def half_of(folder: Path) -> Half | None:
    """Return how much of ``folder`` is here, where a fetch of it was broken off.

    Raises ``ConfigurationError`` where what it says of itself cannot be read.
    """
    folder = folder.absolute()
    if not folder.name:  # the root: nothing lies beside it
        return None
    partial = partial_of(folder)
    try:
        plan = parse_json((partial / PLAN_FILE).read_bytes(), Plan, partial / PLAN_FILE)
        here = sum(path.stat().st_size for path in partial.glob("*.parquet*"))
    except OSError:
        return None
    return Half(
        folder=str(partial),
        hub_id=plan.hub_id,
        revision=plan.revision,
        bytes_here=here,
        bytes=plan.bytes,
    )


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE_BYTES):
            digest.update(piece)
    return digest.hexdigest()


@contextmanager
def locked(folder: Path, on_wait: Callable[[], None]) -> Iterator[None]:
    """Make a folder and hold it against other processes: a lock of the kernel, gone with its owner.

    What is held bears the name ``folder`` when the block begins: a folder that another process has
    renamed while this one waited, or was about to, is let go, and one is made anew. One in which
    nothing was made is removed.
    """
    while (descriptor := _lock(folder, on_wait)) is None:
        pass
    try:
        yield
    finally:
        with suppress(OSError):  # it holds what the next fetch goes on with, or has its own name
            if _bears(folder, descriptor):
                folder.rmdir()
        os.close(descriptor)


def _lock(folder: Path, on_wait: Callable[[], None]) -> int | None:
    """Make and lock a folder; ``None`` where another process took it away meanwhile."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    held = False
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            on_wait()
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        held = _bears(folder, descriptor)
    finally:
        if not held:
            os.close(descriptor)
    return descriptor if held else None


def _bears(folder: Path, descriptor: int) -> bool:
    """Say whether the open folder still has this name."""
    try:
        return os.path.samestat(os.fstat(descriptor), folder.stat())
    except FileNotFoundError:
        return False


def _write(path: Path, value: Frozen) -> None:
    clear_drafts(path.parent)
    replace_file(path, [pretty_json(value)])
