"""Whether the order of energy hangs on how much idle power the CPU-time model assumes. Pure.

Modelled energy is core_watts x (c + r x w), with c the CPU-seconds and w the wall seconds behind
1,000 queries and r = base_watts / core_watts. Neither constant was measured here, and r alone
decides the order: it says how much waiting weighs against work. The difference of two entries is
linear in r, so it keeps its sign between r = 0 and twice the stated r exactly if it has the same
sign at both ends.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from statistics import fmean
from typing import TYPE_CHECKING, NamedTuple

from harness.records.energy import BEFORE_MEASURED, MEASURED_THROUGH_DRAIN, per_1000
from harness.records.meter import Component, MeterDescription, SourceDescription
from harness.records.session import Phase, Session, picked
from harness.records.sums import total

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

LEAST_WATTS, MOST_WATTS = 1e-3, 1e6
"""Of a core: far beyond any, and safe to divide by."""

NOISE = 1e-9
"""Relative: sums of the same terms differ by as much in floating point."""


class Draw(NamedTuple):
    """What an entry's modelled energy is made of, per 1,000 queries as the ranked figure has it."""

    entry: str
    core_seconds: float
    """CPU-seconds; what other components measured counts as the time in which a core uses it."""
    wall_seconds: float

    def at(self, ratio: float) -> float:
        """Return the energy, in core_watts, for one base_watts / core_watts."""
        return self.core_seconds + ratio * self.wall_seconds


def base_ratio(meter: MeterDescription) -> float | None:
    """Return base_watts / core_watts of the CPU-time model; ``None`` for any other meter."""
    source = _model(meter)
    if source is None:
        return None
    return source.constants["base_watts"] / source.constants["core_watts"]


def draw_of(
    entry: str, sessions: Sequence[Session], amortise_queries: int, meter: MeterDescription
) -> Draw:
    """Take the mean over the sessions of an entry, metered by a CPU-time model and maybe others.

    Raises ``ValueError`` for another meter.
    """
    model = _model(meter)
    if model is None:
        raise ValueError(f"{meter.name} is no CPU-time model")
    core_watts = model.constants["core_watts"]

    core_seconds, wall_seconds = [], []
    for session in sessions:
        windows = session.windows
        before, measured = windows.before, windows.measured
        cores = [before.cpu_seconds, measured.cpu_seconds]
        if not {*windows.components} <= {model.component}:
            for n, phases in enumerate((BEFORE_MEASURED, MEASURED_THROUGH_DRAIN)):
                cores[n] += _joules_beside(model.component, session, *phases) / core_watts
        core_seconds.append(per_1000(session, amortise_queries, *cores))
        wall_seconds.append(per_1000(session, amortise_queries, before.seconds, measured.seconds))
    return Draw(entry, fmean(core_seconds), fmean(wall_seconds))


class Overturned(NamedTuple):
    """Pairs whose order is not the same for any idle power."""

    first: tuple[tuple[str, str], ...]
    """Some of them by name, in the order in which the draws were given."""
    number: int
    """Of all."""


