"""The truth bench's cases: a machine's zones, what befalls them, and what a meter should then say.

What a case expects is either a *figure* or a *refusal*. A refusal is an error that says what went
wrong; a figure is wrong there, however it came about, unless it is near enough to the truth.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from meter_truth_power import SERVER, Bursty, Curve, Ramping, Register, Steady, short

Component: TypeAlias = Literal["package", "dram", "gpu"]
EventKind: TypeAlias = Literal["wrap", "reset", "freeze", "vanish", "block"]
Group: TypeAlias = Literal[
    "power", "zones", "wraps", "mirrors", "resets", "missing zones", "reads", "boards"
]

FAST_SECONDS = 0.001
SLOW_SECONDS = 0.1
REFRESHES_PER_WINDOW = 2.0
"""What the edges may cost: one at each end."""


_NOTHING = Steady(0.0)
_USUAL = Register()


@dataclass(frozen=True)
class Zone:
    """One folder of the tree, and the counter behind it."""

    folder: str
    name: str
    curve: Curve = _NOTHING
    billed: Component | None = None
    """Where its energy belongs in the truth; ``None`` where other zones hold it already."""
    register: Register = _USUAL
    refresh_seconds: float = FAST_SECONDS
    """The mean; each one is early or late by up to a quarter of it."""
    mirrors: str = ""
    """The folder whose counter this one shows, where it has none of its own."""


@dataclass(frozen=True)
class Event:
    """What happens inside the window, to one zone."""

    kind: EventKind
    folder: str = "intel-rapl:0"
    seconds: float = 0.0
    """How long reads block; 0 for what lasts to the window's end."""


@dataclass(frozen=True)
class Case:
    """A machine, a window, and what is right."""

    name: str
    group: Group
    zones: tuple[Zone, ...]
    expected: Literal["figure", "refusal"] = "figure"
    event: Event | None = None
    real_seconds: float = 0.3
    virtual_seconds: float = 2.0
    virtual_zones: tuple[Zone, ...] = ()
    """At full scale, where a real window is too short for it."""
    unknown: tuple[Component, ...] = ()
    """What no counter knows: any figure for it, 0 above all, is made up."""
    note: str = ""

    def zones_on(self, *, virtual: bool) -> tuple[Zone, ...]:
        """Return the zones for one kind of trial."""
        return self.virtual_zones if virtual and self.virtual_zones else self.zones

    def edges_joules(self, component: Component, *, virtual: bool) -> float:
        """Return what the edges may cost: two refreshes at the highest power of each zone."""
        return sum(
            REFRESHES_PER_WINDOW * zone.refresh_seconds * zone.curve.top_watts
            for zone in self.zones_on(virtual=virtual)
            if zone.billed == component
        )

    @property
    def components(self) -> tuple[Component, ...]:
        """What the truth has energy of."""
        return tuple(sorted({zone.billed for zone in self.zones if zone.billed}))


def _package(curve: Curve, *, number: int = 0, name: str = "", **more: object) -> Zone:
    return Zone(
        f"intel-rapl:{number}",
        name or f"package-{number}",
        curve,
        "package",
        **more,  # type: ignore[arg-type]
    )


def _dram(curve: Curve, *, number: int = 0, child: int = 0) -> Zone:
    return Zone(f"intel-rapl:{number}:{child}", "dram", curve, "dram", register=SERVER)


STEADY = Steady(65.0)
BURSTY = Bursty(14.0, 120.0)
RAMPING = Ramping(9.0, 210.0)
MEMORY = Steady(3.2)
BUSY_MEMORY = Bursty(1.5, 11.0, seed=2)

_TWO_PACKAGES = (
    _package(BURSTY),
    _dram(BUSY_MEMORY),
    _package(Ramping(20.0, 140.0, 0.9), number=1),
    _dram(MEMORY, number=1),
)
_SHORT = short(400.0)

