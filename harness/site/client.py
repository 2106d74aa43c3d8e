"""What the page's script needs of a board: columns, in a classic script that hands them over.

``data/<board>.js`` is one call, ``Frugal.add('<JSON>')``: a page that was opened from a file can
load a script and nothing else, and browsers read JSON in a string twice as fast as the same value
spelt as a literal. The columns are as long as the board has entries, in the board's own order:

    board                      the name of the board's files
    n                          how many entries
    entry, name                as shown: cleaned and cut
    slug                       what the entry's page and badge are called, and what it is called in
                               an address; 0 where that is the entry's name
    teams; team                every team once, as it is spelled first (by ``team_key`` it is one);
                               and for each entry its place among them
    families; family           likewise; null for an entry that names none
    quality, qualityLow, qualityHigh
    joules, joulesLow, joulesHigh   per 1,000 queries; null where not resolved, or too few sessions
    best, worst                the range of ranks; null without a rank
    support                    how surely on the front, 0 to 1, or null
    class                      "D", "B–C", or null
    seconds                    per 1,000 queries
    sessions
    flags                      a sum of FLAGS
    wattHours                  the unit of watt-hours that the table has: "mWh"

A column that is null for every entry is one null. Beside them what holds for the whole board:
``floor`` and ``budget`` (what the prizes ask of quality and of joules per 1,000 queries, or null);
``ranking`` (null where there are no ranks): ``confidence``, ``qualityMargin``, ``energyMargin``,
``why`` (row -> reason, of those without a rank) and ``apart`` (groups of rows: of two that share
none nothing is known of energy; empty where every two are compared).

``data/<board>.claims.js`` is ``Frugal.addClaims('<JSON>')``, loaded when two entries are compared:
``board`` and ``claims``, winner's row -> runs ``[first loser's row, how many, kind, ...]``; the
kind is 1 by quality, 2 by energy, 3 by both.

Figures are rounded to five significant digits, two more than are shown, ends of intervals to four:
the CSV, JSON and Parquet files have them in full.
"""  # noqa: RUF002 - the dash is what stands between two classes

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeAlias

from harness.records.board import Board, BoardEntry
from harness.records.joint import Claim, JointStatistics
from harness.records.team_names import team_key
from harness.site.paths import safe_name
from harness.site.text import JOULES_PER_WH, SIGNIFICANT_DIGITS, shorten, watt_hour_unit

Cell: TypeAlias = str | int | float | None
Cells: TypeAlias = tuple[Cell, ...]

DIGITS, FEWER_DIGITS = 5, 4
"""Of figures that rows are sorted by, and of the ends of intervals, which nothing is sorted by."""
LONGEST_NAME = 120

FLAGS: dict[str, Callable[[BoardEntry], bool]] = {
    "least": lambda entry: "least-energy" in entry.prizes,
    "best": lambda entry: "best-quality" in entry.prizes,
    "front": lambda entry: entry.on_front,
    "verified": lambda entry: entry.verified,
    "reference": lambda entry: entry.baseline,
    "floor": lambda entry: entry.at_floor,
}
"""The marks of an entry: the n-th counts 2 to the power of n. ``rows.js`` has the same."""

BY_QUALITY, BY_ENERGY = 1, 2

ESCAPES = (
    ("\\", "\\\\"),
    ("'", "\\'"),
    ("\u2028", "\\u2028"),
    ("\u2029", "\\u2029"),
    ("</", "<\\/"),
    ("<!--", "<\\!--"),
)
"""What would end the string, or the element if somebody pastes the script into a page."""


def board_script(board: Board, cells: Sequence[Cells] | None = None) -> bytes:
    """Return ``data/<board>.js``. Raises ``ValueError`` when a figure is not a finite number.

    ``cells`` are the ``script_cells`` of its rows, where they are known.
    """
    return _script("Frugal.add", columns(board, cells))


def claims_script(board: Board) -> bytes | None:
    """Return ``data/<board>.claims.js``; ``None`` for a board without ranks."""
    if board.ranking is None:
        return None
    runs = claim_runs(board.ranking.claims, rows_by_entry(board))
    return _script("Frugal.addClaims", {"board": safe_name(board.id), "claims": runs})


def columns(board: Board, cells: Sequence[Cells] | None = None) -> dict[str, object]:
    """Return what the script is handed, as plain values of JSON; see ``board_script``."""
    cells = script_cells(board.entries) if cells is None else cells
    by_name: dict[str, list[Cell]] = {
        name: [row[n] for row in cells] for n, name in enumerate(_CELLS)
    }
    keys = {team: team_key(str(team)) for team in dict.fromkeys(by_name["team"])}
    spelt: dict[str, Cell] = {}
    for team, key in keys.items():
        spelt.setdefault(key, team)
    teams = list(spelt.values())
    called = dict(zip(by_name["team"], by_name["teamName"], strict=True))
    place = {key: n for n, key in enumerate(spelt)}
    families = sorted({family for family in by_name["family"] if isinstance(family, str)})
    kind: dict[Cell, int] = {family: n for n, family in enumerate(families)}
    return {
        "board": safe_name(board.id),
        "n": len(board.entries),
        "entry": by_name["entry"],
        "slug": by_name["slug"],
        "name": by_name["name"],
        "teams": teams,
        "teamNames": _or_null([called[team] for team in teams]),
        "team": [place[keys[team]] for team in by_name["team"]],
        "families": families,
        "family": _or_null([kind.get(family or "") for family in by_name["family"]]),
        **{name: _or_null(by_name[name]) for name in _FIGURES},
        "class": _or_null(by_name["class"]),
        "flags": by_name["flags"],
        "wattHours": watt_hours_of(board),
        **_limits(board.ranking),
        "ranking": _ranking(board),
    }


