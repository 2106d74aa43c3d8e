from __future__ import annotations

import csv
import io

import pytest
import site_samples as samples

from harness.records.board import Board
from harness.site.spreadsheet import comma_separated


def rows_of(board: Board) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(comma_separated(board).decode(), newline="")))


def test_figures_are_exact_and_what_is_unknown_is_empty() -> None:
    joules = 0.1 + 0.2
    (row,) = rows_of(samples.board(samples.entry(joules_per_1000_queries=joules, sessions=3)))
    assert float(row["joules_per_1000_queries"]) == joules
    assert row["joules_low"] == row["rank_best"] == row["front_support"] == ""


def test_what_the_meter_leaves_open_stands_in_columns_of_its_own() -> None:
    (row,) = rows_of(samples.board(samples.entry(joules_per_1000_queries=10.0)))
    assert float(row["joules_uncertainty_random"]) == pytest.approx(0.04)
    assert float(row["joules_uncertainty_systematic"]) == pytest.approx(4.0)


def test_energy_that_is_not_resolved_is_empty_and_not_zero() -> None:
    (row,) = rows_of(samples.board(samples.unresolved(quality=0.7)))
    empty = [
        name for name, cell in row.items() if cell == "" and ("joules" in name or "watts" in name)
    ]
    assert empty == [
        "joules_per_1000_queries", "joules_low", "joules_high", "joules_uncertainty_random",
        "joules_uncertainty_systematic", "active_joules_per_1000_queries", "start_joules",
        "load_joules", "warm_up_joules", "measured_joules", "drain_joules", "measured_watts",
    ]  # fmt: skip
    assert row["quality"] == "0.7"


def test_every_row_says_which_board_and_which_meter_grade_it_is_of() -> None:
    board = samples.board(samples.entry("a"), samples.entry("b"))
    for row in rows_of(board):
        assert (row["board"], row["meter_grade"], row["status"]) == (
            "some-task-offline-0badcafe", "model", "demonstration",
        )  # fmt: skip


def test_text_with_quotes_commas_and_newlines_comes_back_as_it_was() -> None:
    name = 'one, "two"\nthree'
    (row,) = rows_of(samples.board(samples.entry(team=name)))
    assert row["team"] == name


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\uff1d1", "\uff0b1", "\uff0d1"])
def test_text_that_a_spreadsheet_would_run_is_quoted_and_figures_are_not(name: str) -> None:
    (row,) = rows_of(samples.board(samples.entry(name, active_joules_per_1000_queries=-1.5)))
    assert row["entry"] == "'" + name
    assert row["active_joules_per_1000_queries"] == "-1.5"


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("t;=1+1;", "t;'=1+1;"),
        ('t; "=1+1";', 't;\' "=1+1";'),
        ("t;;@SUM(A1)", "t;;'@SUM(A1)"),
        ("\t=1", "\t'=1"),
        ("\r=1", "\n'=1"),
        ("t\t-1\r\n+1\n =1", "t\t'-1\n'+1\n' =1"),
        ("a-b + c @ d; e=f", "a-b + c @ d; e=f"),
        ("one\rtwo\r\nthree", "one\ntwo\nthree"),
    ],
)
def test_nor_does_a_spreadsheet_run_what_it_parts_from_a_name(name: str, written: str) -> None:
    (row,) = rows_of(samples.board(samples.entry(team=name)))
    assert row["team"] == written


def test_a_board_without_entries_is_a_header() -> None:
    assert comma_separated(samples.board()).count(b"\n") == 1
