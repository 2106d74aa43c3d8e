"""What was measured of an entry: energy by phase, every session, answers by class."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, lru_cache, partial
from typing import TypeVar

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
    named,
)
from harness.site.entry_view import EntryView
from harness.site.power import (
    bar_ends,
    bar_parts,
    bar_svg,
    phase_names,
    tick_figures,
    trace_svg,
)
from harness.site.session_rows import PhaseRow, SessionRow
from harness.site.text import plain
from harness.site.wording import Wording, Words

T = TypeVar("T")

MOST_SESSIONS = 60
"""Shown of one entry; its records have all of them."""
LONGEST_METHOD = 240
"""Of an interval, in characters: of as many as are pooled."""
MOST_CLASSES = 30
"""Of a matrix that can still be read."""
KEPT = 64
"""Heads of tables that are kept: pages have nearly all of them in common."""


def energy(view: EntryView, words: Words) -> Section:
    """Say where a session's energy goes, by phase, and show its power over time."""
    say = words.say
    if not view.phases:
        return Section("energy", say["entry.by_phase"], (Paragraph(say["entry.no_session"]),))
    billed = [row for row in view.phases if row.joules_per_1000 is not None]
    blocks: list[Block] = [Paragraph(say["entry.by_phase_why"], "explain")]
    if ends := bar_ends([row.joules_per_1000 or 0.0 for row in billed]):
        # A name may be too long in one language.
        parts = words.drawing(words.each(lambda own: _bar(billed, ends, own)))
        bar = bar_svg(parts, label=say["entry.bar_label"])
        blocks.append(Picture(bar, say["entry.bar_caption"]))
    amortise = view.latest.record.rules.amortise_queries
    blocks += [
        _phase_table(view.phases, words),
        Paragraph(words.text("entry.amortised", queries=words.whole(amortise)), "explain"),
    ]
    if view.trace is not None:
        blocks.append(_trace(view, words))
    return Section("energy", say["entry.by_phase"], tuple(blocks))


def _bar(billed: Iterable[PhaseRow], ends: Iterable[int], words: Words) -> str:
    names = _phase_names(words, *[row.phase for row in billed])
    return bar_parts([(*named, end) for named, end in zip(names, ends, strict=True)])


@lru_cache(maxsize=KEPT)
def _phase_names(words: Words, *phases: Phase) -> tuple[tuple[str, str], ...]:
    """Return the class and the name of each phase; pages have the same."""
    return tuple((f"phase {phase}", words.named("phase", phase)) for phase in phases)


def _phase_table(rows: tuple[PhaseRow, ...], words: Words) -> Table:
    """Spell the phases column by column."""
    phases, seconds, joules, counted = zip(*rows, strict=True)
    whole = total([each or 0.0 for each in counted])
    watts = [
        of / in_all if in_all > 0 else None for of, in_all in zip(joules, seconds, strict=True)
    ]
    shares = [None if each is None else each / whole if whole > 0 else 0.0 for each in counted]
    columns = (
        [words.named("phase", phase) for phase in phases],
        words.figures(joules),
        words.figures(seconds),
        _known(words.figures, watts),
        _known(words.figures, counted),
        _known(words.percents, shares),
    )
    heads = _columns(words, *_OF_PHASES)
    return Table(words.say["entry.by_phase"], heads, tuple(zip(*columns, strict=True)))


_OF_PHASES = (
    "entry.phase", "entry.phase_joules", "entry.phase_seconds", "entry.phase_watts",
    "entry.phase_counts", "entry.phase_share",
)  # fmt: skip
_OF_CLASSES = ("entry.class_label", "entry.support_items", "entry.precision", "entry.recall")


def _known(spell: Callable[[Sequence[T]], list[str]], values: Sequence[T | None]) -> list[str]:
    """Spell a column, and what is not known in it."""
    if None not in values:
        return spell(values)  # type: ignore[arg-type] # all are known
    spelt = iter(spell([value for value in values if value is not None]))
    return [UNKNOWN if value is None else next(spelt) for value in values]


