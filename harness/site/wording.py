"""What the pages of entries say: strings looked up once, figures, and names of what has a code.

``Words`` is what they ask for it, ``Wording`` what one language says; ``polyglot`` has all at once.
A page of an entry has about a hundred strings without holes, and there may be ten thousand pages.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import cache, lru_cache
from typing import Protocol

from harness.records.board import Board, BoardEntry
from harness.records.meter import Grade
from harness.records.session import Notice
from harness.site import words as spelt
from harness.site.blocks import LONGEST_TEXT, Inline, Quoted, Said, Section, cleaned, english, name
from harness.site.blocks_html import inline
from harness.site.language import Language, Value, language
from harness.site.recorded import MESSAGE, REMEDY, in_words
from harness.site.text import cut, plain, shorten

KEPT = 4096
"""Strings with their holes filled that are kept."""
LONGEST_TITLE = 200
LONGEST_STAGE = 40
LONGEST_REMEDY = 400


class Words(Protocol):
    """What pages of entries are worded with, in one language or in all of them at once."""

    def __hash__(self) -> int:
        """Tell one from the others: what they have in common is kept by it."""
        ...

    @property
    def say(self) -> Mapping[str, str]:
        """The strings that have no holes, by key."""
        ...

    def text(self, key: str, **values: Value) -> str:
        """Fill the holes of a string."""
        ...

    def named(self, kind: str, code: str) -> str:
        """Return the name of what has a code: a phase, a component, a grade, a status."""
        ...

    def explained(self, kind: str, code: str) -> str:
        """Return the sentence that explains it; empty where there is none."""
        ...

    def each(self, make: Callable[[Wording], str]) -> str:
        """Return what is made by each language's own words: text, or HTML."""
        ...

    def section(self, make: Callable[[Wording], Section]) -> Section:
        """Return a section that is made by each language's own words."""
        ...

    def told(self, make: Callable[..., Inline], *of: Hashable) -> Inline:
        """Say what ``make`` gives of each language's words and the values: hardly any page has it.

        It is a function of a module: what it gives is kept.
        """
        ...

    def unique(self, text: str) -> str:
        """Say what hardly another page says, cleaned.

        It is spelt the same without, but then so is all that stands around it, for each page anew.
        What this returns, and what figures return, is of the page that is being made: to be kept
        for another one, or looked into, by nobody.
        """
        ...

    def uniques(self, texts: Sequence[str]) -> tuple[str, ...]:
        """Say several at once, which is quicker."""
        ...

    def quote(self, kind: Quoted, text: str, length: int = 0) -> Said:
        """Quote what hardly another page says, likewise: cleaned and cut as ``blocks`` does it."""
        ...

    def drawing(self, svg: str) -> str:
        """Show a drawing that hardly another page has, likewise: without words."""
        ...

    def drawn(self, make: Callable[[Wording], str]) -> str:
        """Show what is drawn by each language's own words, likewise; without figures."""
        ...

    def figure(self, value: float) -> str:
        """Spell a figure with three significant digits."""
        ...

    def figures(self, values: Sequence[float]) -> tuple[str, ...]:
        """Spell several at once, which is quicker."""
        ...

    def whole(self, value: int) -> str:
        """Spell a whole number."""
        ...

    def wholes(self, values: Sequence[int]) -> tuple[str, ...]:
        """Spell several at once, which is quicker."""
        ...

    def plain_number(self, value: float) -> str:
        """Spell a round number with no more digits than it has."""
        ...

    def percent(self, share: float) -> str:
        """Spell a share of 1 in whole per cent."""
        ...

    def percents(self, shares: Sequence[float]) -> tuple[str, ...]:
        """Spell several at once, which is quicker."""
        ...

    def between(self, interval: tuple[float, float]) -> str:
        """Spell an interval."""
        ...

    def watt_hours(self, joules: float) -> str:
        """Spell an energy in the unit of watt-hours that fits."""
        ...

    def moment(self, moment: str) -> str:
        """Spell a moment in ISO 8601 to the minute."""
        ...

    def stage(self, stage: str) -> str:
        """Name the stage in which an evaluation ended: a phase, or one before or between these."""
        ...

    def metric(self, metric: str, board: Board) -> str:
        """Name a metric of a board's, with a capital."""
        ...

    def labels(self, labels: tuple[str, ...], board: Board, length: int) -> tuple[str, ...]:
        """Name labels of a board's task, cleaned and cut."""
        ...

    def task(self, board: Board) -> str:
        """Name a board's task, cleaned and cut."""
        ...

    def titled(self, board: Board) -> str:
        """Return the HTML that names a board by what tells it from others."""
        ...

    def joules(self, grade: Grade) -> str:
        """Name the unit of energy, with a capital: it says where it is no measurement."""
        ...

    def everyday(self, joules: float) -> str:
        """Say what an energy per 1,000 queries is beside one that people know."""
        ...

    def meter_uncertainty(self, entry: BoardEntry) -> str:
        """Say how far the meter lets the figure be from the truth."""
        ...


