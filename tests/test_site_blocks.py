"""Blocks in HTML and in Markdown: what strangers wrote stays text in both."""

from __future__ import annotations

import re

import pytest
from entry_samples import HOSTILE
from hypothesis import given
from hypothesis import strategies as st
from test_site_entry_page import Outline

from harness.site.blocks import (
    Column,
    Commands,
    Fact,
    Facts,
    Listing,
    Paragraph,
    Said,
    Section,
    Table,
    code,
    english,
    name,
    with_code,
)
from harness.site.blocks_html import html
from harness.site.blocks_markdown import escaped, markdown
from harness.site.text import plain

TEXT = st.text(st.characters(codec="utf-8"), max_size=60)


def everything(text: str) -> tuple[Section, ...]:
    """Put a text wherever one can stand."""
    return (
        Section(
            "part",
            text,
            (
                Paragraph((name(text), " ", code(text), " ", Said("strong", text)), "banner"),
                Facts((Fact(text, (text, name(text))),)),
                Listing((text,)),
                Table(text, (Column(text), Column(text, number=True)), ((text, text),)),
            ),
        ),
    )


@given(TEXT)
def test_html_shows_the_text_and_no_markup_of_it(text: str) -> None:
    shown = plain(text)
    page = Outline(html(everything(shown)).encode())
    assert page.unbalanced == []
    assert page.text.count(shown) >= 10 or not shown
    assert {tag for tag, _ in page.elements} <= {
        "section", "h2", "p", "bdi", "code", "strong", "dl", "div", "dt", "dd", "ul", "li",
        "table", "thead", "tbody", "tr", "th", "td", "wbr",
    }  # fmt: skip


@given(TEXT)
def test_markdown_keeps_rows_and_cells_apart(text: str) -> None:
    shown = plain(text)
    table = Table("it", (Column("a"), Column("b")), ((shown, code(shown)),))
    lines = markdown((table,)).splitlines()
    assert len(lines) == 3
    assert len(re.findall(r"(?<!\\)(?:\\\\)*\|", lines[2])) == 3


@pytest.mark.parametrize("text", HOSTILE)
def test_strangers_text_is_no_markdown(text: str) -> None:
    made = markdown(everything(plain(text)))
    bare = re.sub(r"(`+) ?.*? ?\1", "", made)  # what is code stays as it is
    bare = re.sub(r"\\.", "", bare)
    assert not re.search(r"<(?!br>)|\]\(|https?://|@\w|(?<!#)#\d", bare)


@pytest.mark.parametrize(
    ("text", "spelt"),
    [
        ("0.834", "0.834"),
        ("34.4 J", "34.4 J"),
        ("- x", r"\- x"),
        ("1. x", "&#49;. x"),
        ("2026. It", "202&#54;. It"),
        ("1.", "&#49;."),
        ("1,234.5", "1,234.5"),
        ("a_b*c", r"a\_b\*c"),
        ("a|b", r"a\|b"),
        ("@team", "@\u2060team"),
        ("see #12", "see \\#\u206012"),
        ("https://example.org", "http\u2060s://example.org"),
        ("ftp://example.org", "ftp\u2060://example.org"),
        ("www.example.org", "www\u2060.example.org"),
        ("GH-12", "GH\u2060-12"),
        ("a :smile: :+1:", "a :\u2060smile: :\u2060+1:"),
        ("21:45:02: it", "21:45:02: it"),
        ("unregistered-0badcafe", "unregistered-0badcafe"),
        ("&copy;", r"\&copy;"),
        ("2 < 3", r"2 \< 3"),
        ("a-b (c) d!", "a-b (c) d!"),
    ],
)
def test_what_could_mean_something_is_escaped(text: str, spelt: str) -> None:
    assert escaped(text) == spelt


def test_code_in_markdown_may_hold_backticks() -> None:
    assert markdown((Paragraph(code("a ``b` c")),)) == "``` a ``b` c ```\n"
    fenced = markdown((Commands(("echo '```'",)),))
    assert fenced == "````sh\necho '```'\n````\n"


def test_no_part_of_an_address_is_an_entity_in_markdown() -> None:
    said = Said("link", "x", "https://example.org/?a=1&para;=2&b=3&#60;&lt")
    address = "https://example.org/?a=1&amp;para;=2&b=3&amp;#60;&lt"
    assert markdown((Paragraph(said),)) == f"[x](<{address}>)\n"


def test_headings_of_inner_sections_are_lower() -> None:
    inner = Section("b", "Inner", (Paragraph("x"),))
    made = (Section("a", "Outer", (inner,)),)
    assert "<h3>Inner</h3>" in html(made)
    assert "### Inner" in markdown(made)


def test_what_repeats_is_spelt_the_same() -> None:
    once = Section("a", "It", (Paragraph("x & y"),))
    assert html((once,)) == html((once._replace(repeats=True),))


def test_sections_that_repeat_are_not_taken_for_one_another() -> None:
    """They are found by which object they are, and a place in memory is used again."""
    for number in range(50):
        section = Section("part", f"Part {number}", (), repeats=True)
        assert f">Part {number}<" in html([section])
        assert f"<h3>Part {number}</h3>" in html([section], level=3)


def test_heads_of_tables_are_not_taken_for_one_another() -> None:
    """The same titles over figures and over text are two heads."""
    rows = (("a", "1"),)
    figures = Table("t", (Column("a"), Column("b", number=True)), rows)
    texts = Table("t", (Column("a"), Column("b")), rows)
    assert "<td>1</td>" in html([figures])
    assert '<td class="text">1</td>' in html([texts])
    assert 'aria-label="u"' in html([texts._replace(label="u")])


def test_labels_and_rules_may_end_a_line_within_and_addresses_stay() -> None:
    link = Said("link", "a_b", "https://example.org/a_b")
    rows = ((name("not_bad"),), (code("boards.max_batch"),), (link,))
    made = html((Table("t", (Column("not_bad"),), rows),))
    assert made.count("not_<wbr>bad") == 2
    assert "<code>boards.<wbr>max_<wbr>batch</code>" in made
    assert 'href="https://example.org/a_b"' in made


def test_what_stands_between_backticks_is_shown_as_code() -> None:
    text = "see `doctor`, or <b>"
    assert html((Paragraph(with_code(text)),)) == ("<p>see <code>doctor</code>, or &lt;b&gt;</p>\n")
    assert markdown((Paragraph(with_code(english("see `a` & `b`"))),)).strip() == "see `a` \\& `b`"
    for left in ("no code", "one ` alone", ("see `a`", "twice")):
        assert with_code(left) == left
