"""A baseline JPEG (ITU-T T.81, chroma at half resolution), the same bytes on every machine.

Builds of libjpeg round and code differently. Here the transform is a sum of whole numbers, exact
in whatever order it is taken, and each quotient is rounded once. The tables are those of the
standard's annex K, so that what any other encoder makes of the same picture is about as long.
"""

from __future__ import annotations

import math
import struct

import numpy as np
import numpy.typing as npt

QUALITY = 75
"""As libjpeg counts it."""
SCALE_BITS = 13
"""The cosines are kept as whole numbers, times two to this."""

_ZIGZAG = sorted(
    range(64), key=lambda at: (at // 8 + at % 8, (at // 8, at % 8)[(at // 8 + at % 8 + 1) % 2])
)
_LUMA_STEPS = (
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55,
    14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62,
    18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92,
    49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
)  # fmt: skip
_CHROMA_STEPS = (
    17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99,
    24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99, 99, 99, 99,
    *([99] * 32),
)  # fmt: skip
_DC_LUMA = "00010501010101010100000000000000000102030405060708090a0b"
_DC_CHROMA = "00030101010101010101010000000000000102030405060708090a0b"
_AC_LUMA = (
    "0002010303020403050504040000017d"
    "01020300041105122131410613516107227114328191a1082342b1c11552d1f024336272"
    "82090a161718191a25262728292a3435363738393a434445464748494a53545556575859"
    "5a636465666768696a737475767778797a838485868788898a92939495969798999aa2a3"
    "a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae1e2"
    "e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9fa"
)
_AC_CHROMA = (
    "00020102040403040705040400010277"
    "000102031104052131061241510761711322328108144291a1b1c109233352f0156272d1"
    "0a162434e125f11718191a262728292a35363738393a434445464748494a535455565758"
    "595a636465666768696a737475767778797a82838485868788898a92939495969798999a"
    "a2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9da"
    "e2e3e4e5e6e7e8e9eaf2f3f4f5f6f7f8f9fa"
)


def _codes(table: str) -> tuple[bytes, npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return a table as the file holds it, and the code and its length for each symbol."""
    stored = bytes.fromhex(table)
    code, at = 0, 16
    codes, lengths = np.zeros(256, np.int64), np.zeros(256, np.int64)
    for length, count in enumerate(stored[:16], start=1):
        for symbol in stored[at : at + count]:
            codes[symbol], lengths[symbol] = code, length
            code += 1
        code, at = code * 2, at + count
    return stored, codes, lengths


_TABLES = [_codes(table) for table in (_DC_LUMA, _DC_CHROMA, _AC_LUMA, _AC_CHROMA)]
_CODES = np.stack([codes for _, codes, _ in _TABLES])
_LENGTHS = np.stack([lengths for _, _, lengths in _TABLES])
_AC = 2
"""Tables of luma and chroma for the mean of a block come first, then those for the rest."""
_LAST = 63
"""The place of a block's last coefficient."""
_END_OF_BLOCK, _SIXTEEN_ZEROS = 0x00, 0xF0
_POWERS = 2 ** np.arange(12)
_LOW_BITS = np.arange(32) >= 32 - np.arange(33)[:, np.newaxis]
"""For each length, which of 32 bits are that many low ones."""


def _steps(base: tuple[int, ...]) -> npt.NDArray[np.int64]:
    """Return the quantisation steps in zigzag order."""
    scale = 200 - 2 * QUALITY
    return np.array([min(255, max(1, (base[at] * scale + 50) // 100)) for at in _ZIGZAG])


def _transform() -> npt.NDArray[np.float64]:
    """Return (64, 64): from a block's levels to its coefficients in zigzag order, both scaled."""
    rows = [
        [
            round(
                2**SCALE_BITS
                * math.cos((2 * x + 1) * u * math.pi / 16)
                / (2 if u else math.sqrt(8))
            )
            for x in range(8)
        ]
        for u in range(8)
    ]
    return np.kron(np.array(rows), np.array(rows))[_ZIGZAG].T.astype(np.float64)


_STEPS = np.stack([_steps(_LUMA_STEPS)] * 4 + [_steps(_CHROMA_STEPS)] * 2)
"""(6, 64), for the blocks of a unit: four of luma, one of each chroma."""
_DIVISORS = _STEPS.astype(np.float64) * 4**SCALE_BITS
_TRANSFORM = _transform()


def encode(luma: npt.NDArray[np.float64], chroma: npt.NDArray[np.float64]) -> bytes:
    """Encode luma (height, width) and chroma (2, height / 2, width / 2), 0 to 255.

    What is beyond that is cut off. Height and width are multiples of 16.
    """
    height, width = luma.shape
    down, along = height // 16, width // 16
    blocks = np.empty((down, along, 6, 8, 8))
    blocks[:, :, :4] = _levels(luma).reshape(down, 2, 8, along, 2, 8).transpose(
        0, 3, 1, 4, 2, 5
    ).reshape(down, along, 4, 8, 8)  # fmt: skip
    blocks[:, :, 4:] = _levels(chroma).reshape(2, down, 8, along, 8).transpose(1, 3, 0, 2, 4)
    scaled = blocks.reshape(-1, 64) @ _TRANSFORM  # whole numbers below 2**53: exact
    shares = scaled.reshape(-1, 6, 64)
    shares /= _DIVISORS
    coefficients = np.rint(shares, out=shares).astype(np.int32)
    return _head(height, width) + _entropy_coded(coefficients) + b"\xff\xd9"


def _levels(plane: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.clip(np.rint(plane), 0, 255) - 128


def _head(height: int, width: int) -> bytes:
    """Return all that stands before the coded blocks."""

    def segment(marker: int, body: bytes) -> bytes:
        return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body

    head = b"\xff\xd8" + segment(0xE0, b"JFIF\0" + struct.pack(">HBHHBB", 0x101, 0, 1, 1, 0, 0))
    for number, steps in enumerate((_STEPS[0], _STEPS[4])):
        head += segment(0xDB, bytes([number, *steps.tolist()]))
    planes = bytes([1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1])
    head += segment(0xC0, struct.pack(">BHHB", 8, height, width, 3) + planes)
    for kind, (stored, _, _) in zip((0x00, 0x01, 0x10, 0x11), _TABLES, strict=True):
        head += segment(0xC4, bytes([kind]) + stored)
    return head + segment(0xDA, bytes([3, 1, 0x00, 2, 0x11, 3, 0x11, 0, 63, 0]))


def _entropy_coded(units: npt.NDArray[np.int32]) -> bytes:
    """Code (units, 6, 64) coefficients with the tables of Huffman codes, all blocks at once."""
    means = units[:, :, 0].copy()
    means[:, :4] = np.diff(means[:, :4].reshape(-1), prepend=0).reshape(-1, 4)
    means[:, 4:] = np.diff(means[:, 4:], axis=0, prepend=0)
    blocks = units.reshape(-1, 64)
    table = np.tile(np.array([0, 0, 0, 0, 1, 1]), len(units))
    block, place = np.nonzero(blocks[:, 1:])
    place += 1
    first = np.append(True, block[1:] != block[:-1])[: len(block)]
    run = place - np.where(first, 0, np.append(0, place[:-1])[: len(place)]) - 1
    value = blocks[block, place]
    skips = np.repeat(np.arange(len(block)), run // 16)
    open_end = np.ones(len(blocks), np.bool_)
    open_end[block[place == _LAST]] = False
    ends = np.flatnonzero(open_end)
    # Where each symbol goes: by block, then by place; 16 zeros before what they lead up to.
    order = np.argsort(
        np.concatenate(
            [
                np.arange(len(blocks)) * 256,
                block * 256 + place * 3 + 1,
                block[skips] * 256 + place[skips] * 3,
                ends * 256 + 255,
            ]
        ),
        kind="stable",
    )
    amplitude = np.concatenate(
        [means.reshape(-1), value, np.zeros(len(skips) + len(ends), np.int64)]
    )
    size = np.searchsorted(_POWERS, np.abs(amplitude), side="right")
    symbol = np.concatenate(
        [
            np.zeros(len(blocks), np.int64),
            (run % 16) * 16,
            np.full(len(skips), _SIXTEEN_ZEROS),
            np.full(len(ends), _END_OF_BLOCK),
        ]
    ) + size  # fmt: skip
    of_table = np.concatenate(
        [table, table[block] + _AC, table[block[skips]] + _AC, table[ends] + _AC]
    )
    bits = np.where(amplitude < 0, amplitude + (1 << size) - 1, amplitude)
    word = (_CODES[of_table, symbol] << size) | bits
    length = _LENGTHS[of_table, symbol] + size
    return _packed(word[order], length[order])


def _packed(word: npt.NDArray[np.int64], length: npt.NDArray[np.int64]) -> bytes:
    """Write so many low bits of each word one after the other, filled up with ones."""
    bits = np.unpackbits(word.astype(">u4").view(np.uint8).reshape(-1, 4), axis=1)
    chosen = bits[_LOW_BITS[length]]
    filled = np.append(chosen, np.ones(-len(chosen) % 8, np.uint8))
    return np.packbits(filled).tobytes().replace(b"\xff", b"\xff\0")
