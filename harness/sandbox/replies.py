"""One reply of an entry, taken from the pipe as it comes and checked before it is whole.

Everything that a hostile program may send is refused here, with a ``SubmissionError``; what
becomes of the program then is its process's business.
"""

from __future__ import annotations

import os

from harness.errors import SubmissionError
from harness.sandbox import frames
from harness.sandbox.output import one_line
from harness.sandbox.protocol import Launch

MEND = "run the entry by hand on a few samples and mend it"
_PROVIDE = (
    "put the module into the entry's folder, or lock its package (docs/how-to/lock-packages.md); "
    "a reference entry may need an extra (README.md)"
)
_CHUNK_BYTES = 1 << 20


class Reply:
    """The frame ``kind`` with ``n`` predictions that is due."""

    def __init__(self, kind: bytes, n: int, launch: Launch) -> None:
        self._kind = kind
        self._n = n
        self._launch = launch
        self._bytes = bytearray()

    def read(self, descriptor: int) -> bool:
        """Read on; say whether the reply is whole. One byte more than is due is asked for.

        Raises ``EOFError`` when the channel is closed, ``SubmissionError`` for what is not due.
        """
        due = self._due()
        while len(self._bytes) < due:
            try:
                part = os.read(descriptor, min(due - len(self._bytes) + 1, _CHUNK_BYTES))
            except BlockingIOError:
                return False
            if not part:
                raise EOFError
            self._bytes += part
            due = self._due()
            if len(self._bytes) > due:
                raise SubmissionError(
                    "sent more than was asked for", remedy="answer each request with one frame"
                )
        return True

    def payload(self) -> bytes:
        """Return what stands behind the header."""
        return bytes(memoryview(self._bytes)[frames.HEADER.size :])

    def _due(self) -> int:
        """Return the length of the frame, as far as its header has come; refuse a wrong header."""
        if len(self._bytes) < frames.HEADER.size:
            return frames.HEADER.size + 4 * self._n
        came, count, size = frames.HEADER.unpack_from(self._bytes)
        if came == frames.FAILURE and count == 0 and size <= frames.MAX_FAILURE_BYTES:
            if len(self._bytes) == frames.HEADER.size + size:
                text = self._bytes[frames.HEADER.size :].decode("utf-8", "replace")
                said = one_line(text)
                missing = " raised ModuleNotFoundError: " in said
                raise SubmissionError(
                    said or "failed and did not say why", remedy=_PROVIDE if missing else MEND
                )
            return frames.HEADER.size + int(size)
        least = most = 0
        if self._kind == frames.PREDICTIONS:
            launch = self._launch
            least, most = frames.reply_bytes(
                self._n, output=launch.output, labels=launch.labels, max_boxes=launch.max_boxes
            )
        if came != self._kind or count != self._n or not least <= size <= most:
            wanted = f"{least}" if least == most else f"{least} to {most}"
            raise SubmissionError(
                f"sent a frame {came!r} with n = {count} and {size} bytes; "
                f"{self._kind!r} with n = {self._n} and {wanted} bytes was due",
                remedy="see docs/reference/frames.md",
            )
        return frames.HEADER.size + int(size)


def nothing_came(descriptor: int) -> bool:
    """Say whether the channel is open; raise ``SubmissionError`` for what came unasked."""
    try:
        unasked = os.read(descriptor, 1)
    except BlockingIOError:
        return True
    if unasked:
        raise SubmissionError(
            "sent something without being asked", remedy="answer each request with one frame"
        )
    return False
