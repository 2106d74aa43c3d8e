"""Statistics of energy that evaluation and ranking both need: means of logarithms. Pure.

Energies of sessions vary by factors, so that they are averaged as logarithms, and there are few of
them, so that intervals are Student's t and no bootstrap (a percentile bootstrap of the mean covers
84 % at five sessions for a nominal 95 %). What was tried stands in docs/explanation/statistics.md.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import fmean, variance
from typing import TypeAlias

from harness.records.looks import look_alphas
from harness.records.quantiles import ALPHA, CONFIDENCE, t_quantile
from harness.records.rules import LEAST_CAMPAIGNS
from harness.records.sums import total, weighted_mean

__all__ = [
    "ALPHA",
    "CONFIDENCE",
    "CORRELATION",
    "LEAST_CAMPAIGNS",
    "LEAST_SPREAD",
    "LogEstimate",
    "Pooled",
    "blocked_ratio",
    "difference",
    "log_mean",
    "look_alphas",
    "of_sessions",
    "over_campaigns",
    "paired_ratio",
    "serial_widening",
    "t_quantile",
]

CORRELATION = 0.3
"""Of the logarithms of sessions that follow each other, assumed. 0.33 was seen of sessions of 2.4 s
back to back; five sessions show too little of theirs to go by that. A plain t interval covers 84 to
88 % at 0.33; with this it covers 93 to 95 %, and 98 to 99 % where there is none."""

LEAST_SPREAD = 1e-3
"""Of a session, relative, where two entries are held against each other: no meter here repeats
better, and sessions that seem to do so are held to have this standard deviation. So entries whose
sessions are all the same can be told apart, and not by less than a meter resolves."""

Interval: TypeAlias = tuple[float, float]


@dataclass(frozen=True)
class LogEstimate:
    """A mean of natural logarithms, or a difference of two: of an energy, or of a ratio of two."""

    log: float
    standard_error: float
    degrees: float
    """Of freedom, of the t distribution; not whole in Welch's."""

    @property
    def value(self) -> float:
        """The geometric mean, or the ratio."""
        return math.exp(self.log)

    def log_half_width(self, alpha: float = ALPHA) -> float:
        """Return half the width of the interval that misses in a share ``alpha`` of cases."""
        return t_quantile(self.degrees, alpha) * self.standard_error

    def relative_half_width(self, alpha: float = ALPHA) -> float:
        """Return by what share of the value the upper end lies above it; infinite beyond floats."""
        try:
            return math.expm1(self.log_half_width(alpha))
        except OverflowError:
            return math.inf

    def interval(self, alpha: float = ALPHA) -> Interval | None:
        """Return the interval of the value; ``None`` where it leaves the range of floats."""
        half = self.log_half_width(alpha)
        try:
            low, high = math.exp(self.log - half), math.exp(self.log + half)
        except OverflowError:
            return None
        return (low, high) if low > 0 else None

    def at_least(self, standard_error: float) -> LogEstimate:
        """Return it with a standard error that is no less.

        For what is known to be left open where the values do not show it: a counter of coarse steps
        reads the same each time.
        """
        return LogEstimate(self.log, max(self.standard_error, standard_error), self.degrees)

    def widened(self, factor: float) -> LogEstimate:
        """Return it with ``factor`` times the standard error."""
        return LogEstimate(self.log, factor * self.standard_error, self.degrees)


def of_sessions(
    values: Sequence[float], *, correlation: float = CORRELATION, least_spread: float = 0.0
) -> LogEstimate | None:
    """Return the geometric mean of sessions in the order they ran, each a block of many queries.

    ``correlation`` is that of neighbours, of a first-order autoregressive process; 0 is plain
    Student's t. ``least_spread`` is what their standard deviation is taken to be at least. ``None``
    for fewer than two, or where one is not positive: they show no spread, or no energy.
    """
    if len(values) < 2 or min(values) <= 0:  # noqa: PLR2004 - two values make a spread
        return None
    plain = _of_logs([math.log(value) for value in values], least_spread)
    return plain.widened(math.sqrt(serial_widening(len(values), correlation)))


@lru_cache(maxsize=256)  # of few numbers of sessions
def serial_widening(count: int, correlation: float = CORRELATION) -> float:
    """Return the true variance of a mean of ``count`` values in a row, over what values show of it.

    Correlation r of neighbours does two things: the variance of the mean is v = 1 + 2 sum (1 - k /
    n) r^k times what it would be without, and the variance that is seen among the values is (n - v)
    / (n - 1) times what it is. The ratio of the two is returned (G. E. P. Box, G. M. Jenkins and
    G. C. Reinsel, Time Series Analysis, 1994, section 2.1).
    """
    variance_of_mean = 1 + 2 * total(
        [(1 - lag / count) * correlation**lag for lag in range(1, count)]
    )
    return variance_of_mean * (count - 1) / (count - variance_of_mean)


def log_mean(values: Sequence[float]) -> float:
    """Return the geometric mean of positive values, the centre of ``of_sessions``."""
    return math.exp(fmean([math.log(value) for value in values]))


