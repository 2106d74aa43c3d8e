"""Sayings that take more than a string of the catalogue."""

from __future__ import annotations

import pytest
import site_samples as samples
from msgspec.structs import replace

from harness.records.board import Board, BoardEntry, Boards, JoulesUncertainty
from harness.records.joint import PrizeResult
from harness.records.meter import Grade
from harness.site.language import language
from harness.site.render import render
from harness.site.words import (
    PHONE_CHARGE_ADDRESS,
    asked,
    meter_uncertainty,
    metric_name,
    phone_charge,
    phone_charge_example,
    phone_charge_source,
    said_after,
)

ENGLISH, FRENCH = language("en"), language("fr")


def test_a_metric_is_named_with_its_class_and_an_unknown_one_by_itself() -> None:
    assert metric_name("macro_f1", ENGLISH) == "macro F1"
    assert metric_name("recall:chainsaw", FRENCH) == "rappel\u00a0: chainsaw"
    assert metric_name("of_the_future", FRENCH) == "of the future"


def test_what_a_prize_asks_is_spelt_as_the_rules_have_it() -> None:
    prize = PrizeResult(prize="best-quality", limit=1234.5, standings=())
    assert "within 1,234.5 J per 1,000 queries" in asked(prize, ENGLISH)
    assert "dans 1\u202f234,5 J pour 1\u202f000 requêtes" in asked(prize, FRENCH)


def test_what_the_meter_leaves_open_is_told_in_shares_of_the_figure() -> None:
    told = meter_uncertainty(samples.entry(), FRENCH)
    assert told.startswith("±0,400\u00a0% par les bords")
    assert "±40,0\u00a0% par son échelle" in told
    assert meter_uncertainty(samples.unresolved(), FRENCH) == "inconnue"


@pytest.mark.parametrize(
    ("share", "english", "french"),
    [
        (0.4, "±40.0\u00a0%", "±40,0\u00a0%"),
        (1.0, "up to a factor of 2", "jusqu\u2019à un facteur 2"),
        (1.5, "up to a factor of 2.5", "jusqu\u2019à un facteur 2,5"),
        (2.0, "up to a factor of 3", "jusqu\u2019à un facteur 3"),
    ],
)
def test_no_energy_is_told_to_be_perhaps_less_than_nothing(
    share: float, english: str, french: str
) -> None:
    left_open = JoulesUncertainty(random=0.1, systematic=12.5 * share)
    entry = samples.entry(joules_uncertainty=left_open)
    assert f", and {english} by its scale" in meter_uncertainty(entry, ENGLISH)
    assert f", et {french} par son échelle" in meter_uncertainty(entry, FRENCH)
    source = replace(samples.MODEL_SOURCE, relative_uncertainty=share)
    board = samples.board(entry, sources=(source,))
    page = render(Boards(boards=(board,), problems=()))["index.html"].decode()
    assert f"modelled work, not energy, {english}):" in page


def test_a_phone_charge_is_19_watt_hours_and_says_whose_figure_that_is() -> None:
    assert phone_charge(34_200_000.0, ENGLISH) == "a phone charge would answer about 2 queries"
    assert phone_charge(34_200_001.0, ENGLISH) == ""
    assert phone_charge(0.0, ENGLISH) == ""
    assert "5\u00a0millions de requêtes" in phone_charge(12.5, FRENCH)
    assert "19\u00a0Wh (68\u202f400\u00a0J)" in phone_charge_source(FRENCH)


def test_the_example_is_the_first_entry_that_competes_and_whose_energy_is_known() -> None:
    reference = samples.entry("null", quality=0.99, baseline=True)
    known = samples.entry("mine")
    board = measured(reference, samples.unresolved(quality=0.95), known)
    assert phone_charge_example(board, ENGLISH) == (
        "At the joules that mine takes, a phone charge would answer about 5\u00a0million queries."
    )
    floored = samples.entry("floored", joules_per_1000_queries=0.012, at_floor=True)
    board = measured(reference, floored, samples.entry("mine"))
    assert "that mine takes" in phone_charge_example(board, ENGLISH)
    assert phone_charge_example(measured(floored), ENGLISH) == ""
    assert phone_charge_example(measured(), ENGLISH) == ""


@pytest.mark.parametrize("grade", ["model", "simulated"])
def test_joules_that_were_not_measured_are_held_against_no_phone_charge(grade: Grade) -> None:
    board = samples.board(samples.entry("mine"), meter_grade=grade)
    assert phone_charge_example(board, ENGLISH) == ""
    page = render(Boards(boards=(board,), problems=()))["index.html"].decode()
    assert "phone charge" not in page
    assert PHONE_CHARGE_ADDRESS not in page


def test_the_source_of_a_phone_charge_is_linked_to() -> None:
    boards = Boards(boards=(measured(samples.entry("mine")),), problems=())
    for page in ("index.html", "fr/index.html"):
        assert f'<a href="{PHONE_CHARGE_ADDRESS}"' in render(boards)[page].decode()


def measured(*entries: BoardEntry) -> Board:
    return samples.board(*entries, meter_grade="wall")


def test_a_message_behind_its_title_does_not_say_it_again() -> None:
    assert said_after("no ranks: they are not here", "No ranks") == "They are not here"
    assert said_after("pas de rangs\u00a0: ils manquent", "Pas de rangs") == "Ils manquent"
    assert said_after("no control ran", "No control") == "No control ran"
    assert said_after("no ranks", "No ranks") == "No ranks"
    assert said_after("no title is known: it is new", "") == "No title is known: it is new"
