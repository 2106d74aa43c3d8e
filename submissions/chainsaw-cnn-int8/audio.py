"""From the stored bytes of a clip to the logarithm of its mel spectrum, with NumPy.

Decoding counts as energy. WAV of 16 bits is read by hand, since that is a copy and a division;
soundfile is imported only for a clip that is something else. The same file stands in every entry
that listens: an entry sees no folder but its own.
"""

from __future__ import annotations

import io
import struct

import numpy as np
import numpy.typing as npt

RATE = 12_000
"""Frames a second, to which other rates are brought."""
FRAMES = 3 * RATE
"""How much of a clip a network sees."""
WINDOW = 1_024
LOWEST_HERTZ = 40.0
MOST_FRAMES = 1 << 20
"""Nothing is decoded beyond: a few bytes can claim to be days of sound."""
_PCM, _EXTENSIBLE = 1, 0xFFFE
_FORMAT = struct.Struct("<HHIIHH")
_HANN = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)).astype(np.float32)
_FAINTEST = np.float32(1e-5)
"""Power below which everything is silence: it keeps the logarithm finite."""

Signal = npt.NDArray[np.float32]


def decode(sample: bytes) -> Signal:
    """Return the clip at 12 kHz, (frames,) within -1 and 1; empty where nothing can be decoded."""
    read = _read_wav(sample) or _read_other(sample)
    if read is None:
        return np.zeros(0, np.float32)
    signal, rate = read
    if signal.shape[1] > 1:
        signal = signal.mean(axis=1, keepdims=True)
    return _at_rate(signal[:, 0], rate)


def _read_wav(sample: bytes) -> tuple[Signal, int] | None:
    """Read (frames, channels) and the rate of a WAV of 16 bits, as far as it goes."""
    if sample[:4] != b"RIFF" or sample[8:12] != b"WAVE":
        return None
    at, channels, rate = 12, 0, 0
    while at + 8 <= len(sample):
        name, size = struct.unpack_from("<4sI", sample, at)
        at += 8
        if name == b"fmt " and at + _FORMAT.size <= len(sample):
            coding, channels, rate, _, _, bits = _FORMAT.unpack_from(sample, at)
            if coding not in (_PCM, _EXTENSIBLE) or bits != 16 or not channels or not rate:  # noqa: PLR2004
                return None
        elif name == b"data" and channels:
            room = min(size, len(sample) - at) // (2 * channels)
            frames = np.frombuffer(sample, "<i2", min(room, MOST_FRAMES) * channels, at)
            return frames.reshape(-1, channels) * np.float32(2.0**-15), rate
        at += size + size % 2
    return None


def _read_other(sample: bytes) -> tuple[Signal, int] | None:
    """Read (frames, channels) and the rate of whatever soundfile knows."""
    if not sample:
        return None
    import soundfile  # noqa: PLC0415 - imported when a clip needs it: it costs load energy

    try:
        with soundfile.SoundFile(io.BytesIO(sample)) as file:
            signal = file.read(MOST_FRAMES, dtype="float32", always_2d=True)
            return np.nan_to_num(signal, posinf=0, neginf=0).clip(-1, 1), file.samplerate
    except (OSError, RuntimeError, TypeError, ValueError):  # what it makes of a broken file
        return None


def _at_rate(signal: Signal, rate: int) -> Signal:
    """Bring a signal to 12 kHz: neighbours are averaged, then values between them are read off."""
    factor = rate // RATE
    if factor > 1:
        whole = signal.size // factor * factor
        signal = signal[:whole].reshape(-1, factor).mean(axis=1)
    exact = rate / max(factor, 1)
    if exact != RATE and signal.size:
        places = np.arange(min(int(signal.size * RATE / exact), MOST_FRAMES)) * (exact / RATE)
        signal = np.interp(places, np.arange(signal.size), signal)
    return signal.astype(np.float32, copy=False)


def fit(signal: Signal) -> Signal:
    """Make a signal three seconds long: repeat a short one, take the middle of a long one."""
    if signal.size < FRAMES:
        return np.resize(signal, FRAMES) if signal.size else np.zeros(FRAMES, np.float32)
    start = (signal.size - FRAMES) // 2
    return signal[start : start + FRAMES]


def log_mel(signal: Signal, filters: Signal, hop: int) -> Signal:
    """Return (windows, mels): log power in each band of each window; at least one window."""
    if signal.size < WINDOW:
        signal = np.pad(signal, (0, WINDOW - signal.size))
    windows = np.lib.stride_tricks.sliding_window_view(signal, WINDOW)[::hop] * _HANN
    spectrum = np.fft.rfft(windows).astype(np.complex64, copy=False)
    power = spectrum.real**2 + spectrum.imag**2
    return np.log(power @ filters + _FAINTEST)


def mel_filters(mels: int) -> Signal:
    """Return (513, mels): triangles that overlap by half, even on the mel scale, each of sum 1."""
    highest = 2595 * np.log10(1 + RATE / 2 / 700)
    lowest = 2595 * np.log10(1 + LOWEST_HERTZ / 700)
    edges = 700 * (10 ** (np.linspace(lowest, highest, mels + 2) / 2595) - 1)
    hertz = np.arange(WINDOW // 2 + 1)[:, None] * (RATE / WINDOW)
    rising = (hertz - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - hertz) / (edges[2:] - edges[1:-1])
    filters = np.maximum(0, np.minimum(rising, falling))
    return (filters / np.maximum(filters.sum(axis=0), 1e-6)).astype(np.float32)
