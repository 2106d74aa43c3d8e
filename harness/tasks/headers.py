"""Whether an encoded sample begins as a file of its kind does: a look at its header, no decoding.

A sample that does not is given to the entry as it is, and scored: real sets hold such files. They
are counted, so that nobody takes a broken copy of a data set for the data set.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from itertools import pairwise

from harness.tasks.tables import Rows, contents_of

NAMED = 5
"""How many rows are named: the first ones."""


class HeaderLook:
    """Looks at the samples of images and recordings; of other kinds it knows nothing."""

    def __init__(self, modality: str, column: str) -> None:
        self._opens = _OPENS.get(modality)
        self._modality = modality
        self._column = column
        self._places: list[tuple[str, int]] = []
        self._seen = 0
        self.unreadable = 0
        """How many do not begin as a file of their kind."""

    def see(self, rows: Rows) -> None:
        """Look at all samples of a batch."""
        self._seen += len(rows)
        if self._opens is None:
            return
        content, bounds = contents_of(rows.samples)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the decoder, about what is counted or fine
            for number, (begin, end) in zip(
                rows.numbers.tolist(), pairwise(bounds.tolist()), strict=True
            ):
                if not self._opens(bytes(content[begin:end])):
                    self._found(rows.part.where, number)

    def _found(self, where: str, row: int) -> None:
        self.unreadable += 1
        if len(self._places) < NAMED:
            self._places.append((where, row))

    def told(self) -> str:
        """Say how many there are, and where the first ones stand; empty where there are none."""
        if not self.unreadable:
            return ""
        where, _ = self._places[0]
        rows = ", ".join(str(row) for place, row in self._places if place == where)
        more = "" if self.unreadable <= len(rows.split(", ")) else " and more"
        return (
            f"{where}: column {self._column!r}: row {rows}{more}: "
            f"{self.unreadable} of {self._seen} test samples do not begin as {self._modality} "
            "files do; they go to the entry as they are, and are scored"
        )


def opens_as_image(sample: bytes) -> bool:
    """Say whether Pillow knows the header; no pixel is decoded."""
    from PIL import Image  # noqa: PLC0415 - for images only

    try:
        with Image.open(io.BytesIO(sample)):
            return True
    except Exception:  # noqa: BLE001 - whatever a decoder's plug-in raises on bytes that are no image
        return False


def opens_as_audio(sample: bytes) -> bool:
    """Say whether it begins as WAV, AIFF, FLAC, Ogg or MP3, as far as the first sound.

    By hand, in a microsecond: a decoder would take a hundred times as long, for 50,000 clips.
    """
    kind = sample[:4]
    if kind in (b"RIFF", b"RIFX", b"RF64"):
        order = "big" if kind == b"RIFX" else "little"
        return sample[8:12] == b"WAVE" and _has_chunks(sample, (b"fmt ", b"data"), order)
    if kind == b"FORM":
        return sample[8:12] in (b"AIFF", b"AIFC") and _has_chunks(sample, (b"COMM", b"SSND"), "big")
    if kind == b"fLaC":  # the first block is STREAMINFO: its type and its length
        return sample[4:8] in _STREAMINFO and len(sample) > _FLAC_HEADER
    if kind == b"OggS":
        return sample[4:5] == b"\0" and len(sample) > _OGG_HEADER
    begins = int.from_bytes(kind[:2], "big")  # of MP3, a frame with eleven bits that are set
    return kind[:3] == b"ID3" or begins & _MP3_FRAME == _MP3_FRAME


_STREAMINFO = (b"\0\0\0\x22", b"\x80\0\0\x22")
_FLAC_HEADER = 42
_OGG_HEADER = 27
_MP3_FRAME = 0xFFE0


def _has_chunks(sample: bytes, wanted: tuple[bytes, bytes], order: str) -> bool:
    """Say whether both chunks of an IFF-like file begin within it, in either order."""
    found: set[bytes] = set()
    place = 12
    while place + 8 <= len(sample) and found != set(wanted):
        name = sample[place : place + 4]
        size = int.from_bytes(sample[place + 4 : place + 8], "big" if order == "big" else "little")
        if name in wanted:
            found.add(name)
        place += 8 + size + size % 2
    return found == set(wanted)


_OPENS: dict[str, Callable[[bytes], bool]] = {"image": opens_as_image, "audio": opens_as_audio}
