"""How good an entry's answers were: every metric, every class, and what was taken for what."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from harness.site.blocks import (
    Block,
    Column,
    Inline,
    Paragraph,
    Section,
    Table,
    named,
)
from harness.site.entry_view import EntryView
from harness.site.forms import MOST
from harness.site.session_rows import Matrix
from harness.site.wording import Wording, Words

LONGEST_METHOD = 240
"""Of an interval, in characters: of as many as are pooled."""
FIGURES_OF_A_METRIC = 3
"""Itself, and both ends of its interval."""
MOST_CLASSES = 30
"""Of a matrix that can still be read."""
KEPT = 256
"""Sections that are kept: most pages differ in nothing but what fills holes."""


def quality(view: EntryView, words: Words) -> Section:
    """Say how good the answers were: every metric, every class, and what was taken for what."""
    say, figure = words.say, words.figure
    record = view.latest.record
    metrics = view.entry.metrics if view.entry is not None else ()
    if record.quality is None or not metrics:
        return Section("quality", say["entry.quality"], (Paragraph(say["entry.no_quality"]),))
    spelt = tuple(
        [
            (
                words.metric(each.name, view.board),
                figure(each.value),
                words.between((each.low, each.high)),
                words.told(_method, each.interval_method),
            )
            for each in metrics
        ]
    )
    quality, confusion = record.quality, view.confusion
    kept = FIGURES_OF_A_METRIC * len(metrics) <= MOST  # what no hole holds is of this page alone
    return (_quality if kept else _quality.__wrapped__)(
        words,
        spelt,
        len(view.records),
        (words.whole(quality.answered), words.whole(quality.items)),
        None if quality.step is None else words.plain_number(quality.step),
        _class_columns(view, words) if view.classes else (),
        _confusion(view, confusion, words)
        if confusion is not None and len(confusion) <= MOST_CLASSES
        else None,
    )


@lru_cache(maxsize=KEPT)
def _quality(  # noqa: PLR0917 - all that is said there
    words: Words,
    metrics: tuple[tuple[Inline, ...], ...],
    evaluations: int,
    answered: tuple[str, str],
    step: str | None,
    classes: tuple[tuple[str, ...], ...],
    confusion: _Confusion | None,
) -> Section:
    """Say it, of what was spelt: pages have the same but for what fills holes."""
    say = words.say
    heads = (
        Column(say["entry.metric"]),
        Column(say["entry.value"], number=True),
        Column(say["entry.interval_95"], number=True),
        Column(say["entry.method"]),
    )
    blocks: list[Block | Section] = [Table(say["entry.quality"], heads, metrics)]
    if evaluations > 1:
        told = words.text("entry.latest_alone", evaluations=evaluations)
        blocks.append(Paragraph(told, "explain"))
    of, items = answered
    blocks.append(Paragraph(words.text("entry.answered", answered=of, items=items), "explain"))
    if step is not None:
        blocks.append(Paragraph(words.text("entry.kept_back", step=step), "explain"))
    if classes:
        blocks.append(_class_table(words, *classes))
    if confusion is not None:
        blocks.append(_confusion_section(words, confusion))
    return Section("quality", say["entry.quality"], tuple(blocks), repeats=True)


def _method(words: Wording, method: str) -> Inline:
    return words.recorded("interval", method, LONGEST_METHOD)


def _class_columns(view: EntryView, words: Words) -> tuple[tuple[str, ...], ...]:
    """Spell the classes column by column."""
    labels, supports, *figures = zip(*view.classes[:MOST_CLASSES], strict=True)
    return (
        words.labels(labels, view.board, 60),
        words.wholes(supports),
        *map(words.figures, figures),
    )


def _class_table(words: Words, labels: tuple[str, ...], *figures: tuple[str, ...]) -> Table:
    say = words.say
    heads = (
        Column(say["entry.class_label"]),
        *[Column(say[key], number=True) for key in _FIGURES_OF_CLASSES],
        Column("F1", number=True),
    )
    rows = tuple(zip(map(named, labels), *figures, strict=True))
    return Table(say["entry.by_class"], heads, rows)


_FIGURES_OF_CLASSES = ("entry.support_items", "entry.precision", "entry.recall")


class _Confusion(NamedTuple):
    """What is spelt of what was taken for what."""

    heads: tuple[str, ...]
    names: tuple[str, ...]
    counts: tuple[str, ...]
    unanswered: bool
    """Whether there is a column more, of items without an answer."""


def _confusion(view: EntryView, matrix: Matrix, words: Words) -> _Confusion:
    known, numbers = len(view.classes) == len(matrix), tuple(map(str, range(len(matrix))))
    labels = tuple([row.label for row in view.classes])

    def called(length: int) -> tuple[str, ...]:
        return words.labels(labels, view.board, length) if known else numbers

    unanswered = any(row[-1] for row in matrix)
    counts = [items for row in matrix for items in (row if unanswered else row[:-1])]
    return _Confusion(called(40), called(60), words.wholes(counts), unanswered)


def _confusion_section(words: Words, spelt: _Confusion) -> Section:
    say = words.say
    heads = [*spelt.heads, say["entry.no_answer"]] if spelt.unanswered else spelt.heads
    columns = [Column(each, number=True) for each in heads]
    cells = [iter(spelt.counts)] * len(columns)  # one: each row takes what comes next
    names = map(named, spelt.names)
    rows = [(label, *row) for label, row in zip(names, zip(*cells, strict=True), strict=True)]
    blocks = (
        Paragraph(say["entry.confusion_why"], "explain"),
        Table(say["entry.confusion"], (Column(say["entry.true_or_answer"]), *columns), tuple(rows)),
    )
    return Section("confusion", say["entry.confusion"], blocks)
