"""The sample clips and their variants."""

from __future__ import annotations

import hashlib
import importlib.util
import io
import sys
import wave
from collections import Counter, defaultdict
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from made_samples import MadeSamples

from harness.tasks.protocol import Item

FOLDER = Path(__file__).parents[1] / "tasks" / "chainsaw"
GOLDEN_TEST_SPLIT = "07d9d4e429a5ddfd0a63243784a23b0b94ed4e06826bc0ada209aa814d385865"


def import_task() -> ModuleType:
    spec = importlib.util.spec_from_file_location("chainsaw_task", FOLDER / "task.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


task = import_task()


@pytest.fixture(scope="module")
def train(made_samples: MadeSamples) -> list[Item]:
    return made_samples.items_of("chainsaw", "train")


@pytest.fixture(scope="module")
def test(made_samples: MadeSamples) -> list[Item]:
    return made_samples.items_of("chainsaw", "test")


def wav_of(sample: bytes | str) -> tuple[npt.NDArray[np.int16], int, int, int]:
    """Return frames, channels, width and rate, as the standard library reads them."""
    assert isinstance(sample, bytes)
    with wave.open(io.BytesIO(sample)) as read:
        frames = np.frombuffer(read.readframes(read.getnframes()), "<i2")
        return frames, read.getnchannels(), read.getsampwidth(), read.getframerate()


def encoded(
    frames: npt.NDArray[np.float64], kind: str, coding: str | None = None, rate: int = 12_000
) -> bytes:
    made = io.BytesIO()
    soundfile.write(made, frames, rate, format=kind, subtype=coding)
    return made.getvalue()


def tone(frames: int = 3_000, channels: int = 1) -> npt.NDArray[np.float64]:
    wave_form = 0.3 * np.sin(np.arange(frames) * 0.2)
    return np.repeat(wave_form[:, None], channels, axis=1)


# The generator


def test_the_test_split_is_the_same_bytes_on_every_machine(test: list[Item]) -> None:
    seen = hashlib.sha256()
    for item in test:
        assert isinstance(item.sample, bytes)
        seen.update(f"{item.id} {item.label} {item.group} ".encode() + item.sample)
    assert seen.hexdigest() == GOLDEN_TEST_SPLIT


def test_half_of_every_scene_holds_a_saw(train: list[Item], test: list[Item]) -> None:
    labels = defaultdict(list)
    for item in train + test:
        labels[item.group].append(item.label)
    assert all(Counter(of_scene) == {0: 4, 1: 4} for of_scene in labels.values())


def test_no_scene_is_in_both_splits(train: list[Item], test: list[Item]) -> None:
    assert not {item.group for item in train} & {item.group for item in test}


def test_no_clip_stands_twice(train: list[Item], test: list[Item]) -> None:
    everything = train + test
    assert len({item.sample for item in everything}) == len(everything)
    assert len({item.id for item in everything}) == len(everything)


def test_neither_the_order_nor_the_names_tell_the_label(train: list[Item]) -> None:
    labels = np.array([item.label for item in train])
    by_name = np.array([item.label for item in sorted(train, key=lambda item: item.id)])
    for sequence in (labels, by_name):
        changes = np.mean(sequence[1:] != sequence[:-1])
        assert 0.45 < changes < 0.55
        assert abs(sequence[:800].mean() - 0.5) < 0.06


def test_other_seeds_give_other_scenes_and_clips(test: list[Item]) -> None:
    other = list(task._scene_items(1, "test", 0))
    assert not {item.sample for item in other} & {item.sample for item in test}
    assert not {item.group for item in other} & {item.group for item in test}


def test_an_unknown_split_is_refused() -> None:
    with pytest.raises(ValueError, match="validation"):
        next(task.generate(0, "validation"))


def test_every_clip_is_a_wav_and_some_are_empty_short_or_long(
    train: list[Item], test: list[Item]
) -> None:
    for split in (train, test):
        lengths = []
        for item in split:
            frames, channels, width, rate = wav_of(item.sample)
            assert (channels, width, rate) == (1, 2, 12_000)
            lengths.append(len(frames))
        counted = np.array(lengths)
        empty, long = np.sum(counted == 0), np.sum(counted > 36_000)
        kinds = [empty, long, np.sum(counted < 36_000) - empty]
        assert all(kind >= 2 for kind in kinds)
        assert sum(kinds) < 0.06 * len(split)


def test_loudness_alone_tells_little(train: list[Item]) -> None:
    frames = [wav_of(item.sample)[0].astype(np.float64) for item in train]
    loud = np.array([np.sqrt(np.square(clip).sum() / max(len(clip), 1)) for clip in frames])
    labels = np.array([item.label for item in train])
    heard = loud > 0
    saw, other = (np.log(loud[heard & (labels == label)]) for label in (0, 1))
    assert abs(saw.mean() - other.mean()) < 0.3 * np.concatenate([saw, other]).std()
    assert max(loud) < 32_768 / 2


def test_the_sine_that_is_made_by_its_series_is_a_sine() -> None:
    wanted = np.sin(np.arange(2_048) * (2 * np.pi / 2_048))
    assert pytest.approx(wanted, abs=1e-6) == task._signals.SINE


@pytest.mark.parametrize("decibels", [0.0, -1.0, -6.5, -13.0])
def test_decibels_are_what_they_are(decibels: float) -> None:
    assert task._signals.amplitude(decibels) == pytest.approx(10 ** (decibels / 20), rel=0.003)


def test_a_phase_goes_round_as_often_as_its_frequency_says() -> None:
    phase = task._signals.phase(np.full(375, 100.0), 12_000).astype(np.int64)
    assert np.count_nonzero(np.diff(phase) < 0) in {99, 100}


def test_a_level_is_a_root_mean_square() -> None:
    signal = np.random.default_rng(0).normal(size=5_000).astype(np.float32)
    assert task._signals.level(signal) == pytest.approx(
        float(np.sqrt(np.mean(signal**2))), rel=1e-3
    )


# Variants

chances = st.integers(0, 2**32 - 1).map(np.random.default_rng)
STORED = [
    ("WAV", "PCM_16"), ("WAV", "PCM_U8"), ("WAV", "PCM_24"), ("WAV", "FLOAT"),
    ("FLAC", "PCM_16"), ("FLAC", "PCM_24"), ("OGG", "VORBIS"),
]  # fmt: skip


@given(
    st.sampled_from(STORED),
    st.integers(1, 3_000),
    st.integers(1, 2),
    st.sampled_from([8_000, 12_000, 44_100]),
    chances,
)
def test_a_variant_keeps_encoding_length_rate_and_channels(
    stored: tuple[str, str], frames: int, channels: int, rate: int, rng: np.random.Generator
) -> None:
    sample = encoded(tone(frames, channels), *stored, rate)
    variant = task.perturb(sample, rng)
    assert variant != sample
    before, after = (soundfile.info(io.BytesIO(each)) for each in (sample, variant))
    for field in ("format", "subtype", "frames", "channels", "samplerate"):
        assert getattr(after, field) == getattr(before, field)
    if (
        stored == ("WAV", "PCM_16") and frames > 16
    ):  # of next to no frames none may come out changed
        assert len(variant) == len(sample)


def test_a_variant_is_the_clip_turned_round_softer_with_faint_noise(test: list[Item]) -> None:
    rng = np.random.default_rng(0)
    turned = set()
    for item in test[:20]:
        before = wav_of(item.sample)[0].astype(np.float64)
        after = wav_of(task.perturb(item.sample, rng))[0].astype(np.float64)
        if not before.size:
            continue
        spectrum = np.fft.rfft(after) * np.conj(np.fft.rfft(before))
        alike = np.fft.irfft(spectrum, len(before))
        shift = int(np.argmax(np.abs(alike)))
        gain = alike[shift] / np.sum(before**2)
        assert 0.79 < abs(gain) < 1.01
        assert np.abs(after - gain * np.roll(before, shift)).max() < 20
        turned.add((shift, gain > 0))
    assert len(turned) >= 15
    assert {upright for _, upright in turned} == {True, False}


def test_a_flac_stays_about_as_long(test: list[Item]) -> None:
    rng = np.random.default_rng(0)
    for item in test[:20]:
        frames = wav_of(item.sample)[0] / 32_768
        if len(frames) < 36_000:
            continue
        sample = encoded(frames, "FLAC")
        assert len(task.perturb(sample, rng)) == pytest.approx(len(sample), rel=0.1)


def test_what_else_a_wav_tells_is_blotted_out() -> None:
    frames = np.ones(50, np.int16)
    sample = task.encode_wav(frames, remains=b"the clip's own name")
    variant = task.perturb(sample, np.random.default_rng(0))
    assert len(variant) == len(sample)
    assert b"own name" not in variant
    assert len(wav_of(variant)[0]) == 50


def test_an_empty_clip_stays_empty_and_is_another(test: list[Item]) -> None:
    empty = [item.sample for item in test if not len(wav_of(item.sample)[0])]
    rng = np.random.default_rng(0)
    variants = [task.perturb(sample, rng) for sample in empty]
    assert all(not len(wav_of(variant)[0]) for variant in variants)
    assert set(variants).isdisjoint(empty)
    assert [len(variant) for variant in variants] == [len(sample) for sample in empty]


def test_silence_changes_too() -> None:
    sample = task.encode_wav(np.zeros(100, np.int16))
    variant = task.perturb(sample, np.random.default_rng(0))
    assert variant != sample
    assert np.abs(wav_of(variant)[0]).max() == 1


@given(st.binary(max_size=200), st.sampled_from([b"", b"RIFF\0\0\0\0WAVE", b"fLaC"]), chances)
def test_what_cannot_be_decoded_comes_back_different_and_as_broken(
    tail: bytes, head: bytes, rng: np.random.Generator
) -> None:
    variant = task.perturb(head + tail, rng)
    assert variant != head + tail
    assert len(variant) <= len(head + tail) + 8
    assert variant[: len(head)] == head


@pytest.mark.parametrize("kind", ["WAV", "FLAC"])
def test_a_clip_that_was_cut_short_goes_through_at_every_length(kind: str) -> None:
    whole = encoded(tone(400), kind)
    rng = np.random.default_rng(0)
    for length in range(0, len(whole), 7):
        assert task.perturb(whole[:length], rng) != whole[:length]


def test_a_flac_that_claims_to_be_endless_is_not_decoded() -> None:
    claims = bytearray(encoded(tone(400), "FLAC"))
    claims[21] |= 0x0F  # the number of frames: 36 bits of the stream's information
    claims[22:26] = b"\xff" * 4
    variant: Any = task.perturb(bytes(claims), np.random.default_rng(0))
    assert variant[:-8] == bytes(claims)


def test_text_is_no_clip() -> None:
    with pytest.raises(TypeError, match="str"):
        task.perturb("a clip", np.random.default_rng(0))