class _Strings(dict[str, str]):
    """The strings of a language that have no holes, by key; each is looked up once."""

    def __init__(self, spoken: Language) -> None:
        super().__init__()
        self._spoken = spoken

    def __missing__(self, key: str) -> str:
        found = self[key] = self._spoken.text(key)
        return found


class Wording:
    """What a page says, in one language."""

    def __init__(self, spoken: Language) -> None:
        self.language = spoken
        self.say = _Strings(spoken)
        self.text = lru_cache(maxsize=KEPT)(spoken.text)
        """Fills the holes of a string; entries of a board have many fillings in common."""
        self.figure = spoken.significant
        """Spells a figure with three significant digits."""
        self.whole = lru_cache(maxsize=KEPT)(spoken.whole)
        """Spells a whole number: pages have most counts of items in common."""
        self.plain_number = spoken.plain_number
        """Spells a round number with no more digits than it has."""
        self.plain_percent = spoken.plain_percent
        """Spells a round share of 1 in per cent, likewise."""
        self._whole_percent = lru_cache(maxsize=1024)(lambda each: spoken.percent(each / 100))
        self.named = cache(spoken.name)
        """Returns the name of what has a code: a phase, a component, a grade, a status."""
        self.explained = cache(spoken.sentence)
        """Returns the sentence that explains it; empty where there is none."""
        self._between = spoken.text("number.between", low="{}", high="{}").format

    def each(self, make: Callable[[Wording], str]) -> str:
        """Return what is made by this language's words."""
        return make(self)

    def section(self, make: Callable[[Wording], Section]) -> Section:
        """Return a section that is made by this language's words."""
        return make(self)

    def told(self, make: Callable[..., Inline], *of: Hashable) -> Inline:
        """Say what is made by this language's words."""
        return make(self, *of)

    def unique(self, text: str) -> str:
        """Say a text as it is."""
        return text

    def uniques(self, texts: Sequence[str]) -> tuple[str, ...]:
        """Say several texts as they are."""
        return tuple(texts)

    def quote(self, kind: Quoted, text: str, length: int = 0) -> Said:
        """Quote a text, cleaned and cut."""
        return Said(kind, cleaned(kind, text, length))

    def drawing(self, svg: str) -> str:
        """Show a drawing as it is."""
        return svg

    def drawn(self, make: Callable[[Wording], str]) -> str:
        """Show what is drawn by this language's words."""
        return make(self)

    def figures(self, values: Sequence[float]) -> tuple[str, ...]:
        """Spell several figures."""
        return tuple([self.figure(value) for value in values])

    def wholes(self, values: Sequence[int]) -> tuple[str, ...]:
        """Spell several whole numbers."""
        return tuple([self.whole(value) for value in values])

    def percents(self, shares: Sequence[float]) -> tuple[str, ...]:
        """Spell several shares of 1 in whole per cent."""
        return tuple([self.percent(share) for share in shares])

    def watt_hours(self, joules: float) -> str:
        """Spell an energy in the unit of watt-hours that fits."""
        return self.language.watt_hours(joules)

    def moment(self, moment: str) -> str:
        """Spell a moment in ISO 8601 to the minute."""
        return self.language.moment(moment)

    def percent(self, share: float) -> str:
        """Spell a share of 1 in whole per cent."""
        return self._whole_percent(round(100 * share))

    def between(self, interval: tuple[float, float]) -> str:
        """Spell an interval."""
        low, high = interval
        return self._between(self.figure(low), self.figure(high))

    def stage(self, stage: str) -> str:
        """Name the stage in which an evaluation ended: a phase, or one before or between these."""
        return shorten(self.language.stage(stage), LONGEST_STAGE)

    def recorded(self, kind: str, text: str, length: int = 0) -> Inline:
        """Say what a record says, cut: in English where no words of this language are known."""
        found = in_words(kind, text, self.language)
        if found is None:
            return self.quote("english", text, length)
        return cut(found, length or LONGEST_TEXT)  # it is clean: our own words, and clean text

    def called(self, kind: str, text: str) -> str:
        """Name what records, or the table of grids, name in English: a country, a source."""
        return name(in_words(kind, text, self.language) or text).text

    def warning(self, code: str) -> str:
        """Return the short title of a warning; empty for a code that this version does not know."""
        key = f"warning.{code}.name"
        return self.say[key] if self.language.has(key) else ""

    def seen(self, notice: Notice) -> Inline:
        """Say what a warning says; where that stays in English, what its code stands for first."""
        key = f"warning.{notice.code}.sentence"
        message = self.recorded(notice.code + MESSAGE, notice.message)
        known = type(message) is str or self.language.is_main or not self.language.has(key)
        return message if known else (f"{self.say[key]} ", message)

    def remedy(self, notice: Notice) -> Inline:
        """Say what to do about it."""
        return self.recorded(notice.code + REMEDY, notice.remedy, LONGEST_REMEDY)

    def metric(self, metric: str, board: Board) -> str:
        """Name a metric of a board's, with a capital."""
        labels = spelt.label_names(board, self.language)
        return plain(spelt.sentence_case(spelt.metric_name(metric, self.language, labels)))

    def labels(self, labels: tuple[str, ...], board: Board, length: int) -> tuple[str, ...]:
        """Name labels of a board's task, cleaned and cut."""
        called = spelt.label_names(board, self.language)
        return tuple([shorten(called.get(label, label), length) for label in labels])

    def task_title(self, board: Board) -> str:
        """Return the title of a board's task."""
        return spelt.task_title(board, self.language)

    def task(self, board: Board) -> str:
        """Name a board's task, cleaned and cut."""
        return name(self.task_title(board)).text

    def joules(self, grade: Grade) -> str:
        """Name the unit of energy, with a capital: it says where it is no measurement."""
        return spelt.sentence_case(self.language.name("joules", grade))

    def everyday(self, joules: float) -> str:
        """Say what an energy per 1,000 queries is beside one that people know."""
        return spelt.phone_charge(joules, self.language)

    def everyday_source(self) -> Inline:
        """Say what that is taken to be, and on whose word."""
        source = Said("link", "epa.gov", spelt.PHONE_CHARGE_ADDRESS, foreign=True)
        return spelt.phone_charge_source(self.language), " ", source

    def either(self, each: Sequence[str]) -> str:
        """Spell what any one of may be: ``A, B or C``."""
        return self._listed("number.either", each)

    def together(self, each: Sequence[str]) -> str:
        """Spell several at once: ``A, B and C``; nothing of none."""
        return self._listed("number.together", each) if each else ""

    def _listed(self, key: str, each: Sequence[str]) -> str:
        *others, last = each
        return self.text(key, others=", ".join(others), last=last) if others else last

    def meter_uncertainty(self, entry: BoardEntry) -> str:
        """Say how far the meter lets the figure be from the truth."""
        return spelt.meter_uncertainty(entry, self.language)

    def board_title(self, board: Board) -> str:
        """Name a board by what tells it from others."""
        return f"{self.task_title(board)} · {self._told_apart(board)}"

    def said_title(self, board: Board) -> Inline:
        """Name it where a title that has no translation can be marked as such."""
        quote = english if spelt.is_english(board, self.language) else name
        title = quote(self.task_title(board), LONGEST_TITLE)
        return (title, " · ", name(self._told_apart(board), LONGEST_TITLE))

    def titled(self, board: Board) -> str:
        """Return the HTML of that."""
        return inline(self.said_title(board))

    def _told_apart(self, board: Board) -> str:
        return " · ".join(
            (
                self.language.name("scenario_short", board.scenario),
                board.profile,
                spelt.sources(board, self.language),
            )
        )


@cache
def wording(code: str) -> Wording:
    """Return the wording in the language of that code, made once."""
    return Wording(language(code))
