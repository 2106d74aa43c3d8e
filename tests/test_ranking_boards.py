"""Boards: who stands beside whom, and what a row says."""

from __future__ import annotations

import math
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
import site_samples as samples
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from record_samples import (
    NULL,
    RULES,
    SOURCE,
    TASK,
    quality,
    record,
    session,
    sessions,
    stored,
    window,
)

from harness.ranking.boards import make_boards
from harness.ranking.duplicates import duplicates_among
from harness.ranking.front import mark_front
from harness.records.base import pretty_json
from harness.records.board import Board, BoardEntry, Problem
from harness.records.evaluation import (
    FEW_SESSIONS,
    EvaluationRecord,
    Failed,
    Isolation,
    IsolationCheck,
    Look,
    Quality,
)
from harness.records.meter import MeterDescription
from harness.records.session import Notice, PhaseWindow, Session, Sweep
from harness.records.statistics import of_sessions, t_quantile

SIMULATED = MeterDescription(name="rapl", grade="simulated", sources=(SOURCE,))
EARLY, LATE, LATEST = (f"2026-01-0{day}T03:04:05+00:00" for day in (1, 2, 3))


def only_board(*records: EvaluationRecord) -> Board:
    made = make_boards([stored(each) for each in records], RULES)
    assert made.problems == ()
    assert len(made.boards) == 1
    return made.boards[0]


def only_row(*records: EvaluationRecord) -> BoardEntry:
    board = only_board(*records)
    assert len(board.entries) == 1
    return board.entries[0]


def unmetered(made: Session) -> Session:
    """Take every component's reading away."""

    def emptied(each: PhaseWindow) -> PhaseWindow:
        return replace(each, reading=replace(each.reading, energy=()))

    return replace(made, phases=tuple(emptied(each) for each in made.phases))


def standing_still(made: Session) -> Session:
    """Let the counter stand still from the first measured query to the last process."""

    def still(each: PhaseWindow) -> PhaseWindow:
        if each.phase not in {"measured", "drain"}:
            return each
        return window(each.phase, seconds=each.reading.seconds, joules=0.0)

    return replace(made, phases=tuple(still(each) for each in made.phases))


def uncertain(made: Session, joules: float) -> Session:
    """Let the edges of every window leave this much open."""

    def coarse(each: PhaseWindow) -> PhaseWindow:
        (part,) = each.reading.energy
        return replace(
            each, reading=replace(each.reading, energy=(replace(part, edges_joules=joules),))
        )

    return replace(made, phases=tuple(coarse(each) for each in made.phases))


def codes(board: Board) -> list[str]:
    return [note.code for note in board.notes]


# Which board


OTHER_KEYS: dict[str, dict[str, Any]] = {
    "task": {"task": {"id": "deforestation"}},
    "task version": {"task": {"version": 2}},
    "task digest": {"task": {"digest": "7b" * 32}},
    "data": {"data": {"digest": "db" * 32}},
    "scenario": {"scenario": "single"},
    "profile": {"hardware": {"profile": "organiser-1"}},
    "version of the profile": {"hardware": {"profile_digest": "12" * 32}},
    "component": {"sources": (replace(SOURCE, component="dram"),)},
    "one component more": {"sources": (SOURCE, replace(SOURCE, component="dram"))},
    "provenance": {"sources": (replace(SOURCE, provenance="another table"),)},
    "name of the source": {"sources": (replace(SOURCE, name="package-1"),)},
    "kind of the source": {"sources": (replace(SOURCE, kind="power"),)},
    "gain": {"sources": (replace(SOURCE, relative_uncertainty=0.02),)},
    "constants": {"sources": (replace(SOURCE, constants={"core_watts": 7.0}),)},
    "source's grade": {"sources": (replace(SOURCE, grade="model"),)},
    "meter's grade": {"meter": MeterDescription(name="rapl", grade="simulated", sources=(SOURCE,))},
    "rules version": {"rules": replace(RULES.reference_to_these, version="2027.1")},
    "rules digest": {"rules": replace(RULES.reference_to_these, digest="00" * 32)},
    "status": {"demonstration": True},
}


@pytest.mark.parametrize("other", OTHER_KEYS.values(), ids=OTHER_KEYS.keys())
def test_what_decides_a_figure_splits_the_boards(other: dict[str, Any]) -> None:
    made = make_boards([stored(record("a")), stored(record("b", **other))], RULES)
    assert sorted([entry.entry for entry in board.entries] for board in made.boards) == [
        ["a"],
        ["b"],
    ]
    assert made.boards[0].id != made.boards[1].id
    assert all(board.entries[0].on_front for board in made.boards)


SAME_KEYS: list[dict[str, Any]] = [
    {"sources": (replace(SOURCE, refresh_seconds=0.0011),)},
    {"sources": (replace(SOURCE, resolution_joules=0.00006),)},
    {"harness_version": "0.2.0"},
    {"created": LATEST},
    {"protocol": "quick"},
    {"hardware": {"kernel": "6.2"}},
    {"isolation": "A"},
]


@pytest.mark.parametrize("same", SAME_KEYS)
def test_what_decides_no_figure_does_not(same: dict[str, Any]) -> None:
    assert len(only_board(record("a"), record("b", **same)).entries) == 2


