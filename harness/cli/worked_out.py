"""What builds work out that is the same for all of them, kept so that the next one need not.

These are templates as Jinja compiles them, and quantiles of Student's t, for which SciPy would be
imported.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from harness.cli.page_cache import Cache
from harness.cli.workers import Workers
from harness.records.base import Frozen
from harness.records.statistics import QUANTILES
from harness.site.templating import COMPILED


class WorkedOut(Frozen, array_like=True):
    """What a process knows."""

    templates: dict[str, bytes]
    quantiles: tuple[tuple[float, float, float], ...]
    """Degrees, level and quantile."""


@contextmanager
def worked_out(cache: Cache) -> Iterator[None]:
    """Have what earlier builds worked out, and keep what this one does besides."""
    kept = cache.load("worked-out", WorkedOut)
    if kept is not None:
        _take(kept)
    yield
    if (now := _known(None)) != kept:
        cache.save("worked-out", now)


def learn(several: Workers) -> None:
    """Have what one of these processes worked out: after a long build each knows the same."""
    for known in several.run(_known, [None]):
        _take(known)


def _take(known: WorkedOut) -> None:
    COMPILED.update(known.templates)
    QUANTILES.update({(degrees, alpha): each for degrees, alpha, each in known.quantiles})


def _known(nothing: None) -> WorkedOut:
    del nothing
    quantiles = tuple((*asked, quantile) for asked, quantile in sorted(QUANTILES.items()))
    return WorkedOut(templates=dict(COMPILED), quantiles=quantiles)
