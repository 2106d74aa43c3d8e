"""Boards made up for the site's tests: no figure here was measured."""

from __future__ import annotations

from typing import Any

import msgspec

from harness.records.board import (
    Board,
    BoardEntry,
    Boards,
    EnergyParts,
    FailedEntry,
    JoulesUncertainty,
    Problem,
)
from harness.records.evaluation import MetricValue
from harness.records.joint import (
    Claim,
    JointEntry,
    JointStatistics,
    PrizeResult,
    PrizeStanding,
    UnrankedEntry,
)
from harness.records.meter import SourceDescription
from harness.records.rules import ReferenceEntries
from harness.records.session import Notice

MODEL_SOURCE = SourceDescription(
    name="cpu-time model",
    component="package",
    grade="model",
    kind="model",
    resolution_joules=0.05,
    refresh_seconds=0.01,
    relative_uncertainty=0.4,
    provenance="CPU time x watts a core of the processor's thermal design power (made up)",
    constants={"core_watts": 7.25, "base_watts": 3.5},
)


def entry(entry_name: str = "team-model", /, **changes: Any) -> BoardEntry:  # noqa: ANN401 - any field
    """Make an entry with intervals on both axes; name any field to change it."""
    quality = changes.get("quality", 0.8)
    given = changes.get("joules_per_1000_queries")
    joules = 12.5 if given is None else given
    sessions = changes.get("sessions", 5)
    made = BoardEntry(
        rank=None,
        entry=entry_name,
        team="A team",
        name=f"{entry_name} in words",
        description="A model that was made up for a test.",
        quality=quality,
        quality_interval=(max(0.0, quality - 0.03), min(1.0, quality + 0.03)),
        joules_per_1000_queries=joules,
        joules_interval=(joules * 0.9, joules * 1.1) if sessions >= 5 else None,
        joules_uncertainty=JoulesUncertainty(random=joules * 0.004, systematic=joules * 0.4),
        active_joules_per_1000_queries=joules * 0.8,
        seconds_per_1000_queries=joules / 10,
        measured_watts=10.0,
        parts=EnergyParts(
            start_joules=0.4,
            load_joules=2.1,
            warm_up_joules=1.3,
            measured_joules=joules * 4,
            drain_joules=0.02,
        ),
        on_front=False,
        front_support=None,
        energy_class=None,
        prizes=(),
        verified=False,
        at_floor=False,
        baseline=False,
        sessions=sessions,
        metrics=(
            MetricValue(
                name="accuracy",
                value=quality,
                low=max(0.0, quality - 0.03),
                high=min(1.0, quality + 0.03),
                interval_method="wilson",
            ),
        ),
        digest="5e" * 32,
        evaluations=(f"some-task/{entry_name}/20260102T030405Z-0badcafe.json",),
        earlier_digests=(),
        isolation_grade="B",
        warnings=(),
    )
    return msgspec.structs.replace(made, **changes)


def unresolved(entry_name: str = "too-cheap", /, **changes: Any) -> BoardEntry:  # noqa: ANN401 - any field
    """Make an entry whose energy the meter does not resolve."""
    return entry(
        entry_name,
        **changes,
        joules_per_1000_queries=None,
        joules_interval=None,
        joules_uncertainty=None,
        active_joules_per_1000_queries=None,
        measured_watts=None,
        parts=None,
    )


def board(*entries: BoardEntry, **changes: Any) -> Board:  # noqa: ANN401 - any field
    """Make a board of modelled energy; name any field to change it."""
    made = Board(
        id="some-task-offline-0badcafe",
        task="some-task",
        task_title="Some task of two classes",
        task_version=1,
        metric="macro_f1",
        scenario="offline",
        data_source="sample",
        data_digest="da7a" * 16,
        items=1200,
        profile="unregistered-12345678",
        hardware="Made-up processor, 8 cores, 32 GiB",
        components=("package",),
        meter_grade="model",
        sources=(MODEL_SOURCE,),
        rules_version="2026.1",
        rules_digest="0123456789abcdef" * 4,
        status="demonstration",
        entries=tuple(sorted(entries, key=lambda each: -each.quality)),
        failed=(),
        notes=(),
    )
    return msgspec.structs.replace(made, **changes)


