"""Variants of frames that are new work to a model: what further sweeps show."""

from __future__ import annotations

import io
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile, get_sampling

from harness.tasks.protocol import Sample

Pixels: TypeAlias = npt.NDArray[np.uint8]
SHIFT = 6
"""Pixels: how far a variant moves the frame, at most."""
PLACES = 16
"""Of so many values, noise is in one: an answer hardly ever hangs on it, and more noise would show
in the patterns that smoke is told by."""


def perturb(sample: Sample, rng: np.random.Generator) -> Sample:
    """Return the frame moved by a few pixels, each colour channel a little brighter or darker, and
    a little noise over it, which no table can foresee.

    The camera is thought to have moved: up to ``SHIFT`` pixels, the edge repeated, so that a box
    stays about where it was. Kind and size stay; a JPEG keeps its tables and its sampling, and so
    about its length. What Pillow cannot decode, or not encode again, comes back eight random bytes
    longer: as broken as it was, and not the same.
    """  # noqa: D205 - one sentence
    if not isinstance(sample, bytes):
        raise TypeError(f"a frame is bytes, not {type(sample).__name__}")
    down, along, *shifts = (float(chance) for chance in rng.random(5))
    try:
        with Image.open(io.BytesIO(sample)) as image:
            image.load()
            pixels = np.asarray(image if image.mode == "L" else image.convert("RGB"))
            moved = _moved(pixels, _step(down), _step(along))
            noise = (rng.integers(0, PLACES, moved.shape, dtype=np.int8) == 0).astype(np.int16)
            for factor in (1, 4, 16, 64):  # a coarse JPEG rounds a small shift away
                variant = _encode_like(image, _shifted(moved, shifts, factor, noise))
                if variant != sample:
                    return variant
    except Exception:  # noqa: BLE001, S110 - Pillow raises whatever a broken file made it run into
        pass
    return sample + rng.bytes(8)


def _step(chance: float) -> int:
    return int(chance * (2 * SHIFT + 1)) - SHIFT


def _moved(pixels: Pixels, down: int, along: int) -> Pixels:
    rows = np.clip(np.arange(pixels.shape[0]) - down, 0, pixels.shape[0] - 1)
    columns = np.clip(np.arange(pixels.shape[1]) - along, 0, pixels.shape[1] - 1)
    moved: Pixels = pixels[rows][:, columns]
    return moved


def _shifted(
    pixels: Pixels, chances: list[float], factor: int, noise: npt.NDArray[np.int16]
) -> Pixels:
    """Add 1 or 2 to each channel, and 1 more by ``noise``, times ``factor``, or take that away.

    Always to some effect.
    """
    channels = np.atleast_3d(pixels).astype(np.int16)
    noises = np.atleast_3d(noise)
    for channel, chance in enumerate(chances[: channels.shape[2]]):
        sign, least = (-1, 1)[int(chance * 2)], 1 + int(chance * 4) % 2
        step = sign * factor * (least + noises[..., channel])
        shifted = np.clip(channels[..., channel] + step, 0, 255)
        if np.array_equal(shifted, channels[..., channel]):  # all black or all white already
            shifted = np.clip(channels[..., channel] - step, 0, 255)
        channels[..., channel] = shifted
    return channels.reshape(pixels.shape).astype(np.uint8)


def _encode_like(image: Image.Image, pixels: Pixels) -> bytes:
    """Encode as ``image`` was, for about the same length and the same cost of decoding."""
    options: dict[str, object] = {}
    if isinstance(image, JpegImageFile) and image.mode in ("L", "RGB"):
        options["qtables"] = image.quantization
        options["subsampling"] = get_sampling(image)
        options["progressive"] = bool(image.info.get("progressive"))
    made = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(made, format=image.format, **options)
    return made.getvalue()
