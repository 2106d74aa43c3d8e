"""Sample tiles for ``deforestation``, and variants of tiles that are new work to a model.

A tile is forest seen from above. Cleared tiles hold what people make: plots, roads in a fishbone,
or a road and a plot. Intact ones hold what looks like it: rivers, dry meanders the colour of earth,
clearings with organic edges. Both draw on the same soils, so that shape carries the label.

The same seed gives the same bytes on every machine. All chance comes from ``Generator.random``;
all arithmetic is elementwise +, -, x, / and square root, which IEEE 754 rounds one way only (no
sine, no BLAS, no sums whose order a processor chooses); and the PNG is written uncompressed, since
builds of zlib compress differently.
"""

from __future__ import annotations

import hashlib
import io
import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile, get_sampling

from harness.tasks.protocol import Item, Sample

Numbers: TypeAlias = npt.NDArray[np.float64]
Pixels: TypeAlias = npt.NDArray[np.uint8]
Field: TypeAlias = Numbers
"""(64, 64): one number a pixel."""
Colour: TypeAlias = Numbers
"""(3,): red, green and blue, 0 to 255."""
Picture: TypeAlias = Numbers
"""(64, 64, 3)"""
Direction: TypeAlias = tuple[float, float]
"""Cosine and sine of an angle."""

SIZE = 64
TILES_PER_SCENE = 8
SCENES = {"train": 250, "test": 150}
SPLIT_KEYS = {"train": 0, "test": 1}
INTACT, CLEARED = 0, 1

_Y, _X = (axis + 0.5 - SIZE / 2 for axis in np.mgrid[0:SIZE, 0:SIZE].astype(np.float64))

# Bare earth, dry earth, clay, pasture: what lies open, whoever opened it.
_SOILS = np.array([[142, 101, 70], [168, 134, 98], [150, 88, 62], [128, 132, 76]], dtype=np.float64)
_CANOPY = np.array([46, 78, 42], dtype=np.float64)
_WATER = np.array([52, 70, 82], dtype=np.float64)
_CLOUD = np.array([228, 230, 234], dtype=np.float64)


def generate(seed: int, split: str) -> Iterator[Item]:
    """Yield the items of ``train`` (2,000) or ``test`` (1,200), half of them cleared, shuffled.

    Scenes (palette, canopy and heading) are never shared between splits, nor between seeds.
    Raises ``ValueError`` for another split.
    """
    if split not in SCENES:
        raise ValueError(f"no split {split!r}: there are {', '.join(SCENES)}")
    items = [item for number in range(SCENES[split]) for item in _scene_items(seed, split, number)]
    rng = _generator(seed, SPLIT_KEYS[split])
    order = np.argsort(rng.random(len(items)), kind="stable")
    for position in order:
        yield items[position]


def _scene_items(seed: int, split: str, number: int) -> Iterator[Item]:
    rng = _generator(seed, SPLIT_KEYS[split], number)
    scene = _draw_scene(rng)
    group = hashlib.sha256(f"scene/{seed}/{split}/{number}".encode()).hexdigest()[:12]
    for position in range(TILES_PER_SCENE):
        label = CLEARED if position % 2 else INTACT
        sample = encode_stored_png(_draw_tile(scene, label == CLEARED, rng))
        name = hashlib.sha256(sample).hexdigest()[:16]  # of the content: no label, no order
        yield Item(id=name, sample=sample, label=label, group=group)


def _generator(seed: int, *key: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=key)))


# Chance


def _uniform(rng: np.random.Generator, low: float, high: float) -> float:
    return low + (high - low) * float(rng.random())


def _chance(rng: np.random.Generator, probability: float) -> bool:
    return float(rng.random()) < probability


def _count(rng: np.random.Generator, low: int, high: int) -> int:
    """Draw from ``low`` to ``high``, both included."""
    return low + int(float(rng.random()) * (high - low + 1))


def _direction(rng: np.random.Generator) -> Direction:
    """Draw an angle within ±90 degrees; by its half-tangent, so without sine or cosine."""
    half = _uniform(rng, -1.0, 1.0)
    return (1 - half * half) / (1 + half * half), 2 * half / (1 + half * half)


def _smoothstep(field: Numbers) -> Numbers:
    clipped = np.clip(field, 0.0, 1.0)
    return clipped * clipped * (3.0 - 2.0 * clipped)


