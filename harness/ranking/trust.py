"""How far one evaluation can be trusted: which differences it could have told apart."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from harness.records.base import Frozen
from harness.records.energy import is_resolved
from harness.records.estimates import joules_estimate
from harness.records.statistics import ALPHA, t_quantile

if TYPE_CHECKING:
    from harness.records.evaluation import EvaluationRecord


class Resolvable(Frozen):
    """The smallest differences from another entry that an evaluation like this could show.

    Both are those at which the 95 % interval of the difference just leaves out none at all. An
    entry that differs by so much is told apart in half of the tries; one by twice as much, nearly
    always.
    """

    energy: float | None
    """As a share of the energy; ``None`` where one session, or no figure, gives no interval."""
    quality: float | None
    """In the ranked metric."""


def resolvable(record: EvaluationRecord) -> Resolvable:
    """Return what the evaluation could tell apart, had the other entry been measured likewise.

    Of energy: Student's two-sample t on logarithms, with as many sessions and as much spread on
    either side. Of quality: √2 times the half-width of its interval, as if the two erred on
    unrelated items; a paired comparison sees less where they err on the same ones. No less than an
    item of the test set.
    """
    estimate = None
    if record.sessions and all(map(is_resolved, record.sessions)):
        estimate = joules_estimate(record.sessions, record.rules.amortise_queries)
    energy = None
    if estimate is not None:
        error = math.sqrt(2) * estimate.standard_error
        log = t_quantile(2 * estimate.degrees, ALPHA) * error
        energy = math.expm1(log) if log < _BEYOND else None
    quality = None
    if record.quality is not None:
        ranked = record.quality.ranked_value
        quality = max(math.sqrt(2) * (ranked.high - ranked.low) / 2, 1 / record.quality.items)
    return Resolvable(energy=energy, quality=quality)


_BEYOND = 10.0
"""Of a logarithm: a factor of 20,000 is no measurement."""


def in_words(seen: Resolvable) -> str:
    """Say it in one sentence."""
    energy = "no energies"
    if seen.energy is not None:
        percent = f"{two_digits(100 * seen.energy)} %"
        factor = f"a factor of {two_digits(seen.energy + 1)}"
        energy = f"energies that differ by {percent if seen.energy < 1 else factor}"
    quality = "" if seen.quality is None else f", and qualities that differ by {seen.quality:.2g}"
    return f"beside an entry measured likewise: {energy}{quality}"


def two_digits(number: float) -> str:
    """Spell a figure with two significant digits, and a large one without a power of ten."""
    text = f"{number:.2g}"
    return f"{float(text):,.0f}" if "e+" in text else text
