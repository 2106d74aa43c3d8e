"""Records made up for tests: no figure here was measured."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from harness.records.base import Frozen
from harness.records.evaluation import (
    Completed,
    DataReference,
    EvaluationRecord,
    Failed,
    Hardware,
    Isolation,
    IsolationCheck,
    ItemOutcomes,
    MetricValue,
    Quality,
    SubmissionReference,
    TaskReference,
)
from harness.records.meter import (
    Component,
    ComponentEnergy,
    MeterDescription,
    SourceDescription,
    WindowReading,
)
from harness.records.rules import Rules, read_rules
from harness.records.session import Disturbance, Phase, PhaseWindow, ReferenceKernel, Session, Sweep

RULES: Rules = read_rules(Path(__file__).parents[1] / "leaderboard" / "rules.toml")
TASK = "climate-disinformation"
NULL = RULES.reference[TASK].null

SOURCE = SourceDescription(
    name="package-0",
    component="package",
    grade="sensor",
    kind="counter",
    resolution_joules=0.0001,
    refresh_seconds=0.001,
    relative_uncertainty=0.05,
    provenance="RAPL (made up)",
)


class Stored(Frozen):
    """What the ranking is given: a record and its path."""

    path: str
    record: EvaluationRecord
    verified: bool = False


def component_energy(
    joules: float, *, component: Component = "package", edges_joules: float = 0.001
) -> ComponentEnergy:
    """Make one component's energy, uncertain by its edges alone."""
    return ComponentEnergy(
        component=component, joules=joules, resolution_joules=0.0, edges_joules=edges_joules,
        gain_joules=0.0, model_joules=0.0,
    )  # fmt: skip


def window(phase: Phase, *, seconds: float, joules: float) -> PhaseWindow:
    """Make one phase of one component; the entry works for half of it, and not in the drain."""
    energy = component_energy(joules)
    cpu_seconds = 0.0 if phase == "drain" else seconds / 2
    return PhaseWindow(
        phase=phase,
        reading=WindowReading(seconds=seconds, cpu_seconds=cpu_seconds, energy=(energy,)),
        disturbance=Disturbance(other_cpu_seconds=0.0, harness_cpu_seconds=0.0, steal_seconds=0.0),
    )