@lru_cache(maxsize=KEPT)
def _columns(words: Words, names: str, *figures: str) -> tuple[Column, ...]:
    """Return a column of names and several of figures; pages have the same."""
    columns = [Column(words.say[key], number=True) for key in figures]
    return (Column(words.say[names]), *columns)


def _trace(view: EntryView, words: Words) -> Picture:
    say, drawing, session = words.say, view.trace, view.traced_session
    if drawing is None or session is None:
        raise ValueError(f"no session of {view.name} has a trace")
    names = words.each(lambda own: phase_names(drawing.bands, partial(own.named, "phase")))
    moments, levels = tick_figures(drawing, words.plain_number)
    svg = trace_svg(
        words.drawing(drawing.shapes),
        label=words.text("entry.trace_label", session=session),
        names=words.drawing(names),
        moments=words.drawing(moments),
        levels=words.drawing(levels),
        seconds=say["entry.trace_seconds"],
        watts=say["entry.trace_watts"],
    )
    caption = words.text("entry.trace_caption", session=session)
    if len(drawing.lines) > 1:
        named = ", ".join(
            f"{words.text(f'entry.line_{n}')} {words.named('component', component)}"
            for n, (component, _) in enumerate(drawing.lines)
        )
        caption += f" {named}."
    return Picture(svg, caption, wide=True)


def sessions(view: EntryView, words: Words) -> Section:
    """List every session that stands, and those that are void, with what was seen of each."""
    say = words.say
    rows = view.sessions
    if not rows:
        return Section("sessions", say["entry.sessions"], (Paragraph(say["entry.no_session"]),))
    blocks: list[Block] = [
        Paragraph(say["entry.sessions_why"], "explain"),
        _session_table(rows[:MOST_SESSIONS], words),
    ]
    told = (
        say["entry.right_why"] if any(each.right is not None for each in rows) else "",
        say["entry.agreement_why"] if any(each.agreement is not None for each in rows) else "",
    )
    if any(told):
        blocks.insert(1, Paragraph(" ".join(filter(None, told)), "explain"))
    if len(rows) > MOST_SESSIONS:
        rest = len(rows) - MOST_SESSIONS
        blocks.append(Paragraph(words.text("entry.more_sessions", n=rest), "explain"))
    if disturbed := tuple(_disturbances(rows, words)):
        blocks += [Paragraph(say["entry.disturbed_why"], "explain"), Listing(disturbed)]
    return Section("sessions", say["entry.sessions"], tuple(blocks))


def _session_table(rows: tuple[SessionRow, ...], words: Words) -> Table:
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
    columns: list[tuple[str, list[str]]] = [
        ("entry.session_session", [*map(str, numbers)]),
        ("entry.session_evaluation", [*map(str, evaluations)] if several else []),
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
        ("entry.session_state", [
            say[_STATES[is_void, bool(seen)]] for is_void, seen in zip(void, notices, strict=True)
        ]),
    ]  # fmt: skip
    shown = [each for each in columns if each[1]]
    heads = _session_columns(words, *[key for key, _ in shown])
    return Table(
        say["entry.sessions"], heads, tuple(zip(*[cells for _, cells in shown], strict=True))
    )


def _filled(spell: Callable[[Sequence[T]], list[str]], values: Sequence[T | None]) -> list[str]:
    """Spell a column; nothing where nothing is known in it."""
    return [] if values.count(None) == len(values) else _known(spell, values)


def _shares(values: Sequence[float | None]) -> list[float | None]:
    """Return the shares among them.

    Records of failures are shown whatever stands in them: what is no share says nothing.
    """
    return [value if value is not None and 0 <= value <= 1 else None for value in values]


@lru_cache(maxsize=KEPT)
def _session_columns(words: Words, *keys: str) -> tuple[Column, ...]:
    return tuple(Column(words.say[key], number=key not in _TEXTS) for key in keys)


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