RANKING = JointStatistics(
    confidence=0.95,
    draws=10_000,
    quality_margin=0.01,
    energy_margin=0.02,
    entries=(
        JointEntry(entry="big-model", rank=(1, 2), front_support=1.0),
        JointEntry(entry="linear-model", rank=(1, 2), front_support=0.97),
        JointEntry(entry="slow-model", rank=(3, 3), front_support=0.0),
    ),
    unranked=(
        UnrankedEntry(entry="answers-nothing", why="baseline"),
        UnrankedEntry(entry="too-cheap", why="unresolved-energy"),
    ),
    claims=(
        Claim(winner="big-model", loser="slow-model", by_quality=True, by_energy=False),
        Claim(winner="linear-model", loser="slow-model", by_quality=True, by_energy=True),
    ),
    least_quality_difference=0.03,
    least_energy_ratio=1.04,
    prizes=(
        PrizeResult(
            prize="least-energy",
            limit=0.75,
            standings=(
                PrizeStanding(entry="linear-model", rank=(1, 1), wins=True),
                PrizeStanding(entry="big-model", rank=(2, 2), wins=False),
            ),
        ),
        PrizeResult(prize="best-quality", limit=1.5, standings=()),
    ),
)


def ranked(made: Board, ranking: JointStatistics = RANKING) -> Board:
    """Put ranks on the rows that have them."""
    of_entry = {each.entry: each for each in ranking.entries}
    rows = (
        msgspec.structs.replace(
            row,
            rank=of_entry[row.entry].rank,
            front_support=of_entry[row.entry].front_support,
            energy_class="D" if row.entry == "slow-model" else "B\N{EN DASH}C",
            prizes=("least-energy",) if row.entry == "linear-model" else (),
        )
        if row.entry in of_entry
        else row
        for row in made.entries
    )
    return msgspec.structs.replace(made, entries=tuple(rows), ranking=ranking)


def small() -> Boards:
    """Make the board of the golden files: every kind of mark, a failure, a note and a problem."""
    return Boards(
        boards=(
            ranked(
                board(
                    entry(
                        "big-model", quality=0.912, joules_per_1000_queries=4210.0, on_front=True
                    ),
                    entry(
                        "linear-model",
                        quality=0.834,
                        joules_per_1000_queries=3.1,
                        on_front=True,
                        earlier_digests=("ab" * 32,),
                        warnings=(
                            Notice(
                                code="disturbed",
                                message="Another process was busy.",
                                remedy="Run it again on a quiet machine.",
                            ),
                        ),
                    ),
                    entry(
                        "answers-nothing",
                        quality=0.22,
                        joules_per_1000_queries=0.61,
                        on_front=True,
                        baseline=True,
                        at_floor=True,
                        sessions=3,
                    ),
                    entry("slow-model", quality=0.80, joules_per_1000_queries=97.0, verified=True),
                    unresolved(quality=0.31),
                    failed=(
                        FailedEntry(
                            entry="broken-model",
                            team="Another team",
                            stage="load",
                            blame="submission",
                            message="No such file: weights.npz",
                            path="some-task/broken-model/20260102T030405Z-deadbeef.json",
                        ),
                    ),
                    notes=(
                        Notice(
                            code="small-test-set",
                            message="1,200 items cannot tell close models apart.",
                            remedy="Take the intervals seriously.",
                        ),
                    ),
                    reference=ReferenceEntries(
                        null="answers-nothing", control="slow-model", energy_class="slow-model"
                    ),
                )
            ),
        ),
        problems=(
            Problem(
                path="results/some-task/x/bad.json",
                code="damaged",
                message="bad.json: not valid JSON: line 3",
            ),
        ),
    )
