"""What an entry reached, and who made it: the first sections of its page and of its report."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, lru_cache

from harness.carbon import JOULES_PER_KWH, CarbonRange, carbon_range
from harness.ranking.rank_notes import NO_RANKS
from harness.records.board import BoardEntry
from harness.records.evaluation import Failed, SubmissionReference
from harness.records.session import Notice
from harness.site.blocks import (
    UNKNOWN,
    Block,
    Fact,
    Facts,
    Inline,
    Listing,
    Paragraph,
    Said,
    Section,
    english,
    fact,
    name,
    quiet,
    with_code,
)
from harness.site.entry_view import EntryView
from harness.site.text import GRAMS, gram_unit, plain, rank_range, shorten
from harness.site.wording import Wording, Words
from harness.site.words import NOT_MEASURED, is_told_in_charges, middle_of_classes, said_after

_ADDRESS = re.compile(r"https?://[^\s<>\"'\\`]{1,500}", re.IGNORECASE)
_SHOWN_ADDRESS = 100
KEPT = 256
"""Remedies that are kept cleaned: many entries have the same."""
MEBI = 1 << 20


def result(view: EntryView, words: Words) -> Section:
    """Say what the row says, each figure with its interval and in units that people know."""
    entry, say = view.entry, words.say
    if entry is None:
        return failure(view, words)
    facts = [*_quality(view, entry, words), *_energy(view, entry, words)]
    facts += _standing(view, entry, words) if view.on_board else ()
    facts.append(_behind(entry, words))
    if view.peak_memory_bytes is not None:
        memory = f"{words.figure(view.peak_memory_bytes / MEBI)} {words.say['entry.mebi']}"
        facts.append(fact(words.say["entry.memory"], memory))
    blocks: tuple[Block, ...] = (Facts(tuple(facts)),)
    if view.failure is not None:
        message = words.quote("english", view.failure.message)
        later = Paragraph((say["entry.failed_since"], " ", message), "banner")
        blocks = (later, *blocks)
    return Section("result", say["entry.result"], blocks)


def _quality(view: EntryView, entry: BoardEntry, words: Words) -> Iterator[Fact]:
    value: list[Inline] = [
        (
            Said("strong", words.figure(entry.quality)),
            " ",
            quiet(words.text("entry.interval", interval=words.between(entry.quality_interval))),
        ),
        words.text("entry.of_items", n=view.board.items),
    ]
    if entry.quality_step is not None:
        value.append(
            quiet(words.text("entry.in_steps", step=words.plain_number(entry.quality_step)))
        )
    yield Fact(words.metric(view.board.metric, view.board), tuple(value))


def _energy(view: EntryView, entry: BoardEntry, words: Words) -> Iterator[Fact]:
    say, joules = words.say, entry.joules_per_1000_queries
    label = words.text("entry.energy", joules=words.joules(view.board.meter_grade))
    if joules is None:
        yield fact(label, say["entry.unresolved"])
    else:
        interval = (
            words.text("entry.interval", interval=words.between(entry.joules_interval))
            if entry.joules_interval is not None
            else say["entry.few_sessions"]
        )
        told = is_told_in_charges(view.board, entry)
        everyday = filter(None, (words.everyday(joules),) if told else ())
        yield fact(
            label,
            (Said("strong", f"{words.figure(joules)} J"), " ", quiet(interval)),
            words.watt_hours(joules),
            *everyday,
            quiet(words.text("entry.meter_leaves", uncertainty=words.meter_uncertainty(entry))),
        )
    if entry.active_joules_per_1000_queries is not None:
        yield fact(
            say["entry.active"],
            f"{words.figure(entry.active_joules_per_1000_queries)} J",
            quiet(say["entry.active_why"]),
        )
    watts = (
        (words.text("entry.at_watts", watts=words.figure(entry.measured_watts)),)
        if entry.measured_watts is not None
        else ()
    )
    seconds = words.text("entry.seconds", seconds=words.figure(entry.seconds_per_1000_queries))
    yield fact(say["entry.time"], seconds, *watts)


def _standing(view: EntryView, entry: BoardEntry, words: Words) -> Iterator[Fact]:
    """Yield what the board makes of it: rank, front, class, prizes."""
    say = words.say
    if entry.rank is not None:
        of = words.text("entry.of_ranked", n=view.ranked)
        yield fact(
            say["entry.rank"],
            (Said("strong", rank_range(entry.rank)), " ", of),
            quiet(say["entry.rank_why"]),
        )
    else:
        yield fact(say["entry.rank"], _why_unranked(view, entry, words))
    front: list[Inline] = [say[_front(entry)]]
    if entry.front_support is not None:
        front.append(words.text("entry.support", share=words.percent(entry.front_support)))
    yield Fact(say["entry.front"], tuple(front))
    if entry.energy_class is not None:
        why = (quiet(say["entry.class_why"]), " ", name(middle_of_classes(view.board)))
        yield fact(say["entry.class"], Said("strong", entry.energy_class), why)
    elif entry.at_floor:
        yield fact(say["entry.class"], say["entry.at_floor"])
    if entry.prizes:
        won = tuple(Said("accent", words.named("prize", each)) for each in entry.prizes)
        yield Fact(say["entry.prizes"], won)


def _front(entry: BoardEntry) -> str:
    """Return the key of what is said of its place on the front."""
    if entry.joules_per_1000_queries is None:
        return "entry.no_place_on_front"
    return "entry.on_front" if entry.on_front else "entry.behind_front"


def _behind(entry: BoardEntry, words: Words) -> Fact:
    """Say how much stands behind the figures."""
    say = words.say
    behind: list[Inline] = [words.text("entry.sessions_of", n=entry.sessions)]
    if entry.occasions > 1:
        behind.append(words.text("entry.occasions", n=entry.occasions))
    if entry.failed_evaluations:
        behind.append(words.text("entry.failed_evaluations", n=entry.failed_evaluations))
    if entry.official_evaluations:
        behind.append(words.text("entry.official_evaluations", n=entry.official_evaluations))
    return Fact(say["entry.behind"], tuple(behind))


def _why_unranked(view: EntryView, entry: BoardEntry, words: Words) -> Inline:
    """Say why it has no rank: a report by itself has no notes of the board to look it up in."""
    ranking = view.board.ranking
    if ranking is not None:
        for each in ranking.unranked:
            if each.entry == entry.entry:
                return words.explained("unranked", each.why)
    for note in view.board.notes:
        if note.code == NO_RANKS:
            return words.told(_seen_and_remedy, note)
    return words.say["entry.unranked"]


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
    return _carbon(words, grid, tuple(masses), unit, not_measured=not_measured)


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


def failure(view: EntryView, words: Words) -> Section:
    """Say what happened to an entry that only failed: where, by whose fault, and what to do."""
    say, outcome = words.say, view.latest.record.outcome
    if not isinstance(outcome, Failed):
        raise TypeError(f"{view.name} did not fail")
    mine = outcome.blame == "submission"
    facts = [
        fact(say["entry.stage"], words.stage(outcome.stage)),
        fact(say["entry.blame"], words.named("blame", outcome.blame)),
        fact(say["entry.what_happened"], words.quote("english", outcome.message)),
    ]
    if outcome.remedy:
        facts.append(fact(say["entry.remedy"], with_code(english(outcome.remedy))))
    facts.append(fact(say["entry.what_now"], say["entry.mend" if mine else "entry.not_to_mend"]))
    blocks = (Paragraph(say["entry.no_figure"], "banner"), Facts(tuple(facts)))
    return Section("result", say["entry.failed"], blocks)


def about(view: EntryView, words: Words) -> Section:
    """Say what the team says of its entry."""
    say, submission = words.say, view.latest.record.submission
    blocks: list[Block] = []
    if submission.description:
        blocks.append(Paragraph(words.quote("name", submission.description, 1000)))
    facts = [
        Fact(say["entry.team"], tuple(_team(view, words))),
        fact(say["entry.licence"], name(submission.licence) if submission.licence else UNKNOWN),
    ]
    if submission.authors:
        authors = [words.quote("name", each) for each in submission.authors[:20]]
        facts.append(Fact(say["entry.authors"], tuple(authors)))
    if submission.url:
        facts.append(fact(say["entry.address"], _link(submission.url, words)))
    if submission.version:
        facts.append(fact(say["entry.version"], words.quote("name", submission.version)))
    facts.append(Fact(say["entry.answers"], tuple(_answers(submission, words))))
    if view.entry is not None and view.entry.copies:
        copies = [words.quote("name", each) for each in view.entry.copies[:20]]
        facts.append(Fact(say["entry.copies"], tuple(copies)))
    return Section("about", say["entry.about"], (*blocks, Facts(tuple(facts))))


def _team(view: EntryView, words: Words) -> Iterator[Inline]:
    """Name the team; where the organisers call it otherwise, as its entry names it too."""
    own = view.latest.record.submission.team
    yield words.quote("name", view.team)
    if view.team.casefold() != own.casefold():
        yield words.quote("name", own)


def _answers(submission: SubmissionReference, words: Words) -> Iterator[str]:
    yield words.text(f"entry.output_{submission.output}")
    yield words.text("entry.batch", n=submission.batch_size)
    yield words.say["entry.stochastic" if submission.stochastic else "entry.deterministic"]


def address(text: str) -> Said:
    """Link to a team's own address where it is one of the web; else show it and lead nowhere."""
    cleaned = plain(text)
    if not _ADDRESS.fullmatch(cleaned):
        return Said("name", shorten(text, _SHOWN_ADDRESS))
    return Said("link", shorten(cleaned, _SHOWN_ADDRESS), cleaned, foreign=True)


