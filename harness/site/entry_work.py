"""What was measured of an entry: energy by phase, every session, answers by class."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

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
    english,
    name,
)
from harness.site.entry_view import EntryView, PhaseRow, SessionRow
from harness.site.power import bar_svg, trace_svg
from harness.site.text import plain
from harness.site.wording import Wording

MOST_SESSIONS = 60
"""Shown of one entry; its records have all of them."""
MOST_CLASSES = 30
"""Of a matrix that can still be read."""


def energy(view: EntryView, words: Wording) -> Section:
    """Say where a session's energy goes, by phase, and show its power over time."""
    say = words.say
    if not view.phases:
        return Section("energy", say["entry.by_phase"], (Paragraph(say["entry.no_session"]),))
    billed = [row for row in view.phases if row.joules_per_1000 is not None]
    bar = bar_svg(
        (
            (f"phase {row.phase}", words.named("phase", row.phase), row.joules_per_1000 or 0.0)
            for row in billed
        ),
        label=say["entry.bar_label"],
    )
    blocks: list[Block] = [Paragraph(say["entry.by_phase_why"], "explain")]
    if bar:
        blocks.append(Picture(bar, say["entry.bar_caption"]))
    amortise = view.latest.record.rules.amortise_queries
    blocks += [
        _phase_table(view.phases, words),
        Paragraph(words.text("entry.amortised", queries=words.whole(amortise)), "explain"),
    ]
    if view.trace is not None:
        blocks.append(_trace(view, words))
    return Section("energy", say["entry.by_phase"], tuple(blocks))


def _phase_table(rows: tuple[PhaseRow, ...], words: Wording) -> Table:
    say, figure = words.say, words.figure
    whole = sum(row.joules_per_1000 or 0.0 for row in rows)

    def counted(row: PhaseRow) -> tuple[str, str]:
        if row.joules_per_1000 is None:
            return UNKNOWN, UNKNOWN
        share = row.joules_per_1000 / whole if whole > 0 else 0.0
        return figure(row.joules_per_1000), words.percent(share)

    return Table(
        say["entry.by_phase"],
        (
            Column(say["entry.phase"]),
            Column(say["entry.phase_joules"], number=True),
            Column(say["entry.phase_seconds"], number=True),
            Column(say["entry.phase_watts"], number=True),
            Column(say["entry.phase_counts"], number=True),
            Column(say["entry.phase_share"], number=True),
        ),
        tuple(
            (
                words.named("phase", row.phase),
                figure(row.joules),
                figure(row.seconds),
                figure(row.joules / row.seconds) if row.seconds > 0 else UNKNOWN,
                *counted(row),
            )
            for row in rows
        ),
    )


