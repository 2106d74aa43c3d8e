"""What of a page is read, and which of its words belong to English alone."""

from __future__ import annotations

import html.parser
import re
from collections.abc import Iterable
from functools import cache

from harness.site.strings import Message, catalogue

WORD = re.compile(r"[^\W\d_]{3,}")
READ_ALOUD = ("title", "aria-label", "alt", "placeholder", "label")
UNREAD = frozenset({"script", "style", "code", "bdi", "pre", "kbd"})
"""What is no running text of ours: code, and what strangers wrote."""
VOID = frozenset({"meta", "link", "br", "hr", "input", "img", "wbr", "col"})
IN_BOTH = frozenset({"atom", "frugal", "harness", "csv", "json", "parquet", "utc"})
"""Words that French has from English, or that are names."""


class Reading(html.parser.HTMLParser):
    """Gathers what a page says in its own language, and apart from it what it marks as English."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self._open: list[tuple[str, bool]] = []
        self._quoting = False
        self.texts: list[str] = []
        self.quoted: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self._quoting = given.get("lang") == "en"
        read = self._read and tag not in UNREAD and given.get("lang", "fr") == "fr"
        if read:
            self.texts += [value for name in READ_ALOUD if (value := given.get(name))]
        if tag not in VOID:
            self._open.append((tag, read))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        self._quoting = False
        while self._open:
            closed, _ = self._open.pop()
            if closed == tag:
                return

    def handle_data(self, data: str) -> None:
        if self._read:
            self.texts.append(data)
        if self._quoting:
            self.quoted.append(data)

    @property
    def _read(self) -> bool:
        return not self._open or self._open[-1][1]


def english_left(texts: Iterable[str]) -> dict[str, str]:
    """Return words of the English catalogue that the French one lacks, and where they stand."""
    found: dict[str, str] = {}
    for text in texts:
        for word in WORD.findall(text.lower()):
            if word in english_only():
                found.setdefault(word, " ".join(text.split())[:120])
    return found


@cache
def english_only() -> frozenset[str]:
    """Return the words that only the English catalogue has."""
    return frozenset(_words("en") - _words("fr") - IN_BOTH)


def _words(code: str) -> set[str]:
    def forms(message: Message) -> tuple[str, ...]:
        return (message,) if isinstance(message, str) else tuple(message)

    return {
        word
        for key, message in catalogue(code).items()
        for form in forms(message)
        for word in WORD.findall(re.sub(r"\{\w+\}|<[^>]+>", " ", form).lower())
        if not key.startswith("language.")
    }
