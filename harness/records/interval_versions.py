"""Which version of the method a quality's intervals are of: told by the names of their methods.

``harness.tasks.spreads`` says what the versions are, and makes them. Whoever makes a record may
name an older one, and its intervals hold by it; so what was made since is held against the harness
that made it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final, Literal, TypeAlias

from harness.records.evaluation import MetricValue, Quality

Version: TypeAlias = Literal["both", "cochran", "satterthwaite"]
"""The newest first, as ``spreads`` has them."""
NEWEST: Final = "both"
MID_P: Final = "mid-P"
UNSEEN: Final = ", with those unseen"
"""What the newest says that are not whole counts, and of groups."""
BY_BOTH: Final = ", sessions by both t"
BY_OWN: Final = ", sessions by their own t"
"""What methods say that are new, and how they end where sessions differ: now, and before."""
ONCE_OTHERWISE: Final = ("bootstrap variance over ", "wilson or exact by class over ")
"""How methods begin that name the newest version, if they are of it, whatever sessions do."""
OF_GROUPS: Final = re.compile(r" over [0-9]+ groups(?!, with those unseen)")
"""How it names groups otherwise: the older versions reckon with those alone that were seen."""
POOLED: Final = "; "
"""Stands between the methods of a figure that is pooled of several evaluations."""
LAST_HARNESS: Final[Mapping[Version, str]] = {"cochran": "0.1.0", "satterthwaite": "0.1.0"}
"""The last version of the harness to make intervals of an older version, when it was not asked to.
0.1.0 made both, and an early form of the newest: a record of it may be honest."""
NAMES: Final[Mapping[Version, str]] = {
    "both": "sessions by both t",
    "cochran": "sessions by their own t",
    "satterthwaite": "sessions by Satterthwaite's degrees of freedom",
}
"""In words, as docs/explanation/statistics.md has them."""


def are_newest(metrics: Iterable[MetricValue]) -> frozenset[bool]:
    """Return whether intervals are of the newest version, by each method that tells."""
    return frozenset[bool]().union(*[_told(each.interval_method) for each in metrics])


def version_told(metrics: Iterable[MetricValue]) -> Version | None:
    """Return the version that the methods of a quality's metrics tell; of several the oldest.

    ``None`` where no method tells one: that of a share tells none by the oldest version, nor by any
    where all sessions agree.
    """
    methods = [each.interval_method for each in metrics]
    told = frozenset[bool]().union(*map(_told, methods))
    if False not in told:
        return NEWEST if told else None
    own = any(part.endswith(BY_OWN) for each in methods for part in each.split(POOLED))
    return "cochran" if own else "satterthwaite"


@lru_cache(maxsize=1024)  # few, and asked for of every row of a board
def _told(method: str) -> frozenset[bool]:
    """Return whether a method, or each that is pooled in it, is the newest; not of what is mute."""
    told = set()
    for part in method.split(POOLED):
        if MID_P in part or UNSEEN in part or part.endswith(BY_BOTH):
            told.add(True)
        elif part.endswith(BY_OWN) or part.startswith(ONCE_OTHERWISE) or OF_GROUPS.search(part):
            told.add(False)
    return frozenset(told)


def version_named(quality: Quality) -> Version:
    """Return the version of the method by which a quality's intervals were made.

    Where none is told it is the oldest: either sessions differ, and only the oldest is silent on
    that, or all metrics are shares of sessions that agree, and all versions give the same.
    """
    return version_told(quality.metrics) or "satterthwaite"


def made_since(version: Version, harness: str) -> bool:
    """Say whether a version of the harness, as ``1.2.0``, no longer makes this of the method.

    What is no such number is not known to be newer.
    """
    last = LAST_HARNESS.get(version)
    if last is None or re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9}){0,9}", harness) is None:
        return False
    return _numbers(harness) > _numbers(last)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(each) for each in version.split("."))