def quality(view: EntryView, words: Words) -> Section:
    """Say how good the answers were: every metric, every class, and what was taken for what."""
    say, figure = words.say, words.figure
    record = view.latest.record
    metrics = view.entry.metrics if view.entry is not None else ()
    if record.quality is None or not metrics:
        return Section("quality", say["entry.quality"], (Paragraph(say["entry.no_quality"]),))
    blocks: list[Block] = [
        Table(
            say["entry.quality"],
            _metric_columns(words),
            tuple(
                [
                    (
                        words.metric(each.name, view.board),
                        figure(each.value),
                        words.between((each.low, each.high)),
                        words.told(_method, each.interval_method),
                    )
                    for each in metrics
                ]
            ),
        ),
    ]
    if (several := len(view.records)) > 1:
        blocks.append(Paragraph(words.text("entry.latest_alone", evaluations=several), "explain"))
    answered, items = words.whole(record.quality.answered), words.whole(record.quality.items)
    said = words.text("entry.answered", answered=answered, items=items)
    blocks.append(Paragraph(said, "explain"))
    if record.quality.step is not None:
        step = words.plain_number(record.quality.step)
        blocks.append(Paragraph(words.text("entry.kept_back", step=step), "explain"))
    if view.classes:
        blocks.append(_class_table(view, words))
    if view.confusion is not None and len(view.confusion) <= MOST_CLASSES:
        blocks.append(Section("confusion", say["entry.confusion"], (*_confusion(view, words),)))  # type: ignore[arg-type]
    return Section("quality", say["entry.quality"], tuple(blocks))


def _method(words: Wording, method: str) -> Inline:
    return words.recorded("interval", method, LONGEST_METHOD)


@cache
def _metric_columns(words: Words) -> tuple[Column, ...]:
    say = words.say
    return (
        Column(say["entry.metric"]),
        Column(say["entry.value"], number=True),
        Column(say["entry.interval_95"], number=True),
        Column(say["entry.method"]),
    )


def _class_table(view: EntryView, words: Words) -> Table:
    labels, supports, *figures = zip(*view.classes[:MOST_CLASSES], strict=True)
    columns: tuple[Sequence[Inline], ...] = (
        [*map(named, words.labels(labels, view.board, 60))],
        words.wholes(supports),
        *map(words.figures, figures),
    )
    rows = tuple(zip(*columns, strict=True))
    return Table(words.say["entry.by_class"], _class_columns(words), rows)


@cache
def _class_columns(words: Words) -> tuple[Column, ...]:
    return (*_columns(words, *_OF_CLASSES), Column("F1", number=True))


@lru_cache(maxsize=KEPT)
def _answer_columns(labels: str, *answers: str) -> tuple[Column, ...]:
    return (Column(labels), *[Column(each, number=True) for each in answers])


def _confusion(view: EntryView, words: Words) -> Iterator[Block]:
    say, matrix = words.say, view.confusion or ()
    known, numbers = len(view.classes) == len(matrix), [*map(str, range(len(matrix)))]

    labels = tuple([row.label for row in view.classes])

    def called(length: int) -> Sequence[str]:
        return words.labels(labels, view.board, length) if known else numbers

    unanswered = any(row[-1] for row in matrix)
    heads = [*called(40), say["entry.no_answer"]] if unanswered else [*called(40)]
    yield Paragraph(say["entry.confusion_why"], "explain")
    counts = [items for row in matrix for items in (row if unanswered else row[:-1])]
    cells = [iter(words.wholes(counts))] * len(heads)  # one: each row takes what comes next
    names = map(named, called(60))
    rows = [(label, *row) for label, row in zip(names, zip(*cells, strict=True), strict=True)]
    yield Table(
        say["entry.confusion"],
        _answer_columns(say["entry.true_or_answer"], *heads),
        tuple(rows),
    )
