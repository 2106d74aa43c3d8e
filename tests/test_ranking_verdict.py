"""The sentence: every pair of findings has one, and it claims what they claim."""

from __future__ import annotations

import math
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from harness.ranking.paired_energy import EnergyFinding, EnergyStatus, not_compared
from harness.ranking.paired_quality import QualityFinding, QualityStatus
from harness.ranking.verdict import Terms, is_conclusive, sentence, span, what_it_takes
from harness.records.board import Interval

DASH = "\N{EN DASH}"
TERMS = Terms("old", "new", "macro_f1", "sensor", quality_margin=0.01, energy_margin=0.02)
QUALITY: dict[QualityStatus, tuple[Interval, int | None]] = {
    "better": ((0.0213, 0.0431), None),
    "worse": ((-0.0431, -0.0213), None),
    "equivalent": ((-0.004, 0.005), None),
    "not-told-apart": ((-0.02, 0.03), 3_200),
}
ENERGY: dict[EnergyStatus, tuple[Interval, int | None]] = {
    "less": ((0.56, 0.62), None),
    "more": ((1.12, 1.2), None),
    "equivalent": ((0.99, 1.01), None),
    "not-told-apart": ((0.9, 1.2), 14),
}


def quality(status: QualityStatus, *, needed: bool = True) -> QualityFinding:
    (low, high), items = QUALITY[status]
    return QualityFinding(
        status=status, difference=(low + high) / 2, difference_interval=(low, high),
        method="made up", paired=True, items_needed=items if needed else None,
    )  # fmt: skip


def energy(
    status: EnergyStatus, *, interval: Interval | None = None, needed: bool = True
) -> EnergyFinding:
    if status == "not-compared":
        return not_compared("the meter is a stand-in")
    found, sessions = ENERGY[status]
    return EnergyFinding(
        status=status, ratio=1.0, ratio_interval=interval or found,
        needed=sessions if needed else None,
    )  # fmt: skip


SENTENCES: dict[tuple[QualityStatus, EnergyStatus], str] = {
    ("better", "less"): "new is better on both: 38-44 % less energy than old, and a macro f1 higher"
    " by 0.021-0.043",
    ("better", "more"): "new uses 12-20 % more energy than old, for a macro f1 higher by"
    " 0.021-0.043",
    ("better", "equivalent"): "new has a higher macro f1 than old, by 0.021-0.043, at the same"
    " energy (energy within 2 %)",
    ("better", "not-told-apart"): "new has a higher macro f1 than old, by 0.021-0.043, at an energy"
    " that cannot be told apart",
    ("better", "not-compared"): "new has a higher macro f1 than old, by 0.021-0.043, and their"
    " energy is not compared: the meter is a stand-in",
    ("worse", "less"): "new uses 38-44 % less energy than old, and has a macro f1 lower by"
    " 0.021-0.043",
    ("worse", "more"): "new is worse on both: 12-20 % more energy than old, and a macro f1 lower by"
    " 0.021-0.043",
    ("worse", "equivalent"): "new has a lower macro f1 than old, by 0.021-0.043, at the same energy"
    " (energy within 2 %)",
    ("worse", "not-told-apart"): "new has a lower macro f1 than old, by 0.021-0.043, at an energy"
    " that cannot be told apart",
    ("worse", "not-compared"): "new has a lower macro f1 than old, by 0.021-0.043, and their energy"
    " is not compared: the meter is a stand-in",
    ("equivalent", "less"): "new uses 38-44 % less energy than old at the same quality (macro f1"
    " within 0.01)",
    ("equivalent", "more"): "new uses 12-20 % more energy than old at the same quality (macro f1"
    " within 0.01)",
    ("equivalent", "equivalent"): "old and new are the same within the margins: macro f1 within"
    " 0.01, energy within 2 %",
    ("equivalent", "not-told-apart"): "inconclusive: old and new have the same quality (macro f1"
    " within 0.01), at an energy that cannot be told apart; it would take about 14 sessions of each"
    " for the energy",
    ("equivalent", "not-compared"): "inconclusive: old and new have the same quality (macro f1"
    " within 0.01), and their energy is not compared: the meter is a stand-in",
    ("not-told-apart", "less"): "new uses 38-44 % less energy than old at a quality that cannot be"
    " told apart",
    ("not-told-apart", "more"): "new uses 12-20 % more energy than old at a quality that cannot be"
    " told apart",
    ("not-told-apart", "equivalent"): "inconclusive: old and new use the same energy (energy within"
    " 2 %), at a quality that cannot be told apart; it would take about 3,200 items for the"
    " quality",
    ("not-told-apart", "not-told-apart"): "inconclusive: neither quality nor energy tells old and"
    " new apart; it would take about 14 sessions of each for the energy and about 3,200 items for"
    " the quality",
    ("not-told-apart", "not-compared"): "inconclusive: the quality of old and new cannot be told"
    " apart, and their energy is not compared: the meter is a stand-in; it would take about 3,200"
    " items for the quality",
}  # fmt: skip


def test_every_pair_of_findings_has_a_sentence() -> None:
    assert set(SENTENCES) == set(product(QUALITY, [*ENERGY, "not-compared"]))


