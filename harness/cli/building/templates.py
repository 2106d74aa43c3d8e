"""Templates of pages as Jinja compiles them, kept: to compile all takes a while."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from harness.cli.building.cache import Cache
from harness.site.language import languages
from harness.site.templating import COMPILED, environment


@contextmanager
def templates_kept(cache: Cache) -> Iterator[None]:
    """Have the templates that earlier builds compiled, and keep those that this one does."""
    kept = cache.load("templates", dict[str, bytes])
    COMPILED.update(kept or {})
    try:
        yield
    finally:
        if kept != COMPILED:
            cache.save("templates", COMPILED)


def getting_ready() -> Iterator[None]:
    """Import what pages are made with, and compile their templates, step by step.

    Copies of this process have it all then, and need not do it each by itself.
    """
    from harness.site import badge, entry_page, method_page, record_view  # noqa: F401 - for copies

    yield
    for each in languages():
        engine = environment(each.code)
        yield
        for name in engine.list_templates():
            engine.get_template(name)
            yield
