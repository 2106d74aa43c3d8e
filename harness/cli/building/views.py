"""What pages need of records that were read just now: where any copy of this process finds it.

Whoever reads some records writes what is needed of them into a file without a name, which is in
memory where the system has such files, and tells where. It is some 8 kB a record: handed from
process to process, to one that has no use for it, it took a twentieth of the time of reading.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from io import FileIO

VIEWS_BYTES = 96 << 20
"""In all: what there is no room for is made of the record again."""
VIEW_BYTES = 1 << 20
"""Of one record: a process holds those of all records that it reads at once."""
SHARE_BYTES = 8 << 20
"""Of those that are read at once: each process writes where no other does."""

Places = dict[str, tuple[int, int]]
"""Where it begins and how long it is, by the record's path."""


class Views:
    """What is needed of records, as far as there is room."""

    def __init__(self) -> None:
        self.places: Places = {}
        try:
            self._file: FileIO | None = _nameless()
        except OSError:
            self._file = None

    def __del__(self) -> None:
        """Give the room back."""
        if self._file is not None:
            self._file.close()

    def keep(self, number: int, views: Mapping[str, bytes]) -> Places:
        """Write what is needed of the records that are the ``number``-th to be read at once."""
        begin = end = number * SHARE_BYTES
        places: Places = {}
        written = []
        for path, view in views.items():
            if len(view) <= VIEW_BYTES and end + len(view) <= begin + SHARE_BYTES:
                places[path] = end, len(view)
                written.append(view)
                end += len(view)
        return places if self._holds(b"".join(written), begin) else {}

    def get(self, path: str) -> bytes | None:
        """Return what is needed of a record; ``None`` where it was not kept."""
        place = self.places.get(path)
        if place is None or self._file is None:
            return None
        begin, size = place
        content = os.pread(self._file.fileno(), size, begin)
        return content if len(content) == size else None

    def _holds(self, content: bytes, begin: int) -> bool:
        """Write it, if there is room for it."""
        if self._file is None:
            return False
        try:
            taken = os.fstat(self._file.fileno()).st_blocks * 512
            if taken + len(content) > VIEWS_BYTES:
                return False
            return os.pwrite(self._file.fileno(), content, begin) == len(content)
        except OSError:  # there is no room after all
            return False


def _nameless() -> FileIO:
    if hasattr(os, "memfd_create"):
        return FileIO(os.memfd_create("frugal-ai-views"), "r+b")
    descriptor, path = tempfile.mkstemp(prefix="frugal-ai-views-")
    os.unlink(path)  # noqa: PTH108 - gone when nobody has it open any more
    return FileIO(descriptor, "r+b")
