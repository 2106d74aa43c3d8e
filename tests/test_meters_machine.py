from __future__ import annotations

import os
import platform
import re
from pathlib import Path

import pytest
from profile_samples import HARDWARE

from harness.errors import OrganiserError
from harness.meters.machine import (
    cores_for_an_entry,
    describe_machine,
    machine_identity,
    surroundings_of,
)
from harness.records.profile import HardwareProfile, Match, ModelConstants

GUEST = "processor\t: 0\nmodel name\t: Fast  Chip 9000\nflags\t\t: fpu hypervisor sse2\n\n"


def make_root(root: Path, *, cpuinfo: str = GUEST, kibibytes: int = 16_300_000) -> Path:
    (root / "proc").mkdir(parents=True)
    (root / "etc").mkdir()
    (root / "proc/cpuinfo").write_text(cpuinfo + "processor\t: 1\nmodel name\t: Other\n")
    (root / "proc/meminfo").write_text(f"MemTotal:  {kibibytes} kB\nMemFree: 12 kB\n")
    (root / "etc/os-release").write_text('NAME="Some"\nPRETTY_NAME="Some Linux 12"\n')
    return root


def test_the_fields_come_from_the_machine(tmp_path: Path) -> None:
    machine = describe_machine(make_root(tmp_path))
    assert machine.processor == "Fast Chip 9000"
    assert machine.cores == len(os.sched_getaffinity(0))
    assert machine.memory_gib == 16
    assert machine.architecture == platform.machine()
    assert machine.kernel == platform.release()
    assert machine.operating_system == "Some Linux 12"
    assert machine.accelerators == ()


def test_a_profile_that_nobody_registered_is_named_by_the_fingerprint(tmp_path: Path) -> None:
    machine = describe_machine(make_root(tmp_path))
    assert re.fullmatch(r"[0-9a-f]{8}", machine.fingerprint)
    assert machine.profile == f"unregistered-{machine.fingerprint}"


def test_the_fingerprint_follows_what_decides_the_energy(tmp_path: Path) -> None:
    first = describe_machine(make_root(tmp_path / "a"))
    more_memory = describe_machine(make_root(tmp_path / "b", kibibytes=33_000_000))
    updated = make_root(tmp_path / "c")
    (updated / "etc/os-release").write_text("PRETTY_NAME='Some Linux 13'\n")
    assert more_memory.fingerprint != first.fingerprint
    assert describe_machine(updated).operating_system == "Some Linux 13"
    assert describe_machine(updated).fingerprint == first.fingerprint


def test_a_machine_is_told_from_its_twin_by_what_tells_nobody_its_identifier(
    tmp_path: Path,
) -> None:
    def identity(text: str) -> str | None:
        (tmp_path / "etc/machine-id").write_text(text)
        return machine_identity(tmp_path)

    (tmp_path / "etc").mkdir()
    assert machine_identity(tmp_path) is None
    assert (identity(""), identity("uninitialized\n")) == (None, None)
    first, twin = identity("1a" * 16 + "\n"), identity("1b" * 16)
    assert first is not None
    assert re.fullmatch("[0-9a-f]{16}", first)
    assert first == identity("1a" * 16) != twin
    assert "1a1a1a" not in first


def test_a_guest_names_its_host_where_it_may(tmp_path: Path) -> None:
    root = make_root(tmp_path)
    assert describe_machine(root).hypervisor == "unknown hypervisor"
    (root / "sys/class/dmi/id").mkdir(parents=True)
    (root / "sys/class/dmi/id/sys_vendor").write_text("QEMU\n")
    assert describe_machine(root).hypervisor == "QEMU"


def test_bare_metal_has_no_hypervisor_whoever_built_it(tmp_path: Path) -> None:
    root = make_root(tmp_path, cpuinfo=GUEST.replace(" hypervisor", ""))
    (root / "sys/class/dmi/id").mkdir(parents=True)
    (root / "sys/class/dmi/id/sys_vendor").write_text("A Maker of Computers\n")
    assert describe_machine(root).hypervisor is None


def test_an_arm_processor_is_named_by_its_numbers(tmp_path: Path) -> None:
    cpuinfo = "processor\t: 0\nCPU implementer\t: 0x41\nCPU part\t: 0xd0c\n\n"
    machine = describe_machine(make_root(tmp_path, cpuinfo=cpuinfo))
    assert machine.processor == "Arm implementer 0x41 part 0xd0c"


def test_boards_of_the_nvidia_driver_are_listed(tmp_path: Path) -> None:
    root = make_root(tmp_path)
    without = describe_machine(root)
    board = root / "proc/driver/nvidia/gpus/0000:01:00.0"
    board.mkdir(parents=True)
    (board / "information").write_text("Model: \t\t NVIDIA H200\nIRQ: 9\n")
    machine = describe_machine(root)
    assert machine.accelerators == ("NVIDIA H200",)
    assert machine.fingerprint != without.fingerprint


