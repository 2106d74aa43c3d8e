"""Text in all languages at once: what they say differently stands there in each, between marks.

Pages of an entry differ by language in words and in the signs within figures, and there may be ten
thousand of them: so each is made once, and then parted. Marks are control characters. Text of
strangers has none left by the time that it is shown (``text.plain``), and catalogues have none.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

MARK = "\x01"
"""Before and after what stands there in each language."""
BETWEEN = "\x02"
"""Between the versions of two languages."""
DECIMAL, THOUSANDS = "\x03", "\x04"
"""Stand in figures for the language's own signs."""


class Signs(NamedTuple):
    """What a language has within figures."""

    decimal: str
    thousands: str


def joined(versions: Iterable[str]) -> str:
    """Join what each language says in the same place, in a fixed order of languages.

    Each is without marks of its own, but for the signs of figures. Where all say the same it needs
    no marks.
    """
    each = tuple(versions)
    return each[0] if len({*each}) == 1 else f"{MARK}{BETWEEN.join(each)}{MARK}"


def parted(text: str, signs: Sequence[Signs]) -> list[str]:
    """Return what each language says, for as many languages as there are ``signs``."""
    pieces = text.split(MARK)
    versions = [each.split(BETWEEN) for each in pieces[1::2]]
    made = []
    for n, (decimal, thousands) in enumerate(signs):
        pieces[1::2] = [each[n] for each in versions]
        made.append("".join(pieces).replace(DECIMAL, decimal).replace(THOUSANDS, thousands))
    return made


def neutral(figure: str) -> str:
    """Turn a figure that is spelt in English, ``12,300.5``, into that of no language."""
    return figure.replace(".", DECIMAL).replace(",", THOUSANDS)
