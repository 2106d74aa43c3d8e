"""When an evaluation has sessions enough: looks at the interval of energy, at numbers set ahead.

Running sessions until an interval happens to be narrow makes intervals that are too narrow: with
an uncorrected 95 % at looks after 5, 8, 12 and 18 they cover the truth in as little as 92.3 %. So
it is looked at few times, after numbers of sessions that the rules fix, and the 5 % are shared
out over the looks: see ``look_alphas``. The interval that is published of an evaluation that was
stopped at a look is the one with that look's alpha.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from harness.records.energy import is_resolved
from harness.records.estimates import joules_estimate
from harness.records.evaluation import Look
from harness.records.rules import ProtocolRules
from harness.records.session import Session
from harness.records.statistics import ALPHA, look_alphas


def look_at(
    sessions: Sequence[Session], rules: ProtocolRules, amortise_queries: int
) -> Look | None:
    """Look at all sessions that stand so far; ``None`` where the rules foresee no look by now."""
    if len(sessions) not in rules.looks:
        return None
    alpha = _alphas(rules)[rules.looks.index(len(sessions))]
    half_width = None
    if all(map(is_resolved, sessions)):
        estimate = joules_estimate(sessions, amortise_queries)
        if estimate is not None:
            wide = estimate.relative_half_width(alpha)
            half_width = wide if math.isfinite(wide) else None
    return Look(
        sessions=len(sessions),
        alpha=alpha,
        half_width=half_width,
        narrow=half_width is not None and half_width <= rules.half_width,
    )


def _alphas(rules: ProtocolRules) -> tuple[float, ...]:
    """Return the alpha of each look; of a single one, which may be at one session, all there is."""
    return look_alphas(rules.looks) if len(rules.looks) > 1 else (ALPHA,)


def is_last(look: Look, rules: ProtocolRules) -> bool:
    """Say whether no session follows this look.

    None does where the interval is narrow, at the cap, and where the energy of a session is not
    resolved: then the entry has no figure, whatever further sessions read.
    """
    unresolved = look.half_width is None and look.sessions > 1
    return look.narrow or unresolved or look.sessions >= rules.looks[-1]


def sessions_to_come(looks: Sequence[Look], rules: ProtocolRules) -> tuple[int, int]:
    """Return how many sessions there will be in all, after these looks: at least and at most.

    The first look that ends it does, whatever a later one sees: a control runs on beside others,
    and its interval may be wider then.
    """
    for look in looks:
        if is_last(look, rules):
            return look.sessions, look.sessions
    taken = looks[-1].sessions if looks else 0
    return next(number for number in rules.looks if number > taken), rules.looks[-1]


def looks_of(
    sessions: Sequence[Session], rules: ProtocolRules, amortise_queries: int
) -> tuple[Look, ...]:
    """Return every look at these sessions, in order: what a record of them must hold."""
    taken = (look_at(sessions[:number], rules, amortise_queries) for number in rules.looks
             if number <= len(sessions))  # fmt: skip
    return tuple(look for look in taken if look is not None)
