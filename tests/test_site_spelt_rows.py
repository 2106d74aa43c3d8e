"""Rows of boards that were spelt before: files made with them are those made without."""

from __future__ import annotations

import random
from typing import NoReturn

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from site_samples import board, entry, ranked, unresolved

from harness.records.board import BoardEntry
from harness.site import spelt_rows
from harness.site.plain import board_in_json, nested_row
from harness.site.render import data_of
from harness.site.spelt_rows import Known, SpeltRow, SpeltRows, columns_from, spelt_columns

STRANGE = entry("strange", quality=1.5e-7, seconds_per_1000_queries=3e19, sessions=2**53)
ROWS = (
    entry("plain"),
    STRANGE,
    unresolved("too-cheap", family=None),
    unresolved("nothing", metrics=(), evaluations=(), earlier_digests=()),
    entry("=1+1", team='a "team";\t=2\r\n', name="two\nlines", family="kind"),
    entry("many", metrics=(STRANGE.metrics[0],) * 3, evaluations=("a", "b"), rank=(2, 3)),
    entry("\u202egnp.exe\u2066 👩\u200d🔬", family="\x00", prizes=("least-energy",)),
    *(entry(f"made-up-{n}", quality=n / 40) for n in range(30)),
)


def known(rows: list[BoardEntry]) -> Known:
    """Return what is kept of rows, as it comes back."""
    spelt = SpeltRows(rows)
    content, columns = msgspec.msgpack.encode(spelt.spelt), spelt_columns(spelt.columns)
    kept = msgspec.msgpack.decode(content, type=tuple[SpeltRow, ...])
    return Known(kept, lambda: columns_from(columns))


@settings(max_examples=60, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(0, len(ROWS)), st.integers(0, len(ROWS)))
def test_files_made_of_known_rows_are_those_made_of_new_ones(
    draw: random.Random, before: int, now: int
) -> None:
    kept, rows = draw.sample(ROWS, before), draw.sample(ROWS, now)
    if draw.random() < 0.5:  # as they mostly are: in one order
        kept.sort(key=ROWS.index)
        rows.sort(key=ROWS.index)
    places = [kept.index(row) if row in kept else None for row in rows]
    of = replace(board(), entries=tuple(rows), ranking=None)
    spelt = SpeltRows(rows, known(kept), places)
    assert data_of(of, spelt) == data_of(of)
    assert board_in_json(of, map(nested_row, spelt.lines)) == board_in_json(of)
    assert msgspec.msgpack.encode(spelt.spelt) == msgspec.msgpack.encode(SpeltRows(rows).spelt)


def test_a_board_that_is_ranked_has_the_same_files_too() -> None:
    of = ranked(board(*(entry(f"m{n}", rank=(1, 3)) for n in range(3))))
    rows = list(of.entries)
    assert data_of(of, SpeltRows(rows, known(rows[::-1]), [2, 1, 0])) == data_of(of)


def test_only_rows_that_are_new_are_spelt(monkeypatch: pytest.MonkeyPatch) -> None:
    rows, seen = list(ROWS), []
    kept = known(rows[1:])

    def counted(entries: list[BoardEntry]) -> list[str]:
        seen.append([each.entry for each in entries])
        return ["x"] * len(entries)

    monkeypatch.setattr(spelt_rows, "own_cells", counted)
    assert next(SpeltRows(rows, kept, [None, *range(len(rows) - 1)]).cells) == "x"
    assert seen == [["plain"]]


def test_where_too_many_pieces_would_be_joined_all_columns_are_made_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(spelt_rows, "MOST_PIECES", 2)
    rows = list(ROWS)

    def never() -> NoReturn:
        raise AssertionError("columns were asked for")

    kept = Known(known(rows).rows, never)
    mixed = [rows[2], rows[1], rows[0]]
    assert SpeltRows(mixed, kept, [2, 1, 0]).columns.equals(spelt_rows.own_columns(mixed))


def test_a_figure_that_is_no_number_is_refused_though_its_row_is_known() -> None:
    row = replace(entry("one"), quality=float("nan"))
    with pytest.raises(ValueError, match="not JSON compliant"):
        data_of(board(row), SpeltRows([row], known([row]), [0]))
