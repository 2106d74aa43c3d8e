"""A board in Markdown: the table stands whatever is in a name."""

from __future__ import annotations

import re

import pytest
import site_samples as samples
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from harness.records.board import Board, Boards
from harness.site.language import language
from harness.site.markdown import escaped, markdown_boards, markdown_table
from harness.site.text import shorten

ENGLISH, FRENCH = language("en"), language("fr")
HOSTILE = (
    "<script>alert(1)</script>",
    "a | b \\| c",
    "[link](http://example.org) ![x](y)",
    "`code` **bold** _it_ ~~gone~~",
    "two\nlines\r\n| --- |",
    "@someone and #1",
    "GH-12 :smile: :+1: :thumbs_up: 0badcafe 1234567",
    "# heading",
    "www.example.org a@example.org",
    "&lt; &#124;",
    "نموذج",
    "x" * 5000,
    "",
)


def table_of(text: str) -> list[list[str]]:
    """Read the rows of the one table as GitHub does: a bar behind a backslash parts no cells."""
    lines = [line for line in text.split("\n") if line.startswith("|")]
    return [[c.strip() for c in re.split(r"(?<!\\)(?:\\\\)*\|", line)[1:-1]] for line in lines]


def small() -> Board:
    return samples.small().boards[0]


def test_a_board_is_a_heading_a_table_and_what_failed() -> None:
    text = markdown_table(small(), ENGLISH)
    assert text.startswith("### Some task of two classes\n")
    rows = table_of(text)
    assert rows[0] == [
        "Rank", "Entry", "Team", "Macro F1", "modelled J per 1,000 queries",
        "mWh per 1,000 queries", "Class", "Sessions",
    ]  # fmt: skip
    assert rows[1] == ["---", "---", "---", "---:", "---:", "---:", "---", "---:"]
    assert rows[2] == [
        "1–2", "**big-model**", "A team", "0.912 (0.882 to 0.942)",  # noqa: RUF001 - a range
        "4,210 (3,790 to 4,630)", "1,170", "B–C", "5",  # noqa: RUF001 - two classes
    ]  # fmt: skip
    assert "**Modelled work, not energy.**" in text
    assert "1 entry failed: broken-model." in text


def test_french_is_french() -> None:
    text = markdown_table(small(), FRENCH)
    assert "J de travail modélisé pour 1\u202f000 requêtes" in text
    assert "4\u202f210 (3\u202f790 à 4\u202f630)" in text
    assert "1 modèle a échoué" in text


def test_names_are_text_and_nothing_else() -> None:
    rows = [samples.entry(name, team=name, quality=0.5) for name in HOSTILE]
    board = samples.board(*rows, task_title=HOSTILE[4], profile=HOSTILE[1])
    text = markdown_table(board, ENGLISH)
    table = table_of(text)
    assert len(table) == len(HOSTILE) + 2
    assert {len(row) for row in table} == {6}
    assert text.split("\n")[0] == r"### two lines \| --- \|"
    for name in HOSTILE:
        assert escaped(name) in text
    assert not re.search(r"[@#]\w|www\.|x{61}", text.replace("###", ""))


@pytest.mark.parametrize("name", HOSTILE)
def test_a_reader_of_markdown_finds_the_name_as_text(name: str) -> None:
    board = samples.board(samples.entry(name, team=name), task_title=f"A {name}", profile=name)
    tokens = (
        MarkdownIt("commonmark")
        .enable(["table", "strikethrough"])
        .parse(markdown_table(board, ENGLISH))
    )
    inline = [child for token in tokens for child in token.children or ()]
    assert {token.type for token in tokens if token.level == 0} == {
        "heading_open", "inline", "heading_close", "paragraph_open", "paragraph_close",
        "table_open", "table_close",
    } - {"inline"}  # fmt: skip
    assert {child.type for child in inline} <= {
        "text", "text_special", "softbreak", "html_inline", "strong_open", "strong_close",
    }  # fmt: skip
    assert {c.content for c in inline if c.type == "html_inline"} <= {"<!-- -->"}
    cells = [
        "".join(child.content for child in token.children or () if child.type != "html_inline")
        for token in tokens
        if token.type == "inline"
    ]
    assert shorten(name, 60) in cells


@settings(deadline=None, max_examples=60)  # a busy machine is no fault of this code
@given(st.text(st.characters(codec="utf-8")))
def test_any_text_at_all_stays_in_its_cell(text: str) -> None:
    board = samples.board(samples.entry(text, team=text), task_title=text)
    rows = table_of(markdown_table(board, ENGLISH))
    assert [len(row) for row in rows] == [6, 6, 6]


@pytest.mark.parametrize(
    ("text", "spelt"),
    [
        ("GH-12", "GH<!-- -->-12"),
        (":smile:", "\\:<!-- -->smile\\:"),
        (":+1: :a_b:", "\\:<!-- -->+1\\: \\:<!-- -->a\\_b\\:"),
        ("0badcafe", "0<!-- -->badcafe"),
        (f"x {'a1' * 20}!", f"x a<!-- -->{('a1' * 20)[1:]}!"),
        (
            "21:45:02: ends, high-12, cafe, x0badcafe",
            "21\\:45\\:02\\: ends, high-12, cafe, x0badcafe",
        ),
    ],
)
def test_issues_pictures_and_commits_are_not_called(text: str, spelt: str) -> None:
    assert escaped(text) == spelt


def test_columns_that_say_nothing_are_left_out() -> None:
    head = table_of(markdown_table(samples.board(samples.entry(sessions=3)), ENGLISH))[0]
    assert "Rank" not in head
    assert "Class" not in head


def test_what_is_unknown_is_never_zero() -> None:
    rows = table_of(markdown_table(samples.board(samples.unresolved()), ENGLISH))
    assert rows[2][3] == "not resolved"
    rows = table_of(markdown_table(samples.board(samples.entry(sessions=3)), ENGLISH))
    assert rows[2][3] == "12.5"


def test_a_measured_board_is_not_shouted_at() -> None:
    text = markdown_table(samples.board(samples.entry(), meter_grade="sensor"), ENGLISH)
    assert "Measured by the chip’s own sensors." in text  # noqa: RUF001 - the apostrophe is meant
    assert "**Measured" not in text


def test_a_board_without_entries_and_no_board_at_all_say_so() -> None:
    assert "No entry has completed" in markdown_table(samples.board(), ENGLISH)
    assert markdown_boards(Boards(boards=(), problems=()), FRENCH).startswith("Il n’y a pas")  # noqa: RUF001


def test_all_boards_stand_one_below_the_other() -> None:
    boards = Boards(boards=(small(), samples.board(task_title="B")), problems=())
    text = markdown_boards(boards, ENGLISH)
    assert re.findall("^### .*$", text, flags=re.MULTILINE) == [
        "### Some task of two classes", "### B",
    ]  # fmt: skip
