"""Variants of clips that are new work to a model: what further sweeps show."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.tasks.protocol import Sample

_FORMAT = struct.Struct("<HHIIHH")
"""What a WAV's ``fmt`` begins with: coding, channels, rate, bytes a second, a frame, and bits."""
_PCM, _EXTENSIBLE = 1, 0xFFFE
_MOST_VALUES = 1 << 24
"""A file that claims to hold more is not decoded here: few bytes can claim anything."""
_STEP = {"PCM_S8": 2.0**-7, "PCM_U8": 2.0**-7, "PCM_24": 2.0**-23}
"""The step between values of a coding, of full scale; 2^-15 for all others."""


def perturb(sample: Sample, rng: np.random.Generator) -> Sample:
    """Return the clip turned round in time, up to 2 dB softer, perhaps upside down, a bit noisier.

    The label stays; nearly every frame changes. Length, rate, channels and encoding stay: a WAV of
    16 bits keeps its length to the byte, and whatever else it tells (comments, dates) is blotted
    out. What holds no frame or cannot be decoded comes back eight bytes longer: as broken as it
    was, and not the same.
    """
    if not isinstance(sample, bytes):
        raise TypeError(f"a clip is bytes, not {type(sample).__name__}")
    try:
        variant = _vary_wav(sample, rng) or _vary_other(sample, rng)
    except (OSError, RuntimeError, TypeError, ValueError):  # what soundfile makes of a broken file
        variant = None
    return variant if variant and variant != sample else sample + rng.bytes(8)


def _vary_wav(sample: bytes, rng: np.random.Generator) -> bytes | None:
    """Return the variant of a WAV of 16 bits; ``None`` for anything else."""
    if sample[:4] != b"RIFF" or sample[8:12] != b"WAVE":
        return None
    made, channels, found = bytearray(sample), 0, False
    for name, at, start, stop in _chunks(sample):
        if name == b"fmt " and stop - start >= _FORMAT.size:
            coding, channels, *_, bits = _FORMAT.unpack_from(sample, start)
            if coding not in (_PCM, _EXTENSIBLE) or bits != 16 or not channels:  # noqa: PLR2004
                return None
        elif name == b"data" and channels:
            found = True
            whole = (stop - start) // (2 * channels) * channels
            frames = np.frombuffer(sample, "<i2", whole, start).reshape(-1, channels)
            varied = _vary(frames.astype(np.float32), 1.0, rng)
            wanted = np.clip(np.rint(varied), -32_768, 32_767).astype("<i2").tobytes()
            made[start : start + len(wanted)] = wanted
        else:
            made[at : at + 4] = b"JUNK"
            made[start:stop] = rng.bytes(stop - start)
    return bytes(made) if found else None


def _vary_other(sample: bytes, rng: np.random.Generator) -> bytes | None:
    """Decode, vary, and encode in the same format, whatever soundfile reads and writes."""
    import soundfile  # noqa: PLC0415 - the generated clips need none of it

    with soundfile.SoundFile(io.BytesIO(sample)) as file:
        if file.frames * file.channels > _MOST_VALUES:
            return None
        frames: npt.NDArray[np.float64] = file.read(dtype="float64", always_2d=True)
        rate, kind, coding = file.samplerate, file.format, file.subtype
    varied = np.clip(_vary(frames, _STEP.get(coding, 2.0**-15), rng), -1.0, 1.0)
    made = io.BytesIO()
    soundfile.write(made, varied, rate, subtype=coding, format=kind)
    return made.getvalue()


def _vary(frames: npt.NDArray[Any], step: float, rng: np.random.Generator) -> npt.NDArray[Any]:
    """Turn (frames, channels) round in time, scale them, and add -1, 0 or 1 ``step``."""
    if not frames.size:
        return frames
    gain = (0.8 + 0.2 * float(rng.random())) * (-1 if float(rng.random()) < 0.5 else 1)  # noqa: PLR2004 - as often as not
    turned = np.roll(frames, int(float(rng.random()) * len(frames)), axis=0)
    noise = rng.integers(-1, 2, turned.shape, dtype=np.int8)
    return turned * frames.dtype.type(gain) + noise * frames.dtype.type(step)


def _chunks(sample: bytes) -> Iterator[tuple[bytes, int, int, int]]:
    """Yield name, place of the name, and first and last byte but one of each chunk's content."""
    at = 12
    while at + 8 <= len(sample):
        name, size = struct.unpack_from("<4sI", sample, at)
        yield name, at, at + 8, min(at + 8 + size, len(sample))
        at += 8 + size + size % 2
