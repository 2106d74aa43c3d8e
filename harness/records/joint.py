"""The joint file of a board: everything that is derived from single items.

Outcomes of single items on labels that nobody knows stay with the organiser. Quality, claims and
ranks follow from them, so that they are kept, signed, for everybody who has only the records.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from harness.records.base import Frozen
from harness.records.evaluation import Signature

SCHEMA_VERSION = 2
"""Raised when a field changes its meaning, or when the same evidence gives other claims."""

RankRange: TypeAlias = tuple[int, int]
"""[best, worst]."""
WhyUnranked: TypeAlias = Literal[
    "baseline", "too-few-sessions", "unresolved-energy", "items-missing", "items-unfit",
]  # fmt: skip
Prize: TypeAlias = Literal["least-energy", "best-quality"]


class Claim(Frozen):
    """One entry beats another: not worse on either axis by more than the margins, and better on
    one, each as surely as the confidence says of all claims of the board together.
    """  # noqa: D205 - one sentence

    winner: str
    loser: str
    by_quality: bool
    by_energy: bool


class JointEntry(Frozen):
    """What the joint resampling says of one entry."""

    entry: str
    rank: RankRange
    """1 + the entries that beat it, to the number of ranked entries less those that it beats."""
    front_support: float | None
    """Share of the draws in which no other was at least as good on both axes and better on one by
    more than the margin: from 0 to 1; ``None`` on labels that nobody knows, of which it would tell.
    """


class PrizeStanding(Frozen):
    """One entry in the contest for one prize."""

    entry: str
    rank: RankRange
    wins: bool
    """Alone or jointly: none of those that take part is known to be better."""


class PrizeResult(Frozen):
    """One prize of a board: who took part, and who won."""

    prize: Prize
    limit: float
    """The floor of quality, or the budget of joules per 1,000 queries."""
    standings: tuple[PrizeStanding, ...]
    """By rank, then name; empty where nobody met the limit."""


class UnrankedEntry(Frozen):
    """A row without a rank, and why."""

    entry: str
    why: WhyUnranked


class JointStatistics(Frozen):
    """What the items and sessions of a board's entries say of them together."""

    confidence: float
    """Of all claims together."""
    draws: int
    quality_margin: float
    energy_margin: float
    """Relative."""
    entries: tuple[JointEntry, ...]
    """The ranked ones, by name."""
    unranked: tuple[UnrankedEntry, ...]
    """By name."""
    claims: tuple[Claim, ...]
    """By winner, then loser."""
    least_quality_difference: float | None
    """What this board could have told apart in the ranked metric: of the median pair; ``None``
    where there is no pair, or no difference could be shown."""
    least_energy_ratio: float | None
    """The same of energy: 1.05 is 5 % more."""
    prizes: tuple[PrizeResult, ...] = ()
    units: int | None = None
    """How many items, or groups of items that belong together, were resampled: what the board knows
    of quality hangs on their number."""
    apart: tuple[tuple[str, ...], ...] = ()
    """Groups of entries whose energies are compared, each with each. An entry may be in several: of
    two that share none nothing is known of energy, so that neither beats the other. They have too
    few rounds or sessions of an occasion in common, and no control links them in enough of them.
    Empty where every two are compared."""


class JointFile(Frozen, kw_only=True):
    """``leaderboard/joint/<board>.json``."""

    schema: int = SCHEMA_VERSION
    board: str
    """Its identifier, which is the name of the file."""
    records: str
    """SHA-256, in hexadecimal, over the paths and digests of the records that it was made of."""
    created_utc: str
    """When the latest of these was made: the same evidence gives the same file."""
    statistics: JointStatistics
    signature: Signature | None = None
