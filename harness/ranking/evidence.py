"""What a ranking is made from, on plain arrays: who scored what on which item, at what energy.

Nothing here knows of files or records. Whoever fills it in sees to it that the entries may be
compared at all, that the items are in an order which does not hang on the entries, and that
entries with too few sessions have no energy.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from harness.records.rules import LEAST_CAMPAIGNS

Floats: TypeAlias = npt.NDArray[np.floating]
Integers: TypeAlias = npt.NDArray[np.integer]
Booleans: TypeAlias = npt.NDArray[np.bool_]
Resampled: TypeAlias = Callable[[Floats], Floats]
"""A metric of one entry under weights of the items: (draws, items) to (draws,)."""


UNSHARED = 1 << 32
"""From here on rounds are numbered that no two sessions share."""


@dataclass(frozen=True, eq=False)
class ItemScores:
    """Quality that is a mean over items: accuracy, balanced accuracy, mean overlap.

    Raises ``ValueError`` where shapes do not fit, or a score is not between 0 and 1.
    """

    scores: Floats
    """(items, entries): an item's mean over the entry's sessions, from 0 (wrong) to 1 (right)."""
    classes: Integers | None = None
    """(items,): quality is the unweighted mean over classes of the mean score in a class."""
    groups: Integers | None = None
    """(items,): items that belong together, and are resampled together."""

    def __post_init__(self) -> None:
        """Refuse what does not fit together."""
        if self.scores.ndim != 2 or not len(self.scores):  # noqa: PLR2004 - a matrix
            raise ValueError(f"scores are (items, entries), not {self.scores.shape}")
        if not (self.scores.min(initial=0) >= 0 and self.scores.max(initial=1) <= 1):
            raise ValueError("a score is not between 0 and 1")
        for name, labels in (("classes", self.classes), ("groups", self.groups)):
            if labels is not None and labels.shape != (len(self.scores),):
                raise ValueError(f"{name} are {labels.shape} for {len(self.scores)} items")

    @property
    def entries(self) -> int:
        """Return how many entries were scored."""
        return int(self.scores.shape[1])


@dataclass(frozen=True, eq=False)
class ResampledQuality:
    """Quality that is no mean over items: F1, average precision. Slower, with the same results.

    Raises ``ValueError`` where shapes do not fit.
    """

    values: Floats
    """(entries,): the metric on the items as they are."""
    resampled: tuple[Resampled, ...]
    """Of each entry."""
    items: int
    groups: Integers | None = None
    """(items,): items that belong together, and are resampled together."""
    weights: Floats | None = None
    """(items,): what of the metric one more wrong answer takes; ``None``: 1 / items each."""
    classes: Integers | None = None
    """(items,): of which one alone may be answered wrongly."""

    def __post_init__(self) -> None:
        """Refuse what does not fit together."""
        if self.values.shape != (len(self.resampled),):
            raise ValueError(f"{self.values.shape} values for {len(self.resampled)} entries")
        of_items = (("groups", self.groups), ("weights", self.weights), ("classes", self.classes))
        for name, each in of_items:
            if each is not None and each.shape != (self.items,):
                raise ValueError(f"{name} are {each.shape} for {self.items} items")

    @property
    def entries(self) -> int:
        """Return how many entries were scored."""
        return len(self.resampled)


@dataclass(frozen=True, eq=False)
class BetweenSessions:
    """What whole sessions of an entry have in common in quality, and single items do not explain.

    A model that is trained anew in every session is better in one than in another, on all items
    alike. Raises ``ValueError`` where shapes do not fit, or a variance is negative.
    """

    variances: Floats
    """(entries,): of the mean over an entry's sessions; 0 where items explain it all."""
    freedom: Floats
    """(entries,): degrees of freedom of these; of a variance of 0 it means nothing."""

    def __post_init__(self) -> None:
        """Refuse what does not fit together."""
        if self.variances.ndim != 1 or self.freedom.shape != self.variances.shape:
            raise ValueError(f"{self.variances.shape} variances, {self.freedom.shape} freedoms")
        known = self.variances > 0
        if not (self.variances >= 0).all() or not (self.freedom[known] >= 1).all():
            raise ValueError("a variance is negative, or has less than one degree of freedom")


