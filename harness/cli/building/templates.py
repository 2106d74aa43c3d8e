"""Templates of pages as Jinja compiles them, kept: to compile all takes a while."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from harness.cli.building.cache import Cache
from harness.cli.building.workers import Workers
from harness.site.templating import COMPILED


@contextmanager
def templates_kept(cache: Cache) -> Iterator[None]:
    """Have the templates that earlier builds compiled, and keep those that this one does."""
    kept = cache.load("templates", dict[str, bytes])
    COMPILED.update(kept or {})
    yield
    if kept != COMPILED:
        cache.save("templates", COMPILED)


def learn_templates(several: Workers) -> None:
    """Have those that one of these processes compiled: after a long build each has the same."""
    for compiled in several.run(_compiled, [None]):
        COMPILED.update(compiled)


def _compiled(nothing: None) -> dict[str, bytes]:
    del nothing
    return dict(COMPILED)
