"""What pages need of records that were read just now: where any copy of this process finds it.

Whoever reads some records writes what is needed of them into a file without a name, which is in
memory where the system has such files, and tells where. It is some 8 kB a record: handed from
process to process, to one that has no use for it, it took a twentieth of the time of reading.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable
from functools import partial
from io import FileIO
from itertools import accumulate
from typing import Self

VIEWS_BYTES = 96 << 20
"""In all: what there is no room for is made of the record again."""
VIEW_BYTES = 1 << 20
"""Of one record."""
SHARE_BYTES = 8 << 20
"""Of those that are read at once: a process holds them, and writes them where no other does."""

Places = dict[str, tuple[int, int]]
"""Where it begins and how long it is, by the record's path."""


class Held:
    """What is needed of the records that are read at once, as far as there is room."""

    def __init__(self) -> None:
        self.views: dict[str, bytes] = {}
        self._bytes = 0

    def add(self, path: str, view: bytes) -> None:
        """Hold what is needed of a record, if there is room."""
        if len(view) <= VIEW_BYTES and self._bytes + len(view) <= SHARE_BYTES:
            self.views[path] = view
            self._bytes += len(view)


class Views:
    """What is needed of records, as far as there is room, until the build has ended."""

    def __init__(self) -> None:
        self.places: Places = {}
        self._shares = 0
        self._file: FileIO | None = None

    def __enter__(self) -> Self:
        """Make the file that it is written into; without one nothing is kept."""
        with contextlib.suppress(OSError):
            self._file = _nameless()
        return self

    def __exit__(self, *_raised: object) -> None:
        """Give the room back."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def share(self) -> Callable[[Held], Places]:
        """Return what writes, in whatever process, what is needed of records read at once."""
        self._shares += 1
        return partial(self._keep, (self._shares - 1) * SHARE_BYTES)

    def _keep(self, begin: int, held: Held) -> Places:
        if not self._writes(b"".join(held.views.values()), begin):
            return {}
        sizes = [len(view) for view in held.views.values()]
        begins = accumulate(sizes, initial=begin)
        places = zip(begins, sizes, strict=False)  # the last beginning is of none
        return dict(zip(held.views, places, strict=True))

    def get(self, path: str) -> bytes | None:
        """Return what is needed of a record; ``None`` where it was not kept."""
        place = self.places.get(path)
        if place is None or self._file is None:
            return None
        begin, size = place
        content = os.pread(self._file.fileno(), size, begin)
        return content if len(content) == size else None

    def _writes(self, content: bytes, begin: int) -> bool:
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
