"""What the pages of entries say, in all languages at once: ``Words`` as one language has them.

What makes a page asks it for words as it would ask one language (``wording``), and gets texts that
hold what each says (``versions``): so a page is made once, and parted into those of all languages.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from functools import cache, lru_cache
from re import compile as regular

from harness.records.board import Board, BoardEntry
from harness.records.task_words import TaskWords
from harness.site import text as english
from harness.site.blocks import Inline, Quoted, Said, Section, cleaned
from harness.site.blocks_html import escape, inline
from harness.site.forms import END, FIGURES, HOLE, MOST, SLOT, TEXTS, VERSIONS, Filling, Form, Part
from harness.site.language import Value, codes, in_utc
from harness.site.versions import MARK, joined, neutral, parted, spoken
from harness.site.wording import Wording, wording
from harness.site.words import meter_uncertainty, phone_charge

KEPT = 64
"""Boards whose names are kept."""
WHOLES = 4096
"""Whole numbers that are kept spelt: counts of items, most of them."""
SENTENCES = 4096
"""Strings that are kept with their holes filled."""


class _Strings(dict[str, str]):
    """Strings that have no holes, by key; each is looked up once."""

    def __init__(self, spoken: Sequence[Wording]) -> None:
        super().__init__()
        self._spoken = spoken

    def __missing__(self, key: str) -> str:
        found = self[key] = joined([each.say[key] for each in self._spoken])
        return found


class Polyglot:
    """What a page says, in each language; ``wording.Words`` says what its methods return.

    Figures, and texts of a page alone, are holes (``forms``): what fills them is kept until it is
    taken. What is said of them is kept by the numbers of their holes, as pages have the same.
    """

    def __init__(self, spoken: Sequence[Wording]) -> None:
        self._spoken = tuple(spoken)
        self._languages = tuple(each.language for each in spoken)
        self.begin()
        self._boards: dict[str, tuple[tuple[TaskWords, ...], dict[tuple[object, ...], str]]] = {}
        self.say = _Strings(self._spoken)
        self.named = cache(lambda kind, code: self.each(lambda own: own.named(kind, code)))
        self.explained = cache(lambda kind, code: self.each(lambda own: own.explained(kind, code)))
        self.joules = cache(lambda grade: self.each(lambda own: own.joules(grade)))
        self.plain_number = lru_cache(maxsize=1024)(lambda value: neutral(f"{value + 0.0:,.10g}"))
        """Spells a round number with no more digits than it has: ticks of drawings are."""
        self._said = lru_cache(maxsize=SENTENCES)(self._filled)
        self._quote = lru_cache(maxsize=SENTENCES)(Said)
        self._told = lru_cache(maxsize=SENTENCES)(
            lambda make, *of: [inline(make(own, *of)).encode() for own in self._spoken]
        )
        self._day = lru_cache(maxsize=1024)(
            lambda *day: _with_each(
                self.each(
                    lambda own: own.text("locale.moment", date=own.language.day(*day), time=SLOT)
                )
            )
        )
        self._percent = cache(lambda figure: self._filled("number.percent", ("figure", figure)))
        self._between = lru_cache(maxsize=SENTENCES)(
            lambda low, high: self._filled("number.between", ("low", low), ("high", high))
        )

    def _of_board(self, board: Board) -> dict[tuple[object, ...], str]:
        """Return what is kept of a board's names, which hang on what its task is called."""
        kept = self._boards.get(board.id)
        if kept is None or (kept[0] is not board.task_words and kept[0] != board.task_words):
            if len(self._boards) >= KEPT:
                self._boards.clear()
            kept = self._boards[board.id] = (board.task_words, {})
        return kept[1]

    def each(self, make: Callable[[Wording], str]) -> str:
        """Return what is made by each language's own words."""
        return joined([make(own) for own in self._spoken])

    def told(self, make: Callable[..., Inline], *of: Hashable) -> Inline:
        """Put what is made by each language's own words into a hole; in English if none is left."""
        return self._of_each(self._told(make, *of)) or make(self._spoken[0], *of)

    def section(self, make: Callable[[Wording], Section]) -> Section:
        """Return a section that has in it the one made by each language's own words."""
        made = tuple([make(own) for own in self._spoken])
        title = joined([each.title for each in made])
        return made[0]._replace(title=title, versions=made)

    # Holes

    def begin(self) -> Filling:
        """Begin another page; return what will fill its holes."""
        self._figures, self._texts, self._versions = filling = Filling([], [], [])
        self._before = 0, 0, 0
        return filling

    def part(self, form: Form) -> Part:
        """Return what was said since the last part of the page as one: with holes of its own."""
        before = self._before
        self._before = len(self._figures), len(self._texts), len(self._versions)
        return form, before

    def unique(self, text: str) -> str:
        """Put what a page alone says into a hole."""
        if _is_special(text):
            return self._of_special(text, escape(text))
        return self._hole(text)

    def uniques(self, texts: Sequence[str]) -> tuple[str, ...]:
        """Put several into holes at once."""
        if _is_special(END.join(texts)):
            return tuple([self.unique(text) for text in texts])
        return self._holes(texts)

    def quote(self, kind: Quoted, text: str, length: int = 0) -> Said:
        """Put what is quoted into a hole."""
        if kind == "code" and text.isalnum():  # most are digests
            return self._quote(kind, self._hole(text))
        return self._quote(kind, self.unique(cleaned(kind, text, length)))

    def drawing(self, svg: str) -> str:
        """Put a drawing that a page alone has into a hole."""
        return self._of_special(svg, svg)

    def drawn(self, make: Callable[[Wording], str]) -> str:
        """Put what each language draws into a hole."""
        made = [make(own) for own in self._spoken]
        return self._of_each([each.encode() for each in made]) or joined(made)

    def _hole(self, text: str) -> str:
        n = len(self._texts) - self._before[1]
        if n >= MOST:
            return text
        self._texts.append(text)
        return TEXTS[n]

    def _holes(self, texts: Sequence[str]) -> tuple[str, ...]:
        begin = len(self._texts) - self._before[1]
        end = begin + len(texts)
        if end > MOST:
            return tuple(texts)
        self._texts += texts
        return TEXTS[begin:end]

    def _of_special(self, text: str, html: str) -> str:
        """Put HTML into a hole that hangs on the language, or has markup; else give it as text."""
        if HOLE in text:
            return text
        if MARK in text:
            return self._of_each(spoken(html)) or text
        n = len(self._texts) - self._before[1]
        if n >= MOST:
            return text
        self._texts.append(html)
        return TEXTS[n]

    def _of_each(self, versions: Sequence[bytes]) -> str:
        """Put into a hole what each language says, in UTF-8; give nothing where none is left."""
        n = len(self._versions) - self._before[2]
        if n >= MOST:
            return ""
        self._versions.append(versions)
        return VERSIONS[n]

    def text(self, key: str, **values: Value) -> str:
        """Fill the holes of a string in each language."""
        if not values:
            return self.say[key]
        for name, value in values.items():
            if type(value) is str:
                continue
            if isinstance(value, bool):
                raise TypeError("yes and no are not figures: they want strings of their own")
            if isinstance(value, float):
                values[name] = self.figure(value)
        return self._said(key, *values.items())

    def _filled(self, key: str, *items: tuple[str, str | int]) -> str:
        values: dict[str, Value] = {**dict(items)}
        spelt = {name: value if isinstance(value, str) else _whole(value) for name, value in items}
        made = []
        for n, own in enumerate(self._languages):
            template = own.template(key, values)
            made.append(template.format_map({at: parted(each)[n] for at, each in spelt.items()}))
        return joined(made)

    # Figures

    def figure(self, value: float) -> str:
        """Spell a figure with three significant digits."""
        n = len(self._figures) - self._before[0]
        if n >= MOST:
            return neutral(english.spell_significant(value))
        self._figures.append(value)
        return FIGURES[n]

    def figures(self, values: Sequence[float]) -> tuple[str, ...]:
        """Spell several at once."""
        begin = len(self._figures) - self._before[0]
        end = begin + len(values)
        if end > MOST:
            return tuple([self.figure(each) for each in values])
        self._figures += values
        return FIGURES[begin:end]

    def whole(self, value: int) -> str:
        """Spell a whole number."""
        return self._hole(_whole(value))

    def wholes(self, values: Sequence[int]) -> tuple[str, ...]:
        """Spell several at once."""
        return self._holes([*map(_whole, values)])

    def percent(self, share: float) -> str:
        """Spell a share of 1 in whole per cent."""
        return self._percent(self.whole(round(100 * share)))

    def percents(self, shares: Sequence[float]) -> tuple[str, ...]:
        """Spell several at once."""
        wholes = self.wholes([round(100 * share) for share in shares])
        return (*map(self._percent, wholes),)

    def significant_percent(self, share: float) -> str:
        """Spell a share of 1 in per cent to three significant digits."""
        return self._percent(self.figure(100 * share))

    def many(self, value: float) -> str:
        """Spell an order of magnitude so that it can be said."""
        said = [own.in_words(value) for own in self._languages]
        figure = self._hole(neutral(english.significant(said[0][1], 1)))
        return joined([template.format(n=figure) for template, _ in said])

    def between(self, interval: tuple[float, float]) -> str:
        """Spell an interval."""
        low, high = interval
        return self._between(self.figure(low), self.figure(high))

    def watt_hours(self, joules: float) -> str:
        """Spell an energy in the unit of watt-hours that fits."""
        value, unit = english.in_watt_hours(joules)
        return f"{self.figure(value)}{english.NO_BREAK_SPACE}{unit}"

    # What is made of several strings, or hangs on a board

    def moment(self, moment: str) -> str:
        """Spell a moment to the minute."""
        when = in_utc(moment)
        if when is None:
            return self.unique(moment)
        day, versions = self._day(when.year, when.month, when.day)
        time = f"{when.hour:02}:{when.minute:02}"
        said = [each.replace(_SLOT, time.encode()) for each in versions]
        return self._of_each(said) or day.replace(SLOT, time)

    def stage(self, stage: str) -> str:
        """Name the stage in which an evaluation ended."""
        return self.each(lambda own: own.stage(stage))

    def metric(self, metric: str, board: Board) -> str:
        """Name a metric of a board's, with a capital."""
        kept = self._of_board(board)
        found = kept.get(place := ("metric", metric))
        if found is None:
            found = kept[place] = self.each(lambda own: own.metric(metric, board))
        return found

    def labels(self, labels: tuple[str, ...], board: Board, length: int) -> tuple[str, ...]:
        """Name labels of a board's task, cleaned and cut."""
        kept = self._of_board(board)
        found = kept.get(place := ("labels", labels, length))
        if found is None:
            each = [own.labels(labels, board, length) for own in self._spoken]
            found = kept[place] = END.join(map(joined, zip(*each, strict=True)))
        return tuple(found.split(END)) if labels else ()

    def task(self, board: Board) -> str:
        """Name a board's task, cleaned and cut."""
        kept = self._of_board(board)
        found = kept.get(place := ("task", board.task_title))
        if found is None:
            found = kept[place] = self.each(lambda own: own.task(board))
        return found

    def titled(self, board: Board) -> str:
        """Return the HTML that names a board by what tells it from others."""
        kept = self._of_board(board)
        read = tuple([source.name for source in board.sources])
        place = ("board", board.task_title, board.scenario, board.profile, read)
        found = kept.get(place)
        if found is None:
            found = kept[place] = self.each(lambda own: own.titled(board))
        return found

    def everyday(self, joules: float) -> str:
        """Say what an energy per 1,000 queries is beside one that people know."""
        return phone_charge(joules, self)

    def meter_uncertainty(self, entry: BoardEntry) -> str:
        """Say how far the meter lets the figure be from the truth."""
        return meter_uncertainty(entry, self)


_SLOT = SLOT.encode()


def _with_each(text: str) -> tuple[str, list[bytes]]:
    """Return a text, and what each language says, in HTML."""
    return text, spoken(escape(text))


_is_special = regular(f"[&<>\"'{MARK}{HOLE}]").search


@lru_cache(maxsize=WHOLES)
def _whole(value: int) -> str:
    if -1 < value < 1000:  # noqa: PLR2004 - those without a sign within
        return str(value)
    return neutral(f"{value:,}").replace("-", english.MINUS)


@cache
def polyglot() -> Polyglot:
    """Return all languages that there is a catalogue of, made once."""
    return Polyglot([wording(code) for code in codes()])
