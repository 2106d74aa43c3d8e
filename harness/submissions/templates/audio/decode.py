"""From the stored bytes of a recording to an array. Decoding is part of the entry's energy.

WAV with whole-number samples is read by the standard library; soundfile, which reads FLAC, Ogg and
much else, is imported only when a recording needs it.
"""

from __future__ import annotations

import io
import wave

import numpy as np
import numpy.typing as npt

MOST_FRAMES = 1 << 24
"""Nothing is decoded beyond: a broken file can claim any length."""


def decode(sample: bytes) -> tuple[npt.NDArray[np.float32], int]:
    """Return the signal, float32 (frames, channels) within -1 and 1, and the frames per second.

    What cannot be decoded (nothing at all, half a header) comes back as no frames at 0 a second.
    """
    try:
        return _decode_wav(sample)
    except (wave.Error, EOFError):  # another format, or a WAV that the standard library cannot read
        return _decode_other(sample)


def _decode_wav(sample: bytes) -> tuple[npt.NDArray[np.float32], int]:
    with wave.open(io.BytesIO(sample)) as recording:
        channels, width = recording.getnchannels(), recording.getsampwidth()
        raw = np.frombuffer(recording.readframes(MOST_FRAMES), dtype=np.uint8)
        rate = recording.getframerate()
    raw = raw[: raw.size // (channels * width) * (channels * width)]  # it may have been cut short
    if width == 1:  # the one width that WAV stores without a sign
        whole = raw.astype(np.int32) - 128
    else:
        padded = np.zeros((raw.size // width, 4), dtype=np.uint8)
        padded[:, 4 - width :] = raw.reshape(-1, width)  # least significant byte first
        whole = padded.view("<i4")[:, 0] >> (32 - 8 * width)
    full_scale = np.float32(2 ** (8 * width - 1))
    return (whole.astype(np.float32) / full_scale).reshape(-1, channels), rate


def _decode_other(sample: bytes) -> tuple[npt.NDArray[np.float32], int]:
    import soundfile  # noqa: PLC0415 - it costs load energy that WAV does not need

    try:
        with soundfile.SoundFile(io.BytesIO(sample)) as recording:
            signal = recording.read(MOST_FRAMES, dtype="float32", always_2d=True)
            return np.nan_to_num(signal, posinf=0, neginf=0).clip(-1, 1), recording.samplerate
    except (OSError, RuntimeError, TypeError, ValueError):  # what it makes of a broken file
        return np.zeros((0, 1), np.float32), 0
