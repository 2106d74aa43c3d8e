from __future__ import annotations

import re

import pytest
import site_samples as samples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.records.board import Board, BoardEntry
from harness.records.meter import Grade
from harness.site.figure import (
    MOST_MARKS,
    NARROW,
    WIDE,
    Figure,
    Layout,
    draw,
    front_of,
    front_steps,
)
from harness.site.figure_words import description, mark_summary, told_of
from harness.site.labels import Box, Label
from harness.site.language import language
from harness.site.scales import Scale
from harness.site.text import width_in_ems

entries = st.lists(
    st.builds(
        lambda quality, joules, sessions, front, baseline: samples.entry(
            quality=quality,
            joules_per_1000_queries=joules,
            sessions=sessions,
            on_front=front,
            baseline=baseline,
        ),
        st.floats(min_value=0, max_value=1) | st.floats(min_value=-1e300, max_value=1e300),
        st.floats(min_value=1e-6, max_value=1e9) | st.floats(min_value=5e-324, max_value=1e300),
        st.sampled_from((3, 5)),
        st.booleans(),
        st.booleans(),
    ),
    min_size=1,
    max_size=20,
)


def drawn(board: Board, layout: Layout = WIDE) -> Figure:
    figure = draw(board, layout)
    assert figure is not None
    return figure


def label_box(label: Label, size: float) -> Box:
    width = width_in_ems(label.text) * size
    left = {"start": label.x, "middle": label.x - width / 2, "end": label.x - width}[label.anchor]
    bottom = label.y + 0.25 * size
    return Box(left, bottom - 1.1 * size, left + width, bottom)


@settings(  # a busy machine is no fault of the drawing's
    deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=60
)
@given(entries, st.sampled_from((WIDE, NARROW)))
def test_everything_lies_within_the_plot_and_no_two_names_collide(
    made: list[BoardEntry], layout: Layout
) -> None:
    figure = drawn(samples.board(*made), layout)
    plot = layout.plot
    assert len(figure.marks) == len(made)
    for mark in figure.marks:
        assert plot.left <= mark.x <= plot.right
        assert plot.top <= mark.y <= plot.bottom
        for bar in mark.bars:
            assert plot.holds(bar.box)
    boxes = [label_box(mark.label, layout.font_size) for mark in figure.marks if mark.label]
    for n, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[n + 1 :])


def test_an_entry_that_costs_more_stands_further_right_and_a_better_one_higher() -> None:
    cheap = samples.entry("cheap", quality=0.5, joules_per_1000_queries=1.0)
    good = samples.entry("good", quality=0.9, joules_per_1000_queries=100.0)
    board = samples.board(cheap, good)
    first, second = drawn(board).marks
    assert board.entries[first.position].entry == "good"
    assert first.x > second.x
    assert first.y < second.y


def test_error_bars_are_those_there_are_intervals_for() -> None:
    certain, uncertain = drawn(
        samples.board(samples.entry(quality=0.9), samples.entry(quality=0.8, sessions=3))
    ).marks
    assert (len(certain.bars), certain.crossed) == (2, False)
    assert (len(uncertain.bars), uncertain.crossed) == (1, True)


def test_reference_entries_have_a_shape_of_their_own() -> None:
    figure = drawn(samples.board(samples.entry(quality=0.9), samples.entry(baseline=True)))
    assert [mark.shape for mark in figure.marks] == ["circle", "diamond"]


def test_the_front_is_level_to_the_next_entrys_energy_and_rises_there() -> None:
    x = Scale(1.0, 1000.0, 0.0, 300.0, logarithmic=True)
    y = Scale(0.0, 1.0, 100.0, 0.0)
    on_front = [
        samples.entry(quality=0.9, joules_per_1000_queries=100.0, on_front=True),
        samples.entry(quality=0.5, joules_per_1000_queries=10.0, on_front=True),
        samples.entry(quality=0.4, joules_per_1000_queries=500.0, on_front=False),
    ]
    steps = [(round(a), round(b)) for a, b in front_steps(front_of(on_front), x, y)]
    assert steps == [(100, 50), (200, 50), (200, 10), (300, 10)]


def test_without_an_entry_on_the_front_there_is_no_line() -> None:
    figure = drawn(samples.board(samples.entry()))
    assert figure.front == ()
    assert figure.area_path == ""


def test_entries_without_energy_are_left_out_and_keep_the_others_tied_to_their_rows() -> None:
    board = samples.board(
        samples.entry("free", quality=0.9, joules_per_1000_queries=0.0), samples.entry("costly")
    )
    assert [mark.position for mark in drawn(board).marks] == [1]


def test_an_entry_whose_energy_is_not_resolved_has_no_place_on_the_axis() -> None:
    board = samples.board(samples.unresolved(quality=0.9), samples.entry("costly"))
    assert [mark.position for mark in drawn(board).marks] == [1]
    assert draw(samples.board(samples.unresolved()), WIDE) is None


