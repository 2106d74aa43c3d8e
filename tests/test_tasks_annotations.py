"""Annotations of boxes, as the public wildfire set writes them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.tasks.annotations import parse_annotations, spell_annotations


def test_boxes_are_read_as_corners() -> None:
    text = "0 0.5 0.5 0.2 0.4\n1 0.1 0.2 0.2 0.2\n"
    np.testing.assert_allclose(
        parse_annotations(text), [[0.4, 0.3, 0.6, 0.7], [0.0, 0.1, 0.2, 0.3]], atol=1e-12
    )


@pytest.mark.parametrize("text", ["", " ", "\n\n"])
def test_none_is_no_box(text: str) -> None:
    assert parse_annotations(text).shape == (0, 4)


def test_a_box_that_reaches_a_little_out_of_the_image_is_cut_off() -> None:
    np.testing.assert_allclose(parse_annotations("0 0.995 0.5 0.02 1.0"), [[0.985, 0, 1, 1]])


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("0 0.5 0.5 0.2", "4 fields"),
        ("0 0.5 0.5 0.2 0.2 0.9", "6 fields"),
        ("smoke 0.5 0.5 0.2 0.2", "five numbers"),
        ("0 0,5 0.5 0.2 0.2", "five numbers"),
        ("0 nan 0.5 0.2 0.2", "not finite"),
        ("0 0.5 0.5 0 0.2", "no area"),
        ("0 0.5 0.5 -0.2 0.2", "no area"),
        ("0 0.95 0.5 0.2 0.2", "out of the image"),
        ("0 320 240 20 20", "out of the image"),
        ("0 1.004 0.5 0.004 0.2", "beside the image"),
    ],
)
def test_a_malformed_line_is_named(line: str, named: str) -> None:
    with pytest.raises(ValueError, match=f"line 2 .*{named}"):
        parse_annotations(f"0 0.5 0.5 0.2 0.2\n{line}")


corner = st.tuples(st.integers(0, 97), st.integers(1, 3)).map(
    lambda pair: (pair[0] / 100, (pair[0] + pair[1]) / 100)
)


@given(st.lists(st.tuples(corner, corner), max_size=5))
def test_what_is_spelled_is_read_again(
    drawn: list[tuple[tuple[float, float], tuple[float, float]]],
) -> None:
    boxes = np.array([(x[0], y[0], x[1], y[1]) for x, y in drawn], float).reshape(-1, 4)
    np.testing.assert_allclose(parse_annotations(spell_annotations(boxes)), boxes, atol=2e-6)