def counted_by(seen: str) -> Isolation:
    check = IsolationCheck(name="CPU account", held=True, seen=seen)
    return Isolation(grade="B", method="made up", checks=(check,))


@pytest.mark.parametrize(("kind", "boards"), [("model", 2), ("counter", 1)])
def test_what_counted_cpu_time_splits_boards_where_energy_is_modelled_from_it(
    kind: Any,  # noqa: ANN401 - a literal
    boards: int,
) -> None:
    sources = (replace(SOURCE, kind=kind),)
    ways = ("control group, version 2 (cpu.stat)", "process tree (no control group: /x: denied)")
    records = [
        replace(record(f"entry-{i}", sources=sources), isolation=counted_by(way))
        for i, way in enumerate((*ways, "process tree (no control group: /y: denied)"))
    ]
    made = make_boards([stored(each) for each in records], RULES)
    assert len(made.boards) == boards


def test_the_order_of_sources_does_not_split_boards() -> None:
    dram = replace(SOURCE, name="dram", component="dram")
    board = only_board(record("a", sources=(SOURCE, dram)), record("b", sources=(dram, SOURCE)))
    assert board.components == ("dram", "package")


def test_a_board_says_what_its_figures_hang_on() -> None:
    board = only_board(record())
    assert board.id.startswith(f"{TASK}-offline-")
    assert len(board.id.rpartition("-")[2]) == 8
    assert board.hardware == "Made-up processor, 8 cores, 32 GiB"
    assert (board.status, board.meter_grade, board.components) == (
        "self-reported", "sensor", ("package",),
    )  # fmt: skip
    assert (board.rules_version, board.items) == (RULES.version, 1200)


OFFICIAL: dict[str, Any] = {
    "data": {"source": "directory", "public": False, "seed": None},
    "hardware": {"profile": "bench", "profile_digest": "12" * 32},
}


def test_boards_stand_in_a_fixed_order() -> None:
    made = make_boards(
        [
            stored(record("d", demonstration=True)),
            stored(record("c", task={"id": "deforestation"})),
            stored(record("b", scenario="single")),
            stored(record("a")),
            stored(record("e"), verified=True),
            stored(record("f", **OFFICIAL), verified=True),
            stored(record("g", protocol="quick", **OFFICIAL), verified=True),
        ],
        RULES,
    )
    assert [(b.task, b.scenario, b.status) for b in made.boards] == [
        (TASK, "offline", "official"),
        (TASK, "offline", "unofficial"),
        (TASK, "offline", "open"),
        (TASK, "offline", "demonstration"),
        (TASK, "offline", "self-reported"),
        (TASK, "single", "self-reported"),
        ("deforestation", "offline", "self-reported"),
    ]


def test_no_records_no_boards() -> None:
    assert make_boards([], RULES).boards == ()


# What is verified


def standing(made: EvaluationRecord, *, verified: bool = True) -> tuple[str, list[str]]:
    (board,) = make_boards([stored(made, verified=verified)], RULES).boards
    assert [entry.verified for entry in board.entries] == [verified]
    return board.status, codes(board)[:1]


@pytest.mark.parametrize("isolation", ["A", "B"])
def test_what_is_signed_and_as_the_rules_have_it_is_official(isolation: str) -> None:
    status, _ = standing(record(isolation=isolation, **OFFICIAL))
    assert status == "official"


@pytest.mark.parametrize(
    ("other", "status"),
    [
        ({"protocol": "quick"}, "unofficial"),
        ({"isolation": "C"}, "unofficial"),
        ({"hardware": {}}, "unofficial"),
        ({"data": {"public": True}}, "open"),
        ({"data": {"public": True}, "protocol": "quick"}, "open"),
        ({"demonstration": True}, "demonstration"),
    ],
)
def test_what_lacks_one_condition_is_not(other: dict[str, Any], status: str) -> None:
    note = "open-labels" if status == "open" else status
    assert standing(record(**OFFICIAL | other)) == (status, [note])


def test_a_stand_in_for_a_meter_is_never_official_and_the_board_says_why() -> None:
    (board,) = make_boards(
        [stored(record(**OFFICIAL | {"meter": SIMULATED}), verified=True)], RULES
    ).boards
    assert board.status == "unofficial"
    (note,) = [note for note in board.notes if note.code == "unofficial"]
    assert "a stand-in (simulated)" in note.message
    assert "a meter that reads it" in note.remedy


def test_modelled_work_may_be_official_and_is_headed_so() -> None:
    modelled = MeterDescription(name="model", grade="model", sources=(SOURCE,))
    status, first = standing(record(**OFFICIAL | {"meter": modelled}))
    assert (status, first) == ("official", ["modelled-energy"])


def test_what_nobody_signed_is_self_reported_whatever_else_it_is() -> None:
    assert standing(record(**OFFICIAL), verified=False) == ("self-reported", ["self-reported"])


def test_the_note_says_all_that_is_missing() -> None:
    records = [
        stored(record("a", protocol="quick", **OFFICIAL), verified=True),
        stored(record("b", isolation="C", **OFFICIAL), verified=True),
    ]
    (board,) = make_boards(records, RULES).boards
    told = board.notes[0].message
    assert "made by the quick protocol, at isolation grade C" in told
    assert "profile" not in told


