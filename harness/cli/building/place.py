"""A site's folder, and what is known of it: the site is made there, as far as it is not yet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from harness.cli.building.cache import Cache, digest_of_path
from harness.cli.building.files import Plan, build
from harness.cli.building.gathering import Gathered
from harness.cli.building.kept_rows import Shelf
from harness.cli.building.listing import Listed, There
from harness.cli.building.pages import leading, make, pages
from harness.cli.building.parts import Parts
from harness.cli.building.shards import Behind, Pages, Taken
from harness.cli.building.site import Site
from harness.cli.building.templates import getting_ready
from harness.cli.building.workers import Here, Workers
from harness.records.board import Boards
from harness.records.rules import Rules

LEAST_FOR_PROCESSES = 400
"""Rows of boards that are new: it is not worth while to make the pages of fewer in others."""


@dataclass(frozen=True)
class Place:
    """A site's folder, and what is known of it."""

    folder: Path
    cache: Cache
    known: Pages
    there: Callable[[], There]
    """Returns what lies in it, which may still be looked up."""

    @classmethod
    def of(cls, folder: Path, cache: Cache, there: Callable[[], There]) -> Place:
        """Take a folder, with what was kept of the site that was made there."""
        kept = cache.load(f"pages-{digest_of_path(folder)}", Pages)
        return cls(folder, cache, kept or Pages(made={}, reads={}), there)

    def site(
        self,
        boards: Boards,
        gathered: Gathered,
        rules: Rules,
        address: str,
        taken: Taken,
    ) -> Site:
        """Return what the site is made of, with what was kept of it."""
        parts = Parts(self.cache, f"parts-{digest_of_path(self.folder)}")
        return Site(boards, gathered, rules, address, taken.boards, parts, self._shelf)

    def make(
        self,
        site: Site,
        several: Workers,
        taken: Taken,
        reads: Mapping[str, Behind],
        *,
        meanwhile: Callable[[], object] = lambda: None,
    ) -> Listed:
        """Make the site and keep what it was made of; return its files.

        ``meanwhile`` is done while the last pages are made in other processes, or after them. What
        is behind the boards, ``reads``, may be known only then.
        """
        made = self.known.made
        built = build(
            plan_of(site, meanwhile),
            self.folder,
            who_makes(site, several),
            made,
            there=self.there(),
            carried={name: each for name, each in made.items() if each.board in taken.boards},
        )
        kept = Pages(made=built.made, reads=dict(reads))
        self.cache.save(f"pages-{digest_of_path(self.folder)}", kept)
        shown = (self._shelf.name_of(board.id) for board in site.boards.boards)
        self.cache.tidy(f"{self._shelf.name}-", shown)
        return built.marks

    @property
    def _shelf(self) -> Shelf:
        return Shelf(cache=self.cache, name=f"rows-{digest_of_path(self.folder)}")


def who_makes(site: Site, several: Workers) -> Workers:
    """Return several processes where there is enough to make, with all that they need; or this one.

    What of that was not got while records were read is got now.
    """
    rows = sum(len(each.entries) for each in site.fresh)
    if not several.are_several or rows < LEAST_FOR_PROCESSES:
        return Here()
    for _ in getting_ready():
        pass
    return several


def plan_of(site: Site, meanwhile: Callable[[], object] = lambda: None) -> Plan:
    """Return what is to be made of a site, and what is done meanwhile."""
    leads = leading(site)
    return Plan(pages(site), leads, partial(make, site), meanwhile, site.parts.keep)
