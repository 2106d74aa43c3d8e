"""What ``doctor`` finds out, as data. One thing that is missing hides none of the others."""

from __future__ import annotations

import platform
import re
import shlex
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import TypeVar

import harness
from harness.cli.diagnosing import cautions
from harness.cli.diagnosing.disk import Disk, look_at
from harness.cli.diagnosing.idle import Idle, watch_idle
from harness.cli.evaluating.profiles import (
    Machine,
    ProfileStatus,
    read_profiles,
    statuses,
    this_machine,
)
from harness.cli.project import find_project
from harness.errors import ConfigurationError, HarnessError, MeasurementError
from harness.evaluation.lock import temporary_folder
from harness.meters.machine import surroundings_of
from harness.meters.select import SourceStatus, select, survey
from harness.records.base import Frozen
from harness.records.evaluation import Hardware, Isolation, IsolationGrade
from harness.records.profile import HardwareProfile
from harness.records.rules import Limits
from harness.records.session import Notice
from harness.sandbox.forgetting import why_not
from harness.sandbox.ladder import choose
from harness.store.files import check_writable

DISTRIBUTION = "frugal-ai-harness"
PIP = f"pip --python {shlex.quote(sys.executable)}"
"""The README's environment has no pip of its own: a bare ``pip`` would install elsewhere."""

T = TypeVar("T")

_REQUIREMENT = re.compile(r"(?P<name>[A-Za-z0-9._-]+)[^;]*(?:;(?P<marker>.*))?")


class Missing(Frozen):
    """Something that an evaluation needs and that is not there."""

    message: str
    remedy: str
    exit_code: int


class Diagnosis(Frozen):
    """Everything that was found out; ``None`` where finding out failed, see ``problems``."""

    harness_version: str
    python_version: str
    packages: dict[str, str | None]
    """The harness's own, by name; ``None`` where one is not installed."""
    torch_extra: dict[str, str | None]
    """Those of the extra for the neural reference entries."""
    machine: Hardware | None
    usable_cores: tuple[int, ...]
    profiles: tuple[ProfileStatus, ...]
    """All of the project's, the closest first."""
    energy: tuple[SourceStatus, ...]
    idle: Idle | None
    """By the automatic meter; ``None`` too where no window was asked for."""
    isolation: Isolation | None
    """As probed just now, in the strongest sandbox that works here."""
    official_isolation: tuple[IsolationGrade, ...]
    """The grades that the rules ask of an official board."""
    root: str | None
    rules_file: str | None
    rules_version: str | None
    limits: Limits | None
    """What an entry may take."""
    tasks: tuple[str, ...]
    results: str | None
    """Where records go unless ``--output`` says otherwise."""
    results_disk: Disk | None
    temporary_disk: Disk | None
    """Where copies of entries go while they are evaluated."""
    cautions: tuple[Notice, ...]
    """What forbids no evaluation, but spoils its figures."""
    problems: tuple[Missing, ...]

    @property
    def exit_code(self) -> int:
        """The gravest of the problems' codes; 0 when there is none."""
        return max((problem.exit_code for problem in self.problems), default=0)


class _Problems:
    """Collects what went wrong while the rest is looked at."""

    def __init__(self) -> None:
        self.found: list[Missing] = []

    def add(self, error: HarnessError) -> None:
        problem = Missing(message=error.message, remedy=error.remedy, exit_code=error.exit_code)
        self.found.append(problem)

    def attempt(self, look: Callable[[], T]) -> T | None:
        """Return what ``look`` gives, or ``None`` and keep its error."""
        try:
            return look()
        except HarnessError as error:
            self.add(error)
            return None


