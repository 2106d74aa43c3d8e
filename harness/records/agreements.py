"""How far an entry agrees with itself over a whole evaluation, from what its sessions keep."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import Literal

from harness.records.session import Session

With = Literal["variants", "rebatched", "previous"]


def shares(sessions: Sequence[Session], with_what: With) -> list[float]:
    """Return the share of items answered alike, of each session that could be compared."""
    found = [getattr(s.agreement, with_what) for s in sessions if s.agreement is not None]
    return [share for share in found if share is not None]


def mean_share(sessions: Sequence[Session], with_what: With) -> float | None:
    """Return the mean of ``shares``; ``None`` where there is none."""
    found = shares(sessions, with_what)
    return fmean(found) if found else None


def disagreement(sessions: Sequence[Session]) -> float | None:
    """Return the largest share of items on which two consecutive sessions decide differently."""
    found = shares(sessions, "previous")
    return 1 - min(found) if found else None
