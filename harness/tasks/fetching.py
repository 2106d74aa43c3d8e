"""Bring a task's public data here from the hub, whole and verified."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Protocol

from msgspec.structs import replace

from harness.errors import ConfigurationError, UsageError
from harness.records.base import Frozen
from harness.records.replacing import is_abandoned
from harness.tasks.card import TaskCard
from harness.tasks.hub import hub_folder, pinned_revision, require_pinned
from harness.tasks.kept import (
    PLAN_FILE,
    SCHEMA,
    SET_FILE,
    KeptFile,
    KeptSet,
    Plan,
    locked,
    partial_of,
    read_set,
    sha256_of,
    write_plan,
    write_set,
)
from harness.tasks.listing import Listing, Remote


class Progress(Protocol):
    """Who is told how far it is."""

    def note(self, text: str) -> None:
        """Turn to something else."""
        ...

    def fetched(self, name: str, done: int, total: int) -> None:
        """Tell how much of a file has come."""
        ...


class Fetched(Frozen):
    """What is here now."""

    folder: str
    kept: KeptSet
    new: bool
    """Whether anything was fetched for it just now."""


def fetch(
    card: TaskCard,
    asked: str | None,
    into: Path | None,
    agree: Callable[[Listing], None],
    progress: Progress,
) -> Fetched:
    """Fetch the pinned commit, or the one ``asked`` for, into the cache or the folder ``into``.

    ``agree`` is given what is to be fetched before anything is, and raises where its terms are not
    accepted. Raises ``ConfigurationError`` where the data cannot be had, or is not as declared, and
    ``UsageError`` for a folder that holds something else. What came so far stays, and the next
    fetch goes on from there.
    """
    hub, revision = pinned_revision(card, asked)
    folder = hub_folder(card, hub, revision) if into is None else into.absolute()
    here = _there_already(card, folder, revision, progress)
    if here is not None:
        return here
    from harness.tasks.listing import list_files  # noqa: PLC0415 - asks the hub

    progress.note(f"asking the hub for {hub.id}")
    listing = list_files(card, hub, revision)
    agree(listing)
    partial = partial_of(folder)
    try:
        with locked(partial, lambda: progress.note("waiting for another process that fetches it")):
            here = _there_already(card, folder, revision, progress)
            if here is not None:  # by now: the other process has finished it
                return here
            _require_own(partial)
            files = _fetch_files(listing, partial, progress)
            kept = _seal(card, partial, listing, files, progress)
            partial.replace(folder)
    except OSError as error:
        raise _unwritable(error, folder) from None
    return Fetched(folder=str(folder), kept=kept, new=True)


def _there_already(
    card: TaskCard, folder: Path, revision: str, progress: Progress
) -> Fetched | None:
    """Return the set that is in ``folder``; ``None`` where that is empty, or not there."""
    kept = read_set(folder)
    if kept is None:
        if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
            return None
        raise UsageError(
            f"{folder}: is there already, and is no fetched set",
            remedy="name a folder that is not there yet",
        )
    if (kept.task, kept.revision) != (card.task.id, revision):
        raise UsageError(
            f"{folder}: holds {kept.task} at {kept.revision or 'no commit of the hub'}",
            remedy="name another folder, or remove that one",
        )
    progress.note("looking through what is here")
    _require_same_files(folder, kept)
    from harness.tasks.data import count_folder  # noqa: PLC0415 - heavy

    counted = count_folder(card, folder)
    require_pinned(card, revision, counted.digest)
    if counted.digest != kept.digest:  # the files are whole: the card reads them anew
        kept = replace(kept, **asdict(counted))
        write_set(folder, kept)
    return Fetched(folder=str(folder), kept=kept, new=False)


def _require_own(partial: Path) -> None:
    """Refuse a folder that no fetch began: what is in it is somebody's own."""
    other = sorted(path.name for path in partial.iterdir() if not is_abandoned(path.name))
    if other and PLAN_FILE not in other:
        raise UsageError(
            f"{partial}: holds {other[0]} and no {PLAN_FILE}, "
            "and what is fetched would be gathered there",
            remedy="move that folder away, or name another one with --to",
        )


def _require_same_files(folder: Path, kept: KeptSet) -> None:
    for file in kept.files:
        try:
            same = sha256_of(folder / file.name) == file.sha256
        except OSError as error:
            raise ConfigurationError(
                f"{folder / file.name}: cannot be read: {error.strerror}",
                remedy="correct its permissions",
            ) from None
        if not same:
            raise ConfigurationError(
                f"{folder / file.name}: is not what was fetched",
                remedy=f"remove {folder}, and fetch it again",
            )


def _fetch_files(
    listing: Listing, partial: Path, progress: Progress
) -> tuple[tuple[Remote, str], ...]:
    """Fetch every file; return each with its name here."""
    from harness.tasks.downloading import obtain, quieten, require_room  # noqa: PLC0415 - heavy

    quieten()
    named = tuple(
        (remote, f"{split}-{number:05}-of-{len(files):05}.parquet")
        for split, files in listing.files
        for number, remote in enumerate(files)
    )
    plan = Plan(
        hub_id=listing.hub_id, revision=listing.revision, files=len(named), bytes=listing.bytes
    )
    write_plan(partial, plan)
    _clear(partial, {name for _, name in named})
    here = sum(path.stat().st_size for path in partial.glob("*.parquet*"))
    require_room(partial, listing.bytes - here)
    for remote, name in named:
        progress.note(f"fetching {remote.path}")

        def told(size: int, remote: Remote = remote) -> None:
            progress.fetched(remote.path, size, remote.bytes)

        obtain(listing.hub_id, listing.revision, remote, partial / name, told)
    return named


def _clear(partial: Path, names: set[str]) -> None:
    """Remove what an earlier fetch of another commit left."""
    for path in partial.glob("*.parquet*"):
        if path.name.removesuffix(".part") not in names:
            path.unlink()


def _seal(
    card: TaskCard,
    partial: Path,
    listing: Listing,
    files: tuple[tuple[Remote, str], ...],
    progress: Progress,
) -> KeptSet:
    """Read all of it as an evaluation would, and say what it is."""
    progress.note("reading what was fetched")
    from harness.tasks.data import count_folder  # noqa: PLC0415 - heavy

    counted = count_folder(card, partial)
    require_pinned(card, listing.revision, counted.digest)
    kept = KeptSet(
        schema=SCHEMA,
        task=card.task.id,
        digest=counted.digest,
        test_items=counted.test_items,
        train_items=counted.train_items,
        files=tuple(
            KeptFile(
                name=name,
                bytes=remote.bytes,
                sha256=remote.sha256 or sha256_of(partial / name),
                path=remote.path,
            )
            for remote, name in files
        ),
        licence=listing.licence or card.task.licence,
        hub_id=listing.hub_id,
        revision=listing.revision,
    )
    write_set(partial, kept)
    (partial / PLAN_FILE).unlink()
    return kept


def _unwritable(error: OSError, folder: Path) -> ConfigurationError:
    return ConfigurationError(
        f"{error.filename or folder}: cannot be written: {error.strerror}",
        remedy=f"free some space, or name another folder with --to or in HARNESS_CACHE; "
        f"{SET_FILE} marks a set that is whole",
    )
