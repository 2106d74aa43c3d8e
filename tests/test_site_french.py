"""No English is left on French pages: words that only the English catalogue has are looked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

import entry_samples
import msgspec
import pytest
import record_samples
import site_samples as samples
from french_pages import Reading, english_left, english_only
from notice_codes import notice_codes, problem_codes

from harness.records.board import Boards, BoardStatus, Problem
from harness.records.evaluation import EvaluationRecord
from harness.records.meter import Grade
from harness.records.session import Notice
from harness.site.entry_page import render_entry
from harness.site.language import language
from harness.site.markdown import markdown_boards
from harness.site.method_page import render_method
from harness.site.render import render
from harness.site.report import report_html, report_markdown, view_of_record
from harness.store.reading import StoredRecord

STRANGERS = frozenset(
    {
        "id", "task", "task_title", "title", "entry", "team", "name", "description", "profile",
        "hardware", "provenance", "path", "message", "remedy", "winner", "loser", "entries",
        "processor", "operating_system", "method", "seen", "interval_method", "licence", "label",
    }
)  # fmt: skip
"""Fields whose text is not ours, and stays in the language it was written in."""
KEPT = frozenset(get_args(Grade)) | {"accuracy", "macro_f1"}


def foreign(value: Any, field: str = "") -> Any:  # noqa: ANN401 - any record, taken apart
    """Put what is no word of any language in the place of what strangers wrote."""
    if isinstance(value, dict):
        return {key: foreign(each, key) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [foreign(each, field) for each in value]
    if isinstance(value, str) and field in STRANGERS and value not in KEPT:
        return "zq" + "".join("qxzwvjkgfb"[int(digit)] for digit in str(len(value)) + _sum(value))
    return value


def _sum(text: str) -> str:
    return str(sum(index * ord(each) for index, each in enumerate(text, 1)))


def every_kind() -> Boards:
    """Make boards of every status and grade, with every note and problem, of every kind of row."""
    small = samples.small()
    notes = tuple(Notice(code=code, message="m", remedy="r") for code in sorted(notice_codes()))
    problems = tuple(Problem(path="p", code=code, message="m") for code in sorted(problem_codes()))
    boards = [
        msgspec.structs.replace(
            small.boards[0],
            id=f"board-{status}-{grade}",
            status=status,
            meter_grade=grade,
            notes=notes,
        )
        for status in get_args(BoardStatus)
        for grade in get_args(Grade)
    ]
    boards.append(samples.board(samples.entry(sessions=2), id="unranked", scenario="single"))
    boards.append(samples.board(id="empty", data_source="hub"))
    made = Boards(boards=tuple(boards), problems=problems)
    return msgspec.convert(foreign(msgspec.to_builtins(made)), Boards)


def records() -> Iterator[EvaluationRecord]:
    warnings = tuple(Notice(code=code, message="m", remedy="r") for code in sorted(notice_codes()))
    yield record_samples.record(warnings=warnings)
    yield record_samples.record(failed="load", sessions=(), quality=None)
    yield record_samples.record(failed="weights", sessions=(), quality=None, demonstration=True)


def foreign_record(made: EvaluationRecord) -> EvaluationRecord:
    return msgspec.convert(foreign(msgspec.to_builtins(made)), EvaluationRecord)


@pytest.fixture(scope="module")
def french() -> dict[str, bytes]:
    return {name: made for name, made in render(every_kind()).items() if name.startswith("fr/")}


def test_the_page_of_boards_is_french(french: dict[str, bytes]) -> None:
    assert english_left(Reading(french["fr/index.html"].decode()).texts) == {}


def test_the_feed_is_french(french: dict[str, bytes]) -> None:
    assert english_left(Reading(french["fr/feed.xml"].decode()).texts) == {}


def test_the_table_in_markdown_is_french() -> None:
    assert english_left([markdown_boards(every_kind(), language("fr"))]) == {}


def test_pages_and_reports_of_entries_are_french() -> None:
    for made in map(foreign_record, records()):
        view = view_of_record(
            StoredRecord(path="zq/zq.json", record=made, digest="d1" * 32), record_samples.RULES
        )
        assert english_left(Reading(render_entry(view)["fr"].decode()).texts) == {}
        assert english_left(Reading(report_html(view, "fr").decode()).texts) == {}
        assert report_markdown(view, "fr")


def test_a_warning_of_an_entry_is_explained_in_french_before_its_english_message() -> None:
    view = entry_samples.full_view()
    assert view.entry is not None
    sentence = language("fr").sentence("warning", view.entry.warnings[0].code)
    pages = {code: page.decode() for code, page in render_entry(view).items()}
    assert f"</strong> {sentence} <span" in pages["fr"]
    assert "</strong> <span" in pages["en"]
    assert sentence.encode() in report_markdown(view, "fr")


def test_the_page_on_the_method_is_french() -> None:
    page = render_method(every_kind(), record_samples.RULES, "fr").decode()
    assert english_left(Reading(page).texts) == {}


def test_english_that_is_left_would_be_found() -> None:
    assert len(english_only()) > 200
    page = '<html lang="fr"><p title="Search">Modèle <b>Entry</b> <i lang="en">team</i></p></html>'
    assert sorted(english_left(Reading(page).texts)) == ["entry", "search"]
    english = render(every_kind())["index.html"].decode()
    assert len(english_left(Reading(english.replace('lang="en"', 'lang="fr"')).texts)) > 100
