"""What the pages of entries say, in all languages at once: ``Words`` as one language has them.

What makes a page asks it for words as it would ask one language (``wording``), and gets texts that
hold what each says (``versions``): so a page is made once, and parted into those of all languages.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache, lru_cache
from typing import NamedTuple

from harness.records.board import Board, BoardEntry
from harness.records.task_words import TaskWords
from harness.site import text as english
from harness.site.blocks import Section
from harness.site.language import BEYOND_WORDS, MILLION, Value, codes
from harness.site.versions import MARK, joined, neutral, parted
from harness.site.wording import Wording, wording
from harness.site.words import meter_uncertainty, phone_charge

KEPT = 64
"""Boards whose names are kept."""


class _Strings(dict[str, str]):
    """Strings that have no holes, by key; each is looked up once."""

    def __init__(self, spoken: Sequence[Wording]) -> None:
        super().__init__()
        self._spoken = spoken

    def __missing__(self, key: str) -> str:
        found = self[key] = joined([each.say[key] for each in self._spoken])
        return found


class _Templates(NamedTuple):
    """A string with its holes: of all languages joined, and of each."""

    joined: str
    each: Sequence[str]


class Polyglot:
    """What a page says, in each language; ``wording.Words`` says what its methods return."""

    def __init__(self, spoken: Sequence[Wording]) -> None:
        self._spoken = tuple(spoken)
        self._languages = tuple(each.language for each in spoken)
        self._templates: dict[str | tuple[str, tuple[bool, ...]], _Templates] = {}
        self._forms = lru_cache(maxsize=1024)(
            lambda n: tuple(own.is_singular(n) for own in self._languages)
        )
        self._boards: dict[str, tuple[tuple[TaskWords, ...], dict[tuple[object, ...], str]]] = {}
        self.say = _Strings(self._spoken)
        self.named = cache(lambda kind, code: self.each(lambda own: own.named(kind, code)))
        self.explained = cache(lambda kind, code: self.each(lambda own: own.explained(kind, code)))
        self.joules = cache(lambda grade: self.each(lambda own: own.joules(grade)))
        self.plain_number = lru_cache(maxsize=1024)(lambda value: neutral(f"{value + 0.0:,.10g}"))
        """Spells a round number with no more digits than it has: ticks of drawings are."""
        self._whole_percent = lru_cache(maxsize=1024)(
            lambda each: self.text("number.percent", figure=self.whole(each))
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

    def section(self, make: Callable[[Wording], Section]) -> Section:
        """Return a section that has in it the one made by each language's own words."""
        made = tuple([make(own) for own in self._spoken])
        title = joined([each.title for each in made])
        return made[0]._replace(title=title, versions=made)

    def text(self, key: str, **values: Value) -> str:
        """Fill the holes of a string in each language."""
        if not values:
            return self.say[key]
        n = values.get("n")
        place = key if n is None else (key, self._forms(n))
        found = self._templates.get(place)
        if found is None:
            each = [own.template(key, values) for own in self._languages]
            found = self._templates[place] = _Templates(joined(each), each)
        apart = False
        for name, value in values.items():
            if type(value) is not str:
                values[name] = self._spelt(value)  # type: ignore[arg-type] # no text
            elif MARK in value:
                apart = True
        if apart:
            return self._apart(found.each, values)  # type: ignore[arg-type] # spelt above
        return found.joined.format_map(values)

    def _apart(self, templates: Sequence[str], values: Mapping[str, str]) -> str:
        """Fill them where what fills them is said differently, too."""
        own: list[dict[str, str]] = [{} for _ in templates]
        for name, value in values.items():
            for filled, said in zip(own, parted(value), strict=True):
                filled[name] = said
        return joined(
            [each.format_map(filled) for each, filled in zip(templates, own, strict=True)]
        )

    def _spelt(self, value: float) -> str:
        if isinstance(value, bool):
            raise TypeError("yes and no are not figures: they want strings of their own")
        return self.whole(value) if isinstance(value, int) else self.figure(value)

    # Figures

    def figure(self, value: float) -> str:
        """Spell a figure with three significant digits."""
        return neutral(english.spell_significant(value))

    def figures(self, values: Sequence[float]) -> list[str]:
        """Spell several at once."""
        return neutral(english.significant_lines(values)).split("\n") if values else []

    def whole(self, value: int) -> str:
        """Spell a whole number."""
        if -1 < value < 1000:  # noqa: PLR2004 - those without a sign within
            return str(value)
        return neutral(f"{value:,}").replace("-", english.MINUS)

    def percent(self, share: float) -> str:
        """Spell a share of 1 in whole per cent."""
        return self._whole_percent(round(100 * share))

    def significant_percent(self, share: float) -> str:
        """Spell a share of 1 in per cent to three significant digits."""
        return self.text("number.percent", figure=self.figure(100 * share))

    def many(self, value: float) -> str:
        """Spell a number that need not be exact so that it can be said."""
        if not MILLION <= value < BEYOND_WORDS:
            return self.figure(value)
        return self.each(lambda own: own.language.many(value))

    def between(self, interval: tuple[float, float]) -> str:
        """Spell an interval."""
        low, high = interval
        return self.text("number.between", low=low, high=high)

    def watt_hours(self, joules: float) -> str:
        """Spell an energy in the unit of watt-hours that fits."""
        return neutral(english.watt_hours(joules))

    # What is made of several strings, or hangs on a board

    def moment(self, moment: str) -> str:
        """Spell a moment to the minute."""
        return self.each(lambda own: own.moment(moment))

    def stage(self, stage: str) -> str:
        """Name the stage in which an evaluation ended."""
        return self.each(lambda own: own.stage(stage))

    def warning(self, code: str) -> str:
        """Return the short title of a warning; empty for a code that is not known."""
        return self.each(lambda own: own.warning(code))

    def metric(self, metric: str, board: Board) -> str:
        """Name a metric of a board's, with a capital."""
        kept = self._of_board(board)
        found = kept.get(place := ("metric", metric))
        if found is None:
            found = kept[place] = self.each(lambda own: own.metric(metric, board))
        return found

    def label(self, label: str, board: Board, length: int) -> str:
        """Name a label of a board's task, cleaned and cut."""
        kept = self._of_board(board)
        found = kept.get(place := ("label", label, length))
        if found is None:
            found = kept[place] = self.each(lambda own: own.label(label, board, length))
        return found

    def everyday(self, joules: float) -> str:
        """Say what an energy per 1,000 queries is beside one that people know."""
        return phone_charge(joules, self)

    def meter_uncertainty(self, entry: BoardEntry) -> str:
        """Say how far the meter lets the figure be from the truth."""
        return meter_uncertainty(entry, self)


@cache
def polyglot() -> Polyglot:
    """Return all languages that there is a catalogue of, made once."""
    return Polyglot([wording(code) for code in codes()])