def _link(text: str, words: Words) -> Said:
    said = address(text)
    return said._replace(text=words.unique(said.text), address=words.unique(said.address))


def warnings(view: EntryView, words: Words) -> Section:
    """List what the harness warned of, each once, with what to do.

    Where several evaluations are pooled, what is not of all of them says of which ones it is.
    """
    say = words.say
    notices: tuple[Notice, ...] = (
        view.entry.warnings if view.entry is not None else view.latest.record.warnings
    )
    if not notices:
        blocks: tuple[Block, ...] = (Paragraph(say["entry.no_warnings"]),)
    else:
        listed = [words.told(_warning, notice, *_where(view, notice)) for notice in notices]
        blocks = (Listing(tuple(listed)),)
    return Section("warnings", say["entry.warnings"], blocks)


def _where(view: EntryView, notice: Notice) -> tuple[int, ...]:
    """Return the numbers of the evaluations that warn of it; none where all of them do."""
    of = [n for n, each in enumerate(view.records, 1) if notice in each.record.warnings]
    return tuple(of) if len(of) < len(view.records) else ()


def _warning(words: Wording, notice: Notice, *evaluations: int) -> Inline:
    title = words.warning(notice.code)
    said = _seen_and_remedy(words, notice, title)
    if evaluations:
        numbers = ", ".join(map(str, evaluations))
        where = words.text("entry.in_evaluations", n=len(evaluations), numbers=numbers)
        said = (quiet(where), " ", said)
    return (Said("strong", title), " ", said) if title else said


def _seen_and_remedy(words: Wording, notice: Notice, title: str = "") -> Inline:
    """Say what was seen, behind a title that may be the same, and what to do: as a board does."""
    return (_sentence(words.seen(notice), title), " ", with_code(_sentence(words.remedy(notice))))


def _sentence(said: Inline, title: str = "") -> Inline:
    if isinstance(said, Said):
        return said._replace(text=f"{said_after(said.text, title)}.")
    if isinstance(said, str):
        return f"{said_after(said, title)}."
    *before, message = said  # what its code stands for, which is a sentence
    return (*before, _sentence(message, title))
