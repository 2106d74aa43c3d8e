"""A task's public data on the hub: which commit, and where it lies once it was fetched.

Loading asks no network: a commit never changes, and an evaluation is no moment for a download.
``tasks.fetching`` brings it here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from harness.errors import ConfigurationError, UsageError
from harness.records.caches import cache_folder
from harness.tasks.card import Hub, TaskCard
from harness.tasks.kept import PARTIAL, Half, KeptSet, half_of, read_set

COMMIT = re.compile(r"[0-9a-f]{40}")


def pinned_revision(card: TaskCard, asked: str | None) -> tuple[Hub, str]:
    """Return the hub's data set and the commit to load; ``UsageError`` where there is none."""
    hub = card.hub
    if hub is None:
        raise UsageError(
            f"{card.task.id} has no hub data", remedy=f"it has: {', '.join(card.data_sources)}"
        )
    revision = hub.revision if asked is None else asked
    if revision is None:
        raise UsageError(
            f"{card.task.id} pins no revision of {hub.id}",
            remedy="name the commit, 40 hexadecimal digits, as its page has under Files, History: "
            "--data hub@<commit>; of data fetch, --revision <commit>",
        )
    if not COMMIT.fullmatch(revision):
        raise UsageError(
            f"{revision!r} is not a commit of {hub.id}",
            remedy="give its 40 hexadecimal digits: a branch or a tag can come to mean other data",
        )
    return hub, revision


def hub_folder(card: TaskCard, hub: Hub, revision: str) -> Path:
    """Return where the task's splits at a commit lie once they were fetched."""
    return _sets_of(card) / f"{hub.id.replace('/', '--')}@{revision}"


def fetched_set(card: TaskCard, hub: Hub, revision: str) -> tuple[Path, KeptSet]:
    """Return the folder of what was fetched; raise ``ConfigurationError`` where it is not here."""
    folder = hub_folder(card, hub, revision)
    kept = read_set(folder)
    if kept is not None:
        return folder, kept
    half = half_of(folder)
    found = "is not on this machine" if half is None else f"is only half fetched: {half.told}"
    raise ConfigurationError(
        f"{hub.id}@{revision}: {found}", remedy=f"run {fetch_command(card, revision)}"
    )


def fetch_command(card: TaskCard, revision: str) -> str:
    """Return what is typed to fetch a commit."""
    pinned = card.hub is not None and card.hub.revision == revision
    return f"python -m harness data fetch {card.task.id}" + (
        "" if pinned else f" --revision {revision}"
    )


def require_pinned(card: TaskCard, revision: str | None, digest: str) -> None:
    """Refuse the pinned commit's data where its digest is not the pinned one."""
    hub = card.hub
    if hub is None or hub.digest is None or revision != hub.revision or digest == hub.digest:
        return
    raise ConfigurationError(
        f"{hub.id}@{revision}: the digest of its test items is {digest}, and [hub] digest of "
        f"{card.task.id}'s task.toml says {hub.digest}",
        remedy="the task's columns or labels have changed, or its files here: correct them; "
        "where the new data is meant, pin its digest and raise the task's version",
    )


def sets_here(card: TaskCard) -> Iterator[tuple[Path, KeptSet | Half | str]]:
    """Yield the commits of the task's data that are here: whole, half, or what is wrong with it."""
    for folder in sorted(_sets_of(card).glob("*@*")):
        found: KeptSet | Half | None
        try:
            if folder.name.endswith(PARTIAL):
                found = half_of(folder.with_name(folder.name.removesuffix(PARTIAL)))
            else:
                found = read_set(folder)
        except ConfigurationError as error:
            yield folder, error.message
        else:
            if found is not None:
                yield folder, found


def _sets_of(card: TaskCard) -> Path:
    return cache_folder("data") / card.task.id