CASES: tuple[Case, ...] = (
    Case("steady", "power", (_package(STEADY), _dram(MEMORY))),
    Case("bursty", "power", (_package(BURSTY), _dram(BUSY_MEMORY))),
    Case("ramping", "power", (_package(RAMPING), _dram(MEMORY))),
    Case("low power", "power", (_package(Steady(1.1)), _dram(Steady(0.3)))),
    Case(
        "slow steady",
        "power",
        (_package(STEADY, refresh_seconds=SLOW_SECONDS),),
        real_seconds=0.7,
        note="the counter is refreshed every 100 ms",
    ),
    Case(
        "slow bursty",
        "power",
        (_package(BURSTY, refresh_seconds=SLOW_SECONDS),),
        real_seconds=0.7,
        virtual_seconds=20.0,
        note="the counter is refreshed every 100 ms",
    ),
    Case("two packages", "zones", _TWO_PACKAGES),
    Case(
        "dies",
        "zones",
        (
            _package(BURSTY, name="package-0-die-0"),
            _package(Ramping(20.0, 140.0, 0.9), number=1, name="package-0-die-1"),
        ),
        note="two dies with counters of their own",
    ),
    Case(
        "psys core uncore",
        "zones",
        (
            _package(BURSTY),
            Zone("intel-rapl:0:0", "core", Bursty(10.0, 100.0)),
            Zone("intel-rapl:0:1", "uncore", Steady(2.0)),
            _dram(MEMORY, child=2),
            Zone("intel-rapl:1", "psys", Bursty(40.0, 160.0)),
        ),
        note="psys holds the package, core and uncore lie in it",
    ),
    Case(
        "mirrored dies",
        "mirrors",
        (
            _package(BURSTY, name="package-0-die-0"),
            Zone("intel-rapl:1", "package-0-die-1", mirrors="intel-rapl:0"),
        ),
        note="two dies that show one counter",
    ),
    Case(
        "mmio twin",
        "mirrors",
        (
            _package(STEADY),
            _dram(MEMORY),
            Zone("intel-rapl-mmio:0", "package-0", mirrors="intel-rapl:0"),
        ),
        note="the package once more under intel-rapl-mmio",
    ),
    Case(
        "one wrap",
        "wraps",
        (_package(Steady(180.0)), _dram(MEMORY)),
        event=Event("wrap"),
        note="a 262 kJ counter, near its range when the window opens",
    ),
    Case(
        "many wraps",
        "wraps",
        (_package(Steady(900.0), register=short(1000.0)),),
        event=Event("wrap"),
        real_seconds=2.5,
        virtual_seconds=300.0,
        virtual_zones=(_package(Steady(900.0), register=SERVER),),
        note="900 W; virtual: 65.5 kJ, in 300 s; real: a range of 1 kJ, in 2.5 s",
    ),
    Case(
        "lost wraps",
        "wraps",
        (_package(Steady(900.0), register=_SHORT),),
        expected="refusal",
        event=Event("block", seconds=1.1),
        real_seconds=1.7,
        note="900 W, a range of 400 J; no read ends for 1.1 s, while two wraps go by",
    ),
    Case(
        "read blocks",
        "reads",
        (_package(BURSTY), _dram(MEMORY)),
        event=Event("block", seconds=0.3),
        real_seconds=0.8,
        note="a read takes 0.3 s (in real time: the meter's process is stopped for so long)",
    ),
    Case(
        "reset",
        "resets",
        (_package(STEADY), _dram(MEMORY)),
        expected="refusal",
        event=Event("reset"),
    ),
    Case(
        "freeze",
        "resets",
        (_package(STEADY), _dram(MEMORY)),
        expected="refusal",
        event=Event("freeze"),
        real_seconds=0.8,
        note="the package stands still from somewhere in the window on",
    ),
    Case(
        "no dram",
        "missing zones",
        (_package(BURSTY),),
        note="a part without a counter of its memory",
    ),
    Case(
        "dram stands still",
        "missing zones",
        (_package(BURSTY), Zone("intel-rapl:0:0", "dram", Steady(0.0))),
        unknown=("dram",),
        note="listed and dead: its energy is unknown, not 0",
    ),
    Case(
        "dram vanishes",
        "missing zones",
        (_package(STEADY), _dram(MEMORY)),
        expected="refusal",
        event=Event("vanish", folder="intel-rapl:0:0"),
    ),
    Case(
        "package vanishes",
        "missing zones",
        (*_TWO_PACKAGES,),
        expected="refusal",
        event=Event("vanish", folder="intel-rapl:1"),
    ),
    Case(
        "psys only",
        "missing zones",
        (Zone("intel-rapl:0", "psys", STEADY),),
        expected="refusal",
        unknown=("package",),
        note="no package is counted at all (codecarbon warns in its log)",
    ),
)


def named(names: str) -> tuple[Case, ...]:
    """Return the cases of a comma-separated list, all for an empty one."""
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    known = {case.name: case for case in CASES}
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise SystemExit(f"no case {', '.join(unknown)}; there are: {', '.join(known)}")
    return tuple(known[name] for name in wanted) or CASES
