"""Two entries, or two evaluations of one: what differs, and whether it can be told. Pure.

``b`` is held against ``a``: in a team's hands the version to be judged against the one it has.
Quality and energy are each judged at 95 % on their own; that b is said to be worse on one or the
other, when it is on neither, happens in at most 5 % of comparisons.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from harness.ranking.base_power import base_ratio, draw_of, overturned
from harness.ranking.energy_ratio import Campaign, Series
from harness.ranking.figures import figures, last_alpha, pooled_metrics
from harness.ranking.occasions import occasions
from harness.ranking.paired_energy import EnergyFinding, compare_energy, not_compared
from harness.ranking.paired_quality import (
    UNKNOWN,
    Apart,
    OfSessions,
    QualityFinding,
    Resampled,
    RightOrWrong,
    compare_quality,
)
from harness.ranking.status import STAND_IN
from harness.ranking.usable import resolved_records
from harness.ranking.verdict import Terms, is_conclusive, sentence
from harness.records.base import Frozen
from harness.records.board import BoardStatus, Interval
from harness.records.energy import joules_per_1000
from harness.records.estimates import shares_of
from harness.records.evaluation import EvaluationRecord, Scenario
from harness.records.meter import Grade
from harness.records.session import Notice, Session

Axis: TypeAlias = Literal["quality", "energy"]
_Version: TypeAlias = tuple[str, str]
"""Name and digest of an entry."""


@dataclass(frozen=True)
class Contender:
    """One side: evaluations of one version of an entry that share a board, the oldest first."""

    name: str
    """What the sentence calls it."""
    records: tuple[EvaluationRecord, ...]
    paths: tuple[str, ...]
    standing: BoardStatus
    of_sessions: OfSessions = UNKNOWN
    """The ranked metric, session by session, where outcomes of single items are at hand."""
    controls: tuple[EvaluationRecord, ...] = ()
    """Of the control entries of the campaigns that it took part in."""

    @property
    def resolved(self) -> list[EvaluationRecord]:
        """Those whose every session the meter resolves: as on a board, energy is of these."""
        return resolved_records(self.records)


class Side(Frozen, kw_only=True):
    """A contender in a few figures, as a board has them."""

    name: str
    entry: str
    team: str
    digest: str
    standing: BoardStatus
    evaluations: tuple[str, ...]
    sessions: int
    quality: float
    quality_interval: Interval
    joules_per_1000_queries: float | None
    joules_interval: Interval | None


class Margins(Frozen):
    """Differences that count as none."""

    quality: float
    """In the metric's own unit."""
    energy: float
    """Relative."""


class Comparison(Frozen, kw_only=True):
    """What ``compare --json`` prints."""

    task: str
    metric: str
    items: int
    data_digest: str
    scenario: Scenario
    profile: str
    meter_grade: Grade
    rules_version: str
    a: Side
    b: Side
    quality: QualityFinding
    energy: EnergyFinding
    margins: Margins
    verdict: str
    conclusive: bool
    """Whether the two are told apart on some axis, or are the same within both margins."""
    regressions: tuple[Axis, ...]
    """The axes on which b is worse by more than the margin, as far as the whole interval goes."""
    stale: tuple[Notice, ...]
    """Why the figures of b may not be those of what b is by now; they are among the notes."""
    notes: tuple[Notice, ...]


def compare(
    a: Contender,
    b: Contender,
    evidence: RightOrWrong | Resampled | None,
    margins: Margins,
    *,
    few_sessions: int,
    least_campaigns: int,
    floor_joules: float | None = None,
    notes: Sequence[Notice] = (),
    stale: Sequence[Notice] = (),
) -> Comparison:
    """Compare two contenders that may be compared: nothing but the entry differs.

    ``evidence`` is what both answered to the same items; ``None``: their own intervals are all that
    there is. Both use less than ``floor_joules`` per 1,000 queries: they are at the floor, and
    share one energy. Of fewer than ``few_sessions`` a note is made; ``least_campaigns`` is
    how many the rules ask for where campaigns are pooled. ``notes`` are the caller's own,
    ``stale`` those that say that b moved on since.
    """
    first = a.records[-1]
    sides = _side(a), _side(b)
    quality = compare_quality(
        _apart(*sides) if evidence is None else evidence,
        items=first.data.items,
        margin=margins.quality,
        of_sessions=(a.of_sessions, b.of_sessions),
    )
    energy = _energy(
        a, b, sides, margins, floor_joules=floor_joules, least_campaigns=least_campaigns
    )
    terms = Terms(
        a.name, b.name, first.task.metric, first.meter.grade, margins.quality, margins.energy
    )
    same = set(a.paths) == set(b.paths)
    verdict = sentence(terms, quality, energy)
    if same:
        verdict = f"inconclusive: {a.name} and {b.name} are the same evaluations"
    return Comparison(
        task=first.task.id,
        metric=first.task.metric,
        items=first.data.items,
        data_digest=first.data.digest,
        scenario=first.scenario,
        profile=first.hardware.profile,
        meter_grade=first.meter.grade,
        rules_version=first.rules.version,
        a=sides[0],
        b=sides[1],
        quality=quality,
        energy=energy,
        margins=margins,
        verdict=verdict,
        conclusive=not same and is_conclusive(quality, energy),
        regressions=tuple(_regressions(quality, energy, margins)),
        stale=tuple(stale),
        notes=(
            *notes,
            *stale,
            *_about_sides(sides, few_sessions),
            *_about_quality(sides, quality),
            *_about_energy(a, b, energy),
        ),
    )


