"""What an entry reached, and who made it: the first sections of its page and of its report."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from harness.ranking.rank_notes import NO_RANKS
from harness.records.board import BoardEntry
from harness.records.evaluation import Failed
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
from harness.site.forms import MOST
from harness.site.text import plain, rank_range, shorten
from harness.site.wording import Wording, Words
from harness.site.words import is_told_in_charges, middle_of_classes, said_after

_ADDRESS = re.compile(r"https?://[^\s<>\"'\\`]{1,500}", re.IGNORECASE)
_SHOWN_ADDRESS = 100
KEPT = 256
"""Sections that are kept: most pages differ in nothing but what fills holes."""
MEBI = 1 << 20


def result(view: EntryView, words: Words) -> Section:
    """Say what the row says, each figure with its interval and in units that people know."""
    entry = view.entry
    if entry is None:
        return failure(view, words)
    later = None if view.failure is None else words.quote("english", view.failure.message)
    memory = view.peak_memory_bytes
    return _result(
        words,
        later,
        _quality(view, entry, words),
        _energy(view, entry, words),
        tuple(_standing(view, entry, words)) if view.on_board else (),
        tuple([getattr(entry, each) for each in _BEHIND]),
        None if memory is None else words.figure(memory / MEBI),
    )


@lru_cache(maxsize=KEPT)
def _result(  # noqa: PLR0917 - all that is said there
    words: Words,
    later: Said | None,
    quality: _Quality,
    energy: _Energy,
    standing: tuple[Fact, ...],
    behind: tuple[int, ...],
    memory: str | None,
) -> Section:
    """Say it, of what was spelt: pages have the same but for what fills holes.

    ``later`` is what a later evaluation failed with.
    """
    say = words.say
    facts = [_quality_fact(quality, words), *_energy_facts(energy, words), *standing]
    facts.append(_behind(behind, words))
    if memory is not None:
        facts.append(fact(say["entry.memory"], f"{memory} {say['entry.mebi']}"))
    blocks: tuple[Block, ...] = (Facts(tuple(facts)),)
    if later is not None:
        blocks = (Paragraph((say["entry.failed_since"], " ", later), "banner"), *blocks)
    return Section("result", say["entry.result"], blocks, repeats=True)


class _Quality(NamedTuple):
    """What is spelt of the quality."""

    metric: str
    figure: str
    interval: str
    items: int
    step: str | None


def _quality(view: EntryView, entry: BoardEntry, words: Words) -> _Quality:
    step = entry.quality_step
    return _Quality(
        words.metric(view.board.metric, view.board),
        words.figure(entry.quality),
        words.between(entry.quality_interval),
        view.board.items,
        None if step is None else words.plain_number(step),
    )


def _quality_fact(quality: _Quality, words: Words) -> Fact:
    interval = quiet(words.text("entry.interval", interval=quality.interval))
    value: list[Inline] = [
        (Said("strong", quality.figure), " ", interval),
        words.text("entry.of_items", n=quality.items),
    ]
    if quality.step is not None:
        value.append(quiet(words.text("entry.in_steps", step=quality.step)))
    return Fact(quality.metric, tuple(value))


class _Energy(NamedTuple):
    """What is spelt of the energy."""

    unit: str
    joules: tuple[str, ...]
    """The figure, it in watt-hours and by a phone charge, and what the meter leaves; or nothing."""
    interval: str | None
    active: str | None
    seconds: str
    watts: str | None


def _energy(view: EntryView, entry: BoardEntry, words: Words) -> _Energy:
    joules, interval = entry.joules_per_1000_queries, entry.joules_interval
    active, watts = entry.active_joules_per_1000_queries, entry.measured_watts
    spelt: tuple[str, ...] = ()
    if joules is not None:
        everyday = words.everyday(joules) if is_told_in_charges(view.board, entry) else ""
        left_open = words.meter_uncertainty(entry)
        spelt = words.figure(joules), words.watt_hours(joules), everyday, left_open
    return _Energy(
        words.joules(view.board.meter_grade),
        spelt,
        None if joules is None or interval is None else words.between(interval),
        None if active is None else words.figure(active),
        words.figure(entry.seconds_per_1000_queries),
        None if watts is None else words.figure(watts),
    )


def _energy_facts(energy: _Energy, words: Words) -> Iterator[Fact]:
    say = words.say
    label = words.text("entry.energy", joules=energy.unit)
    if not energy.joules:
        yield fact(label, say["entry.unresolved"])
    else:
        joules, watt_hours, everyday, left_open = energy.joules
        interval = (
            words.text("entry.interval", interval=energy.interval)
            if energy.interval is not None
            else say["entry.few_sessions"]
        )
        yield fact(
            label,
            (Said("strong", f"{joules} J"), " ", quiet(interval)),
            watt_hours,
            *filter(None, (everyday,)),
            quiet(words.text("entry.meter_leaves", uncertainty=left_open)),
        )
    if energy.active is not None:
        yield fact(say["entry.active"], f"{energy.active} J", quiet(say["entry.active_why"]))
    watts = (words.text("entry.at_watts", watts=energy.watts),) if energy.watts is not None else ()
    yield fact(say["entry.time"], words.text("entry.seconds", seconds=energy.seconds), *watts)


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


_BEHIND = ("sessions", "occasions", "failed_evaluations", "official_evaluations")


def _behind(counts: tuple[int, ...], words: Words) -> Fact:
    """Say how much stands behind the figures."""
    sessions, occasions, failed, official = counts
    behind: list[Inline] = [words.text("entry.sessions_of", n=sessions)]
    if occasions > 1:
        behind.append(words.text("entry.occasions", n=occasions))
    if failed:
        behind.append(words.text("entry.failed_evaluations", n=failed))
    if official:
        behind.append(words.text("entry.official_evaluations", n=official))
    return Fact(words.say["entry.behind"], tuple(behind))


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
    submission = view.latest.record.submission
    description, version, url = submission.description, submission.version, submission.url
    copies = view.entry.copies[:20] if view.entry is not None else ()
    return _about(
        words,
        words.quote("name", description, 1000) if description else None,
        tuple(_team(view, words)),
        submission.licence,
        tuple([words.quote("name", each) for each in submission.authors[:20]]),
        _link(url, words) if url else None,
        words.quote("name", version) if version else None,
        (submission.output, submission.batch_size, submission.stochastic),
        tuple([words.quote("name", each) for each in copies]),
    )


@lru_cache(maxsize=KEPT)
def _about(  # noqa: PLR0917 - all that is said there
    words: Words,
    description: Said | None,
    team: tuple[Said, ...],
    licence: str,
    authors: tuple[Said, ...],
    link: Said | None,
    version: Said | None,
    answers: tuple[str, int, bool],
    copies: tuple[Said, ...],
) -> Section:
    """Say it, of what was spelt: pages have the same but for what fills holes."""
    values: tuple[tuple[str, tuple[Inline, ...]], ...] = (
        ("entry.team", team),
        ("entry.licence", (name(licence) if licence else UNKNOWN,)),
        ("entry.authors", authors),
        ("entry.address", () if link is None else (link,)),
        ("entry.version", () if version is None else (version,)),
        ("entry.answers", tuple(_answers(*answers, words=words))),
        ("entry.copies", copies),
    )
    facts = Facts(tuple([Fact(words.say[key], each) for key, each in values if each]))
    blocks = (facts,) if description is None else (Paragraph(description), facts)
    return Section("about", words.say["entry.about"], blocks, repeats=True)


def _team(view: EntryView, words: Words) -> Iterator[Said]:
    """Name the team; where the organisers call it otherwise, as its entry names it too."""
    own = view.latest.record.submission.team
    yield words.quote("name", view.team)
    if view.team.casefold() != own.casefold():
        yield words.quote("name", own)


def _answers(output: str, batch_size: int, stochastic: bool, *, words: Words) -> Iterator[str]:
    yield words.text(f"entry.output_{output}")
    yield words.text("entry.batch", n=batch_size)
    yield words.say["entry.stochastic" if stochastic else "entry.deterministic"]


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
    notices: tuple[Notice, ...] = (
        view.entry.warnings if view.entry is not None else view.latest.record.warnings
    )
    told = [words.told(_warning, notice, *_where(view, notice)) for notice in notices]
    kept = len(told) <= MOST  # what no hole holds is of this page alone
    return (_warnings if kept else _warnings.__wrapped__)(words, tuple(told))


@lru_cache(maxsize=KEPT)
def _warnings(words: Words, told: tuple[Inline, ...]) -> Section:
    block = Listing(told) if told else Paragraph(words.say["entry.no_warnings"])
    return Section("warnings", words.say["entry.warnings"], (block,), repeats=True)


def _where(view: EntryView, notice: Notice) -> tuple[int, ...]:
    """Return the numbers of the evaluations that warn of it; none where all of them do."""
    if len(view.records) == 1:
        return ()
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
