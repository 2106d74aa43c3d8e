"""Sample clips for ``chainsaw``, and variants of clips that are new work to a model.

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
import io
import math
import struct
from collections.abc import Iterator
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from harness.tasks.protocol import Item, Sample

Numbers: TypeAlias = npt.NDArray[np.float64]
Signal: TypeAlias = npt.NDArray[np.float32]
"""(frames,): a sound, or what scales one."""
Table: TypeAlias = npt.NDArray[np.float32]
"""(2048,): one turn of something periodic."""
Phase: TypeAlias = npt.NDArray[np.uint32]
"""(frames,): where in its turn something is, in 2^-32 turns."""

RATE = 12_000
"""Frames a second."""
USUAL_FRAMES = 36_000
CLIPS_PER_SCENE = 8
SCENES = {"train": 200, "test": 150}
SPLIT_KEYS = {"train": 0, "test": 1}
CHAINSAW, ENVIRONMENT = 0, 1

EMPTY, SHORT, LONG = 0.005, 0.015, 0.015
"""Shares of clips without a frame, of 0.2 to 2.5 s, and of 4 to 8 s."""
_CONTROL = 32
"""Frames for which what changes slowly stands still."""
_TURN_BITS = 11
_TURN = 1 << _TURN_BITS
_LEAST_STEP = -13.0
"""Decibels of the faintest saw, engine or helicopter against all else; the loudest is at 0."""
_DECIBEL = 0.8912509381337456  # 10 ** (-1 / 20)
_HIGHEST = 5_700.0
"""Hertz; no harmonic beyond, or it would be heard folded back."""
_MOST_HARMONICS = 64


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


def _uniform(rng: np.random.Generator, low: float, high: float) -> float:
    return low + (high - low) * float(rng.random())


def _chance(rng: np.random.Generator, probability: float) -> bool:
    return float(rng.random()) < probability


def _count(rng: np.random.Generator, low: int, high: int) -> int:
    """Draw from ``low`` to ``high``, both included."""
    return low + int(float(rng.random()) * (high - low + 1))


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


# Building blocks


def _make_sine() -> Table:
    """One turn of the sine, a quarter of it by its series."""
    x = np.arange(_TURN // 4 + 1) * (math.pi / 2 / (_TURN // 4))
    square = x * x
    series = np.ones_like(x)
    for order in (12, 10, 8, 6, 4, 2):
        series = 1.0 - square / (order * (order + 1)) * series
    rising = x * series
    half = np.concatenate([rising[:-1], rising[:0:-1]])
    return np.concatenate([half, -half]).astype(np.float32)


_SINE = _make_sine()
_PLACES = np.arange(_TURN)
_FADING: Table = ((1.0 - _PLACES / _TURN) * (1.0 - _PLACES / _TURN)).astype(np.float32)
"""A burst at the beginning of each turn, quickly over."""


def _make_tilts() -> Numbers:
    """(9, 64): row i holds the number of each harmonic to the power of -i/4."""
    numbers = np.arange(1, _MOST_HARMONICS + 1, dtype=np.float64)
    quarter = 1.0 / np.sqrt(np.sqrt(numbers))
    rows = [np.ones_like(numbers)]
    for _ in range(8):
        rows.append(rows[-1] * quarter)
    return np.stack(rows)


_TILTS = _make_tilts()


def _amplitude(decibels: float) -> float:
    """Return the factor of so many decibels, 0 or fewer; within 0.02 of a decibel."""
    whole = int(-decibels)
    factor = 1.0
    for _ in range(whole):
        factor *= _DECIBEL
    return factor * (1.0 - (-decibels - whole) * (1.0 - _DECIBEL))


def _smoothstep(values: Numbers) -> Numbers:
    clipped = np.clip(values, 0.0, 1.0)
    return clipped * clipped * (3.0 - 2.0 * clipped)


def _contour(rng: np.random.Generator, frames: int, cells: int) -> Numbers:
    """Draw something smooth between 0 and 1, with so many turns of mind; one value a control."""
    points = -(-frames // _CONTROL)
    place = np.arange(points) * (cells / points)
    cell = place.astype(np.intp)
    lattice = rng.random(cells + 1)
    return lattice[cell] + (lattice[cell + 1] - lattice[cell]) * _smoothstep(place - cell)


def _spread(controls: Numbers, frames: int) -> Signal:
    return np.repeat(controls.astype(np.float32), _CONTROL)[:frames]


def _phase(hertz: Numbers, frames: int) -> Phase:
    """Add up frequencies, one a control, to phases; whole turns fall off at the top."""
    steps = np.rint(hertz * (2.0**32 / RATE)).astype(np.uint32)
    return np.cumsum(np.repeat(steps, _CONTROL)[:frames], dtype=np.uint32)


def _read(table: Table, phase: Phase) -> Signal:
    return table[phase >> np.uint32(32 - _TURN_BITS)]


def _make_tone(rng: np.random.Generator, tilt: float, harmonics: int) -> Table:
    """Draw one turn of a tone of unit power; harmonic k is about k to the power of -tilt strong."""
    row, part = divmod(tilt * 4.0, 1.0)
    above = _TILTS[int(row) + 1]
    strengths = _TILTS[int(row)] * (1.0 - part) + above * part
    total, power = np.zeros(_TURN, np.float32), 0.0
    for number in range(1, harmonics + 1):
        strength = float(strengths[number - 1]) * _uniform(rng, 0.5, 1.5)
        start = _count(rng, 0, _TURN - 1)
        total += np.float32(strength) * _SINE[(number * _PLACES + start) & (_TURN - 1)]
        power += strength * strength / 2
    return total / np.float32(math.sqrt(power))


def _level(signal: Signal) -> float:
    """Return the root mean square, by way of whole numbers, whose sum no order changes."""
    whole = np.rint(signal * np.float32(4096)).astype(np.int64)
    return math.sqrt(int((whole * whole).sum()) / len(whole)) / 4096 + 1e-6


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
_PCM, _EXTENSIBLE = 1, 0xFFFE


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


def _chunks(sample: bytes) -> Iterator[tuple[bytes, int, int, int]]:
    """Yield name, place of the name, and first and last byte but one of each chunk's content."""
    at = 12
    while at + 8 <= len(sample):
        name, size = struct.unpack_from("<4sI", sample, at)
        yield name, at, at + 8, min(at + 8 + size, len(sample))
        at += 8 + size + size % 2


# Variants

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
    gain = (0.8 + 0.2 * float(rng.random())) * (-1 if _chance(rng, 0.5) else 1)
    turned = np.roll(frames, _count(rng, 0, len(frames) - 1), axis=0)
    noise = rng.integers(-1, 2, turned.shape, dtype=np.int8)
    return turned * frames.dtype.type(gain) + noise * frames.dtype.type(step)
