"""``doctor``: what this machine can measure and how well it can keep an entry apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from harness.cli.options import JsonOption
from harness.cli.output import in_colour, print_json, print_line

if TYPE_CHECKING:
    from harness.cli.diagnosis import Diagnosis

EXAMPLES = """Examples:

python -m harness doctor

python -m harness doctor --json
"""

_GIBIBYTE = 1 << 30
_WIDTH = 12


def doctor(as_json: JsonOption = False) -> None:
    """Say what this machine can measure, how it keeps entries apart, and what is missing.

    Exit code 0 unless something that an evaluation needs is missing.
    """
    from harness.cli.diagnosis import diagnose

    diagnosis = diagnose()
    if as_json:
        print_json(diagnosis)
    else:
        _print_software(diagnosis)
        _print_machine(diagnosis)
        _print_energy(diagnosis)
        _print_isolation(diagnosis)
        _print_project(diagnosis)
        _print_problems(diagnosis)
    if diagnosis.exit_code:
        raise typer.Exit(diagnosis.exit_code)


def _row(name: str, value: str) -> None:
    print_line(f"{name:<{_WIDTH}}  {value}")


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
            _fix("pip install 'frugal-ai-harness[torch]', or '.[torch]' in a checkout")


def _print_machine(diagnosis: Diagnosis) -> None:
    machine = diagnosis.machine
    if machine is None:
        return
    print_line()
    _row("machine", f"{machine.processor}, {machine.cores} cores, {machine.memory_gib} GiB")
    where = f"a guest of {machine.hypervisor}" if machine.hypervisor else "no hypervisor seen"
    _row("", f"{machine.operating_system}, Linux {machine.kernel}, {machine.architecture}, {where}")
    _row("accelerator", ", ".join(machine.accelerators) or "none")
    _row("profile", machine.profile)


def _print_energy(diagnosis: Diagnosis) -> None:
    print_line()
    for number, source in enumerate(diagnosis.energy):
        mark = in_colour("yes", "green") if source.found else in_colour("no", "yellow")
        _row("" if number else "energy", f"{source.name}: {mark}, {source.detail}")
        _fix(source.remedy)


def _print_isolation(diagnosis: Diagnosis) -> None:
    isolation = diagnosis.isolation
    if isolation is None:
        return
    print_line()
    _row("isolation", f"grade {isolation.grade}, {isolation.method}")
    held = [check.name for check in isolation.checks if check.held]
    _row("held", ", ".join(held) or "nothing")
    gaps = [f"{check.name} ({check.seen})" for check in isolation.checks if not check.held]
    _row("open", ", ".join(gaps) or "nothing")
    if diagnosis.official_isolation:
        grades = " or ".join(diagnosis.official_isolation)
        enough = isolation.grade in diagnosis.official_isolation
        _row("official", f"{'enough' if enough else 'not enough'}: the rules ask for {grades}")


def _print_project(diagnosis: Diagnosis) -> None:
    if diagnosis.root is None:
        return
    print_line()
    _row("project", diagnosis.root)
    if diagnosis.rules_version:
        _row("rules", f"{diagnosis.rules_file}, version {diagnosis.rules_version}")
    _row("tasks", ", ".join(diagnosis.tasks) or "none")
    free = diagnosis.free_bytes
    space = "" if free is None else f", {free / _GIBIBYTE:,.1f} GiB free"
    _row("results", f"{diagnosis.results}{space}")


def _print_problems(diagnosis: Diagnosis) -> None:
    print_line()
    for problem in diagnosis.problems:
        print_line(f"{in_colour('missing:', 'red')} {problem.message}")
        if problem.remedy:
            print_line(f"    fix: {problem.remedy}")
    if not diagnosis.problems:
        print_line("Nothing that an evaluation needs is missing.")