def overturned(
    draws: Sequence[Draw],
    ratio: float,
    *,
    level: Container[str] = frozenset(),
    most: int | None = None,
) -> Overturned:
    """Return the pairs whose order is not the same from a ratio of 0 to twice ``ratio``.

    A pair that is level at one end only is among them; one that is level at both is not, nor one of
    two that are ``level`` whatever they use. ``most`` is how many are named; ``None``: all. Pairs
    are counted by sorting, and looked at one by one only where they are named.
    """
    import numpy as np  # noqa: PLC0415 - for boards of modelled energy alone

    names = [draw.entry for draw in draws]
    free = np.array([name not in level for name in names], np.bool_)
    energies = [np.array([draw.at(end) for draw in draws]) for end in (0.0, 2 * ratio)]
    low, high = map(_Order.of, energies)
    turned = _turned(low, high)
    bound = np.flatnonzero(~free)
    turned[bound] -= _turned(*(_Order.of(each[bound]) for each in energies))
    first: list[tuple[str, str]] = []
    for n in map(int, np.flatnonzero(turned)):
        if most is not None and len(first) >= most:
            break
        others = (low.signs(n) != high.signs(n)) & (free[n] | free)
        first += [
            (names[n], names[n + 1 + int(other)]) for other in np.flatnonzero(others[n + 1 :])
        ]
    return Overturned(tuple(first[:most]), int(turned.sum()) // 2)


class _Order(NamedTuple):
    """Entries in the order of their energy, in which neighbours may be level."""

    place: npt.NDArray[np.int64]
    """Of each entry."""
    less: npt.NDArray[np.int64]
    """For each entry, how many from the first on use less."""
    upto: npt.NDArray[np.int64]
    """For each entry, how many from the first on do not use more."""

    @classmethod
    def of(cls, energies: npt.NDArray[np.float64]) -> _Order:
        """Sort them."""
        import numpy as np  # noqa: PLC0415 - as above

        order = np.argsort(energies, kind="stable")
        in_order, places = energies[order], np.arange(len(order))
        place = np.empty_like(places)
        place[order] = places
        less = np.searchsorted(in_order, in_order - NOISE * np.abs(in_order))
        # Another uses more where this one is among those that use less than it.
        upto = np.searchsorted(less, places, side="right")
        return cls(place, less[place], upto[place])

    def signs(self, n: int) -> npt.NDArray[np.int8]:
        """Return for each entry whether it uses more than the n-th (1), less (-1) or as much."""
        import numpy as np  # noqa: PLC0415 - as above

        more: npt.NDArray[np.bool_] = self.place >= self.upto[n]
        less: npt.NDArray[np.bool_] = self.place < self.less[n]
        return more.view(np.int8) - less.view(np.int8)


def _turned(low: _Order, high: _Order) -> npt.NDArray[np.int64]:
    """Return for each entry with how many others its order is not the same at both ends.

    These are all but those that use less at both, more at both or as much at both, itself included.
    Each is a number of places that are below one bound at one end and below another at the other.
    """
    import numpy as np  # noqa: PLC0415 - as above

    in_order = np.empty_like(high.place)
    in_order[low.place] = high.place
    less_less, less_upto, upto_less, upto_upto = (
        _below(in_order, first, second)
        for first in (low.less, low.upto)
        for second in (high.less, high.upto)
    )
    more = len(in_order) - low.upto - high.upto + upto_upto
    level = upto_upto - upto_less - less_upto + less_less
    turned: npt.NDArray[np.int64] = len(in_order) - less_less - more - level
    return turned


def _below(
    places: npt.NDArray[np.int64], first: npt.NDArray[np.int64], bounds: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """Return, for each n, how many of the ``first[n]`` first places are less than ``bounds[n]``.

    Bit by bit, from the highest: those that have none where the bound has one are less. The others
    with the bound's bit are looked at further; places are sorted by the bit, so that they lie
    together from ``start`` to ``end`` (a wavelet matrix).
    """
    import numpy as np  # noqa: PLC0415 - as above

    found, start, end = np.zeros_like(first), np.zeros_like(first), first
    for bit in reversed(range(len(places).bit_length())):
        ones, asked = places >> bit & 1 == 1, bounds >> bit & 1 == 1
        zeros = np.concatenate(([0], np.cumsum(~ones)))
        found += np.where(asked, zeros[end] - zeros[start], 0)
        start, end = (
            np.where(asked, zeros[-1] + each - zeros[each], zeros[each]) for each in (start, end)
        )
        places = np.concatenate((places[~ones], places[ones]))
    return found


def _model(meter: MeterDescription) -> SourceDescription | None:
    models = list(_models(meter))
    return models[0] if len(models) == 1 else None


def _models(meter: MeterDescription) -> Iterator[SourceDescription]:
    for source in meter.sources:
        constants = source.constants
        core, base = constants.get("core_watts", -1.0), constants.get("base_watts", -1.0)
        sane = LEAST_WATTS <= core <= MOST_WATTS and 0 <= base <= MOST_WATTS
        if source.kind == "model" and sane:
            yield source


def _joules_beside(component: Component, session: Session, *phases: Phase) -> float:
    windows = session.windows
    of = picked(windows.owners, phases)
    parts = zip(of(windows.components), of(windows.component_joules), strict=True)
    return total([joules for other, joules in parts if other != component])
