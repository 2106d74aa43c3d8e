"""The sample tiles and their variants."""

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
from hypothesis.extra.numpy import arrays
from made_samples import MadeSamples
from PIL import Image

from harness.tasks.protocol import Item

FOLDER = Path(__file__).parents[1] / "tasks" / "deforestation"
GOLDEN_TEST_SPLIT = "056f7ce16c8ac7fc0d9885bf5fb3758bdf5d187a14158a1f19e0345c9db1fa86"


def import_task() -> ModuleType:
    spec = importlib.util.spec_from_file_location("deforestation_task", FOLDER / "task.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


task = import_task()


@pytest.fixture(scope="module")
def train(made_samples: MadeSamples) -> list[Item]:
    return made_samples.items_of("deforestation", "train")


@pytest.fixture(scope="module")
def test(made_samples: MadeSamples) -> list[Item]:
    return made_samples.items_of("deforestation", "test")


def pixels_of(sample: bytes | str) -> npt.NDArray[np.uint8]:
    assert isinstance(sample, bytes)
    return np.asarray(Image.open(io.BytesIO(sample)))


def encoded(pixels: npt.NDArray[np.uint8], kind: str) -> bytes:
    if kind == "stored":
        stored: bytes = task.encode_stored_png(pixels)
        return stored
    made = io.BytesIO()
    Image.fromarray(pixels).save(made, format=kind)
    return made.getvalue()


# The generator


def test_the_test_split_is_the_same_bytes_on_every_machine(test: list[Item]) -> None:
    seen = hashlib.sha256()
    for item in test:
        assert isinstance(item.sample, bytes)
        seen.update(f"{item.id} {item.label} {item.group} ".encode() + item.sample)
    assert seen.hexdigest() == GOLDEN_TEST_SPLIT


def test_half_of_every_scene_is_cleared(train: list[Item], test: list[Item]) -> None:
    labels = defaultdict(list)
    for item in train + test:
        labels[item.group].append(item.label)
    assert all(Counter(of_scene) == {0: 4, 1: 4} for of_scene in labels.values())


def test_no_scene_is_in_both_splits(train: list[Item], test: list[Item]) -> None:
    assert not {item.group for item in train} & {item.group for item in test}


def test_no_tile_stands_twice(train: list[Item], test: list[Item]) -> None:
    everything = train + test
    assert len({item.sample for item in everything}) == len(everything)
    assert len({item.id for item in everything}) == len(everything)


def test_neither_the_order_nor_the_names_tell_the_label(train: list[Item]) -> None:
    labels = np.array([item.label for item in train])
    by_name = np.array([item.label for item in sorted(train, key=lambda item: item.id)])
    for sequence in (labels, by_name):
        changes = np.mean(sequence[1:] != sequence[:-1])
        assert 0.45 < changes < 0.55
        assert abs(sequence[:1000].mean() - 0.5) < 0.05


def test_other_seeds_give_other_scenes_and_tiles(test: list[Item]) -> None:
    other = list(task._scene_items(1, "test", 0))
    assert not {item.sample for item in other} & {item.sample for item in test}
    assert not {item.group for item in other} & {item.group for item in test}


def test_an_unknown_split_is_refused() -> None:
    with pytest.raises(ValueError, match="validation"):
        next(task.generate(0, "validation"))


def test_every_tile_is_an_rgb_png_of_64_by_64(test: list[Item]) -> None:
    for item in test:
        assert isinstance(item.sample, bytes)
        with Image.open(io.BytesIO(item.sample)) as image:
            image.load()  # checks the checksums
            assert (image.format, image.mode, image.size) == ("PNG", "RGB", (64, 64))


def test_mean_colour_alone_tells_little(train: list[Item], test: list[Item]) -> None:
    def means(items: list[Item]) -> npt.NDArray[np.float64]:
        return np.stack([pixels_of(item.sample).reshape(-1, 3).mean(axis=0) for item in items])

    linear_model = pytest.importorskip("sklearn.linear_model")
    model = linear_model.LogisticRegression(max_iter=2000)
    model.fit(means(train) / 25, [item.label for item in train])
    correct = model.predict(means(test) / 25) == [item.label for item in test]
    assert 0.55 < np.mean(correct) < 0.72


@given(arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9), st.just(3))))
def test_a_stored_png_decodes_to_the_pixels_that_went_in(pixels: npt.NDArray[np.uint8]) -> None:
    assert np.array_equal(pixels_of(task.encode_stored_png(pixels)), pixels)


def test_a_stored_png_may_need_several_blocks() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (200, 150, 3), dtype=np.uint8)
    assert np.array_equal(pixels_of(task.encode_stored_png(pixels)), pixels)


# Variants

tiles = st.one_of(
    arrays(np.uint8, (8, 8, 3)),
    arrays(np.uint8, (6, 9, 3)),
    st.integers(0, 255).map(lambda level: np.full((8, 8, 3), level, dtype=np.uint8)),
)
chances = st.integers(0, 2**32 - 1).map(np.random.default_rng)


