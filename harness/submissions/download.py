"""Bring one file of a known size and digest onto the disk, going on where it was broken off."""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NoReturn

from harness.errors import OrganiserError, SubmissionError
from harness.records.base import Frozen
from harness.submissions import network
from harness.submissions.addresses import Origin

if TYPE_CHECKING:
    from httpcore2 import Response

ATTEMPTS = 4
"""Connections made for one file, each going on where the last was broken off."""
BASE_SECONDS = 120.0
LEAST_BYTES_PER_SECOND = 250_000
"""A file may take ``BASE_SECONDS`` and this long for its bytes; then the next run goes on."""

_PAUSE_SECONDS = 1.0
_PIECE_BYTES = 1 << 20
_PARTIAL, _PAST_THE_END = 206, 416
_RANGE = re.compile(r"bytes ([0-9]{1,18})-")
_LENGTH = re.compile(r"[0-9]{1,18}\Z")

CORRECT = "correct submission.toml, or put the file that it means there"


class Expected(Frozen):
    """What is to come, and from where."""

    url: str
    sha256: str
    bytes: int
    trusted: Origin | None = None
    """The organiser's own choice of server, which need not be public."""


class _OtherFileError(Exception):
    """What lies here already is no beginning of it: begin again."""


def download(
    expected: Expected, partial: Path, on_bytes: Callable[[int, int], None] = lambda *_: None
) -> None:
    """Complete ``partial``, whose content may be a beginning or nothing, and verify it.

    ``on_bytes`` is told how many bytes are there and how many there will be. Raises
    ``SubmissionError`` when what the server has is not what is expected, and ``OrganiserError``
    when it cannot be reached or the disk not written; what came so far is then kept.
    """
    deadline = time.monotonic() + BASE_SECONDS + expected.bytes / LEAST_BYTES_PER_SECOND
    attempt = 1
    while True:
        try:
            with _opened(partial) as file:
                _go_on(expected, file, deadline, on_bytes)
                os.fsync(file.fileno())
        except _OtherFileError:
            partial.unlink(missing_ok=True)
        except network.BrokenOffError as error:
            if attempt >= ATTEMPTS or time.monotonic() >= deadline:
                raise _broken_off(error, partial, expected) from None
            time.sleep(_PAUSE_SECONDS)
        except SubmissionError:
            partial.unlink(missing_ok=True)  # what came is not it
            raise
        except OSError as error:
            partial.unlink(missing_ok=True)  # whoever has no room has none for a part either
            raise OrganiserError(
                f"{partial.parent}: cannot be written: {error.strerror}",
                remedy="free some space, or name another folder in HARNESS_CACHE",
            ) from None
        else:
            return
        attempt += 1


def _opened(partial: Path) -> BinaryIO:
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    return os.fdopen(os.open(partial, flags, 0o600), "r+b")


def _go_on(
    expected: Expected, file: BinaryIO, deadline: float, on_bytes: Callable[[int, int], None]
) -> None:
    """Ask for what is missing, and append it; ``file`` is left complete and verified."""
    digest, start = _begun(file, expected)
    if start < expected.bytes:
        asked = network.opened(expected.url, start, trusted=expected.trusted, deadline=deadline)
        with asked as response:
            if start and not _goes_on(response, start):
                digest, start = hashlib.sha256(), 0
                file.seek(0)
                file.truncate()
            resumed = start > 0
            _check_length(response, start, expected)
            done = start
            for piece in response.iter_stream():
                done += len(piece)
                if done > expected.bytes:
                    raise SubmissionError(
                        f"it has more bytes than the {expected.bytes:,} of submission.toml",
                        remedy=CORRECT,
                    )
                digest.update(piece)
                file.write(piece)
                on_bytes(done, expected.bytes)
        if done < expected.bytes:
            _wrong_size(f"{done:,}", expected)
    else:
        resumed = True
    file.flush()
    if digest.hexdigest() != expected.sha256:
        if resumed:
            raise _OtherFileError  # of another file, perhaps: once more, from its beginning
        raise SubmissionError(
            f"its SHA-256 is {digest.hexdigest()}, and submission.toml says {expected.sha256}",
            remedy=CORRECT,
        )


def _begun(file: BinaryIO, expected: Expected) -> tuple[Any, int]:
    """Digest what is there; nothing is when it is longer than it can be."""
    digest = hashlib.sha256()
    if os.fstat(file.fileno()).st_size > expected.bytes:
        file.truncate(0)
    start = 0
    while piece := file.read(_PIECE_BYTES):
        digest.update(piece)
        start += len(piece)
    return digest, start


def _goes_on(response: Response, start: int) -> bool:
    """Whether the answer goes on at ``start``; a whole file instead is fine, too."""
    if response.status == _PAST_THE_END:
        raise _OtherFileError
    if response.status != _PARTIAL:
        return False
    found = _RANGE.match(network.header(response, b"content-range"))
    if found is None or int(found[1]) != start:
        raise _OtherFileError
    return True


def _check_length(response: Response, start: int, expected: Expected) -> None:
    """Refuse a file that says of itself that it has another size, before it is read."""
    if response.status in {_PARTIAL, _PAST_THE_END} and not start:
        raise SubmissionError("the server sends a part that nobody asked for", remedy=CORRECT)
    said = _LENGTH.match(network.header(response, b"content-length"))
    if said and start + int(said[0]) != expected.bytes:
        _wrong_size(f"{start + int(said[0]):,}", expected)


def _wrong_size(found: str, expected: Expected) -> NoReturn:
    raise SubmissionError(
        f"it has {found} bytes, and submission.toml says {expected.bytes:,}", remedy=CORRECT
    )


def _broken_off(
    error: network.BrokenOffError, partial: Path, expected: Expected
) -> network.BrokenOffError:
    there = partial.stat().st_size
    kept = f"; {there:,} of {expected.bytes:,} bytes are kept" if there else ""
    again = "run it again, and it goes on from there; or " if there else ""
    return network.BrokenOffError(error.message + kept, remedy=again + error.remedy)
