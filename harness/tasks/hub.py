"""A task's public data on the Hugging Face hub, at a pinned commit, through ``datasets``."""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from harness.errors import ConfigurationError, UsageError
from harness.tasks.card import Hub, TaskCard
from harness.tasks.tables import Part

COMMIT = re.compile(r"[0-9a-f]{40}")
PROBE_SECONDS = 5.0
"""How long one question to the hub may take; ``datasets`` alone retries for over 20 s."""

MESSAGE_CHARACTERS = 300
"""How much of a library's message is passed on: some print a whole schema."""


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
            remedy="name the commit: --data hub@<its 40 hexadecimal digits>",
        )
    if not COMMIT.fullmatch(revision):
        raise UsageError(
            f"{revision!r} is not a commit of {hub.id}",
            remedy="give its 40 hexadecimal digits: a branch or a tag can come to mean other data",
        )
    return hub, revision


def read_hub(card: TaskCard, hub: Hub, revision: str) -> tuple[Part, Part]:
    """Return the train and test splits at a commit; images and audio stay encoded, as stored.

    Uses the cache of ``datasets``, and reads its files front to back: what is mapped counts as
    resident. Raises ``ConfigurationError`` when the hub cannot be reached
    within ``PROBE_SECONDS`` for each question, wants the user to accept terms first, or holds
    something else than the card says.
    """
    where = f"{hub.id}@{revision}"
    _require_no_namesake(hub)
    _require_reachable(hub, revision)
    splits = _load(hub, revision)
    _require_revision(where, splits, revision)
    missing = [name for name in (hub.train, hub.test) if name not in splits]
    if missing:
        raise ConfigurationError(
            f"{where}: split {missing[0]!r} is missing; there are {', '.join(splits)}",
            remedy=f"correct the [hub] table in {card.task.id}'s task.toml",
        )
    train, test = (_part(where, card, name, splits[name]) for name in (hub.train, hub.test))
    return train, test


def _part(where: str, card: TaskCard, name: str, dataset: Any) -> Part:  # noqa: ANN401 - untyped
    """Take what is stored as it is: nothing goes through the features that would decode it."""
    files = [Path(file["filename"]) for file in dataset.cache_files]
    columns = list(dataset.data.table.column_names)
    wanted = [column for column in card.columns.named if column in columns]
    return Part(
        f"{where} split {name!r}",
        columns,
        dataset.num_rows,
        sum(file.stat().st_size for file in files),
        partial(_read, files, wanted),
    )


def _read(files: Sequence[Path], columns: list[str]) -> Iterator[Any]:
    """Yield the record batches of the cache's files, each of which is a stream of Arrow's."""
    import pyarrow as pa  # noqa: PLC0415 - heavy, and only for the hub

    for path in files:
        try:
            with pa.OSFile(str(path)) as file, pa.ipc.open_stream(file) as batches:
                for batch in batches:
                    yield batch.select(columns)
        except (OSError, pa.ArrowException) as error:
            raise ConfigurationError(
                f"{path}: the cache of `datasets` cannot be read: {_one_line(error)}",
                remedy="remove the file, and load the data again with a network",
            ) from None


def _require_no_namesake(hub: Hub) -> None:
    if Path(hub.id).exists():
        raise ConfigurationError(
            f"{Path(hub.id).absolute()}: stands where `datasets` looks before it asks the hub",
            remedy="run from another folder, or move it away",
        )


def _require_reachable(hub: Hub, revision: str) -> None:
    """Ask the hub one question: it answers soon, and tells what an access lacks."""
    from huggingface_hub import HfApi, constants, errors  # noqa: PLC0415 - heavy, only for the hub

    if constants.HF_HUB_OFFLINE:
        return  # the cache is asked instead
    where = f"{hub.id}@{revision}"
    try:
        HfApi().dataset_info(hub.id, revision=revision, timeout=PROBE_SECONDS)
    except errors.RevisionNotFoundError:
        raise ConfigurationError(
            f"{where}: the hub has no such commit", remedy="look the commit up on its page"
        ) from None
    except errors.GatedRepoError:
        raise _locked(hub, "is gated") from None
    except errors.RepositoryNotFoundError:
        found = "is gated" if hub.gated else "is not there, or not for this user"
        raise _locked(hub, found) from None
    except Exception as error:  # noqa: BLE001 - of whichever HTTP client the library brings
        raise ConfigurationError(
            f"{where}: the hub cannot be reached: {_one_line(error)}",
            remedy="connect, or use what was loaded before with HF_HUB_OFFLINE=1, "
            "or fetch its Parquet files elsewhere and give --data their directory",
        ) from None


def _locked(hub: Hub, found: str) -> ConfigurationError:
    from huggingface_hub import constants  # noqa: PLC0415 - heavy, and only for the hub

    return ConfigurationError(
        f"{hub.id}: {found}",
        remedy=f"accept its terms at {constants.ENDPOINT}/datasets/{hub.id}, "
        "then run `huggingface-cli login` or set HF_TOKEN",
    )


def _load(hub: Hub, revision: str) -> Any:  # noqa: ANN401 - datasets has no types
    import datasets  # noqa: PLC0415 - heavy, and only for the hub

    if not sys.stderr.isatty():
        datasets.disable_progress_bars()
    try:
        return datasets.load_dataset(hub.id, revision=revision)
    except (OSError, ValueError, datasets.exceptions.DatasetsError) as error:
        offline = datasets.config.HF_HUB_OFFLINE
        raise ConfigurationError(
            f"{hub.id}@{revision}: cannot be loaded: {_one_line(error.__cause__ or error)}",
            remedy="HF_HUB_OFFLINE is set: unset it, or load this commit once with a network"
            if offline
            else "the data must be Parquet in the columns of the task's card",
        ) from None


def _require_revision(where: str, splits: Any, revision: str) -> None:  # noqa: ANN401 - untyped
    """Refuse what the cache holds of another commit: failing all else, ``datasets`` takes that.

    Its cache keeps each commit in a folder of that name.
    """
    for name, dataset in splits.items():
        files = [Path(file["filename"]) for file in dataset.cache_files]
        if not files or not all(revision in path.parts for path in files):
            raise ConfigurationError(
                f"{where}: split {name!r} in the cache of `datasets` is of another commit",
                remedy="load this commit once with a network and HF_HUB_OFFLINE unset",
            )


def _one_line(error: BaseException) -> str:
    return textwrap.shorten(str(error) or type(error).__name__, MESSAGE_CHARACTERS)
