"""The answer of an evaluation on one screen."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from harness.ranking.summary import Summary, energy_parts, summarise
from harness.records.evaluation import EvaluationRecord, Failed

if TYPE_CHECKING:
    from rich.console import Console

_GRADES = {
    "wall": "energy at the wall",
    "sensor": "energy by on-chip sensors",
    "model": "modelled work, not energy",
    "simulated": "simulated energy: a stand-in",
}


def print_result(
    console: Console,
    record: EvaluationRecord,
    path: Path,
    *,
    entry: Path,
    elsewhere: Path | None,
) -> None:
    """Show quality, energy and its parts, how both came about, warnings, and what to do next.

    ``entry`` is the folder as it was given; ``elsewhere`` the results folder where it is not the
    project's own.
    """
    summary = summarise(record, str(path))
    console.print()
    title = f"[bold]{escape(record.submission.entry)}[/bold] on {escape(record.task.title)}"
    console.print(title, highlight=False)
    if isinstance(record.outcome, Failed):
        _print_failure(console, record.outcome)
    if record.sessions:
        console.print(_figures(summary, record))
    for notice in record.warnings:
        console.print(f"[yellow]warning[/yellow] {escape(notice.message)}", highlight=False)
        console.print(f"        [dim]{escape(notice.remedy)}[/dim]", highlight=False)
    console.print(f"record  {escape(shown_path(path))}", highlight=False, soft_wrap=True)
    step = escape(_next_step(record, entry, elsewhere))
    console.print(f"next    {step}", highlight=False, soft_wrap=True)


def three_digits(number: float) -> str:
    """Spell a figure with three significant digits, without an exponent where that is readable."""
    text = f"{number:.3g}"
    return f"{float(text):,.0f}" if "e+" in text and abs(number) < 1e9 else text  # noqa: PLR2004


def interval(bounds: tuple[float, float] | None) -> str:
    """Spell an interval, or say that there is none."""
    if bounds is None:
        return "no interval"
    return f"95 % {three_digits(bounds[0])} to {three_digits(bounds[1])}"


def _print_failure(console: Console, outcome: Failed) -> None:
    console.print(
        f"[red]failed[/red] in {escape(outcome.stage)}, blame: {outcome.blame}", highlight=False
    )
    console.print(f"        {escape(outcome.message)}", highlight=False)
    if outcome.remedy:
        console.print(f"        [dim]{escape(outcome.remedy)}[/dim]", highlight=False)


def _figures(summary: Summary, record: EvaluationRecord) -> Table:
    table = Table(show_header=False, box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    _add_quality(table, record)
    _add_energy(table, summary, record)
    _add_circumstances(table, record)
    return table


def _add_quality(table: Table, record: EvaluationRecord) -> None:
    if record.quality is not None:
        ranked = record.quality.ranked_value
        table.add_row(
            ranked.name.replace("_", " "),
            f"{ranked.value:.3f}  [dim](95 % {ranked.low:.3f} to {ranked.high:.3f}, "
            f"{record.quality.items:,} items)[/dim]",
        )
        others = [m for m in record.quality.metrics if m.name != ranked.name]
        if others:
            table.add_row(
                "also", "  ".join(f"{m.name.replace('_', ' ')} {m.value:.3f}" for m in others)
            )


def _add_energy(table: Table, summary: Summary, record: EvaluationRecord) -> None:
    if summary.joules_per_1000_queries is not None:
        table.add_row(
            "energy",
            f"{three_digits(summary.joules_per_1000_queries)} J per 1,000 queries  "
            f"[dim]({interval(summary.joules_interval)}, {summary.sessions} sessions)[/dim]",
        )
        table.add_row("its parts", _parts(record))
        table.add_row(
            "",
            "[dim]of a mean session; the first three are spread over "
            f"{record.rules.amortise_queries:,} queries[/dim]",
        )
        table.add_row("", _left_open(summary))
    elif summary.status == "completed":
        table.add_row(
            "energy", "unresolved: the meter leaves all of it open in some session; not zero"
        )
    if summary.active_joules_per_1000_queries is not None:
        table.add_row(
            "without idle",
            f"{three_digits(summary.active_joules_per_1000_queries)} J per 1,000 queries  "
            "[dim](shown, never ranked)[/dim]",
        )
    if summary.seconds_per_1000_queries is not None:
        time = f"{three_digits(summary.seconds_per_1000_queries)} s per 1,000 queries"
        if summary.measured_watts is not None:
            time += f" at {three_digits(summary.measured_watts)} W"
        table.add_row("time", time)


def _left_open(summary: Summary) -> str:
    """Say how far the meter lets the figure be from the truth; what is common to entries apart."""
    joules, left_open = summary.joules_per_1000_queries, summary.joules_uncertainty
    if not joules or left_open is None:
        return ""
    return (
        f"[dim]the meter: ±{three_digits(100 * left_open.random / joules)} % (edges and steps of "
        f"its windows) and ±{three_digits(100 * left_open.systematic / joules)} % (its scale: "
        "common to every entry on this machine)[/dim]"
    )


def _parts(record: EvaluationRecord) -> str:
    parts = energy_parts(record.sessions)
    named = (
        ("start", parts.start_joules),
        ("load", parts.load_joules),
        ("warm-up", parts.warm_up_joules),
        ("measured", parts.measured_joules),
        ("drain", parts.drain_joules),
    )
    return "  ".join(f"{name} {three_digits(joules)} J" for name, joules in named)


def _add_circumstances(table: Table, record: EvaluationRecord) -> None:
    sources = ", ".join(source.name for source in record.meter.sources)
    table.add_row("meter", f"{_GRADES[record.meter.grade]}  [dim]({escape(sources)})[/dim]")
    table.add_row(
        "isolation",
        f"grade {record.isolation.grade}  [dim]({escape(record.isolation.method)})[/dim]",
    )
    table.add_row(
        "data",
        f"{record.data.source}, {record.data.items:,} items  "
        f"[dim](digest {record.data.digest[:8]}"
        f"{', labels are public' if record.data.public else ''})[/dim]",
    )
    table.add_row(
        "machine",
        f"{escape(record.hardware.profile)}  [dim](energy does not carry over to another)[/dim]",
    )


def shown_path(path: Path) -> str:
    """Spell a path as it is reached from here."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def _next_step(record: EvaluationRecord, entry: Path, elsewhere: Path | None) -> str:
    if isinstance(record.outcome, Failed):
        if record.outcome.blame == "submission":
            return f"mend the entry, then: python -m harness check {shlex.quote(str(entry))}"
        return "python -m harness doctor"
    board = "python -m harness leaderboard"
    return f"{board} --results {shlex.quote(str(elsewhere))}" if elsewhere else board