@pytest.mark.parametrize(("of_quality", "of_energy"), SENTENCES)
def test_the_sentence(of_quality: QualityStatus, of_energy: EnergyStatus) -> None:
    told = sentence(TERMS, quality(of_quality), energy(of_energy))
    assert told.replace(DASH, "-") == SENTENCES[of_quality, of_energy]
    conclusive = is_conclusive(quality(of_quality), energy(of_energy))
    assert told.startswith("inconclusive") != conclusive


def test_what_nothing_would_settle_is_said() -> None:
    told = sentence(
        TERMS, quality("not-told-apart", needed=False), energy("not-told-apart", needed=False)
    )
    assert told.endswith(
        "more sessions like these would not settle the energy, and more items would not settle the "
        "quality"
    )


def test_where_items_belong_to_groups_what_it_takes_is_groups() -> None:
    grouped = replace(quality("not-told-apart"), groups_needed=63)
    assert "items in 63 groups for the quality" in what_it_takes(grouped, energy("less"))


def test_an_article_fits_its_noun() -> None:
    terms = Terms("old", "new", "accuracy", "sensor", 0.01, 0.02)
    assert "for an accuracy higher by" in sentence(terms, quality("better"), energy("more"))


def test_some_that_would_and_some_that_would_not() -> None:
    told = sentence(TERMS, quality("not-told-apart"), energy("not-told-apart", needed=False))
    assert told.endswith(
        "it would take about 3,200 items for the quality, and more sessions like these would not "
        "settle the energy"
    )


@pytest.mark.parametrize(
    ("interval", "told"),
    [((4.91, 9.84), "4.9-9.8 times the energy of old"),
     ((2.0, 2.5), "2.0-2.5 times the energy of old"),
     ((1.99, 2.5), "99-150 % more energy than old")],
)  # fmt: skip
def test_from_twice_the_energy_on_it_is_told_in_times(interval: Interval, told: str) -> None:
    said = sentence(TERMS, quality("not-told-apart"), energy("more", interval=interval))
    assert said.replace(DASH, "-").startswith(f"new uses {told} at a quality")


def test_a_small_difference_of_quality_has_no_end_of_nothing() -> None:
    small = replace(quality("better"), difference_interval=(0.0001, 0.0021))
    told = sentence(TERMS, small, energy("equivalent")).replace(DASH, "-")
    assert "than old, by 0.00010-0.00210, at" in told


def test_energies_that_are_not_compared_take_a_number_of_each_or_one_campaign() -> None:
    few = replace(not_compared("of different days"), needed=3, unit="occasions")
    assert what_it_takes(quality("better"), few) == (
        "it would take at least 3 days or campaigns of each, or one campaign of both, for the "
        "energy"
    )


@pytest.mark.parametrize(
    ("grade", "noun"), [("wall", "% less energy"), ("model", "% less modelled energy")]
)
def test_modelled_joules_are_never_called_energy(grade: str, noun: str) -> None:
    terms = Terms("old", "new", "accuracy", grade, 0.01, 0.02)  # type: ignore[arg-type]
    assert noun in sentence(terms, quality("better"), energy("less"))


def test_only_the_energy_of_a_model_is_called_so() -> None:
    terms = Terms("old", "new", "accuracy", "model", 0.01, 0.02)
    told = sentence(terms, quality("better"), energy("not-told-apart"))
    assert told.endswith("at a modelled energy that cannot be told apart")


@pytest.mark.parametrize(
    ("low", "high", "told"),
    [(38.2, 44.1, "38-44"), (0.41, 1.3, "0.41-1.30"), (38.21, 38.24, "38.21-38.24"),
     (4.9, 98.0, "4.9-98.0"), (0.00001, 0.00002, "0.000010-0.000020"),
     (0.002, 150.0, "0.0020-150.0000"), (10.0, 10.0, "10-10")],
)  # fmt: skip
def test_a_range_keeps_its_ends_apart(low: float, high: float, told: str) -> None:
    assert span(low, high).replace(DASH, "-") == told


@pytest.mark.parametrize(
    ("interval", "told"),
    [((0.0015, 0.0085), "99.2-99.9 %"), ((0.0001, 0.00011), "99.989-99.990 %"),
     ((0.00003, 0.7), "30.000-99.997 %"), ((0.56, 0.62), "38-44 %")],
)  # fmt: skip
def test_nothing_uses_all_of_it_less(interval: Interval, told: str) -> None:
    less = EnergyFinding(
        status="less", ratio=math.sqrt(math.prod(interval)), ratio_interval=interval
    )
    said = sentence(TERMS, quality("better"), less).replace(DASH, "-")
    assert f"{told} less energy than old" in said


@given(st.floats(1e-6, 1e4), st.floats(1e-3, 1e3))
def test_a_range_is_spelled_near_what_it_is(low: float, more: float) -> None:
    ends = span(low, low + more).split(DASH)
    assert math.isclose(float(ends[0]), low, rel_tol=0.06)
    assert math.isclose(float(ends[1]), low + more, rel_tol=0.06)
