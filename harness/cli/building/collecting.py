"""Memory while much is made: look for garbage seldom, and keep what was let go for what is next."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

YOUNG, MIDDLE, OLD = 100_000, 50, 1_000
"""Python looks at what is young after 700 objects. What refers to itself is found young: a page
that was rendered leaves some. Records, rows and marks never do, and there are millions of them."""

M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD = -1, -2, -3
"""As ``malloc.h`` of the GNU C library numbers them: mallopt(3) says what each is."""
KEPT = {M_TRIM_THRESHOLD: 1 << 30, M_TOP_PAD: 16 << 20, M_MMAP_THRESHOLD: 1 << 30}
"""In bytes."""


@contextmanager
def seldom_collected() -> Iterator[None]:
    """Let Python look for garbage seldom, and hardly ever through everything."""
    before = gc.get_threshold()
    gc.set_threshold(YOUNG, MIDDLE, OLD)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def keep_what_is_freed() -> None:
    """Have the C library keep memory that was let go, where it is one that can be told to.

    Else it gives back to the system what was large, such as a board's file, and each page of the
    next one is a fault again. Of a build with one evaluation more that was a twelfth of the time.
    """
    from ctypes import CDLL

    try:
        told = CDLL(None).mallopt
    except (OSError, AttributeError):  # another library, which may have no such thing
        return
    for option, size_bytes in KEPT.items():
        told(option, size_bytes)
