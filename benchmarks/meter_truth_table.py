"""What the truth bench prints: tables, in columns or in Markdown, and the goals."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from meter_truth_children import METERS
from meter_truth_outcome import OURS
from meter_truth_verdicts import AnyBenchCase, Goal, Key, Summary

Columns: TypeAlias = tuple[Sequence[str], Sequence[Sequence[str]]]
"""A header and rows."""


def table(*, markdown: bool) -> Callable[[Sequence[str], Sequence[Sequence[str]]], str]:
    """Return what writes a table: in Markdown, or in columns."""
    return _markdown if markdown else _columns


def _markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _columns(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in (header, *rows)
    ).replace("**", "")


def joules(value: float) -> str:
    """Write an energy with three digits and a fitting unit."""
    if math.isnan(value):
        return "-"
    for factor, unit in ((1e-3, "kJ"), (1.0, "J"), (1e3, "mJ")):
        scaled = abs(value) * factor
        if scaled >= 1 or unit == "mJ":
            break
    digits = max(0, 2 - math.floor(math.log10(scaled))) if scaled >= 1 else 3
    return f"{value * factor:,.{digits}f} {unit}"


def own_table(cases: Sequence[AnyBenchCase], seen: Mapping[Key, Summary], mode: str) -> Columns:
    """Show our own figures: error, what was stated, and how often that held."""
    rows = []
    for key, summary in seen.items():
        if key.mode != mode or key.reader != OURS:
            continue
        case = next(each for each in cases if each.name == key.case)
        rows.append(
            [
                key.case,
                key.component,
                f"{summary.windows:,}",
                joules(summary.mean_truth_joules),
                joules(summary.rms_error_joules),
                joules(summary.mean_stated_joules),
                f"{summary.covered / summary.judged:.1%}" if summary.judged else "-",
                _came(summary, expected=case.expected),
            ]
        )
    header = ["case", "component", "windows", "truth", "our error (rms)", "stated (95 %)",
              "truth within it", "came to"]  # fmt: skip
    return header, rows


def _came(summary: Summary, *, expected: str) -> str:
    parts = []
    if summary.wrong:
        parts.append(f"**{summary.wrong} wrong silently**")
    if summary.refusals:
        parts.append("refused" if summary.refusals == summary.windows else
                     f"{summary.refusals} refused")  # fmt: skip
    if summary.figures and not summary.wrong:
        parts.append("a figure" if expected == "figure" else f"{summary.figures} right figures")
    return ", ".join(parts) or "no figure"


def peers_table(
    cases: Sequence[AnyBenchCase], seen: Mapping[Key, Summary], installed: Sequence[str]
) -> Columns:
    """Show all meters side by side on the same windows."""
    rows = []
    for case in cases:
        for component in sorted({*case.components, *case.unknown}):
            cells = []
            for reader in METERS:
                summary = seen.get(Key("real", case.name, component, reader))
                absent = "not run" if reader in installed else "not installed"
                cells.append(_cell(summary) if summary else absent)
            if Key("real", case.name, component, OURS) in seen:
                truth = seen[Key("real", case.name, component, OURS)].mean_truth_joules
                rows.append([case.name, component, joules(truth), *cells, case.note])
    return ["case", "component", "truth", *METERS, ""], rows


def _cell(summary: Summary) -> str:
    """Say what a meter's windows came to: its error where it is right."""
    parts = []
    if summary.wrong:
        off = summary.rms_error_joules
        by = "" if math.isnan(off) else f", by {joules(off)}"
        share = "" if summary.wrong == summary.windows else f" {summary.wrong} of {summary.windows}"
        parts.append(f"**wrong silently{share}**{by}")
    if summary.refusals:
        share = "" if summary.refusals == summary.windows else f" {summary.refusals}"
        parts.append(f"error{share} ({summary.refusal.partition(':')[0]})")
    if summary.figures and not summary.wrong:
        parts.append(joules(summary.rms_error_joules))
    return "; ".join(parts) or "no figure"


def goals_text(goals: Sequence[Goal]) -> str:
    """List the goals, what missed them, and what else is to be said."""
    lines = []
    for goal in goals:
        lines.append(f"- **{goal.verdict}**: {goal.text}")
        lines.extend(f"  - missed: {miss}" for miss in goal.misses)
        lines.extend(f"  - {note}" for note in goal.notes)
    return "\n".join(lines)
