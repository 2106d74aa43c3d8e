"""Columns of Arrow: what pyarrow itself makes of the same values."""

from __future__ import annotations

from types import SimpleNamespace
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
        st.builds(SimpleNamespace, name=st.text(max_size=5), value=st.none() | st.floats(0, 1)),
        max_size=3,
    ),
}


def plainly(cells: object) -> object:
    """Return the same with mappings in place of what has its fields as attributes."""
    if isinstance(cells, SimpleNamespace):
        return vars(cells)
    return [plainly(each) for each in cells] if isinstance(cells, list) else cells


@pytest.mark.parametrize("of", CELLS, ids=str)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_column_is_what_pyarrow_makes_of_its_cells(of: pa.DataType, data: st.DataObject) -> None:
    cells = data.draw(st.lists(st.none() | CELLS[of], max_size=20))
    made, plain = array(cells, of), [plainly(each) for each in cells]
    made.validate(full=True)
    assert made.equals(pa.array(plain, of))
    assert made.to_pylist() == plain


def test_a_type_that_no_column_has_is_refused() -> None:
    with pytest.raises(TypeError, match="no column of a board"):
        array([b"one"], pa.binary())
