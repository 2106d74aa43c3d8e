"""Warnings of trends: what made sessions, or the sweeps within them, differ in one direction."""

from __future__ import annotations

from collections.abc import Iterator

from harness.records.drift import Trend, drift
from harness.records.evaluation import EvaluationRecord
from harness.records.rules import CautionRules
from harness.records.session import Notice


def about_drift(record: EvaluationRecord, cautions: CautionRules) -> Iterator[Notice]:
    """Warn of each trend that is larger than the rules bear and no likely work of chance."""
    seen = drift(record.sessions, record.rules.amortise_queries)

    def told(trend: Trend | None, limit: float = cautions.drift) -> Trend | None:
        if trend is None or abs(trend.change) <= limit:
            return None
        return trend if trend.p_value < cautions.significance else None

    if found := told(seen.within_sessions):
        yield Notice(
            code="drift-within-sessions",
            message=f"the CPU time of a query changed by {found.change:+.1%} from the first sweep "
            f"of a session to the last ({_chance(found)})",
            remedy="it gets cheaper while caches and clocks settle, dearer where memory fills up: "
            "do in load, or in answers to the warm-up, what is done once",
        )
    if found := told(seen.energy):
        yield Notice(
            code="drift-between-sessions",
            message=f"energy changed by {found.change:+.1%} from the first session to the last "
            f"({_chance(found)}){_of_the_kernel(seen.kernel)}",
            remedy="let the machine come to its working temperature first, and evaluate again: the "
            "interval of energy takes sessions to be alike but for chance",
        )
    if found := told(seen.frequency):
        yield Notice(
            code="frequency-trend",
            message=f"the cores' clock changed by {found.change:+.1%} from the first session to "
            f"the last ({_chance(found)})",
            remedy="set the performance governor or a fixed clock, and see that the machine is "
            "cooled",
        )
    if found := told(seen.temperature, cautions.drift_kelvin):
        yield Notice(
            code="temperature-trend",
            message=f"the processor's temperature changed by {found.change:+.1f} K from the first "
            f"session to the last ({_chance(found)})",
            remedy="let the machine come to its working temperature first, and see that it is "
            "cooled",
        )


def _of_the_kernel(trend: Trend | None) -> str:
    """Say what the fixed work beside it did: whether it was the machine shows by that."""
    if trend is None:
        return ""
    return f"; the same fixed work around them changed by {trend.change:+.1%}"


def _chance(trend: Trend) -> str:
    chance = "less than 0.0001" if trend.p_value < 1e-4 else f"{trend.p_value:.1g}"  # noqa: PLR2004 - of a spelling
    return f"over {trend.sessions} sessions; chance does as much with probability {chance}"
