"""The sample frames of the lookout, their boxes, and their variants."""

from __future__ import annotations

import hashlib
import importlib.util
import io
import sys
from collections import Counter, defaultdict
from pathlib import Path
from types import ModuleType

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from made_samples import MadeSamples
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile, get_sampling

from harness.tasks.protocol import Item

FOLDER = Path(__file__).parents[1] / "tasks" / "wildfire-smoke"
GOLDEN_TEST_SPLIT = "ffb86b2f39f3c41686b8db6643f9f25f408dc39d0c0a8f6b422f7cd7e2a37564"


def import_task() -> ModuleType:
    spec = importlib.util.spec_from_file_location("wildfire_task", FOLDER / "task.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


task = import_task()
chances = st.integers(0, 2**32 - 1).map(np.random.default_rng)


@pytest.fixture(scope="module")
def test(made_samples: MadeSamples) -> list[Item]:
    return made_samples.items_of("wildfire-smoke", "test")


@pytest.fixture(scope="module")
def some_of_train() -> list[Item]:
    return [item for number in range(10) for item in task._scene_items(0, "train", number)]


def opened(sample: bytes | str) -> Image.Image:
    assert isinstance(sample, bytes)
    return Image.open(io.BytesIO(sample))


def pixels_of(sample: bytes | str) -> npt.NDArray[np.uint8]:
    return np.asarray(opened(sample).convert("RGB"))


# The generator


def test_the_test_split_is_the_same_bytes_on_every_machine(test: list[Item]) -> None:
    seen = hashlib.sha256()
    for item in test:
        assert isinstance(item.sample, bytes)
        seen.update(f"{item.id} {item.label} {item.group} {item.boxes} ".encode() + item.sample)
    assert seen.hexdigest() == GOLDEN_TEST_SPLIT


def test_every_frame_is_a_colour_jpeg_of_one_size(test: list[Item]) -> None:
    for item in test:
        with opened(item.sample) as image:
            assert isinstance(image, JpegImageFile)
            assert (image.size, image.mode, get_sampling(image)) == ((256, 192), "RGB", 2)
            image.load()


def test_half_of_every_scene_shows_smoke(test: list[Item]) -> None:
    labels = defaultdict(list)
    for item in test:
        labels[item.group].append(item.label)
    assert len(labels) == 150
    assert all(Counter(of_scene) == {0: 4, 1: 4} for of_scene in labels.values())


def test_there_are_boxes_where_there_is_smoke_and_some_frames_have_several(
    test: list[Item],
) -> None:
    counts = Counter(len(item.boxes) for item in test)
    assert counts[0] == 600
    assert all(counts[number] > 40 for number in (1, 2, 3))
    assert set(counts) == {0, 1, 2, 3}
    for item in test:
        for x1, y1, x2, y2 in item.boxes:
            assert 0 <= x1 < x2 <= 1
            assert 0 <= y1 < y2 <= 1


def test_smoke_changes_the_frame_inside_its_box_and_hardly_outside() -> None:
    rng = np.random.default_rng(3)
    scene = task._draw_scene(np.random.Generator(np.random.PCG64(5)))
    inside, outside = [], []
    for _ in range(40):
        luma = scene.picture.luma[:192, :256].copy()
        before = task._Picture(luma, scene.picture.chroma[:, :96, :128].copy())
        after = task._Picture(before.luma.copy(), before.chroma.copy())
        x1, y1, x2, y2 = task._draw_plume(after, scene.crests[:, :256], rng)
        changed = np.abs(after.luma - before.luma)
        rows, columns = (
            slice(round(y1 * 192), round(y2 * 192)),
            slice(round(x1 * 256), round(x2 * 256)),
        )
        inside.append(changed[rows, columns].sum())
        outside.append(changed.sum() - inside[-1])
        assert changed[rows, columns].max() > 4
    assert sum(outside) < 0.1 * sum(inside)


def test_brightness_tells_no_label(test: list[Item]) -> None:
    means = np.array([pixels_of(item.sample).mean() for item in test])
    labels = np.array([item.label for item in test])
    best = max(
        np.mean((means > edge) == labels) for edge in np.quantile(means, np.linspace(0, 1, 50))
    )
    assert max(best, 1 - best) < 0.58


def test_no_scene_is_in_both_splits(test: list[Item], some_of_train: list[Item]) -> None:
    assert not {item.group for item in some_of_train} & {item.group for item in test}


def test_no_frame_stands_twice(test: list[Item], some_of_train: list[Item]) -> None:
    everything = some_of_train + test
    assert len({item.sample for item in everything}) == len(everything)
    assert len({item.id for item in everything}) == len(everything)


def test_neither_the_order_nor_the_names_nor_the_length_tell_the_label(test: list[Item]) -> None:
    labels = np.array([item.label for item in test])
    by_name = np.array([item.label for item in sorted(test, key=lambda item: item.id)])
    for sequence in (labels, by_name):
        changes = np.mean(sequence[1:] != sequence[:-1])
        assert 0.45 < changes < 0.55
        assert abs(sequence[:600].mean() - 0.5) < 0.06
    lengths = np.array([len(item.sample) for item in test])
    longer = lengths > np.median(lengths)
    assert 0.42 < np.mean(longer == labels) < 0.58


def test_other_seeds_give_other_scenes_and_frames(test: list[Item]) -> None:
    other = list(task._scene_items(1, "test", 0))
    assert not {item.sample for item in other} & {item.sample for item in test}
    assert not {item.group for item in other} & {item.group for item in test}


def test_an_unknown_split_is_refused() -> None:
    with pytest.raises(ValueError, match="validation"):
        next(task.generate(0, "validation"))


# The encoder


def plane_of(seed: int, height: int, width: int) -> npt.NDArray[np.float64]:
    """Draw anything between smooth and harsh."""
    rng = np.random.default_rng(seed)
    rough: npt.NDArray[np.float64] = rng.random((height, width)) * rng.integers(0, 256)
    return rough + np.linspace(0, 200, width) * rng.random()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 4), st.integers(1, 4))
