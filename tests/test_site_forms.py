"""Forms and what fills them: a page says the same, whatever of it is a hole."""

from __future__ import annotations

import re
from collections.abc import Iterable
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.site import forms
from harness.site.blocks import Fact, Facts, Listing, Paragraph, Section
from harness.site.forms import (
    END,
    FIGURES,
    LARGEST,
    MOST,
    TEXTS,
    VERSIONS,
    Filling,
    Form,
    Part,
    _put_together,
    form,
    form_of,
    spelt,
)
from harness.site.language import codes, language
from harness.site.polyglot import Polyglot, polyglot
from harness.site.text import plain
from harness.site.versions import MARK, encoded, joined

TEXT = st.text(st.characters(codec="utf-8")).map(plain)
FIGURE = st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.one_of(FIGURE, TEXT, st.tuples(*[TEXT for _ in codes()]).map(joined))


@pytest.fixture
def words() -> Polyglot:
    return polyglot()


def filled(made: Form, filling: Filling) -> list[str]:
    return [each.decode() for each in spelt([(made, (0, 0, 0))], filling)]


def of_texts(*texts: str) -> Filling:
    return Filling([], [*texts], [])


def put_in(values: Iterable[str | float]) -> tuple[list[str], Filling]:
    """Return holes for these values, and what fills them."""
    filling, holes = Filling([], [], []), []
    for value in values:
        if isinstance(value, float):
            holes.append(FIGURES[len(filling.figures)])
            filling.figures.append(value)
        elif MARK in value:
            holes.append(VERSIONS[len(filling.versions)])
            filling.versions.append(encoded(value))
        else:
            holes.append(TEXTS[len(filling.texts)])
            filling.texts.append(value)
    return holes, filling


@given(st.lists(VALUES, max_size=8), st.randoms(use_true_random=False))
def test_what_fills_holes_stands_where_they_are(values: list[str | float], chance: Random) -> None:
    order = [*range(len(values))]
    chance.shuffle(order)
    holes, filling = put_in(values)
    each = [filled(form_of(hole), own) for (hole,), own in (put_in([value]) for value in values)]
    text = "".join([f"100 % %b {holes[n]}é" for n in order])
    for n, whole in enumerate(filled(form_of(text), filling)):
        assert whole == "".join([f"100 % %b {each[at][n]}é" for at in order])


def test_languages_may_have_holes_of_their_own_in_their_own_order() -> None:
    a, b = TEXTS[:2]
    text = joined([f"{a} of {b}", f"sur {b}, {a} et {a}"])
    assert filled(form_of(text), of_texts("a", "b")) == ["a of b", "sur b, a et a"]


def test_parts_of_a_page_have_their_own_holes() -> None:
    made: list[Part] = []
    all_filling = Filling([], [], [])
    parts: list[list[str | float]] = [["a", 2.5, "b"], [], [1.5, 3.0], ["c"]]
    for values in parts:
        holes, filling = put_in(values)
        before = len(all_filling.figures), len(all_filling.texts), 0
        made += [(form_of("|".join(holes)), before), (form_of("<br>"), before)]
        all_filling.figures.extend(filling.figures)
        all_filling.texts.extend(filling.texts)
    assert spelt(made, all_filling) == [
        b"a|2.50|b<br><br>1.50|3.00<br>c<br>",
        b"a|2,50|b<br><br>1,50|3,00<br>c<br>",
    ]


def test_parts_of_a_page_count_their_holes_anew(words: Polyglot) -> None:
    filling = words.begin()
    parts: list[Part] = []
    for value in (1.0, 2.0):
        shown = [words.figure(value), *words.figures([value + 1]), words.whole(3)]
        assert shown == [*FIGURES[:2], TEXTS[0]]
        parts += (words.part(form_of(" ".join(shown))), words.part(form_of(";")))
    assert spelt(parts, filling)[0] == b"1.00 2.00 3;2.00 3.00 3;"


