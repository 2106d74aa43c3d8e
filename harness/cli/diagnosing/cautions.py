"""What ``doctor`` finds that forbids no evaluation, but spoils its figures; each with a remedy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harness.ranking.status import STAND_IN
from harness.records.evaluation import Hardware
from harness.records.session import Notice
from harness.sandbox import forgetting
from harness.submissions.faults import suggestion, visible

if TYPE_CHECKING:
    from harness.cli.diagnosing.disk import Disk
    from harness.cli.diagnosing.idle import Busy, Idle
    from harness.cli.evaluating.profiles import ProfileStatus
    from harness.records.rules import Rules

STEADY_GOVERNOR = "performance"

_MEMORY_FILE_SYSTEMS = {"tmpfs", "ramfs"}
_REMOTE_FILE_SYSTEMS = {"nfs", "nfs4", "cifs", "smb3", "9p", "ceph", "fuse.sshfs", "afs"}
_LEAST_FREE_BYTES = 1 << 30
_SLOW_SECONDS = 1.0
_NOISY_SHARE = 0.05


def about_the_machine(machine: Hardware) -> Iterator[Notice]:
    """Find settings that let the clock move by itself."""
    if machine.governor not in (None, STEADY_GOVERNOR):
        yield Notice(
            code="governor",
            message=f"the frequency governor is {machine.governor}: the clock follows the load",
            remedy=f"as root, until the next boot: echo {STEADY_GOVERNOR} | "
            "tee /sys/devices/system/cpu/cpufreq/policy*/scaling_governor",
        )
    if machine.turbo:
        yield Notice(
            code="turbo",
            message="turbo is on: the clock follows temperature and how many cores are busy",
            remedy="as root, until the next boot: echo 1 > "
            "/sys/devices/system/cpu/intel_pstate/no_turbo, or where there is no such file: "
            "echo 0 > /sys/devices/system/cpu/cpufreq/boost",
        )


def about_the_idle_window(idle: Idle, rules: Rules | None) -> Iterator[Notice]:
    """Find who else runs, power that moves while nothing does, and a meter that reads none."""
    if idle.spread_watts > _NOISY_SHARE * idle.mean_watts:
        yield Notice(
            code="idle-noise",
            message=f"idle power moved by {idle.spread_watts:.2f} W around "
            f"{idle.mean_watts:.2f} W within {idle.seconds:.1f} s",
            remedy="stop what else runs, fix the clock, and look longer: --idle-seconds 30",
        )
    if idle.throttle_events:
        yield Notice(
            code="throttled",
            message=f"the processor was throttled {idle.throttle_events} times, with nothing to do",
            remedy="cool the machine, or lower its power limit",
        )
    if idle.meter_grade == STAND_IN:
        yield Notice(
            code="stand-in-meter",
            message=f"the meter {idle.meter} is a stand-in (simulated): what it reads stands on no "
            "official board",
            remedy="unset HARNESS_POWERCAP_ROOT and HARNESS_NVML_LIBRARY to read this machine",
        )
    if rules is None:
        return
    limits = rules.disturbance
    if idle.other_share > limits.other_cpu_share:
        busiest = ", ".join(map(in_words, idle.busiest))
        yield Notice(
            code="background-load",
            message=f"other processes took {idle.other_share:.1%} of the machine"
            f"{f': {busiest}' if busiest else ', each of them little or short-lived'}",
            remedy="stop them before an evaluation: its sessions are void above "
            f"{limits.other_cpu_share:.1%}",
        )
    if idle.steal_share > limits.steal_share:
        yield Notice(
            code="steal",
            message=f"the host took {idle.steal_share:.1%} of this machine's time for others",
            remedy="measure on a host, or on cores, that nobody else has: sessions are void above "
            f"{limits.steal_share:.1%}",
        )


def in_words(process: Busy) -> str:
    """Name a process and what it takes."""
    return f"{visible(process.name)} (pid {process.pid}, {process.core_share:.0%} of a core)"


def about_the_disks(results: Disk | None, temporary: Disk | None) -> Iterator[Notice]:
    """Find places that are full, slow or gone with the next boot."""
    if results is not None and results.file_system in _MEMORY_FILE_SYSTEMS:
        yield Notice(
            code="results-in-memory",
            message=f"{results.folder}: on {results.file_system}: records go with the next boot",
            remedy="evaluate with --output on a disk",
        )
    for disk in (results, temporary):
        if disk is None:
            continue
        if disk.free_bytes < _LEAST_FREE_BYTES:
            yield Notice(
                code="disk-full",
                message=f"{disk.folder}: {disk.free_bytes / (1 << 20):,.0f} MiB are free",
                remedy="make room: copies of entries, weights and records go there",
            )
        if disk.file_system in _REMOTE_FILE_SYSTEMS:
            yield Notice(
                code="remote-disk",
                message=f"{disk.folder}: on {disk.file_system}, a disk of another machine",
                remedy="keep the project, and TMPDIR, on a disk of this machine",
            )
    if temporary is None:
        return
    if temporary.write_seconds is None:
        yield Notice(
            code="read-only-disk",
            message=f"{temporary.folder}: nothing can be written there",
            remedy="make room, or set TMPDIR to a folder that this user may write to",
        )
    elif temporary.write_seconds > _SLOW_SECONDS:
        yield Notice(
            code="slow-disk",
            message=f"{temporary.folder}: a mebibyte took {temporary.write_seconds:.1f} s to write",
            remedy="set TMPDIR to a faster disk, or wait until this one has less to do",
        )


def about_forgetting(why_not: str | None) -> Iterator[Notice]:
    """Say so where no session can begin without what the kernel remembers of those before."""
    if why_not is not None:
        yield Notice(
            code="caches-kept",
            message="before the sessions of --protocol official the kernel cannot be made to "
            f"forget what it remembers of names and files: {why_not}",
            remedy=forgetting.REMEDY,
        )


def about_what_the_rules_name(
    rules: Rules, tasks: Sequence[str], submissions: Path
) -> Iterator[Notice]:
    """Find tables of tasks and parts of entries that are not there: a slip there says nothing else.

    A task whose table is misspelt has no control, no floor and no prize.
    """
    lost = [
        f"[{table}.{task}]: there is no task {task}{suggestion(task, tuple(tasks))}"
        for table, named in (("reference", rules.reference), ("prizes.tasks", rules.prizes.tasks))
        for task in named
        if task not in tasks
    ]
    lost += [
        f"reference.{task}.{part}: there is no entry {name}"
        for task, parts in rules.reference.items()
        for part in parts.__struct_fields__
        if task in tasks and (name := getattr(parts, part)) is not None
        if not (submissions / name).is_dir()
    ]
    if lost:
        yield Notice(
            code="named-by-rules",
            message=f"rules.toml names what is not here: {visible('; '.join(lost))}",
            remedy="correct it, with a higher version of the rules, or bring what it names",
        )


def about_the_profiles(profiles: tuple[ProfileStatus, ...]) -> Iterator[Notice]:
    """Say so where there are profiles and an official evaluation would be refused for them."""
    matching = [status.name for status in profiles if status.matches]
    if profiles and not matching:
        yield Notice(
            code="no-profile",
            message="this machine matches no hardware profile: --protocol official is refused",
            remedy="remove the differences listed, register the machine with --write-profile NAME, "
            "or evaluate with --profile unregistered for a board of its own",
        )
    if len(matching) > 1:
        yield Notice(
            code="several-profiles",
            message=f"this machine matches several hardware profiles: {', '.join(matching)}",
            remedy="name one when evaluating: --profile NAME",
        )