def _noise(rng: np.random.Generator, *octaves: int) -> Field:
    """Smooth noise in 0..1: value noise on lattices of so many cells, each half as strong."""
    total, strength, weight = np.zeros((SIZE, SIZE)), 1.0, 0.0
    for cells in octaves:
        place = np.arange(SIZE, dtype=np.float64) * (cells / SIZE)
        cell = place.astype(np.intp)
        step = _smoothstep(place - cell)
        lattice = rng.random((cells + 1, cells + 1))
        rows = lattice[cell] + (lattice[cell + 1] - lattice[cell]) * step[:, None]
        total += strength * (rows[:, cell] + (rows[:, cell + 1] - rows[:, cell]) * step)
        weight += strength
        strength /= 2
    return total / weight


# Scenes and tiles


class _Scene(NamedTuple):
    """What the tiles of one place have in common."""

    canopy: Colour
    """Mean colour of the forest."""
    grain: float
    """Contrast of the canopy's texture."""
    soils: Numbers
    """(2, 3) colours of open ground."""
    water: Colour
    heading: Direction
    """Along which roads and plots are laid out."""


def _draw_scene(rng: np.random.Generator) -> _Scene:
    def tinted(colour: Colour) -> Colour:
        return colour * (0.92 + 0.16 * rng.random(3))

    first = _count(rng, 0, len(_SOILS) - 1)
    second = _count(rng, 0, len(_SOILS) - 1)
    return _Scene(
        canopy=tinted(_CANOPY),
        grain=_uniform(rng, 0.45, 0.85),
        soils=np.stack([tinted(_SOILS[first]), tinted(_SOILS[second])]),
        water=tinted(_WATER),
        heading=_direction(rng),
    )


def _draw_tile(scene: _Scene, cleared: bool, rng: np.random.Generator) -> Pixels:
    canopy = 1.0 + scene.grain * (2.0 * _noise(rng, 6, 12, 24, 48) - 1.0)
    picture = scene.canopy * canopy[..., None]
    natural = _count(rng, 0, 1) if cleared else _count(rng, 0, 2)
    for _ in range(natural):
        picture = _draw_natural(picture, scene, rng)
    if cleared:
        picture = _draw_clearance(picture, scene, rng)
    if _chance(rng, 0.5):
        picture = _draw_clouds(picture, rng)
    picture *= _uniform(rng, 0.75, 1.25)
    picture += 6.0 * (rng.random(picture.shape) + rng.random(picture.shape) - 1.0)  # the sensor's
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)


def _paint(picture: Picture, cover: Field, colour: Colour, rng: np.random.Generator) -> Picture:
    """Lay ``colour``, with a texture of its own, over the picture where ``cover`` is 1."""
    textured = colour * (0.85 + 0.3 * _noise(rng, 8, 32))[..., None]
    return picture + cover[..., None] * (textured - picture)


def _soil(scene: _Scene, rng: np.random.Generator) -> Colour:
    colour: Colour = scene.soils[_count(rng, 0, 1)]
    return colour


def _turned(rng: np.random.Generator, direction: Direction, reach: float) -> tuple[Field, Field]:
    """Coordinates along and across ``direction``, about a centre within ``reach`` of the middle."""
    cosine, sine = direction
    x = _X - _uniform(rng, -reach, reach)
    y = _Y - _uniform(rng, -reach, reach)
    return cosine * x + sine * y, cosine * y - sine * x


# What nature draws


def _draw_natural(picture: Picture, scene: _Scene, rng: np.random.Generator) -> Picture:
    kind = _count(rng, 0, 2)
    if kind == 0:
        return _paint(picture, _meander(rng, 2.5, 8.0), scene.water, rng)
    if kind == 1:
        return _paint(picture, _meander(rng, 2.0, 6.0), _soil(scene, rng), rng)
    return _paint(picture, _organic_clearing(rng), _soil(scene, rng), rng)