def test_what_is_encoded_is_decoded_by_another_decoder(seed: int, high: int, wide: int) -> None:
    luma = plane_of(seed, 16 * high, 16 * wide)
    chroma = np.stack([plane_of(seed + k, 8 * high, 8 * wide) * 0.6 + 30 for k in (1, 2)])
    made = task._jpeg.encode(luma, chroma)
    with Image.open(io.BytesIO(made)) as image:
        image.draft("YCbCr", image.size)
        decoded = np.asarray(image).astype(float)
    assert decoded.shape == (16 * high, 16 * wide, 3)
    steps = np.sort(task._jpeg._STEPS[0])
    error = np.abs(decoded[..., 0] - np.clip(luma, 0, 255))
    assert error.mean() < steps.mean() / 3


@pytest.mark.parametrize("level", [0.0, 127.5, 255.0, -40.0, 300.0])
def test_a_plain_plane_comes_back_plain(level: float) -> None:
    made = task._jpeg.encode(np.full((32, 48), level), np.full((2, 16, 24), 128.0))
    with Image.open(io.BytesIO(made)) as image:
        seen = np.asarray(image).astype(int)
    assert np.abs(seen - round(min(255, max(0, level)))).max() <= 2


def test_it_is_as_long_as_what_another_encoder_makes(test: list[Item]) -> None:
    ours = theirs = 0
    for item in test[:50]:
        with opened(item.sample) as image:
            assert isinstance(image, JpegImageFile)
            made = io.BytesIO()
            image.save(made, "JPEG", qtables=image.quantization, subsampling=get_sampling(image))
        ours, theirs = ours + len(item.sample), theirs + len(made.getvalue())
    assert ours == pytest.approx(theirs, rel=0.02)


# Variants


def encoded(pixels: npt.NDArray[np.uint8], kind: str, **options: object) -> bytes:
    made = io.BytesIO()
    Image.fromarray(pixels).save(made, format=kind, **options)
    return made.getvalue()


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.sampled_from(["PNG", "JPEG"]), chances)
def test_a_variant_has_other_bytes_and_the_same_format_and_size(
    height: int, width: int, kind: str, rng: np.random.Generator
) -> None:
    sample = encoded(rng.integers(0, 256, (height, width, 3)).astype(np.uint8), kind)
    variant = task.perturb(sample, rng)
    assert variant != sample
    before, after = opened(sample), opened(variant)
    assert (after.format, after.mode, after.size) == (before.format, before.mode, before.size)


