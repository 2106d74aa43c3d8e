"""Pictures of few colours as PNG, the same bytes on any machine.

What ``zlib`` makes of data depends on its build, so this deflates by itself (RFC 1951): fixed
codes, and as matches only runs of one byte. Rows are differences from the row above (filter 2 of
the PNG specification, ISO/IEC 15948), so that whatever stays the same down the picture is a run of
zeros, and a flat drawing becomes small all the same.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

Colour = tuple[int, int, int]
Codes = NDArray[np.int64]

SIGNATURE = b"\x89PNG\r\n\x1a\n"
BITS = 4
MOST_COLOURS = 1 << BITS
PALETTE_TYPE = 3
FILTER_UP = 2
LEAST_MATCH, MOST_MATCH = 3, 258
END_OF_BLOCK = 256
FIRST_LENGTH = 257
DISTANCE_BITS = 5
"""Of the distance 1, whose code is 0."""
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
    codes, lengths = _codes(np.frombuffer(data, np.uint8))
    codes = np.concatenate([[0b011], codes, [LITERALS[END_OF_BLOCK][0]]])  # the last block, type 1
    lengths = np.concatenate([[3], lengths, [LITERALS[END_OF_BLOCK][1]]])
    ends = np.cumsum(lengths)
    which = np.repeat(np.arange(len(codes)), lengths)
    place = np.arange(ends[-1]) - (ends - lengths)[which]
    return np.packbits((codes[which] >> place) & 1, bitorder="little").tobytes()


def _codes(data: NDArray[np.uint8]) -> tuple[Codes, Codes]:
    """Return what is written of the data, and the number of bits of each.

    Of every run of one byte the byte, matches of it, the longest first, and what is too short for a
    match byte by byte.
    """
    starts = np.flatnonzero(np.diff(data, prepend=~data[:1]))
    byte = data[starts]
    left = np.diff(starts, append=len(data)) - 1
    whole, rest = np.divmod(left, MOST_MATCH)
    short = rest < LEAST_MATCH
    last = np.where(short, byte, rest + OF_MATCHES)
    pieces = np.stack([byte, np.full_like(last, MOST_MATCH + OF_MATCHES), last], axis=1)
    times = np.stack([np.ones_like(last), whole, np.where(short, rest, 1)], axis=1)
    written = np.repeat(pieces.ravel(), times.ravel())
    return CODES[written], LENGTHS[written]


def _turned(value: int, length: int) -> tuple[int, int]:
    """Huffman codes are packed from their most significant bit."""
    return int(f"{value:0{length}b}"[::-1], 2), length


def _fixed(symbol: int) -> tuple[int, int]:
    """Return the fixed code of a literal or of a length's symbol."""
    for first, code, length in ((280, 0b11000000, 8), (256, 0, 7), (144, 0b110010000, 9)):
        if symbol >= first:
            return _turned(code + symbol - first, length)
    return _turned(0b00110000 + symbol, 8)


def _matches() -> Iterator[tuple[int, tuple[int, int]]]:
    """Yield each length with how it is written: its symbol, extra bits, and the distance 1."""
    symbol, start = FIRST_LENGTH, LEAST_MATCH
    for extra in (*[0] * 8, *[n for n in range(1, 6) for _ in range(4)]):
        code, bits = _fixed(symbol)
        for more in range(1 << extra):
            if start + more < MOST_MATCH:
                yield start + more, (code | more << bits, bits + extra + DISTANCE_BITS)
        symbol, start = symbol + 1, start + (1 << extra)
    code, bits = _fixed(symbol)
    yield MOST_MATCH, (code, bits + DISTANCE_BITS)


LITERALS = tuple(_fixed(symbol) for symbol in range(END_OF_BLOCK + 1))
MATCHES = dict(_matches())
OF_MATCHES = len(LITERALS) - LEAST_MATCH
"""From a match's length to its place in ``CODES``, which has literals first."""
CODES, LENGTHS = np.array([*LITERALS, *map(MATCHES.__getitem__, sorted(MATCHES))], np.int64).T