def test_nothing_is_drawn_of_nothing() -> None:
    assert draw(samples.board(), WIDE) is None
    assert draw(samples.board(samples.entry(joules_per_1000_queries=0.0)), WIDE) is None


def described(board: Board, code: str) -> str:
    return description(board, told_of(board), language(code))


def test_the_description_names_the_best_and_the_cheapest() -> None:
    said = described(samples.small().boards[0], "en")
    assert "4 entries, 3 of them on the front" in said
    assert "Highest macro F1: big-model, 0.912 at 4,210 modelled J" in said
    assert "Least energy above the floor: linear-model, 3.10 modelled J" in said
    assert said.endswith("1 is at the floor of energy.")
    assert "answers-nothing" not in said
    assert described(samples.board(samples.unresolved()), "en") == ""
    said = described(samples.small().boards[0], "fr")
    assert "big-model, 0,912, pour 4\u202f210 J de travail modélisé" in said


def test_the_description_names_no_one_of_several_that_are_alike() -> None:
    alike = [samples.entry(f"m{n}", joules_per_1000_queries=2.0 + n) for n in range(4)]
    less = samples.entry("less", quality=0.7, joules_per_1000_queries=1.0)
    said = described(samples.board(*alike[:3], less), "en")
    assert "Highest macro F1: m0, m1 and m2, 0.800 at 2.00 to 4.00 modelled J" in said
    assert "Least energy: less, 1.00 modelled J" in said
    said = described(samples.board(*alike), "en")
    assert "Highest macro F1: 4 entries, among them m0, 0.800 at 2.00 to 5.00 modelled" in said


def test_of_an_entry_at_the_floor_the_description_gives_no_energy() -> None:
    cheap = samples.entry("cheap", quality=0.9, joules_per_1000_queries=0.5, at_floor=True)
    null = samples.entry("null", quality=0.95, at_floor=True, baseline=True)
    said = described(samples.board(null, cheap, samples.entry("costly")), "en")
    assert "Highest macro F1: cheap, 0.900, at the floor of energy." in said
    assert "Least energy above the floor: costly" in said
    assert "2 are at the floor of energy" in said
    assert "0.500" not in said
    said = described(samples.board(null), "en")
    assert said == "1 entry, 0 on the front. 1 is at the floor of energy."


def test_a_mark_is_told_in_the_language_of_the_page_with_its_unit() -> None:
    board = samples.board(samples.entry("a"), samples.entry("b", sessions=2), meter_grade="sensor")
    told = [mark_summary(board, entry, language("fr")) for entry in board.entries]
    figures = "A team\u00a0: F1 macro 0,800 (0,770 à 0,830), 12,5 J pour 1\u202f000 requêtes"
    assert told == [
        f"a, {figures} (11,2 à 13,8)", f"b, {figures}",
    ]  # fmt: skip


def test_limits_of_the_rules_are_drawn_where_they_lie_within_the_axes() -> None:
    rows = [
        samples.entry("a", quality=0.2, joules_per_1000_queries=0.1),
        samples.entry("b", quality=0.9, joules_per_1000_queries=10.0),
    ]
    board = samples.board(*rows, floor_joules_per_1000_queries=0.3)
    (line,) = drawn(board).lines
    assert (line.key, line.is_upright) == ("picture.floor", True)
    assert WIDE.plot.left < line.segment.x1 < WIDE.plot.right
    assert drawn(samples.board(*rows, floor_joules_per_1000_queries=1e-9)).lines == ()
    assert drawn(samples.board(*rows)).lines == ()


def test_of_very_many_entries_the_front_and_the_best_have_marks_and_the_others_dots() -> None:
    rows = [
        samples.entry(f"m{n}", quality=0.9 - n / 1000, joules_per_1000_queries=1.0 + n)
        for n in range(MOST_MARKS + 50)
    ]
    rows[-1] = samples.entry("cheap", quality=0.1, joules_per_1000_queries=0.1, on_front=True)
    figure = drawn(samples.board(*rows))
    assert len(figure.marks) == MOST_MARKS
    assert [mark.position for mark in figure.marks] == [*range(MOST_MARKS - 1), len(rows) - 1]
    assert 0 < figure.dots.count("M") <= 50
    assert drawn(samples.board(*rows[:MOST_MARKS])).dots == ""


@pytest.mark.parametrize(
    ("grade", "said"), [("model", "0,0405\u00a0J de travail modélisé"), ("simulated", "J en simul")]
)
def test_less_than_two_joules_are_no_plural_in_french(grade: Grade, said: str) -> None:
    board = samples.board(samples.entry(joules_per_1000_queries=0.0405), meter_grade=grade)
    french = language("fr")
    for text in (mark_summary(board, board.entries[0], french), described(board, "fr")):
        assert said.replace("\u00a0", " ") in text.replace("\u00a0", " ")
        assert not re.search(r"(joule|modélisé|simulé)s", text)
