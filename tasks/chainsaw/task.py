"""Sample clips for ``chainsaw``; variants of clips are made in ``variants.py``.

A clip is about three seconds of a forest: pink noise, rain, insects and birds. Half of them hold a
chainsaw, which revs, rasps and is rich in harmonics. Half of the others hold an engine or a
helicopter at the same level, so that loudness does not tell them apart.

The same seed gives the same bytes on every machine. All chance comes from ``Generator.random``;
all arithmetic is elementwise +, -, x, / and square root, which IEEE 754 rounds one way only. Sines
are read from a table that such arithmetic makes, at phases that integers add up, and so is a
signal's power: no library's sine, no Fourier transform, no sum whose order a processor chooses.
"""

from __future__ import annotations

import hashlib
import importlib.util
import math
import struct
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from harness.tasks.protocol import Item

Numbers: TypeAlias = npt.NDArray[np.float64]
Signal: TypeAlias = npt.NDArray[np.float32]
"""(frames,): a sound, or what scales one."""
Table: TypeAlias = npt.NDArray[np.float32]
"""(2048,): one turn of something periodic."""
Phase: TypeAlias = npt.NDArray[np.uint32]
"""(frames,): where in its turn something is, in 2^-32 turns."""

USUAL_FRAMES = 36_000
CLIPS_PER_SCENE = 8
SCENES = {"train": 200, "test": 150}
SPLIT_KEYS = {"train": 0, "test": 1}
CHAINSAW, ENVIRONMENT = 0, 1

EMPTY, SHORT, LONG = 0.005, 0.015, 0.015
"""Shares of clips without a frame, of 0.2 to 2.5 s, and of 4 to 8 s."""
_LEAST_STEP = -13.0
"""Decibels of the faintest saw, engine or helicopter against all else; the loudest is at 0."""
_HIGHEST = 5_700.0
"""Hertz; no harmonic beyond, or it would be heard folded back."""


def _sibling(name: str) -> ModuleType:
    """Import a file beside this one: a task's folder is no package."""
    path = Path(__file__).with_name(f"{name}.py")
    spec = importlib.util.spec_from_file_location(f"{__name__}_{name}", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path}: cannot be imported")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_signals = _sibling("signals")
_uniform, _chance, _count = _signals.uniform, _signals.chance, _signals.count
_amplitude, _level = _signals.amplitude, _signals.level
_smoothstep, _contour, _spread = _signals.smoothstep, _signals.contour, _signals.spread
_phase, _read, _make_tone = _signals.phase, _signals.read, _signals.make_tone
_SINE, _FADING, _TURN = _signals.SINE, _signals.FADING, _signals.TURN
_CONTROL, _MOST_HARMONICS = _signals.CONTROL, _signals.MOST_HARMONICS
RATE = _signals.RATE
perturb = _sibling("variants").perturb


