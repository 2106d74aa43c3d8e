"""What an environment is to the rest of the harness, and what installs one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias

from harness.errors import OrganiserError, SubmissionError
from harness.records.environment import EnvironmentReference

STAGE = "environment"
"""Where an evaluation stands that fails here."""

Note: TypeAlias = Callable[[str], None]
"""Takes what is going on, for whoever waits."""


@dataclass(frozen=True)
class Environment:
    """An environment that was verified just now."""

    folder: Path
    """Of the shape that ``venv`` makes; what it was built for, it is used at: scripts name it."""
    reference: EnvironmentReference


@dataclass(frozen=True)
class Command:
    """A program to run, and everything that it is given."""

    arguments: Sequence[str]
    variables: Mapping[str, str]
    log: Path | None = None
    """Where it tells more than on its output; read when it fails, and removed."""


class Installer(Protocol):
    """A program that installs wheels from an index, or from a folder of them."""

    @property
    def version(self) -> str:
        """Its name and version."""
        ...

    def command(self, lock: Path, into: Path, wheelhouse: Path | None) -> Command:
        """Return what installs the requirements of ``lock`` into the folder ``into``."""
        ...


def refused(message: str, remedy: str) -> SubmissionError:
    """Return the error of an entry whose lock is at fault."""
    return SubmissionError(message, remedy=remedy, stage=STAGE)


def hindered(message: str, remedy: str) -> OrganiserError:
    """Return the error of a machine, network, index or wheelhouse that is at fault."""
    return OrganiserError(message, remedy=remedy, stage=STAGE)