@dataclass(frozen=True, eq=False)
class SessionEnergies:
    """The energy of one entry, session by session.

    Raises ``ValueError`` where shapes do not fit, a figure is not finite, a session has no
    campaign's number or no kernel of its own, two sessions say that they were the same round, or a
    share is negative.
    """

    log_joules: Floats
    """(sessions,): natural logarithm of joules per 1,000 queries."""
    campaigns: Integers
    """(sessions,): which campaign (a set of evaluations made in turns) a session is of."""
    rounds: Integers | None = None
    """(sessions,): which round of its campaign; ``None`` where entries did not take turns."""
    meter_shares: Floats | None = None
    """(sessions,): the half-width at 95 % that edges and steps of the meter's windows leave open, a
    share of the joules; ``None``: nothing is."""
    kernels: Floats | None = None
    """(sessions,): CPU seconds of the reference kernel beside each; ``None``: it was not timed."""

    def __post_init__(self) -> None:
        """Refuse what does not fit together."""
        if self.log_joules.ndim != 1 or self.campaigns.shape != self.log_joules.shape:
            raise ValueError(f"{self.log_joules.shape} energies, {self.campaigns.shape} campaigns")
        if not np.isfinite(self.log_joules).all():
            raise ValueError("an energy is not finite")
        shares = self.meter_shares
        if shares is not None and (
            shares.shape != self.log_joules.shape or not (shares >= 0).all()
        ):
            raise ValueError("what the meter leaves open is not a share of each session's energy")
        if self.kernels is not None and self.kernels.shape != self.log_joules.shape:
            raise ValueError(f"{self.log_joules.shape} energies, {self.kernels.shape} kernels")
        if self.rounds is not None:
            if self.rounds.shape != self.log_joules.shape:
                raise ValueError(f"{self.log_joules.shape} energies, {self.rounds.shape} rounds")
            if len(set(self.round_keys())) < len(self.log_joules):
                raise ValueError("two sessions of an entry are of one round")

    def round_keys(self) -> list[tuple[int, int]]:
        """Return (campaign, round) of every session; nothing where there are no rounds."""
        if self.rounds is None:
            return []
        return list(zip(self.campaigns.tolist(), self.rounds.tolist(), strict=True))


@dataclass(frozen=True, eq=False)
class Evidence:
    """All that is known of the entries of one board.

    Raises ``ValueError`` where the entries are not in order, or are not as many everywhere.
    """

    entries: tuple[str, ...]
    """Names, in sorted order."""
    quality: ItemScores | ResampledQuality
    energy: tuple[SessionEnergies | None, ...]
    """``None`` where energy is not resolved, or has too few sessions: it takes part in no claim."""
    at_floor: Booleans
    """(entries,): two at the floor share one energy, so that neither uses less."""
    control: str | None = None
    """The entry that every campaign contains; without one nothing is compared across campaigns."""
    least_campaigns: int = LEAST_CAMPAIGNS
    """Of fewer, each entry, nothing is compared across campaigns."""
    of_sessions: BetweenSessions | None = None
    """``None`` where nobody knows: then sessions have nothing in common but the items."""

    def __post_init__(self) -> None:
        """Refuse what does not fit together."""
        count = len(self.entries)
        if list(self.entries) != sorted(set(self.entries)):
            raise ValueError("the names of entries are not in order, or not unique")
        if not self.quality.entries == len(self.energy) == len(self.at_floor) == count:
            raise ValueError(
                f"{count} entries, {self.quality.entries} qualities, {len(self.energy)} energies, "
                f"{len(self.at_floor)} marks of the floor"
            )
        if self.control is not None and self.control not in self.entries:
            raise ValueError(f"the control {self.control} is not among the entries")
        if self.of_sessions is not None and len(self.of_sessions.variances) != count:
            raise ValueError(f"{count} entries, {len(self.of_sessions.variances)} variances")


@dataclass(frozen=True)
class Margins:
    """How much worse still counts as not worse. Raises ``ValueError`` unless both are positive."""

    quality: float
    """Absolute, of a metric between 0 and 1."""
    energy: float
    """Relative: 0.02 is two per cent more energy."""

    def __post_init__(self) -> None:
        """Refuse what does not fit together."""
        if not (self.quality > 0 and self.energy > 0):
            raise ValueError(f"margins are positive, not {self.quality} and {self.energy}")

    @property
    def log_energy(self) -> float:
        """Return the margin of energy as a difference of logarithms."""
        return float(np.log1p(self.energy))