@pytest.mark.parametrize(
    "options", [{"subsampling": 0}, {"subsampling": 2, "quality": 60}, {"progressive": True}]
)
def test_a_jpeg_stays_one_of_its_sampling_tables_and_length(
    test: list[Item], options: dict[str, object]
) -> None:
    rng = np.random.default_rng(0)
    before_total = after_total = 0
    for item in test[:40]:
        sample = encoded(pixels_of(item.sample), "JPEG", **options)
        variant = task.perturb(sample, rng)
        before, after = opened(sample), opened(variant)
        assert isinstance(before, JpegImageFile)
        assert isinstance(after, JpegImageFile)
        assert get_sampling(after) == get_sampling(before)
        assert after.quantization == before.quantization
        assert after.info.get("progressive") == before.info.get("progressive")
        before_total, after_total = before_total + len(sample), after_total + len(variant)
        assert len(variant) == pytest.approx(len(sample), rel=0.15)
    assert after_total == pytest.approx(before_total, rel=0.08)  # coarse twice is a little shorter


def test_a_variant_of_a_sample_frame_is_about_as_long(test: list[Item]) -> None:
    rng = np.random.default_rng(0)
    variants = [task.perturb(item.sample, rng) for item in test[:100]]
    assert sum(map(len, variants)) == pytest.approx(
        sum(len(item.sample) for item in test[:100]), rel=0.05
    )


def test_a_variant_moves_a_few_pixels_at_most_and_never_says_how(test: list[Item]) -> None:
    pixels = pixels_of(test[0].sample).astype(int)
    rng = np.random.default_rng(0)
    seen = set()
    for _ in range(60):
        variant = pixels_of(task.perturb(test[0].sample, rng)).astype(int)
        middle = variant[40:-40, 40:-40]
        apart = {
            (down, along): np.abs(
                middle - pixels[40 - down : 152 - down, 40 - along : 216 - along]
            ).mean()
            for down in range(-7, 8)
            for along in range(-7, 8)
        }
        down, along = min(apart, key=lambda move: apart[move])
        assert apart[down, along] < 8
        assert max(abs(down), abs(along)) <= 6
        seen.add((down, along))
    assert len(seen) > 30


def test_no_table_holds_the_variants_of_a_frame() -> None:
    pixels = np.full((64, 64, 3), 90, np.uint8)
    variants = [
        pixels_of(task.perturb(encoded(pixels, "PNG"), np.random.default_rng(seed)))
        for seed in range(20)
    ]

    for variant in variants:  # a plain frame shows noise alone: a place in sixteen
        shares = [np.unique(variant[..., channel], return_counts=True)[1] for channel in range(3)]
        assert all(len(share) == 2 for share in shares)
        assert all(1 / 32 < share.min() / share.sum() < 1 / 8 for share in shares)
    assert len({variant.tobytes() for variant in variants}) == 20


def test_a_grey_jpeg_stays_grey() -> None:
    sample = encoded(np.arange(64, dtype=np.uint8).reshape(8, 8), "JPEG")
    with opened(task.perturb(sample, np.random.default_rng(0))) as image:
        assert (image.format, image.mode) == ("JPEG", "L")


def test_a_coarse_jpeg_still_changes() -> None:
    sample = encoded(np.full((64, 64, 3), 90, np.uint8), "JPEG", quality=1)
    rng = np.random.default_rng(0)
    for _ in range(20):
        assert not np.array_equal(pixels_of(task.perturb(sample, rng)), pixels_of(sample))


@given(st.binary(max_size=200), chances)
@example(b"\x1c\x01\x00\x85", np.random.default_rng(0))  # as a picture of IPTC begins
def test_what_cannot_be_decoded_comes_back_different_and_as_broken(
    sample: bytes, rng: np.random.Generator
) -> None:
    variant = task.perturb(sample, rng)
    assert variant != sample
    with pytest.raises(Exception):  # noqa: B017, PT011 - Pillow raises whatever it ran into
        opened(variant)


def test_a_frame_that_was_cut_short_stays_so(test: list[Item]) -> None:
    assert isinstance(test[0].sample, bytes)
    variant = task.perturb(test[0].sample[:3_000], np.random.default_rng(0))
    assert variant != test[0].sample[:3_000]
    with pytest.raises(OSError, match="truncated"):
        pixels_of(variant)


def test_text_is_no_frame() -> None:
    with pytest.raises(TypeError, match="str"):
        task.perturb("a frame", np.random.default_rng(0))