def test_verified_and_self_reported_never_share_a_board() -> None:
    made = make_boards(
        [stored(record("a"), verified=True), stored(record("a", created=LATE), verified=False)],
        RULES,
    )
    assert [(b.status, [e.sessions for e in b.entries]) for b in made.boards] == [
        ("open", [5]),
        ("self-reported", [5]),
    ]


# What a row pools


def test_a_row_in_figures() -> None:
    row = only_row(record())
    assert row.joules_per_1000_queries == pytest.approx(30.0)
    assert row.joules_interval == pytest.approx((30.0, 30.0), rel=1e-4)  # what the steps leave open
    assert row.active_joules_per_1000_queries == pytest.approx(27.5)
    assert (row.measured_watts, row.seconds_per_1000_queries) == pytest.approx((10.0, 2.0))
    assert (row.rank, row.front_support, row.energy_class, row.prizes) == (None, None, None, ())
    assert not row.verified


def test_sessions_of_the_same_digest_are_pooled() -> None:
    # 20 and 80 J per 1,000 queries; 0.6 over one session and 0.9 over two.
    early = record(created=EARLY, value=0.6, joules=(19.0,))
    late = record(created=LATE, value=0.9, joules=(139.0, 139.0))
    row = only_row(early, late)
    assert row.sessions == 3
    assert row.joules_per_1000_queries == pytest.approx((20 * 80) ** (1 / 2))  # of two days
    assert row.quality == pytest.approx(0.8)
    assert row.quality_interval == pytest.approx((0.77, 0.83))
    assert row.evaluations == (stored(early).path, stored(late).path)
    assert row.earlier_digests == ()


def width(row: BoardEntry) -> float:
    assert row.joules_interval is not None
    low, high = row.joules_interval
    assert low <= (row.joules_per_1000_queries or 0.0) <= high
    return math.log(high / low)


def test_the_interval_is_of_the_alpha_of_the_look_that_ended_the_evaluation() -> None:
    spread = [39.0, 40.0, 41.0, 39.5, 40.5]
    looked = (Look(sessions=5, alpha=0.0305, half_width=0.01, narrow=True),)
    plain, one = only_row(record(joules=spread)), only_row(record(joules=spread, looks=looked))
    ratio = t_quantile(4, 0.0305) / t_quantile(4, 0.05)
    assert width(one) == pytest.approx(ratio * width(plain))
    again = record(joules=spread, created="2026-01-01T05:00:00+00:00")
    pooled = only_row(again, record(joules=spread, looks=looked, created=EARLY))
    without = only_row(again, record(joules=spread, created=EARLY))
    assert width(pooled) > width(without)


def test_what_varies_between_days_is_in_the_interval_of_a_row() -> None:
    def of_days(*days: float) -> BoardEntry:
        return only_row(*(
            record(joules=[joules, joules + 0.2, joules - 0.2], created=created)
            for joules, created in zip(days, (EARLY, LATE, LATEST), strict=False)
        ))  # fmt: skip

    alike, apart = of_days(39.0, 39.1, 38.9), of_days(39.0, 49.0, 59.0)
    assert (alike.occasions, apart.occasions) == (3, 3)
    means = [1000 * (0.01 + (joules + 1) / 2000) for joules in (39.0, 49.0, 59.0)]
    expected = of_sessions(means, correlation=0)
    assert expected is not None
    assert apart.joules_interval == pytest.approx(expected.interval(), rel=1e-3)
    assert width(alike) < width(apart) / 5


def test_two_days_show_little_and_two_that_are_alike_are_still_held_to_vary_by_their_sessions(
) -> None:  # fmt: skip
    spread = [39.0, 42.0, 36.0]
    same = [record(joules=spread, created=each) for each in (EARLY, LATE)]
    one_day = only_row(same[0], replace(same[1], created_utc="2026-01-01T05:04:05+00:00"))
    two_days = only_row(*same)
    assert one_day.joules_interval == pytest.approx(two_days.joules_interval)
    other = only_row(same[0], record(joules=[j + 6 for j in spread], created=LATE))
    assert width(other) > 4 * width(two_days)


def test_of_days_with_unlike_many_sessions_the_day_with_few_decides_what_is_left_open() -> None:
    def of_days(*counts: int) -> BoardEntry:
        days = zip((39.0, 39.000_001, 39.000_002), counts, (EARLY, LATE, LATEST), strict=True)
        made = [record(joules=[joules] * count, created=at) for joules, count, at in days]
        return only_row(*(
            replace(each, sessions=tuple(uncertain(session, 1.0) for session in each.sessions))
            for each in made
        ))  # fmt: skip

    even, uneven = of_days(8, 8, 8), of_days(1, 1, 22)
    assert even.joules_uncertainty is not None
    assert uneven.joules_uncertainty is not None
    share = math.sqrt((1 + 1 + 1 / 22) / 9 / (1 / 24))  # of the mean of three days' means
    random = even.joules_uncertainty.random
    assert uneven.joules_uncertainty.random == pytest.approx(share * random, rel=1e-3)
    assert width(uneven) == pytest.approx(share * width(even), rel=1e-3)


