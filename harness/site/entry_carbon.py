"""What an entry's energy comes to in carbon dioxide."""

from __future__ import annotations

from functools import cache, lru_cache

from harness.carbon import JOULES_PER_KWH, CarbonRange, carbon_range
from harness.site.blocks import Block, Inline, Listing, Paragraph, Said, Section
from harness.site.entry_view import EntryView
from harness.site.text import GRAMS, gram_unit
from harness.site.wording import Words
from harness.site.words import NOT_MEASURED

KEPT = 256
"""Sections that are kept: most pages differ in nothing but what fills holes."""


def carbon(view: EntryView, words: Words) -> Section | None:
    """Say what the energy comes to in grams of carbon dioxide: a range, for grids differ so much.

    ``None`` where there is no figure of energy to compute it from.
    """
    joules = None if view.entry is None else view.entry.joules_per_1000_queries
    if joules is None:
        return None
    grid = _per_kwh()
    kwh = joules / JOULES_PER_KWH
    unit = gram_unit((kwh * grid.low_grams, kwh * grid.high_grams))
    known = (grid.low_grams, grid.high_grams, grid.world_grams)
    masses = words.figures([kwh * each / GRAMS[unit] for each in known if each is not None])
    not_measured = view.board.meter_grade in NOT_MEASURED
    return _carbon(words, grid, masses, unit, not_measured=not_measured)


@lru_cache(maxsize=KEPT)
def _carbon(
    words: Words, grid: CarbonRange, masses: tuple[str, ...], unit: str, *, not_measured: bool
) -> Section:
    """Say it; the masses are on the cleanest and the dirtiest grid, and by the world's mean."""
    say = words.say

    def zone(called: str) -> Inline:
        return "(", Said("name", words.each(lambda own: own.called("zone", called))), ")"

    low, high, *world = [f"{mass} {unit}" for mass in masses]
    zones: list[Inline] = [
        (say["entry.carbon_low"], " ", Said("strong", low), " ", zone(grid.low_zone)),
        (say["entry.carbon_high"], " ", Said("strong", high), " ", zone(grid.high_zone)),
        *[words.text("entry.carbon_world", mass=mass) for mass in world],
    ]
    blocks: list[Block] = [
        Paragraph(say["entry.carbon_why"], "explain"),
        Listing(tuple(zones)),
        Paragraph(words.text("entry.carbon_source", year=grid.year, n=grid.zones), "explain"),
    ]
    if not_measured:
        blocks.append(Paragraph(say["entry.carbon_modelled"]))
    return Section("carbon", say["entry.carbon"], tuple(blocks), repeats=True)


@cache
def _per_kwh() -> CarbonRange:
    """Return the range of a kilowatt hour: grams go with energy, and the table is read once."""
    return carbon_range(JOULES_PER_KWH)
