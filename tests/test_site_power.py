"""The drawings of an entry's page: they keep energy and time, and stay inside."""

from __future__ import annotations

import math
import re

import pytest
import record_samples
from hypothesis import given
from hypothesis import strategies as st

from harness.records.meter import PowerTrace
from harness.site.power import (
    HEIGHT,
    LEAST_LABEL,
    LEFT,
    MOST_STEPS,
    PLOT_HEIGHT,
    PLOT_WIDTH,
    TOP,
    WIDTH,
    Band,
    bar_ends,
    bar_parts,
    bar_svg,
    lay_out,
    merged,
    named_parts,
    phase_names,
    tick_figures,
    trace_svg,
    wide_phases,
)

STEPS = st.lists(st.tuples(st.floats(1e-6, 100.0), st.floats(0.0, 1e4)), min_size=1, max_size=150)
WINDOWS = record_samples.session().phases


@given(STEPS)
def test_joining_steps_keeps_time_and_energy_and_bounds_their_number(
    steps: list[tuple[float, float]],
) -> None:
    joined = merged(steps)
    assert math.isclose(sum(s for s, _ in joined), sum(s for s, _ in steps), rel_tol=1e-9)
    before, after = (sum(s * w for s, w in each) for each in (steps, joined))
    assert math.isclose(before, after, rel_tol=1e-9, abs_tol=1e-9)
    assert len(joined) <= 2 * MOST_STEPS + 1
    low, high = min(w for _, w in steps), max(w for _, w in steps)
    assert all(low - 1e-6 <= w <= high * (1 + 1e-9) + 1e-6 for _, w in joined)


def test_a_long_step_is_not_blurred_into_a_short_one() -> None:
    assert merged([(0.001, 100.0), (10.0, 1.0), (0.001, 50.0)], 4)[1] == (10.0, 1.0)


@given(STEPS)
def test_the_line_stays_in_the_plot(steps: list[tuple[float, float]]) -> None:
    drawing = lay_out((PowerTrace(component="package", watts=tuple(steps)),), WINDOWS)
    if drawing is None:
        assert max(w for _, w in merged(steps)) < 1e-9
        return
    ((_, path),) = drawing.lines
    x, y = map(int, re.match(r"M(\d+) (\d+)", path).groups())  # type: ignore[union-attr]
    for move, length in re.findall(r"([hv])(-?\d+)", path):
        x, y = (x + int(length), y) if move == "h" else (x, y + int(length))
        assert LEFT <= x <= LEFT + PLOT_WIDTH
        assert TOP <= y <= TOP + PLOT_HEIGHT


def test_bands_are_the_phases_in_their_order_and_fill_the_session() -> None:
    trace = PowerTrace(component="package", watts=((11.0, 5.0),))
    drawing = lay_out((trace,), WINDOWS)
    assert drawing is not None
    assert [band.phase for band in drawing.bands] == [window.phase for window in WINDOWS]
    assert drawing.bands[0].left == LEFT
    last = drawing.bands[-1]
    assert last.left + last.width == LEFT + PLOT_WIDTH
    for one, other in zip(drawing.bands, drawing.bands[1:], strict=False):
        assert one.left + one.width == other.left


@pytest.mark.parametrize(
    "traces",
    [
        (),
        (PowerTrace(component="gpu", watts=()),),
        (PowerTrace(component="gpu", watts=((1.0, 0.0),)),),
    ],
)
def test_nothing_is_drawn_of_nothing(traces: tuple[PowerTrace, ...]) -> None:
    assert lay_out(traces, WINDOWS) is None


def test_labels_are_escaped_and_a_trace_is_small() -> None:
    steps = tuple((0.1, 5.0 + n % 7) for n in range(128))
    drawing = lay_out((PowerTrace(component="package", watts=steps),), WINDOWS)
    assert drawing is not None
    moments, levels = tick_figures(drawing, lambda number: f"{number:g}")
    made = trace_svg(
        drawing.shapes,
        label='<x> "y"',
        names=phase_names(wide_phases(drawing.bands), lambda phase: f"<{phase}>"),
        moments=moments,
        levels=levels,
        seconds="<s>",
        watts="&",
    )
    assert "<x>" not in made
    assert "&lt;measured&gt;" in made
    assert "&lt;s&gt;" in made
    assert f'viewBox="0 0 {WIDTH} {HEIGHT}"' in made
    assert len(made) < 4_000


def test_a_name_that_would_touch_a_longer_phases_is_left_out() -> None:
    bands = [
        Band("idle-before", LEFT, LEAST_LABEL),
        Band("start", LEFT + LEAST_LABEL, LEAST_LABEL + 1),
        Band("load", LEFT + 2 * LEAST_LABEL + 1, 400),
        Band("drain", LEFT + 2 * LEAST_LABEL + 401, LEAST_LABEL - 1),
    ]

    def named(name: str) -> list[str]:
        return re.findall(">([^<]+)<", phase_names(wide_phases(bands), name.format))

    assert named("{}") == ["start", "load"]
    assert named("{:.1}") == ["i", "s", "l"]
    assert named("{} " + 40 * "m") == ["load " + 40 * "m"]
    assert phase_names((), str) == ""


def test_a_bar_is_filled_by_its_parts() -> None:
    ends = bar_ends([1.0, 3.0, 0.0])
    parts = named_parts(bar_parts("abc", ends), ("first", "second", "third"))
    made = bar_svg(parts, label="it")
    widths = [int(width) for width in re.findall(r'width="(\d+)"', made)]
    assert widths == [WIDTH // 4, WIDTH - WIDTH // 4]
    assert "first" in made
    assert "third" not in made
    assert bar_ends([0.0]) == bar_ends([]) == []