def test_a_day_of_one_session_widens_what_sessions_leave_open_of_days_that_are_alike() -> None:
    one, many = (0.0,), (-3.0, 3.0) * 11
    even = only_row(*(record(joules=[39.0 + x for x in (-3.0, 3.0) * 4], created=c)
                      for c in (EARLY, LATE, LATEST)))  # fmt: skip
    uneven = only_row(*(record(joules=[39.0 + x for x in each], created=c)
                        for each, c in ((one, EARLY), (one, LATE), (many, LATEST))))  # fmt: skip
    assert width(uneven) > 2 * width(even)


def test_a_board_names_rows_of_several_occasions() -> None:
    board = only_board(record("a", created=EARLY), record("a", created=LATE), record("b"))
    (note,) = [note for note in board.notes if note.code == "several-occasions"]
    assert note.message.endswith(": a (2)")


def by_caches(entry: str, *forgotten: bool | None) -> EvaluationRecord:
    """Make an evaluation whose sessions say by turns whether the kernel forgot before them."""
    made = record(entry)
    return replace(
        made,
        sessions=tuple(
            replace(each, caches_forgotten=forgotten[number % len(forgotten)])
            for number, each in enumerate(made.sessions)
        ),
    )


@pytest.mark.parametrize(
    ("first", "second", "named"),
    [
        ((True,), (None,), "b"),
        ((False,), (True,), "a"),
        ((True, False), (True,), "a"),
        ((True, None), (False,), "a, b"),
        ((True,), (True,), None),
        ((None,), (False,), None),
    ],
)
def test_a_board_names_who_loaded_from_memory_where_others_did_not(
    first: tuple[bool | None, ...], second: tuple[bool | None, ...], named: str | None
) -> None:
    board = only_board(by_caches("a", *first), by_caches("b", *second))
    notes = [each for each in board.notes if each.code == "caches-differ"]
    assert len(notes) == (named is not None)
    if named is not None:
        assert notes[0].message.endswith(f"those of {named}")


def test_a_copys_sessions_that_loaded_from_memory_are_its_originals() -> None:
    first, copied = by_caches("a", True), by_caches("copy", None)
    digest = first.submission.digest
    copied = replace(copied, submission=replace(copied.submission, digest=digest))
    board = only_board(first, copied)
    assert [each.entry for each in board.entries] == ["a"]
    (note,) = [each for each in board.notes if each.code == "caches-differ"]
    assert note.message.endswith("those of a")


def by_method(entry: str, *methods: str) -> list[EvaluationRecord]:
    """Make an evaluation of an entry for each method of its intervals."""
    made = []
    for method, created in zip(methods, (EARLY, LATE), strict=False):
        scored = quality(0.8)
        metrics = tuple(replace(each, interval_method=method) for each in scored.metrics)
        made.append(
            replace(record(entry, created=created), quality=replace(scored, metrics=metrics))
        )
    return made


ALIKE = "bootstrap variance over 9 items, 2000 resamples, PCG64 seed 2026, mid-P"
UNLIKE = f"{ALIKE}, sessions by both t"


def test_a_row_of_several_evaluations_names_every_method() -> None:
    (metric,) = only_row(*by_method("a", ALIKE, UNLIKE)).metrics
    assert metric.interval_method == f"{ALIKE}; {UNLIKE}"
    (metric,) = only_row(*by_method("a", UNLIKE, UNLIKE)).metrics
    assert metric.interval_method == UNLIKE


def test_energy_has_an_interval_from_the_rules_sessions_on() -> None:
    fewest = RULES.boards.min_sessions
    assert only_row(record(joules=[39.0] * (fewest - 1))).joules_interval is None
    assert only_row(record(joules=[39.0] * fewest)).joules_interval is not None


def test_a_row_is_of_the_latest_digest_and_names_the_earlier() -> None:
    row = only_row(
        record(created=LATE, digest="bb" * 32, value=0.5),
        record(created=EARLY, digest="aa" * 32, value=0.9),
    )
    assert (row.digest, row.quality, row.sessions) == ("bb" * 32, 0.5, 5)
    assert row.earlier_digests == ("aa" * 32,)


def test_the_latest_is_so_by_its_moment_and_not_by_its_path() -> None:
    made = make_boards(
        [
            stored(record(created=LATE, digest="bb" * 32), "a.json"),
            stored(record(created=EARLY, digest="aa" * 32), "b.json"),
        ],
        RULES,
    )
    assert made.boards[0].entries[0].digest == "bb" * 32


def test_an_earlier_digest_that_comes_back_is_the_latest_again() -> None:
    row = only_row(
        record(created=EARLY, digest="aa" * 32),
        record(created=LATE, digest="bb" * 32),
        record(created=LATEST, digest="aa" * 32),
    )
    assert (row.digest, row.sessions, row.earlier_digests) == ("aa" * 32, 10, ("bb" * 32,))


def test_a_failure_after_success_is_shown_and_the_row_stays() -> None:
    board = only_board(
        record(created=EARLY, digest="aa" * 32),
        record(created=LATE, digest="bb" * 32, failed="load"),
    )
    assert [(row.digest, row.sessions) for row in board.entries] == [("aa" * 32, 5)]
    assert [(each.stage, each.blame) for each in board.failed] == [("load", "submission")]


