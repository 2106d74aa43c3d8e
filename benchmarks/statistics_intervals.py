"""How often intervals hold the truth, where the truth is known: by simulation.

    python benchmarks/statistics_intervals.py [--repetitions 2000] [--jobs N] [--write]

Test sets of 86 to 5,000 items, 3 to 30 sessions; answers that differ between sessions; groups;
energies with skew, drift and serial correlation; looks; ratios; campaigns; days. Each setting is
drawn so many times, the harness's own functions make the interval, and the share of intervals that
hold the truth stands beside what they promise. ``--write`` writes the table and the reliability
diagrams to docs/explanation; where not all settings were run, it replaces the rows of those that
were, or adds them, and leaves the diagrams. Exits with 1 when a 95 % interval covers less than 93
%, or not 93 to 97 % of a metric by 500 items or more where some interval could.

The bootstrap draws 400 resamples here for the 2,000 of the harness, to save time: its standard
error then errs by 3.5 %, where the harness's errs by 1.6 %. (The file is not called statistics.py:
Python would take it for its own module of that name in every program of this folder.)
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
from statistics_intervals_against import against_settings
from statistics_intervals_attainable import LEAST, MOST, attainable
from statistics_intervals_days import day_settings
from statistics_intervals_energy import Setting, energy_settings
from statistics_intervals_figure import draw
from statistics_intervals_groups import group_settings
from statistics_intervals_quality import (
    FEWER_RESAMPLES,
    QualitySetting,
    newest_quality_settings,
    quality_settings,
    quality_settings_by_sessions,
)

from harness.tasks import intervals

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "explanation" / "interval-coverage.md"
FIGURE = PAGE.with_suffix(".svg")
LEVELS = (0.5, 0.8, 0.9, 0.95, 0.99)
NOMINAL = LEVELS.index(0.95)
MANY = 500
SEED = 2_026


@dataclass(frozen=True)
class Row:
    """One setting, and how often its intervals held the truth at each of ``LEVELS``."""

    panel: str
    name: str
    size: int
    """Items, groups, sessions or campaigns."""
    covered: tuple[float, ...]
    width: float
    """Mean, of the interval of 95 %."""
    seconds: float
    can: bool = True
    """Whether any interval could hold the truth as often as is asked, by the estimates drawn."""

    @property
    def verdict(self) -> str:
        """Whether it is as often as promised."""
        covered = self.covered[NOMINAL]
        if self.panel.startswith("without"):
            return "for comparison"
        if covered < LEAST:
            return "too seldom"
        quality = not self.panel.startswith("energy")
        if quality and self.size >= MANY and covered > MOST:
            return "more than asked" if self.can else "no interval can"
        return "met"


def _processors() -> int:
    return len(os.sched_getaffinity(0))


def simulate(repetitions: int, wanted: str, jobs: int, done: Sequence[Row] = ()) -> Iterator[Row]:
    """Run every setting whose panel or name holds what is wanted, and that is not done."""
    known = {(row.panel, row.name, row.size) for row in done}
    chosen = [
        number
        for number, (panel, name, size, _) in enumerate(_settings())
        if wanted in f"{panel} {name}" and (panel, name, size) not in known
    ]
    for library in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[library] = "1"  # of each process, which reads it when it imports NumPy
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        yield from pool.imap(partial(_run, repetitions), chosen)


def _settings() -> list[Setting | QualitySetting]:
    return [
        *quality_settings(),
        *energy_settings(),
        *quality_settings_by_sessions(),
        *day_settings(),
        *newest_quality_settings(),
        *group_settings(),
        *against_settings(),
    ]


def _run(repetitions: int, number: int) -> Row:
    """Run one setting, with random numbers of its own."""
    intervals.RESAMPLES = FEWER_RESAMPLES
    panel, name, size, draw_once = _settings()[number]
    rng = np.random.Generator(np.random.PCG64([SEED, number]))
    began = time.perf_counter()
    held, width = np.zeros(len(LEVELS)), 0.0
    estimates: list[float] = []  # of energies, which are no counts, none
    for _ in range(repetitions):
        truth, found, *estimate = draw_once(rng, LEVELS)
        estimates += estimate
        held += [low <= truth <= high for low, high in found]
        width += found[NOMINAL][1] - found[NOMINAL][0]
    covered = tuple((held / repetitions).tolist())
    can = not estimates or attainable(np.array(estimates), LEAST, MOST)
    return Row(panel, name, size, covered, width / repetitions, time.perf_counter() - began, can)


def page(rows: Sequence[Row], repetitions: int) -> str:
    """Return the page of the table."""
    lines = [
        "# How often intervals hold the truth",
        "",
        "Made by `python benchmarks/statistics_intervals.py --write`; what is simulated, and how",
        f"intervals are made: [Intervals](statistics.md). {repetitions:,} repetitions a row, with",
        "random numbers of its own. `covered` is the share of 95 % intervals that held the truth,",
        "`width` their mean width (in energies, of the ratio to the truth). Tables that begin with",
        "*without* show what was not chosen.",
        "",
        f"![Coverage against the confidence asked for]({FIGURE.name})",
        "",
        "The diagrams are of the last run of every setting at once: rows that were made again",
        "since, and those that came later, are in the tables alone.",
        "",
    ]
    return "\n".join(lines + _tables(rows))


def _tables(rows: Sequence[Row]) -> list[str]:
    lines: list[str] = []
    for panel in dict.fromkeys(row.panel for row in rows):
        lines += [f"## {panel.capitalize()}", "", "| setting | size | covered | width | |"]
        lines.append("| --- | ---: | ---: | ---: | --- |")
        lines += [_line(row) for row in rows if row.panel == panel]
        lines.append("")
    return lines


def _line(row: Row) -> str:
    return (
        f"| {row.name} | {row.size:,} | {row.covered[NOMINAL]:.1%} | {row.width:.3f} "
        f"| {row.verdict} |"
    )


def replaced(text: str, rows: Sequence[Row]) -> str:
    """Return the page with these rows: in place of its own of these settings, new ones last."""
    made = {(row.panel, row.name, f"{row.size:,}"): row for row in rows}
    lines: list[str] = []
    panel = ""
    for line in [*text.splitlines(), "", "## "]:
        if line.startswith("## "):
            if lines and panel:
                lines[-1:-1] = [_line(made.pop(key)) for key in list(made) if key[0] == panel]
            panel = line[3:4].lower() + line[4:]
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        row = made.pop((panel, cells[0], "".join(cells[1:2])), None)
        lines.append(line if row is None else _line(row))
    return "\n".join(lines[:-1] + _tables(list(made.values())))


def _read(path: Path | None) -> list[Row]:
    if path is None or not path.exists():
        return []
    return [
        Row(**{**each, "covered": tuple(each["covered"])})
        for each in json.loads(path.read_text(encoding="utf-8"))
    ]


def main() -> int:
    """Run it as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repetitions", type=int, default=2_000)
    parser.add_argument("--jobs", type=int, default=_processors(), help="processes; all there are")
    parser.add_argument("--only", default="", help="settings whose name holds this")
    parser.add_argument("--rows", type=Path, help="a file of rows to go on from, and to add to")
    parser.add_argument("--write", action="store_true", help="write the page and the figure")
    options = parser.parse_args()
    rows = _read(options.rows)
    for row in simulate(options.repetitions, options.only, options.jobs, rows):
        rows.append(row)
        print(
            f"{row.panel:32} {row.name:44} {row.size:6} "
            f"{row.covered[NOMINAL]:6.1%} {row.width:8.4f}  {row.verdict}  {row.seconds:.0f} s",
            flush=True,
        )
        if options.rows:
            options.rows.write_text(json.dumps([asdict(each) for each in rows]), encoding="utf-8")
    if options.write:
        order = [(panel, name, size) for panel, name, size, _ in _settings()]
        rows.sort(key=lambda row: order.index((row.panel, row.name, row.size)))
        if len(rows) < len(order):
            made = replaced(PAGE.read_text(encoding="utf-8"), rows)
            PAGE.write_text(made, encoding="utf-8")
        else:
            PAGE.write_text(page(rows, options.repetitions), encoding="utf-8")
            FIGURE.write_text(draw([(r.panel, r.covered) for r in rows], LEVELS), encoding="utf-8")
    return int(any(row.verdict in {"too seldom", "more than asked"} for row in rows))


if __name__ == "__main__":
    sys.exit(main())
