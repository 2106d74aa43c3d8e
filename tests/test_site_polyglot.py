"""All languages at once: parted again, a page says what each language says by itself."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import entry_samples as samples
import msgspec
import pytest
import record_samples
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from harness.records.base import Frozen
from harness.records.evaluation import EvaluationRecord
from harness.records.meter import LeftOut
from harness.records.session import Notice
from harness.records.task_words import TaskWords
from harness.site import blocks_html, entry_carbon, entry_quality, entry_result
from harness.site.blocks_html import html
from harness.site.entry_page import banners, heading, render_entry, sections
from harness.site.entry_view import EntryView, entry_view
from harness.site.forms import END, MOST, SLOT, TEXTS, form, form_of, spelt
from harness.site.language import codes, language
from harness.site.polyglot import Polyglot, polyglot
from harness.site.strings import CatalogueError, catalogue
from harness.site.text import plain, significant, significant_lines
from harness.site.versions import DECIMAL, MARK, THOUSANDS, joined, merged, parted
from harness.site.wording import Words, wording

CONTROLS = f"a{MARK}b{DECIMAL}c{THOUSANDS}d{MARK}{MARK}{TEXTS[0]}{END}e{SLOT}"
MARKS = frozenset(CONTROLS) - {*"abcde", TEXTS[0][-1]}


@pytest.fixture(autouse=True)
def _grids(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entry_carbon, "_per_kwh", lambda: samples.GRID)


def view_of(record: EvaluationRecord, **changes: Any) -> EntryView:  # noqa: ANN401 - any field of the board
    only = samples.kept(record)
    board = replace(samples.board_of(only), **changes)
    return entry_view(board, record.submission.entry, (only,))


def views() -> dict[str, EntryView]:
    """Make entries that between them show every part of a page."""
    full = samples.full_record()
    french = TaskWords(
        language="fr", title="Une tâche", description="d", query="q", labels={"smoke": "fumée"}
    )
    modelled = replace(record_samples.SOURCE, grade="model", kind="model", constants={"W": 1.5})
    meter = replace(full.meter, grade="model", sources=(modelled,))
    meter = replace(meter, left_out=(LeftOut(name="psys", why="a parent, <all>"),))
    many = tuple(replace(each, index=n) for n in range(70) for each in full.sessions[:1])
    return {
        "full": samples.full_view(),
        "failed": samples.failed_view(),
        "translated": view_of(full, task_words=(french,)),
        "modelled": view_of(replace(full, meter=meter)),
        "many sessions": view_of(replace(full, sessions=many)),
        "cheap": view_of(samples.full_record(joules=(4e-5, 4.1e-5, 4e-5, 4.2e-5, 4e-5))),
        "dear": view_of(samples.full_record(joules=(4e9, 4.1e9, 4e9, 4.2e9, 4e9))),
    }


def said(view: EntryView, words: Words) -> str:
    return heading(view, words) + html(banners(view, words)) + html(sections(view, words))


def by_each(say: Callable[[Polyglot], str]) -> list[str]:
    """Return what is said in all languages at once, in each."""
    words = polyglot()
    filling = words.begin()
    parts = [words.part(form_of(say(words)))]
    return [each.decode() for each in spelt(parts, filling)]


@pytest.mark.parametrize("what", views())
def test_a_page_of_all_languages_says_what_each_says_by_itself(what: str) -> None:
    view = views()[what]
    each = dict(zip(codes(), by_each(lambda words: said(view, words)), strict=True))
    for code in codes():
        assert each[code] == said(view, wording(code))
    assert each["en"] != each["fr"]  # there is something to tell apart


def test_pages_that_differ_in_figures_and_names_alone_have_the_same_sections() -> None:
    full = samples.full_record()
    submission = replace(full.submission, name="Another", team="others", digest="b" * 64)
    joules = (43.0, 40.0, 44.0, 41.0, 42.0)
    other = replace(samples.full_record(joules=joules), submission=submission)
    words, found = polyglot(), []
    for view in (view_of(full), view_of(other)):
        words.begin()
        found.append([(each, words.part(form(()))) for each in sections(view, words)])
    same = {one.id for (one, _), (another, _) in zip(*found, strict=True) if one is another}
    assert same == {one.id for one, _ in found[0]} - {"circumstances"}


def test_sections_of_what_one_page_alone_says_are_not_kept() -> None:
    """A record may have as many warnings as go into its 64 MiB."""
    full = samples.full_record()
    many = tuple(
        Notice(code="new", message=f"{n} {'x' * 99}", remedy="none") for n in range(2 * MOST)
    )
    view = view_of(replace(full, warnings=many))
    before = entry_result._warnings.cache_info().currsize
    blocks_html._spelt.clear()
    page = render_entry(view)["en"].decode()
    assert all(f"{n} xxx" in page for n in (0, 2 * MOST - 1))
    assert entry_result._warnings.cache_info().currsize == before
    assert all(each.id != "warnings" for each, _ in blocks_html._spelt.values())


def test_a_quality_of_more_metrics_than_there_are_holes_is_not_kept() -> None:
    full = samples.full_record()
    assert full.quality is not None
    metric = full.quality.metrics[0]
    many = tuple(replace(metric, name=f"{metric.name}-{n}") for n in range(MOST))
    view = view_of(replace(full, quality=replace(full.quality, metrics=(metric, *many))))
    before = entry_quality._quality.cache_info().currsize
    page = render_entry(view)["en"].decode()
    assert f"Macro f1-{MOST - 1}<" in page
    assert entry_quality._quality.cache_info().currsize == before


def hostile(value: Any, given: str) -> Any:  # noqa: ANN401 - any part of a record
    """Replace every text of a record that may be any text."""
    if isinstance(value, Frozen):
        fields = {name: getattr(value, name) for name in value.__struct_fields__}
        changed = replace(value, **{n: hostile(each, given) for n, each in fields.items()})
        try:
            return msgspec.convert(msgspec.to_builtins(changed), type(value))
        except msgspec.ValidationError:  # a field takes some texts alone: change one at a time
            for name, each in fields.items():
                one = replace(value, **{name: hostile(each, given)})
                try:
                    value = msgspec.convert(msgspec.to_builtins(one), type(value))
                except msgspec.ValidationError:
                    continue
            return value
    if isinstance(value, tuple):
        return tuple(hostile(each, given) for each in value)
    return given if isinstance(value, str) else value


@pytest.mark.parametrize("record", [samples.full_record(), samples.full_record(failed="load")])
def test_no_text_of_a_record_is_taken_for_a_mark(record: EvaluationRecord) -> None:
    changed = replace(hostile(record, CONTROLS), created_utc=record.created_utc)
    assert changed.submission.team == changed.hardware.processor == CONTROLS
    view = view_of(changed)
    for code, page in render_entry(view).items():
        text = page.decode()
        assert not MARKS & {*text}
        assert plain(CONTROLS) in text
        own = said(view, wording(code))
        assert heading(view, wording(code)) in text
        assert own.count("<section") == text.count("<section") - (view.entry is not None)


ANY_TEXT = st.text(st.characters(min_codepoint=32), max_size=20)


@given(st.lists(st.one_of(ANY_TEXT, st.tuples(*[ANY_TEXT for _ in codes()])), max_size=12))
def test_what_is_joined_is_parted_again(pieces: list[str | tuple[str, ...]]) -> None:
    text = "".join(each if isinstance(each, str) else joined(each) for each in pieces)
    whole = [
        "".join(each if isinstance(each, str) else each[n] for each in pieces)
        for n in range(len(codes()))
    ]
    assert parted(text) == whole
    assert parted(merged(text)) == whole
    assert merged(text).count(MARK) in {0, len(codes()) + 1}


FIGURES = st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(st.one_of(FIGURES, st.floats(0.0, 1e6), st.just(0.0)), min_size=1, max_size=20))
def test_several_figures_are_spelt_as_each_by_itself(values: list[float]) -> None:
    assert significant_lines(values).split("\n") == [significant(value) for value in values]
    for n, code in enumerate(codes()):
        own = "\n".join(language(code).significant(value) for value in values)
        assert by_each(lambda words: "\n".join(words.figures(values)))[n] == own


@given(FIGURES, st.integers(-(10**9), 10**9), st.floats(0.0, 1.0))
def test_figures_are_spelt_as_each_language_spells_them(
    value: float, whole: int, share: float
) -> None:
    given_values: dict[str, Any] = {
        "figure": value,
        "plain_number": value,
        "whole": whole,
        "percent": share,
        "significant_percent": share,
        "between": (share, value),
        "watt_hours": abs(value),
        "everyday": abs(value),
        "many": abs(value),
    }

    def say(words: Polyglot) -> str:
        return "\n".join(getattr(words, how)(given) for how, given in given_values.items())

    each = by_each(say)
    for n, code in enumerate(codes()):
        own, spoken = wording(code), language(code)
        for how, said_so in zip(given_values, each[n].split("\n"), strict=True):
            alone = own if hasattr(own, how) else spoken
            assert said_so == getattr(alone, how)(given_values[how]), how


def test_no_number_is_spelt_too() -> None:
    assert significant_lines([math.nan, 1.0]) == f"{significant(math.nan)}\n1.00"


def test_a_string_that_is_not_there_or_not_filled_is_an_error() -> None:
    words = polyglot()
    with pytest.raises(CatalogueError, match=r"entry\.nothing is not in the catalogue"):
        words.text("entry.nothing", n=1)
    with pytest.raises(CatalogueError, match="wants interval"):
        words.text("entry.interval", n=1)
    with pytest.raises(TypeError, match="yes and no"):
        words.text("entry.seconds", seconds=True)


@pytest.mark.parametrize("code", codes())
def test_no_catalogue_has_a_mark(code: str) -> None:
    strings = [
        form
        for each in catalogue(code).values()
        for form in (each if isinstance(each, tuple) else (each,))
    ]
    assert [each for each in strings if MARKS & {*each}] == []
