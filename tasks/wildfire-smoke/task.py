"""Sample frames for ``wildfire-smoke``, drawn on the fields of ``fields.py``.

Variants of frames are made in ``variants.py``.

A frame is what a camera on a lookout sees: sky, ridges, haze. Frames with smoke hold one to three
plumes, each anchored on a ridge, leaning with the wind and torn by it. All frames may hold what is
mistaken for smoke: low clouds, banks of fog, glare, of the same contrasts and textures.

The same seed gives the same bytes on every machine. All chance comes from ``Generator.random``;
all arithmetic is elementwise +, -, x and /, which IEEE 754 rounds one way only, or on whole
numbers, which no order of summing changes; and the JPEG is written by ``jpeg.py``, since builds of
libjpeg differ.
"""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from harness.tasks.protocol import Item

Numbers: TypeAlias = npt.NDArray[np.float64]
Integers: TypeAlias = npt.NDArray[np.int64]
Box: TypeAlias = tuple[float, float, float, float]
Window: TypeAlias = tuple[int, int, int, int]
"""Rows from, up to, columns from, up to: all even, since chroma has half the resolution."""

WIDTH, HEIGHT = 256, 192
MARGIN = 16
"""How far a scene reaches beyond the frame: the camera never points twice at quite the same."""
FRAMES_PER_SCENE = 8
SCENES = {"train": 150, "test": 150}
SPLIT_KEYS = {"train": 0, "test": 1}
CLEAR, SMOKE = 0, 1
CONTRASTS = (0.05, 0.25)
"""Of smoke and of what looks like it, against what is behind: shares of white less black."""
LEAST_STRENGTH = 0.25
"""How much of what is behind the thickest smoke hides, at least."""
VISIBLE = 0.2
"""The share of a plume's greatest density from which on its box holds it."""
LEAST_SIDE = 8
"""Pixels: a plume that shows less than this in height or width is drawn again."""


def _sibling(name: str) -> ModuleType:
    """Import a file beside this one: a task's folder is no package."""
    path = Path(__file__).with_name(f"{name}.py")
    spec = importlib.util.spec_from_file_location(f"{__name__}_{name}", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path}: cannot be imported")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_jpeg = _sibling("jpeg")
_fields = _sibling("fields")
_uniform, _chance, _count = _fields.uniform, _fields.chance, _fields.count
_smoothstep, _noise = _fields.smoothstep, _fields.noise
perturb = _sibling("variants").perturb


def generate(seed: int, split: str) -> Iterator[Item]:
    """Yield the items of ``train`` or ``test`` (1,200 each), half of them with smoke, shuffled.

    Scenes (horizon, ridges, colours) are never shared between splits, nor between seeds.
    Raises ``ValueError`` for another split.
    """
    if split not in SCENES:
        raise ValueError(f"no split {split!r}: there are {', '.join(SCENES)}")
    items = [item for number in range(SCENES[split]) for item in _scene_items(seed, split, number)]
    order = np.argsort(_generator(seed, SPLIT_KEYS[split]).random(len(items)), kind="stable")
    for position in order:
        yield items[position]


def _scene_items(seed: int, split: str, number: int) -> Iterator[Item]:
    rng = _generator(seed, SPLIT_KEYS[split], number)
    scene = _draw_scene(rng)
    group = hashlib.sha256(f"scene/{seed}/{split}/{number}".encode()).hexdigest()[:12]
    for position in range(FRAMES_PER_SCENE):
        label = SMOKE if position % 2 else CLEAR
        picture, boxes = _draw_frame(scene, label == SMOKE, rng)
        sample: bytes = _jpeg.encode(picture.luma, picture.chroma)
        name = hashlib.sha256(sample).hexdigest()[:16]  # of the content: no label, no order
        yield Item(id=name, sample=sample, label=label, group=group, boxes=boxes)


def _generator(seed: int, *key: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=key)))


# Pictures in the planes that JPEG stores


class _Picture(NamedTuple):
    luma: Numbers
    """(height, width), 0 to 255."""
    chroma: Numbers
    """(2, height / 2, width / 2): blue and red against luma, about 128."""


def _colour(red: float, green: float, blue: float) -> tuple[float, float, float]:
    """Return luma and both chromas of a colour, each 0 to 255 (ITU-R BT.601, as JFIF has it)."""
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    return luma, 128 + (blue - luma) / 1.772, 128 + (red - luma) / 1.402


