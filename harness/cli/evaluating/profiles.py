"""Which hardware profile an evaluation runs under: the one that was named, or the one that fits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from harness.errors import ConfigurationError, MeasurementError, UsageError
from harness.records.base import Frozen
from harness.records.profile import UNREGISTERED, Difference, HardwareProfile, differences

if TYPE_CHECKING:
    from pathlib import Path

    from harness.cli.project import Project
    from harness.records.evaluation import Hardware

_REGISTER = (
    "bring the machine to a profile; or register it as it is with `doctor --write-profile NAME`; "
    f"or use --profile {UNREGISTERED} for a board of its own"
)


@dataclass(frozen=True)
class Machine:
    """This machine as it was before the harness moved to some of its cores."""

    hardware: Hardware
    usable_cores: tuple[int, ...]
    identity: str | None = None
    """What tells it from others like it; ``None`` where it does not say."""

    def again(self) -> Machine:
        """Look once more: governor, turbo and limits can be set by anybody at any time."""
        from harness.meters.machine import describe_machine

        return replace(self, hardware=describe_machine(cores=len(self.usable_cores)))

    def differences(self, profile: HardwareProfile) -> tuple[Difference, ...]:
        """Return what is not as the profile says."""
        return differences(profile, self.hardware, self.usable_cores, self.identity)


_NO_PROFILES = (
    "note: leaderboard/hardware holds no profile, so that this goes on as unregistered, on a board "
    "of this machine's own that is never official: doctor --write-profile NAME makes one"
)


@dataclass(frozen=True)
class Chosen:
    """A profile that was seen to match, or none."""

    name: str | None = None
    profile: HardwareProfile | None = None
    note: str = ""
    """What whoever evaluates should know of the choice."""

    @property
    def entry_cores(self) -> tuple[int, ...] | None:
        """Where the entry runs; ``None`` for anywhere."""
        return None if self.profile is None else self.profile.entry_cores

    def hardware(self, machine: Machine) -> Hardware:
        """Return the machine as a record has it; ``MeasurementError`` when it does not match."""
        from msgspec import structs

        if self.name is None or self.profile is None:
            return machine.hardware
        if found := machine.differences(self.profile):
            raise _mismatch(self.name, found)
        return structs.replace(
            machine.hardware,
            profile=self.name,
            profile_digest=self.profile.digest,
            entry_cores=self.profile.entry_cores,
        )


class ProfileStatus(Frozen):
    """A profile beside this machine."""

    name: str
    matches: bool
    differences: tuple[Difference, ...]
    entry_cores: tuple[int, ...] | None


def this_machine() -> Machine:
    """Look at this machine; ``OrganiserError`` when it does not tell what it is."""
    from harness.meters.machine import describe_machine, machine_identity, usable_cores

    return Machine(describe_machine(), usable_cores(), machine_identity())


def read_profiles(folder: Path) -> dict[str, HardwareProfile]:
    """Read every profile; ``ConfigurationError`` with the faults of all that have some."""
    from harness.records.profile_file import SUFFIX, find_profiles, read_profile

    profiles = {}
    faulty: list[ConfigurationError] = []
    for name in find_profiles(folder):
        try:
            profiles[name] = read_profile(folder / f"{name}{SUFFIX}")
        except ConfigurationError as error:
            faulty.append(error)
    if faulty:
        raise ConfigurationError(
            "\n".join(error.message for error in faulty),
            remedy="; ".join(dict.fromkeys(error.remedy for error in faulty)),
        )
    return profiles


def statuses(
    profiles: Mapping[str, HardwareProfile], machine: Machine
) -> tuple[ProfileStatus, ...]:
    """Set every profile beside this machine, the closest first."""
    compared = {name: machine.differences(profile) for name, profile in profiles.items()}
    return tuple(
        ProfileStatus(
            name=name, matches=not found, differences=found, entry_cores=profiles[name].entry_cores
        )
        for name, found in closest_first(compared)
    )


def choose_profile(
    project: Project, requested: str | None, machine: Machine, *, official: bool
) -> Chosen:
    """Return the profile called ``requested``, or without a name the only one that matches.

    Raises ``MeasurementError`` with every difference when the one that was named does not match;
    for an official evaluation also when there are profiles, none was named and none matches.
    Raises ``UsageError`` for a name that does not exist, or where several match an official one.
    """
    if requested == UNREGISTERED:
        return Chosen()
    if requested is not None:
        chosen = Chosen(requested, _named(project, requested))
        chosen.hardware(machine)
        return chosen
    profiles = read_profiles(project.hardware)
    compared = {name: machine.differences(profile) for name, profile in profiles.items()}
    matching = [name for name, found in compared.items() if not found]
    if len(matching) == 1:
        return Chosen(matching[0], profiles[matching[0]])
    if matching:
        several = f"this machine matches several profiles: {', '.join(matching)}"
        if official:
            raise UsageError(several, remedy="name one: --profile NAME")
        return Chosen(note=f"{several}; none is taken: name one with --profile NAME")
    if official and compared:
        raise MeasurementError(_listed(compared), remedy=_REGISTER)
    if official:
        return Chosen(note=_NO_PROFILES)
    return Chosen()


def closest_first(
    compared: Mapping[str, tuple[Difference, ...]],
) -> list[tuple[str, tuple[Difference, ...]]]:
    """Sort profiles by how much of them this machine is not."""
    return sorted(compared.items(), key=lambda each: (len(each[1]), each[0]))


def _named(project: Project, name: str) -> HardwareProfile:
    from harness.records.profile_file import SUFFIX, find_profiles, read_profile
    from harness.submissions.faults import quoted, suggestion

    known = find_profiles(project.hardware)
    if name not in known:
        raise UsageError(
            f"there is no hardware profile {quoted(name)}{suggestion(name, known)}",
            remedy=f"name one of {', '.join((*known, UNREGISTERED))}, or make one of this machine: "
            "doctor --write-profile NAME",
        )
    return read_profile(project.hardware / f"{name}{SUFFIX}")


def _mismatch(name: str, found: tuple[Difference, ...]) -> MeasurementError:
    lines = [f"this machine does not match the profile {name}:", *_indented(found)]
    return MeasurementError("\n".join(lines), remedy=_REGISTER)


def _listed(compared: Mapping[str, tuple[Difference, ...]]) -> str:
    lines = ["this machine matches no hardware profile"]
    for name, found in closest_first(compared):
        lines += [f"{name}:", *_indented(found)]
    return "\n".join(lines)


def _indented(found: tuple[Difference, ...]) -> list[str]:
    return [f"  {difference}" for difference in found]