def _trace(view: EntryView, words: Wording) -> Picture:
    say, drawing, session = words.say, view.trace, view.traced_session
    if drawing is None or session is None:
        raise ValueError(f"no session of {view.name} has a trace")
    svg = trace_svg(
        drawing,
        label=words.text("entry.trace_label", session=session),
        phase=lambda phase: words.named("phase", phase),
        number=words.plain_number,
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


def sessions(view: EntryView, words: Wording) -> Section:
    """List every session that stands, and those that are void, with what was seen of each."""
    say = words.say
    rows = view.sessions
    if not rows:
        return Section("sessions", say["entry.sessions"], (Paragraph(say["entry.no_session"]),))
    blocks: list[Block] = [
        Paragraph(say["entry.sessions_why"], "explain"),
        _session_table(rows[:MOST_SESSIONS], words),
    ]
    if len(rows) > MOST_SESSIONS:
        rest = len(rows) - MOST_SESSIONS
        blocks.append(Paragraph(words.text("entry.more_sessions", n=rest), "explain"))
    if disturbed := tuple(_disturbances(rows, words)):
        blocks += [Paragraph(say["entry.disturbed_why"], "explain"), Listing(disturbed)]
    return Section("sessions", say["entry.sessions"], tuple(blocks))


def _session_table(rows: tuple[SessionRow, ...], words: Wording) -> Table:
    """Spell the sessions column by column; one that no session fills is left out."""
    say, figure, percent = words.say, words.figure, words.percent

    def known(values: Iterable[float | None], spell: Callable[[float], str] = figure) -> list[str]:
        return [UNKNOWN if value is None else spell(value) for value in values]

    columns: list[tuple[str, list[str]]] = [
        ("entry.session_session", [str(row.number) for row in rows]),
        ("entry.session_evaluation", [str(row.evaluation) for row in rows]),
        ("entry.session_turn", [UNKNOWN if r.round is None else f"{r.round}.{r.place}"
                                for r in rows]),
        ("entry.session_started", [plain(row.started_utc[:19].replace("T", " ")) for row in rows]),
        ("entry.session_energy", known(row.joules_per_1000 for row in rows)),
        ("entry.session_seconds", known(row.seconds for row in rows)),
        ("entry.session_queries", [UNKNOWN if r.queries is None else words.whole(r.queries)
                     for r in rows]),
        ("entry.session_right", known((row.right for row in rows), percent)),
        ("entry.session_agreement", known((row.agreement for row in rows), percent)),
        ("entry.session_temperature", known(row.temperature_celsius for row in rows)),
        ("entry.session_kernel_before", known(1000 * row.kernel_before_seconds for row in rows)),
        ("entry.session_kernel_after", known(1000 * row.kernel_after_seconds for row in rows)),
        ("entry.session_state", [say[_STATES[row.void, bool(row.notices)]] for row in rows]),
    ]  # fmt: skip
    several = any(row.evaluation != 1 for row in rows)
    shown = [
        (key, cells)
        for key, cells in columns
        if (
            several if key == "entry.session_evaluation" else any(cell != UNKNOWN for cell in cells)
        )
    ]
    heads = tuple(Column(say[key], number=key not in _TEXTS) for key, _ in shown)
    return Table(
        say["entry.sessions"],
        heads,
        tuple(zip(*(cells for _, cells in shown), strict=True)),
    )


_TEXTS = frozenset({"entry.session_session", "entry.session_state"})
_STATES = {
    (False, False): "entry.session_stands",
    (False, True): "entry.session_disturbed",
    (True, False): "entry.session_void",
    (True, True): "entry.session_void",
}
"""By whether a session is void, and whether anything disturbed it."""


def _disturbances(rows: tuple[SessionRow, ...], words: Wording) -> Iterator[Inline]:
    for row in rows:
        if row.notices:
            key = "entry.of_void" if row.void else "entry.of_session"
            which = words.text(key, session=row.number, evaluation=row.evaluation)
            yield (which, " ", english("; ".join(each.message for each in row.notices)))


def quality(view: EntryView, words: Wording) -> Section:
    """Say how good the answers were: every metric, every class, and what was taken for what."""
    say, figure = words.say, words.figure
    record = view.latest.record
    metrics = view.entry.metrics if view.entry is not None else ()
    if record.quality is None or not metrics:
        return Section("quality", say["entry.quality"], (Paragraph(say["entry.no_quality"]),))
    blocks: list[Block] = [
        Table(
            say["entry.quality"],
            (
                Column(say["entry.metric"]),
                Column(say["entry.value"], number=True),
                Column(say["entry.interval_95"], number=True),
                Column(say["entry.method"]),
            ),
            tuple(
                (
                    words.metric(each.name, view.board),
                    figure(each.value),
                    words.between((each.low, each.high)),
                    english(each.interval_method, 120),
                )
                for each in metrics
            ),
        ),
        Paragraph(
            words.text(
                "entry.answered",
                answered=words.whole(record.quality.answered),
                items=words.whole(record.quality.items),
            ),
            "explain",
        ),
    ]
    if record.quality.step is not None:
        step = words.plain_number(record.quality.step)
        blocks.append(Paragraph(words.text("entry.kept_back", step=step), "explain"))
    if view.classes:
        blocks.append(_class_table(view, words))
    if view.confusion is not None and len(view.confusion) <= MOST_CLASSES:
        blocks.append(Section("confusion", say["entry.confusion"], (*_confusion(view, words),)))  # type: ignore[arg-type]
    return Section("quality", say["entry.quality"], tuple(blocks))


def _class_table(view: EntryView, words: Wording) -> Table:
    say, figure = words.say, words.figure
    return Table(
        say["entry.by_class"],
        (
            Column(say["entry.class_label"]),
            Column(say["entry.support_items"], number=True),
            Column(say["entry.precision"], number=True),
            Column(say["entry.recall"], number=True),
            Column("F1", number=True),
        ),
        tuple(
            (
                name(words.label(row.label, view.board), 60),
                words.whole(row.support),
                figure(row.precision),
                figure(row.recall),
                figure(row.f1),
            )
            for row in view.classes[:MOST_CLASSES]
        ),
    )


def _confusion(view: EntryView, words: Wording) -> Iterator[Block]:
    say, matrix = words.say, view.confusion or ()
    labels = [words.label(row.label, view.board) for row in view.classes]
    if len(labels) != len(matrix):
        labels = [str(n) for n in range(len(matrix))]
    unanswered = any(row[-1] for row in matrix)
    heads = [*labels, say["entry.no_answer"]] if unanswered else labels
    yield Paragraph(say["entry.confusion_why"], "explain")
    yield Table(
        say["entry.confusion"],
        (
            Column(say["entry.true_or_answer"]),
            *(Column(name(head, 40).text, number=True) for head in heads),
        ),
        tuple(
            (name(label, 60), *map(words.whole, row if unanswered else row[:-1]))
            for label, row in zip(labels, matrix, strict=True)
        ),
    )
