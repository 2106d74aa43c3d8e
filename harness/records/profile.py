"""A hardware profile: what a machine must be to stand on one board with others of its name.

``leaderboard/hardware/<profile>.toml`` is read in ``harness.records.profile_file``. What it leaves
out is not compared, so that a profile can be as narrow as the organiser wants it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Annotated

from msgspec import Meta

from harness.records.base import Frozen, digest
from harness.records.evaluation import Hardware

UNREGISTERED = "unregistered"
"""No profile, and the beginning of the names that machines without one go by."""
NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
IDENTITY_DIGITS = 16
NO_HYPERVISOR = "none"
"""How a profile says that the machine is nobody's guest."""

_Text = Annotated[str, Meta(min_length=1, max_length=200)]
_Count = Annotated[int, Meta(ge=1)]
_Watts = Annotated[float, Meta(gt=0)]


class Match(Frozen, omit_defaults=True):
    """What must be so; ``None``, or no entry in the table, is not compared."""

    machine: Annotated[str, Meta(pattern=f"^[0-9a-f]{{{IDENTITY_DIGITS}}}$")] | None = None
    """Which of several alike: see ``meters.machine.machine_identity``."""
    processor: _Text | None = None
    cores: _Count | None = None
    """Usable ones, the entry's and the harness's together."""
    memory_gib: _Count | None = None
    accelerators: tuple[_Text, ...] | None = None
    """One name a board, in order; an empty list asks for a machine without any."""
    hypervisor: _Text | None = None
    kernel_family: Annotated[str, Meta(pattern=r"^\d+\.\d+$")] | None = None
    governor: _Text | None = None
    turbo: bool | None = None
    power_limits_watts: dict[_Text, _Watts] = {}


class ModelConstants(Frozen, omit_defaults=True):
    """What the CPU-time model multiplies with on this machine."""

    core_watts: _Watts
    """One busy core, above idle."""
    idle_watts: _Watts
    """The whole machine with nothing to do."""
    relative_uncertainty: Annotated[float, Meta(gt=0, le=10)]
    """Half-width at 95 %, as a share of the modelled figure."""
    source: _Text
    """Where the three figures come from, in words."""


class HardwareProfile(Frozen, kw_only=True, omit_defaults=True):
    """The content of one file."""

    schema: int
    entry_cores: tuple[Annotated[int, Meta(ge=0)], ...] | None = None
    """Where the entry's whole tree runs; ``None`` for anywhere."""
    match: Match
    model: ModelConstants | None = None

    @property
    def digest(self) -> str:
        """Of what is set: a key that a later version adds leaves it as it is."""
        return digest(self)


class Difference(Frozen):
    """One thing that is not as the profile says."""

    field: str
    expected: str
    found: str

    def __str__(self) -> str:
        """Name the key of the file, what it says, and what there is."""
        return f"{self.field}: expected {self.expected}, found {self.found}"


def differences(
    profile: HardwareProfile,
    hardware: Hardware,
    usable_cores: Iterable[int],
    identity: str | None = None,
) -> tuple[Difference, ...]:
    """Return everything in which this machine is not what the profile says; none: it matches.

    ``identity`` tells it from its twins.
    """
    match = profile.match
    compared: list[tuple[str, object, object]] = [
        ("machine", match.machine, identity),
        ("processor", match.processor, hardware.processor),
        ("cores", match.cores, hardware.cores),
        ("memory_gib", match.memory_gib, hardware.memory_gib),
        ("accelerators", match.accelerators, hardware.accelerators),
        ("hypervisor", match.hypervisor, hardware.hypervisor or NO_HYPERVISOR),
        ("kernel_family", match.kernel_family, hardware.kernel_family),
        ("governor", match.governor, hardware.governor),
        ("turbo", match.turbo, hardware.turbo),
    ]
    found = [
        Difference(field=f"match.{field}", expected=_shown(expected), found=_shown(seen))
        for field, expected, seen in compared
        if expected is not None and expected != seen
    ]
    found += _power_limits(match.power_limits_watts, hardware.power_limits_watts)
    usable = set(usable_cores)
    if profile.entry_cores is not None and not usable.issuperset(profile.entry_cores):
        wanted, seen = core_list(profile.entry_cores), core_list(usable)
        found.append(
            Difference(field="entry_cores", expected=wanted, found=f"usable are only {seen}")
        )
    return tuple(found)


def _power_limits(expected: Mapping[str, float], seen: Mapping[str, float]) -> Iterable[Difference]:
    for name, watts in expected.items():
        if name not in seen or round(seen[name], 3) != round(watts, 3):
            yield Difference(
                field=f'match.power_limits_watts."{name}"',
                expected=f"{watts:g} W",
                found=f"{seen[name]:g} W" if name in seen else _shown(None),
            )


def _shown(value: object) -> str:
    if value is None:
        return "nothing: this machine does not say"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    return str(value)


def core_list(cores: Iterable[int]) -> str:
    """Spell core numbers as the kernel does: ``0-3,8``."""
    runs: list[list[int]] = []
    for core in sorted(cores):
        if runs and core == runs[-1][-1] + 1:
            runs[-1].append(core)
        else:
            runs.append([core])
    return ",".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else f"{run[0]}" for run in runs)