def _side(of: Contender) -> Side:
    latest = of.records[-1]
    metrics = pooled_metrics(of.records)
    ranked = next(each for each in metrics if each.name == latest.task.metric)
    resolved = of.resolved
    derived = figures(resolved) if resolved else None
    return Side(
        name=of.name,
        entry=latest.submission.entry,
        team=latest.submission.team,
        digest=latest.submission.digest,
        standing=of.standing,
        evaluations=of.paths,
        sessions=sum(len(record.sessions) for record in of.records),
        quality=ranked.value,
        quality_interval=(ranked.low, ranked.high),
        joules_per_1000_queries=None if derived is None else derived.joules_per_1000_queries,
        joules_interval=None if derived is None else derived.joules_interval,
    )


def _apart(a: Side, b: Side) -> Apart:
    return Apart((a.quality, *a.quality_interval), (b.quality, *b.quality_interval))


def _energy(
    a: Contender,
    b: Contender,
    sides: tuple[Side, Side],
    margins: Margins,
    *,
    floor_joules: float | None,
    least_campaigns: int,
) -> EnergyFinding:
    joules = [side.joules_per_1000_queries for side in sides]
    known = [value for value in joules if value is not None]
    if len(known) < len(joules):
        names = " and ".join(
            dict.fromkeys(s.name for s in sides if s.joules_per_1000_queries is None)
        )
        return not_compared(f"the meter does not resolve that of {names}")
    if a.records[-1].meter.grade == STAND_IN:
        return not_compared("the meter is a stand-in, whose joules say nothing of this machine")
    if floor_joules is not None and max(known) < floor_joules:
        return not_compared("both are at the floor, where most of it is the harness's own")
    return compare_energy(*_series(a, b), margin=margins.energy, least_campaigns=least_campaigns)


def _series(a: Contender, b: Contender) -> tuple[Series, Series]:
    controls = _common_controls(a, b)
    of_a, of_b = a.resolved, b.resolved
    numbers = occasions([*of_a, *of_b])
    return (
        _one_series(of_a, a.controls, controls, numbers[: len(of_a)]),
        _one_series(of_b, b.controls, controls, numbers[len(of_a) :]),
    )


def _one_series(
    resolved: Sequence[EvaluationRecord],
    beside: Sequence[EvaluationRecord],
    controls: set[_Version],
    numbers: Sequence[int],
) -> Series:
    """Put one side together; ``numbers`` are the occasions of its records."""
    sessions = _sessions(resolved)
    amortise = resolved[-1].rules.amortise_queries
    beside = resolved_records([each for each in beside if _version(each) in controls])
    return Series(
        joules=tuple(joules_per_1000(session, amortise) for session in sessions),
        kernels=tuple(each.kernel.cpu_seconds for each in sessions),
        meter_share=_meter_share(sessions, amortise),
        campaigns=_campaigns(resolved, amortise),
        controls=_campaigns(beside, amortise),
        control_meter_share=_meter_share(_sessions(beside), amortise),
        alpha=last_alpha(resolved),
        occasions=tuple(
            number
            for record, number in zip(resolved, numbers, strict=True)
            for _ in record.sessions
        ),
    )


def _sessions(records: Sequence[EvaluationRecord]) -> list[Session]:
    return [session for record in records for session in record.sessions]


def _meter_share(sessions: Sequence[Session], amortise: int) -> float:
    """Return ``Series.meter_share`` of the sessions."""
    joules = [joules_per_1000(session, amortise) for session in sessions]
    return math.hypot(*shares_of(sessions, joules, amortise)) / math.sqrt(len(sessions) or 1)


def _version(record: EvaluationRecord) -> _Version:
    return record.submission.entry, record.submission.digest


