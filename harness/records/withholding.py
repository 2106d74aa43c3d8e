"""What a signed record keeps back where nobody but the organiser knows the labels.

Exact scores are an oracle: whoever changes the answer to one item and sees the count of right
answers move has read a label. Confusions are a better one. So the published record has quality in
steps, and neither confusions nor figures of single classes; the exact ones follow from the sidecar.
A step hides single items, and each evaluation still tells a few bits: a quota bounds their number
(A. Blum and M. Hardt, The Ladder: A Reliable Leaderboard for Machine Learning Competitions, 2015).
"""

from __future__ import annotations

import math

from msgspec.structs import replace

from harness.records.evaluation import EvaluationRecord, MetricValue, Quality

DIGITS = 9
"""After the point, of a multiple of a step: what floating point adds is cut off."""


def withheld_step(record: EvaluationRecord, *, signed: bool) -> float | None:
    """Return the step of a record's published quality; ``None`` where nothing is kept back.

    What is not signed is not published; what anybody can score needs no hiding. Rules from before
    there was a step keep nothing back.
    """
    if not signed or record.data.public:
        return None
    return record.rules.quality_step


def publishable(record: EvaluationRecord, *, signed: bool) -> EvaluationRecord:
    """Return the record without what would tell labels."""
    step = withheld_step(record, signed=signed)
    if step is None:
        return record
    sessions = tuple(replace(session, confusion=None) for session in record.sessions)
    quality = None if record.quality is None else publishable_quality(record.quality, step)
    return replace(record, sessions=sessions, quality=quality)


def publishable_quality(quality: Quality, step: float) -> Quality:
    """Return quality in steps; whatever is not named here is kept back."""
    return Quality(
        ranked=quality.ranked,
        metrics=tuple(in_steps(metric, step) for metric in quality.metrics),
        items=quality.items,
        answered=quality.answered,
        step=step,
    )


def in_steps(metric: MetricValue, step: float) -> MetricValue:
    """Round a value to the nearest multiple of ``step``, and the ends of its interval outwards."""
    return MetricValue(
        name=metric.name,
        value=_multiple(round(metric.value / step), step),
        low=_multiple(math.floor(round(metric.low / step, DIGITS)), step),
        high=_multiple(math.ceil(round(metric.high / step, DIGITS)), step),
        interval_method=metric.interval_method,
    )


def _multiple(count: int, step: float) -> float:
    return min(1.0, max(0.0, round(count * step, DIGITS)))
