"""Which machine this is: what is compared before two energies are."""

from __future__ import annotations

import os
import platform
from pathlib import Path

from harness.errors import OrganiserError
from harness.meters.processors import count_cores
from harness.meters.protocol import Surroundings
from harness.records.base import digest
from harness.records.evaluation import Hardware

_KIBIBYTES_PER_GIBIBYTE = 1 << 20
_FINGERPRINT_DIGITS = 8


def describe_machine(root: Path = Path("/")) -> Hardware:
    """Look at this machine; ``root`` stands in for the file system's in tests.

    The fingerprint covers what decides how fast and how hungry the machine is. A new kernel
    leaves it as it is. Raises ``OrganiserError`` when ``/proc`` does not say.
    """
    processors = _fields(root / "proc/cpuinfo")
    processor = _processor(processors)
    cores = len(os.sched_getaffinity(0))
    memory_gib = _memory_gib(root / "proc/meminfo")
    architecture = platform.machine()
    accelerators = _accelerators(root / "proc/driver/nvidia/gpus")
    hypervisor = _hypervisor(processors, root / "sys")
    fingerprint = digest([processor, cores, memory_gib, architecture, accelerators, hypervisor])[
        :_FINGERPRINT_DIGITS
    ]
    return Hardware(
        profile=f"unregistered-{fingerprint}",
        fingerprint=fingerprint,
        processor=processor,
        cores=cores,
        memory_gib=memory_gib,
        architecture=architecture,
        kernel=platform.release(),
        operating_system=_operating_system(root / "etc/os-release"),
        hypervisor=hypervisor,
        accelerators=accelerators,
    )


def surroundings_of(hardware: Hardware, root: Path = Path("/")) -> Surroundings:
    """Return what the opener of a source may need to know of this machine."""
    sockets, physical_cores = count_cores(_read(root / "proc/cpuinfo"))
    return Surroundings(
        cores=hardware.cores,
        machine_cores=os.cpu_count() or hardware.cores,
        processor=hardware.processor,
        sockets=sockets,
        physical_cores=physical_cores,
        virtual=hardware.hypervisor is not None,
    )


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
