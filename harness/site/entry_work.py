"""What was measured of an entry: energy by phase, and every session."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache, partial
from typing import NamedTuple, TypeVar

from harness.records.session import Notice, Phase
from harness.records.sums import total
from harness.site.blocks import (
    UNKNOWN,
    Block,
    Column,
    Inline,
    Listing,
    Paragraph,
    Picture,
    Section,
    Table,
)
from harness.site.entry_view import EntryView
from harness.site.forms import MOST
from harness.site.power import (
    TraceDrawing,
    bar_ends,
    bar_parts,
    bar_svg,
    named_parts,
    phase_names,
    tick_figures,
    trace_svg,
    wide_phases,
)
from harness.site.session_rows import PhaseRow, SessionRow
from harness.site.text import plain
from harness.site.wording import Wording, Words

T = TypeVar("T")

MOST_SESSIONS = 60
"""Shown of one entry; its records have all of them."""
KEPT = 256
"""Sections that are kept: most pages differ in nothing but what fills holes."""


def energy(view: EntryView, words: Words) -> Section:
    """Say where a session's energy goes, by phase, and show its power over time."""
    say = words.say
    if not view.phases:
        return Section("energy", say["entry.by_phase"], (Paragraph(say["entry.no_session"]),))
    billed = [row for row in view.phases if row.joules_per_1000 is not None]
    parts = ""
    if ends := bar_ends([row.joules_per_1000 or 0.0 for row in billed]):
        phases = tuple([row.phase for row in billed])
        drawn = bar_parts([f"phase {phase}" for phase in phases], ends)
        # A name may be too long in one language.
        parts = words.drawn(lambda own: named_parts(drawn, _phase_names(own, phases)))
    columns = _phase_columns(view.phases, words)
    amortise = words.whole(view.latest.record.rules.amortise_queries)
    trace = None if view.trace is None else _trace(view.trace, words)
    return _energy(words, parts, columns, amortise, trace, view.traced_session)


@lru_cache(maxsize=KEPT)
def _energy(  # noqa: PLR0917 - all that is said there
    words: Words,
    parts: str,
    columns: tuple[tuple[str, ...], ...],
    amortise: str,
    trace: _Trace | None,
    session: int | None,
) -> Section:
    """Say it, of what was spelt: pages have the same but for what fills holes."""
    say = words.say
    blocks: list[Block] = [Paragraph(say["entry.by_phase_why"], "explain")]
    if parts:
        bar = bar_svg(parts, label=say["entry.bar_label"])
        blocks.append(Picture(bar, say["entry.bar_caption"]))
    heads = tuple([Column(say[key], number=key != "entry.phase") for key in _OF_PHASES])
    blocks += [
        Table(say["entry.by_phase"], heads, tuple(zip(*columns, strict=True))),
        Paragraph(words.text("entry.amortised", queries=amortise), "explain"),
    ]
    if trace is not None and session is not None:
        blocks.append(_picture(words, trace, session))
    return Section("energy", say["entry.by_phase"], tuple(blocks), repeats=True)


@lru_cache(maxsize=KEPT)
def _phase_names(words: Words, phases: tuple[Phase, ...]) -> tuple[str, ...]:
    """Name phases; pages have the same."""
    return tuple([words.named("phase", phase) for phase in phases])


def _phase_columns(rows: tuple[PhaseRow, ...], words: Words) -> tuple[tuple[str, ...], ...]:
    """Spell the phases column by column."""
    phases, seconds, joules, counted = zip(*rows, strict=True)
    whole = total([each or 0.0 for each in counted])
    watts = [
        of / in_all if in_all > 0 else None for of, in_all in zip(joules, seconds, strict=True)
    ]
    shares = [None if each is None else each / whole if whole > 0 else 0.0 for each in counted]
    return (
        _phase_names(words, phases),
        words.figures(joules),
        words.figures(seconds),
        _known(words.figures, watts),
        _known(words.figures, counted),
        _known(words.percents, shares),
    )


_OF_PHASES = (
    "entry.phase", "entry.phase_joules", "entry.phase_seconds", "entry.phase_watts",
    "entry.phase_counts", "entry.phase_share",
)  # fmt: skip


def _known(
    spell: Callable[[Sequence[T]], tuple[str, ...]], values: Sequence[T | None]
) -> tuple[str, ...]:
    """Spell a column, and what is not known in it."""
    if None not in values:
        return spell(values)  # type: ignore[arg-type] # all are known
    spelt = iter(spell([value for value in values if value is not None]))
    return tuple([UNKNOWN if value is None else next(spelt) for value in values])


class _Trace(NamedTuple):
    """What is spelt of a trace."""

    shapes: str
    names: str
    moments: str
    levels: str
    components: tuple[str, ...]


def _trace(drawing: TraceDrawing, words: Words) -> _Trace:
    moments, levels = tick_figures(drawing, words.plain_number)
    wide = wide_phases(drawing.bands)
    return _Trace(
        words.drawing(drawing.shapes),
        words.drawn(lambda own: phase_names(wide, partial(own.named, "phase"))),
        words.drawing(moments),
        words.drawing(levels),
        tuple([component for component, _ in drawing.lines]),
    )