def _common_controls(a: Contender, b: Contender) -> set[_Version]:
    """Return the control that most campaigns of both had; ratios to two of them are not alike."""
    counts = [Counter(map(_version, resolved_records(of.controls))) for of in (a, b)]
    common = sorted(counts[0].keys() & counts[1].keys())
    most = max(common, key=lambda each: min(count[each] for count in counts), default=None)
    return set() if most is None else {most}


def _campaigns(records: Sequence[EvaluationRecord], amortise: int) -> dict[str, Campaign]:
    """Return joules per 1,000 queries by campaign and round, of what was measured in campaigns.

    Two evaluations of one entry in one campaign would be two sessions of a round: the later counts.
    """
    found: dict[str, dict[int, float]] = {}
    for record in records:
        if record.campaign is None or any(session.round is None for session in record.sessions):
            continue
        found.setdefault(record.campaign.id, {}).update(
            (session.round, joules_per_1000(session, amortise))
            for session in record.sessions
            if session.round is not None
        )
    return dict(found)


def _regressions(
    quality: QualityFinding, energy: EnergyFinding, margins: Margins
) -> Sequence[Axis]:
    found: list[Axis] = []
    if quality.difference_interval[1] < -margins.quality:
        found.append("quality")
    if energy.ratio_interval is not None and energy.ratio_interval[0] > 1 + margins.energy:
        found.append("energy")
    return found


def _about_sides(sides: tuple[Side, Side], few_sessions: int) -> Iterator[Notice]:
    a, b = sides
    if a.standing != b.standing:
        yield Notice(
            code="other-standing",
            message=f"{a.name} is {a.standing} and {b.name} {b.standing}: other people vouch for "
            "them",
            remedy="for a result that others believe, have an organiser evaluate both",
        )
    if few := [side.name for side in sides if side.sessions < few_sessions]:
        yield Notice(
            code="few-sessions",
            message=f"{' and '.join(few)}: fewer than {few_sessions} sessions, so that the "
            "interval of energy is wide",
            remedy="evaluate once more, sessions are pooled; or use --protocol official",
        )


def _about_quality(sides: tuple[Side, Side], quality: QualityFinding) -> Iterator[Notice]:
    if not quality.paired:
        yield Notice(
            code="unpaired-quality",
            message="quality is compared by each one's own interval, as if they had been judged on "
            "different items: too wide rather than too narrow",
            remedy="compare where the files *.items.json of both evaluations are",
        )
    for value, told in ((1.0, "rightly"), (0.0, "wrongly")):
        if quality.paired and all(side.quality == value for side in sides):
            yield Notice(
                code="same-everywhere",
                message=f"both answer every item {told}: these items cannot tell them apart",
                remedy=f"compare on items that are {'harder' if value else 'less hard'}",
            )


def _held_against(energy: EnergyFinding) -> str:
    if energy.ratio is None:
        return "what the machine did on other days cannot be told from what they differ by"
    if energy.unit == "occasions":
        return "what days differ by is in the interval, and makes it wide"
    return (
        "what the machine did in between is in the ratio, and only what the reference kernel saw "
        "of it in the interval"
    )


def _about_energy(a: Contender, b: Contender, energy: EnergyFinding) -> Iterator[Notice]:
    """Say what is mixed into a ratio; and where another idle power would turn the order."""
    if energy.unit == "occasions" or (energy.ratio is not None and energy.pairing == "none"):
        yield Notice(
            code="run-apart",
            message=f"the two did not take turns: {_held_against(energy)}",
            remedy="evaluate both in turn: python -m harness evaluate A B",
        )
    forgotten = [{s.caches_forgotten is True for s in _sessions(of.resolved)} for of in (a, b)]
    if len(frozenset[bool]().union(*forgotten)) > 1:
        kept = [of.name for of, each in zip((a, b), forgotten, strict=True) if False in each]
        yield Notice(
            code="caches-differ",
            message="before some sessions the kernel was made to forget files, so that they loaded "
            "from the disk, and before others not; of these, wholly or in part, are those of "
            f"{' and '.join(kept)}, which loaded for less",
            remedy="evaluate both in turn: python -m harness evaluate A B",
        )
    ratio = base_ratio(a.records[-1].meter)
    if ratio is None or energy.status not in {"less", "more"}:
        return
    amortise = a.records[-1].rules.amortise_queries
    draws = [
        draw_of(of.name, _sessions(of.resolved), amortise, of.records[-1].meter) for of in (a, b)
    ]
    if overturned(draws, ratio).number:
        yield Notice(
            code="order-depends-on-base-power",
            message="which of the two uses less modelled energy depends on the idle power, from "
            f"none to twice what the model assumes ({ratio:.3g} of a busy core)",
            remedy="measure them with a sensor",
        )
