"""Where the files of the site lie: names of strangers become names of files that surprise nobody.

    index.html, fr/index.html                 every board, in each language
    method.html, fr/method.html               how a figure comes about
    entries/<board>/<entry>.html, fr/entries/<board>/<entry>.html
    badges/<board>/<entry>.svg, fr/badges/<board>/<entry>.svg

Links between them are relative, so that the site works from any folder and any host.
"""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache

ENTRIES = "entries"
BADGES = "badges"
METHOD = "method.html"
MAIN_LANGUAGE = "en"
"""Its pages lie at the top of the site; those of another language in a folder of its code."""

KEPT = 256
"""Names that are kept: what is made of an entry asks for its own and its board's several times."""

_PLAIN = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")
_LONGEST_PLAIN = 100
_LONGEST_SLUG = 40
_DIGITS = 32
"""Of a SHA-256: 128 bits, so that nobody can make two names that lie in one place."""
_UNSAFE = re.compile(r"[^a-z0-9]+")
_RESERVED = frozenset(
    ("con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10)))
)
"""Windows takes a file of this name, whatever its ending, for a device."""


@lru_cache(maxsize=KEPT)
def safe_name(text: str) -> str:
    """Return a file's or folder's name for any string, without an ending: unique, short, plain.

    Small letters, digits and single dashes or underscores between them stay as they are: names of
    entries and boards are made of these. Anything else becomes what is readable of it, a dot and
    digits of its SHA-256: no plain name has a dot. No two strings share a name, on a file system
    that does not tell capitals from small letters either; a name is at most 100 characters, ASCII,
    begins with a letter or digit and is no device of any system.
    """
    if len(text) <= _LONGEST_PLAIN and _PLAIN.fullmatch(text) and text not in _RESERVED:
        return text
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]
    readable = _UNSAFE.sub("-", text[:_LONGEST_SLUG].lower()).strip("-") or "x"
    return f"{'x-' if readable in _RESERVED else ''}{readable}.{digest}"


def entry_path(board_id: str, entry: str) -> str:
    """Return where what belongs to an entry of a board lies, without folder and ending.

    ``<board>/<entry>``, each made safe: ``entries/<this>.html`` is its page, ``badges/<this>.svg``
    its badge.
    """
    return f"{safe_name(board_id)}/{safe_name(entry)}"


def entry_page_name(board_id: str, entry: str, language: str = MAIN_LANGUAGE) -> str:
    """Return the name of an entry's page, relative to the site's folder."""
    return in_language(f"{ENTRIES}/{entry_path(board_id, entry)}.html", language)


def badge_name(board_id: str, entry: str, language: str = MAIN_LANGUAGE) -> str:
    """Return the name of an entry's badge, relative to the site's folder."""
    return in_language(f"{BADGES}/{entry_path(board_id, entry)}.svg", language)


def in_language(name: str, language: str) -> str:
    """Return the name of the same page in another language."""
    return name if language == MAIN_LANGUAGE else f"{language}/{name}"


def to_top(name: str) -> str:
    """Return what leads from a page to the site's folder: ``../`` as often as it lies deep."""
    return "../" * name.count("/")