def session(*, measured_joules: float = 39.0, queries: int = 2000, index: int = 0) -> Session:
    """Make a session of 4 s measured through drain; 1 W idle, 10 J start, 30 J load, 60 J warm-up.

    1000 x (100 / 10,000 + (39 + 1) / 2000) = 30 J per 1,000 queries unless told otherwise.
    """
    return Session(
        index=index,
        started_utc="2026-01-02T03:04:05+00:00",
        phases=(
            window("idle-before", seconds=1.0, joules=1.0),
            window("start", seconds=1.0, joules=10.0),
            window("load", seconds=2.0, joules=30.0),
            window("warm-up", seconds=2.0, joules=60.0),
            window("measured", seconds=3.5, joules=measured_joules),
            window("drain", seconds=0.5, joules=1.0),
            window("idle-after", seconds=1.0, joules=1.0),
        ),
        sweeps=(
            Sweep(kind="original", queries=queries // 2, seconds=1.75, cpu_seconds=1.5),
            Sweep(kind="variant", queries=queries - queries // 2, seconds=1.75, cpu_seconds=1.5),
        ),
        kernel=ReferenceKernel(before_cpu_seconds=0.1, after_cpu_seconds=0.1),
        peak_memory_bytes=1 << 20,
    )


def sessions(*measured_joules: float) -> tuple[Session, ...]:
    """Make one session for each energy of the measured phase."""
    return tuple(session(measured_joules=j, index=i) for i, j in enumerate(measured_joules))


def metered_by(sources: Sequence[SourceDescription], made: Session) -> Session:
    """Spread the energy of every window evenly over the components of these sources."""
    components = sorted({source.component for source in sources})

    def spread(each: PhaseWindow) -> PhaseWindow:
        part = component_energy(each.reading.joules / max(1, len(components)))
        energy = tuple(replace(part, component=component) for component in components)
        return replace(each, reading=replace(each.reading, energy=energy))

    return replace(made, phases=tuple(map(spread, made.phases)))


def digest_of(entry: str) -> str:
    """Return the digest of an entry that was given none."""
    return hashlib.sha256(entry.encode()).hexdigest()


def unlike_others(made: Session, which: str) -> Session:
    """Let the idle window before a session last a moment longer, as no two last alike."""
    idle, *rest = made.phases
    picoseconds = int.from_bytes(hashlib.sha256(which.encode()).digest()[:2], "big") + made.index
    longer = replace(idle.reading, seconds=idle.reading.seconds + 1e-12 * picoseconds)
    return replace(made, phases=(replace(idle, reading=longer), *rest))


def quality(value: float, *, half_width: float = 0.03) -> Quality:
    """Make a quality whose ranked metric is ``value``."""
    ranked = MetricValue(
        name="macro_f1",
        value=value,
        low=max(0.0, value - half_width),
        high=min(1.0, value + half_width),
        interval_method="bootstrap over groups (made up)",
    )
    return Quality(ranked="macro_f1", metrics=(ranked,), items=1200, answered=1200)


def record(
    entry: str = "team-model",
    *,
    created: str = "2026-01-02T03:04:05+00:00",
    digest: str | None = None,
    value: float = 0.8,
    joules: Sequence[float] = (39.0, 39.0, 39.0, 39.0, 39.0),
    failed: str | None = None,
    task: dict[str, Any] | None = None,
    data: dict[str, Any] | None = None,
    hardware: dict[str, Any] | None = None,
    sources: tuple[SourceDescription, ...] = (SOURCE,),
    isolation: str = "B",
    **changes: Any,  # noqa: ANN401 - any other field of the record
) -> EvaluationRecord:
    """Make a completed evaluation of five sessions; name what is to be otherwise.

    Entries have digests of their own, and no two records the very same measured sessions.
    """
    if digest is None:
        digest = digest_of(entry)
    made = EvaluationRecord(
        harness_version="0.1.0",
        created_utc=created,
        task=replace(
            TaskReference(
                id=TASK, title="Climate (made up)", version=1, digest="7a" * 32, metric="macro_f1"
            ),
            **(task or {}),
        ),
        data=replace(
            DataReference(source="sample", digest="da" * 32, items=1200, public=True, seed=0),
            **(data or {}),
        ),
        submission=SubmissionReference(
            entry=entry,
            team="A team",
            name=f"{entry} in words",
            version="1",
            digest=digest,
            description="A model that was made up for a test.",
            licence="Apache-2.0",
            output="index",
            batch_size=64,
            stochastic=False,
        ),
        rules=RULES.reference_to_these,
        protocol="official",
        scenario="offline",
        hardware=replace(
            Hardware(
                profile="unregistered-12345678",
                fingerprint="12345678",
                processor="Made-up processor",
                cores=8,
                memory_gib=32,
                architecture="x86_64",
                kernel="6.1",
                operating_system="Linux",
                hypervisor=None,
            ),
            **(hardware or {}),
        ),
        isolation=Isolation(
            grade=isolation,  # type: ignore[arg-type] # tests name the letter
            method="made up",
            checks=(IsolationCheck(name="network", held=True, seen="refused"),),
        ),
        meter=MeterDescription(name="rapl", grade="sensor", sources=sources),
        sessions=tuple(
            unlike_others(metered_by(sources, each), f"{entry} {created} {digest} {value}")
            for each in sessions(*joules)
        ),
        quality=quality(value),
        outcome=(
            Completed()
            if failed is None
            else Failed(stage=failed, blame="submission", message=f"failed in {failed}")
        ),
    )
    return replace(made, **changes)


def stored(made: EvaluationRecord, path: str | None = None, *, verified: bool = False) -> Stored:
    """Give a record a path of its own."""
    name = f"{made.task.id}/{made.submission.entry}/{made.created_utc}.local.json"
    return Stored(path=name if path is None else path, record=made, verified=verified)


def outcomes(**changes: Any) -> ItemOutcomes:  # noqa: ANN401 - any field
    """Make the outcomes of two items in one session."""
    made = ItemOutcomes(
        key="0f" * 32, ids=("a", "b"), groups=None, labels=(0, 1), predictions=((0, None),)
    )
    return replace(made, **changes)
