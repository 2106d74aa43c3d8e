"""What the CPU-time model multiplies with on this machine, and where that comes from.

In this order: what the hardware profile states; the thermal design power that codecarbon's table
gives for the processor; a default for a processor of which nothing is known. The table is read as
data, without importing codecarbon.

A thermal design power is of a whole processor, and the table says neither how many cores that is
nor what they draw when idle. It is used only where all of the processor's cores are in sight: a
guest sees as many as it was lent. A name must be the same as in the table, vendors' decoration
aside: the constants of another part would be worse than the default, which nobody takes for a
measurement.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path

from harness.errors import ConfigurationError
from harness.meters.protocol import Surroundings
from harness.records.base import Frozen

IDLE_SHARE = 0.1
"""Idle as a share of full power: codecarbon's figure for a whole machine."""

DEFAULT_CORE_WATTS = 4.0
"""What codecarbon assumes for each thread of a processor that it does not know."""

DEFAULT_UNCERTAINTY = 2.0
"""Assumed: what known parts are designed for is between about 1.5 and 10 W a core."""

TABLE_UNCERTAINTY = 1.0
"""Assumed. Even meters that know the processor read 9 to 67 %, on average about a third, below the
wall: the truth can be twice the figure, and in the worst case more."""

_STATED = ("core_watts", "idle_watts", "relative_uncertainty")


class Constants(Frozen):
    """Of the CPU-time model, for a whole machine."""

    core_watts: float
    """What one core draws while it works, on top of idle."""
    idle_watts: float
    """What the whole machine draws all the time."""
    relative_uncertainty: float
    """Of the modelled energy: the half-width at 95 %, as a share of it."""
    source: str
    """Where they come from, in words."""


def constants_for(surroundings: Surroundings, table: Path | None = None) -> Constants:
    """Return the best constants that are to be had.

    ``table`` stands in for codecarbon's in tests. Raises ``ConfigurationError`` where the hardware
    profile states some that cannot be multiplied with.
    """
    if surroundings.constants:
        return _stated(surroundings)
    watts, why_not = _design_watts(surroundings, table)
    if watts is None:
        return _default(surroundings, why_not)
    sockets, cores = surroundings.sockets, surroundings.physical_cores
    number = "" if sockets == 1 else f"{sockets} x "
    return Constants(
        core_watts=(1 - IDLE_SHARE) * watts * sockets / cores,
        idle_watts=IDLE_SHARE * watts * sockets,
        relative_uncertainty=TABLE_UNCERTAINTY,
        source=(
            f"{number}{watts:g} W of thermal design power from codecarbon's table for "
            f"{surroundings.processor!r}: a tenth of it as idle (codecarbon's share), the rest "
            f"spread over {cores} cores; two threads that share a core are billed as two cores"
        ),
    )


def _stated(surroundings: Surroundings) -> Constants:
    """Check what the profile states: a model must not be left with a constant too few."""
    where = surroundings.constants_source or "the hardware profile"
    found = {name: surroundings.constants.get(name) for name in _STATED}
    for name, value in found.items():
        least = "above 0" if name == "core_watts" else "not below 0"
        if (
            value is None
            or not math.isfinite(value)
            or value < 0
            or (name == "core_watts" and value == 0)
        ):
            seen = "it is missing" if value is None else f"found {value:g}"
            raise ConfigurationError.at(
                where, name, seen, f"state {', '.join(_STATED)}, {name} being a number {least}"
            )
    return Constants(
        **{name: float(value) for name, value in found.items() if value is not None},
        source=f"stated by {where}",
    )


def _default(surroundings: Surroundings, why: str) -> Constants:
    return Constants(
        core_watts=DEFAULT_CORE_WATTS,
        idle_watts=IDLE_SHARE * DEFAULT_CORE_WATTS * surroundings.machine_cores,
        relative_uncertainty=DEFAULT_UNCERTAINTY,
        source=(
            f"default, for {why}: {DEFAULT_CORE_WATTS:g} W is codecarbon's figure per thread of an "
            "unknown processor, and a tenth of that on every core its figure for idle"
        ),
    )


