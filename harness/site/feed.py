"""An Atom feed (RFC 4287) of new and changed results.

A result is a row of a board. It is new with the first evaluation of its content, and changed by
each further one; another version of an entry is another result. Nothing here reads a clock: a
result's dates are those in the names of its records, which the records' own moments give.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from harness.records.board import Board, BoardEntry, Boards
from harness.site.language import Language, languages
from harness.site.paths import entry_page_name, in_language
from harness.site.templating import environment
from harness.site.words import board_metric, sentence_case, task_title

MOST_RESULTS = 100
"""Readers of feeds come often; whoever wants everything takes the data."""

NAMESPACE = uuid.UUID("5b0ff0a4-5f0c-5a7e-9c0e-7d4a6f9b2e11")
"""Of all names made here: names in it are the same wherever a feed lies, and need no host."""

STAMP = re.compile(r"(?:^|/)([0-9]{8}T[0-9]{6})Z-[0-9a-f]{8}(?:\.local)?\.json$")
"""When a record was made, in its file's name: ``<UTC yyyymmddThhmmssZ>-<8 digits>.json``."""

NEVER = datetime(1970, 1, 1, tzinfo=UTC)
"""When a feed without results was updated last: Atom wants a moment."""


@dataclass(frozen=True)
class Result:
    """A row of a board, and when it came about."""

    board: Board
    entry: BoardEntry
    first: datetime
    latest: datetime


def feed_name(language: Language) -> str:
    """Return the name of a language's feed, relative to the site's folder."""
    return in_language("feed.xml", language.code)


def feeds(boards: Boards, address: str = "") -> dict[str, bytes]:
    """Return the feed of each language, by name; see ``feed``."""
    latest = latest_results(boards)
    return {
        feed_name(language): _feed(boards, latest, language, address) for language in languages()
    }


def feed(boards: Boards, language: Language, address: str = "") -> bytes:
    """Return the feed of a language: the latest results of all boards, the newest first.

    Each links to its entry's page in that language. A row whose records' names tell no moment is
    left out: nothing says when it changed. Its links are whole where ``address`` says where
    the site is published.
    """
    return _feed(boards, latest_results(boards), language, address)


def latest_results(boards: Boards) -> list[Result]:
    """Return the latest results of all boards, at most ``MOST_RESULTS``, the newest first."""
    results = list(_results(boards))
    results.sort(key=lambda each: (each.board.id, each.entry.entry))
    results.sort(key=lambda each: each.latest, reverse=True)
    return results[:MOST_RESULTS]


def latest_of(board: Board) -> tuple[BoardEntry, ...]:
    """Return the latest results of one board, at most ``MOST_RESULTS``, the newest first."""
    boards = Boards(boards=(board,), problems=())
    return tuple(each.entry for each in latest_results(boards))


def _feed(boards: Boards, results: Sequence[Result], language: Language, address: str) -> bytes:
    template = environment(language.code).get_template("feed.xml")
    return template.render(
        feed_id=_name("feed", language.code, *sorted({board.task for board in boards.boards})),
        updated=_spelt(results[0].latest if results else NEVER),
        base=address + in_language("", language.code) if address else "",
        results=[_told(result, language) for result in results],
    ).encode()


def made(path: str) -> datetime | None:
    """Return when the record at this path was made; ``None`` where its name does not say."""
    found = STAMP.search(path)
    if found is None:
        return None
    try:
        return datetime.fromisoformat(f"{found[1]}Z")  # ten times as quick as strptime
    except ValueError:
        return None


def _results(boards: Boards) -> Iterable[Result]:
    for board in boards.boards:
        for entry in board.entries:
            moments = sorted(filter(None, map(made, entry.evaluations)))
            if moments:
                yield Result(board, entry, moments[0], moments[-1])


def _told(result: Result, language: Language) -> dict[str, object]:
    board, entry = result.board, result.entry
    return {
        "id": _name("result", language.code, board.id, entry.entry, entry.digest),
        "board": board,
        "task": task_title(board, language),
        "entry": entry,
        "link": entry_page_name(board.id, entry.entry),
        "published": _spelt(result.first),
        "updated": _spelt(result.latest),
        "metric": sentence_case(board_metric(board, language)),
    }


def _name(*parts: str) -> str:
    """Return a name that is the same for the same parts, and for no others, on any host."""
    return uuid.uuid5(NAMESPACE, "\n".join(map(repr, parts))).urn


def _spelt(moment: datetime) -> str:
    """Spell a moment as RFC 3339 does, in UTC."""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
