"""Which machine this is: what is compared before two energies are."""

from __future__ import annotations

import hmac
import os
import platform
import re
from collections.abc import Sequence
from pathlib import Path

from harness.errors import OrganiserError
from harness.meters import platform_state
from harness.meters.processors import count_cores
from harness.meters.protocol import Surroundings
from harness.records.base import digest
from harness.records.evaluation import Hardware
from harness.records.profile import IDENTITY_DIGITS, UNREGISTERED, HardwareProfile

_KIBIBYTES_PER_GIBIBYTE = 1 << 20
_FINGERPRINT_DIGITS = 8
_MACHINE_ID = re.compile("[0-9a-f]{32}")
_PURPOSE = b"frugal-ai-harness hardware profile"
_ROOT = Path("/")


def usable_cores() -> tuple[int, ...]:
    """Return the numbers of the cores that this process may run on."""
    return tuple(sorted(os.sched_getaffinity(0)))


def cores_for_an_entry(usable: Sequence[int], root: Path = _ROOT) -> tuple[int, ...]:
    """Return those that an entry can have to itself: all but the first physical core's threads.

    The first is left to the harness and the operating system. Where there is no other, it is
    shared.
    """
    kept = platform_state.siblings(root / "sys", min(usable))
    return tuple(core for core in usable if core not in kept) or tuple(usable)


def describe_machine(root: Path = _ROOT, *, cores: int | None = None) -> Hardware:
    """Look at this machine; ``root`` stands in for the file system's in tests.

    ``cores`` are those of before, where this process has moved to some of them since.

    The fingerprint covers what decides how fast and how hungry the machine is, governor and turbo
    among it. A new kernel leaves it as it is; so do power limits, which some machines move by
    themselves. Raises ``OrganiserError`` when ``/proc`` does not say, or a setting makes no sense.
    """
    processors = _fields(root / "proc/cpuinfo")
    processor = _processor(processors)
    cores = cores or len(usable_cores())
    memory_gib = _memory_gib(root / "proc/meminfo")
    architecture = platform.machine()
    accelerators = _accelerators(root / "proc/driver/nvidia/gpus")
    hypervisor = _hypervisor(processors, root / "sys")
    governor = platform_state.governor(root / "sys")
    turbo = platform_state.turbo(root / "sys")
    decisive = [processor, cores, memory_gib, architecture, accelerators, hypervisor]
    if (governor, turbo) != (None, None):
        decisive += [governor, turbo]
    fingerprint = digest(decisive)[:_FINGERPRINT_DIGITS]
    return Hardware(
        profile=f"{UNREGISTERED}-{fingerprint}",
        fingerprint=fingerprint,
        processor=processor,
        cores=cores,
        memory_gib=memory_gib,
        architecture=architecture,
        kernel=platform.release(),
        operating_system=_operating_system(root / "etc/os-release"),
        hypervisor=hypervisor,
        accelerators=accelerators,
        governor=governor,
        turbo=turbo,
        power_limits_watts=_power_limits(root, accelerators),
    )


def machine_identity(root: Path = _ROOT) -> str | None:
    """Return what tells this machine from its twin, and tells strangers nothing; ``None``: unknown.

    A digest keyed by ``/etc/machine-id``, as machine-id(5) asks: the identifier itself is secret.
    """
    found = _first_line(root / "etc/machine-id")
    if not _MACHINE_ID.fullmatch(found):
        return None
    return hmac.new(found.encode(), _PURPOSE, "sha256").hexdigest()[:IDENTITY_DIGITS]


def surroundings_of(
    hardware: Hardware, profile: HardwareProfile | None = None, root: Path = _ROOT
) -> Surroundings:
    """Return what the opener of a source may need to know of this machine and its profile."""
    pinned = None if profile is None else profile.entry_cores
    model = None if profile is None else profile.model
    sockets, physical_cores = count_cores(_read(root / "proc/cpuinfo"))
    return Surroundings(
        cores=hardware.cores if pinned is None else len(pinned),
        machine_cores=os.cpu_count() or hardware.cores,
        processor=hardware.processor,
        sockets=sockets,
        physical_cores=physical_cores,
        virtual=hardware.hypervisor is not None,
        constants={}
        if model is None
        else {
            "core_watts": model.core_watts,
            "idle_watts": model.idle_watts,
            "relative_uncertainty": model.relative_uncertainty,
        },
        constants_source="" if model is None else model.source,
    )


def _power_limits(root: Path, accelerators: tuple[str, ...]) -> dict[str, float]:
    limits = platform_state.processor_power_limits(root / "sys")
    if accelerators and root == _ROOT:  # the boards' library looks at the machine itself
        limits |= platform_state.board_power_limits()
    return limits


def _processor(fields: dict[str, str]) -> str:
    """Return the model's name; Arm kernels give numbers in its place."""
    if name := fields.get("model name"):
        return " ".join(name.split())
    if "CPU part" in fields:
        implementer = fields.get("CPU implementer", "unknown")
        return f"Arm implementer {implementer} part {fields['CPU part']}"
    return f"unknown {platform.machine()} processor"


def _memory_gib(meminfo: Path) -> int:
    total = _fields(meminfo).get("MemTotal", "")
    try:
        return round(int(total.removesuffix("kB")) / _KIBIBYTES_PER_GIBIBYTE)
    except ValueError:
        raise OrganiserError(
            f"{meminfo}: MemTotal: found {total!r}, not a number of kB",
            remedy="run the harness on Linux with the kernel's own /proc",
        ) from None


def _hypervisor(processor: dict[str, str], sys: Path) -> str | None:
    """Name what this machine is a guest of; None where nothing says that it is one."""
    guest = "hypervisor" in processor.get("flags", "").split()
    if not guest and not (sys / "hypervisor/type").exists():
        return None
    return _first_line(sys / "class/dmi/id/sys_vendor") or "unknown hypervisor"


def _accelerators(gpus: Path) -> tuple[str, ...]:
    """Name the boards that the NVIDIA driver lists, one for each; none without the driver."""
    if not gpus.is_dir():
        return ()
    boards = (_fields(board / "information") for board in sorted(gpus.iterdir()))
    return tuple(board.get("Model", "unknown NVIDIA board") for board in boards)


def _operating_system(release: Path) -> str:
    try:
        text = release.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "unknown Linux"
    pairs = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    return pairs.get("PRETTY_NAME", "unknown Linux").strip("\"'")


def _fields(path: Path) -> dict[str, str]:
    """Read ``name : value`` lines up to the first empty one: of many processors, the first."""
    lines = _read(path).partition("\n\n")[0].splitlines()
    pairs = (line.partition(":") for line in lines)
    return {name.strip(): value.strip() for name, _, value in pairs}


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise OrganiserError(
            f"{path}: cannot be read: {error.strerror}",
            remedy="run the harness on Linux with the kernel's own /proc",
        ) from None


def _first_line(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip().partition("\n")[0]
    except OSError:
        return ""
