"""Columns of Arrow: what pyarrow itself makes of the same values."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.site.arrow import array

METRIC = pa.struct([pa.field("name", pa.string()), pa.field("value", pa.float64())])
CELLS: dict[pa.DataType, st.SearchStrategy[Any]] = {
    pa.string(): st.text(max_size=9),
    pa.float64(): st.floats(allow_nan=False),
    pa.int64(): st.integers(-(2**63), 2**63 - 1),
    pa.bool_(): st.booleans(),
    pa.list_(pa.string()): st.lists(st.none() | st.text(max_size=5), max_size=4),
    pa.list_(METRIC): st.lists(
        st.fixed_dictionaries({"name": st.text(max_size=5), "value": st.none() | st.floats(0, 1)}),
        max_size=3,
    ),
}


@pytest.mark.parametrize("of", CELLS, ids=str)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_column_is_what_pyarrow_makes_of_its_cells(of: pa.DataType, data: st.DataObject) -> None:
    cells = data.draw(st.lists(st.none() | CELLS[of], max_size=20))
    made = array(cells, of)
    made.validate(full=True)
    assert made.equals(pa.array(cells, of))
    assert made.to_pylist() == cells


def test_a_type_that_no_column_has_is_refused() -> None:
    with pytest.raises(TypeError, match="no column of a board"):
        array([b"one"], pa.binary())