def generate(seed: int, split: str) -> Iterator[Item]:
    """Yield the items of ``train`` (1,600) or ``test`` (1,200), half of them saws, shuffled.

    Scenes (weather, insects, birds, loudness) are never shared between splits, nor between seeds.
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
    for position in range(CLIPS_PER_SCENE):
        label = ENVIRONMENT if position % 2 else CHAINSAW
        frames = _draw_length(rng)
        if frames:
            sample = encode_wav(_draw_clip(scene, label == CHAINSAW, frames, rng))
        else:
            sample = encode_wav(np.zeros(0, np.int16), remains=_remains(rng))
        name = hashlib.sha256(sample).hexdigest()[:16]  # of the content: no label, no order
        yield Item(id=name, sample=sample, label=label, group=group)


def _generator(seed: int, *key: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=key)))


# Chance


def _white(rng: np.random.Generator, frames: int) -> Signal:
    """Noise between -0.5 and 0.5, whose variance is 1/12."""
    return rng.random(frames, dtype=np.float32) - np.float32(0.5)


def _draw_length(rng: np.random.Generator) -> int:
    chance, extent = float(rng.random()), float(rng.random())
    if chance < EMPTY:
        return 0
    if chance < EMPTY + SHORT:
        return int((0.2 + 2.3 * extent) * RATE)
    if chance < EMPTY + SHORT + LONG:
        return int((4.0 + 4.0 * extent) * RATE)
    return USUAL_FRAMES


def _remains(rng: np.random.Generator) -> bytes:
    """Draw what an interrupted recorder leaves in a file without a frame: no two are alike."""
    return bytes(int(chance * 256) for chance in rng.random(16))


# The forest


class _Insect(NamedTuple):
    """One that sings throughout."""

    hertz: float
    pulses: float
    """A second."""
    strength: float


class _Scene(NamedTuple):
    """What the clips of one place have in common."""

    loudness: float
    """Root mean square, of full scale."""
    rain: float
    """Strength against the noise; 0 when it is dry."""
    insects: tuple[_Insect, ...]
    calls: int
    """How many notes of birds a clip has at most."""
    pitch: float
    """Hertz, about which they sing."""


def _draw_scene(rng: np.random.Generator) -> _Scene:
    insects = tuple(
        _Insect(_uniform(rng, 2_200, 5_600), _uniform(rng, 6, 70), _uniform(rng, 0.15, 0.9))
        for _ in range(_count(rng, 0, 2))
    )
    return _Scene(
        loudness=_uniform(rng, 0.02, 0.12),
        rain=_uniform(rng, 0.3, 1.6) if _chance(rng, 0.5) else 0.0,
        insects=insects,
        calls=_count(rng, 0, 5),
        pitch=_uniform(rng, 1_400, 3_400),
    )


def _draw_clip(
    scene: _Scene, saw: bool, frames: int, rng: np.random.Generator
) -> npt.NDArray[np.int16]:
    sound = _draw_background(scene, frames, rng)
    sound *= np.float32(1.0 / _level(sound))
    source = None
    if saw:
        source = _draw_saw(rng, frames)
    elif _chance(rng, 0.5):
        source = _draw_engine(rng, frames) if _chance(rng, 0.6) else _draw_helicopter(rng, frames)
    if source is not None:
        strength = _amplitude(_uniform(rng, _LEAST_STEP, 0.0)) / _level(source)
        sound += np.float32(strength) * source * _presence(rng, frames)
    sound *= np.float32(scene.loudness * _uniform(rng, 0.6, 1.6) * 32_768)
    return np.clip(np.rint(sound), -32_768, 32_767).astype(np.int16)


def _presence(rng: np.random.Generator, frames: int) -> Signal:
    """Draw when the source is heard: mostly throughout, else from some time on, or until then."""
    kind, edge = _uniform(rng, 0.0, 1.0), _uniform(rng, 0.25, 0.6)
    if kind < 0.7:  # noqa: PLR2004 - the share of those heard throughout
        return np.ones(frames, np.float32)
    points = -(-frames // _CONTROL)
    rise = _smoothstep((np.arange(points) / points - edge) * 8.0 + 0.5)
    return _spread(rise if kind < 0.85 else rise[::-1], frames)  # noqa: PLR2004


def _draw_background(scene: _Scene, frames: int, rng: np.random.Generator) -> Signal:
    sound = _draw_pink(rng, frames)
    if scene.rain:
        sound += np.float32(scene.rain * _uniform(rng, 0.7, 1.3)) * _draw_rain(rng, frames)
    for insect in scene.insects:
        sound += np.float32(insect.strength * _uniform(rng, 0.4, 1.2)) * _draw_insect(
            insect, rng, frames
        )
    for _ in range(_count(rng, 0, scene.calls)):
        _add_call(sound, scene.pitch, rng)
    return sound


def _draw_pink(rng: np.random.Generator, frames: int) -> Signal:
    """Draw noise of about equal power in every octave: values that hold for 1, 2, 4 … frames."""
    octaves = 10
    sound = _white(rng, frames)
    for octave in range(1, octaves):
        held = _white(rng, (frames >> octave) + 1)
        sound += np.repeat(held, 1 << octave)[:frames]
    sound *= np.float32(math.sqrt(12.0 / octaves))
    return sound


_DROP: Signal = (_SINE[(np.arange(64) * 430) % _TURN] * _FADING[np.arange(64) * 32]).astype(
    np.float32
)
"""A drop on a leaf: 5 ms, at 2.5 kHz."""


def _draw_rain(rng: np.random.Generator, frames: int) -> Signal:
    """Draw hiss with little below 0.8 kHz, and drops."""
    white = _white(rng, frames + 1)
    sound = (white[1:] - np.float32(0.75) * white[:-1]) * np.float32(math.sqrt(12 / 1.5625))
    drops = _count(rng, 0, frames // 600)
    places, strengths = rng.random(drops), rng.random(drops)
    for place, strength in zip(places.tolist(), strengths.tolist(), strict=True):
        at = int(place * max(frames - len(_DROP), 0))
        sound[at : at + len(_DROP)] += np.float32(6.0 * strength * strength) * _DROP[:frames]
    return sound


def _steady(hertz: float, frames: int, start: float) -> Phase:
    step = np.uint32(round(hertz * (2.0**32 / RATE)))
    return np.arange(frames, dtype=np.uint32) * step + np.uint32(int(start * 2**32))


def _draw_insect(insect: _Insect, rng: np.random.Generator, frames: int) -> Signal:
    carrier = _read(_SINE, _steady(insect.hertz, frames, float(rng.random())))
    return carrier * _read(_FADING, _steady(insect.pulses, frames, float(rng.random()))) * 2


def _add_call(sound: Signal, pitch: float, rng: np.random.Generator) -> None:
    """Sing one note, which rises or falls, somewhere in ``sound``."""
    length = min(_count(rng, 600, 4_200), len(sound))
    at = int(float(rng.random()) * (len(sound) - length + 1))
    bend = 1.0 + _uniform(rng, 0.0, 0.35) * (2.0 * _contour(rng, length, 3) - 1.0)
    note = _read(_SINE, _phase(pitch * _uniform(rng, 0.85, 1.2) * bend, length))
    points = -(-length // _CONTROL)
    swell = _smoothstep(4.0 * np.arange(points) / points)
    strength = _uniform(rng, 0.3, 2.0)
    sound[at : at + length] += note * _spread(strength * swell * swell[::-1], length)


# What makes the difference


def _draw_saw(rng: np.random.Generator, frames: int) -> Signal:
    """Draw a two-stroke engine that revs by up to 25 %, with the rasp of its chain."""
    fundamental = _uniform(rng, 85.0, 190.0)
    revving = _uniform(rng, 0.06, 0.25)
    turns = max(1, frames * _count(rng, 1, 7) // USUAL_FRAMES)
    phase = _phase(
        fundamental * (1.0 + revving * (2.0 * _contour(rng, frames, turns) - 1.0)), frames
    )
    harmonics = int(_HIGHEST / (fundamental * (1.0 + revving)))
    sound = _read(_make_tone(rng, _uniform(rng, 0.3, 0.9), harmonics), phase)
    rasp = _white(rng, frames) * _read(_FADING, phase)
    sound += np.float32(_uniform(rng, 0.5, 5.0)) * rasp
    return sound * _spread(0.4 + 0.6 * _contour(rng, frames, turns + 1), frames)


def _draw_engine(rng: np.random.Generator, frames: int) -> Signal:
    """Draw a motor that runs evenly, and whose harmonics die away sooner."""
    fundamental = _uniform(rng, 25.0, 120.0)
    wander = _uniform(rng, 0.0, 0.03)
    phase = _phase(fundamental * (1.0 + wander * (2.0 * _contour(rng, frames, 3) - 1.0)), frames)
    harmonics = min(int(_HIGHEST / (fundamental * 1.03)), _MOST_HARMONICS)
    sound = _read(_make_tone(rng, _uniform(rng, 0.9, 1.7), harmonics), phase)
    sound += np.float32(_uniform(rng, 0.0, 2.0)) * _white(rng, frames) * _read(_FADING, phase)
    return sound * _spread(0.7 + 0.3 * _contour(rng, frames, 2), frames)


def _draw_helicopter(rng: np.random.Generator, frames: int) -> Signal:
    """Draw blades that beat 11 to 28 times a second, and a tail rotor that whines."""
    beat = _phase(np.full(-(-frames // _CONTROL), _uniform(rng, 11.0, 28.0)), frames)
    sound = _read(_make_tone(rng, _uniform(rng, 0.7, 1.2), 40), beat)
    sound += np.float32(_uniform(rng, 1.0, 4.0)) * _draw_pink(rng, frames) * _read(_FADING, beat)
    tail = np.full(-(-frames // _CONTROL), _uniform(rng, 60.0, 130.0))
    whine = _read(_make_tone(rng, _uniform(rng, 0.9, 1.5), 30), _phase(tail, frames))
    sound += np.float32(_uniform(rng, 0.0, 0.6)) * whine
    return sound * _spread(0.6 + 0.4 * _contour(rng, frames, 2), frames)


# WAV

_FORMAT = struct.Struct("<HHIIHH")
_PCM = 1


def encode_wav(frames: npt.NDArray[np.int16], *, remains: bytes = b"") -> bytes:
    """Write frames as a mono WAV of 16 bits at 12 kHz; ``remains`` goes into a chunk of its own."""
    chunks = [
        (b"fmt ", _FORMAT.pack(_PCM, 1, RATE, 2 * RATE, 2, 16)),
        (b"data", frames.astype("<i2").tobytes()),
    ]
    if remains:
        chunks.append((b"JUNK", remains))
    body = b"WAVE" + b"".join(
        struct.pack("<4sI", name, len(content)) + content for name, content in chunks
    )
    return struct.pack("<4sI", b"RIFF", len(body)) + body
