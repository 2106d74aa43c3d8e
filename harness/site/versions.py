"""Text in all languages at once: what they say differently stands there in each, between marks.

Pages of an entry differ by language in words and in the signs within figures, and there may be ten
thousand of them: so each is made once, and then parted. Marks are control characters. Text of
strangers has none left by the time that it is shown (``text.plain``), and catalogues have none.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import AnyStr

from harness.site.language import codes, language

MARK = "\x01"
"""Before, between and after what is said in each language, in the order of ``codes()``."""
DECIMAL, THOUSANDS = "\x02", "\x03"
"""Stand in figures for the language's own signs."""


def joined(versions: Iterable[str]) -> str:
    """Join what each language says in the same place; where all say the same it needs no marks.

    Each is without marks of its own, but for the signs of figures.
    """
    each = tuple(versions)
    return each[0] if len({*each}) == 1 else f"{MARK}{MARK.join(each)}{MARK}"


def parted(text: str) -> list[str]:
    """Return what each language says; the signs of figures stay as they are."""
    return _parted(text, MARK)


def merged(text: str) -> str:
    """Return the same with one place at most where languages differ: quicker to part many times."""
    return joined(parted(text))


def encoded(text: str) -> list[bytes]:
    """Return what each language says, in UTF-8, with its own signs in the figures.

    A few characters of a page take two bytes in memory, and so all of them do: it is encoded once
    for all languages, which leaves half as many bytes to look through.
    """
    return signed(spoken(text))


def spoken(text: str) -> list[bytes]:
    """Return the same with the signs of figures as they are."""
    return _parted(text.encode(), _MARK)


def signed(versions: Iterable[bytes]) -> list[bytes]:
    """Return what each language says with its own signs in the figures."""
    return [
        said.replace(_DECIMAL, decimal).replace(_THOUSANDS, thousands)
        for said, (decimal, thousands) in zip(versions, _signs(), strict=True)
    ]


def neutral(figure: str) -> str:
    """Turn a figure that is spelt in English, ``12,300.5``, into that of no language."""
    return figure.replace(".", DECIMAL).replace(",", THOUSANDS)


_MARK, _DECIMAL, _THOUSANDS = MARK.encode(), DECIMAL.encode(), THOUSANDS.encode()


@cache
def _signs() -> tuple[tuple[bytes, bytes], ...]:
    spoken = map(language, codes())
    return tuple((each.figure(".").encode(), each.figure(",").encode()) for each in spoken)


def _parted(text: AnyStr, mark: AnyStr) -> list[AnyStr]:
    pieces, nothing, languages = text.split(mark), text[:0], len(codes())
    made, own = [], [nothing] * (2 * (len(pieces) // (languages + 1)) + 1)
    own[::2] = pieces[:: languages + 1]  # what stands between marks is the same for all
    for n in range(languages):
        own[1::2] = pieces[n + 1 :: languages + 1]
        made.append(nothing.join(own))
    return made
