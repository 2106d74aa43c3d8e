"""What the benchmark of the page opens: as many entries as it says, in as few bytes as promised."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "benchmarks"))
import site_browser

from harness.site.client import board_script
from harness.site.render import render


def test_the_same_entries_are_made_up_each_time() -> None:
    boards = site_browser.boards(20)
    assert boards == site_browser.boards(20)
    assert len({entry.entry for entry in boards.boards[0].entries}) == 20


def test_the_data_of_ten_thousand_entries_leave_room_for_the_page_in_the_first_view() -> None:
    (board,) = site_browser.boards(10_000).boards
    fixed = render(site_browser.boards(1))
    around = sum(len(fixed[name]) for name in ("style.css", "board.js"))
    assert len(board_script(board)) + around < site_browser.GOAL_BYTES - 350_000


def test_the_site_is_written_with_a_bare_page_of_the_same_data(tmp_path: Path) -> None:
    sizes = site_browser.write_site(tmp_path, 3)
    assert all((tmp_path / name).stat().st_size == size for name, size in sizes.items())
    (data,) = (name for name in sizes if name.startswith("data/"))
    assert f'<script src="{data}" defer>' in (tmp_path / "bare.html").read_text(encoding="utf-8")
