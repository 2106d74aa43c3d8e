"""A language as the pages of entries use it: strings looked up once, and names of what has a code.

A page of an entry has about a hundred strings without holes, and there may be ten thousand pages.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache

from harness.records.board import Board, BoardEntry
from harness.records.meter import Grade
from harness.site import words as spelt
from harness.site.blocks import Inline, english, name
from harness.site.language import Language, language

KEPT = 4096
"""Strings with their holes filled that are kept."""
LONGEST_TITLE = 200


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

    def percent(self, share: float) -> str:
        """Spell a share of 1 in whole per cent."""
        return self._whole_percent(round(100 * share))

    def between(self, interval: tuple[float, float]) -> str:
        """Spell an interval."""
        low, high = interval
        return self._between(self.figure(low), self.figure(high))

    def stage(self, stage: str) -> str:
        """Name the stage in which an evaluation ended: a phase, or one before or between these."""
        return self.language.stage(stage)

    def warning(self, code: str) -> str:
        """Return the short title of a warning; empty for a code that this version does not know."""
        key = f"warning.{code}.name"
        return self.say[key] if self.language.has(key) else ""

    def metric(self, metric: str, board: Board) -> str:
        """Name a metric of a board's, with a capital."""
        labels = spelt.label_names(board, self.language)
        return spelt.sentence_case(spelt.metric_name(metric, self.language, labels))

    def label(self, label: str, board: Board) -> str:
        """Name a label of a board's task."""
        return spelt.label_names(board, self.language).get(label, label)

    def task_title(self, board: Board) -> str:
        """Return the title of a board's task."""
        return spelt.task_title(board, self.language)

    def joules(self, grade: Grade) -> str:
        """Name the unit of energy, with a capital: it says where it is no measurement."""
        return spelt.sentence_case(self.language.name("joules", grade))

    def everyday(self, joules: float) -> str:
        """Say what an energy per 1,000 queries is beside one that people know."""
        return spelt.phone_charge(joules, self.language)

    def everyday_source(self) -> str:
        """Say what that is taken to be, and on whose word."""
        return spelt.phone_charge_source(self.language)

    def either(self, each: Sequence[str]) -> str:
        """Spell what any one of may be: ``A, B or C``."""
        *others, last = each
        if not others:
            return last
        return self.text("number.either", others=", ".join(others), last=last)

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

    def _told_apart(self, board: Board) -> str:
        return " · ".join(
            (
                self.language.name("scenario_short", board.scenario),
                board.profile,
                spelt.sources(board),
            )
        )


@cache
def wording(code: str) -> Wording:
    """Return the wording in the language of that code, made once."""
    return Wording(language(code))