def test_a_failure_that_was_put_right_is_not_shown() -> None:
    board = only_board(record(created=EARLY, failed="load"), record(created=LATE))
    assert (len(board.entries), board.failed) == (1, ())


def test_an_entry_that_only_failed_has_no_row() -> None:
    board = only_board(record(failed="start", sessions=(), quality=None))
    assert (len(board.entries), len(board.failed)) == (0, 1)


def test_a_pool_of_sessions_enough_is_not_told_that_each_had_few() -> None:
    few = Notice(code=FEW_SESSIONS, message="m", remedy="r")
    quick: dict[str, Any] = {"joules": [39.0] * 3, "warnings": (few,)}
    assert only_row(record(created=EARLY, **quick)).warnings == (few,)
    pooled = only_row(record(created=EARLY, **quick), record(created=LATE, **quick))
    assert (pooled.sessions, pooled.warnings) == (6, ())
    assert pooled.joules_interval is not None


def test_the_weakest_isolation_and_every_warning_of_the_pool_are_shown() -> None:
    one = Notice(code="disturbed", message="others took 5 %", remedy="r")
    other = Notice(code="disturbed", message="others took 9 %", remedy="r")
    row = only_row(
        record(created=EARLY, isolation="C", warnings=(one,)),
        record(created=LATE, isolation="A", warnings=(one, other)),
    )
    assert row.isolation_grade == "C"
    assert row.warnings == (one, other)


# Copies, duplicates and failures


def test_an_exact_copy_joins_the_row_of_its_original() -> None:
    first = record("original", created=EARLY, digest="aa" * 32, value=0.7, joules=[19.0] * 5)
    copied = record("a-copy", created=LATE, digest="aa" * 32, value=0.9, joules=[119.0] * 5)
    row = only_row(copied, first)
    assert (row.entry, row.copies, row.sessions) == ("original", ("a-copy",), 10)
    assert row.quality == pytest.approx(0.8)
    assert row.joules_per_1000_queries == pytest.approx((20 * 70) ** 0.5)
    assert row.evaluations == (stored(first).path, stored(copied).path)


def test_what_is_no_copy_any_more_has_a_row_of_its_own() -> None:
    board = only_board(
        record("a", created=EARLY, digest="aa" * 32),
        record("a", created=LATE, digest="bb" * 32),
        record("b", created=LATE, digest="aa" * 32),
    )
    assert {row.entry: row.copies for row in board.entries} == {"a": (), "b": ()}


def test_the_null_entry_is_the_original_however_late_it_comes() -> None:
    copied = record("a-copy", created=EARLY, digest="aa" * 32)
    board = only_board(copied, record(NULL, created=LATE, digest="aa" * 32), record("other"))
    assert [(row.entry, row.copies) for row in board.entries if row.baseline] == [
        (NULL, ("a-copy",))
    ]


def test_the_very_same_record_twice_counts_once() -> None:
    made = make_boards([stored(record(), "b.json"), stored(record(), "a.json")], RULES)
    assert made.boards[0].entries[0].evaluations == ("a.json",)
    assert [(problem.path, problem.code) for problem in made.problems] == [("b.json", "duplicate")]


def test_only_records_that_share_a_session_are_asked_for() -> None:
    asked: list[str] = []
    assert duplicates_among([("a.json", ("1", "2")), ("b.json", ("3",))], asked.append) == []
    assert asked == []
    (found,) = duplicates_among([("a.json", ("1", "2")), ("b.json", ("2",))], asked.append)
    assert (found.path, found.code, asked) == ("b.json", "duplicate", ["b.json", "a.json"])


def problems_with(made: EvaluationRecord, change: Callable[[PhaseWindow], PhaseWindow]) -> set[str]:
    """Return the problems of a record and the same with its first window changed."""
    first, *_ = made.sessions
    begun, *more = first.phases
    otherwise = replace(first, phases=(change(begun), *more))
    members = [replace(made, sessions=(each,)) for each in (first, otherwise)]
    boards = make_boards([stored(each, f"{n}.json") for n, each in enumerate(members)], RULES)
    return {problem.code for problem in boards.problems}


def energy_of(begun: PhaseWindow, **changes: object) -> PhaseWindow:
    (part,) = begun.reading.energy
    changed = replace(part, **changes)
    return replace(begun, reading=replace(begun.reading, energy=(changed,)))


@pytest.mark.parametrize(
    "change",
    [
        lambda w: replace(w, disturbance=replace(w.disturbance, other_cpu_seconds=9.0)),
        lambda w: energy_of(w, resolution_joules=9.0),
        lambda w: energy_of(w, model_joules=9.0),
    ],
    ids=["disturbance", "resolution", "model"],
)
def test_a_measurement_of_which_other_things_are_said_is_no_other(
    change: Callable[[PhaseWindow], PhaseWindow],
) -> None:
    assert problems_with(record("a"), change) == {"contradictory"}


