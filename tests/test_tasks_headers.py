"""What begins as an image or a recording, and what does not."""

from __future__ import annotations

import io
import warnings
import wave

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from harness.tasks.headers import opens_as_audio, opens_as_image


def image(kind: str) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (5, 4)).save(made, kind)
    return made.getvalue()


def wav(frames: int) -> bytes:
    made = io.BytesIO()
    with wave.open(made, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(12_000)
        out.writeframes(bytes(2 * frames))
    return made.getvalue()


WAV = wav(20)
FLAC = b"fLaC\x80\0\0\x22" + bytes(34) + b"\xff\xf8"
RECORDINGS = {
    "wav": WAV,
    "wav without a frame": wav(0),
    "wav with a chunk of odd length before": WAV[:12] + b"LIST\3\0\0\0abc\0" + WAV[12:],
    "wav cut off in its sound": WAV[:50],
    "wav, big-endian": b"RIFX\0\0\0\0WAVEfmt \0\0\0\x10" + bytes(16) + b"data\0\0\0\0",
    "aiff": b"FORM\0\0\0\0AIFFCOMM\0\0\0\x12" + bytes(18) + b"SSND\0\0\0\0",
    "flac": FLAC,
    "ogg": b"OggS\0" + bytes(40),
    "mp3 with tags": b"ID3\4\0" + bytes(20),
    "mp3": b"\xff\xfb\x90\x00" + bytes(20),
}
NO_RECORDINGS = {
    "nothing": b"",
    "a text": b"not a recording at all",
    "an image": image("PNG"),
    "zeros": bytes(100),
    "wav cut off in its header": WAV[:30],
    "wav without sound": WAV[:36],
    "another riff": b"RIFF\0\0\0\0AVI " + WAV[12:],
    "flac cut off in its header": FLAC[:30],
    "flac that begins otherwise": b"fLaC\4\0\0\x22" + FLAC[8:],
    "ogg cut off in its header": b"OggS\0" + bytes(4),
}


@pytest.mark.parametrize("name", RECORDINGS)
def test_a_recording_is_known_by_its_header(name: str) -> None:
    assert opens_as_audio(RECORDINGS[name])


@pytest.mark.parametrize("name", NO_RECORDINGS)
def test_what_is_no_recording_is_known(name: str) -> None:
    assert not opens_as_audio(NO_RECORDINGS[name])


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP"])
def test_an_image_is_known_by_its_header(kind: str) -> None:
    whole = image(kind)

    assert opens_as_image(whole)
    assert not opens_as_image(whole[:4])


@pytest.mark.parametrize("name", ["nothing", "a text", "zeros"])
def test_what_is_no_image_is_known(name: str) -> None:
    assert not opens_as_image(NO_RECORDINGS[name])


@given(
    st.binary(max_size=60), st.sampled_from([b"", b"RIFF", b"FORM", b"\x89PNG\r\n", b"\xff\xd8"])
)
def test_no_bytes_upset_the_look(content: bytes, begin: bytes) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert opens_as_image(begin + content) in (True, False)
    assert opens_as_audio(begin + content) in (True, False)
