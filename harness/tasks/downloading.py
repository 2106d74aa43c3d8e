"""Bring one file of the hub here, going on where it was broken off, and verify it.

The library's own download begins a file anew after an interruption; for a shard of several hundred
megabytes over a slow line that can mean never. Only its request for a range is used here.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from harness.errors import ConfigurationError
from harness.tasks.listing import Remote, locked_error, one_line

PART = ".part"
PIECE_BYTES = 1 << 16


class _DiskError(Exception):
    """The disk, and not the hub, is what failed."""


class _Counted:
    """A file that tells how much of it there is; the library writes into it."""

    def __init__(self, file: BinaryIO, on_size: Callable[[int], None]) -> None:
        self._file = file
        self._on_size = on_size

    def write(self, piece: bytes) -> int:
        """Append a piece."""
        try:
            written = self._file.write(piece)
        except OSError as error:
            raise _DiskError(error.strerror) from None
        self._on_size(self._file.tell())
        return written

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever else a file has
        return getattr(self._file, name)


def obtain(
    hub_id: str, revision: str, remote: Remote, target: Path, on_size: Callable[[int], None]
) -> None:
    """Have ``remote`` at ``target``, verified; what came so far stays when it is broken off.

    ``on_size`` is told how many bytes of it are there. Raises ``ConfigurationError`` when it cannot
    be had, or is not what the hub lists.
    """
    if target.is_file():
        if not _fault(target, remote):
            on_size(remote.bytes)
            return
        target.unlink()
    part = target.with_name(target.name + PART)
    for _ in range(2):
        begun = _begun(part, remote)
        _receive(hub_id, revision, remote, part, on_size)
        fault = _fault(part, remote)
        if not fault:
            part.replace(target)
            return
        part.unlink()
        if not begun:
            break  # else it went on from something else: once more, from the beginning
    raise ConfigurationError(
        f"{hub_id}@{revision}: {remote.path}: {fault}",
        remedy="something on the way alters it, or the hub has lost it: nothing of it is kept; "
        "try again, or from another network",
    )


def quieten() -> None:
    """Keep the library from bars of its own and from a warning at every retry."""
    import logging  # noqa: PLC0415 - seldom

    from huggingface_hub.utils.tqdm import disable_progress_bars  # noqa: PLC0415 - heavy

    disable_progress_bars()
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)


def require_room(folder: Path, wanted: int) -> None:
    """Refuse before anything is fetched what the disk has no room for."""
    free = shutil.disk_usage(folder).free
    if free < wanted:
        raise ConfigurationError(
            f"{folder}: {wanted:,} bytes are to be fetched, and {free:,} are free",
            remedy="free some space, or name another folder with --to or in HARNESS_CACHE",
        )


def _begun(part: Path, remote: Remote) -> int:
    """Return the size of a part; one larger than the remote file is deleted, and counts 0."""
    size = part.stat().st_size if part.is_file() else 0
    if size > remote.bytes:
        part.unlink()
        return 0
    return size


def _receive(
    hub_id: str, revision: str, remote: Remote, part: Path, on_size: Callable[[int], None]
) -> None:
    from huggingface_hub import constants, errors, hf_hub_url  # noqa: PLC0415 - heavy
    from huggingface_hub.file_download import http_get  # noqa: PLC0415 - heavy
    from huggingface_hub.utils._headers import build_hf_headers  # noqa: PLC0415 - heavy

    # What has not filled a piece is lost when a connection breaks: its own pieces have 10 MB.
    constants.DOWNLOAD_CHUNK_SIZE = PIECE_BYTES
    url = hf_hub_url(hub_id, remote.path, repo_type="dataset", revision=revision)
    headers = {**build_hf_headers(), "Accept-Encoding": "identity"}
    where = f"{hub_id}@{revision}: {remote.path}"
    try:
        with part.open("ab") as file:
            begun = file.tell()
            if begun < remote.bytes or not begun:
                http_get(
                    url,
                    _Counted(file, on_size),  # type: ignore[arg-type]  # as much as it uses
                    resume_size=begun,
                    headers=headers,
                    expected_size=remote.bytes,
                )
    except errors.GatedRepoError:
        raise locked_error(hub_id, "is gated") from None
    except errors.RepositoryNotFoundError:
        raise locked_error(hub_id, "is not there, or not for this user") from None
    except _DiskError as error:
        raise ConfigurationError(
            f"{part}: cannot be written: {error}",
            remedy="free some space, or name another folder with --to or in HARNESS_CACHE",
        ) from None
    except Exception as error:  # noqa: BLE001 - of whichever HTTP client the library brings
        here = part.stat().st_size if part.exists() else 0
        raise ConfigurationError(
            f"{where}: broken off: {one_line(error)}; {here:,} of {remote.bytes:,} bytes are kept",
            remedy="run it again: it goes on from there",
        ) from None


def _fault(path: Path, remote: Remote) -> str:
    """Say in what way a file is not what the hub lists; nothing where it is."""
    size = path.stat().st_size
    if size != remote.bytes:
        return f"has {size:,} bytes, and the hub lists {remote.bytes:,}"
    if remote.sha256 is not None:
        name, digest, wanted = "SHA-256", hashlib.sha256(), remote.sha256
    else:  # as git names a file: its length stands before its content
        name, wanted = "SHA-1 in git", remote.git_sha1
        digest = hashlib.sha1(f"blob {size}\0".encode(), usedforsecurity=False)
    with path.open("rb") as file:
        while piece := file.read(PIECE_BYTES):
            digest.update(piece)
    found = digest.hexdigest()
    return "" if found == wanted else f"its {name} is {found}, and the hub lists {wanted}"
