"""Translate the English sentences that records hold.

Meters, the sandbox and whatever warns write sentences into records, and no record is rewritten.
Each sentence is matched against the templates under ``recorded`` in the English catalogue, and
made again from the same key of another one. What matches none, of an older or a later version or a
stranger's, is for others to show as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache, lru_cache
from string import Formatter

from harness.site.language import Language
from harness.site.paths import MAIN_LANGUAGE
from harness.site.strings import catalogue
from harness.site.text import KEPT_SPACES, MINUS, plain

TABLE = "recorded."
MESSAGE, REMEDY = ".message", ".remedy"
"""Of a notice, after its code; by themselves, those of all codes."""
LONGEST = 2000
"""Characters of what is looked for: sentences of the program's are shorter."""
MOST_PIECES = 40
KEPT = 4096
"""Sentences that are kept: entries of a board have many in common."""

APART = "; "
"""Between sentences in a row, as records write it."""

_LISTS: Mapping[str, tuple[str, ...]] = {
    "interval": (APART, ", "),
    "checks": (", ",),
    "lacks": (", ",),
    "braked": (", ",),
    "left_out": (APART,),
    MESSAGE: (APART,),
    REMEDY: (APART,),
}
"""What several of a kind stand in a row with: the outermost first."""
_FREE = {"name": ".+", "text": ".+", "word": r"[^\s,]+"}
"""How holes begin that hold any text: names, versions, digests."""
_CALLED = {"reasons": MESSAGE, "remedies": REMEDY}
"""Holes that hold what is of a kind with another name."""
_UNGROUPED = frozenset({"number", "seed"})
"""How holes begin whose figure counts nothing: it has no sign between its thousands."""
_FIGURE = r"[+-]?[0-9]+(?:[.,][0-9]+)*(?:e[+-]?[0-9]+)?"


@lru_cache(maxsize=KEPT)
def in_words(kind: str, text: str, spoken: Language) -> str | None:
    """Return what a record says in the words of a language; ``None`` where these are not known.

    Neither are they in English, in which it is shown as it is, but where it holds codes.

    ``kind`` is what it is said of, as the catalogue has it: ``interval``, or ``few-items.message``.
    """
    if (spoken.is_main and kind not in _coded()) or len(text) > LONGEST:
        return None
    typed = _as_typed(plain(text))
    found = _any(kind, typed, spoken)
    if found is None and kind.endswith(REMEDY):  # of what disturbed a session: several, of others
        return _any(REMEDY, typed, spoken)
    return found


def joined(sentences: Sequence[str], spoken: Language) -> str:
    """Say several sentences in a row, with the mark between two as the language sets it."""
    made = sentences[0]
    for each in sentences[1:]:
        made = spoken.text("number.apart", first=made, then=each)
    return made


def _any(kind: str, text: str, spoken: Language) -> str | None:
    return _listed(kind, text, _LISTS.get(kind, ()), spoken)


def _listed(kind: str, text: str, separators: tuple[str, ...], spoken: Language) -> str | None:
    """Say several in a row, each as short as can be: a separator may stand within one, too."""
    if not separators:
        return _one(kind, text, spoken)
    separator, *within = separators
    pieces = text.split(separator)
    if len(pieces) > MOST_PIECES:
        return None
    made, begin = [], 0
    while begin < len(pieces):
        for end in range(begin + 1, len(pieces) + 1):
            found = _listed(kind, separator.join(pieces[begin:end]), (*within,), spoken)
            if found is not None:
                made.append(found)
                begin = end
                break
        else:
            return None
    return joined(made, spoken) if separator == APART else separator.join(made)


def _one(kind: str, text: str, spoken: Language) -> str | None:
    for key, sentence in _sentences().get(kind, ()):
        if (found := _compiled(sentence).fullmatch(text)) is None:
            continue
        values: dict[str, str] = {}
        for hole, value in found.groupdict().items():
            if (filled := _filled(hole, value, spoken)) is None:
                break
            values[hole] = filled
        else:
            return spoken.text(key, **values)
    return None


