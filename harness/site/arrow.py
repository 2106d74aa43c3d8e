"""Columns of Arrow from Python's values, without pandas.

``pyarrow.array`` imports pandas to look whether its cells are of it, which takes a third of a
second: more than all the rest of a board's file. Arrow's layout of a column is short:
https://arrow.apache.org/docs/format/Columnar.html says it. To import this takes a fifth of a
second.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import types


def array(cells: Sequence[Any], of: pa.DataType) -> pa.Array:
    """Return a column of texts, numbers, truth values, lists or structures of these, or nulls.

    A structure has its fields as attributes. Raises ``TypeError`` for any other type.
    """
    valid = None
    if None in cells:  # by identity first: quick where none is
        valid = _bits([cell is not None for cell in cells])
    children: list[pa.Array] | None = None
    if types.is_struct(of):
        buffers = [valid]
        children = []
        for field in of:
            values = [None if cell is None else getattr(cell, field.name) for cell in cells]
            children.append(array(values, field.type))
    elif types.is_list(of):
        lists = cells if valid is None else [() if cell is None else cell for cell in cells]
        buffers = [valid, _offsets(lists)]
        children = [array([value for each in lists for value in each], of.value_type)]
    elif types.is_string(of):
        texts = [b"" if cell is None else cell.encode() for cell in cells]
        buffers = [valid, _offsets(texts), pa.py_buffer(b"".join(texts))]
    elif types.is_boolean(of):
        buffers = [valid, _bits([cell is True for cell in cells])]
    elif types.is_float64(of) or types.is_int64(of):
        numbers = cells if valid is None else [0 if cell is None else cell for cell in cells]
        buffers = [valid, pa.py_buffer(np.array(numbers, of.to_pandas_dtype()))]
    else:
        raise TypeError(f"{of}: no column of a board is of this type")
    return pa.Array.from_buffers(of, len(cells), buffers, children=children)


def _bits(values: Sequence[bool]) -> pa.Buffer:
    return pa.py_buffer(np.packbits(np.array(values, bool), bitorder="little"))


def _offsets(pieces: Sequence[Sequence[Any]]) -> pa.Buffer:
    return pa.py_buffer(np.array([*accumulate(map(len, pieces), initial=0)], np.int32))
