"""Pictures of few colours as PNG, the same bytes on any machine.

What ``zlib`` makes of data depends on its build, so this deflates by itself (RFC 1951): fixed
codes, and as matches only runs of one byte. Rows are differences from the row above (filter 2 of
the PNG specification, ISO/IEC 15948), so that whatever stays the same down the picture is a run of
zeros, and a flat drawing becomes small all the same.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

Colour = tuple[int, int, int]

SIGNATURE = b"\x89PNG\r\n\x1a\n"
BITS = 4
MOST_COLOURS = 1 << BITS
PALETTE_TYPE = 3
FILTER_UP = 2
LEAST_MATCH, MOST_MATCH = 3, 258
END_OF_BLOCK = 256
FIRST_LENGTH = 257
HEADER = b"\x78\x01"
"""Of a zlib stream (RFC 1950): deflate, a window of 32 KiB, no dictionary."""


def png(pixels: NDArray[np.uint8], palette: Sequence[Colour]) -> bytes:
    """Return a PNG of palette indices, rows by columns.

    ``palette`` has at most ``MOST_COLOURS`` colours, red, green and blue from 0 to 255. Raises
    ``ValueError`` for more, or for an index of none.
    """
    if len(palette) > MOST_COLOURS or int(pixels.max()) >= len(palette):
        raise ValueError(f"a picture of {len(palette)} colours, of {MOST_COLOURS} at most")
    height, width = pixels.shape
    padded = np.pad(pixels, ((0, 0), (0, width % 2)))
    rows = (padded[:, 0::2] << BITS) | padded[:, 1::2]
    above = np.vstack([np.zeros_like(rows[:1]), rows[:-1]])
    filtered = np.insert(rows - above, 0, FILTER_UP, axis=1)  # uint8: the differences wrap
    data = filtered.tobytes()
    size = struct.pack(">IIBBBBB", width, height, BITS, PALETTE_TYPE, 0, 0, 0)
    colours = bytes(part for colour in palette for part in colour)
    stream = HEADER + _deflated(data) + struct.pack(">I", zlib.adler32(data))
    chunks = ((b"IHDR", size), (b"PLTE", colours), (b"IDAT", stream), (b"IEND", b""))
    return SIGNATURE + b"".join(_chunk(name, content) for name, content in chunks)


def _chunk(name: bytes, content: bytes) -> bytes:
    check = zlib.crc32(name + content)
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", check)


def _deflated(data: bytes) -> bytes:
    """Return one last block of fixed codes (RFC 1951, 3.2.6)."""
    bits, many, out = 0b011, 3, bytearray()  # the last block, of type 1
    for value, length in _codes(data):
        bits |= value << many
        many += length
        while many >= 8:  # noqa: PLR2004 - of a byte
            out.append(bits & 0xFF)
            bits >>= 8
            many -= 8
    if many:
        out.append(bits)
    return bytes(out)


def _codes(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield what is written, each with its number of bits: the first bit is the least."""
    for byte, run in groupby(data):
        yield LITERALS[byte]
        left = len(list(run)) - 1
        while left >= LEAST_MATCH:
            length = min(left, MOST_MATCH)
            yield from MATCHES[length]
            left -= length
        for _ in range(left):
            yield LITERALS[byte]
    yield LITERALS[END_OF_BLOCK]


def _turned(value: int, length: int) -> tuple[int, int]:
    """Huffman codes are packed from their most significant bit."""
    return int(f"{value:0{length}b}"[::-1], 2), length


def _fixed(symbol: int) -> tuple[int, int]:
    """Return the fixed code of a literal or of a length's symbol."""
    for first, code, length in ((280, 0b11000000, 8), (256, 0, 7), (144, 0b110010000, 9)):
        if symbol >= first:
            return _turned(code + symbol - first, length)
    return _turned(0b00110000 + symbol, 8)


def _matches() -> Iterator[tuple[int, Iterable[tuple[int, int]]]]:
    """Yield each length with how it is written: symbol, extra bits, and the distance 1."""
    symbol, start = FIRST_LENGTH, LEAST_MATCH
    for extra in (*[0] * 8, *[n for n in range(1, 6) for _ in range(4)]):
        for more in range(1 << extra):
            if start + more < MOST_MATCH:
                yield start + more, (_fixed(symbol), (more, extra), (0, 5))
        symbol, start = symbol + 1, start + (1 << extra)
    yield MOST_MATCH, (_fixed(symbol), (0, 5))


LITERALS = tuple(_fixed(symbol) for symbol in range(END_OF_BLOCK + 1))
MATCHES = dict(_matches())
