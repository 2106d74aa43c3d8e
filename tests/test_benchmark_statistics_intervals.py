"""The simulation of intervals tells what covers too little, and draws what it saw."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest

sys.path.append(str(Path(__file__).resolve().parent.parent / "benchmarks"))

import statistics_intervals as bench
from statistics_intervals_against import against_settings
from statistics_intervals_attainable import attainable, beyond_all, can_hold
from statistics_intervals_days import day_settings
from statistics_intervals_figure import draw
from statistics_intervals_groups import group_settings
from statistics_intervals_quality import (
    newest_quality_settings,
    quality_settings_by_sessions,
)

from harness.tasks import intervals


def row(covered: float, *, panel: str = "shares", size: int = 500) -> bench.Row:
    return bench.Row(panel, "accuracy", size, (0.5, 0.8, 0.9, covered, 0.99), 0.1, 1.0)


@pytest.mark.parametrize(
    ("made", "verdict"),
    [
        (row(0.95), "met"),
        (row(0.929), "too seldom"),
        (row(0.975), "more than asked"),
        (row(0.975, size=200), "met"),
        (row(0.975, panel="energy of sessions"), "met"),
        (row(0.91, panel="energy of sessions", size=5), "too seldom"),
        (row(0.84, panel="without: plain t"), "for comparison"),
    ],
)
def test_a_verdict_is_of_the_goal(made: bench.Row, verdict: str) -> None:
    assert made.verdict == verdict


def test_what_no_interval_can_is_said_by_the_estimates_that_were_drawn() -> None:
    counts = np.repeat(np.arange(6.0), [202, 323, 259, 138, 55, 23])  # of 1.6 errors
    assert not attainable(counts / 252, 0.93, 0.97)  # 92.2 % of up to three, 97.7 % of up to four
    assert attainable(counts / 252, 0.92, 0.97)
    assert attainable(np.arange(1_000.0), 0.93, 0.97)
    assert not attainable(np.zeros(10), 0.93, 0.97)
    made = row(0.977)
    assert replace(made, can=False).verdict == "no interval can"
    assert replace(row(0.95), can=False).verdict == "met"


def test_a_share_of_one_or_two_errors_is_beyond_the_goal_of_any_interval() -> None:
    assert not can_hold(500, 1, 1.0), "92.0 % of up to two errors, 98.1 % of up to three"
    assert can_hold(500, 2, 1.0), "94.8 % of up to four"
    assert not can_hold(500, 2, 0.05), "5.2 % see more than these four, which is one side alone"
    assert can_hold(500, 2, 0.053)
    assert can_hold(500, 10, 0.05)
    assert (0.95, 1.15) in [*beyond_all(500)]


def test_the_page_and_the_figure_show_every_setting() -> None:
    rows = [row(0.95), row(0.92, panel="energy of sessions"), row(0.8, panel="without: plain t")]
    text = bench.page(rows, 2_000)
    assert text.count("| accuracy | 500 |") == 3
    assert "92.0% | 0.100 | too seldom" in text
    figure = ET.fromstring(draw([(r.panel, r.covered) for r in rows], bench.LEVELS))  # noqa: S314 - our own
    lines = [each for each in figure.iter() if each.tag.endswith("polyline")]
    assert len(lines) == 2  # what was not chosen is in the table alone


def test_the_committed_page_begins_as_it_is_made() -> None:
    made, _ = bench.page([row(0.95)], 2_000).split("\n## ", 1)
    committed, _ = bench.PAGE.read_text(encoding="utf-8").split("\n## ", 1)
    assert committed == made
    assert "diagrams are of the last run of every setting at once" in made


def test_rows_that_were_run_again_take_the_place_of_those_on_the_page() -> None:
    rows = [row(0.95), row(0.92, panel="energy of sessions"), row(0.8, panel="without: plain t")]
    text = bench.page(rows, 2_000)
    again = bench.replaced(text, [row(0.96, panel="energy of sessions")])
    assert again == bench.page([rows[0], row(0.96, panel="energy of sessions"), rows[2]], 2_000)


def test_rows_that_the_page_has_not_come_last_of_their_table_or_in_one_of_their_own() -> None:
    rows = [row(0.95), row(0.8, panel="without: plain t")]
    more = [row(0.96, size=499), row(0.94, panel="groups")]
    text = bench.replaced(bench.page(rows, 2_000), more)
    assert text == bench.page([rows[0], more[0], rows[1], more[1]], 2_000)


def test_every_setting_draws_intervals_around_something(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intervals, "RESAMPLES", 40)
    settings: list[Any] = bench._settings()
    rng = np.random.Generator(np.random.PCG64(0))
    for panel, name, size, draw_once in settings:
        if size < 1_000:
            truth, found, *estimate = draw_once(rng, bench.LEVELS)
            assert all(0 <= each <= 1 for each in estimate), name
            assert len(found) == len(bench.LEVELS), name
            widths = [high - low for low, high in found]
            assert "looks" in panel or widths == sorted(widths), name
            assert 0 < truth <= 1, name


def test_a_setting_that_is_run_again_gives_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "FEWER_RESAMPLES", 40)
    monkeypatch.setattr(intervals, "RESAMPLES", 40)
    first, again = bench._run(20, 0), bench._run(20, 0)
    assert (first.covered, first.width) == (again.covered, again.width)
    assert first.size == 86


def test_every_setting_has_a_name_of_its_own_and_later_ones_come_last() -> None:
    keys = [(panel, name, size) for panel, name, size, _ in bench._settings()]
    assert len(set(keys)) == len(keys)
    newest = [
        *quality_settings_by_sessions(),
        *day_settings(),
        *newest_quality_settings(),
        *group_settings(),
        *against_settings(),
    ]
    later = [(panel, name, size) for panel, name, size, _ in newest]
    assert keys[-len(later) :] == later  # the number of a setting seeds its randomness
    by_three = {name.removesuffix(" three sessions") for _, name, _ in keys}
    by_five = [
        name.removesuffix(" five sessions")
        for panel, name, _ in later
        if "five" in name and panel == "metrics of labels"
    ]
    assert by_five
    assert set(by_five) <= by_three
