"""From the stored bytes of a recording to an array. Decoding is part of the entry's energy.

Reads WAV with whole-number samples, which the standard library knows. Other formats (FLAC, Ogg)
need a library such as soundfile, which is not among the harness's own packages.
"""

from __future__ import annotations

import io
import wave

import numpy as np
import numpy.typing as npt


def decode(sample: bytes) -> tuple[npt.NDArray[np.float32], int]:
    """Return the signal, float32 (frames, channels) within -1 and 1, and the frames per second.

    Raises ``wave.Error`` for bytes that are not such a WAV.
    """
    with wave.open(io.BytesIO(sample)) as recording:
        channels, width = recording.getnchannels(), recording.getsampwidth()
        raw = np.frombuffer(recording.readframes(recording.getnframes()), dtype=np.uint8)
        rate = recording.getframerate()
    if width == 1:  # the one width that WAV stores without a sign
        whole = raw.astype(np.int32) - 128
    else:
        padded = np.zeros((raw.size // width, 4), dtype=np.uint8)
        padded[:, 4 - width :] = raw.reshape(-1, width)  # least significant byte first
        whole = padded.view("<i4")[:, 0] >> (32 - 8 * width)
    full_scale = np.float32(2 ** (8 * width - 1))
    return (whole.astype(np.float32) / full_scale).reshape(-1, channels), rate