@given(tiles, st.sampled_from(["stored", "PNG", "JPEG"]), chances)
@settings(deadline=None)
def test_a_variant_has_other_bytes_and_the_same_format_and_size(
    pixels: npt.NDArray[np.uint8], kind: str, rng: np.random.Generator
) -> None:
    sample = encoded(pixels, kind)
    variant = task.perturb(sample, rng)
    assert variant != sample
    before, after = Image.open(io.BytesIO(sample)), Image.open(io.BytesIO(variant))
    assert (after.format, after.mode, after.size) == (before.format, before.mode, before.size)
    if kind == "stored":
        assert len(variant) == len(sample)


@given(tiles, chances)
def test_a_variant_only_turns_and_shifts_each_channel_a_little(
    pixels: npt.NDArray[np.uint8], rng: np.random.Generator
) -> None:
    variant = pixels_of(task.perturb(task.encode_stored_png(pixels), rng))
    for channel in range(3):
        before = np.sort(pixels[..., channel], axis=None).astype(int)
        after = np.sort(variant[..., channel], axis=None).astype(int)
        moved = after - before
        assert moved.any()
        assert (moved >= 0).all() or (moved <= 0).all()
        assert np.abs(moved).max() <= 3


def test_all_eight_symmetries_occur(test: list[Item]) -> None:
    pixels = pixels_of(test[0].sample).astype(int)
    views = [np.rot90(view, turn) for view in (pixels, pixels[:, ::-1]) for turn in range(4)]
    rng = np.random.default_rng(0)
    variants = [pixels_of(task.perturb(test[0].sample, rng)).astype(int) for _ in range(100)]
    nearest = {
        int(np.argmin([np.abs(view - variant).mean() for view in views])) for variant in variants
    }
    assert nearest == set(range(8))
    assert len({variant.tobytes() for variant in variants}) > 90


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_compressed_variant_is_about_as_long(test: list[Item], kind: str) -> None:
    rng = np.random.default_rng(0)
    for item in test[:100]:
        sample = encoded(pixels_of(item.sample), kind)
        assert len(task.perturb(sample, rng)) == pytest.approx(len(sample), rel=0.1)


def test_no_table_holds_the_variants_of_a_tile(test: list[Item]) -> None:
    pixels = pixels_of(test[0].sample).astype(int)
    views = [np.rot90(view, turn) for view in (pixels, pixels[:, ::-1]) for turn in range(4)]
    variant = pixels_of(task.perturb(test[0].sample, np.random.default_rng(0))).astype(int)

    (nearest,) = [view for view in views if np.abs(view - variant).max() <= 3]

    inside = ((nearest > 3) & (nearest < 252)).all(axis=2)
    moves = (variant - nearest)[inside]
    for channel in range(3):  # half of the places moved by one more, wherever they lie
        kinds, counts = np.unique(moves[:, channel], return_counts=True)
        assert len(kinds) == 2
        assert counts.min() > 0.4 * len(moves)


def test_a_grey_jpeg_stays_grey() -> None:
    sample = encoded(np.arange(64, dtype=np.uint8).reshape(8, 8), "JPEG")
    with Image.open(io.BytesIO(task.perturb(sample, np.random.default_rng(0)))) as image:
        assert (image.format, image.mode) == ("JPEG", "L")


def test_a_coarse_jpeg_still_changes() -> None:
    made = io.BytesIO()
    Image.new("RGB", (64, 64), (90, 90, 90)).save(made, format="JPEG", quality=1)
    rng = np.random.default_rng(0)
    for _ in range(20):
        variant = task.perturb(made.getvalue(), rng)
        assert not np.array_equal(pixels_of(variant), pixels_of(made.getvalue()))


@given(st.binary(max_size=200), chances)
@example(b"\x1c\x01\x00\x85", np.random.default_rng(0))  # as a picture of IPTC begins
def test_what_cannot_be_decoded_comes_back_different_and_as_broken(
    sample: bytes, rng: np.random.Generator
) -> None:
    variant = task.perturb(sample, rng)
    assert variant != sample
    with pytest.raises(Exception):  # noqa: B017, PT011 - Pillow raises whatever it ran into
        Image.open(io.BytesIO(variant))


def test_a_tile_that_was_cut_short_stays_so(test: list[Item]) -> None:
    assert isinstance(test[0].sample, bytes)
    variant = task.perturb(test[0].sample[:5_000], np.random.default_rng(0))
    assert variant != test[0].sample[:5_000]
    with pytest.raises(OSError, match="truncated"):
        pixels_of(variant)


def test_text_is_no_tile() -> None:
    with pytest.raises(TypeError, match="str"):
        task.perturb("a tile", np.random.default_rng(0))