def _design_watts(surroundings: Surroundings, table: Path | None) -> tuple[float | None, str]:
    """Return the thermal design power of one processor, or ``None`` and why it is of no use."""
    name = surroundings.processor
    path = _packaged_table() if table is None else table
    if path is None:
        return None, "codecarbon and its table of processors are not installed"
    try:
        watts = _look_up(path, name)
    except OSError as error:
        return None, f"codecarbon's table of processors cannot be read ({error.strerror})"
    if watts is None:
        return None, f"codecarbon's table does not know {name!r}"
    if surroundings.virtual:
        return None, (
            f"a guest has some of the cores of {name!r}, whose {watts:g} W in codecarbon's table "
            "are of all of them"
        )
    if surroundings.sockets < 1 or surroundings.physical_cores < 1:
        return None, f"the kernel does not say how many cores share the {watts:g} W of {name!r}"
    return watts, ""


def _packaged_table() -> Path | None:
    from importlib.util import find_spec  # noqa: PLC0415 - costs start-up time, and only here

    spec = find_spec("codecarbon")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder) / "data/hardware/cpu_power.csv"
        if path.is_file():
            return path
    return None


def _look_up(table: Path, processor: str) -> float | None:
    """Return the watts of a processor; ``None`` where the table has none, or more than one."""
    wanted = plain_name(processor)
    if not any(character.isdigit() for character in wanted):
        return None  # "AMD EPYC", "Intel Xeon Processor": what hypervisors call any part
    found = {watts for name, watts in _rows(table) if plain_name(name) == wanted}
    return found.pop() if len(found) == 1 else None


def _rows(table: Path) -> Iterator[tuple[str, float]]:
    """Yield names and watts; a row without a usable figure is left out."""
    import csv  # noqa: PLC0415 - costs start-up time, and only here

    with table.open(encoding="utf-8", errors="replace", newline="") as lines:
        for row in csv.reader(lines):
            try:
                name, watts = row[0], float(row[1])
            except (IndexError, ValueError):
                continue
            if math.isfinite(watts) and watts > 0:
                yield name, watts


def plain_name(processor: str) -> str:
    """Return a processor's name without marks, clock, graphics and generation, in lower case.

    ``Intel(R) Xeon(R) CPU E5-2686 v4 @ 2.30GHz`` and ``Intel Xeon E5-2686 v4`` become the same;
    so do ``AMD EPYC 7763 64-Core Processor`` and ``AMD EPYC 7763``.
    """
    name = processor.casefold()
    for pattern in (
        r"\((r|tm|c)\)|[®™©]",
        r" @ .*$",
        r" (w/|with) .*$",
        r"\b(cpu|processor|apu)\b",
        r"\b(\d+|dual|triple|quad|six|eight|twelve|sixteen)-core\b",
        r"^ *\d+(st|nd|rd|th) gen (?=intel\b)",
    ):
        name = re.sub(pattern, " ", name)
    return " ".join(name.split())


def count_cores(cpuinfo: str) -> tuple[int, int]:
    """Count processors and physical cores in the text of ``/proc/cpuinfo``.

    (0, 0) where it does not tell them apart, as on Arm.
    """
    sockets: set[str] = set()
    cores: set[tuple[str, str]] = set()
    for block in cpuinfo.split("\n\n"):
        pairs = (line.partition(":") for line in block.splitlines())
        fields = {name.strip(): value.strip() for name, _, value in pairs}
        if not fields:
            continue
        if "physical id" not in fields or "core id" not in fields:
            return 0, 0
        sockets.add(fields["physical id"])
        cores.add((fields["physical id"], fields["core id"]))
    return len(sockets), len(cores)
