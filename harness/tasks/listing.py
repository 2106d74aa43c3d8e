"""What the hub has of a task's data at a commit: which files make which split, and their digests.

``datasets`` says which files those are; the hub itself says how large each is and its digest.
"""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import ConfigurationError
from harness.records.base import Frozen
from harness.tasks.card import Hub, TaskCard
from harness.tasks.generator import SplitName
from harness.tasks.hub import fetch_command

if TYPE_CHECKING:
    from huggingface_hub import DatasetInfo

PROBE_SECONDS = 5.0
"""How long one question to the hub may take; ``datasets`` alone retries for over 20 s."""
MESSAGE_CHARACTERS = 300
"""How much of a library's message is passed on: some print a whole schema."""

REFUSALS = {
    401: (
        "does not take this user's token",
        "run `hf auth login` again, or unset HF_TOKEN: what is public needs no token",
    ),
    403: ("refuses it", "its page there says why; a token needs the right to read it"),
    429: ("is asked too often", "wait some minutes, and run it again"),
}
"""What the hub means by a status, and what to do."""


class Remote(Frozen):
    """One file on the hub."""

    path: str
    bytes: int
    git_sha1: str
    """What git calls the file itself, where it is kept in git."""
    sha256: str | None = None
    """Of a file that is kept beside git, as large ones are."""


class Listing(Frozen):
    """What is to be fetched, and on which terms."""

    hub_id: str
    revision: str
    licence: str | None
    """As the set's own page on the hub states it."""
    gated: bool
    files: tuple[tuple[SplitName, tuple[Remote, ...]], ...]
    """The files of each split, in the order of their rows."""

    @property
    def bytes(self) -> int:
        """How much is to be fetched in all."""
        return sum(file.bytes for _, files in self.files for file in files)


def list_files(card: TaskCard, hub: Hub, revision: str) -> Listing:
    """Ask the hub what it has of the task's two splits.

    Raises ``ConfigurationError`` when it cannot be reached within ``PROBE_SECONDS``, wants the user
    to accept terms first, or has something else than the card says.
    """
    where = f"{hub.id}@{revision}"
    _require_no_namesake(hub)
    info = _ask(card, hub, revision)
    known = {file.path: file for file in map(_remote, info.siblings or [])}
    splits = _split_files(hub, revision, gated=bool(info.gated) or hub.gated)
    missing = [name for name in (hub.train, hub.test) if name not in splits]
    if missing:
        raise ConfigurationError(
            f"{where}: split {missing[0]!r} is missing; there are {', '.join(splits)}",
            remedy=f"correct the [hub] table in {card.task.id}'s task.toml",
        )
    files: list[tuple[SplitName, tuple[Remote, ...]]] = []
    names: tuple[tuple[SplitName, str], ...] = (("train", hub.train), ("test", hub.test))
    for split, name in names:
        absent = [path for path in splits[name] if path not in known]
        other = [path for path in splits[name] if not path.endswith(".parquet")]
        if absent or other:
            raise ConfigurationError(
                f"{where}: split {name!r} is made of {(absent or other)[0]}, "
                f"{'which the hub does not list' if absent else 'which is not Parquet'}",
                remedy="the data must be Parquet in the columns of the task's card",
            )
        files.append((split, tuple(known[path] for path in splits[name])))
    return Listing(
        hub_id=hub.id,
        revision=revision,
        licence=_licence(info),
        gated=bool(info.gated) or hub.gated,
        files=tuple(files),
    )


def _remote(sibling: Any) -> Remote:  # noqa: ANN401 - of the library, without types in some versions
    lfs = sibling.lfs
    return Remote(
        path=sibling.rfilename,
        bytes=lfs.size if lfs else sibling.size or 0,
        git_sha1=sibling.blob_id or "",
        sha256=lfs.sha256 if lfs else None,
    )


def _licence(info: DatasetInfo) -> str | None:
    stated = info.card_data.get("license") if info.card_data else None
    if isinstance(stated, (list, tuple)):
        return ", ".join(map(str, stated)) or None
    return str(stated) if stated else None


def _ask(card: TaskCard, hub: Hub, revision: str) -> DatasetInfo:
    """Ask the hub one question: it answers soon, and tells what an access lacks."""
    from huggingface_hub import HfApi, constants, errors  # noqa: PLC0415 - heavy, only for the hub

    where = f"{hub.id}@{revision}"
    if constants.HF_HUB_OFFLINE:
        raise ConfigurationError(
            f"{where}: is not on this machine, and HF_HUB_OFFLINE is set",
            remedy=f"unset it, and run {fetch_command(card, revision)} once with a network",
        )
    try:
        return HfApi().dataset_info(
            hub.id, revision=revision, timeout=PROBE_SECONDS, files_metadata=True
        )
    except errors.RevisionNotFoundError:
        raise ConfigurationError(
            f"{where}: the hub has no such commit", remedy="look the commit up on its page"
        ) from None
    except errors.GatedRepoError:
        raise locked_error(hub.id, "is gated") from None
    except errors.RepositoryNotFoundError:
        found = "is gated" if hub.gated else "is not there, or not for this user"
        raise locked_error(hub.id, found) from None
    except Exception as error:  # noqa: BLE001 - of whichever HTTP client the library brings
        status = getattr(getattr(error, "response", None), "status_code", None)
        if status in REFUSALS:
            found, remedy = REFUSALS[status]
            raise ConfigurationError(
                f"{where}: the hub {found}: {one_line(error)}", remedy=remedy
            ) from None
        raise ConfigurationError(
            f"{where}: the hub cannot be reached: {one_line(error)}",
            remedy="connect, and run it again; or fetch it on a machine with a network with "
            "--to DIR, copy the folder here, and give --data its name",
        ) from None


def locked_error(hub_id: str, found: str) -> ConfigurationError:
    """Return the error that says how to get access to a data set."""
    from huggingface_hub import constants  # noqa: PLC0415 - heavy, and only for the hub

    return ConfigurationError(
        f"{hub_id}: {found}",
        remedy=f"accept its terms at {constants.ENDPOINT}/datasets/{hub_id}, "
        "then run `hf auth login` or set HF_TOKEN",
    )


def one_line(error: BaseException) -> str:
    """Return a library's message, short and on one line."""
    return textwrap.shorten(str(error) or type(error).__name__, MESSAGE_CHARACTERS)


def _require_no_namesake(hub: Hub) -> None:
    if Path(hub.id).exists():
        raise ConfigurationError(
            f"{Path(hub.id).absolute()}: stands where `datasets` looks before it asks the hub",
            remedy="run from another folder, or move it away",
        )


def _split_files(hub: Hub, revision: str, *, gated: bool) -> dict[str, list[str]]:
    """Return the paths of each split's files, as ``datasets`` would read them."""
    import datasets  # noqa: PLC0415 - heavy, and only for the hub

    where = f"{hub.id}@{revision}"
    try:
        builder = datasets.load_dataset_builder(hub.id, revision=revision)
    except (OSError, ValueError, datasets.exceptions.DatasetsError) as error:
        if gated and isinstance(error, datasets.exceptions.DatasetNotFoundError):
            raise locked_error(hub.id, "is gated") from None
        raise ConfigurationError(
            f"{where}: its files cannot be made out: {one_line(error.__cause__ or error)}",
            remedy="the data must be Parquet in the columns of the task's card",
        ) from None
    begin = f"hf://datasets/{where}/"
    found = builder.config.data_files or {}
    return {
        str(name): [str(path).removeprefix(begin) for path in paths]
        for name, paths in found.items()
    }
