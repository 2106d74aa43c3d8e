"""A board: what ``leaderboard --json`` prints and what the site renders."""

from __future__ import annotations

from typing import Literal, TypeAlias

from harness.records.base import Frozen
from harness.records.evaluation import DataSource, MetricValue, Scenario
from harness.records.imported import ImportedBoard
from harness.records.joint import JointStatistics, RankRange
from harness.records.meter import Grade, SourceDescription
from harness.records.rules import ReferenceEntries
from harness.records.session import Notice
from harness.records.task_words import TaskWords

Interval: TypeAlias = tuple[float, float]
BoardStatus: TypeAlias = Literal["official", "unofficial", "open", "demonstration", "self-reported"]
"""In the order in which boards stand. The first three are signed by an organiser. ``official``: on
labels that nobody knows, by the official protocol, well kept apart, on a registered machine, by a
meter that is no stand-in. ``unofficial``: one of the last four is missing. ``open``: anybody can
work out the labels. ``demonstration``: shows what a board looks like. ``self-reported``: nobody
signed."""


LEFT_OUT = frozenset({"isolation-d", "void-campaign"})
"""Codes of problems that are none of the file's: nothing is to be done about them."""


class Problem(Frozen):
    """A file of the results folder that is on no board, and why."""

    path: str
    code: str
    message: str

    @property
    def is_fault(self) -> bool:
        """Whether the file itself is faulty, rather than left out by the rules on purpose."""
        return self.code not in LEFT_OUT


class EnergyParts(Frozen):
    """Mean joules of a session's phases: the parts of the ranked figure."""

    start_joules: float
    load_joules: float
    warm_up_joules: float
    measured_joules: float
    drain_joules: float


class JoulesUncertainty(Frozen):
    """How far the meter lets a figure be from the energy that was used: half-widths at 95 %.

    In the figure's own unit, joules per 1,000 queries. It is no part of ``joules_interval``, which
    is what the sessions differ by.
    """

    random: float
    """From the edges and the steps of the windows: another evaluation errs otherwise."""
    systematic: float
    """From the meter's gain, or from its model: the same share of every entry that it reads."""


class BoardEntry(Frozen, kw_only=True):
    """One row: all valid sessions of an entry's latest digest."""

    rank: RankRange | None
    """[best, worst]; ``None`` where there is none: the board's ``ranking`` or notes say why."""
    entry: str
    team: str
    """As ``submission.toml`` names it."""
    team_name: str | None = None
    """What the organisers call it, in words; ``None`` where they declare none."""
    name: str
    description: str
    family: str | None = None
    """What kind of model the team says it is: a board can be filtered by it."""
    quality: float
    quality_interval: Interval
    joules_per_1000_queries: float | None = None
    """``None``, like all that follows from it, where the meter does not resolve it."""
    joules_interval: Interval | None = None
    """``None`` where there are too few sessions for one, too."""
    joules_uncertainty: JoulesUncertainty | None = None
    active_joules_per_1000_queries: float | None = None
    seconds_per_1000_queries: float
    measured_watts: float | None = None
    parts: EnergyParts | None = None
    occasions: int = 0
    """Campaigns, or days of evaluations in none, that the energy is of. From two on the interval
    holds what varies from one to the next."""
    on_front: bool
    """No entry here is better in quality and in energy both, by point estimates."""
    front_support: float | None
    """How surely: the share of resamples in which no other is at least as good on both axes and
    better on one by more than the margin. ``None`` without a rank, and on labels that nobody knows,
    of which it would tell."""
    energy_class: str | None
    """A to G, two letters where the interval holds a border; ``None`` at the floor, and where the
    reference entry of classes is not here."""
    prizes: tuple[str, ...]
    """Won, alone or jointly: ``least-energy``, ``best-quality``."""
    verified: bool
    """An organiser's signature of every evaluation behind the row was found good."""
    at_floor: bool
    """Below the rules' multiple of the null entry's energy: mostly the harness's own cost."""
    baseline: bool
    """The rules' null entry: it has a part in the method and competes for nothing, so no rank."""
    sessions: int
    metrics: tuple[MetricValue, ...]
    digest: str
    evaluations: tuple[str, ...]
    """Paths of the records behind the row, relative to the results folder."""
    official_evaluations: int = 0
    """How many the team has had of this task, on any board, towards the quota of the rules."""
    earlier_digests: tuple[str, ...]
    isolation_grade: str
    warnings: tuple[Notice, ...]
    quality_step: float | None = None
    """Quality is a multiple of it; ``None``: it is exact."""
    copies: tuple[str, ...] = ()
    """Other entries of the very same content: their sessions are in this row."""
    failed_evaluations: int = 0
    """Of this digest, by the entry's own fault: they are in no figure."""


class FailedEntry(Frozen):
    """An entry whose latest evaluation on this board failed."""

    entry: str
    team: str
    stage: str
    blame: str
    message: str
    path: str
    team_name: str | None = None


class Board(Frozen):
    """Entries that may be compared: whatever decides a figure is the same for all of them."""

    id: str
    """Short and stable: the task, the scenario and eight digits of the key's digest."""
    task: str
    task_title: str
    task_version: int
    metric: str
    scenario: Scenario
    data_source: DataSource
    data_digest: str
    items: int
    profile: str
    hardware: str
    """The machine in words."""
    components: tuple[str, ...]
    meter_grade: Grade
    sources: tuple[SourceDescription, ...]
    rules_version: str
    rules_digest: str
    status: BoardStatus
    entries: tuple[BoardEntry, ...]
    """By the middle of their ranks, those without one last; within that by quality, best first. The
    order claims nothing."""
    failed: tuple[FailedEntry, ...]
    notes: tuple[Notice, ...]
    """What a reader must know of the whole board."""
    ranking: JointStatistics | None = None
    """What the ranks come from; ``None`` where there are none."""
    floor_joules_per_1000_queries: float | None = None
    """What is less is at the floor; ``None`` where the null entry's energy is not known."""
    task_words: tuple[TaskWords, ...] = ()
    """What the task is called, in each language that the organisers have words in."""
    reference: ReferenceEntries | None = None
    """Which entries have a part in the method by the rules, whether they are on this board or not.
    No row has an energy class without one for these."""


class Boards(Frozen):
    """Every board, every file that is on none, and what was imported."""

    boards: tuple[Board, ...]
    problems: tuple[Problem, ...]
    imported: tuple[ImportedBoard, ...] = ()
    """What other tools claim: on boards of their own, without ranks."""

    @property
    def faulty(self) -> bool:
        """Say whether something is wrong with any file."""
        return any(problem.is_fault for problem in self.problems)
