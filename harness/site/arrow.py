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

    A structure is a mapping with all its fields. Raises ``TypeError`` for any other type.
    """
    known = [cell is not None for cell in cells]
    valid = None if all(known) else _bits(known)
    children: list[pa.Array] | None = None
    if types.is_struct(of):
        buffers = [valid]
        rows = [{} if cell is None else cell for cell in cells]
        children = [array([row.get(field.name) for row in rows], field.type) for field in of]
    elif types.is_list(of):
        lists = [() if cell is None else cell for cell in cells]
        buffers = [valid, _offsets(lists)]
        children = [array([value for each in lists for value in each], of.value_type)]
    elif types.is_string(of):
        texts = [b"" if cell is None else cell.encode() for cell in cells]
        buffers = [valid, _offsets(texts), pa.py_buffer(b"".join(texts))]
    elif types.is_boolean(of):
        buffers = [valid, _bits([cell is True for cell in cells])]
    elif types.is_float64(of) or types.is_int64(of):
        values = np.array([0 if cell is None else cell for cell in cells], of.to_pandas_dtype())
        buffers = [valid, pa.py_buffer(values)]
    else:
        raise TypeError(f"{of}: no column of a board is of this type")
    return pa.Array.from_buffers(of, len(cells), buffers, children=children)


def _bits(values: Sequence[bool]) -> pa.Buffer:
    return pa.py_buffer(np.packbits(np.array(values, bool), bitorder="little"))


def _offsets(pieces: Sequence[Sequence[Any]]) -> pa.Buffer:
    return pa.py_buffer(np.array([*accumulate(map(len, pieces), initial=0)], np.int32))
