"""Trends: whether an entry, or the machine under it, changed while it was measured.

An interval over sessions is right where sessions are alike but for chance. A machine that warms up,
or an entry that gets cheaper with every query, makes them differ in one direction. Each trend is
tested here with Student's t, two-sided, and comes with its size and its p-value; what is too much
is for the rules to say.

Over sessions the test is that of the slope of a straight line by least squares (N. R. Draper and
H. Smith, Applied Regression Analysis, 3rd edition 1998, section 1.4), on logarithms but for
temperature. The line runs over the sessions' order and not over their times: sessions follow one
another, and a wall clock may be set meanwhile. Neighbours are taken to be correlated, as they are
for the interval of energy: a slow wander is not called a trend for sloping in a few sessions.
Within sessions it is the mean of the sessions' own slopes that is tested, so that what differs from
session to session counts as the noise that it is.

Costs are CPU time a query, of a session's sweeps of variants: each is another draw of the same
work. The originals are left out, since they may cost otherwise, which has a test of its own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from statistics import fmean, stdev

from scipy.special import stdtr

from harness.records.base import Frozen
from harness.records.energy import is_resolved, joules_per_1000
from harness.records.session import PhaseWindow, Session
from harness.records.statistics import CORRELATION
from harness.records.sums import total

LEAST_SESSIONS = 3
"""A line through two points has no error, and two slopes of sessions hardly one."""
LEAST_SWEEPS = 3
"""Of variants in a session: two points say nothing of where they lie off their line."""


class Trend(Frozen):
    """A change in one direction, and how likely chance brings about as much."""

    change: float
    """From the first to the last, along the fitted line: relative, in kelvin of temperature."""
    p_value: float
    sessions: int
    """Over how many sessions it was seen."""


class Drift(Frozen):
    """The trends of an evaluation; ``None`` where too little is known for a test."""

    within_sessions: Trend | None
    """Of the cost of a query, from a session's first sweep of variants to its last."""
    energy: Trend | None
    """Of the ranked energy over the sessions, where the meter resolves it."""
    kernel: Trend | None
    """Of the reference kernel's cost over the sessions: what the machine did without the entry."""
    frequency: Trend | None
    """Of the clock in the measured phase, over the sessions."""
    temperature: Trend | None
    """Of the processor when the measured phase ended, over the sessions."""


def drift(
    sessions: Sequence[Session], amortise_queries: int, *, correlation: float = CORRELATION
) -> Drift:
    """Test for every trend that these sessions, in their order, can show.

    ``correlation`` is that of neighbours, as ``statistics.of_sessions`` has it.
    """
    resolved = all(map(is_resolved, sessions))
    kernels = [s.kernel.before_cpu_seconds + s.kernel.after_cpu_seconds for s in sessions]
    energies = [joules_per_1000(s, amortise_queries) for s in sessions] if resolved else []
    return Drift(
        within_sessions=_of_changes([_change_within(session) for session in sessions]),
        energy=_relative(energies, correlation),
        kernel=_relative(kernels, correlation),
        frequency=_relative(
            _measured(sessions, lambda w: w.disturbance.frequency_megahertz), correlation
        ),
        temperature=_over_order(
            _measured(sessions, lambda w: w.disturbance.temperature_celsius), correlation
        ),
    )


def _measured(
    sessions: Sequence[Session], read: Callable[[PhaseWindow], float | None]
) -> list[float]:
    """Return what was read in every measured phase; nothing where one does not tell."""
    seen = [read(w) for session in sessions for w in session.phases if w.phase == "measured"]
    known = [each for each in seen if each is not None]
    return known if len(known) == len(sessions) else []


def _relative(values: Sequence[float], correlation: float) -> Trend | None:
    """Test the logarithms for a trend."""
    if not values or min(values) <= 0:
        return None
    found = _over_order([math.log(value) for value in values], correlation)
    if found is None:
        return None
    return Trend(change=math.expm1(found.change), p_value=found.p_value, sessions=found.sessions)


def _over_order(values: Sequence[float], correlation: float) -> Trend | None:
    """Test values for a trend over their order, with n - 2 degrees of freedom."""
    n = len(values)
    if n < LEAST_SESSIONS:
        return None
    slope = _slope(values)
    centre, middle = fmean(values), (n - 1) / 2
    off = total([(y - centre - slope * (x - middle)) ** 2 for x, y in enumerate(values)])
    spread = n * (n * n - 1) / 12  # the sum of squares of 0 to n - 1 about their mean
    error = _widening(n, correlation) * math.sqrt(off / (n - 2) / spread)
    return Trend(change=slope * (n - 1), p_value=_p_value(slope, error, n - 2), sessions=n)


def _widening(n: int, correlation: float) -> float:
    """Return how many times larger correlation of neighbours makes a slope's standard error.

    The slope is over n values, and R the correlations of a first-order autoregressive process. The
    slope's variance is x'Rx / (x'x) times what it is without correlation (R = I), and the expected
    square of a residual, by which it is estimated, tr((I - H) R) / (n - 2) times (Draper and Smith,
    chapter 7).
    """
    x = [position - (n - 1) / 2 for position in range(n)]
    pairs = [(i, j, correlation ** abs(i - j)) for i in range(n) for j in range(n)]
    along = total([x[i] * x[j] * r for i, j, r in pairs]) / total([each * each for each in x])
    level = total([r for *_, r in pairs]) / n
    return math.sqrt(along * (n - 2) / (n - level - along))


def _of_changes(changes: Sequence[float | None]) -> Trend | None:
    """Test whether the mean change within sessions is none, with n - 1 degrees of freedom."""
    known = [change for change in changes if change is not None]
    n = len(known)
    if n < LEAST_SESSIONS:
        return None
    mean = fmean(known)
    p_value = _p_value(mean, stdev(known) / math.sqrt(n), n - 1)
    return Trend(change=mean, p_value=p_value, sessions=n)


def _change_within(session: Session) -> float | None:
    """Return the change of cost from the first sweep of variants to the last, as a share."""
    costs = [s.cpu_seconds / s.queries for s in session.sweeps if s.kind == "variant"]
    if len(costs) < LEAST_SWEEPS or fmean(costs) <= 0:
        return None
    return _slope(costs) * (len(costs) - 1) / fmean(costs)


def _slope(values: Sequence[float]) -> float:
    """Return the slope of the least-squares line over 0, 1, 2, ..."""
    n, middle = len(values), (len(values) - 1) / 2
    centre = fmean(values)
    along = total([(x - middle) * (y - centre) for x, y in enumerate(values)])
    return along * 12 / (n * (n * n - 1))


ROUNDING = 1e-9
"""Of values that are all alike, sums in floating point leave less than this."""


def _p_value(estimate: float, error: float, degrees: int) -> float:
    """Return the two-sided p-value of Student's t."""
    if abs(estimate) <= ROUNDING:
        return 1.0
    if error <= ROUNDING * abs(estimate):
        return 0.0
    return min(1.0, 2 * float(stdtr(degrees, -abs(estimate) / error)))