@pytest.mark.parametrize(
    "change",
    [
        lambda w: replace(w, reading=replace(w.reading, seconds=w.reading.seconds * 1.01)),
        lambda w: replace(w, reading=replace(w.reading, cpu_seconds=9.0)),
        lambda w: energy_of(w, joules=9.0),
        lambda w: energy_of(w, component="dram"),
        lambda w: replace(w, phase="drain"),
        lambda w: replace(w, reading=replace(w.reading, energy=())),
    ],
    ids=["seconds", "cpu_seconds", "joules", "component", "phase", "no energy"],
)
def test_where_anything_else_was_measured_it_is_another_measurement(
    change: Callable[[PhaseWindow], PhaseWindow],
) -> None:
    assert "contradictory" not in problems_with(record("a"), change)


def test_two_records_of_one_measurement_contradict_each_other() -> None:
    said = record("a", value=0.7)
    otherwise = replace(said, quality=quality(0.9))
    made = make_boards(
        [stored(said, "1.json"), stored(otherwise, "2.json"), stored(record("b"), "3.json")], RULES
    )
    assert [row.entry for row in made.boards[0].entries] == ["b"]
    assert [(problem.path, problem.code) for problem in made.problems] == [
        ("1.json", "contradictory"), ("2.json", "contradictory"),
    ]  # fmt: skip
    assert "2.json" in made.problems[0].message


def test_a_board_of_nothing_but_contradictions_is_none() -> None:
    said = record("a", value=0.7)
    made = make_boards(
        [stored(said, "1.json"), stored(replace(said, quality=quality(0.9)), "2.json")], RULES
    )
    assert (made.boards, len(made.problems)) == ((), 2)


def test_failed_evaluations_of_what_is_in_the_row_are_counted() -> None:
    digest = "aa" * 32
    fault = record("a", created=LATE, digest=digest, failed="load")
    organiser = replace(
        record("a", created=LATEST, digest=digest, failed="start"),
        outcome=Failed(stage="start", blame="organiser", message="no power"),
    )
    board = only_board(
        record("a", created=EARLY, digest=digest), fault, organiser, record("b", created=EARLY)
    )
    assert {row.entry: row.failed_evaluations for row in board.entries} == {"a": 1, "b": 0}


def test_quality_in_steps_stays_in_steps_when_it_is_pooled() -> None:
    def in_steps(value: float) -> Quality:
        return replace(quality(value), step=0.005)

    row = only_row(
        record(created=EARLY, quality=in_steps(0.8)), record(created=LATE, quality=in_steps(0.805))
    )
    assert row.quality in {0.8, 0.805}
    assert row.quality_interval == (0.765, 0.835)


# What the meter leaves open


def test_what_a_meter_leaves_open_of_a_row() -> None:
    """Own: 0.02 J an edge pair in each window. Common: 5 % of every window."""
    made = uncertain(session(), 0.02)

    def scaled(each: PhaseWindow) -> PhaseWindow:
        (part,) = each.reading.energy
        energy = (replace(part, gain_joules=0.05 * part.joules),)
        return replace(each, reading=replace(each.reading, energy=energy))

    made = replace(made, phases=tuple(map(scaled, made.phases)))
    row = only_row(record(sessions=(made,) * 4))

    left_open = row.joules_uncertainty
    assert left_open is not None
    # Three windows weigh 1000/10,000 and two 1000/2000; four sessions halve what is their own.
    own = 0.02 * (3 * 0.1**2 + 2 * 0.5**2) ** 0.5 / 2
    assert left_open.random == pytest.approx(own)
    assert left_open.systematic == pytest.approx(0.05 * 30.0)
    assert row.joules_interval is None  # it is no substitute for sessions


UNRESOLVED: dict[str, Session] = {
    "below its uncertainty": uncertain(session(), 40.0),
    "standing still": standing_still(session()),
    "not metered": unmetered(session()),
}


@pytest.mark.parametrize("name", UNRESOLVED)
def test_energy_that_is_not_resolved_is_no_figure_and_not_zero(name: str) -> None:
    made = (session(), UNRESOLVED[name])
    board = only_board(record("unresolved", value=0.9, sessions=made), record("resolved"))
    row, other = board.entries
    assert (row.entry, row.quality, row.sessions) == ("unresolved", 0.9, 2)
    assert row.seconds_per_1000_queries == pytest.approx(2.0)
    assert [
        row.joules_per_1000_queries, row.joules_interval, row.joules_uncertainty,
        row.active_joules_per_1000_queries, row.measured_watts, row.parts,
    ] == [None] * 6  # fmt: skip
    assert (row.on_front, row.at_floor, other.on_front) == (False, False, True)
    (note,) = [note for note in board.notes if note.code == "unresolved-energy"]
    assert "energy of unresolved:" in note.message
    assert "more passes" in note.remedy
    assert pretty_json(board)


def test_an_evaluation_that_is_resolved_gives_the_row_its_energy() -> None:
    coarse = record(created=LATE, value=0.6, sessions=(UNRESOLVED["standing still"],) * 5)
    row = only_row(record(created=EARLY, value=0.8), coarse)
    assert row.joules_per_1000_queries == pytest.approx(30.0)
    assert row.quality == pytest.approx(0.7)
    assert row.sessions == 5
    assert len(row.evaluations) == 2