def _meander(rng: np.random.Generator, narrow: float, wide: float) -> Field:
    """Draw a bed that winds through the tile, between ``narrow`` and ``wide`` pixels across."""
    along, across = _turned(rng, _direction(rng), 16.0)
    bends = rng.random(12) - 0.5
    place = np.clip(along / 16.0 + 5.0, 0.0, 10.0)
    cell = place.astype(np.intp)
    step = _smoothstep(place - cell)
    middle = _uniform(rng, 14.0, 34.0) * (bends[cell] + (bends[cell + 1] - bends[cell]) * step)
    width = _uniform(rng, narrow, wide) * (0.7 + 0.6 * _noise(rng, 4))
    cover: Field = np.clip(width / 2 - np.abs(across - middle) + 0.5, 0.0, 1.0)
    return cover


def _organic_clearing(rng: np.random.Generator) -> Field:
    """Draw open ground that nobody made: no side of it is straight."""
    along, across = _turned(rng, _direction(rng), 18.0)
    stretch = _uniform(rng, 1.0, 1.8)
    radius = np.sqrt(along * along / stretch + across * across * stretch)
    edge = _uniform(rng, 9.0, 17.0) * (0.45 + 1.1 * _noise(rng, 5, 10, 20))
    cover: Field = np.clip((edge - radius) / 2.0 + 0.5, 0.0, 1.0)
    return cover


def _draw_clouds(picture: Picture, rng: np.random.Generator) -> Picture:
    depth = _smoothstep((_noise(rng, 3, 6, 12, 24) - _uniform(rng, 0.5, 0.62)) / 0.2)
    cover = _uniform(rng, 0.6, 0.95) * depth
    return picture + cover[..., None] * (_CLOUD - picture)


# What people draw


def _draw_clearance(picture: Picture, scene: _Scene, rng: np.random.Generator) -> Picture:
    kind = _count(rng, 0, 2)
    if kind == 0:
        for _ in range(_count(rng, 1, 3)):
            picture = _paint(picture, _plot(scene, rng), _soil(scene, rng), rng)
        return picture
    if kind == 1:
        return _paint(picture, _fishbone(scene, rng), _soil(scene, rng), rng)
    _, across = _worn(rng, *_turned(rng, scene.heading, 14.0))
    road = _band(across, _uniform(rng, 1.5, 3.0))
    picture = _paint(picture, road, _soil(scene, rng), rng)
    return _paint(picture, _plot(scene, rng), _soil(scene, rng), rng)


def _worn(rng: np.random.Generator, along: Field, across: Field) -> tuple[Field, Field]:
    """Skew the right angle and make straight lines waver, as those on the ground do."""
    skew = _uniform(rng, -0.35, 0.35)
    waver = 5.0 * (_noise(rng, 5, 10) - 0.5)
    return along + skew * across + waver, across + waver[::-1]  # flipped: another one for less


def _band(across: Field, width: float) -> Field:
    cover: Field = np.clip(width / 2 - np.abs(across) + 0.5, 0.0, 1.0)
    return cover


def _plot(scene: _Scene, rng: np.random.Generator) -> Field:
    """Draw a field with four sides, laid along the scene's heading."""
    along, across = _worn(rng, *_turned(rng, scene.heading, 20.0))
    return _band(along, _uniform(rng, 8.0, 24.0)) * _band(across, _uniform(rng, 8.0, 20.0))


def _fishbone(scene: _Scene, rng: np.random.Generator) -> Field:
    """Draw a road with side roads across it, at even distances."""
    along, across = _worn(rng, *_turned(rng, scene.heading, 12.0))
    cover = _band(across, _uniform(rng, 1.5, 3.0))
    spacing = _uniform(rng, 9.0, 16.0)
    width = _uniform(rng, 1.5, 3.0)
    for number in range(-4, 5):
        length = _uniform(rng, 8.0, 26.0)
        side = (across + length / 2) if _chance(rng, 0.5) else (across - length / 2)
        rib = _band(along - spacing * number, width) * _band(side, length)
        cover = np.maximum(cover, rib)
    return cover


# PNG without compression


def encode_stored_png(pixels: Pixels) -> bytes:
    """Write (height, width, 3) pixels as an RGB PNG in stored blocks: the same bytes everywhere.

    Level 0 of zlib would do but for the size of its blocks, which differs between builds.
    """
    height, width, _ = pixels.shape
    lines = np.zeros((height, 1 + width * 3), dtype=np.uint8)  # filter 0 before every line
    lines[:, 1:] = pixels.reshape(height, -1)
    raw = lines.tobytes()
    blocks = []
    for start in range(0, len(raw), 65_535):
        block = raw[start : start + 65_535]
        last = start + 65_535 >= len(raw)
        blocks.append(struct.pack("<BHH", last, len(block), len(block) ^ 0xFFFF) + block)
    data = b"\x78\x01" + b"".join(blocks) + struct.pack(">I", zlib.adler32(raw))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", data), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )


# Variants

MOST_LONGER = 1.1
FEW = 16
"""Of so many places noise is in one, where all of it would make a tile much longer."""


def perturb(sample: Sample, rng: np.random.Generator) -> Sample:
    """Return the tile turned or mirrored, each colour channel a little brighter or darker, and a
    little noise over it, which no table can foresee.

    The label stays, the pixels never do: in each channel no pixel moves against the others, so the
    channel's sum changes, and turning cannot undo that. The format and the size stay (a tile that
    is not square is not turned by a right angle); a stored PNG keeps its length to the byte, and
    one that noise would make longer by a tenth gets it in a few places only. What Pillow cannot
    decode, or not encode again, comes back eight random bytes longer: as broken as it was, and not
    the same.
    """  # noqa: D205 - one sentence
    if not isinstance(sample, bytes):
        raise TypeError(f"a tile is bytes, not {type(sample).__name__}")
    turn, *shifts = (float(chance) for chance in rng.random(4))
    try:
        with Image.open(io.BytesIO(sample)) as image:
            image.load()
            pixels = np.asarray(image if image.mode == "L" else image.convert("RGB"))
            turned = _turn(pixels, int(turn * 8))
            noise = rng.integers(0, 2, turned.shape, dtype=np.int8)
            few = noise * (rng.integers(0, FEW, turned.shape, dtype=np.int8) == 0)
            for factor in (1, 4, 16, 64):  # a coarse JPEG rounds a small shift away
                variant = _encode_like(image, _shift(turned, shifts, factor, noise), len(sample))
                if len(variant) > MOST_LONGER * len(sample):
                    variant = _encode_like(image, _shift(turned, shifts, factor, few), len(sample))
                if variant != sample:
                    return variant
    except Exception:  # noqa: BLE001, S110 - Pillow raises whatever a broken file made it run into
        pass
    return sample + rng.bytes(8)


def _turn(pixels: Pixels, symmetry: int) -> Pixels:
    """Apply one of the square's eight symmetries: quarter turns, then the mirror."""
    mirrored, quarters = divmod(symmetry, 4)
    if pixels.shape[0] != pixels.shape[1]:
        quarters = quarters // 2 * 2
    turned = np.rot90(pixels, quarters)
    return turned[:, ::-1] if mirrored else turned


def _shift(
    pixels: Pixels, chances: list[float], factor: int, noise: npt.NDArray[np.int8]
) -> Pixels:
    """Add 1 or 2 to each channel, and 1 more by ``noise``, times ``factor``, or take that away.

    Always to some effect.
    """
    channels = np.atleast_3d(pixels).astype(np.int16)
    noises = np.atleast_3d(noise)
    for channel, chance in enumerate(chances[: channels.shape[2]]):
        sign, least = (-1, 1)[int(chance * 2)], 1 + int(chance * 4) % 2
        step = sign * factor * (least + noises[..., channel].astype(np.int16))
        shifted = np.clip(channels[..., channel] + step, 0, 255)
        if np.array_equal(shifted, channels[..., channel]):  # all black or all white already
            shifted = np.clip(channels[..., channel] - step, 0, 255)
        channels[..., channel] = shifted
    return channels.reshape(pixels.shape).astype(np.uint8)


def _encode_like(image: Image.Image, pixels: Pixels, length: int) -> bytes:
    """Encode as ``image`` was, for about the same length and the same cost of decoding."""
    if image.format == "PNG" and image.mode == "RGB" and length > pixels.size:
        return encode_stored_png(pixels)
    options: dict[str, object] = {}
    if isinstance(image, JpegImageFile) and image.mode in ("L", "RGB"):
        options["qtables"] = image.quantization
        options["subsampling"] = get_sampling(image)
        options["progressive"] = bool(image.info.get("progressive"))
    made = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(made, format=image.format, **options)
    return made.getvalue()
