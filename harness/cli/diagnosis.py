"""What ``doctor`` finds out, as data. One thing that is missing hides none of the others."""

from __future__ import annotations

import platform
import re
import shutil
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import TypeVar

import harness
from harness.cli.project import Project, find_project
from harness.errors import ConfigurationError, HarnessError, MeasurementError
from harness.meters.machine import describe_machine, surroundings_of
from harness.meters.select import SourceStatus, survey
from harness.records.base import Frozen
from harness.records.evaluation import Hardware, Isolation, IsolationGrade
from harness.sandbox.ladder import choose

DISTRIBUTION = "frugal-ai-harness"

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
    energy: tuple[SourceStatus, ...]
    isolation: Isolation | None
    """As probed just now, in the strongest sandbox that works here."""
    official_isolation: tuple[IsolationGrade, ...]
    """The grades that the rules ask of an official board."""
    root: str | None
    rules_file: str | None
    rules_version: str | None
    tasks: tuple[str, ...]
    results: str | None
    """Where records go unless ``--output`` says otherwise."""
    free_bytes: int | None
    """On the disk of ``results``."""
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


def diagnose() -> Diagnosis:
    """Look at the software, the machine, its sensors, its sandboxes and the project."""
    problems = _Problems()
    packages, torch_extra = _packages(problems)
    machine = problems.attempt(describe_machine)
    energy = survey(surroundings_of(machine)) if machine else ()
    if not any(source.found for source in energy):
        problems.add(
            MeasurementError("no source of energy works here", remedy="see the sources above")
        )
    project = problems.attempt(find_project)
    rules = problems.attempt(project.rules) if project else None
    cards = (problems.attempt(project.cards) or ()) if project else ()
    isolation = problems.attempt(lambda: choose("auto").probe())
    return Diagnosis(
        harness_version=harness.__version__,
        python_version=platform.python_version(),
        packages=packages,
        torch_extra=torch_extra,
        machine=machine,
        energy=energy,
        isolation=isolation,
        official_isolation=rules.boards.official_isolation if rules else (),
        root=str(project.root) if project else None,
        rules_file=str(project.rules_file) if project else None,
        rules_version=rules.version if rules else None,
        tasks=tuple(card.task.id for card in cards),
        results=str(project.results) if project else None,
        free_bytes=_free_bytes(project) if project else None,
        problems=tuple(problems.found),
    )


def _packages(problems: _Problems) -> tuple[dict[str, str | None], dict[str, str | None]]:
    """Return the versions of what the harness requires, and of what its torch extra does."""
    try:
        requirements = metadata.requires(DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        problems.add(
            ConfigurationError(
                f"{DISTRIBUTION} is not installed", remedy="pip install -e . in the checkout"
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
                    f"the package {name} is not installed", remedy=f"pip install {name}"
                )
                problems.add(missing)
    return own, torch_extra


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _free_bytes(project: Project) -> int:
    """Return the free space where results go; their folder is made with the first of them."""
    folder: Path = project.results
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free
