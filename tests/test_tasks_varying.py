"""Variants whose form is not that of their originals, by the tasks' own code."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from harness.tasks import load_task
from harness.tasks.decoding import decoder_of
from harness.tasks.protocol import Item, Sample
from harness.tasks.splits import ItemSplit
from harness.tasks.varying import MOST_LOOKED_AT, told_of_variants

CHECKOUT = Path(__file__).parents[1]
TASKS = ["deforestation", "wildfire-smoke"]
PIXELS = np.random.default_rng(0).normal(size=(64, 64, 3)).cumsum(0).cumsum(1)
SCENE = Image.fromarray((255 * (PIXELS - PIXELS.min()) / np.ptp(PIXELS)).astype(np.uint8))
DEEP = Image.fromarray(np.asarray(SCENE)[..., 0].astype(np.uint16) * 40 + 200)


def stored(image: Image.Image, form: str, **how: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, form, **how)
    return stream.getvalue()


def told(task: str, samples: list[bytes]) -> str:
    items = [Item(id=str(n), sample=each, label=0, group="g") for n, each in enumerate(samples)]
    decode = decoder_of("image")
    assert decode is not None
    split = ItemSplit(items, with_boxes=False)
    return told_of_variants(split, load_task(CHECKOUT, task).perturb, decode)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize(
    ("sample", "forms"),
    [
        (stored(SCENE.quantize(64), "PNG"), "PNG RGB of PNG P"),
        (stored(SCENE.convert("LA"), "PNG"), "PNG RGB of PNG LA"),
        (stored(SCENE.convert("RGBA"), "PNG"), "PNG RGB of PNG RGBA"),
        (stored(DEEP, "PNG"), "PNG RGB of PNG I;16"),
        (stored(SCENE, "TIFF", compression="tiff_lzw"), "TIFF raw RGB of TIFF tiff_lzw RGB"),
        (stored(SCENE, "WEBP", lossless=True), "WEBP RGB"),
    ],
)
def test_forms_that_a_task_does_not_keep_are_told(task: str, sample: bytes, forms: str) -> None:
    said = told(task, [stored(SCENE, "PNG"), sample])
    assert said.startswith(
        "of 2 samples looked at, the variants of 1 are of another form, such as "
    )
    assert forms in said


@pytest.mark.parametrize("task", TASKS)
def test_forms_that_a_task_keeps_are_not(task: str) -> None:
    kinds = [("PNG", {}), ("JPEG", {}), ("JPEG", {"quality": 95}), ("WEBP", {}), ("BMP", {})]
    kept = [stored(SCENE, form, **how) for form, how in kinds]
    assert told(task, [*kept, stored(SCENE.convert("L"), "PNG"), b"no image"]) == ""
    assert told(task, []) == ""


def test_samples_are_drawn_from_the_whole_split() -> None:
    """And what was an image must be one as a variant."""
    seen: list[bytes] = []

    def perturb(sample: Sample, _rng: np.random.Generator) -> Sample:
        assert isinstance(sample, bytes)
        seen.append(sample)
        return b"?"

    items = [
        Item(id=str(n), sample=stored(Image.new("L", (n + 1, 1)), "PNG"), label=0, group="g")
        for n in range(3 * MOST_LOOKED_AT)
    ]
    decode = decoder_of("image")
    assert decode is not None
    said = told_of_variants(ItemSplit(items, with_boxes=False), perturb, decode)
    assert "what cannot be decoded, of PNG L: " in said
    widths = [Image.open(io.BytesIO(sample)).width for sample in seen]
    assert widths == list(range(1, 3 * MOST_LOOKED_AT, 4))
