"""JSON of boards: the bytes that Python's own spelling gives, whatever stands in a row."""

from __future__ import annotations

import json
import math

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from site_samples import board, entry, ranked, small

from harness.records.base import pretty_json
from harness.site.plain import boards_json, row_line

FIGURES = st.floats(allow_nan=False, allow_infinity=False)


def by_python(value: object) -> bytes:
    plain = msgspec.to_builtins(value)
    return json.dumps(plain, allow_nan=False, ensure_ascii=False, separators=(",", ":")).encode()


@settings(max_examples=300)
@given(quality=FIGURES, seconds=FIGURES, low=FIGURES, name=st.text(max_size=20), many=st.integers())
@example(quality=1e-5, seconds=1e16, low=0.0001, name="null", many=2**70)
@example(quality=0.00001234, seconds=1e15, low=9999999999999998.0, name='"entries":[]', many=-1)
@example(quality=-1e-7, seconds=-1e22, low=5e-324, name="\x7f\x1f</\u2028,1e5", many=10**16)
def test_a_row_is_spelt_as_python_spells_it(
    quality: float, seconds: float, low: float, name: str, many: int
) -> None:
    row = replace(
        entry("one"), quality=quality, quality_interval=(low, quality), name=name,
        seconds_per_1000_queries=seconds, sessions=many % 2**63,
    )  # fmt: skip
    assert row_line(row) == by_python(row)


@pytest.mark.parametrize("figure", [math.nan, math.inf, -math.inf])
def test_a_figure_that_is_no_number_is_refused_wherever_it_stands(figure: float) -> None:
    row = entry("one")
    for broken in (
        replace(row, quality=figure),
        replace(row, quality_interval=(0.5, figure)),
        replace(row, joules_interval=(figure, 2.0)),
        replace(row, front_support=figure),
    ):
        with pytest.raises(ValueError, match="not JSON compliant"):
            row_line(broken)


@pytest.mark.parametrize(
    "of", [small(), replace(small(), boards=()), replace(small(), problems=())]
)
def test_all_boards_are_spelt_as_pretty_json_spells_them(of: object) -> None:
    assert boards_json(of) == pretty_json(of)  # type: ignore[arg-type]


def test_a_board_whose_words_look_like_its_rows_is_spelt_right() -> None:
    strange = replace(board(entry('"entries":[]')), task_title='"entries": [] "boards": []\n    ')
    none = replace(strange, entries=())
    for of in (strange, none, ranked(strange)):
        boards = replace(small(), boards=(of, none))
        assert boards_json(boards) == pretty_json(boards)
