"""Forms and what fills them: a page says the same, whatever of it is a hole."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.site import forms
from harness.site.blocks import Fact, Facts, Listing, Paragraph, Said, Section
from harness.site.forms import END, HOLES, MOST, Page, form, form_of
from harness.site.language import codes
from harness.site.polyglot import Polyglot, polyglot
from harness.site.text import plain, significant
from harness.site.versions import joined

FILLING = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(codec="utf-8")).map(plain),
    st.tuples(*[st.text(st.characters(codec="utf-8")).map(plain) for _ in codes()]).map(joined),
)


@pytest.fixture
def words() -> Iterator[Polyglot]:
    words = polyglot()
    words.taken()
    yield words
    words.taken()


def spelt(made: forms.Form, filling: list[forms.Filling]) -> list[str]:
    page = Page()
    page.fill((made,), filling)
    return [each.decode() for each in page.spelt()]


@given(st.lists(FILLING, max_size=8), st.randoms(use_true_random=False))
def test_what_fills_holes_stands_where_they_are(
    filling: list[forms.Filling], chance: object
) -> None:
    shuffled = [*range(len(filling))]
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    text = "".join([f"100 % %b {HOLES[n]}é" for n in shuffled])
    made = [spelt(form_of(HOLES[0]), [each]) for each in filling]
    for n, whole in enumerate(spelt(form_of(text), filling)):
        assert whole == "".join([f"100 % %b {made[at][n]}é" for at in shuffled])


def test_languages_may_have_holes_of_their_own_in_their_own_order() -> None:
    text = joined([f"{HOLES[0]} of {HOLES[1]}", f"sur {HOLES[1]}, {HOLES[0]} et {HOLES[0]}"])
    assert spelt(form_of(text), ["a", "b"]) == ["a of b", "sur b, a et a"]


def test_parts_of_a_page_have_their_own_holes() -> None:
    page = Page()
    for filling in (["a", "b"], [], [1.5]):
        page.fill([form_of("".join(HOLES[: len(filling)]))], filling)
    assert page.spelt() == [b"ab1.50", b"ab1,50"]


def test_a_form_is_made_once_for_all_pages_that_have_it(words: Polyglot) -> None:
    made = []
    for text, value in (("x & y", 1.0), ("<z>", 12300.0)):
        block = Paragraph((words.unique(Said("name", text)), " ", words.figure(value)))
        made.append((form((block,)), words.taken()))
    assert made[0][0] is made[1][0]
    shown = [spelt(*each)[0] for each in made]
    assert shown == [
        "<p><bdi>x &amp; y</bdi> 1.00</p>\n",
        "<p><bdi>&lt;z&gt;</bdi> 12,300</p>\n",
    ]


def test_blocks_of_two_types_are_not_taken_for_one_another() -> None:
    """Tuples of two types are equal where what is in them is."""
    listing, facts = Listing((("a", ("b",)),)), Facts((Fact("a", ("b",)),))
    assert tuple(listing) == tuple(facts)
    assert spelt(form((listing,)), []) != spelt(form((facts,)), [])
    inner = Section("s", "S", (listing,))
    assert form((inner,)) != form((Section("s", "S", (facts,)),))
    assert form((inner,)) != form((inner,), level=3)


def test_sections_that_repeat_are_known_by_which_they_are() -> None:
    for number in range(50):  # a place in memory is used again
        section = Section("part", f"Part {number}", (), repeats=True)
        assert f">Part {number}<" in spelt(form((section,)), [])[0]


def test_no_more_forms_are_kept_than_are_let(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forms, "KEPT", 3)
    for number in range(10):
        assert spelt(form((Paragraph(str(number)),)), [])[0] == f"<p>{number}</p>\n"
        assert len(forms._forms) <= 3


def test_what_is_more_than_there_are_holes_stands_in_the_form(words: Polyglot) -> None:
    values = [1000.0 + n for n in range(MOST + 5)]
    figures = "\n".join([*words.figures(values), words.figure(0.5), words.unique("<")])
    shown = spelt(form_of(figures), words.taken())[0].split("\n")
    assert shown == [*map(significant, values), "0.500", "&lt;"]


def test_a_drawing_may_have_holes_in_it(words: Polyglot) -> None:
    inside = words.figure(2.0)
    text = f"{words.drawing(f'<svg>{inside}</svg>')} {words.drawing('<svg/>')}"
    assert spelt(form_of(text), words.taken())[0] == "<svg>2.00</svg> <svg/>"


def test_a_filling_that_holds_a_mark_is_refused() -> None:
    with pytest.raises(ValueError, match="holds the mark"):
        spelt(form_of(HOLES[0]), [f"a{END}b"])
