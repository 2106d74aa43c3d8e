"""Decode an image or a recording whole, as an entry would, and say of what form it is."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable

from harness.records.base import Frozen

UNKNOWN_FRAMES = 2**63 - 1
"""What libsndfile makes of a FLAC whose header gives no length: encoders that write to a pipe leave
it out."""


class Form(Frozen):
    """What a decoded sample is."""

    told: str
    """What samples of one kind have in common: size and mode of an image, rate of a recording."""
    coding: str
    """What samples must share to cost alike: the kind of file, and how values stand in it."""
    empty: bool = False
    """A recording without a single value."""


def decoder_of(modality: str) -> Callable[[bytes], Form] | None:
    """Return what decodes samples of a modality whole; ``None`` where nothing here does.

    What it returns raises ``ValueError``, with a reason, for what cannot be decoded.
    """
    return {"image": _decode_image, "audio": _decode_audio}.get(modality)


def _decode_image(content: bytes) -> Form:
    from PIL import Image  # noqa: PLC0415 - heavy, and only for images

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content)) as image:
                image.load()
                coding = (image.format, image.info.get("compression"), image.mode)
                return Form(
                    told=f"{image.width} x {image.height} {image.mode}",
                    coding=" ".join(str(part) for part in coding if part),
                )
    except Exception as error:  # noqa: BLE001 - on bytes that are no image, decoders raise anything
        raise ValueError(_reason(error)) from None


def _decode_audio(content: bytes) -> Form:
    import soundfile  # noqa: PLC0415 - heavy, and only for audio

    _require_whole_wave(content)
    try:
        with soundfile.SoundFile(io.BytesIO(content)) as file:
            declared = file.frames
            read = 0 if declared == UNKNOWN_FRAMES else len(file.read())
            told = f"{file.samplerate} Hz, {file.channels} channels"
            coding = f"{file.format} {file.subtype}"
    except Exception as error:  # noqa: BLE001 - as above
        raise ValueError(_reason(error)) from None
    if declared == UNKNOWN_FRAMES:
        raise ValueError("does not say how long it is, and libsndfile must know: encode it again")
    if read != declared:
        raise ValueError(f"ends after {read:,} of its {declared:,} frames")
    return Form(told=told, coding=coding, empty=read == 0)


_UNKNOWN = 0x7FFF_0000
"""From here on a length is what programs that cannot go back to fill it in write in its place."""


def _require_whole_wave(content: bytes) -> None:
    """Raise ``ValueError`` where a WAV ends before its sound does.

    libsndfile takes what is there for all there was.
    """
    if content[:4] != b"RIFF" or content[8:12] != b"WAVE":
        return
    place = 12
    while place + 8 <= len(content):
        size = int.from_bytes(content[place + 4 : place + 8], "little")
        there = len(content) - place - 8
        if content[place : place + 4] == b"data":
            if there < size < _UNKNOWN:
                raise ValueError(f"ends after {there:,} of the {size:,} bytes of its sound")
            return
        place += 8 + size + size % 2


def _reason(error: Exception) -> str:
    """Return the first line of a message, without the address of an object of ours."""
    lines = str(error).splitlines() or [type(error).__name__]
    before, marked, after = lines[0].partition("<_io.BytesIO object at 0x")
    return before + "the sample" + after.partition(">")[2] if marked else lines[0]
