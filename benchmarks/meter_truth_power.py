"""Power that is known exactly: curves whose energy since a moment is a formula, not a sum."""

from __future__ import annotations

import math
import random
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Protocol


class Curve(Protocol):
    """Power over time."""

    @property
    def top_watts(self) -> float:
        """The highest power that it ever has."""
        ...

    def joules(self, seconds: float) -> float:
        """Return the energy from 0 to ``seconds``, exactly but for the rounding of doubles."""
        ...


@dataclass(frozen=True)
class Steady:
    """The same power for ever."""

    watts: float

    @property
    def top_watts(self) -> float:
        """The power."""
        return self.watts

    def joules(self, seconds: float) -> float:
        """Power times time."""
        return self.watts * seconds


@dataclass(frozen=True)
class Bursty:
    """Two powers in turn, each for an irregular while, drawn once and repeated."""

    low_watts: float
    high_watts: float
    shortest_seconds: float = 0.005
    longest_seconds: float = 0.06
    seed: int = 1
    steps: int = 64

    @property
    def top_watts(self) -> float:
        """The power of a burst."""
        return self.high_watts

    @cached_property
    def _ends(self) -> list[float]:
        chance = random.Random(self.seed)  # noqa: S311 - not a secret
        spans = [
            chance.uniform(self.shortest_seconds, self.longest_seconds) for _ in range(self.steps)
        ]
        return list(accumulate(spans))

    @cached_property
    def _joules(self) -> list[float]:
        spans = [
            end - began for began, end in zip([0.0, *self._ends[:-1]], self._ends, strict=True)
        ]
        return list(accumulate(self._watts(i) * span for i, span in enumerate(spans)))

    def _watts(self, step: int) -> float:
        return self.high_watts if step % 2 else self.low_watts

    def joules(self, seconds: float) -> float:
        """Whole rounds, whole steps, and a part of a step."""
        rounds, rest = divmod(seconds, self._ends[-1])
        step = min(bisect_right(self._ends, rest), self.steps - 1)
        began = self._ends[step - 1] if step else 0.0
        before = self._joules[step - 1] if step else 0.0
        return rounds * self._joules[-1] + before + (rest - began) * self._watts(step)


@dataclass(frozen=True)
class Ramping:
    """Up in a straight line, and down again, each in half a period."""

    low_watts: float
    high_watts: float
    period_seconds: float = 0.7

    @property
    def top_watts(self) -> float:
        """The power at the peak."""
        return self.high_watts

    def joules(self, seconds: float) -> float:
        """Whole periods at the mean power, and trapezoids."""
        half = self.period_seconds / 2
        mean = (self.low_watts + self.high_watts) / 2
        slope = (self.high_watts - self.low_watts) / half
        periods, rest = divmod(seconds, self.period_seconds)
        joules = periods * self.period_seconds * mean
        rising = min(rest, half)
        joules += self.low_watts * rising + slope * rising * rising / 2
        falling = max(0.0, rest - half)
        return joules + self.high_watts * falling - slope * falling * falling / 2


@dataclass(frozen=True)
class Register:
    """A counter as the hardware has it: whole units, in as many bits as it has.

    What the kernel shows is ``units * nanojoules // 1000`` microjoules, and as the range the
    largest such value. So the counter starts again one unit *after* its range.
    """

    nanojoules: int = 61_035
    """2^-14 J, as the kernel rounds it: what most processors count in."""
    modulus: int = 2**32
    """Units after which it starts again from zero."""

    @property
    def range_microjoules(self) -> int:
        """What ``max_energy_range_uj`` says: 262,143,328,850 as it stands."""
        return (self.modulus - 1) * self.nanojoules // 1000

    @property
    def wrap_joules(self) -> float:
        """From zero to zero."""
        return self.modulus * self.nanojoules * 1e-9

    @property
    def unit_joules(self) -> float:
        """Its step."""
        return self.nanojoules * 1e-9

    def units(self, joules: float) -> int:
        """Return the whole units in so much energy; they are cut, not rounded."""
        return math.floor(joules / self.unit_joules)

    def microjoules(self, units: int) -> int:
        """Return what the kernel shows after so many units from zero."""
        return units % self.modulus * self.nanojoules // 1000


SERVER = Register(nanojoules=15_258)
"""2^-16 J: 65.5 kJ."""


def short(joules: float) -> Register:
    """Return a register that wraps after so much energy: a stand-in's own, to see many wraps."""
    register = Register()
    return Register(modulus=round(joules / register.unit_joules))
