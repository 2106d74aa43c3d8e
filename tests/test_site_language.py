"""The catalogues: none is short of a string, and the languages spell figures as they should."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import get_args

import catalogue_use
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import Environment
from markupsafe import Markup
from notice_codes import notice_codes, problem_codes

from harness.records.board import BoardStatus
from harness.records.evaluation import DataSource, Scenario
from harness.records.joint import Prize, WhyUnranked
from harness.records.meter import Component, Grade
from harness.records.rules import ReferenceEntries
from harness.records.session import Phase
from harness.site.language import Language, codes, language, languages
from harness.site.paths import MAIN_LANGUAGE
from harness.site.strings import CatalogueError, Message, catalogue, holes
from harness.site.templating import environment, script_block
from harness.tasks.card import MetricName

NARROW, NO_BREAK = "\u202f", "\u00a0"
ENGLISH, FRENCH = language("en"), language("fr")
TAG = re.compile(r"</?[a-z]+>")
ALLOWED_TAGS = {f"<{end}{tag}>" for tag in ("strong", "em", "code", "bdi") for end in ("", "/")}
PARTS = frozenset({"locale", "language", "number", "recorded"})
"""Tables that the mechanism reads itself."""
KINDS: dict[str, frozenset[str]] = {
    "status": frozenset(get_args(BoardStatus)),
    "grade": frozenset(get_args(Grade)),
    "joules": frozenset(get_args(Grade)),
    "joules_short": frozenset(get_args(Grade)),
    "scenario": frozenset(get_args(Scenario)),
    "scenario_short": frozenset(get_args(Scenario)),
    "data_source": frozenset(get_args(DataSource)),
    "component": frozenset(get_args(Component)),
    "phase": frozenset(get_args(Phase)),
    "stage": frozenset({"set-up", "copy", "environment", "weights", "disturbance"}),
    "blame": frozenset({"submission", "organiser"}),
    "prize": frozenset(get_args(Prize)),
    "part": frozenset(ReferenceEntries.__struct_fields__),
    "unranked": frozenset(get_args(WhyUnranked)),
    "metric": frozenset(get_args(MetricName)),
    "warning": frozenset(notice_codes()),
    "problem": frozenset(problem_codes()),
}
EXPLAINED_ALONE = frozenset({"unranked"})
"""Kinds that are never named, only explained."""


def forms(message: Message) -> tuple[str, ...]:
    return (message,) if isinstance(message, str) else tuple(message)


def test_there_are_english_and_french_and_english_comes_first() -> None:
    assert codes()[0] == MAIN_LANGUAGE == "en"
    assert set(codes()) >= {"en", "fr"}


@pytest.mark.parametrize("code", codes())
def test_no_language_is_short_of_a_string_or_has_one_too_many(code: str) -> None:
    main, other = catalogue(MAIN_LANGUAGE), catalogue(code)
    assert sorted(main.keys() - other.keys()) == []
    assert sorted(other.keys() - main.keys()) == []


@pytest.mark.parametrize(("code", "beats"), [("en", r"\bbeats?\b"), ("fr", r"\bbat(tent)?\b")])
def test_the_front_is_no_matter_of_who_beats_whom(code: str, beats: str) -> None:
    """To beat is what ranks are made of: an entry may be ranked first, and on no front at all."""
    said = catalogue(code)
    keys = ("entry.support", "method.ranks_front", "preview.alt", "script.picture.support")
    ranks, front = str(said["table.ranks_explained"]).split("<strong>Front</strong>")
    assert re.search(beats, ranks)
    for text in (front, *(str(said[key]) for key in keys)):
        assert not re.search(beats, text), text


@pytest.mark.parametrize("code", codes())
def test_holes_forms_and_markup_are_the_same_in_every_language(code: str) -> None:
    for key, message in catalogue(MAIN_LANGUAGE).items():
        other = catalogue(code)[key]
        assert isinstance(message, str) == isinstance(other, str), key
        wanted = set().union(*(holes(form) for form in forms(message)))
        assert set().union(*(holes(form) for form in forms(other))) == wanted, key
        tags, others = (Counter(TAG.findall(forms(each)[-1])) for each in (message, other))
        assert tags == others, key


@pytest.mark.parametrize("code", codes())
def test_strings_are_typeset(code: str) -> None:
    for key, message in catalogue(code).items():
        if key.startswith("locale."):
            continue
        for form in forms(message):
            assert form == form.strip(), f"{key} begins or ends with a space"
            assert "  " not in form, f"{key} has two spaces in a row"
            assert not re.search(r"['\"]", form), f"{key} has a typewriter's quotation mark"
            assert set(TAG.findall(form)) <= ALLOWED_TAGS, key
            assert not re.search("<[^a-z/]|<[a-z]+ |&[a-z#]", form), f"{key}: markup beyond tags"
            assert form.isprintable() or {NARROW, NO_BREAK} & set(form), f"{key}: controls"


def test_french_signs_keep_to_the_word_before_them() -> None:
    for key, message in catalogue("fr").items():
        if key.startswith("locale."):
            continue
        for form in forms(message):
            assert not re.search(r"[^\s(\u00a0\u202f][;?!»]", form), f"{key}: no space"
            assert not re.search(r"\w:(?!//)(\s|$)", form), f"{key}: no space before a colon"
            assert not re.search(r" [:;?!»%]|« ", form), f"{key}: a space that breaks"


def test_french_elides_before_no_metric() -> None:
    """Of metrics, ``exactitude`` begins with a vowel and others do not."""
    for key, message in catalogue("fr").items():
        for form in forms(message):
            assert not re.search(r"\b(de|le|la|que) \{metric\}", form), key


@pytest.mark.parametrize("code", codes())
def test_what_is_said_of_a_pair_names_both(code: str) -> None:
    for key, message in catalogue(code).items():
        found = set().union(*(holes(form) for form in forms(message)))
        assert ("a" in found) == ("b" in found), key


def test_ranges_of_ranks_that_overlap_are_said_to_tell_nothing_by_themselves() -> None:
    """Of four entries, one that beats another and no more: ranges 1 to 3 and 2 to 4."""
    assert "overlap may not be told apart" in ENGLISH.text("markdown.explained")
    assert "peuvent ne pas être départagés" in FRENCH.text("markdown.explained")


def test_every_string_is_used_and_every_one_that_is_used_is_there() -> None:
    use, known = catalogue_use.use_of_the_program(), catalogue(MAIN_LANGUAGE).keys()
    assert sorted(key for key in use.keys if key not in known) == []
    beginnings = [pattern.partition("*")[0] for pattern in use.built]
    assert sorted(p for p in beginnings if not any(k.startswith(p) for k in known)) == []
    assert sorted({each.partition(".")[0] for each in use.kinds} - KINDS.keys()) == []
    assert [key for key in known if not _is_used(key, use)] == []


def _is_used(key: str, use: catalogue_use.Use) -> bool:
    kind, *_, of_it = key.split(".")
    if kind in PARTS or key in use.keys | use.mentioned or use.builds(key):
        return True
    return kind in KINDS and f"{kind}.{of_it}" in use.kinds


def test_a_string_that_nobody_uses_and_one_that_is_missing_would_be_found(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text('{{ t("gone.key") }}{{ h("a.b" if x else "c.d") }}{{ t("e." ~ x) }}')
    module = tmp_path / "module.py"
    module.write_text(
        'language.text("f.g", n=1)\nlanguage.text(f"h.{x}")\nlanguage.name("kind", x)\n'
        'x = "here"\nlanguage.text(f"k.of_{x}")'
    )
    script = tmp_path / "script.js"
    script.write_text('Frugal.text("i.j");')
    use = catalogue_use.use_of(iter([module]), iter([page]), iter([script]))
    assert use.keys == {"gone.key", "a.b", "c.d", "f.g", "script.i.j"}
    assert use.built.keys() == {"e.*", "h.*", "k.of_*"}
    assert use.kinds == {"kind.name"}
    assert [key for key in ("h.here", "h.2", "k.of_here") if not use.builds(key)] == []
    assert [key for key in ("h.gone", "k.here", "e.here", "k.of_gone") if use.builds(key)] == []
    assert not _is_used("grade.wall.sentence", use)


@pytest.mark.parametrize("kind", KINDS)
def test_everything_that_has_a_code_has_a_name_and_nothing_else_does(kind: str) -> None:
    told = ".sentence" if kind in EXPLAINED_ALONE else ".name"
    named = {
        key.split(".")[1]
        for key in catalogue(MAIN_LANGUAGE)
        if key.startswith(f"{kind}.") and key.endswith(told)
    }
    assert named == KINDS[kind]


@pytest.mark.parametrize("kind", ["status", "grade", "warning", "unranked"])
def test_what_needs_explaining_is_explained(kind: str) -> None:
    for spoken in languages():
        assert [code for code in KINDS[kind] if not spoken.sentence(kind, code)] == []


def test_codes_of_warnings_are_found_in_the_modules_that_warn() -> None:
    assert {"few-sessions", "no-ranks", "unstable-predictions", "steal"} <= notice_codes()
    assert {"misplaced", "isolation-d", "joint-unsigned", "key-revoked"} <= problem_codes()


def test_a_code_from_a_record_that_nobody_knows_names_itself() -> None:
    assert FRENCH.name("warning", "from-the-future") == "from-the-future"
    assert FRENCH.sentence("warning", "from-the-future") == ""
    with pytest.raises(CatalogueError, match="nothing is called"):
        FRENCH.name("wrning", "few-sessions")


def test_an_unknown_string_or_hole_is_an_error() -> None:
    with pytest.raises(CatalogueError, match=r"no\.such"):
        ENGLISH.text("no.such")
    with pytest.raises(CatalogueError, match="wants high"):
        ENGLISH.text("number.between", low="1")
    with pytest.raises(CatalogueError, match="has no hole middle"):
        ENGLISH.text("number.between", low="1", high="2", middle="3")
    with pytest.raises(CatalogueError, match="no catalogue"):
        Language("xx")
    with pytest.raises(TypeError):
        ENGLISH.text("number.percent", figure=True)


@pytest.mark.parametrize("bad", ["{a.b}", "{a!r}", "{a:>9}", "{}", "{0}", "{a"])
def test_a_hole_is_a_plain_name(bad: str) -> None:
    with pytest.raises(CatalogueError):
        holes(bad)


def test_a_catalogue_that_holds_more_than_strings_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "catalogue").mkdir()
    (tmp_path / "catalogue" / "xx.toml").write_text("[a]\nb = 1\n")
    monkeypatch.setattr("importlib.resources.files", lambda _: tmp_path)
    with pytest.raises(CatalogueError, match=r"a\.b"):
        catalogue.__wrapped__("xx")


def test_two_forms_are_chosen_by_the_rule_of_the_language() -> None:
    said = [language(code).many(1.4e6) for code in ("en", "fr")]
    assert said == ["1\u00a0million", "1\u00a0million de"]
    assert FRENCH.many(1.6e6) == "2\u00a0millions de"
    assert FRENCH.many(3.2e9) == "3\u00a0milliards de"
    assert ENGLISH.many(3.2e9) == "3\u00a0billion"
    assert ENGLISH.many(949_999) == "900,000"
    assert ENGLISH.many(999_999) == "1\u00a0million"
    assert ENGLISH.many(2.4) == "2"


@pytest.mark.parametrize(
    ("spelt", "english", "french"),
    [
        (lambda x: x.significant(12345.0), "12,300", "12\u202f300"),
        (lambda x: x.significant(0.8736), "0.874", "0,874"),
        (lambda x: x.significant(-4.5), "\N{MINUS SIGN}4.50", "\N{MINUS SIGN}4,50"),
        (lambda x: x.significant(12_345_678.0), "1.23 × 10⁷", "1,23 × 10⁷"),  # noqa: RUF001
        (lambda x: x.whole(1234567), "1,234,567", "1\u202f234\u202f567"),
        (lambda x: x.whole(-1), "\N{MINUS SIGN}1", "\N{MINUS SIGN}1"),
        (lambda x: x.decimals(2.5, 2), "2.50", "2,50"),
        (lambda x: x.percent(0.955, 1), "95.5\u00a0%", "95,5\u00a0%"),
        (lambda x: x.significant_percent(0.4), "40.0\u00a0%", "40,0\u00a0%"),
        (lambda x: x.between((0.8611, 0.885)), "0.861 to 0.885", "0,861 à 0,885"),
        (lambda x: x.narrow_between((11.2, 13.8)), "11.2 to 13.8", "11,2 à 13,8"),
        (lambda x: x.narrow_between((0.0, 2e6)), "0 to 2.00 × 10⁶", "0 à 2,00 × 10⁶"),  # noqa: RUF001
        (lambda x: x.narrow_between((98e4, 1e6)), "0.980 to 1.00 × 10⁶", "0,980 à 1,00 × 10⁶"),  # noqa: RUF001
        (lambda x: x.narrow_between((2e-6, 3e-6)), "2.00 to 3.00 × 10⁻⁶", "2,00 à 3,00 × 10⁻⁶"),  # noqa: RUF001
        (lambda x: x.rank_range((2, 2)), "2", "2"),
        (lambda x: x.rank_range((1, 1300)), "1\N{EN DASH}1,300", "1\N{EN DASH}1\u202f300"),
        (lambda x: x.watt_hours(3600.0), "1.00\u00a0Wh", "1,00\u00a0Wh"),
        (lambda x: x.date("2026-11-26T02:13:00Z"), "26 November 2026", "26 novembre 2026"),
        (lambda x: x.date("2026-03-01T23:59:59+00:00"), "1 March 2026", "1er mars 2026"),
        (lambda x: x.date("2026-03-01T00:30:00+02:00"), "28 February 2026", "28 février 2026"),
        (lambda x: x.date("no moment"), "no moment", "no moment"),
        (lambda x: x.date("2026-03-01"), "2026-03-01", "2026-03-01"),
        (
            lambda x: x.moment("2026-08-05T02:03:00Z"),
            "5 August 2026, 02:03 UTC",
            "5 août 2026 à 02:03 UTC",
        ),
    ],
)  # fmt: skip
def test_figures_and_dates_are_spelt_as_the_language_does(
    spelt: object, english: str, french: str
) -> None:
    assert callable(spelt)
    assert (spelt(ENGLISH), spelt(FRENCH)) == (english, french)


@settings(deadline=None)  # a busy machine is no fault of this code
@given(st.floats(min_value=1e-3, max_value=9e5))
def test_a_figure_in_french_is_the_english_one_with_other_signs(value: float) -> None:
    french = FRENCH.significant(value)
    assert french.replace(NARROW, "").replace(",", ".") == ENGLISH.significant(value).replace(
        ",", ""
    )


def test_numbers_in_a_string_are_spelt_by_the_language_and_text_is_left_alone() -> None:
    assert FRENCH.text("number.between", low=1200, high=0.51234) == "1\u202f200 à 0,512"
    assert FRENCH.text("number.percent", figure="1,5.") == "1,5.\u00a0%"


def test_what_fills_a_string_with_markup_is_escaped_and_made_one_line() -> None:
    said = FRENCH.html("number.between", low="<b>\n&", high=Markup("<bdi>ours</bdi>"))
    assert said == "&lt;b&gt; &amp; à <bdi>ours</bdi>"


def test_pages_escape_and_clean_what_fills_their_strings() -> None:
    page = environment("fr").from_string('{{ t("number.between", low=low, high=1.5) }}')
    assert page.render(low="<script>\u202e\n'") == "&lt;script&gt;\ufffd &#39; à 1,50"


def test_no_break_spaces_reach_the_page() -> None:
    page = environment("fr").from_string("{{ 12345.0|significant }} {{ 0.5|percent }}")
    assert page.render() == "12\u202f300 50\u00a0%"


def test_the_scripts_strings_cannot_end_their_element() -> None:
    block = script_block({"a": "</script><!-- \u2028"})
    assert "<" not in block
    assert '"\\u003c/script>' in block


def test_the_script_is_told_how_figures_are_spelt() -> None:
    told = FRENCH.script
    assert told["figures"]["decimal"] == ","
    assert told["figures"]["thousands"] == NARROW
    assert told["figures"]["percent"] == "{figure}\u00a0%"
    assert told["singular"] == [0, 2]
    assert ENGLISH.script["strings"].keys() == told["strings"].keys()


def test_a_phone_charge_is_told_with_its_source() -> None:
    page = environment("en").from_string("{{ phone_charge(12.5) }}|{{ phone_charge_source() }}")
    charge, source = page.render().split("|")
    assert charge == "a phone charge would answer about 5\u00a0million queries"
    assert "19\u00a0Wh (68,400\u00a0J)" in source
    assert "Environmental Protection Agency" in source
    assert environment("fr").from_string("{{ phone_charge(1e12) }}").render() == ""


def test_templates_compile_to_the_same_for_all_languages() -> None:
    """They are compiled once: what an expression of constants gives must not be compiled in."""
    made = {code: _compiled(environment(code)) for code in codes()}
    assert made["en"].keys() >= {"index.html", "figure.svg", "feed.xml"}
    for compiled in made.values():
        assert compiled == made["en"]


def _compiled(engine: Environment) -> dict[str, str]:
    names = engine.list_templates(["html", "svg", "xml"])
    return {name: engine.compile(_source(engine, name), name, raw=True) for name in names}


def _source(engine: Environment, name: str) -> str:
    assert engine.loader is not None
    return engine.loader.get_source(engine, name)[0]
