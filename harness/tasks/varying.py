"""Whether the variants that a task makes of samples are of their form, and so can cost alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from harness.tasks.decoding import Form
from harness.tasks.protocol import Sample, Split

Decode: TypeAlias = Callable[[bytes], Form]
Perturb: TypeAlias = Callable[[Sample, np.random.Generator], Sample]

MOST_LOOKED_AT = 16
"""Making a variant of a large image takes a tenth of a second."""
MOST_LONGER = 1.5
"""So many times longer or shorter a variant may be: noise is packed worse than what it lies on."""


def told_of_variants(split: Split, perturb: Perturb, decode: Decode) -> str:
    """Say how many of some samples, drawn evenly, have variants of another form; else nothing.

    What cannot be decoded has none.
    """
    wanted = np.arange(len(split))[:: len(split) // MOST_LOOKED_AT + 1]
    rng = np.random.default_rng(0)
    seen = [_difference(sample, perturb, rng, decode) for sample in split.samples(wanted)]
    other = [each for each in seen if each]
    if not other:
        return ""
    return (
        f"of {len(seen)} samples looked at, the variants of {len(other)} are of another form, "
        f"such as {other[0]}: variants that cost otherwise are held against an entry; "
        "store the samples in a form that the task's perturb keeps"
    )


def _difference(sample: Sample, perturb: Perturb, rng: np.random.Generator, decode: Decode) -> str:
    """Say in what a variant is not of its original's form; nothing where it is."""
    try:
        form = decode(_bytes(sample))
    except ValueError:
        return ""
    variant = _bytes(perturb(sample, rng))
    try:
        varied = decode(variant)
    except ValueError as error:
        return f"what cannot be decoded, of {form.coding}: {error}"
    if varied.coding != form.coding:
        return f"{varied.coding} of {form.coding}"
    if not len(variant) / MOST_LONGER <= len(sample) <= len(variant) * MOST_LONGER:
        return f"{len(variant):,} bytes of {len(sample):,}, {form.coding}"
    return ""


def _bytes(sample: Sample) -> bytes:
    return sample.encode() if isinstance(sample, str) else sample