_ZENITHS = (_colour(96, 140, 196), _colour(150, 170, 195), _colour(176, 182, 190))
_HAZES = (_colour(190, 200, 212), _colour(205, 205, 205), _colour(208, 200, 188))
_LANDS = (_colour(62, 78, 48), _colour(88, 84, 56), _colour(112, 98, 68), _colour(54, 66, 54))
_PALE_GROUND = _colour(168, 156, 124)
_CLOUD = _colour(226, 228, 232)
_SUN = _colour(255, 244, 222)


def _paint(picture: _Picture, window: Window, cover: Numbers, colour: tuple[float, ...]) -> None:
    """Lay a colour over a window of the picture, where ``cover`` is 1; in place."""
    top, bottom, left, right = window
    luma = picture.luma[top:bottom, left:right]
    luma += cover * (colour[0] - luma)
    quarter = (cover[::2, ::2] + cover[1::2, ::2] + cover[::2, 1::2] + cover[1::2, 1::2]) / 4
    chroma = picture.chroma[:, top // 2 : bottom // 2, left // 2 : right // 2]
    for number, level in enumerate(colour[1:]):
        chroma[number] += quarter * (level - chroma[number])


def _mixed(
    one: tuple[float, ...], other: tuple[float, ...], share: float
) -> tuple[float, float, float]:
    """Return ``one`` with this share of ``other`` in it."""
    luma, blue, red = (a + (b - a) * share for a, b in zip(one, other, strict=True))
    return luma, blue, red


def _window(top: float, bottom: float, left: float, right: float) -> Window:
    """Return the even window within the frame that holds these edges."""
    return (
        max(0, int(top) // 2 * 2),
        min(HEIGHT, max(0, int(bottom)) // 2 * 2 + 2),
        max(0, int(left) // 2 * 2),
        min(WIDTH, max(0, int(right)) // 2 * 2 + 2),
    )


def _grid(window: Window) -> tuple[Numbers, Numbers]:
    """Return the rows (height, 1) and columns (width,) of a window."""
    top, bottom, left, right = window
    return np.arange(top, bottom, dtype=np.float64)[:, None], np.arange(
        left, right, dtype=np.float64
    )


# Scenes


class _Scene(NamedTuple):
    """What the frames of one camera have in common."""

    picture: _Picture
    """The view in clear air, ``MARGIN`` larger than a frame on every side."""
    crests: Numbers
    """(ridges, width): the row in which each ridge begins, from the farthest to the nearest."""
    haze: tuple[float, float, float]


def _draw_scene(rng: np.random.Generator) -> _Scene:
    height, width = HEIGHT + 2 * MARGIN, WIDTH + 2 * MARGIN
    whole = (0, height, 0, width)
    haze = _HAZES[_count(rng, 0, len(_HAZES) - 1)]
    zenith = _ZENITHS[_count(rng, 0, len(_ZENITHS) - 1)]
    picture = _Picture(np.full((height, width), haze[0]), np.empty((2, height // 2, width // 2)))
    picture.chroma[0], picture.chroma[1] = haze[1], haze[2]
    row = np.arange(height, dtype=np.float64)[:, None]
    _paint(picture, whole, np.clip(1 - row / (0.5 * height), 0, 1) * np.ones(width), zenith)
    grain = _noise(rng, height, width, (9, 36), (5, 9), (2, 3))
    bare = np.clip((grain[:, ::-1] - 0.66) / 0.06, 0.0, 1.0)  # flipped: another one for less
    ridges = _count(rng, 3, 4)
    level = height * _uniform(rng, 0.3, 0.42)
    crests = np.empty((ridges, width))
    land = _LANDS[_count(rng, 0, len(_LANDS) - 1)]
    for number in range(ridges):
        near = (number + 1) / ridges
        swing = _uniform(rng, 20.0, 44.0)
        crests[number] = level + swing * (_noise(rng, 1, width, (1, 96), (1, 38), (1, 11))[0] - 0.5)
        level += height * _uniform(rng, 0.09, 0.17)
        top = max(0, int(crests[number].min())) // 2 * 2
        below = (top, height, 0, width)
        cover = np.clip(row[top:] - crests[number] + 0.5, 0.0, 1.0)
        colour = _mixed(land, haze, 0.75 * (1 - near) + _uniform(rng, 0.0, 0.15))
        _paint(picture, below, cover, colour)
        picture.luma[top:] += (grain[top:] - 0.5) * (cover * (90.0 * near))
        _paint(picture, below, bare[top:] * (cover * (0.5 * near)), _PALE_GROUND)
    return _Scene(picture, crests, haze)


# Frames


def _draw_frame(
    scene: _Scene, smoke: bool, rng: np.random.Generator
) -> tuple[_Picture, tuple[Box, ...]]:
    down, along = 2 * _count(rng, 0, MARGIN), 2 * _count(rng, 0, MARGIN)
    picture = _Picture(
        scene.picture.luma[down : down + HEIGHT, along : along + WIDTH].copy(),
        scene.picture.chroma[
            :, down // 2 : (down + HEIGHT) // 2, along // 2 : (along + WIDTH) // 2
        ].copy(),
    )
    crests = scene.crests[:, along : along + WIDTH] - down
    if _chance(rng, 0.5):
        _draw_clouds(picture, crests[0], rng)
    for _ in range(_count(rng, 0, 2) if smoke else _count(rng, 1, 2)):
        _draw_lure(picture, crests, rng)
    plumes = (1, 1, 1, 1, 1, 2, 2, 3)[_count(rng, 0, 7)] if smoke else 0
    boxes = [_draw_plume(picture, crests, rng) for _ in range(plumes)]
    veil = _uniform(rng, 0.0, 0.25)
    _paint(picture, (0, HEIGHT, 0, WIDTH), np.full((HEIGHT, WIDTH), veil), scene.haze)
    picture.luma[:] *= _uniform(rng, 0.75, 1.1)
    warmth = _uniform(rng, -6.0, 6.0)
    picture.chroma[0] -= warmth
    picture.chroma[1] += warmth
    picture.luma[:] += 5.0 * (rng.random((HEIGHT, WIDTH)) + rng.random((HEIGHT, WIDTH)) - 1.0)
    return picture, tuple(boxes)


def _draw_clouds(picture: _Picture, crest: Numbers, rng: np.random.Generator) -> None:
    window = _window(0, float(crest.max()), 0, WIDTH)
    row, _ = _grid(window)
    field = _noise(rng, window[1], WIDTH, (28, 70), (12, 28), (6, 12), (3, 6))
    cover = _smoothstep((field - _uniform(rng, 0.42, 0.6)) / 0.25) * np.clip(crest - row, 0.0, 1.0)
    _paint(picture, window, cover * _uniform(rng, 0.3, 0.9), _CLOUD)


def _lay(
    picture: _Picture,
    window: Window,
    density: Numbers,
    behind: float,
    rng: np.random.Generator,
    *,
    colour: tuple[float, ...] | None = None,
) -> None:
    """Lay something soft over a window, so that it stands out from ``behind`` by a contrast."""
    grey = _uniform(rng, 165.0, 235.0)
    if colour is None:
        colour = (grey, 128 + _uniform(rng, -3.0, 5.0), 128 + _uniform(rng, -4.0, 3.0))
    wanted = _uniform(rng, *CONTRASTS) * 255
    strength = min(0.92, max(LEAST_STRENGTH, wanted / max(40.0, abs(colour[0] - behind))))
    _paint(picture, window, density * strength, colour)


def _draw_plume(picture: _Picture, crests: Numbers, rng: np.random.Generator) -> Box:
    """Draw a plume and return its box, in shares of the frame."""
    while True:
        x = _count(rng, 8, WIDTH - 9)
        ridge = _count(rng, 0, len(crests) - 1)
        foot = float(crests[ridge, x]) + _uniform(rng, 0.0, 9.0)
        foot = min(foot, *(float(crest[x]) for crest in crests[ridge + 1 :]), HEIGHT - 2.0)
        window, density = _plume(x, foot, rng)
        shown = density > VISIBLE
        rows, columns = np.flatnonzero(shown.any(axis=1)), np.flatnonzero(shown.any(axis=0))
        if len(rows) < LEAST_SIDE or len(columns) < LEAST_SIDE:
            continue
        behind = float(picture.luma[min(HEIGHT - 1, int(foot) + 1), x])
        _lay(picture, window, density, behind, rng)
        top, _, left, _ = window
        return (
            (left + int(columns[0])) / WIDTH,
            (top + int(rows[0])) / HEIGHT,
            (left + int(columns[-1]) + 1) / WIDTH,
            (top + int(rows[-1]) + 1) / HEIGHT,
        )


def _plume(x: int, foot: float, rng: np.random.Generator) -> tuple[Window, Numbers]:
    """Return where a plume from (x, foot) is, and how dense: a column that the wind carries off."""
    length = _uniform(rng, 26.0, 96.0)
    lean = _uniform(rng, -1.0, 1.0)
    start, spread = _uniform(rng, 2.0, 5.0), _uniform(rng, 0.14, 0.36)
    reach = start + spread * length + 6
    window = _window(
        foot - length,
        foot,
        x + min(0.0, lean) * length - reach,
        x + max(0.0, lean) * length + reach,
    )
    row, column = _grid(window)
    risen = np.clip((foot - row) / length, 0.0, 1.0)
    high, wide = len(row), len(column)
    waver = 6.0 * (_noise(rng, high, 1, (14, 1)) - 0.5) * risen
    middle = x + lean * length * risen * (0.35 + 0.65 * risen) + waver
    across = (column - middle) / (start + spread * length * risen)
    body = np.clip(1 - across * across, 0.0, 1.0)
    ends = _smoothstep((1 - risen) / 0.55) * np.clip((foot - row + 1) / 2, 0.0, 1.0)
    torn = _noise(rng, high, 2 * wide, (12, 12), (6, 6), (3, 3))
    carried = np.clip(column - middle + wide, 0, 2 * wide - 1).astype(np.int64)
    texture = np.take_along_axis(torn, carried, axis=1)
    density = body * ends * _smoothstep((texture - 0.15) / 0.3)
    return window, density / max(0.2, float(density.max()))


def _draw_lure(picture: _Picture, crests: Numbers, rng: np.random.Generator) -> None:
    """Draw a low cloud, a bank of fog, or glare: soft and pale as smoke is, and no smoke."""
    kind = _count(rng, 0, 3)
    x = _count(rng, 8, WIDTH - 9)
    crest = crests[_count(rng, 0, len(crests) - 1)]
    y = min(max(2.0, float(crest[x])), HEIGHT - 3.0)
    if kind == 0:
        window, density = _low_cloud(x, y + _uniform(rng, -34.0, 2.0), rng)
    elif kind == 1:
        window, density = _fog(x, crest, rng)
    elif kind == 2:  # noqa: PLR2004 - of four kinds
        window, density = _glare(x, _uniform(rng, 0.0, 0.7) * HEIGHT, rng)
    else:
        window, density = _streak(x, y, rng)
    if density.size:
        behind = float(picture.luma[int(y), x])
        _lay(picture, window, density, behind, rng, colour=_SUN if kind > 1 else None)


def _low_cloud(x: int, y: float, rng: np.random.Generator) -> tuple[Window, Numbers]:
    wide, high = _uniform(rng, 10.0, 42.0), _uniform(rng, 5.0, 18.0)
    window = _window(y - high, y + high, x - wide, x + wide)
    row, column = _grid(window)
    right, down = (column - x) / wide, (row - y) / high
    body = np.clip(1 - right * right - down * down, 0.0, 1.0)
    texture = _noise(rng, len(row), len(column), (12, 12), (6, 6), (3, 3)) if body.size else body
    return window, body * _smoothstep((texture - 0.2) / 0.4)


def _fog(x: int, crest: Numbers, rng: np.random.Generator) -> tuple[Window, Numbers]:
    """Fog behind a ridge: it fills what is behind up to some height, and the ridge cuts it off."""
    wide, high = _uniform(rng, 24.0, 110.0), _uniform(rng, 6.0, 26.0)
    left, right = max(0, int(x - wide)), min(WIDTH, int(x + wide))
    part = crest[left:right]
    window = _window(float(part.min()) - high, float(part.max()), left, right - 1)
    row, column = _grid(window)
    above = crest[window[2] : window[3]] - row
    sides = (column - x) / wide
    body = np.clip(1 - sides * sides, 0.0, 1.0) * np.clip(above, 0.0, 1.0)
    if not body.size:
        return window, body
    texture = _noise(rng, len(row), len(column), (10, 30), (6, 10), (3, 4))
    return window, body * _smoothstep((1 - above / high) / 0.6) * _smoothstep(
        (texture - 0.15) / 0.4
    )


def _glare(x: int, y: float, rng: np.random.Generator) -> tuple[Window, Numbers]:
    radius = _uniform(rng, 12.0, 46.0)
    window = _window(y - radius, y + radius, x - radius, x + radius)
    row, column = _grid(window)
    right, down = (column - x) / radius, (row - y) / radius
    body = np.clip(1 - right * right - down * down, 0.0, 1.0)
    return window, body * body


def _streak(x: int, y: float, rng: np.random.Generator) -> tuple[Window, Numbers]:
    """Draw a ray of light or a smear on the glass: a column, but smooth, and rooted nowhere."""
    length, lean = _uniform(rng, 30.0, 90.0), _uniform(rng, -0.8, 0.8)
    broad = _uniform(rng, 3.0, 12.0)
    middle = y - length * _uniform(rng, 0.0, 0.6)
    reach = abs(lean) * length / 2 + broad
    window = _window(middle - length / 2, middle + length / 2, x - reach, x + reach)
    row, column = _grid(window)
    place = (row - middle) / (length / 2)
    across = (column - x - lean * (row - middle)) / broad
    body = np.clip(1 - across * across, 0.0, 1.0)
    return window, body * np.clip(1 - place * place, 0.0, 1.0)
