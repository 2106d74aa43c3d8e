"""Two contenders, from records to the verdict: figures, notes, regressions, properties."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from record_samples import RULES, SOURCE, record, stored, window

from harness.errors import UsageError
from harness.ranking.boards import make_boards
from harness.ranking.compare import Comparison, Contender, Margins, compare
from harness.ranking.paired_quality import RightOrWrong
from harness.ranking.pairing import controls_of, evaluations_of
from harness.records.evaluation import Campaign, EvaluationRecord, Failed, Look
from harness.records.meter import MeterDescription
from harness.records.session import PhaseWindow

MARGINS = Margins(quality=0.01, energy=0.02)
JOULES = (39.0, 39.4, 38.7, 39.2, 38.9)
MODEL = replace(
    SOURCE, grade="model", kind="model", constants={"core_watts": 10.0, "base_watts": 8.0}
)


def contender(name: str, *records: EvaluationRecord, **changes: Any) -> Contender:  # noqa: ANN401 - any field
    made = records or (record(name, joules=JOULES),)
    paths = tuple(f"{name}-{number}.json" for number in range(len(made)))
    return replace_contender(Contender(name, made, paths, "self-reported"), **changes)


def replace_contender(of: Contender, **changes: Any) -> Contender:  # noqa: ANN401 - as above
    return Contender(**(vars(of) | changes))


def items(both: int, only_a: int, only_b: int, neither: int) -> RightOrWrong:
    a = [1] * (both + only_a) + [0] * (only_b + neither)
    b = [1] * both + [0] * only_a + [1] * only_b + [0] * neither
    return RightOrWrong(np.array(a, np.int64), np.array(b, np.int64), 1, 1)


def compared(
    a: Contender | None = None,
    b: Contender | None = None,
    evidence: RightOrWrong | None = None,
    **options: Any,  # noqa: ANN401 - any of ``compare``
) -> Comparison:
    given: dict[str, Any] = {
        "margins": MARGINS,
        "few_sessions": RULES.boards.min_sessions,
        "least_campaigns": RULES.campaigns.least,
    }
    return compare(
        contender("old") if a is None else a,
        contender("new") if b is None else b,
        evidence,
        **(given | options),
    )


def with_joules(name: str, joules: Sequence[float], **changes: Any) -> Contender:  # noqa: ANN401 - any field of a record
    return contender(name, record(name, joules=joules, **changes))


def codes(made: Comparison) -> list[str]:
    return [notice.code for notice in made.notes]


def test_a_side_has_the_figures_of_its_row() -> None:
    side = compared(contender("old", record("old", joules=JOULES), record("old", joules=JOULES))).a
    assert (side.name, side.entry, side.team, side.sessions) == ("old", "old", "A team", 10)
    assert side.quality == 0.8
    assert side.quality_interval == pytest.approx((0.77, 0.83))
    assert side.joules_per_1000_queries == pytest.approx(30.02, rel=1e-3)
    assert side.joules_interval is not None


def test_a_side_of_several_days_has_the_interval_of_its_row_on_a_board() -> None:
    days = [
        replace(
            record("old", joules=[f * j for j in JOULES]), created_utc=f"2026-05-0{n}T10:00:00Z"
        )
        for n, f in enumerate((1.0, 1.1, 0.95), 1)
    ]
    side = compared(contender("old", *days)).a
    (board,) = make_boards([stored(each) for each in days], RULES).boards
    (row,) = board.entries
    assert row.occasions == 3
    assert side.joules_interval == row.joules_interval
    assert side.joules_per_1000_queries == row.joules_per_1000_queries
    (one_day,) = {compared(contender("old", *(replace(e, created_utc=days[0].created_utc)
                                              for e in days))).a.joules_interval}  # fmt: skip
    assert one_day is not None
    assert side.joules_interval is not None
    assert side.joules_interval[1] > one_day[1]


def test_energy_and_quality_of_the_records_reach_the_verdict() -> None:
    cheap = with_joules("new", [0.5 * each for each in JOULES])
    made = compared(None, cheap, items(1100, 1, 1, 98))
    assert (made.quality.status, made.energy.status) == ("equivalent", "less")
    assert made.conclusive
    assert made.verdict.startswith("new uses ")
    assert (made.metric, made.items, made.meter_grade) == ("macro_f1", 1200, "sensor")


def test_an_evaluation_that_ended_at_a_look_leaves_less_for_its_interval() -> None:
    look = Look(sessions=5, alpha=0.02, half_width=0.01, narrow=True)
    usual, ended = (
        compared(),
        compared(contender("old", record("old", joules=JOULES, looks=(look,)))),
    )
    for made, other in ((usual.energy.ratio_interval, ended.energy.ratio_interval),
                        (usual.a.joules_interval, ended.a.joules_interval)):  # fmt: skip
        assert made is not None
        assert other is not None
        assert other[0] < made[0] < made[1] < other[1]


def test_a_look_at_what_the_meter_does_not_resolve_is_none_at_energy() -> None:
    look = Look(sessions=5, alpha=0.001, half_width=0.01, narrow=True)
    made = record("old", looks=(look,))
    nothing = tuple(
        replace(each, phases=tuple(window(w.phase, seconds=1.0, joules=0.0) for w in each.phases))
        for each in made.sessions
    )
    unresolved = replace(made, sessions=nothing)
    both = contender("old", unresolved, record("old", joules=JOULES))
    assert compared(both).energy == compared().energy


# Regressions


@pytest.mark.parametrize(
    ("evidence", "factor", "regressions"),
    [
        (items(1000, 10, 10, 180), 1.0, ()),
        (items(1000, 60, 5, 135), 1.0, ("quality",)),
        (items(1000, 5, 60, 135), 1.0, ()),
        (items(1000, 20, 5, 175), 1.0, ()),  # certainly worse, and maybe by less than the margin
        (items(1000, 10, 10, 180), 1.5, ("energy",)),
        (items(1000, 10, 10, 180), 1.03, ()),  # certainly more, and maybe by less than the margin
        (items(1000, 60, 5, 135), 1.5, ("quality", "energy")),
    ],
)
def test_a_regression_is_what_is_worse_by_more_than_the_margin_for_certain(
    evidence: RightOrWrong, factor: float, regressions: tuple[str, ...]
) -> None:
    made = compared(None, with_joules("new", [factor * each for each in JOULES]), evidence)
    assert made.regressions == regressions


def test_wider_margins_forgive_more() -> None:
    dear = with_joules("new", [1.5 * each for each in JOULES])
    wide = Margins(quality=0.1, energy=0.6)
    assert compared(None, dear, items(1000, 60, 5, 135), margins=wide).regressions == ()


# What is not compared, and what is said


def test_without_items_the_intervals_are_put_together_and_it_is_said() -> None:
    made = compared()
    assert not made.quality.paired
    assert "unpaired-quality" in codes(made)
    assert made.quality.difference_interval == pytest.approx((-0.0424, 0.0424), abs=1e-4)


@pytest.mark.parametrize(("value", "told"), [(1.0, "rightly"), (0.0, "wrongly")])
def test_all_right_and_all_wrong_are_said_to_tell_nothing(value: float, told: str) -> None:
    a, b = (contender(name, record(name, joules=JOULES, value=value)) for name in ("old", "new"))
    made = compared(a, b, items(1200, 0, 0, 0) if value else items(0, 0, 0, 1200))
    (note,) = [each for each in made.notes if each.code == "same-everywhere"]
    assert f"every item {told}" in note.message


def test_few_sessions_are_said() -> None:
    made = compared(None, with_joules("new", JOULES[:3]))
    assert "few-sessions" in codes(made)
    assert "few-sessions" not in codes(compared())
    assert made.energy.ratio is not None


def test_one_session_has_no_energy_to_compare() -> None:
    made = compared(None, with_joules("new", JOULES[:1]))
    assert made.energy.status == "not-compared"
    assert made.b.joules_interval is None


def test_energy_that_is_not_resolved_is_not_compared() -> None:
    nothing = with_joules("new", [-1.0] * 5)  # the drain's joule and this are none
    made = compared(None, nothing)
    assert made.energy.status == "not-compared"
    assert made.energy.reason == "the meter does not resolve that of new"
    assert made.b.joules_per_1000_queries is None


def test_a_stand_ins_joules_are_not_compared() -> None:
    meter = MeterDescription(name="rapl", grade="simulated", sources=(SOURCE,))
    a, b = (with_joules(name, JOULES, meter=meter) for name in ("old", "new"))
    made = compared(a, b)
    assert (made.energy.status, made.meter_grade) == ("not-compared", "simulated")
    assert "stand-in" in made.verdict


@pytest.mark.parametrize(("floor", "status"), [(100.0, "not-compared"), (1.0, "less")])
def test_two_at_the_floor_share_one_energy(floor: float, status: str) -> None:
    cheap = with_joules("new", [0.5 * each for each in JOULES])
    assert compared(None, cheap, floor_joules=floor).energy.status == status


def test_who_vouches_is_said_where_it_is_not_the_same() -> None:
    signed = replace_contender(contender("new"), standing="open")
    assert "other-standing" in codes(compared(None, signed))
    assert "other-standing" not in codes(compared())


def test_what_was_run_apart_is_said() -> None:
    assert "run-apart" in codes(compared())


@pytest.mark.parametrize(("old", "new", "said"), [
    (None, True, "those of old,"), (True, False, "those of new,"), (True, True, ""),
    (None, False, ""),
])  # fmt: skip
def test_who_loaded_from_memory_is_said_where_the_other_did_not(
    old: bool | None, new: bool | None, said: str
) -> None:
    def loaded(name: str, forgotten: bool | None) -> Contender:
        made = record(name, joules=JOULES)
        sessions = [replace(each, caches_forgotten=forgotten) for each in made.sessions]
        return contender(name, replace(made, sessions=tuple(sessions)))

    notes = compared(loaded("old", old), loaded("new", new)).notes
    told = [notice.message for notice in notes if notice.code == "caches-differ"]
    assert len(told) == bool(said)
    assert all(said in each for each in told)


def busier(made: EvaluationRecord) -> EvaluationRecord:
    """Let the measured phase take thrice the CPU time in a third of the wall time."""

    def busy(window: PhaseWindow) -> PhaseWindow:
        if window.phase != "measured":
            return window
        seconds, cpu = window.reading.seconds / 3, window.reading.cpu_seconds * 3
        return replace(window, reading=replace(window.reading, seconds=seconds, cpu_seconds=cpu))

    sessions = [replace(s, phases=tuple(map(busy, s.phases))) for s in made.sessions]
    return replace(made, sessions=tuple(sessions))


def test_an_order_that_hangs_on_the_models_idle_power_is_said() -> None:
    half = [0.5 * each for each in JOULES]
    a, b = (record(name, joules=j, sources=(MODEL,)) for name, j in (("a", JOULES), ("b", half)))
    code = "order-depends-on-base-power"
    assert code not in codes(compared(contender("a", a), contender("b", b)))
    assert code in codes(compared(contender("a", a), contender("b", busier(b))))


# Campaigns


def in_campaign(
    entry: str, joules: Sequence[float], name: str = "c", *, void: str | None = None
) -> EvaluationRecord:
    """Make an evaluation whose sessions stood in the rounds of a campaign."""
    made = record(entry, joules=joules, digest="5e" * 32)
    campaign = Campaign(
        id=name, entries=("old", "new", "steady"), control="steady", control_digest="5e" * 32,
        void=void,
    )  # fmt: skip
    sessions = [replace(s, round=number, place=0) for number, s in enumerate(made.sessions)]
    return replace(made, campaign=campaign, sessions=tuple(sessions))


FAILED = Failed(stage="load", blame="organiser", message="no")
WEATHER = (1.0, 1.4, 0.7, 1.2, 0.9)


def test_what_took_turns_is_paired_by_round() -> None:
    a = in_campaign("old", [39 * w for w in WEATHER])
    b = in_campaign("new", [36 * w * n / 39 for w, n in zip(WEATHER, JOULES, strict=True)])
    made = compared(contender("old", a), contender("new", b))
    assert (made.energy.pairing, made.energy.status) == ("rounds", "less")
    assert "run-apart" not in codes(made)
    apart = compared(
        contender("old", replace(a, campaign=None)), contender("new", replace(b, campaign=None))
    )
    assert (apart.energy.pairing, apart.energy.status) == ("none", "not-told-apart")


def test_other_campaigns_are_compared_by_their_controls() -> None:
    def some(entry: str, factor: float, names: str) -> Contender:
        days = {name: 1 + 0.1 * number for number, name in enumerate("abcdef")}
        of_it, of_control = (
            [in_campaign(of, [f * days[n] * j for j in JOULES[s:] + JOULES[:s]], n) for n in names]
            for of, f, s in ((entry, factor, 0), ("steady", 1.0, 2))
        )
        return contender(entry, *of_it, controls=tuple(of_control))

    made = compared(some("old", 1.0, "abc"), some("new", 0.7, "def"))
    assert (made.energy.pairing, made.energy.status) == ("campaigns", "less")
    more = compared(some("old", 1.0, "abc"), some("new", 0.7, "def"), least_campaigns=4)
    assert more.energy.status == "not-compared"
    few = compared(some("old", 1.0, "ab"), some("new", 0.7, "def"))
    assert (few.energy.status, few.energy.pairing) == ("not-compared", "none")


def test_what_the_meter_leaves_open_of_the_control_is_in_the_interval() -> None:
    def coarse(made: EvaluationRecord, joules: float) -> EvaluationRecord:
        def left_open(each: PhaseWindow) -> PhaseWindow:
            (part,) = each.reading.energy
            parts = (replace(part, edges_joules=joules),)
            return replace(each, reading=replace(each.reading, energy=parts))

        sessions = tuple(replace(s, phases=tuple(map(left_open, s.phases))) for s in made.sessions)
        return replace(made, sessions=sessions)

    def some(entry: str, names: str, edges: float) -> Contender:
        of_it = [in_campaign(entry, JOULES, name) for name in names]
        controls = tuple(coarse(in_campaign("steady", JOULES, name), edges) for name in names)
        return contender(entry, *of_it, controls=controls)

    fine, rough = (
        compared(some("old", "abc", edges), some("new", "def", edges)).energy
        for edges in (0.001, 5.0)
    )
    assert (fine.pairing, fine.status) == ("campaigns", "equivalent")
    assert (rough.pairing, rough.status) == ("campaigns", "not-told-apart")


def test_ratios_to_two_versions_of_the_control_are_not_held_against_one_another() -> None:
    def some(entry: str, names: str, version: str) -> Contender:
        of_it, of_control = (
            tuple(in_campaign(of, JOULES[s:] + JOULES[:s], n) for n in names)
            for of, s in ((entry, 0), ("steady", 2))
        )
        other = [
            replace(each, submission=replace(each.submission, digest=version * 32))
            for each in of_control
        ]
        return contender(entry, *of_it, controls=tuple(other))

    a, b = some("old", "abc", "5e"), some("new", "def", "5e")
    assert compared(a, b).energy.pairing == "campaigns"
    made = compared(a, some("new", "def", "6f"))
    assert (made.energy.pairing, made.energy.unit) == ("none", "occasions")


def test_several_days_are_no_one_series() -> None:
    def on(entry: str, factor: float, *days: int) -> Contender:
        made = (
            record(entry, joules=[factor * (1 + 0.05 * d) * j for j in JOULES],
                   created=f"2026-01-{10 + d}T03:04:05+00:00")
            for d in days
        )  # fmt: skip
        return contender(entry, *made)

    days = compared(on("old", 1.0, 0, 1, 2), on("new", 0.9, 3, 4, 5))
    assert (days.energy.status, days.energy.unit) == ("not-told-apart", "occasions")
    assert "what days differ by is in the interval" in days.notes[-1].message
    few = compared(on("old", 1.0, 0, 1), on("new", 0.5, 3, 4, 5))
    assert few.energy.status == "not-compared"
    assert (
        "it would take at least 3 days or campaigns of each, or one campaign of both,"
        in few.verdict
    )
    common = compared(on("old", 1.0, 0, 1), on("new", 0.5, 1, 2))
    assert (common.energy.status, common.energy.unit) == ("less", "sessions")
    assert common.energy.ratio == compared(on("old", 1.0, 1), on("new", 0.5, 1)).energy.ratio


def test_the_controls_of_its_own_campaigns_are_found() -> None:
    mine, control = (stored(in_campaign(entry, JOULES)) for entry in ("old", "steady"))
    others = [
        stored(in_campaign("steady", JOULES, "d")),
        stored(in_campaign("new", JOULES)),
        stored(record("steady", joules=JOULES, digest="5e" * 32)),
        stored(replace(in_campaign("steady", JOULES), outcome=FAILED)),
    ]
    (evaluations,) = evaluations_of([mine], RULES)
    assert [*controls_of(evaluations, [mine, control, *others])] == [control.record]


def test_a_void_campaign_is_no_evidence() -> None:
    with pytest.raises(UsageError, match="its campaign is void: the control wandered"):
        evaluations_of([stored(in_campaign("old", JOULES, void="the control wandered"))], RULES)


def test_what_no_figures_can_be_derived_from_is_compared_with_nothing() -> None:
    with pytest.raises(UsageError, match="no figures can be derived from it: it has no sessions"):
        evaluations_of([stored(record("old", sessions=()))], RULES)


# Properties


joules_of_sessions = st.lists(st.floats(20.0, 60.0), min_size=2, max_size=6)
counts = st.tuples(*[st.integers(0, 60)] * 4).filter(any)


@settings(max_examples=40)
@given(joules_of_sessions, joules_of_sessions, counts)
def test_b_beside_a_mirrors_a_beside_b(
    a: list[float], b: list[float], counted: tuple[int, int, int, int]
) -> None:
    both, only_a, only_b, neither = counted
    one, other = with_joules("one", a), with_joules("other", b)
    here = compared(one, other, items(both, only_a, only_b, neither))
    there = compared(other, one, items(both, only_b, only_a, neither))
    mirror = {"better": "worse", "worse": "better", "less": "more", "more": "less"}
    assert there.quality.status == mirror.get(here.quality.status, here.quality.status)
    assert there.energy.status == mirror.get(here.energy.status, here.energy.status)
    assert (there.a, there.b) == (here.b, here.a)
    assert there.conclusive == here.conclusive
    assert there.quality.items_needed == here.quality.items_needed
    low, high = here.quality.difference_interval
    assert there.quality.difference_interval == pytest.approx((-high, -low), abs=1e-9)


@settings(max_examples=25)
@given(joules_of_sessions, counts)
def test_nothing_differs_from_itself(
    joules: list[float], counted: tuple[int, int, int, int]
) -> None:
    both, only_a, only_b, neither = counted
    same = with_joules("same", joules)
    made = compared(same, same, items(both + only_a + only_b, 0, 0, neither))
    assert made.quality.difference == 0.0
    assert made.quality.status in {"equivalent", "not-told-apart"}
    assert made.energy.status not in {"less", "more"}
    assert made.energy.ratio is None or made.energy.ratio == pytest.approx(1.0)
    assert made.regressions == ()
