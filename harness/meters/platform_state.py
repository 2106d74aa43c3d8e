"""How the machine is set: governor, turbo and power limits, as Linux and the GPU's driver tell.

What is not there is ``None`` or left out: virtual machines have none of it. What is there and makes
no sense is named, with its file.
"""

from __future__ import annotations

import re
from pathlib import Path

from harness.errors import OrganiserError

_ZONE = re.compile(r"intel-rapl(?P<mmio>-mmio)?(?::\d+)+")
_CONSTRAINT = re.compile(r"constraint_(\d+)_power_limit_uw")
_MICRO = 1e-6
_MILLI = 1e-3
_LARGEST = 2**64 - 1
_MOST_DIGITS = len(str(_LARGEST))
_REMEDY = "read the file by hand: the kernel's own holds a number; a mount may hide it"


def governor(sys: Path) -> str | None:
    """Return the governor of processor frequency; several, sorted, where cores differ."""
    files = sorted((sys / "devices/system/cpu/cpufreq").glob("policy*/scaling_governor"))
    files += sorted((sys / "devices/system/cpu").glob("cpu[0-9]*/cpufreq/scaling_governor"))
    return ", ".join(sorted({text for file in files if (text := _text(file))})) or None


def turbo(sys: Path) -> bool | None:
    """Say whether any core may run above its nominal clock."""
    cpu = sys / "devices/system/cpu"
    no_turbo = _flag(cpu / "intel_pstate/no_turbo")
    if no_turbo is not None:
        return not no_turbo
    boost = _flag(cpu / "cpufreq/boost")
    if boost is not None:
        return boost
    each = [_flag(file) for file in sorted((cpu / "cpufreq").glob("policy*/boost"))]
    known = [allowed for allowed in each if allowed is not None]
    return any(known) if known else None


def processor_power_limits(sys: Path) -> dict[str, float]:
    """Return the limits in force, in watts, by zone and constraint: ``package-0 long_term``.

    A zone may be limited through a second door, ``intel-rapl-mmio``, whose limit is its own.
    """
    found: dict[str, float] = {}
    for zone in sorted((sys / "class/powercap").glob("intel-rapl*:*")):
        door = _ZONE.fullmatch(zone.name)
        if door is None or _flag(zone / "enabled") is False:
            continue
        for file in sorted(zone.glob("constraint_*_power_limit_uw")):
            constraint = _CONSTRAINT.fullmatch(file.name)
            microwatts = _number(file)
            if constraint is None or not microwatts:  # a limit of nothing is not in force
                continue
            kind = _text(zone / f"constraint_{constraint[1]}_name") or f"constraint {constraint[1]}"
            name = f"{_zone_name(zone)} {kind}{' (mmio)' if door['mmio'] else ''}"
            found[name] = round(microwatts * _MICRO, 3)
    return found


def _zone_name(zone: Path) -> str:
    """Return a zone's name; with that of the package it lies in where it has none of its own."""
    name = _text(zone / "name") or zone.name
    parent = zone.name.rpartition(":")[0]
    if zone.name.count(":") > 1 and (package := _text(zone.with_name(parent) / "name")):
        return f"{package}/{name}"
    return name


def board_power_limits() -> dict[str, float]:
    """Return what NVIDIA boards are limited to, in watts: ``gpu-0``; none without the library."""
    import pynvml  # noqa: PLC0415 - only machines with a board pay for it

    found: dict[str, float] = {}
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return found
    try:
        for index in range(pynvml.nvmlDeviceGetCount()):
            try:
                board = pynvml.nvmlDeviceGetHandleByIndex(index)
                milliwatts = pynvml.nvmlDeviceGetPowerManagementLimit(board)
            except pynvml.NVMLError:  # a board without a limit, or one that does not tell
                continue
            found[f"gpu-{index}"] = round(milliwatts * _MILLI, 3)
    except pynvml.NVMLError:
        return found
    finally:
        pynvml.nvmlShutdown()
    return found


def siblings(sys: Path, core: int) -> frozenset[int]:
    """Return the threads of the physical core that ``core`` is one of; itself where unknown."""
    listed = _text(sys / f"devices/system/cpu/cpu{core}/topology/thread_siblings_list") or ""
    found: set[int] = set()
    for part in listed.split(","):
        first, _, last = part.partition("-")
        if first.isdecimal() and (last or first).isdecimal():
            found.update(range(int(first), int(last or first) + 1))
    return frozenset(found | {core})


def _flag(path: Path) -> bool | None:
    number = _number(path)
    if number is not None and number > 1:
        raise OrganiserError(f"{path}: found {number}, expected 0 or 1", remedy=_REMEDY)
    return None if number is None else bool(number)


def _number(path: Path) -> int | None:
    text = _text(path)
    if text is None:
        return None
    sound = text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS
    if not sound or int(text) > _LARGEST:
        raise OrganiserError(f"{path}: found {text[:40]!r}, not a number", remedy=_REMEDY)
    return int(text)


def _text(path: Path) -> str | None:
    """Return the file's first line; ``None`` where there is no such file or it does not tell."""
    try:
        content = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    return content.strip().partition("\n")[0]