def test_a_null_entry_that_is_not_resolved_leaves_the_floor_unknown() -> None:
    null = record(NULL, sessions=(UNRESOLVED["standing still"],))
    board = only_board(null, record("a", joules=[0.1] * 5))
    assert {row.entry for row in board.entries if row.baseline} == {NULL}
    assert not any(row.at_floor for row in board.entries)


# Marks


def test_rows_stand_by_quality_then_energy_then_name() -> None:
    board = only_board(
        record("d", value=0.7),
        record("c", value=0.8),
        record("b", value=0.8),
        record("a", value=0.8, joules=[99.0] * 5),
    )
    assert [row.entry for row in board.entries] == ["b", "c", "a", "d"]


def test_the_front_holds_ties_and_nothing_beaten() -> None:
    board = only_board(
        record("best", value=0.9, joules=[99.0] * 5),
        record("cheap", value=0.5, joules=[9.0] * 5),
        record("tie", value=0.5, joules=[9.0] * 5),
        record("same-energy", value=0.8, joules=[99.0] * 5),
        record("same-quality", value=0.9, joules=[100.0] * 5),
        record("between", value=0.7),
    )
    on_front = {row.entry for row in board.entries if row.on_front}
    assert on_front == {"best", "cheap", "tie", "between"}


def test_an_entry_at_the_floor_is_before_all_above_it_however_little_they_use() -> None:
    above = samples.entry("above", joules_per_1000_queries=0.5)
    at_floor = samples.entry("at-floor", joules_per_1000_queries=0.4, at_floor=True)
    assert [row.on_front for row in mark_front([above, at_floor])] == [False, True]


def test_under_the_multiple_of_the_null_entry_is_the_floor() -> None:
    # The null entry takes 15 J per 1,000 queries, so that the floor ends at 45.
    null = record(NULL, value=0.3, joules=[9.0] * 5)
    board = only_board(
        null, record("under", joules=[68.9] * 5), record("over", joules=[69.1] * 5, value=0.7)
    )
    assert RULES.energy.floor_multiple == 3
    assert board.floor_joules_per_1000_queries == pytest.approx(45)
    assert {row.entry: row.at_floor for row in board.entries} == {
        NULL: True, "under": True, "over": False,
    }  # fmt: skip
    assert {row.entry for row in board.entries if row.baseline} == {NULL}


def test_without_the_null_entry_nobody_is_at_the_floor() -> None:
    assert not only_row(record(joules=[0.1] * 5)).at_floor


def test_the_null_entry_of_another_task_is_no_baseline() -> None:
    assert not only_row(record("deforestation-null")).baseline


# Problems


def test_isolation_d_is_never_ranked() -> None:
    made = make_boards([stored(record("a", isolation="D")), stored(record("b"))], RULES)
    assert [row.entry for row in made.boards[0].entries] == ["b"]
    assert [(p.path, p.code) for p in made.problems] == [(stored(record("a")).path, "isolation-d")]


def test_problems_of_reading_are_handed_on_sorted() -> None:
    given_problem = Problem(path="z", code="not-json", message="m")
    made = make_boards([stored(record(isolation="D"), "a")], RULES, [given_problem])
    assert [p.path for p in made.problems] == ["a", "z"]


SENSELESS: dict[str, dict[str, Any]] = {
    "no quality": {"quality": None},
    "no macro_f1": {"quality": replace(quality(0.8), metrics=())},
    "not between 0 and 1": {
        "quality": replace(quality(0.8), metrics=(replace(quality(0.8).metrics[0], value=1e300),))
    },
    "no sessions": {"sessions": ()},
    "quality is of no item": {"quality": replace(quality(0.8), items=0)},
    "data have no item": {"data": {"items": 0}},
    "amortise_queries": {"rules": replace(RULES.reference_to_these, amortise_queries=0)},
    "session 2 answered no query": {"sessions": (session(), session(queries=0))},
    "more than can be": {"sessions": (session(queries=10**400),)},
    "no query": {"sessions": (replace(session(), sweeps=()),)},
    "took no time": {"sessions": (replace(session(), phases=()),)},
    "negative time": {
        "sessions": (
            replace(
                session(), phases=(*session().phases, window("start", seconds=-1.0, joules=1.0))
            ),
        )
    },
    "negative energy": {"sessions": sessions(-1.0)},
    "an uncertainty that is negative": {"sessions": (uncertain(session(), -0.1),)},
    "an uncertainty that is negative, or beyond": {"sessions": (uncertain(session(), 1e300),)},
    "negative CPU time": {
        "sessions": (
            replace(
                session(),
                phases=tuple(
                    replace(each, reading=replace(each.reading, cpu_seconds=-1.0))
                    for each in session().phases
                ),
            ),
        )
    },
    "energy, or of one beyond reason": {"sessions": sessions(1e308, 1e308)},
    "not every phase once": {"sessions": (replace(session(), phases=session().phases[:-1]),)},
    "phase that holds not the energy of package": {
        "sessions": (
            replace(
                session(),
                phases=(*unmetered(session()).phases[:5], *session().phases[5:]),
            ),
        )
    },
    "not the energy of dram, package": {
        "meter": replace(record().meter, sources=(SOURCE, replace(SOURCE, component="dram")))
    },
}


