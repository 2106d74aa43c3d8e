"""On which cores this thread, and whatever it starts, may run."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from harness.errors import OrganiserError
from harness.records.profile import core_list


@contextmanager
def on_cores(cores: Iterable[int] | None) -> Iterator[None]:
    """Keep this thread to ``cores`` for the block, and what it starts meanwhile for good.

    ``None`` changes nothing. A child inherits the set of the thread that starts it: no code has to
    run between fork and exec. Raises ``OrganiserError`` when one of the cores cannot be had: the
    kernel would take those that can, and say nothing.
    """
    if cores is None:
        yield
        return
    wanted = set(cores)
    before = os.sched_getaffinity(0)
    try:
        _move(wanted)
        yield
    finally:
        os.sched_setaffinity(0, before)


def _move(wanted: set[int]) -> None:
    try:
        os.sched_setaffinity(0, wanted)
        seen = core_list(os.sched_getaffinity(0))
    except (OSError, ValueError, OverflowError) as error:  # offline, negative, beyond an int
        seen = str(error)
    if seen != core_list(wanted):
        raise OrganiserError(
            f"cores {core_list(wanted)}: cannot be pinned to: {seen}",
            remedy="name usable cores as entry_cores of the hardware profile; doctor lists them",
        )
