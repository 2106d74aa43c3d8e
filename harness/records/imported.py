"""A result that somebody else's tool claims: kept as claimed, shown apart, never ranked."""

from __future__ import annotations

from typing import Literal, TypeAlias

from harness.records.base import Frozen
from harness.records.task_words import TaskWords

SCHEMA_VERSION = 1
ImportForm: TypeAlias = Literal["challenge-2025", "codecarbon"]
EnergyUnit: TypeAlias = Literal["Wh", "kWh"]
CarbonUnit: TypeAlias = Literal["g", "kg"]
JOULES: dict[EnergyUnit, float] = {"Wh": 3_600.0, "kWh": 3_600_000.0}


class ClaimedEnergy(Frozen):
    """An energy as it was claimed."""

    field: str
    """What the file calls it."""
    value: float
    unit: EnergyUnit

    @property
    def joules(self) -> float:
        """The same in joules."""
        return self.value * JOULES[self.unit]


class ClaimedCarbon(Frozen):
    """Grams or kilograms of CO2 equivalent as they were claimed."""

    field: str
    value: float
    unit: CarbonUnit


class ClaimedMetric(Frozen):
    """A figure of quality as it was claimed, from 0 to 1."""

    name: str
    value: float


class ImportSource(Frozen):
    """Where a claim stands."""

    file: str
    """The name of the file, without folders."""
    sha256: str
    """Of the file's bytes, in hexadecimal."""
    row: int
    """The line of a table, or the number of the document in its list, counted from 1."""


class ImportedResult(Frozen, kw_only=True):
    """One claim: ``leaderboard/imported/<task>/<16 hex of its digest>.json``."""

    schema: int = SCHEMA_VERSION
    task: str
    name: str
    team: str | None = None
    form: ImportForm
    source: ImportSource
    run_id: str
    claimed_at: str
    """The moment that the file states, as it states it: mostly without a time zone."""
    energy: ClaimedEnergy
    carbon: ClaimedCarbon | None = None
    seconds: float | None = None
    """How long it took, as claimed."""
    quality: tuple[ClaimedMetric, ...] = ()
    description: str | None = None
    url: str | None = None
    dataset: str | None = None
    processor: str | None = None
    accelerator: str | None = None
    country: str | None = None
    tool: str | None = None
    """What is said to have read the energy, with its version."""
    tracking_mode: str | None = None


class ImportedEntry(Frozen):
    """One row of a board of claims."""

    path: str
    """Of its file, relative to the folder of imported results."""
    joules: float
    """What was claimed, in joules: of a run of unknown length, so that rows cannot be compared."""
    result: ImportedResult


class ImportedBoard(Frozen):
    """Everything that was imported for one task. Nothing is ranked here."""

    task: str
    task_title: str
    entries: tuple[ImportedEntry, ...]
    """By name, file and row: the order claims nothing."""
    task_words: tuple[TaskWords, ...] = ()
    """As of a board."""
