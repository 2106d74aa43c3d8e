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
    """Round a value to the nearest multiple of ``step``; widen its interval to whole steps of that.

    The ends are counted from the rounded value. Rounded by themselves they would change at other
    points than it does, and three figures would tell three times as much as one.
    """
    ends = (metric.value, metric.low, metric.high)
    if all(_in_steps(end, step) for end in ends):
        return metric
    middle = round(metric.value / step)
    return MetricValue(
        name=metric.name,
        value=_multiple(middle, step),
        low=_multiple(middle - _steps(metric.value - metric.low, step), step),
        high=_multiple(middle + _steps(metric.high - metric.value, step), step),
        interval_method=metric.interval_method,
    )


def _steps(width: float, step: float) -> int:
    """Return how many steps hold a width, wherever between two steps its value lies."""
    return math.ceil(round(width / step + 0.5, DIGITS))


def _in_steps(figure: float, step: float) -> bool:
    return figure == _multiple(round(figure / step), step) or figure in {0.0, 1.0}


def _multiple(count: int, step: float) -> float:
    return min(1.0, max(0.0, round(count * step, DIGITS)))
