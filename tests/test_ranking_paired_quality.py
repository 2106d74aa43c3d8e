"""The quality of two entries on the same items: tests, intervals, and what it would take."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.ranking import paired_quality
from harness.ranking.paired_quality import (
    Apart,
    OfSessions,
    QualityFinding,
    Resampled,
    RightOrWrong,
    compare_quality,
    sign_flip_p,
    tango_interval,
)

NOTHING = OfSessions(), OfSessions()


def right_or_wrong(
    both: int, only_a: int, only_b: int, neither: int, *, sessions: int = 1
) -> RightOrWrong:
    """Make items by how many either entry answered rightly, in every session alike."""
    a = [1] * both + [1] * only_a + [0] * only_b + [0] * neither
    b = [1] * both + [0] * only_a + [1] * only_b + [0] * neither
    return RightOrWrong(
        sessions * np.array(a, np.int64), sessions * np.array(b, np.int64), sessions, sessions
    )


def found(
    evidence: RightOrWrong | Resampled | Apart,
    *,
    margin: float = 0.01,
    items: int | None = None,
    of_sessions: tuple[OfSessions, OfSessions] = NOTHING,
) -> QualityFinding:
    if items is None:
        assert isinstance(evidence, RightOrWrong)
        items = len(evidence.a)
    return compare_quality(evidence, items=items, margin=margin, of_sessions=of_sessions)


# McNemar's exact test, and the test that it is a case of


@pytest.mark.parametrize(
    ("only_a", "only_b", "p"),
    [
        (0, 0, 1.0),
        (3, 3, 1.0),
        (0, 5, 2 / 32),
        (0, 6, 2 / 64),
        (1, 7, 2 * 9 / 256),
        (5, 15, 2 * sum(math.comb(20, k) for k in range(6)) / 2**20),
    ],
)
def test_the_exact_p_is_mcnemars(only_a: int, only_b: int, p: float) -> None:
    made = found(right_or_wrong(50, only_a, only_b, 30))
    assert made.p_value == pytest.approx(p)
    assert (made.only_a_right, made.only_b_right) == (only_a, only_b)
    assert "McNemar" in made.method


def by_hand(differences: Sequence[int]) -> float:
    """Toss all signs in all ways."""
    seen = abs(sum(differences))
    tosses = [
        abs(sum(s * d for s, d in zip(signs, differences, strict=True))) >= seen
        for signs in product((-1, 1), repeat=len(differences))
    ]
    return sum(tosses) / len(tosses)


@given(st.lists(st.integers(-6, 6), min_size=1, max_size=9))
def test_shares_of_sessions_are_tested_by_every_way_of_turning_signs(
    differences: list[int],
) -> None:
    assert sign_flip_p(np.array(differences)) == pytest.approx(by_hand(differences), abs=1e-9)


def test_very_many_steps_are_left_to_the_normal_law(monkeypatch: pytest.MonkeyPatch) -> None:
    differences = np.random.default_rng(1).integers(-3, 4, 4000)
    exact = sign_flip_p(differences)
    monkeypatch.setattr(paired_quality, "MOST_STEPS", 10)
    assert 0.1 < exact < 0.5
    assert sign_flip_p(differences) == pytest.approx(exact, rel=0.05)


def test_an_item_whose_sessions_disagree_counts_by_its_share() -> None:
    a = np.array([4, 4, 0, 2], np.int64)
    b = np.array([3, 0, 3, 1], np.int64)
    made = found(RightOrWrong(a, b, sessions_a=4, sessions_b=3))
    assert made.only_b_right == pytest.approx(1.0)  # item 2
    assert made.only_a_right == pytest.approx(1 + (2 / 4 - 1 / 3))
    assert made.difference == pytest.approx((1.0 - 1 - (2 / 4 - 1 / 3)) / 4)
    assert "shares of sessions" in made.method


# Intervals


def score_at(difference: float, only_b: int, only_a: int, items: int) -> float:
    """Work the score statistic out with the likeliest chances that have this difference."""
    other = np.linspace(max(0.0, -difference), (1 - difference) / 2, 2_000_001)[1:-1]
    logs = only_b * np.log(other + difference) + only_a * np.log(other)
    logs += (items - only_b - only_a) * np.log(1 - 2 * other - difference)
    likeliest = float(other[np.argmax(logs)])
    variance = items * (2 * likeliest + difference - difference**2)
    return (only_b - only_a - items * difference) / math.sqrt(variance)


@pytest.mark.parametrize(("only_b", "only_a", "items"), [(12, 2, 50), (40, 55, 1200)])
def test_tangos_interval_ends_where_the_score_test_does(
    only_b: int, only_a: int, items: int
) -> None:
    low, high = tango_interval(only_b, only_a, items)
    assert score_at(low, only_b, only_a, items) == pytest.approx(1.959964, abs=1e-3)
    assert score_at(high, only_b, only_a, items) == pytest.approx(-1.959964, abs=1e-3)


def test_tangos_interval_of_none_that_differ() -> None:
    low, high = tango_interval(0, 0, 50)
    assert high == -low == pytest.approx(1.959964**2 / (50 + 1.959964**2))


@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 100))
def test_tangos_interval_mirrors_and_holds_what_was_seen(b: int, a: int, rest: int) -> None:
    items = a + b + rest
    if not items:
        return
    low, high = tango_interval(b, a, items)
    assert -1 <= low <= (b - a) / items + 1e-9
    assert (b - a) / items - 1e-9 <= high <= 1
    mirrored = tango_interval(a, b, items)
    assert (-mirrored[1], -mirrored[0]) == pytest.approx((low, high), abs=1e-9)


def test_the_interval_holds_zero_where_the_exact_test_tells_nothing() -> None:
    assert tango_interval(5, 0, 100)[0] > 0
    made = found(right_or_wrong(80, 0, 5, 15))
    assert made.p_value == pytest.approx(0.0625)
    assert made.difference_interval[0] == 0
    assert made.status == "not-told-apart"


def test_what_whole_sessions_differ_by_widens_the_interval() -> None:
    evidence = right_or_wrong(800, 20, 60, 120, sessions=3)
    same = OfSessions((0.86,) * 3)
    steady = found(evidence, of_sessions=(OfSessions((0.82,) * 3), same))
    shaky = found(evidence, of_sessions=(OfSessions((0.80, 0.82, 0.84)), same))
    explained = found(evidence, of_sessions=(OfSessions((0.80, 0.82, 0.84), noise=1e-3), same))
    assert explained == steady
    assert steady.status == "better"
    assert shaky.difference_interval[0] < steady.difference_interval[0]
    assert shaky.difference_interval[1] > steady.difference_interval[1]
    assert shaky.status == "not-told-apart"  # 4.3 x 0.02 / sqrt(3) = 0.05 is more than 0.04


def resampled(difference: float, resamples: npt.NDArray[np.float64], units: int) -> Resampled:
    return Resampled(difference, resamples, units=units, worth=units, method="bootstrap")


def test_a_bootstrap_leaves_out_its_tails() -> None:
    resamples = np.linspace(0.0, 1.0, 1001)
    many, few = (found(resampled(0.5, resamples, units), items=100) for units in (100_000, 6))
    assert many.difference_interval == pytest.approx((0.025, 0.975), abs=1e-4)
    assert few.difference_interval == pytest.approx((0.0024, 0.9976), abs=1e-4)  # t(5) = 2.571
    made = many
    assert (made.method, made.p_value, made.only_a_right) == ("paired bootstrap", None, None)


def test_units_of_which_none_differs_still_leave_something_open() -> None:
    same = resampled(0.0, np.zeros(100), 40)
    low, high = found(same, items=40).difference_interval
    assert high == -low == pytest.approx(1.96**2 / (40 + 1.96**2), abs=1e-3)


def test_few_errors_in_single_items_of_groups_leave_as_much_open_as_none_does() -> None:
    shown = np.linspace(-0.01, 0.01, 101)
    low, high = found(resampled(0.0, shown, 40), items=400).difference_interval
    assert high == -low == pytest.approx(1.96**2 / (40 + 1.96**2), abs=1e-3)
    uneven = Resampled(0.0, shown, units=40, worth=20.0, method="bootstrap")
    assert found(uneven, items=400).difference_interval[1] == pytest.approx(0.161, abs=1e-3)


def test_what_units_that_were_not_seen_leave_open_shrinks_with_their_number() -> None:
    shown = np.linspace(-0.004, 0.004, 101)
    few = found(resampled(0.0, shown, 40), items=400, margin=0.02)
    assert few.groups_needed == 189
    assert found(resampled(0.0, shown, 400), items=400).groups_needed is None
    assert few.items_needed == 1883  # 40 units become 189; by the root they would be 1,570
    enough, one_less = (
        found(resampled(0.0, shown / 2, units), items=1883, margin=0.02) for units in (189, 188)
    )
    assert (enough.status, one_less.status) == ("equivalent", "not-told-apart")


def test_one_unit_tells_nothing() -> None:
    alone = resampled(0.2, np.full(100, 0.2), 1)
    assert found(alone, items=40).difference_interval == (-1.0, 1.0)


def test_without_items_each_ones_interval_is_put_together() -> None:
    made = found(Apart((0.7, 0.67, 0.72), (0.8, 0.76, 0.83)), items=900)
    assert made.difference == pytest.approx(0.1)
    assert made.difference_interval == pytest.approx(
        (0.1 - math.hypot(0.04, 0.02), 0.1 + math.hypot(0.03, 0.03))
    )
    assert (made.paired, made.status) == (False, "better")


# Statuses and what it would take


@pytest.mark.parametrize(
    ("only_a", "only_b", "status"),
    [(20, 60, "better"), (60, 20, "worse"), (1, 1, "equivalent"), (20, 30, "not-told-apart")],
)
def test_every_status_is_reached(only_a: int, only_b: int, status: str) -> None:
    made = found(right_or_wrong(2000 - only_a - only_b, only_a, only_b, 0))
    assert made.status == status
    assert (made.items_needed is None) == (status != "not-told-apart")


@pytest.mark.parametrize(("value", "told"), [(200, 0), (0, 200)], ids=["all right", "all wrong"])
def test_entries_that_are_alike_on_every_item_are_not_told_apart_by_few(
    value: int, told: int
) -> None:
    made = found(right_or_wrong(value, 0, 0, told))
    assert (made.difference, made.p_value) == (0.0, 1.0)
    assert made.status == "not-told-apart"  # 200 items leave 0.019 open
    assert found(right_or_wrong(value * 10, 0, 0, told * 10)).status == "equivalent"


def test_what_it_would_take_is_enough_when_it_is_there() -> None:
    few = found(right_or_wrong(700, 30, 44, 226))
    assert few.status == "not-told-apart"
    assert few.items_needed is not None
    times = few.items_needed / 1000
    many = [round(times * count) for count in (700, 30, 44, 226)]
    assert found(right_or_wrong(many[0], many[1], many[2], many[3])).status == "better"
    # In four of five tries: the difference is 1.96 + 0.84 of its standard errors, and hardly more.
    assert 2.80 < (many[2] - many[1]) / math.sqrt(many[2] + many[1]) < 2.95


def test_to_show_that_two_are_the_same_takes_a_number_too() -> None:
    few = found(right_or_wrong(280, 5, 5, 10))
    assert few.difference == 0.0
    assert few.items_needed is not None
    times = math.ceil(few.items_needed / 300)
    assert found(right_or_wrong(280 * times, 5 * times, 5 * times, 10 * times)).status == (
        "equivalent"
    )


def test_where_nothing_differs_what_is_left_open_shrinks_with_the_number_of_items() -> None:
    needed = found(right_or_wrong(200, 0, 0, 100)).items_needed
    assert needed == 381  # z^2 / (n + z^2) is 0.01
    same = resampled(0.0, np.zeros(100), 300)
    assert found(same, items=300).items_needed == needed


def test_no_margin_and_no_difference_are_settled_by_no_number() -> None:
    assert found(right_or_wrong(280, 5, 5, 10), margin=0.0).items_needed is None


def test_no_items_are_refused() -> None:
    with pytest.raises(ValueError, match="no items"):
        found(Apart((0.5, 0.4, 0.6), (0.5, 0.4, 0.6)), items=0)


def test_equal_entries_are_called_different_in_few_tries() -> None:
    rng = np.random.default_rng(20_261_125)
    told, tries = 0, 600
    for _ in range(tries):
        hard = rng.random(150)
        a, b = (np.asarray(rng.random(150) > hard, np.int64) for _ in range(2))
        told += found(RightOrWrong(a, b, 1, 1)).status in {"better", "worse"}
    assert told / tries <= 0.05


def test_items_do_not_mend_what_whole_sessions_differ_by() -> None:
    evidence = right_or_wrong(820, 50, 40, 90, sessions=3)
    same = OfSessions((0.86,) * 3)
    steady = found(evidence, of_sessions=(OfSessions((0.87,) * 3), same)).items_needed
    shaken = OfSessions((0.868, 0.870, 0.872))
    shaken_needed = found(evidence, of_sessions=(shaken, same)).items_needed
    wild = found(evidence, of_sessions=(OfSessions((0.70, 0.87, 0.99)), same))
    assert steady is not None
    assert shaken_needed is not None
    assert shaken_needed > steady
    assert (wild.status, wild.items_needed) == ("not-told-apart", None)
