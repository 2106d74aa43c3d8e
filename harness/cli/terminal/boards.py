"""Boards on the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich import markup

from harness.cli.terminal.spelt import GRADES, shown_path, three_digits
from harness.cli.terminal.tables import Column, print_table
from harness.site.text import rank_range
from harness.submissions.faults import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from harness.records.board import Board, BoardEntry, Boards, Problem
    from harness.records.joint import PrizeResult, RankRange

SAID_ABOVE = frozenset({"modelled-energy", "simulated-energy", "self-reported"})
"""Codes of notes that a board's heading says already."""


def escape(text: str) -> str:
    """Spell a stranger's text so that neither rich nor a terminal obeys anything in it."""
    return markup.escape(visible(text))


def print_boards(console: Console, boards: Boards, page: Path, more: Sequence[int]) -> None:
    """Show every board as a table, what could not be used, and where the page is.

    ``more`` is how many rows each has besides those that are here: they are on the page.
    """
    for board, rest in zip(boards.boards, more, strict=True):
        _print_board(console, board, rest)
    if not boards.boards and not boards.problems and not boards.imported:
        console.print("no results yet: python -m harness evaluate ENTRY makes one")
    elif not boards.boards and boards.problems:
        console.print("no board: each result is left out, or cannot be used")
    for imported in boards.imported:
        told = f"{len(imported.entries)} imported, self-reported, not ranked: on the page"
        console.print(f"{escape(imported.task)}  {told}", highlight=False)
    _print_problems(console, boards.problems)
    console.print(f"page    {escape(shown_path(page))}", highlight=False, soft_wrap=True)


def _print_problems(console: Console, problems: Sequence[Problem]) -> None:
    """Say why files are on no board, once for all that share it, and what to do about it."""
    if not problems:
        return
    from harness.cli import joint_findings, verify
    from harness.store.joint import FOLDER

    paths: dict[tuple[str, str, str], list[str]] = {}
    for problem in problems:
        told = "[red]problem[/red]" if problem.is_fault else "[yellow]left out[/yellow]"
        paths.setdefault((told, problem.code, problem.message), []).append(problem.path)
    console.print()
    for (told, code, message), of_these in paths.items():
        console.print(f"{told} {escape(message)} [dim]\\[{escape(code)}][/dim]", highlight=False)
        for path in of_these:
            console.print(f"        {escape(path)}", highlight=False, soft_wrap=True)
        joint = of_these[0].startswith(f"{FOLDER}/")
        if remedy := (joint_findings if joint else verify).REMEDIES.get(code):
            console.print(f"        fix: {escape(remedy)}", highlight=False, soft_wrap=True)


def _print_board(console: Console, board: Board, rest: int) -> None:
    console.print()
    console.print(
        f"[bold]{escape(board.task_title)}[/bold] · {board.scenario} · {board.status}",
        highlight=False,
    )
    sources = ", ".join(source.name for source in board.sources)
    console.print(
        f"{board.data_source} data, {board.items:,} items · {escape(board.profile)}",
        highlight=False,
    )
    console.print(f"{GRADES[board.meter_grade]} ({escape(sources)})", highlight=False)
    ranked = board.ranking is not None
    columns = [
        Column("entry", whole=True),
        Column("team"),
        Column(escape(board.metric.replace("_", " "))),
        Column("J per 1,000 queries"),
        Column("front", whole=True),
        Column("class", whole=True),
        Column("sessions", right=True),
    ]
    rows = [_cells(entry) for entry in board.entries]
    if ranked:
        columns = [Column("rank", whole=True), *columns]
        ranks = (rank_text(entry.rank) for entry in board.entries)
        rows = [(rank, *row) for rank, row in zip(ranks, rows, strict=True)]
    print_table(console, columns, rows)
    if rest:
        console.print(f"[dim]and {rest:,} more, on the page[/dim]", highlight=False)
    for prize in board.ranking.prizes if board.ranking else ():
        winners = [each.entry for each in prize.standings if each.wins]
        console.print(f"prize {prize_text(prize, winners)}", markup=False, highlight=False)
    for failed in board.failed:
        console.print(
            f"[red]failed[/red] {escape(failed.entry)} in {escape(failed.stage)} "
            f"(blame: {failed.blame}): {escape(failed.message)}",
            highlight=False,
        )
    if ranked:
        console.print(
            "[dim]a rank is a range: entries whose ranges overlap may not be told apart[/dim]",
            highlight=False,
        )
    for note in board.notes:
        if note.code in SAID_ABOVE:
            continue
        console.print(f"[dim]{escape(note.message)}[/dim]", highlight=False)


def rank_text(rank: RankRange | None) -> str:
    """Spell a range of ranks: ``2`` where it is one, nothing where there is none."""
    return "" if rank is None else rank_range(rank)


def prize_text(prize: PrizeResult, winners: Sequence[str]) -> str:
    """Say what a prize was for, and who won it."""
    asked = (
        f"least energy with quality above {prize.limit:g}"
        if prize.prize == "least-energy"
        else f"best quality within {prize.limit:g} J per 1,000 queries"
    )
    jointly = " jointly" if len(winners) > 1 else ""
    won = f"{visible(', '.join(winners))}{jointly}" if winners else "nobody met that"
    return f"{asked}: {won}"


def front_text(entry: BoardEntry) -> str:
    """Mark the entries on the front, and say how surely any is there."""
    mark = "●" if entry.on_front else ""
    if entry.front_support is None:
        return mark
    return f"{mark or ' '} [dim]{100 * entry.front_support:.0f} %[/dim]"


def _cells(entry: BoardEntry) -> tuple[str, ...]:
    low, high = entry.quality_interval
    joules = entry.joules_per_1000_queries
    energy = "unresolved" if joules is None else three_digits(joules)
    if entry.joules_interval:
        joules_low, joules_high = entry.joules_interval
        energy += f" [dim]{three_digits(joules_low)} to {three_digits(joules_high)}[/dim]"
    if entry.at_floor:
        energy += " [dim]at the floor[/dim]"
    return (
        escape(entry.entry),
        escape(entry.team_name or entry.team),
        f"{entry.quality:.3f} [dim]{low:.3f} to {high:.3f}[/dim]",
        energy,
        front_text(entry),
        entry.energy_class or "",
        str(entry.sessions),
    )
