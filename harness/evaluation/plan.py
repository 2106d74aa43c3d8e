"""What one session sends: a fresh secret order, the originals hidden among perturbed variants."""

from __future__ import annotations

import math
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from harness.records.rules import ProtocolRules, Rules
from harness.tasks.protocol import Batch, Sample, Split, Storing, Task
from harness.tasks.splits import stream_samples
from harness.tasks.spool import Spool

MIN_SWEEPS = 2
"""One of the originals and one of variants, however slow the entry was when it was calibrated:
without a variant, answers that it remembers from an earlier session would not show."""
MAX_VARIANT_BYTES = 2 * 2**30
"""Variants are made before the session, so that making them is not metered: they must fit."""
VARIANT_MEMORY_BYTES = 256 * 2**20
"""Of these, what may be kept in memory; the rest goes to a file, in the place of temporary ones."""
TRIES = 8
"""How often a variant is made anew that was made before: of a short text there are not many."""
FIRST_VARIANTS = 256
"""After so many it is seen whether all will fit; of a part, so many are made in any case."""


@dataclass(frozen=True)
class PlannedSweep:
    """One pass over the test set."""

    kind: Literal["original", "variant"]
    order: npt.NDArray[np.int64]
    """(n,), positions in the split, in the order they are sent: of a sweep of variants of a part of
    the items, theirs."""
    variants: Spool | None
    """Where ``kind`` is ``variant``."""
    places: npt.NDArray[np.int64] | None = None
    """(n,), where in ``variants`` each of ``order`` lies; ``None``: at its position."""

    def batches(self, split: Split, size: int) -> Iterator[Batch]:
        """Yield the samples in ``order``, ``size`` at a time."""
        source = split if self.variants is None else self.variants
        storing = source if isinstance(source, Storing) else None
        places = self.order if self.places is None else self.places
        for start in range(0, len(places), size):
            batch = places[start : start + size]
            stored = storing.stored(batch) if storing else None
            yield source.samples(batch) if stored is None else stored


class _Variants:
    """Makes the variants of one session, no two alike as far as there are enough of a sample.

    An entry that remembers what it was asked would have the second of two alike for nothing. What
    was made is known by Python's hashes, eight bytes each, whose key is fresh in each process.
    """

    def __init__(self, task: Task, rng: np.random.Generator) -> None:
        self._task = task
        self._rng = rng
        self._sent: set[int] = set()

    def of(self, sample: Sample) -> Sample:
        """Return a variant that is neither a sample that was varied yet nor made before."""
        self._sent.add(hash(sample))
        for _ in range(TRIES):
            variant = self._task.perturb(sample, self._rng)
            if hash(variant) not in self._sent:
                break
        self._sent.add(hash(variant))
        return variant


def sealed_rng() -> np.random.Generator:
    """Return a generator seeded from the operating system: nobody can foresee or repeat it."""
    return np.random.default_rng(secrets.randbits(256))


def wanted_seconds(rules: Rules, protocol: ProtocolRules, refresh_seconds: float) -> float:
    """Return how long the measured phase should last.

    At each of a window's two edges a reading may be old by as much as a refresh of the meter: two
    refreshes are to be no more than the rules' share of the phase. It takes no more than half of
    the phase's time, or of a session's, in any case: waiting for the meter must not end an entry's
    session.
    """
    for_the_meter = 2 * refresh_seconds / rules.energy.edge_share
    allowed = min(rules.limits.measured_seconds, rules.limits.session_seconds)
    return max(protocol.measured_seconds, min(for_the_meter, allowed / 2))


def count_sweeps(
    rules: ProtocolRules, measured_seconds: float, queries_per_sweep: int, seconds_per_query: float
) -> int:
    """Return how many sweeps fill the measured phase, within the rules' bounds; two at least."""
    sweep_seconds = queries_per_sweep * seconds_per_query
    if sweep_seconds * rules.max_sweeps <= measured_seconds:
        return rules.max_sweeps
    fill = math.ceil(measured_seconds / sweep_seconds)
    return min(rules.max_sweeps, max(MIN_SWEEPS, fill))


def plan_sweeps(
    task: Task, split: Split, sweeps: int, rng: np.random.Generator, *, variant_seconds: float
) -> tuple[PlannedSweep, ...]:
    """Draw the orders, make the variants, and hide the originals at a random place among them.

    Fewer sweeps are planned when their variants would take more than ``MAX_VARIANT_BYTES``, or
    when making them has taken ``variant_seconds``. Where not even one sweep of variants has room,
    there is one of a part of the items, drawn at random.
    """
    items = len(split)
    planned: list[PlannedSweep] = []
    variants = _Variants(task, rng)
    room = MAX_VARIANT_BYTES
    ends = time.monotonic() + variant_seconds
    while len(planned) < sweeps - 1 and time.monotonic() < ends:
        made = Spool(
            text=task.modality == "text", memory_bytes=VARIANT_MEMORY_BYTES // (sweeps - 1)
        )
        taken = _make_variants(variants, split, made, room)
        if taken > room:
            break
        room -= taken
        planned.append(PlannedSweep("variant", rng.permutation(items), made))
    if not planned and sweeps > 1 and variant_seconds > 0:
        planned += _sweep_of_a_part(task, split, rng, variant_seconds=variant_seconds)
    originals = PlannedSweep("original", rng.permutation(items), None)
    planned.insert(int(rng.integers(len(planned) + 1)), originals)
    return tuple(planned)


def _make_variants(variants: _Variants, split: Split, into: Spool, room: int) -> int:
    """Make a variant of every sample and return how many bytes they take.

    Gives up as soon as that is, or will be by far, more than there is room for: then what it
    returns is more than ``room``.
    """
    taken = 0
    for done, sample in enumerate(stream_samples(split)):
        if done == FIRST_VARIANTS and taken * len(split) > 2 * room * done:
            return room + 1
        variant = variants.of(sample)
        taken += len(variant)
        if taken > room:
            return taken
        into.append(variant)
    return taken


def _sweep_of_a_part(
    task: Task, split: Split, rng: np.random.Generator, *, variant_seconds: float
) -> list[PlannedSweep]:
    """Plan a sweep of variants of as many items as have room; none where not one has.

    Making them takes about ``variant_seconds`` at most, once ``FIRST_VARIANTS`` are made.
    """
    made = Spool(text=task.modality == "text", memory_bytes=VARIANT_MEMORY_BYTES)
    drawn = rng.permutation(len(split))
    variants = _Variants(task, rng)
    room, ends = MAX_VARIANT_BYTES, time.monotonic() + variant_seconds
    for position in drawn:
        if len(made) >= FIRST_VARIANTS and time.monotonic() > ends:
            break
        variant = variants.of(split.samples([int(position)])[0])
        room -= len(variant)
        if room < 0:
            break
        made.append(variant)
    places = rng.permutation(len(made))
    return [PlannedSweep("variant", drawn[places], made, places)] if len(made) else []
