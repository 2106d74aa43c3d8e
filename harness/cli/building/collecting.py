"""Look for garbage seldom while much is made that stays: each look goes through all of it."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

YOUNG, MIDDLE, OLD = 100_000, 50, 1_000
"""Python looks at what is young after 700 objects. What refers to itself is found young: a page
that was rendered leaves some. Records, rows and marks never do, and there are millions of them."""


@contextmanager
def seldom_collected() -> Iterator[None]:
    """Let Python look for garbage seldom, and hardly ever through everything."""
    before = gc.get_threshold()
    gc.set_threshold(YOUNG, MIDDLE, OLD)
    try:
        yield
    finally:
        gc.set_threshold(*before)
