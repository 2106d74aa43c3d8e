"""The rules' limits in words, for ``check`` and ``doctor``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.records.rules import Limits

_PHASES = ("start", "load", "warm-up", "measured", "drain", "session")
_MEBIBYTE = 1 << 20


def limit_rows(limits: Limits) -> tuple[tuple[str, str], ...]:
    """Return what is limited, and how far."""
    answer = f", a single answer {limits.batch_seconds:,g} s"
    counts = ("processes", "threads", "open_files")
    places = {"/tmp": limits.tmp_bytes, "/dev/shm": limits.shm_bytes}  # noqa: S108 - inside
    return (
        ("wall time", _by_phase(limits, "seconds") + answer),
        ("CPU time", _by_phase(limits, "cpu_seconds")),
        ("energy", f"{limits.preparation_joules:,g} J for start, load and warm-up together"),
        ("memory", _size(limits.memory_bytes)),
        (
            "counts",
            ", ".join(f"{getattr(limits, name):,} {name.replace('_', ' ')}" for name in counts)
            + " a process",
        ),
        ("space", ", ".join(f"{name} {_size(size)}" for name, size in places.items())),
        ("output", f"{limits.output_bytes:,} bytes to standard output and standard error"),
        ("the folder", f"{limits.entry_files:,} files, {limits.entry_bytes:,} bytes"),
    )


def _by_phase(limits: Limits, unit: str) -> str:
    named = ((phase, f"{phase.replace('-', '_')}_{unit}") for phase in _PHASES)
    return ", ".join(f"{phase} {getattr(limits, name):,g} s" for phase, name in named)


def _size(count: int) -> str:
    """Spell a size; in bytes where mebibytes would round it."""
    return f"{count:,} bytes" if count % _MEBIBYTE else f"{count // _MEBIBYTE:,} MiB"
