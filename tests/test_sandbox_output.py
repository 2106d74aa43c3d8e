"""The end of what an entry prints: whole words, and no end of a path of this machine."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.sandbox.output import KEPT_BYTES, Tail


def fed(text: str) -> Tail:
    tail = Tail()
    tail.feed(text.encode())
    return tail


def test_what_is_short_is_kept_as_it_is() -> None:
    tail = fed("/home/me/x.py: one\n\n two\n")
    assert tail.text() == "/home/me/x.py: one\n\n two\n"
    assert tail.last_lines() == "/home/me/x.py: one | two"


@pytest.mark.parametrize("cut", range(1, 25))
def test_wherever_a_line_is_cut_no_folder_is_left_of_its_first_path(cut: int) -> None:
    line = '/private/folder/of-mine/model.py", line 1 '
    line += "." * (400 + cut - len(line))
    said = fed(line).last_lines()
    assert said.startswith('…model.py", line 1 ')
    assert "folder" not in said
    assert "of-mine" not in said


def test_a_first_word_without_folders_stays() -> None:
    assert fed("lost " + "word " * 80).last_lines().startswith("…")
    assert fed("x" * 500).last_lines() == "…" + "x" * 400


def test_the_end_that_is_kept_of_a_long_stream_begins_so_too() -> None:
    tail = fed("/private/folder/model.py fails " + "y" * (KEPT_BYTES - 20))
    assert "folder" not in tail.text()
    assert tail.text().startswith("…")
    assert tail.bytes_written == KEPT_BYTES + 11


@given(st.text(max_size=900))
def test_a_message_has_a_bearable_length(text: str) -> None:
    tail = Tail()
    tail.feed(text.encode("utf-8", "replace"))
    assert len(tail.last_lines()) <= 401