def test_an_opener_is_told_of_processors_and_cores_where_the_kernel_tells(tmp_path: Path) -> None:
    cpu = "processor\t: {0}\nmodel name\t: Fast\nphysical id\t: 0\ncore id\t: {0}\n\n"
    root = make_root(tmp_path, cpuinfo=cpu.format(0))
    (root / "proc/cpuinfo").write_text(cpu.format(0) + cpu.format(1))
    told = surroundings_of(describe_machine(root), root=root)
    assert (told.processor, told.sockets, told.physical_cores, told.virtual) == (
        "Fast",
        1,
        2,
        False,
    )
    assert told.cores == len(os.sched_getaffinity(0))
    (root / "proc/cpuinfo").write_text(GUEST)
    guest = surroundings_of(describe_machine(root), root=root)
    assert (guest.sockets, guest.physical_cores, guest.virtual) == (0, 0, True)


def test_a_proc_that_does_not_tell_is_named(tmp_path: Path) -> None:
    with pytest.raises(OrganiserError, match="cpuinfo"):
        describe_machine(tmp_path)
    root = make_root(tmp_path / "a")
    (root / "proc/meminfo").write_text("MemTotal: plenty\n")
    with pytest.raises(OrganiserError, match="MemTotal"):
        describe_machine(root)


def test_this_machine_is_described_alike_twice() -> None:
    assert describe_machine() == describe_machine()


def test_a_machine_that_tells_no_settings_has_none(tmp_path: Path) -> None:
    machine = describe_machine(make_root(tmp_path))
    assert (machine.governor, machine.turbo, machine.power_limits_watts) == (None, None, {})


def settings(root: Path, *, governor: str, no_turbo: int, microwatts: int) -> Path:
    """Set what an administrator can."""
    cpu = make_root(root) / "sys/devices/system/cpu"
    (cpu / "cpufreq/policy0").mkdir(parents=True)
    (cpu / "cpufreq/policy0/scaling_governor").write_text(f"{governor}\n")
    (cpu / "intel_pstate").mkdir()
    (cpu / "intel_pstate/no_turbo").write_text(f"{no_turbo}\n")
    zone = root / "sys/class/powercap/intel-rapl:0"
    zone.mkdir(parents=True)
    (zone / "name").write_text("package-0\n")
    (zone / "constraint_0_name").write_text("long_term\n")
    (zone / "constraint_0_power_limit_uw").write_text(f"{microwatts}\n")
    return root


def test_settings_are_read_and_governor_and_turbo_decide(tmp_path: Path) -> None:
    plain = describe_machine(make_root(tmp_path / "plain"))
    fixed, saving, turbo, capped = (
        describe_machine(settings(tmp_path / name, governor=governor, no_turbo=no, microwatts=cap))
        for name, governor, no, cap in (
            ("fixed", "performance", 1, 125_000_000),
            ("saving", "powersave", 1, 125_000_000),
            ("turbo", "performance", 0, 125_000_000),
            ("capped", "performance", 1, 95_000_000),
        )
    )
    assert (fixed.governor, fixed.turbo) == ("performance", False)
    assert fixed.power_limits_watts == {"package-0 long_term": 125.0}
    assert len({each.fingerprint for each in (plain, fixed, saving, turbo)}) == 4
    assert capped.fingerprint == fixed.fingerprint  # some machines move their limits by themselves


def test_a_setting_that_makes_no_sense_is_named(tmp_path: Path) -> None:
    root = settings(tmp_path, governor="performance", no_turbo=7, microwatts=1)
    with pytest.raises(OrganiserError, match="no_turbo: found 7, expected 0 or 1"):
        describe_machine(root)


def test_cores_of_before_are_kept_where_the_harness_has_moved(tmp_path: Path) -> None:
    assert describe_machine(make_root(tmp_path), cores=99).cores == 99


def test_the_first_physical_core_is_left_to_the_harness(tmp_path: Path) -> None:
    assert cores_for_an_entry((0, 1, 2, 3), tmp_path) == (1, 2, 3)
    topology = tmp_path / "sys/devices/system/cpu/cpu0/topology"
    topology.mkdir(parents=True)
    (topology / "thread_siblings_list").write_text("0,2\n")
    assert cores_for_an_entry((0, 1, 2, 3), tmp_path) == (1, 3)
    assert cores_for_an_entry((0, 2), tmp_path) == (0, 2)
    assert cores_for_an_entry((5,), tmp_path) == (5,)


def test_without_a_profile_the_entry_may_use_every_core() -> None:
    around = surroundings_of(HARDWARE)
    assert (around.cores, around.machine_cores) == (HARDWARE.cores, os.cpu_count())
    assert (around.constants, around.constants_source) == ({}, "")
    assert around.virtual is False


def test_a_profile_gives_the_pinned_cores_and_the_models_constants() -> None:
    profile = HardwareProfile(
        schema=1,
        entry_cores=(1,),
        match=Match(),
        model=ModelConstants(
            core_watts=5.0, idle_watts=20.0, relative_uncertainty=0.2, source="made up"
        ),
    )
    around = surroundings_of(HARDWARE, profile)
    assert (around.cores, around.machine_cores) == (1, os.cpu_count())
    assert around.constants == {
        "core_watts": 5.0,
        "idle_watts": 20.0,
        "relative_uncertainty": 0.2,
    }
    assert around.constants_source == "made up"