def script_cells(entries: Iterable[BoardEntry]) -> list[Cells]:
    """Return what the script is handed of each row, and of no other."""
    return [tuple([cell(entry) for cell in _CELLS.values()]) for entry in entries]


def watt_hours_of(board: Board) -> str:
    """Return the unit of watt-hours that fits a board's energies."""
    energies = (entry.joules_per_1000_queries for entry in board.entries)
    return watt_hour_unit(each for each in energies if each is not None)


def rows_by_entry(board: Board) -> dict[str, int]:
    """Return the row of each entry by its name."""
    return {entry.entry: row for row, entry in enumerate(board.entries)}


def claim_runs(claims: Iterable[Claim], rows: Mapping[str, int]) -> dict[str, list[int]]:
    """Return each winner's losers as runs of neighbouring rows that it beats in the same way."""
    beaten: defaultdict[int, dict[int, int]] = defaultdict(dict)
    for claim in claims:
        if claim.winner in rows and claim.loser in rows:
            kind = BY_QUALITY * claim.by_quality + BY_ENERGY * claim.by_energy
            beaten[rows[claim.winner]][rows[claim.loser]] = kind
    return {str(winner): _runs(beaten[winner]) for winner in sorted(beaten)}


def _runs(losers: Mapping[int, int]) -> list[int]:
    runs: list[int] = []
    for row in sorted(losers):
        if runs and row == runs[-3] + runs[-2] and losers[row] == runs[-1]:
            runs[-2] += 1
        else:
            runs += [row, 1, losers[row]]
    return runs


def _ranking(board: Board) -> dict[str, object] | None:
    ranking = board.ranking
    if ranking is None:
        return None
    rows = rows_by_entry(board)
    return {
        "confidence": ranking.confidence,
        "qualityMargin": ranking.quality_margin,
        "energyMargin": ranking.energy_margin,
        "why": {str(rows[each.entry]): each.why for each in ranking.unranked if each.entry in rows},
        "apart": [
            sorted(rows[entry] for entry in group if entry in rows) for group in ranking.apart
        ],
    }


def _limits(ranking: JointStatistics | None) -> dict[str, float | None]:
    limits = {prize.prize: prize.limit for prize in ranking.prizes} if ranking else {}
    return {"floor": limits.get("least-energy"), "budget": limits.get("best-quality")}


def _slug(entry: BoardEntry) -> str | int:
    slug = safe_name(entry.entry)
    return 0 if slug == entry.entry else slug


def _flags(entry: BoardEntry) -> int:
    return sum(1 << bit for bit, holds in enumerate(FLAGS.values()) if holds(entry))


def _short(figure: float | None, digits: int) -> float | None:
    """Round so far that the three digits which are shown stay those of the exact figure.

    In joules or in watt-hours. What is whole is spelt as such, which is shorter.
    """
    if figure is None or isinstance(figure, int):
        return figure
    shown = _SHOWN % (figure, figure / JOULES_PER_WH)
    for kept in range(digits, DIGITS + 2):
        rounded = float(f"{figure:.{kept}g}")
        if rounded == figure or _SHOWN % (rounded, rounded / JOULES_PER_WH) == shown:
            break
    else:
        rounded = figure
    return int(rounded) if rounded.is_integer() else rounded


_SHOWN = f"%.{SIGNIFICANT_DIGITS - 1}e %.{SIGNIFICANT_DIGITS - 1}e"


_FIGURES: dict[str, Callable[[BoardEntry], float | None]] = {
    "quality": lambda entry: entry.quality,
    "qualityLow": lambda entry: entry.quality_interval[0],
    "qualityHigh": lambda entry: entry.quality_interval[1],
    "joules": lambda entry: entry.joules_per_1000_queries,
    "joulesLow": lambda entry: entry.joules_interval[0] if entry.joules_interval else None,
    "joulesHigh": lambda entry: entry.joules_interval[1] if entry.joules_interval else None,
    "best": lambda entry: entry.rank[0] if entry.rank else None,
    "worst": lambda entry: entry.rank[1] if entry.rank else None,
    "support": lambda entry: entry.front_support,
    "seconds": lambda entry: entry.seconds_per_1000_queries,
    "sessions": lambda entry: entry.sessions,
}


def _figure(
    figure: Callable[[BoardEntry], float | None], digits: int
) -> Callable[[BoardEntry], float | None]:
    return lambda entry: _short(figure(entry), digits)


_CELLS: dict[str, Callable[[BoardEntry], Cell]] = {
    "entry": lambda entry: shorten(entry.entry, LONGEST_NAME),
    "slug": _slug,
    "name": lambda entry: shorten(entry.name, LONGEST_NAME),
    "team": lambda entry: shorten(entry.team, LONGEST_NAME),
    "teamName": lambda entry: shorten(entry.team_name, LONGEST_NAME) if entry.team_name else None,
    "family": lambda entry: shorten(entry.family, LONGEST_NAME) if entry.family else None,
    **{
        name: _figure(figure, FEWER_DIGITS if name.endswith(("Low", "High")) else DIGITS)
        for name, figure in _FIGURES.items()
    },
    "class": lambda entry: entry.energy_class,
    "flags": _flags,
}


def _or_null(column: Sequence[Cell]) -> Sequence[Cell] | None:
    return column if any(value is not None for value in column) else None


def _script(call: str, value: object) -> bytes:
    text = json.dumps(value, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    for unsafe, spelt in ESCAPES:
        text = text.replace(unsafe, spelt)
    return f"{call}('{text}');\n".encode()
