"""A comparison on the terminal: the verdict first, then what it stands on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from harness.cli.terminal.boards import escape
from harness.cli.terminal.rows import print_row
from harness.cli.terminal.spelt import interval, three_digits
from harness.ranking.verdict import NOUN, what_it_takes

if TYPE_CHECKING:
    from rich.console import Console

    from harness.ranking.compare import Comparison, Side
    from harness.records.teams import Teams


def print_comparison(console: Console, made: Comparison, teams: Teams) -> None:
    """Show the verdict, both sides, the two differences with how they were found, and the notes.

    ``teams`` say what the sides' teams are called.
    """
    console.print()
    console.print(f"[bold]{escape(made.verdict)}[/bold]", highlight=False)
    console.print()
    for label, text in _rows(made, teams):
        print_row(console, label, text)
    for notice in made.notes:
        print_row(console, "note", escape(notice.message), style="yellow")
        print_row(console, "", f"[dim]{escape(notice.remedy)}[/dim]")


def _rows(made: Comparison, teams: Teams) -> Iterator[tuple[str, str]]:
    for letter, side in (("A", made.a), ("B", made.b)):
        yield letter, f"{escape(side.name)}  [dim]({_standing(side, teams)})[/dim]"
        yield "", f"{_quality(made, side)}; {_energy(side)}"
    yield from _difference(made)
    yield from _ratio(made)
    takes = what_it_takes(made.quality, made.energy)
    if made.conclusive and takes:
        yield "to settle", escape(takes)
    alike = f"data {made.data_digest[:8]}, {made.scenario}, {escape(made.profile)}"
    alike += f", rules {escape(made.rules_version)}"
    yield "on", f"{escape(made.task)}, {made.items:,} items  [dim]({alike})[/dim]"


def _standing(side: Side, teams: Teams) -> str:
    team = teams.named(side.team)
    called = side.team if team is None else team.name
    evaluations = len(side.evaluations)
    several = f"{evaluations} evaluations, " if evaluations > 1 else ""
    return f"{escape(called)}, {several}{side.sessions} sessions, {side.standing}"


def _quality(made: Comparison, side: Side) -> str:
    low, high = side.quality_interval
    metric = escape(made.metric.replace("_", " "))
    return f"{metric} {side.quality:.3f}  [dim](95 % {low:.3f} to {high:.3f})[/dim]"


def _energy(side: Side) -> str:
    if side.joules_per_1000_queries is None:
        return "energy unresolved"
    joules = three_digits(side.joules_per_1000_queries)
    return f"{joules} J per 1,000 queries  [dim]({interval(side.joules_interval)})[/dim]"


def _difference(made: Comparison) -> Iterator[tuple[str, str]]:
    found = made.quality
    low, high = found.difference_interval
    yield (
        "quality",
        f"B less A: {found.difference:+.4f}  [dim](95 % {low:+.4f} to {high:+.4f})[/dim]",
    )
    if found.only_a_right is not None and found.only_b_right is not None:
        right = (
            f"{found.only_a_right:.4g} items right by A alone, {found.only_b_right:.4g} by B alone"
        )
        p = "" if found.p_value is None else f", p = {found.p_value:.2g}"
        yield "", f"[dim]{right}{p}[/dim]"
    yield "", f"[dim]{escape(found.method)}[/dim]"


def _ratio(made: Comparison) -> Iterator[tuple[str, str]]:
    found, noun = made.energy, NOUN[made.meter_grade]
    if found.ratio is None or found.ratio_interval is None:
        yield "energy", f"not compared: {escape(found.reason)}"
        return
    low, high = found.ratio_interval
    told = f"{found.ratio:.4g}  [dim](95 % {low:.4g} to {high:.4g})[/dim]"
    yield "energy", f"B over A, {noun}: {told}"
    yield "", f"[dim]{escape(found.method)}[/dim]"
