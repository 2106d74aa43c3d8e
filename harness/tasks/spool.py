"""Samples by position in the memory of a few: what is large lies in a file without a name.

Queries go out in a secret random order over the whole set, and Parquet can only be read in its own.
So samples are copied once, one behind the other, into a file from which any of them can be read.

The file is made in the folder for temporary files (``TMPDIR``), and never has a name there: it is
gone with the process, however that ends. It is not inherited by what the harness starts, and no
path leads to it but ``/proc/<pid>/fd`` of this process, which an entry does not see from inside a
sandbox. Only samples are written to it, never labels.
"""

from __future__ import annotations

import errno
import shutil
import tempfile
from array import array
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from harness.errors import OrganiserError
from harness.tasks.protocol import Sample, Stored
from harness.tasks.sample_file import SampleFile

MEMORY_BYTES = 32 * 2**20
"""What is smaller stays in memory: reading a short text from a file takes longer than sending."""
OBJECT_BYTES = 64
"""About what a Python object takes beside its content."""
LARGE_BYTES = 4096
"""Samples of more bytes than that on average are sent from the file without being read here."""
_FULL = (errno.ENOSPC, errno.EDQUOT)
_MEBIBYTE = 2**20


class Spool:
    """Samples in the order in which they were added, all ``str`` or all ``bytes``.

    ``expected_bytes`` is about how many there will be: where the disk certainly has no room for
    them, that is said before they are read. Raises ``OrganiserError`` for a disk that is full.
    """

    def __init__(
        self, *, text: bool, expected_bytes: int = 0, memory_bytes: int = MEMORY_BYTES
    ) -> None:
        self._text = text
        self._expected_bytes = expected_bytes
        self._memory_bytes = memory_bytes
        self._ends = array("q", [0])
        self._held: list[Sample] = []
        """All samples, as long as they are few."""
        self._held_bytes = 0
        self._file: SampleFile | None = None
        if expected_bytes > memory_bytes:
            self._move_to_file()

    def __len__(self) -> int:
        """Return how many samples there are."""
        return len(self._ends) - 1

    @property
    def in_memory(self) -> bool:
        """Whether all samples are held as objects."""
        return self._file is None

    def append(self, sample: Sample) -> None:
        """Add one sample."""
        content = _content(sample)
        self._make_room(len(content), 1)
        if self._file is None:
            self._held.append(sample)
        else:
            self._write(self._file, memoryview(content))
        self._ends.append(self._ends[-1] + len(content))

    def extend(self, content: memoryview, bounds: npt.NDArray[np.int64]) -> None:
        """Add samples that stand one behind the other: i is ``content[bounds[i] : bounds[i + 1]]``.

        ``bounds`` begins with 0 and ends with the length of the content.
        """
        self._make_room(len(content), len(bounds) - 1)
        if self._file is None:
            self._held += [self._sample(content[a:b]) for a, b in pairwise(bounds.tolist())]
        else:
            self._write(self._file, content)
        self._ends.frombytes((bounds[1:].astype(np.int64) + self._ends[-1]).tobytes())

    def samples(self, positions: Sequence[int] | npt.NDArray[np.int64]) -> list[Sample]:
        """Return the samples at these positions, from 0, in this order; ``IndexError`` beyond."""
        if self._file is None:
            numbers = positions.tolist() if isinstance(positions, np.ndarray) else positions
            if len(numbers) and min(numbers) < 0:
                raise IndexError(f"position {min(numbers)} is before the first")
            return [self._held[number] for number in numbers]
        begins, sizes = self._places(positions)
        contents = list(map(self._file.read, begins, sizes))
        if self._text:
            return [content.decode() for content in contents]
        return list(contents)

    def stored(self, positions: Sequence[int] | npt.NDArray[np.int64]) -> Stored | None:
        """Return where the samples at these positions lie; ``None`` where they are to be read.

        That is in memory, texts, and samples so small that reading them takes less time.
        """
        if self._file is None or self._text or self._ends[-1] <= LARGE_BYTES * len(self):
            return None
        return Stored(self._file, *self._places(positions))

    def _places(
        self, positions: Sequence[int] | npt.NDArray[np.int64]
    ) -> tuple[list[int], list[int]]:
        """Return where in the file the samples begin, and how many bytes they have."""
        wanted = np.asarray(positions, np.int64)
        if wanted.size and not 0 <= wanted.min() <= wanted.max() < len(self):
            raise IndexError(f"a position is not from 0 to {len(self) - 1}")
        ends = np.frombuffer(self._ends, np.int64)
        begins = ends[wanted]
        return begins.tolist(), (ends[wanted + 1] - begins).tolist()

    def _sample(self, content: memoryview) -> Sample:
        return str(content, "utf-8") if self._text else bytes(content)

    def _make_room(self, size: int, samples: int) -> None:
        """See that so many bytes of so many samples can be added."""
        self._held_bytes += size + OBJECT_BYTES * samples
        if self.in_memory and self._held_bytes > self._memory_bytes:
            self._move_to_file()

    def _move_to_file(self) -> None:
        """Go on in a file, with what is held."""
        try:
            free = shutil.disk_usage(tempfile.gettempdir()).free
            if self._expected_bytes > free:
                raise self._no_room(f"{free // _MEBIBYTE:,} MiB are free")
            file = self._file = SampleFile()
        except OSError as error:
            raise _unwritable(error) from None
        for sample in self._held:
            self._write(file, memoryview(_content(sample)))
        self._held = []

    def _write(self, file: SampleFile, content: memoryview) -> None:
        rest = content
        while rest:
            try:
                rest = rest[file.write(rest) :]
            except OSError as error:
                if error.errno not in _FULL:
                    raise _unwritable(error) from None
                written = file.size_bytes() // _MEBIBYTE
                raise self._no_room(f"it is full after {written:,} MiB") from None

    def _no_room(self, found: str) -> OrganiserError:
        needed = -(-self._expected_bytes // _MEBIBYTE)
        what = f"about {needed:,} MiB of samples" if needed else "samples"
        return OrganiserError(
            f"{tempfile.gettempdir()}: {what} are to be kept there, and {found}",
            remedy="free some space, or set TMPDIR to a folder on a disk that has room for them",
        )


def _content(sample: Sample) -> bytes:
    return sample.encode() if isinstance(sample, str) else sample


def _unwritable(error: OSError) -> OrganiserError:
    return OrganiserError(
        f"{tempfile.tempdir or 'TMPDIR'}: samples cannot be kept there: {error.strerror}",
        remedy="set TMPDIR to a folder on a disk that can be written",
    )