def _filled(hole: str, value: str, spoken: Language) -> str | None:
    """Return what fills a hole in another language; ``None`` where that is not known."""
    if hole in _SPECIAL:
        return _SPECIAL[hole][1](value, spoken)
    if hole in _CALLED or hole in _sentences():
        return _any(_CALLED.get(hole, hole), value, spoken)
    if _begin(hole) in _FREE:
        return value
    if value.isdigit() and _begin(hole) not in _UNGROUPED:
        return spoken.whole(int(value))
    return spoken.figure(value).replace("-", MINUS)


def _codes(value: str, spoken: Language) -> str:
    return ", ".join(spoken.name("warning", code) for code in value.split(", "))


def _metric(value: str, spoken: Language) -> str:
    name, _, label = value.partition(":")
    found = spoken.name("metric", name.replace(" ", "_"))
    called = name if found == name.replace(" ", "_") else found
    return spoken.text("metrics.of_class", metric=called, label=label) if label else called


_SPECIAL: Mapping[str, tuple[str, Callable[[str, Language], str]]] = {
    "codes": (r"[a-z-]+(?:, [a-z-]+)*", _codes),
    "metric": (".+", _metric),
    "stage": (r"[a-z-]+", lambda value, spoken: spoken.stage(value)),
}
"""Holes that hold codes: what they look like, and what they are called."""


@cache
def _coded() -> frozenset[str]:
    """Return the kinds of which a sentence holds codes, for which English has words, too."""
    return frozenset(
        kind
        for kind, ways in _sentences().items()
        if any("(?P<codes>" in sentence for _, sentence in ways) and kind != MESSAGE
    )


_compiled = cache(re.compile)
"""Each as it is tried: to compile them all takes as long as to read the catalogue."""


@cache
def _sentences() -> Mapping[str, tuple[tuple[str, str], ...]]:
    """Return by kind the keys of its sentences, and what finds each: the most particular first."""
    strings = {
        key: message
        for key, message in catalogue(MAIN_LANGUAGE).items()
        if key.startswith(TABLE) and isinstance(message, str)
    }
    kinds = frozenset(key.split(".")[1] for key in strings)
    found: dict[str, list[tuple[int, str, str]]] = {}
    for key, message in strings.items():
        _, kind, name = key.split(".")
        parts = [*Formatter().parse(_as_typed(message))]
        sentence = "".join(_pattern(*part[:2], kinds) for part in parts)
        known = sum(len(part[0]) for part in parts)
        part = f".{re.sub('_[0-9]+$', '', name)}"
        places = [kind]
        if part in {MESSAGE, REMEDY}:
            places.append(kind + part)
            if not any(hole in _CALLED for _, hole, _, _ in parts):  # else one would hold itself
                places.append(part)
        for place in places:
            found.setdefault(place, []).append((-known, key, sentence))
    return {place: tuple(each[1:] for each in sorted(ways)) for place, ways in found.items()}


def _pattern(literal: str, hole: str | None, kinds: frozenset[str]) -> str:
    if hole is None:
        return re.escape(literal)
    if hole in _SPECIAL:
        held = _SPECIAL[hole][0]
    elif hole in kinds or hole in _CALLED:
        held = ".+"
    else:
        held = _FREE.get(_begin(hole), _FIGURE)
    return f"{re.escape(literal)}(?P<{hole}>{held})"


def _begin(hole: str) -> str:
    return hole.partition("_")[0].removesuffix("s")


def _as_typed(text: str) -> str:
    """Return a text with the marks and spaces of a typewriter, which records have."""
    for space in KEPT_SPACES:
        text = text.replace(space, " ")
    return text.replace("‘", "'").replace("’", "'")  # noqa: RUF001 - what catalogues have for it
