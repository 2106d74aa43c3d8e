"""Hardware profiles made up for tests, and the machine that they describe."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from harness.records.evaluation import Hardware

HARDWARE = Hardware(
    profile="unregistered-12345678",
    fingerprint="12345678",
    processor="Fast Chip 9000",
    cores=4,
    memory_gib=16,
    architecture="x86_64",
    kernel="6.1.0-21-amd64",
    operating_system="Some Linux 12",
    hypervisor=None,
    accelerators=("NVIDIA H200", "NVIDIA H200"),
    governor="performance",
    turbo=False,
    power_limits_watts={"package-0 long_term": 125.0, "gpu-0": 700.0},
)
WHOLE = """
schema = 1
entry_cores = [2, 3]

[match]
processor = "Fast Chip 9000"
cores = 4
memory_gib = 16
accelerators = ["NVIDIA H200", "NVIDIA H200"]
hypervisor = "none"
kernel_family = "6.1"
governor = "performance"
turbo = false

[match.power_limits_watts]
"package-0 long_term" = 125
gpu-0 = 700.0

[model]
core_watts = 4.5
idle_watts = 30
relative_uncertainty = 0.3
source = "a wall meter (made up)"
"""
"""Every key there is but ``match.machine``, which says which of several alike."""


def hardware(**changes: Any) -> Hardware:  # noqa: ANN401 - any field
    """Make a machine that the profile fits unless ``changes`` say otherwise."""
    return replace(HARDWARE, **changes)