def _picture(words: Words, trace: _Trace, session: int) -> Picture:
    say = words.say
    svg = trace_svg(
        trace.shapes,
        label=words.text("entry.trace_label", session=session),
        names=trace.names,
        moments=trace.moments,
        levels=trace.levels,
        seconds=say["entry.trace_seconds"],
        watts=say["entry.trace_watts"],
    )
    caption = words.text("entry.trace_caption", session=session)
    if len(trace.components) > 1:
        named = ", ".join(
            f"{words.text(f'entry.line_{n}')} {words.named('component', component)}"
            for n, component in enumerate(trace.components)
        )
        caption += f" {named}."
    return Picture(svg, caption, wide=True)


def sessions(view: EntryView, words: Words) -> Section:
    """List every session that stands, and those that are void, with what was seen of each."""
    say = words.say
    rows = view.sessions
    if not rows:
        return Section("sessions", say["entry.sessions"], (Paragraph(say["entry.no_session"]),))
    columns = _session_columns(rows[:MOST_SESSIONS], words)
    told = (
        say["entry.right_why"] if any(each.right is not None for each in rows) else "",
        say["entry.agreement_why"] if any(each.agreement is not None for each in rows) else "",
    )
    rest = len(rows) - MOST_SESSIONS
    disturbed = tuple(_disturbances(rows, words))
    kept = len(disturbed) <= MOST  # what no hole holds is of this page alone
    return (_sessions if kept else _sessions.__wrapped__)(words, columns, told, rest, disturbed)


@lru_cache(maxsize=KEPT)
def _sessions(
    words: Words,
    columns: tuple[tuple[str, tuple[str, ...]], ...],
    told: tuple[str, ...],
    rest: int,
    disturbed: tuple[Inline, ...],
) -> Section:
    """Say it, of what was spelt: pages have the same but for what fills holes."""
    say = words.say
    blocks: list[Block] = [Paragraph(say["entry.sessions_why"], "explain")]
    if any(told):
        blocks.append(Paragraph(" ".join(filter(None, told)), "explain"))
    heads = tuple([Column(say[key], number=key not in _TEXTS) for key, _ in columns])
    cells = tuple(zip(*[cells for _, cells in columns], strict=True))
    blocks.append(Table(say["entry.sessions"], heads, cells))
    if rest > 0:
        blocks.append(Paragraph(words.text("entry.more_sessions", n=rest), "explain"))
    if disturbed:
        blocks += [Paragraph(say["entry.disturbed_why"], "explain"), Listing(disturbed)]
    return Section("sessions", say["entry.sessions"], tuple(blocks), repeats=True)


def _session_columns(
    rows: tuple[SessionRow, ...], words: Words
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Spell the sessions column by column; one that no session fills is left out."""
    say = words.say
    (
        evaluations, numbers, rounds, places, started, joules, seconds, queries, right, agreements,
        temperatures, before, after, notices, void,
    ) = zip(*rows, strict=True)  # fmt: skip
    several = evaluations.count(1) < len(rows)
    turns = [
        None if turn is None else f"{turn}.{place}"
        for turn, place in zip(rounds, places, strict=True)
    ]
    figures = words.figures
    columns: list[tuple[str, tuple[str, ...]]] = [
        ("entry.session_session", tuple(map(str, numbers))),
        ("entry.session_evaluation", tuple(map(str, evaluations)) if several else ()),
        ("entry.session_turn", _filled(words.uniques, turns)),
        ("entry.session_started", words.uniques(
            [plain(each[:19].replace("T", " ")) for each in started]
        )),
        ("entry.session_energy", _filled(figures, joules)),
        ("entry.session_seconds", figures(seconds)),
        ("entry.session_queries", _filled(words.wholes, queries)),
        ("entry.session_right", _filled(words.percents, _shares(right))),
        ("entry.session_agreement", _filled(words.percents, _shares(agreements))),
        ("entry.session_temperature", _filled(figures, temperatures)),
        ("entry.session_kernel_before", figures([1000 * each for each in before])),
        ("entry.session_kernel_after", figures([1000 * each for each in after])),
        ("entry.session_state", tuple([
            say[_STATES[is_void, bool(seen)]] for is_void, seen in zip(void, notices, strict=True)
        ])),
    ]  # fmt: skip
    return tuple([each for each in columns if each[1]])


def _filled(
    spell: Callable[[Sequence[T]], tuple[str, ...]], values: Sequence[T | None]
) -> tuple[str, ...]:
    """Spell a column; nothing where nothing is known in it."""
    return () if values.count(None) == len(values) else _known(spell, values)


def _shares(values: Sequence[float | None]) -> list[float | None]:
    """Return the shares among them.

    Records of failures are shown whatever stands in them: what is no share says nothing.
    """
    return [value if value is not None and 0 <= value <= 1 else None for value in values]


_TEXTS = frozenset({"entry.session_session", "entry.session_state"})
_STATES = {
    (False, False): "entry.session_stands",
    (False, True): "entry.session_disturbed",
    (True, False): "entry.session_void",
    (True, True): "entry.session_void",
}
"""By whether a session is void, and whether anything disturbed it."""


def _disturbances(rows: tuple[SessionRow, ...], words: Words) -> Iterator[Inline]:
    for row in rows:
        if row.notices:
            key = "entry.of_void" if row.void else "entry.of_session"
            which = words.text(key, session=row.number, evaluation=row.evaluation)
            yield (which, " ", words.told(_seen, *row.notices))


def _seen(words: Wording, *notices: Notice) -> Inline:
    first, *others = [words.seen(notice) for notice in notices]
    mark = words.text("number.apart", first="", then="")
    return (first, *[(mark, each) for each in others])
