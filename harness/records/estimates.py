"""The energy of an evaluation's sessions together, as whoever looks at its interval has to see it.

The looks that end an evaluation and the interval that is published of it are of this one estimate.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from harness.records.energy import joules_per_1000, random_uncertainty_per_1000
from harness.records.session import Session
from harness.records.statistics import LogEstimate, of_sessions, t_quantile


def joules_estimate(sessions: Sequence[Session], amortise_queries: int) -> LogEstimate | None:
    """Return the geometric mean of sessions with its standard error; ``None`` for fewer than two.

    The spread of sessions holds what the meter's edges and steps add to each, unless steps are so
    coarse that they hide it: the error is never less than they leave the mean open. A gain is in
    every session alike and has no part in it: it falls out of the ratio of two entries that one
    machine metered, and not of two machines'.
    """
    joules = [joules_per_1000(session, amortise_queries) for session in sessions]
    estimate = of_sessions(joules)
    if estimate is None:
        return None
    return left_open(estimate, share_of_mean(shares_of(sessions, joules, amortise_queries)))


def left_open(estimate: LogEstimate, share: float) -> LogEstimate:
    """Return it with an error that is no less than that of a half-width of ``share`` at 95 %."""
    return estimate.at_least(share / t_quantile(math.inf))


def shares_of(
    sessions: Sequence[Session], joules: Sequence[float], amortise_queries: int
) -> list[float]:
    """Return the half-width at 95 % that the meter's edges and steps leave of each session.

    As a share of its ``joules`` per 1,000 queries.
    """
    return [
        random_uncertainty_per_1000(session, amortise_queries) / each
        for session, each in zip(sessions, joules, strict=True)
    ]


def share_of_mean(shares: Sequence[float]) -> float:
    """Return which share of a geometric mean is left open, by the share of each value that is.

    Errors of logarithms are averaged. They are independent, so that they add in quadrature, and
    their mean shrinks with their number.
    """
    return math.hypot(*shares) / len(shares)
