"""The page on the method: its numbers are the rules', and it holds in every language."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import record_samples
import site_samples
from french_pages import Reading, english_left
from msgspec import convert, to_builtins
from msgspec.structs import replace
from test_site_entry_page import Outline

from harness.records.board import Boards
from harness.records.evaluation import IsolationGrade
from harness.records.rules import Rules
from harness.site.language import codes, language
from harness.site.method_page import DOCUMENTS, render_method

RULES = record_samples.RULES
NOBODY = Boards(boards=(), problems=())
CHECKOUT = Path(__file__).parents[1]


def leaves(table: Any, within: tuple[Any, ...] = ()) -> list[tuple[tuple[Any, ...], Any]]:  # noqa: ANN401 - any rules
    if isinstance(table, dict):
        return [leaf for key, value in table.items() for leaf in leaves(value, (*within, key))]
    return [(within, table)]


def changed(path: tuple[Any, ...]) -> Rules | None:
    """Change one number of the rules to another one of its kind."""
    plain = to_builtins(RULES)
    place = plain
    for key in path[:-1]:
        place = place[key]
    value = place[path[-1]]
    if isinstance(value, bool) or not isinstance(value, (int, float)) or path == ("schema",):
        return None
    place[path[-1]] = value + 7 if isinstance(value, int) else value * 0.9 + 0.001
    return convert(plain, Rules)


def test_every_number_of_the_rules_is_on_the_page() -> None:
    before = render_method(NOBODY, RULES, "en")
    numbers = [path for path, _ in leaves(to_builtins(RULES)) if changed(path) is not None]
    assert len(numbers) > 80
    for path in numbers[::7]:  # one in seven: each takes a page
        rules = changed(path)
        assert rules is not None
        page = Outline(render_method(NOBODY, rules, "en"))
        assert ".".join(map(str, path)) in page.text
        table = page.text[page.text.index("Every number of the rules") :]
        assert table != before.decode()
    text = Outline(before).text
    for path in numbers:
        assert ".".join(map(str, path)) in text


@pytest.mark.parametrize(
    ("path", "said"),
    [
        (("energy", "amortise_queries"), "÷ 10,007"),
        (("ranking", "draws"), "10,007 resamples"),
        (("prizes", "least_items"), "at least 1,007 test items"),
        (("boards", "min_sessions"), "at least 12 sessions"),
        (("campaigns", "least"), "of 10 campaigns or more"),
        (("quota", "official_evaluations"), "have 27 official evaluations"),
        (("energy", "floor_multiple"), "under 2.701 times"),
    ],
)
def test_sentences_take_their_numbers_from_the_rules(path: tuple[str, ...], said: str) -> None:
    rules = changed(path)
    assert rules is not None
    assert said in Outline(render_method(NOBODY, rules, "en")).text
    assert said not in Outline(render_method(NOBODY, RULES, "en")).text


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("en", ("as far as the variants last", "or the last look is reached", "ticks of a clock")),
        ("fr", ("reste des variantes", "le dernier examen", "élargies de ce que ces tops")),
    ],
)
def test_what_sessions_may_do_beyond_the_limits_of_the_rules_is_told(
    code: str, said: tuple[str, ...]
) -> None:
    """A session may be shorter than asked, one more disturbed, and the last interval wider."""
    text = Outline(render_method(NOBODY, RULES, code)).text
    assert all(each in text for each in said)


@pytest.mark.parametrize(
    ("grades", "english", "french"),
    [(("A",), "need grade A.", "le niveau A."), (("A", "B"), "grade A or B.", "niveau A ou B."),
     (("A", "B", "C"), "grade A, B or C.", "niveau A, B ou C.")],
)  # fmt: skip
def test_any_of_several_grades_is_enough(
    grades: tuple[IsolationGrade, ...], english: str, french: str
) -> None:
    rules = replace(RULES, boards=replace(RULES.boards, official_isolation=grades))
    assert english in Outline(render_method(NOBODY, rules, "en")).text
    assert french in Outline(render_method(NOBODY, rules, "fr")).text


@pytest.mark.parametrize("code", codes())
def test_it_names_the_rules_in_force_by_version_and_digest(code: str) -> None:
    page = Outline(render_method(NOBODY, RULES, code))
    assert RULES.version in page.text
    assert RULES.reference_to_these.digest in page.text
    assert page.unbalanced == []
    assert page.all("html")[0]["lang"] == language(code).text("language.tag")
    assert not re.search(r"\{\w+\}", page.text)


def test_boards_of_other_rules_are_told_from_those_of_the_rules_in_force() -> None:
    old = site_samples.board(site_samples.entry())
    now = replace(old, id="now", rules_digest=RULES.reference_to_these.digest)
    page = Outline(render_method(Boards(boards=(old, now), problems=()), RULES, "fr"))
    assert "en vigueur" in page.text
    assert "autres que celles en vigueur : version 2026.1" in page.text.replace("\u00a0", " ")
    links = [each["href"] for each in page.all("a")]
    assert "../fr/index.html#board-now" in links


def test_rules_without_a_quota_or_reference_entries_have_a_page() -> None:
    bare = replace(RULES, quota=None, reference={}, prizes=replace(RULES.prizes, tasks={}))
    text = Outline(render_method(NOBODY, bare, "en")).text
    assert "may have" not in text
    assert "Middle of class D" not in text


def test_the_documents_that_it_names_are_there() -> None:
    assert [name for name in DOCUMENTS if not (CHECKOUT / name).is_file()] == []
    text = Outline(render_method(NOBODY, RULES, "en")).text
    assert all(name in text for name in DOCUMENTS)


def test_the_french_page_says_nothing_in_english() -> None:
    page = render_method(NOBODY, RULES, "fr").decode()
    assert english_left(Reading(page).texts) == {}


def test_several_numbers_are_listed_as_each_language_does() -> None:
    looks = RULES.protocols["official"].looks
    assert len(looks) > 1
    for code, word in (("en", "and"), ("fr", "et")):
        page = render_method(NOBODY, RULES, code).decode()
        listed = f"{', '.join(map(str, looks[:-1]))} {word} {looks[-1]}"
        assert page.count(f"<td>{listed}</td>") == 2  # where they are explained, and with all rules
