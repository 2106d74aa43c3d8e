"""Whether the order of modelled energy would be another with another idle power."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from record_samples import NULL, RULES, SOURCE, component_energy, record, session, stored

from harness.ranking.base_power import NOISE, Draw, base_ratio, draw_of, overturned
from harness.ranking.boards import make_boards
from harness.records.board import Board
from harness.records.energy import joules_per_1000
from harness.records.evaluation import EvaluationRecord
from harness.records.meter import ComponentEnergy, MeterDescription, WindowReading
from harness.records.session import PhaseWindow, Session
from harness.site.spreadsheet import comma_separated

CORE, BASE = 4.0, 0.8
MODEL = replace(
    SOURCE, name="cpu-time model", grade="model", kind="model",
    constants={"core_watts": CORE, "base_watts": BASE},
)  # fmt: skip
METER = MeterDescription(name="model", grade="model", sources=(MODEL,))
AMORTISE = RULES.reference_to_these.amortise_queries


def worked(
    cpu_seconds: float, seconds: float, *, gpu_joules: float | None = None, index: int = 0
) -> Session:
    """Make a session whose measured phase of 2,000 queries took this; modelled as the meter does.

    Start, load and warm-up together took 2 CPU-seconds in 5 seconds.
    """
    parts = {
        "idle-before": (0.0, 1.0), "start": (0.5, 1.0), "load": (0.5, 2.0), "warm-up": (1.0, 2.0),
        "measured": (cpu_seconds, seconds), "drain": (0.0, 0.0), "idle-after": (0.0, 1.0),
    }  # fmt: skip
    phases = []
    for each in session().phases:
        cpu, wall = parts[each.phase]
        energy: tuple[ComponentEnergy, ...] = (component_energy(CORE * cpu + BASE * wall),)
        if gpu_joules is not None:
            used = gpu_joules if each.phase == "measured" else 0.0
            energy = (*energy, component_energy(used, component="gpu"))
        phases.append(
            PhaseWindow(
                phase=each.phase,
                reading=WindowReading(seconds=wall, cpu_seconds=cpu, energy=energy),
                disturbance=each.disturbance,
            )
        )
    return replace(session(index=index), phases=tuple(phases))


def modelled(entry: str, cpu_seconds: float, seconds: float, **changes: Any) -> EvaluationRecord:  # noqa: ANN401 - any field
    fields: dict[str, Any] = {"meter": METER, "sessions": (worked(cpu_seconds, seconds),) * 5}
    return record(entry, **fields | changes)


def only_board(*records: EvaluationRecord) -> Board:
    (board,) = make_boards([stored(each) for each in records], RULES).boards
    return board


def about_order(board: Board) -> list[tuple[str, str]]:
    return [(n.code, n.message) for n in board.notes if n.code.startswith("order-")]


def test_the_draw_at_the_stated_ratio_is_the_ranked_figure() -> None:
    made = worked(3.0, 4.0)
    draw = draw_of("a", [made], AMORTISE, METER)
    ratio = base_ratio(METER)
    assert ratio is not None
    assert ratio == pytest.approx(0.2)
    assert draw.core_seconds == pytest.approx(1000 * (2 / AMORTISE + 3 / 2000))
    assert draw.wall_seconds == pytest.approx(1000 * (5 / AMORTISE + 4 / 2000))
    assert CORE * draw.at(ratio) == pytest.approx(joules_per_1000(made, AMORTISE))


def test_what_a_board_measured_beside_the_model_is_part_of_the_figure() -> None:
    gpu = replace(SOURCE, name="gpu-0", component="gpu")
    meter = MeterDescription(name="model+nvml", grade="model", sources=(MODEL, gpu))
    made = worked(3.0, 4.0, gpu_joules=100.0)
    draw = draw_of("a", [made], AMORTISE, meter)
    assert CORE * draw.at(BASE / CORE) == pytest.approx(joules_per_1000(made, AMORTISE))


@pytest.mark.parametrize(
    "meter",
    [
        MeterDescription(name="rapl", grade="sensor", sources=(SOURCE,)),
        MeterDescription(
            name="codecarbon",
            grade="model",
            sources=(replace(MODEL, constants={"cpu_watts": 8.0}),),
        ),
        MeterDescription(
            name="odd", grade="model", sources=(replace(MODEL, constants={"core_watts": 0.0}),)
        ),
    ],
)
def test_another_meter_has_no_such_ratio(meter: MeterDescription) -> None:
    assert base_ratio(meter) is None
    with pytest.raises(ValueError, match="no CPU-time model"):
        draw_of("a", [session()], AMORTISE, meter)
    board = only_board(record("a", meter=meter), record("b", meter=meter))
    assert about_order(board) == []


def test_an_order_that_waiting_would_turn_names_the_pair() -> None:
    # At r = 0.2: busy 3.0 + 0.6 = 3.6, waiting 2.0 + 1.4 = 3.4; at r = 0.4: 4.2 and 4.8.
    board = only_board(
        modelled("busy", 3.0, 3.0), modelled("waiting", 2.0, 7.0), modelled("large", 30.0, 30.0)
    )
    ((code, message),) = about_order(board)
    assert code == "order-depends-on-base-power"
    assert message.endswith(": busy / waiting")
    assert "twice what the model assumes (0.2 of a busy core)" in message
    assert b"order-depends-on-base-power" in comma_separated(board)


def test_an_order_that_holds_is_said_to_hold() -> None:
    board = only_board(modelled("small", 3.0, 3.0), modelled("large", 6.0, 7.0))
    ((code, message),) = about_order(board)
    assert code == "order-holds"
    assert "is the same for any idle power" in message
    assert b"modelled-energy order-holds " in comma_separated(board)


def test_one_entry_and_entries_that_share_the_floor_have_no_order() -> None:
    assert about_order(only_board(modelled("alone", 3.0, 3.0))) == []
    null = modelled(NULL, 3.0, 3.0)
    waiting = modelled("waiting", 2.0, 7.0)
    assert about_order(only_board(null, waiting)) == []
    large = modelled("large", 300.0, 300.0)  # against the floor it has one, and it holds
    ((code, _),) = about_order(only_board(null, waiting, large))
    assert code == "order-holds"


def test_pooled_sessions_of_the_latest_digest_count_and_earlier_digests_do_not() -> None:
    old = modelled("a", 30.0, 30.0, created="2026-01-01T00:00:00+00:00", digest="11" * 32)
    board = only_board(old, modelled("a", 2.0, 7.0), modelled("busy", 3.0, 3.0))
    ((code, _),) = about_order(board)
    assert code == "order-depends-on-base-power"


def test_of_very_many_pairs_some_are_named_and_the_rest_counted() -> None:
    # The more an entry works the less it waits, so that every pair turns.
    board = only_board(*(modelled(f"e{i}", 3 + i / 10, 3 + (6 - i)) for i in range(6)))
    ((_, message),) = about_order(board)
    assert message.count(" / ") == 5
    assert message.endswith("and 10 more pairs")


draws = st.lists(
    st.builds(
        Draw,
        st.text("abc", min_size=1, max_size=3),
        st.floats(0.001, 1e6),
        st.floats(0.001, 1e6),
    ),
    max_size=6,
)


@given(draws, st.floats(0, 100), st.floats(0, 2))
def test_a_pair_that_is_not_named_keeps_its_order_all_the_way(
    entries: Sequence[Draw], ratio: float, position: float
) -> None:
    entries = [each._replace(entry=str(i)) for i, each in enumerate(entries)]
    named = set(overturned(entries, ratio).first)
    for i, one in enumerate(entries):
        for other in entries[i + 1 :]:
            if (one.entry, other.entry) in named:
                continue
            ends = one.at(0.0) - other.at(0.0)
            inside = one.at(position * ratio) - other.at(position * ratio)
            level = math.isclose(one.at(position * ratio), other.at(position * ratio), rel_tol=1e-8)
            assert level or (inside > 0) == (ends > 0)


@given(draws, st.floats(0, 100))
def test_the_order_of_the_entries_does_not_matter(entries: Sequence[Draw], ratio: float) -> None:
    entries = [each._replace(entry=str(i)) for i, each in enumerate(entries)]
    there = {frozenset(pair) for pair in overturned(entries, ratio).first}
    back = {frozenset(pair) for pair in overturned(entries[::-1], ratio).first}
    assert there == back


close = st.builds(
    Draw,
    st.text("abc", min_size=1, max_size=3),
    *[st.sampled_from([0.0, 1.0, 1 + 0.7e-9, 1 + 1.4e-9, 1 + 2.1e-9, 2.0, 3.0])] * 2,
)


@given(
    st.lists(close, max_size=12),
    st.sampled_from([0.0, 0.2, 7.0]),
    st.sets(st.integers(0, 11)),
    st.sampled_from([None, 0, 1, 5]),
)
def test_pairs_are_counted_and_named_as_if_each_were_looked_at(
    entries: Sequence[Draw], ratio: float, at_floor: set[int], most: int | None
) -> None:
    """Neighbours that are level with one another need not be so with each other's neighbours."""
    entries = [each._replace(entry=str(i)) for i, each in enumerate(entries)]
    level = {str(i) for i in at_floor}

    def sign(one: float, other: float) -> int:
        noise = NOISE * max(one, other)
        return (one - other > noise) - (other - one > noise)

    pairs = tuple(
        (one.entry, other.entry)
        for i, one in enumerate(entries)
        for other in entries[i + 1 :]
        if not {one.entry, other.entry} <= level
        and sign(one.at(0.0), other.at(0.0)) != sign(one.at(2 * ratio), other.at(2 * ratio))
    )
    assert overturned(entries, ratio, level=level, most=most) == (pairs[:most], len(pairs))


def test_equals_stay_equal() -> None:
    assert overturned([Draw("a", 1.0, 2.0), Draw("b", 1.0, 2.0)], 0.3).first == ()
    assert overturned([Draw("a", 1.0, 2.0), Draw("b", 1.0, 3.0)], 0.3) == ((("a", "b"),), 1)


def test_an_entry_whose_energy_is_not_resolved_has_no_place_in_an_order() -> None:
    coarse = tuple(
        replace(
            each,
            reading=replace(
                each.reading,
                energy=tuple(replace(part, edges_joules=1e6) for part in each.reading.energy),
            ),
        )
        for each in worked(1.0, 90.0).phases
    )
    waiting = modelled("waiting", 1.0, 90.0)
    unresolved = replace(waiting, sessions=(replace(waiting.sessions[0], phases=coarse),) * 5)
    working = modelled("working", 10.0, 10.0)

    assert [code for code, _ in about_order(only_board(working, waiting))] == [
        "order-depends-on-base-power"
    ]
    assert about_order(only_board(working, unresolved)) == []
