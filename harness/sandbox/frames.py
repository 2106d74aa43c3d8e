"""The frames between the harness and an entry: ``docs/reference/frames.md``, byte for byte.

What comes back is hostile. It is read as numbers of a known width and length and as nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from struct import Struct, pack
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.errors import OrganiserError, SubmissionError
from harness.records.evaluation import Output
from harness.sandbox.protocol import SampleFile, Span

HEADER = Struct("<4sIQ")
"""Type, n, bytes: before every frame, both ways, little-endian."""

LOAD = b"LOAD"
READY = b"REDY"
PREDICTIONS = b"PRED"
FAILURE = b"FAIL"
TEXT = b"TEXT"
BYTES = b"BYTE"

MAX_FAILURE_BYTES = 65_536
NUMBERS_PER_BOX = 5
LARGE_BYTES = 4096
"""Samples of more bytes than that on average are not joined: each costs the kernel an address."""
LOAD_REQUEST = HEADER.pack(LOAD, 0, 0)

_REMEDY = "see docs/reference/frames.md for what a prediction may be"


def encode_request(samples: Sequence[str | bytes]) -> list[bytes]:
    """Return the parts of one request: header, offsets and blob; all ``str`` or all ``bytes``.

    Encoded files are the blob's parts as they are: to join them would be to copy them once more.
    Raises ``OrganiserError`` for a text that UTF-8 cannot carry (a lone surrogate).
    """
    parts: Sequence[Any] = samples
    if samples and isinstance(samples[0], str):
        blob, parts = _utf8(samples)
        return [*_head(TEXT, list(map(len, parts))), blob]
    sizes = list(map(len, parts))
    head = _head(BYTES, sizes)
    if sum(sizes) <= LARGE_BYTES * len(parts):
        return [*head, b"".join(parts)]
    return [*head, *parts]


def encode_stored(
    file: SampleFile, begins: Sequence[int], sizes: Sequence[int]
) -> list[bytes | Span]:
    """Return the parts of a request for samples that stay where they are in a file till sent."""
    spans = [Span(file, begin, size) for begin, size in zip(begins, sizes, strict=True) if size]
    return [*_head(BYTES, sizes), *spans]


def _head(kind: bytes, sizes: Sequence[int]) -> tuple[bytes, bytes]:
    """Return header and offsets of a request for samples of these sizes."""
    n = len(sizes)
    ends = tuple(accumulate(sizes, initial=0))
    return HEADER.pack(kind, n, ends[-1]), pack(f"<{n + 1}Q", *ends)


def _utf8(texts: Sequence[Any]) -> tuple[bytes, Sequence[Any]]:
    """Return all texts in UTF-8, and parts of the length that each has there."""
    joined = "".join(texts)
    if joined.isascii():  # one conversion for all: a text has as many bytes as characters
        return joined.encode(), texts
    try:
        encoded = [text.encode() for text in texts]
        return b"".join(encoded), encoded
    except UnicodeEncodeError as error:
        raise OrganiserError(
            f"a sample cannot be written as UTF-8: {error.reason} at position {error.start}",
            remedy="repair the data: a text may not hold a lone surrogate",
        ) from None


def reply_bytes(n: int, *, output: Output, labels: int, max_boxes: int) -> tuple[int, int]:
    """Return the least and the most bytes that a reply's payload for ``n`` samples may have."""
    if output == "scores":
        return 4 * n * labels, 4 * n * labels
    if output == "boxes":
        return 2 * n, 2 * n + 4 * NUMBERS_PER_BOX * n * max_boxes
    return 4 * n, 4 * n


def decode_predictions(
    payload: bytes, n: int, *, output: Output, labels: int, max_boxes: int
) -> Any:  # noqa: ANN401 - the kind of output decides
    """Read the payload of one reply to ``n`` samples.

    ``index`` and ``scores`` give int64 (n,), the label's position (of scores the greatest, the
    lowest position on ties); ``image_score`` float32 (n,); ``boxes`` a list of n float32 (m, 5),
    rows x1, y1, x2, y2, score, all but the score within [0, 1]. Raises ``SubmissionError`` that
    names the first sample of the batch that is wrong.
    """
    least, most = reply_bytes(n, output=output, labels=labels, max_boxes=max_boxes)
    if not least <= len(payload) <= most:
        wanted = f"{least}" if least == most else f"{least} to {most}"
        raise _refused(f"{len(payload)} bytes of predictions came for {n} samples, not {wanted}")
    if output == "index":
        return _labels(np.frombuffer(payload, "<i4"), labels)
    if output == "boxes":
        return _boxes(payload, n, max_boxes)
    numbers = np.frombuffer(payload, "<f4")
    if output == "scores":
        table = numbers.reshape(n, labels)
        _require_finite(table, "score")
        return np.argmax(table, axis=1).astype(np.int64)
    _require_finite(numbers.reshape(n, 1), "score")
    return numbers.astype(np.float32)


def _labels(numbers: npt.NDArray[np.int32], labels: int) -> npt.NDArray[np.int64]:
    # Read as unsigned, a negative number is above every label: one comparison finds both.
    unsigned = numbers.view("<u4")
    if unsigned.max(initial=0) >= labels:
        i = int(np.argmax(unsigned >= labels))
        raise _refused(
            f"the prediction for sample {i} of the batch is {numbers[i]}; "
            f"labels are 0 to {labels - 1}"
        )
    return numbers.astype(np.int64)


def _boxes(payload: bytes, n: int, max_boxes: int) -> list[npt.NDArray[np.float32]]:
    counts = np.frombuffer(payload, "<u2", n)
    most = int(counts.max(initial=0))
    if most > max_boxes:
        i = int(np.argmax(counts))
        raise _refused(f"sample {i} of the batch has {most} boxes; {max_boxes} are allowed")
    total = int(counts.sum(dtype=np.int64))
    wanted = 2 * n + 4 * NUMBERS_PER_BOX * total
    if len(payload) != wanted:
        raise _refused(f"{total} boxes take {wanted} bytes, and {len(payload)} came")
    boxes = np.frombuffer(payload, "<f4", offset=2 * n).reshape(total, NUMBERS_PER_BOX)
    owner = np.repeat(np.arange(n), counts)
    _require_finite(boxes, "box", owner)
    corners = boxes[:, :4]
    x1, y1, x2, y2 = corners.T
    outside = (corners < 0).any(axis=1) | (corners > 1).any(axis=1) | (x1 > x2) | (y1 > y2)
    if outside.any():
        i = int(np.argmax(outside))
        raise _refused(
            f"a box of sample {int(owner[i])} of the batch is {corners[i].tolist()}; "
            "0 <= x1 <= x2 <= 1 and 0 <= y1 <= y2 <= 1 is wanted"
        )
    return np.split(boxes.astype(np.float32), np.cumsum(counts, dtype=np.int64)[:-1]) if n else []


def _require_finite(
    table: npt.NDArray[np.float32], what: str, owner: npt.NDArray[np.int64] | None = None
) -> None:
    finite = np.isfinite(table).all(axis=1)
    if finite.all():
        return
    row = int(np.argmin(finite))
    name = "NaN" if np.isnan(table[row]).any() else "infinite"
    sample = row if owner is None else int(owner[row])
    raise _refused(f"a {what} of sample {sample} of the batch is {name}")


def _refused(message: str) -> SubmissionError:
    return SubmissionError(message, remedy=_REMEDY)