def paired_ratio(
    ones: Sequence[float], others: Sequence[float], *, least_spread: float = 0.0
) -> LogEstimate | None:
    """Return ``ones`` over ``others``, which were measured in pairs, next to each other in time.

    What drifts, or comes and goes in episodes longer than a pair, falls out of it, and with it what
    makes neighbours alike: pairs are taken to be independent. ``least_spread`` is that of one value
    of a pair. ``None`` as ``of_sessions`` has it; ``ValueError`` where their numbers differ.
    """
    if len(ones) != len(others):
        raise ValueError(f"{len(ones)} values cannot be paired with {len(others)}")
    if len(ones) < 2 or min(*ones, *others) <= 0:  # noqa: PLR2004 - two make a spread
        return None
    return _of_logs(
        [math.log(one) - math.log(other) for one, other in zip(ones, others, strict=True)],
        math.sqrt(2) * least_spread,
    )


def difference(one: LogEstimate, other: LogEstimate) -> LogEstimate:
    """Return the ratio of two independent estimates, with Welch's degrees of freedom.

    B. L. Welch, The generalization of Student's problem when several different population variances
    are involved, Biometrika 34 (1947), 28-35.
    """
    parts = (one.standard_error**2, other.standard_error**2)
    together = parts[0] + parts[1]
    below = parts[0] ** 2 / one.degrees + parts[1] ** 2 / other.degrees
    degrees = together**2 / below if below > 0 else one.degrees + other.degrees
    return LogEstimate(one.log - other.log, math.sqrt(together), degrees)


def blocked_ratio(
    ones: Mapping[int, float], others: Mapping[int, float], *, least_spread: float = 0.0
) -> LogEstimate | None:
    """Return the ratio of two entries of one campaign, by the rounds in which both have a session.

    A round that only one of them finished tells nothing of the other's. ``None`` for fewer than two
    rounds in common.
    """
    common = sorted(ones.keys() & others.keys())
    return paired_ratio(
        [ones[each] for each in common],
        [others[each] for each in common],
        least_spread=least_spread,
    )


@dataclass(frozen=True)
class Pooled:
    """Ratios of several campaigns, pooled."""

    estimate: LogEstimate
    between: float
    """Standard deviation of the logarithm from campaign to campaign, beyond what sessions show."""
    weights: tuple[float, ...]
    """What each campaign counts for in the mean, in their order."""


def over_campaigns(campaigns: Sequence[LogEstimate], least: int = LEAST_CAMPAIGNS) -> Pooled | None:
    """Pool the ratios of one entry to the control, one of each campaign; a random-effects mean.

    The variance between campaigns is Paule and Mandel's (Journal of Research of the NBS 87 (1982),
    377-385), the interval Hartung and Knapp's of k - 1 degrees of freedom (J. Hartung and G. Knapp,
    Statistics in Medicine 20 (2001), 3875-3889), whose standard error is never taken below the
    one that assumes no variance between campaigns (C. Röver, G. Knapp and T. Friede, BMC Medical
    Research Methodology 15 (2015), 99). That takes no factor here: theirs is 1 where Paule and
    Mandel's variance is above 0, and else at most 1, which is then not taken. ``None`` for fewer
    campaigns than ``least``, which the rules may set higher than three.
    """
    if len(campaigns) < max(least, LEAST_CAMPAIGNS):
        return None
    logs = [each.log for each in campaigns]
    own = [max(each.standard_error, _NO_ERROR) ** 2 for each in campaigns]
    between = _paule_mandel(logs, own)
    weights = [1 / (each + between) for each in own]
    estimate = LogEstimate(
        weighted_mean(logs, weights), math.sqrt(1 / total(weights)), len(logs) - 1
    )
    return Pooled(estimate, math.sqrt(between), tuple(weights))


_NO_ERROR = 1e-12
"""Of a logarithm: what is more alike than this is alike."""


def _of_logs(logs: Sequence[float], least_spread: float) -> LogEstimate:
    error = math.sqrt(max(_variance(logs), least_spread**2) / len(logs))
    return LogEstimate(fmean(logs), error, len(logs) - 1)


def _variance(values: Sequence[float]) -> float:
    """Return what ``statistics.variance`` does, to the last digit and several times as fast.

    It is exact until it is rounded once. Floats are whole numbers over powers of two, but for those
    that are not finite: their variance is not either.
    """
    try:
        ratios = [value.as_integer_ratio() for value in values]
    except (OverflowError, ValueError):
        return variance(values)
    scale = max([below for _, below in ratios])
    whole = [above * (scale // below) for above, below in ratios]
    count = len(whole)
    squares = count * sum([each * each for each in whole]) - sum(whole) ** 2
    return squares / (count * (count - 1) * scale * scale)


def _paule_mandel(logs: Sequence[float], own: Sequence[float]) -> float:
    """Return the variance between for which the weighted squares are what they are expected to be.

    They fall as it grows; 0 where they are below it already. By halving.
    """

    def excess(between: float) -> float:
        weights = [1 / (each + between) for each in own]
        mean = weighted_mean(logs, weights)
        squares = total([w * (log - mean) ** 2 for w, log in zip(weights, logs, strict=True)])
        return squares - (len(logs) - 1)

    if excess(0.0) <= 0:
        return 0.0
    low, high = 0.0, len(logs) * variance(logs)
    for _ in range(200):
        middle = (low + high) / 2
        if excess(middle) > 0:
            low = middle
        else:
            high = middle
        if high - low <= 1e-9 * high:
            break
    return (low + high) / 2