def test_a_form_is_made_once_for_all_pages_that_have_it(words: Polyglot) -> None:
    made = []
    for text, value in (("x & y", 1.0), ("<z>", 12300.0)):
        filling = words.begin()
        block = Paragraph((words.quote("name", text), " ", words.figure(value)))
        made.append((form((block,)), filling))
    assert made[0][0] is made[1][0]
    shown = [filled(whole, filling)[0] for whole, filling in made]
    assert shown == [
        "<p><bdi>x &amp; y</bdi> 1.00</p>\n",
        "<p><bdi>&lt;z&gt;</bdi> 12,300</p>\n",
    ]


def test_blocks_of_two_types_are_not_taken_for_one_another() -> None:
    """Tuples of two types are equal where what is in them is."""
    listing, facts = Listing((("a", ("b",)),)), Facts((Fact("a", ("b",)),))
    assert tuple(listing) == tuple(facts)
    assert filled(form((listing,)), of_texts()) != filled(form((facts,)), of_texts())
    inner = Section("s", "S", (listing,))
    assert form((inner,)) != form((Section("s", "S", (facts,)),))
    assert form((inner,)) != form((inner,), level=3)


def test_sections_that_repeat_are_known_by_which_they_are() -> None:
    for number in range(50):  # a place in memory is used again
        section = Section("part", f"Part {number}", (), repeats=True)
        assert f">Part {number}<" in filled(form((section,)), of_texts())[0]


def test_no_more_forms_are_kept_than_are_let(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forms, "KEPT", 3)
    forms._forms.clear()
    for number in range(10):
        assert filled(form((Paragraph(str(number)),)), of_texts())[0] == f"<p>{number}</p>\n"
        assert len(forms._forms) <= 3


def test_forms_of_what_one_page_alone_says_are_not_kept(words: Polyglot) -> None:
    """Nor are pages put together of them: each may be as large as a record is."""
    forms._forms.clear()
    _put_together.cache_clear()
    texts = [f"{n} {'x' * 50}" for n in range(MOST + LARGEST // 50)]
    filling = words.begin()
    made = form((Listing((*words.uniques(texts),)),))
    assert made.is_large
    assert re.findall("<li>(.*?)</li>", filled(made, filling)[1]) == texts
    assert forms._forms == {}
    assert _put_together.cache_info().currsize == 0


def test_what_is_more_than_there_are_holes_stands_in_the_form(words: Polyglot) -> None:
    values = [1000.0 + n for n in range(MOST + 5)]
    filling = words.begin()
    shown = [*words.figures(values[:-3]), *map(words.figure, values[-3:]), words.figure(-0.5)]
    shown += words.wholes(range(MOST - 1))
    shown += [words.whole(-12), *words.wholes([1, 2000]), words.unique("<")]
    shown += [words.quote("name", "<").text, *words.uniques(["&", "x"]), words.moment(MOMENT)]
    made = form((Listing((*shown,)),))
    assert re.findall("<li>(.*?)</li>", filled(made, filling)[1]) == [
        *map(language("fr").significant, values),
        "\u22120,500",
        *map(language("fr").whole, [*range(MOST - 1), -12, 1, 2000]),
        *("&lt;", "&lt;", "&amp;", "x", language("fr").moment(MOMENT)),
    ]
    filling = words.begin()
    for _ in range(MOST + 1):
        versions = words.unique(joined(["<a>", "<b>"]))
    assert filled(form((Paragraph(versions),)), filling)[1] == "<p>&lt;b&gt;</p>\n"


MOMENT = "2026-11-26T02:13:00Z"


def test_a_drawing_may_have_holes_in_it(words: Polyglot) -> None:
    filling = words.begin()
    inside = words.figure(2.0)
    said = [f"<svg>{inside}</svg>", "<svg/>", joined(["<b/>", "<c/>"])]
    made = form_of("".join(map(words.drawing, said)))
    assert filled(made, filling) == [
        "<svg>2.00</svg><svg/><b/>",
        "<svg>2,00</svg><svg/><c/>",
    ]


def test_a_filling_that_holds_a_mark_is_refused() -> None:
    with pytest.raises(ValueError, match="holds the mark"):
        filled(form_of(TEXTS[0]), of_texts(f"a{END}b"))