def diagnose(idle_seconds: float) -> Diagnosis:
    """Look at the software, the machine, its sensors, its sandboxes and the project.

    The idle window takes ``idle_seconds``; 0 leaves it out.
    """
    problems = _Problems()
    packages, torch_extra = _packages(problems)
    project = problems.attempt(find_project)
    rules = problems.attempt(project.rules) if project else None
    cards = (problems.attempt(project.cards) or ()) if project else ()
    tasks = tuple(card.task.id for card in cards)
    machine = problems.attempt(this_machine)
    profiles = (problems.attempt(lambda: read_profiles(project.hardware)) or {}) if project else {}
    compared = statuses(profiles, machine) if machine else ()
    matching = [profiles[status.name] for status in compared if status.matches]
    profile = matching[0] if len(matching) == 1 else None
    energy, idle = _energy(machine, profile, idle_seconds, problems)
    cores = profile.entry_cores if profile else None
    temporary = problems.attempt(temporary_folder)
    isolation = problems.attempt(lambda: choose("auto", cores).probe(cores)) if temporary else None
    results_disk = look_at(project.results) if project else None
    if results_disk:  # the nearest folder there is: evaluate makes the others
        folder = Path(results_disk.folder)
        problems.attempt(lambda: check_writable(folder))
    temporary_disk = look_at(temporary, write=True) if temporary else None
    return Diagnosis(
        harness_version=harness.__version__,
        python_version=platform.python_version(),
        packages=packages,
        torch_extra=torch_extra,
        machine=machine.hardware if machine else None,
        usable_cores=machine.usable_cores if machine else (),
        profiles=compared,
        energy=energy,
        idle=idle,
        isolation=isolation,
        official_isolation=rules.boards.official_isolation if rules else (),
        root=str(project.root) if project else None,
        rules_file=str(project.rules_file) if project else None,
        rules_version=rules.version if rules else None,
        limits=rules.limits if rules else None,
        tasks=tasks,
        results=str(project.results) if project else None,
        results_disk=results_disk,
        temporary_disk=temporary_disk,
        cautions=(
            *(cautions.about_the_machine(machine.hardware) if machine else ()),
            *(cautions.about_the_idle_window(idle, rules) if idle else ()),
            *cautions.about_the_disks(results_disk, temporary_disk),
            *cautions.about_forgetting(why_not()),
            *cautions.about_the_profiles(compared),
            *(
                cautions.about_what_the_rules_name(rules, tasks, project.submissions)
                if project and rules and tasks
                else ()
            ),
        ),
        problems=tuple(problems.found),
    )


def _energy(
    machine: Machine | None,
    profile: HardwareProfile | None,
    idle_seconds: float,
    problems: _Problems,
) -> tuple[tuple[SourceStatus, ...], Idle | None]:
    """Ask every source of energy, and look at the idle machine with the automatic meter."""
    surroundings = surroundings_of(machine.hardware, profile) if machine else None
    energy = survey(surroundings) if surroundings else ()
    if surroundings is None or not any(source.found for source in energy):
        problems.add(
            MeasurementError("no source of energy works here", remedy="see the sources above")
        )
        return energy, None
    if not idle_seconds:
        return energy, None
    idle = problems.attempt(
        lambda: watch_idle(
            select(("auto",), surroundings), idle_seconds, cores=surroundings.machine_cores
        )
    )
    return energy, idle


def _packages(problems: _Problems) -> tuple[dict[str, str | None], dict[str, str | None]]:
    """Return the versions of what the harness requires, and of what its torch extra does."""
    try:
        requirements = metadata.requires(DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        problems.add(
            ConfigurationError(
                f"{DISTRIBUTION} is not installed", remedy=f"in the checkout: {PIP} install -e ."
            )
        )
        return {}, {}
    own: dict[str, str | None] = {}
    torch_extra: dict[str, str | None] = {}
    for requirement in requirements:
        parts = _REQUIREMENT.match(requirement)
        if parts is None:
            continue
        name, marker = parts["name"], parts["marker"] or ""
        if re.search(r"extra == .torch\b", marker):
            torch_extra[name] = _version(name)
        elif "extra ==" not in marker:
            own[name] = _version(name)
            if own[name] is None and not marker:  # a marker: not for every machine
                missing = ConfigurationError(
                    f"the package {name} is not installed", remedy=f"{PIP} install {name}"
                )
                problems.add(missing)
    return own, torch_extra


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
