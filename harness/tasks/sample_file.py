"""The file without a name in which samples lie; see ``harness.tasks.spool``."""

from __future__ import annotations

import os
import tempfile
import weakref

from harness.errors import OrganiserError


class SampleFile:
    """A new file in the folder for temporary files; gone when the last who refers to it is.

    Raises ``OSError`` where it cannot be made.
    """

    def __init__(self) -> None:
        with tempfile.TemporaryFile(buffering=0) as file:
            self._number = os.dup(file.fileno())  # a number has no finaliser that warns
        weakref.finalize(self, os.close, self._number)

    def fileno(self) -> int:
        """Return its descriptor."""
        return self._number

    def write(self, content: memoryview) -> int:
        """Write at its end; return how many bytes were taken. Raises ``OSError``."""
        return os.write(self._number, content)

    def size_bytes(self) -> int:
        """Return how long it is."""
        return os.fstat(self._number).st_size

    def read(self, begin: int, size: int) -> bytes:
        """Return a part of it; ``OrganiserError`` where that cannot be read."""
        try:
            content = os.pread(self._number, size, begin)
            while len(content) < size:  # the kernel gives at most 2 GiB at a time
                more = os.pread(self._number, size - len(content), begin + len(content))
                if not more:
                    raise _lost("it has lost its end")
                content += more
        except OSError as error:
            raise _lost(str(error.strerror)) from None
        return content


def _lost(why: str) -> OrganiserError:
    return OrganiserError(
        f"{tempfile.gettempdir()}: the file of samples cannot be read: {why}",
        remedy="see that its disk is sound, and evaluate again",
    )
