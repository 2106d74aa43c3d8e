"""What a page of an entry costs: CPU time and size, over the entries of the demonstration.

    python benchmarks/site_entries.py [--repeats 20]

Makes the pages of every entry of leaderboard/results, in all languages together, again and again
in one process, and prints the least CPU time of an entry's pages, of its badges, of what is derived
of the records, and the sizes. What is read, ranked and written besides is not in it.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import fmean

from harness.ranking.boards import make_boards
from harness.ranking.members import members_by_board, of_entry
from harness.records.rules import read_rules
from harness.site import blocks
from harness.site.badge import badge
from harness.site.entry_page import render_entry
from harness.site.entry_view import EntryView, entry_view
from harness.site.language import codes
from harness.store.results import read_all

LEADERBOARD = Path(__file__).resolve().parent.parent / "leaderboard"


def least_milliseconds(work: Callable[[], object], repeats: int) -> float:
    """Return the least CPU time of ``work``: what else runs only ever adds to it."""
    times = []
    for _ in range(repeats):
        begun = time.process_time()
        work()
        times.append(time.process_time() - begun)
    return 1000 * min(times)


def forget() -> None:
    """Forget what is kept cleaned of the entries' own texts: other entries have others."""
    for kept in (blocks.name, blocks.english):
        kept.cache_clear()


def render(views: Sequence[EntryView]) -> None:
    """Make every page, as if none of these entries had been seen before."""
    forget()
    for view in views:
        render_entry(view)


def badges(views: Sequence[EntryView]) -> None:
    """Make every badge."""
    for view in views:
        for code in codes():
            if view.entry is not None:
                badge(view.board, view.entry, code, ranked=view.ranked)


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=20)
    repeats = parser.parse_args().repeats
    stored, _ = read_all(LEADERBOARD / "results")
    rules = read_rules(LEADERBOARD / "rules.toml")
    boards = make_boards(stored, rules)
    members = members_by_board(stored, boards, rules)

    def views() -> list[EntryView]:
        return [
            entry_view(board, entry.entry, of_entry(board, entry.entry, members[board.id]))
            for board in boards.boards
            for entry in board.entries
        ]

    made = views()
    sessions = fmean(len(view.latest.view.seen) for view in made)
    derived = least_milliseconds(views, repeats) / len(made)
    print(f"{len(made)} entries, {sessions:.1f} sessions each")
    print(f"derived of the records: {derived:.2f} ms an entry")
    spent = least_milliseconds(lambda: render(made), repeats)
    print(f"pages in {len(codes())} languages: {spent / len(made):.2f} ms an entry")
    spent = least_milliseconds(lambda: badges(made), repeats)
    print(f"badges: {spent / len(made):.3f} ms an entry")
    for code in codes():
        pages = [len(render_entry(view)[code]) for view in made]
        print(f"{code}: {min(pages):,} to {max(pages):,} bytes a page")


if __name__ == "__main__":
    main()
