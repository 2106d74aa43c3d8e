"""The CPU time of two entries that took turns: what is told of it, and what is not."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.ranking.duel import compare_costs, regressions, verdict
from harness.records.statistics import LEAST_SPREAD, paired_ratio

MARGIN = 0.02
ROUNDS = (1.00, 1.31, 0.98, 1.02, 1.29, 0.97, 1.01, 1.30)
"""A machine whose speed comes and goes."""
NOISE = (0.999, 1.002, 1.0, 1.001, 0.998, 1.001, 1.0, 0.999)


def costs(factor: float) -> list[float]:
    return [factor * mood * noise for mood, noise in zip(ROUNDS, NOISE, strict=True)]


def test_what_a_round_has_in_common_falls_out() -> None:
    found = compare_costs([ROUNDS, costs(1.03)], MARGIN)

    assert found.status == "more"
    assert found.ratio == pytest.approx(1.03, rel=1e-3)
    assert found.method == "paired by 8 rounds, Student's t on logarithms"
    estimate = paired_ratio(costs(1.03), ROUNDS, least_spread=LEAST_SPREAD)
    assert estimate is not None
    assert found.ratio_interval == pytest.approx(estimate.interval())


@pytest.mark.parametrize(
    ("factor", "said"),
    [
        (1.03, r"new takes 2\.\d+\N{EN DASH}3\.\d+ % more CPU time per query than old"),
        (0.60, r"new takes (39|40)[.\d]*\N{EN DASH}40[.\d]* % less CPU time per query than old"),
        (2.50, r"new takes 2\.\d+\N{EN DASH}2\.\d+ times the CPU time per query of old"),
        (1.0, r"old and new take the same CPU time per query, within 2 %"),
    ],
)
def test_the_verdict_claims_the_whole_interval(factor: float, said: str) -> None:
    found = compare_costs([ROUNDS, costs(factor)], MARGIN)

    assert re.fullmatch(said, verdict("old", "new", found, found, MARGIN))


def test_what_is_less_by_queries_and_more_as_ranked_is_said_to_be_both() -> None:
    less, more = (compare_costs([ROUNDS, costs(factor)], MARGIN) for factor in (0.6, 2.5))

    said = verdict("old", "new", less, more, MARGIN)
    assert re.fullmatch(
        r"new takes [-.\d\N{EN DASH}]+ % less CPU time per query than old, but "
        r"2\.\d+\N{EN DASH}2\.\d+ times the CPU time of old as ranked",
        said,
    )
    assert ", but " not in verdict("old", "new", less, less, MARGIN)


def test_what_rounds_do_not_tell_is_inconclusive_and_says_what_it_would_take() -> None:
    wild = [cost * (1.2 if at % 2 else 0.9) for at, cost in enumerate(costs(1.0))]
    found = compare_costs([ROUNDS, wild], MARGIN)

    assert found.status == "not-told-apart"
    assert found.needed is not None
    assert found.unit == "rounds"
    assert verdict("old", "new", found, found, MARGIN) == (
        "inconclusive: the CPU time per query of old and new cannot be told apart; it would "
        f"take about {found.needed:,} rounds"
    )


def test_a_cost_that_cannot_be_counted_is_not_compared() -> None:
    found = compare_costs([[0.0, 0.1, 0.1], [0.1, 0.1, 0.1]], MARGIN)

    assert found.status == "not-compared"
    assert verdict("old", "new", found, found, MARGIN) == (
        "the CPU time per query of old and new is not compared: one took less CPU time than can be "
        "counted here"
    )


def test_only_what_is_certainly_worse_by_more_than_the_margin_is_a_regression() -> None:
    of = {factor: compare_costs([ROUNDS, costs(factor)], MARGIN) for factor in (0.9, 1.02, 1.03)}

    assert regressions({"queries": of[1.03], "as_ranked": of[0.9]}, MARGIN) == ("queries",)
    assert regressions({"queries": of[1.02], "as_ranked": of[1.03]}, MARGIN) == ("as_ranked",)
    assert regressions({"queries": of[0.9], "as_ranked": of[1.02]}, MARGIN) == ()


@given(
    st.lists(st.floats(1e-3, 1e3), min_size=5, max_size=12),
    st.floats(0.1, 10.0),
    st.floats(1e-6, 1e6),
)
def test_turning_the_two_round_turns_the_finding_and_no_unit_has_a_say(
    moods: list[float], factor: float, unit: float
) -> None:
    a, b = moods, [factor * mood * (1.01 if at % 2 else 1.0) for at, mood in enumerate(moods)]
    there, back = compare_costs([a, b], MARGIN), compare_costs([b, a], MARGIN)
    scaled = compare_costs([[unit * each for each in a], [unit * each for each in b]], MARGIN)

    assert there.ratio is not None
    assert back.ratio is not None
    assert scaled.ratio is not None
    assert math.isclose(there.ratio * back.ratio, 1, rel_tol=1e-9)
    turned = {"less": "more", "more": "less"}
    assert turned.get(there.status, there.status) == back.status
    assert math.isclose(there.ratio, scaled.ratio, rel_tol=1e-9)
