"""Every error that the harness raises on purpose, and the exit code that each one means.

    HarnessError
    ├── UsageError           2   what was asked for cannot be asked for
    ├── ConfigurationError   2   a file or setting is wrong: it names file, field and fix
    ├── SubmissionError      1   the entry is at fault, in a named stage
    ├── OrganiserError       3   the organiser's side failed during an evaluation
    │   └── MachineBusyError     another evaluation has the machine
    └── MeasurementError     3   no usable meter, or a source failed inside a window

They are caught once, in ``harness.cli``, and with them what the system says of a path that may not
be opened. Any other exception is a bug of ours: it shows its traceback, and ends with 70.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar


class HarnessError(Exception):
    """Something that the harness can explain: what is wrong, and what to do about it."""

    exit_code: ClassVar[int] = 2

    def __init__(self, message: str, *, remedy: str = "", stage: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.stage = stage
        """The phase of an evaluation in which it happened; empty outside of one."""


class UsageError(HarnessError):
    """The command line asks for something that does not exist or does not go together."""


class ConfigurationError(HarnessError):
    """A file of the project, or a setting of the machine, is wrong."""

    @classmethod
    def at(cls, where: object, field: str, found: str, remedy: str) -> ConfigurationError:
        """Name the file, the field in it, what was found there and what to do."""
        return cls(f"{where}: {field}: {found}", remedy=remedy)


class SubmissionError(HarnessError):
    """The entry did something that ends its evaluation."""

    exit_code = 1


class OrganiserError(HarnessError):
    """The harness, its data or its machine failed while an entry was being evaluated."""

    exit_code = 3


class MachineBusyError(OrganiserError):
    """Another evaluation has the machine."""

    def __init__(self, message: str, *, remedy: str, holder: Mapping[str, object]) -> None:
        super().__init__(message, remedy=remedy)
        self.holder = holder
        """Whose it is: plain values by name; empty where that is not known."""


class MeasurementError(HarnessError):
    """Energy cannot be measured here, or a source failed inside a window."""

    exit_code = 3
