"""Energy classes hang on the entry and the frozen reference entry alone."""

from __future__ import annotations

from site_samples import entry, unresolved

from harness.ranking.classes import mark_classes
from harness.records.board import BoardEntry

BORDER = f"D{chr(0x2013)}E"


def classes(*rows: BoardEntry, reference: str | None = "frozen") -> dict[str, str | None]:
    return {row.entry: row.energy_class for row in mark_classes(rows, reference)}


def row(name: str, joules: float, share: float = 0.01) -> BoardEntry:
    interval = (joules * (1 - share), joules * (1 + share))
    return entry(name, joules_per_1000_queries=joules, joules_interval=interval)


def test_a_letter_is_a_factor_of_the_root_of_ten_around_the_reference() -> None:
    rows = (row("frozen", 10.0), row("a", 0.1), row("c", 3.2), row("e", 31.0), row("g", 9_999.0))
    assert classes(*rows) == {"frozen": "D", "a": "A", "c": "C", "e": "E", "g": "G"}


def test_an_interval_over_a_border_shows_both_letters() -> None:
    rows = (row("frozen", 10.0), row("wide", 17.8, 0.1))
    assert classes(*rows)["wide"] == BORDER
    # The reference's own interval counts, too: the ratio is of two figures.
    assert classes(row("frozen", 10.0, 0.3), row("narrow", 16.5, 0.001))["narrow"] == BORDER
    assert classes(row("frozen", 10.0, 0.3))["frozen"] == "D"


def test_without_an_interval_or_at_the_floor_there_is_none() -> None:
    rows = (
        row("frozen", 10.0), entry("few", sessions=3), entry("floor", at_floor=True), unresolved(),
    )  # fmt: skip
    assert {name for name, letter in classes(*rows).items() if letter} == {"frozen"}


def test_without_a_reference_entry_that_has_one_nobody_has() -> None:
    others = (row("a", 1.0), row("b", 10.0))
    for frozen in (
        entry("frozen", at_floor=True), entry("frozen", sessions=3), unresolved("frozen"),
    ):  # fmt: skip
        assert {*classes(frozen, *others).values()} == {None}
    assert {*classes(*others).values()} == {None}
    assert {*classes(*others, reference=None).values()} == {None}


def test_more_entries_move_no_class() -> None:
    rows = (row("frozen", 10.0), row("a", 2.0), row("b", 20.0))
    before = classes(*rows)
    after = classes(*rows, row("worse", 500.0), row("copy", 2.0))
    assert {name: after[name] for name in before} == before
