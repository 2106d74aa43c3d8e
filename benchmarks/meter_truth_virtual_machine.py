"""A machine on a virtual clock: registers whose energy is a formula, and reads that take time.

A read shows the counter as it was at one moment, anywhere between its beginning and its end. Most
take some tens of microseconds, as a file of sysfs does; one in a thousand is interrupted and takes
up to six milliseconds more.
"""

from __future__ import annotations

import random
from pathlib import Path

from meter_truth_cases import Case, Component, Event, Zone
from stand_in_powercap import remove_counter, restore_counter

from harness.meters import powercap

_TABLE = 4096
"""Random numbers drawn once for a machine and used in turn."""
TOO_NEAR_JOULES = 1_000.0
"""0.4 % of a 262 kJ counter. What 1,000 W make between two polls is less than half of it."""
_MEDIAN_READ_SECONDS = 20e-6
_PREEMPTED_SHARE = 0.001
_PREEMPTED_SECONDS = 0.006


class VirtualCounter:
    """One register, refreshed irregularly, to which a wrap, a reset or a standstill may come."""

    def __init__(self, zone: Zone, chance: random.Random) -> None:
        self.zone = zone
        self._early = [chance.uniform(-0.25, 0.25) for _ in range(_TABLE)]
        self._curve_began = chance.uniform(0.0, 100.0)
        self._first_units = 0
        self.frozen_at: float | None = None
        self.reset_at: float | None = None

    def begin_somewhere(self, seconds: float, chance: random.Random) -> None:
        """Hold any value at this moment, but for the last joules before the range.

        A counter that is reset there looks like one that wrapped, to any meter: within the energy
        of the highest plausible power since it was read last.
        """
        register = self.zone.register
        spared = min(TOO_NEAR_JOULES, register.wrap_joules / 2)
        units = chance.randrange(register.modulus - round(spared / register.unit_joules))
        self._first_units = units - register.units(self.joules(seconds))

    def joules(self, seconds: float) -> float:
        """Return the energy that the register's counting stands for: the truth."""
        return self.zone.curve.joules(self._curve_began + seconds)

    def refreshed_at(self, seconds: float) -> float:
        """Return when the refresh happened whose value stands at this moment."""
        period = self.zone.refresh_seconds
        number = int(seconds / period) + 1
        while (at := (number + self._early[number % _TABLE]) * period) > seconds:
            number -= 1
        return at

    def microjoules(self, seconds: float) -> int:
        """Return what the kernel shows at this moment."""
        at = self.refreshed_at(seconds)
        if self.frozen_at is not None and at > self.frozen_at:
            at = self.refreshed_at(self.frozen_at)
        register = self.zone.register
        units = self._first_units + register.units(self.joules(at))
        if self.reset_at is not None and at >= self.reset_at:
            units = register.units(self.joules(at)) - register.units(self.joules(self.reset_at))
        return register.microjoules(units)

    def wrap_at(self, seconds: float) -> None:
        """Set the register so that it starts again from zero at this moment, between windows."""
        register = self.zone.register
        self._first_units = -register.units(self.joules(seconds))


class VirtualMachine:
    """A tree, its counters, and a clock that moves as they are read."""

    def __init__(self, case: Case, root: Path, chance: random.Random) -> None:
        self.now = 1.0
        self.case = case
        self.chance = chance
        self.counters = {
            zone.folder: VirtualCounter(zone, chance)
            for zone in case.zones_on(virtual=True)
            if not zone.mirrors
        }
        self._root = root
        self._shown = {
            zone.folder: self.counters[zone.mirrors or zone.folder]
            for zone in case.zones_on(virtual=True)
        }
        self._spans = [_read_seconds(chance) for _ in range(_TABLE)]
        self._where = [chance.random() for _ in range(_TABLE)]
        self._reads = 0
        self.blocked: tuple[str, float, float] | None = None
        self.heal()

    def clock(self) -> float:
        """Return the time; asking takes none."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Wake up a little late."""
        self.now += seconds + self.chance.uniform(50e-6, 250e-6)

    def text(self, path: Path, zone: str) -> str:
        """Stand in for the function that reads a zone's file."""
        if path.name != "energy_uj" or not path.exists():
            return _TEXT(path, zone)
        return str(self.read(path.parent.name))

    def read(self, folder: str) -> int:
        """Return a counter; it is looked at somewhere between now and then."""
        self._reads = turn = (self._reads + 1) % _TABLE
        span = self._spans[turn]
        looked_at = self.now + self._where[turn] * span
        if self.blocked and self.blocked[0] == folder:
            _, began, ended = self.blocked
            if began <= looked_at < ended:
                span += ended - looked_at
                looked_at = ended
        self.now += span
        return self._shown[folder].microjoules(looked_at)

    def truth(self, component: Component, began: float, ended: float) -> float:
        """Return what a component's registers counted between two moments."""
        return sum(
            counter.joules(ended) - counter.joules(began)
            for counter in self.counters.values()
            if counter.zone.billed == component
        )

    def strike(self, event: Event, at: float) -> None:
        """Do to the counters what the case says."""
        counter = self.counters[event.folder]
        if event.kind == "reset":
            counter.reset_at = at
        elif event.kind == "freeze":
            counter.frozen_at = at
        elif event.kind == "block":
            self.blocked = (event.folder, at, at + event.seconds)
        elif event.kind == "vanish":
            remove_counter(self._root, event.folder)

    def heal(self) -> None:
        """Undo it; the next window is opened on a whole machine, its counters anywhere."""
        self.blocked = None
        for counter in self.counters.values():
            counter.frozen_at = counter.reset_at = None
            counter.begin_somewhere(self.now, self.chance)
        if self.case.event and self.case.event.kind == "vanish":
            restore_counter(self._root, self.case.event.folder)


_TEXT = powercap._text  # noqa: SLF001 - the seam: every file of the tree is read through it


def _read_seconds(chance: random.Random) -> float:
    span = _MEDIAN_READ_SECONDS * chance.lognormvariate(0.0, 0.35)
    if chance.random() < _PREEMPTED_SHARE:
        span += chance.uniform(0.0, _PREEMPTED_SECONDS)
    return span
