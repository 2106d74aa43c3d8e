"""What exceeds a floor, and the bound, held against going through every pair of every draw."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pytest

from harness.ranking import peaks as peaks_module
from harness.ranking import reaching
from harness.ranking.bound import PILOT, Largest, bound_of
from harness.ranking.energy_pairs import (
    A_CAMPAIGN,
    BY_CAMPAIGN,
    BY_RATIO,
    BY_ROUND,
    BY_SESSION,
    NOT_COMPARED,
    compare_energies,
)
from harness.ranking.evidence import Booleans, Evidence, ItemScores, SessionEnergies
from harness.ranking.maxima import Active, Noise, largest_of
from harness.ranking.peaks import chain, peaks_above
from harness.ranking.resampling import draw_quality, session_noise

ENTRIES, DRAWS = 40, 300
ROWS = np.arange(DRAWS)
WHOLE = reaching.PRODUCT
RNG = np.random.default_rng(11)
ROUNDING = 1e-3
"""Relative: going through every pair in single precision is no better for entries much alike."""


def sessions_of(
    rounds: Sequence[int], *, campaigns: Sequence[int] = (0,), turns: bool = True
) -> SessionEnergies:
    count = len(rounds) * len(campaigns)
    return SessionEnergies(
        RNG.normal(0, RNG.uniform(0.002, 0.05), count),
        np.repeat(campaigns, len(rounds)),
        np.tile(rounds, len(campaigns)) if turns else None,
    )


def boards() -> Iterator[tuple[str, set[int], Sequence[SessionEnergies | None]]]:
    """Yield a name, by what its entries are compared, and their sessions."""
    of = range(ENTRIES)
    yield "turns", {BY_ROUND}, [sessions_of(range(5)) for _ in of]
    yield "many turns", {BY_ROUND}, [sessions_of(range(30)) for _ in of]
    yield "more turns of some", {BY_ROUND}, [sessions_of(range(5 + 3 * (n % 2))) for n in of]
    missing = [np.delete(np.arange(9), [n % 9, n % 7]).tolist() for n in of]
    yield "each its own turns", {BY_ROUND}, [sessions_of(rounds) for rounds in missing]
    yield "no turns", {BY_SESSION}, [sessions_of(range(4 + n % 6), turns=False) for n in of]
    kinds = {NOT_COMPARED, BY_SESSION, BY_SESSION + A_CAMPAIGN}
    days_of = ((0,), (0, 1), (1,))
    often = [sessions_of(range(4 + n % 6), campaigns=days_of[n % 3], turns=False) for n in of]
    yield "no turns, several days", kinds, often
    days = [sessions_of(range(3 + n % 2), campaigns=(1, 2, 3)) for n in of]
    yield "three campaigns", {BY_CAMPAIGN}, days
    early, late = (1, 2, 3, 4), (5, 6, 7, 8)
    apart = [sessions_of(range(3), campaigns=late if n % 2 else early) for n in of]
    everywhere = sessions_of(range(3), campaigns=(*early, *late))
    yield "different campaigns", {BY_CAMPAIGN, BY_RATIO}, [everywhere, *apart[1:]]
    some = [sessions_of(range(5)) if n % 3 else None for n in of]
    yield "some without energy", {NOT_COMPARED, BY_ROUND}, some


BOARDS = {name: (kinds, energy) for name, kinds, energy in boards()}
OTHERS = ~np.eye(ENTRIES, dtype=bool)


@pytest.fixture(autouse=True)
def _few_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peaks_module, "FEW_ENTRIES", 2)


def noise_of(board: str) -> Noise:
    """Draw for a board with a copy, and nearly a copy, of its first entry."""
    kinds, energy = BOARDS[board]
    rng = np.random.default_rng(12)
    scores = (rng.random((200, ENTRIES)) < np.linspace(0.6, 0.95, ENTRIES)).astype(np.float32)
    scores[:, 1] = scores[:, 30] = scores[:, 0]
    scores[0, 30] = 1 - scores[0, 30]
    names = tuple(f"entry-{number:02d}" for number in range(ENTRIES))
    floor = np.zeros(ENTRIES, dtype=bool)
    control = names[0] if BY_RATIO in kinds else None
    evidence = Evidence(names, ItemScores(scores), tuple(energy), floor, control)
    quality, pairs = draw_quality(evidence.quality, DRAWS, 0), compare_energies(evidence)
    assert set(pairs.kind[OTHERS].tolist()) == kinds
    unseen = 0.01 * rng.normal(size=(DRAWS, ENTRIES)).astype(np.float32)
    return Noise(
        quality=quality.deviations,
        quality_error=np.sqrt(quality.squares),
        with_unseen=quality.deviations + unseen,
        with_unseen_error=np.sqrt(quality.squares + 2e-4),
        pairs=pairs,
        sessions=tuple(
            session_noise(name, DRAWS, count, 0).astype(np.float64)
            for name, count in zip(names, pairs.noises.tolist(), strict=True)
        ),
    )


def some(seed: int) -> Booleans:
    return OTHERS & (np.random.default_rng(seed).random(OTHERS.shape) < 0.5)


def all_active(noise: Noise) -> Active:
    return Active(OTHERS, OTHERS, OTHERS & noise.pairs.compared)


@pytest.mark.parametrize(("share", "product"), [(0.3, WHOLE), (0.8, WHOLE), (0.5, 1_500)])
@pytest.mark.parametrize("families", ["all", "half of each", "quality", "not worse", "energy"])
@pytest.mark.parametrize("board", BOARDS)
def test_what_exceeds_a_floor_is_what_going_through_every_pair_finds(
    board: str, families: str, share: float, product: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reaching, "PRODUCT", product)  # a small one is made in parts
    noise, none = noise_of(board), np.zeros_like(OTHERS)
    whole = all_active(noise)
    active = {
        "all": whole,
        "half of each": Active(some(1), some(2), some(3) & noise.pairs.compared),
        "quality": replace(whole, not_worse=none, less=none),
        "not worse": replace(whole, better=none, less=none),
        "energy": replace(whole, better=none, not_worse=none),
    }[families]
    plain = largest_of(noise, active, ROWS)
    floor = float(np.quantile(plain, share))
    peaks = peaks_above(floor, noise, active, ROWS, chain(noise.with_unseen_error))
    assert peaks.values == pytest.approx(np.maximum(plain, floor), rel=ROUNDING)
    assert (peaks.values > floor).sum() == pytest.approx((plain > floor).sum(), abs=3)
    known = np.flatnonzero(peaks.holders >= 0)
    assert active.statements[peaks.holders[known]].all()
    for row in known[:4]:
        only = np.zeros(3 * ENTRIES**2, dtype=bool)
        only[peaks.holders[row]] = True
        of_holder = largest_of(noise, Active(*only.reshape(3, ENTRIES, ENTRIES)), ROWS[[row]])
        assert of_holder == pytest.approx(peaks.values[row], rel=ROUNDING)


@pytest.mark.parametrize("board", BOARDS)
def test_the_bound_is_that_of_all_draws_while_statements_get_fewer(board: str) -> None:
    noise = noise_of(board)
    rng = np.random.default_rng(13)
    whole, largest = all_active(noise), Largest(noise)
    steps = [whole]
    for share in (0.9, 0.5, 0.02):
        kept = rng.random((3, ENTRIES, ENTRIES)) < share
        last = steps[-1]
        steps.append(Active(last.better & kept[0], last.not_worse & kept[1], last.less & kept[2]))
    none = np.zeros_like(OTHERS)
    steps.append(Active(none, none, none))
    for active in steps:
        plain = bound_of(largest_of(noise, active, ROWS), 0.95)
        assert largest.bound(active, 0.95) == pytest.approx(plain, rel=ROUNDING)


def test_entries_that_differ_least_follow_one_another() -> None:
    places = np.array([0.0, 5.0, 0.1, 5.2, 0.3])
    error = np.abs(np.subtract.outer(places, places))
    assert chain(error).tolist() == [0, 2, 4, 1, 3]


@pytest.mark.timeout(60)
def test_a_pilot_that_is_noisier_than_the_other_draws_ends_in_the_bound_all_the_same() -> None:
    noise = noise_of("turns")
    scale = np.where(ROWS < PILOT, 10.0, 1.0)[:, np.newaxis].astype(noise.quality.dtype)
    louder = replace(noise, quality=noise.quality * scale)
    none = np.zeros_like(OTHERS)
    active = Active(OTHERS, none, none)
    plain = bound_of(largest_of(louder, active, ROWS), 0.5)
    assert Largest(louder).bound(active, 0.5) == pytest.approx(plain, rel=ROUNDING)