@pytest.mark.parametrize("told", SENSELESS)
def test_a_record_that_adds_up_to_nothing_hides_no_other(told: str) -> None:
    bad = stored(record("bad", **SENSELESS[told]))
    made = make_boards([stored(record("good")), bad], RULES)
    assert [row.entry for board in made.boards for row in board.entries] == ["good"]
    assert [(p.path, p.code) for p in made.problems] == [(bad.path, "unusable")]
    assert told in made.problems[0].message
    assert pretty_json(made)


def test_a_failed_record_needs_no_figures() -> None:
    unanswered = Sweep(kind="original", queries=0, seconds=0.0, cpu_seconds=0.0)
    broken = replace(session(), sweeps=(unanswered,))
    board = only_board(record(failed="measured", sessions=(broken,), quality=None))
    assert len(board.failed) == 1


# Notes


@pytest.mark.parametrize(
    ("grade", "code"), [("model", "modelled-energy"), ("simulated", "simulated-energy")]
)
def test_energy_that_was_not_measured_is_headed_so(grade: Any, code: str) -> None:  # noqa: ANN401 - a grade, by parameter
    meter = MeterDescription(name="m", grade=grade, sources=(replace(SOURCE, grade=grade),))
    board = only_board(record(meter=meter))
    assert codes(board) == [code, "self-reported"]


def test_measured_energy_has_no_such_heading() -> None:
    assert codes(only_board(record())) == ["self-reported"]
    assert codes(only_board(record(demonstration=True))) == ["demonstration"]


def test_rows_without_an_interval_are_named() -> None:
    board = only_board(record("few", joules=[39.0] * 3), record("enough"))
    (note,) = [note for note in board.notes if note.code == "too-few-sessions"]
    assert note.message.endswith(": few")


def test_a_board_under_other_rules_says_so() -> None:
    board = only_board(record(rules=replace(RULES.reference_to_these, digest="00" * 32)))
    assert "other-rules" in codes(board)


# Whatever the records


RECORDS = st.lists(
    st.builds(
        record,
        st.sampled_from(["a", "b", "c", NULL]),
        created=st.sampled_from([EARLY, LATE, LATEST]),
        digest=st.sampled_from(["aa" * 32, "bb" * 32]),
        value=st.sampled_from([0.5, 0.6, 0.7]),
        joules=st.lists(st.floats(min_value=1, max_value=100), min_size=1, max_size=3),
        failed=st.sampled_from([None, None, "load"]),
        isolation=st.sampled_from(["A", "B", "D"]),
        scenario=st.sampled_from(["offline", "single"]),
    ),
    unique_by=lambda made: made.sessions[0].phases[0].reading.seconds,  # else duplicates
    max_size=8,
)


@settings(max_examples=50, deadline=None)
@given(RECORDS, st.integers())
def test_the_order_of_records_has_no_say(records: list[EvaluationRecord], seed: int) -> None:
    given_records = [stored(each, f"{number}.json") for number, each in enumerate(records)]
    shuffled = given_records.copy()
    Random(seed).shuffle(shuffled)  # noqa: S311 - an order, no secret
    assert make_boards(shuffled, RULES) == make_boards(given_records, RULES)


@settings(max_examples=50, deadline=None)
@given(RECORDS)
def test_every_record_is_accounted_for(records: list[EvaluationRecord]) -> None:
    made = make_boards([stored(each, f"{n}.json") for n, each in enumerate(records)], RULES)
    rows = [row for board in made.boards for row in board.entries]
    pooled = [path for row in rows for path in row.evaluations]
    assert len(pooled) == len(set(pooled))
    unranked = {problem.path for problem in made.problems}
    assert unranked == {f"{n}.json" for n, e in enumerate(records) if e.isolation.grade == "D"}
    assert not unranked & set(pooled)
    named = {name for row in rows for name in (row.entry, *row.copies)}
    named |= {each.entry for board in made.boards for each in board.failed}
    assert named == {e.submission.entry for e in records if e.isolation.grade != "D"}


ROWS = st.lists(
    st.tuples(st.floats(min_value=0.1, max_value=0.9), st.floats(min_value=1, max_value=100)),
    min_size=1,
    max_size=6,
)


@settings(max_examples=50, deadline=None)
@given(ROWS, st.data())
def test_a_beaten_entry_moves_nobody_else(
    rows: list[tuple[float, float]], data: st.DataObject
) -> None:
    records = [
        record(f"e{number}", value=value, joules=[joules] * 2)
        for number, (value, joules) in enumerate(rows)
    ]
    value, joules = data.draw(st.sampled_from(rows))
    beaten = record("beaten", value=value - 0.05, joules=[joules + 1.0] * 2)
    before = {row.entry: row.on_front for row in only_board(*records).entries}
    after = {row.entry: row.on_front for row in only_board(*records, beaten).entries}
    assert after == {**before, "beaten": False}
    assert any(before.values())


def test_a_row_says_what_kind_of_model_the_team_says_it_is() -> None:
    made = record()
    assert only_row(made).family is None
    said = replace(made, submission=replace(made.submission, family="boosted-trees"))
    assert only_row(said).family == "boosted-trees"
