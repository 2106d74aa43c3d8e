"""A diagnosis for people: one subject a paragraph, each fault with its remedy below it."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Iterator

from harness.cli.diagnosing.cautions import in_words
from harness.cli.diagnosing.diagnosis import PIP, Diagnosis
from harness.cli.diagnosing.idle import Idle
from harness.cli.limits import limit_rows
from harness.cli.output import in_colour, print_line
from harness.meters.select import NOT_LOOKED_FOR
from harness.records.evaluation import Hardware, Isolation
from harness.records.meter import SourceDescription
from harness.records.profile import core_list
from harness.submissions.faults import visible

_GIBIBYTE = 1 << 30
_WIDTH = 12
_LEAST_ROOM = 20
"""Columns of text, however narrow the terminal."""
_UNKNOWN = "this machine does not say"


def print_diagnosis(diagnosis: Diagnosis) -> None:
    """Print all of it."""
    _print_software(diagnosis)
    _print_machine(diagnosis)
    _print_profiles(diagnosis)
    _print_energy(diagnosis)
    _print_idle(diagnosis.idle)
    _print_isolation(diagnosis)
    _print_project(diagnosis)
    _print_findings(diagnosis)


def _row(name: str, value: str) -> None:
    """Print a row; on a terminal it wraps beside its name, elsewhere it stays one line."""
    lines = [value]
    if sys.stdout.isatty():
        room = max(shutil.get_terminal_size().columns - _WIDTH - 2, _LEAST_ROOM)
        further = " " * (len(value) - len(value.lstrip()) + 2)
        lines = textwrap.wrap(
            value, room, subsequent_indent=further, break_long_words=False, break_on_hyphens=False
        ) or [""]
    for number, line in enumerate(lines):
        print_line(f"{'' if number else name:<{_WIDTH}}  {line}".rstrip())


def _fix(remedy: str) -> None:
    if remedy:
        _row("", f"fix: {remedy}")


def _print_software(diagnosis: Diagnosis) -> None:
    _row("harness", f"{diagnosis.harness_version}, Python {diagnosis.python_version}")
    known = (f"{name} {version}" for name, version in diagnosis.packages.items() if version)
    _row("packages", ", ".join(known))
    for name, version in diagnosis.torch_extra.items():
        _row(name, version or "not installed; only the neural reference entries need it")
        if version is None:
            _fix(f"in the checkout: {PIP} install -e '.[torch]'")


def _print_machine(diagnosis: Diagnosis) -> None:
    machine = diagnosis.machine
    if machine is None:
        return
    print_line()
    _row("machine", f"{machine.processor}, {machine.cores} cores, {machine.memory_gib} GiB")
    where = f"a guest of {machine.hypervisor}" if machine.hypervisor else "no hypervisor seen"
    _row("", f"{machine.operating_system}, Linux {machine.kernel}, {machine.architecture}, {where}")
    _row("usable cores", core_list(diagnosis.usable_cores))
    _row("accelerator", ", ".join(machine.accelerators) or "none")
    _print_settings(machine)


def _print_settings(machine: Hardware) -> None:
    _row("governor", machine.governor or _UNKNOWN)
    _row("turbo", _UNKNOWN if machine.turbo is None else "on" if machine.turbo else "off")
    limits = (f"{name} {watts:g} W" for name, watts in machine.power_limits_watts.items())
    _row("power limits", ", ".join(limits) or _UNKNOWN)


def _print_profiles(diagnosis: Diagnosis) -> None:
    machine = diagnosis.machine
    if machine is None:
        return
    print_line()
    if not diagnosis.profiles:
        _row("profile", f"none in the project: this machine goes by {machine.profile}")
    for number, status in enumerate(diagnosis.profiles):
        mark = in_colour("matches", "green") if status.matches else in_colour("differs", "yellow")
        cores = core_list(status.entry_cores) if status.entry_cores else "all"
        _row("" if number else "profile", f"{status.name}: {mark}, entries on cores {cores}")
        for difference in status.differences:
            _row("", f"  {visible(str(difference))}")


def _print_energy(diagnosis: Diagnosis) -> None:
    print_line()
    asleep = [status.remedy for status in diagnosis.energy if status.detail == NOT_LOOKED_FOR]
    looked_for = [status for status in diagnosis.energy if status.detail != NOT_LOOKED_FOR]
    for number, status in enumerate(looked_for):
        mark = in_colour("yes", "green") if status.found else in_colour("no", "yellow")
        _row("" if number else "energy", f"{status.name}: {mark}, {status.detail}")
        for source in status.sources:
            _row("", f"  {_source(source)}")
        _fix(status.remedy)
    if asleep:
        options = ", ".join(remedy.removeprefix("use ") for remedy in asleep)
        _row("", f"not looked for, because each must be told where: {options}")


def _source(source: SourceDescription) -> str:
    refreshed = (
        f"refreshed every {source.refresh_seconds * 1000:.3g} ms"
        if source.refresh_seconds
        else "always fresh"
    )
    steps = (
        f"in steps of {_joules(source.resolution_joules)}"
        if source.resolution_joules
        else "without steps"
    )
    return f"{source.name}: {refreshed}, {steps}, {_off_by(source.relative_uncertainty)}"


def _off_by(share: float) -> str:
    """Spell an uncertainty, from 100 % on as a factor: less than nothing no energy is."""
    return f"±{100 * share:.3g} %" if share < 1 else f"off by up to a factor of {1 + share:.3g}"


def _joules(joules: float) -> str:
    for factor, unit in ((1.0, "J"), (1e-3, "mJ"), (1e-6, "µJ")):
        if joules >= factor:
            return f"{joules / factor:.3g} {unit}"
    return f"{joules:.3g} J"


def _print_idle(idle: Idle | None) -> None:
    if idle is None:
        return
    print_line()
    spread = (
        "from a constant: of noise it says nothing"
        if idle.meter_grade == "model"
        else f"±{idle.spread_watts:.2f} W over {len(idle.watts)} parts (standard deviation)"
    )
    _row("idle", f"{idle.mean_watts:.2f} W by {idle.meter}, {spread}; {idle.seconds:.1f} s")
    busiest = ", ".join(map(in_words, idle.busiest))
    _row("background", f"{idle.other_share:.1%} of the machine{f': {busiest}' if busiest else ''}")
    _row("steal", f"{idle.steal_share:.1%}")
    waited = idle.run_queue_share
    _row("run queue", _UNKNOWN if waited is None else f"some task waited {waited:.1%} of the time")
    clock = idle.frequency_megahertz
    throttled = idle.throttle_events
    _row("clock", _UNKNOWN if clock is None else f"{clock:,.0f} MHz, the mean over cores")
    _row("throttling", _UNKNOWN if throttled is None else f"{throttled} times meanwhile")


def _print_isolation(diagnosis: Diagnosis) -> None:
    isolation = diagnosis.isolation
    if isolation is None:
        return
    print_line()
    _row("isolation", f"grade {isolation.grade}, {isolation.method}")
    for name, value in _isolation_seen(isolation):
        _row(name, visible(value))
    held = [check.name for check in isolation.checks if check.held]
    _row("held", ", ".join(held) or "nothing")
    gaps = [check for check in isolation.checks if not check.held]
    for number, check in enumerate(gaps):
        _row("" if number else "open", visible(f"{check.name}: {check.seen}"))
        _fix(check.remedy)
    if not gaps:
        _row("open", "nothing")
    if diagnosis.official_isolation:
        grades = " or ".join(diagnosis.official_isolation)
        enough = isolation.grade in diagnosis.official_isolation
        _row("official", f"{'enough' if enough else 'not enough'}: the rules ask for {grades}")


def _isolation_seen(isolation: Isolation) -> Iterator[tuple[str, str]]:
    """Yield what the sandbox consists of here, and who holds the entry to its limits."""
    if isolation.host_uid is not None:
        yield "user", f"{isolation.host_uid} of the host"
    if isolation.namespaces is not None:
        yield "namespaces", ", ".join(isolation.namespaces) or "none of its own"
    if isolation.seccomp_digest is not None:
        yield "filter", f"seccomp, SHA-256 {isolation.seccomp_digest}"
    if isolation.landlock_abi is not None:
        yield "Landlock", f"version {isolation.landlock_abi}"
    if (by := isolation.enforced_by) is not None:
        yield "memory", by.memory
        yield "processes", by.processes
        yield "CPU", by.cpu
        yield "disk", by.disk


def _print_project(diagnosis: Diagnosis) -> None:
    print_line()
    if diagnosis.root is not None:
        _row("project", diagnosis.root)
        if diagnosis.rules_version:
            _row("rules", f"{diagnosis.rules_file}, version {diagnosis.rules_version}")
        if diagnosis.limits is not None:
            rows = limit_rows(diagnosis.limits)
            for number, (name, allowed) in enumerate(rows):
                _row("" if number else "limits", f"{name}: {allowed}")
        _row("tasks", ", ".join(diagnosis.tasks) or "none")
    if (disk := diagnosis.results_disk) is not None:
        free = f"{disk.free_bytes / _GIBIBYTE:,.1f} GiB free, {disk.file_system}"
        _row("results", f"{diagnosis.results}, {free}")
    disk = diagnosis.temporary_disk
    if disk is None:
        return
    free = f"{disk.free_bytes / _GIBIBYTE:,.1f} GiB free, {disk.file_system}"
    written = (
        "cannot be written to"
        if disk.write_seconds is None
        else f"1 MiB written through in {disk.write_seconds * 1000:.0f} ms"
    )
    _row("temporary", f"{disk.folder}, {free}, {written}")


def _print_findings(diagnosis: Diagnosis) -> None:
    print_line()
    for caution in diagnosis.cautions:
        print_line(f"{in_colour('caution:', 'yellow')} {caution.message}")
        print_line(f"    fix: {caution.remedy}")
    for problem in diagnosis.problems:
        print_line(f"{in_colour('missing:', 'red')} {problem.message}")
        if problem.remedy:
            print_line(f"    fix: {problem.remedy}")
    if not diagnosis.problems:
        print_line("Nothing that an evaluation needs is missing.")
