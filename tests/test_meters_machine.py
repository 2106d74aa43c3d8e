from __future__ import annotations

import os
import platform
import re
from pathlib import Path

import pytest

from harness.errors import OrganiserError
from harness.meters.machine import describe_machine, surroundings_of

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
    told = surroundings_of(describe_machine(root), root)
    assert (told.processor, told.sockets, told.physical_cores, told.virtual) == (
        "Fast",
        1,
        2,
        False,
    )
    assert told.cores == len(os.sched_getaffinity(0))
    (root / "proc/cpuinfo").write_text(GUEST)
    guest = surroundings_of(describe_machine(root), root)
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
