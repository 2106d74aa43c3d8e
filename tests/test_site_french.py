"""No English is left on French pages: words that only the English catalogue has are looked for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain, cycle, repeat
from typing import Any, get_args

import entry_samples
import msgspec
import pytest
import record_samples
import site_samples as samples
from french_pages import Reading, english_left, english_only
from notice_codes import problem_codes
from recorded_sentences import kinds, notices, sentences

from harness.records.board import Boards, BoardStatus, Problem
from harness.records.evaluation import EvaluationRecord, IsolationCheck, MetricValue
from harness.records.meter import Grade, LeftOut
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
KEPT = (
    frozenset(get_args(Grade))
    | {"accuracy", "macro_f1"}
    | {text for kind in kinds() for _, text in sentences(kind)}
)
FOREIGN = re.compile(r"(\W*zq[qxzwvjkgfb]+\W*)+", re.IGNORECASE)


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
    notes = (*notices(), Notice(code="zq", message="m", remedy="r"))
    said = [text for _, text in sentences("provenance")]
    names = chain((next(text for _, text in sentences("source")),), repeat("n"))  # which are cut
    source = small.boards[0].sources[0]
    problems = tuple(Problem(path="p", code=code, message="m") for code in sorted(problem_codes()))
    boards = [
        msgspec.structs.replace(
            small.boards[0],
            id=f"board-{status}-{grade}",
            status=status,
            meter_grade=grade,
            notes=notes,
            sources=tuple(
                msgspec.structs.replace(source, provenance=each, name=name)
                for each, name in zip(said, names, strict=False)
            ),
            hardware=next(text for _, text in sentences("machine")),
        )
        for status in get_args(BoardStatus)
        for grade in get_args(Grade)
    ]
    boards.append(samples.board(samples.entry(sessions=2), id="unranked", scenario="single"))
    boards.append(samples.board(id="empty", data_source="hub"))
    made = Boards(boards=tuple(boards), problems=problems)
    return msgspec.convert(foreign(msgspec.to_builtins(made)), Boards)


def records() -> Iterator[EvaluationRecord]:
    """Make records that between them say every sentence that is known."""

    def said(kind: str) -> list[str]:
        return [text for _, text in sentences(kind)]

    hardware = {"hypervisor": next(iter(said("hypervisor")))}
    made = record_samples.record(warnings=tuple(notices()), hardware=hardware)
    source = msgspec.structs.replace(made.meter.sources[0])
    left_out = LeftOut(name="psys", why="shows the counter of zq")
    meter = msgspec.structs.replace(
        made.meter,
        sources=tuple(
            msgspec.structs.replace(source, provenance=each, name=name)
            for each, name in zip(said("provenance"), cycle(said("source")), strict=False)
        ),
        left_out=(left_out,),
    )
    disturbed = msgspec.structs.replace(made.sessions[0], disturbances=tuple(notices()))
    metrics = tuple(
        MetricValue(name="macro_f1", value=0.5, low=0.4, high=0.6, interval_method=each)
        for each in said("interval")
    )
    quality = msgspec.structs.replace(record_samples.quality(0.5), metrics=metrics)
    for method in said("method"):
        for held in (True, False):
            checks = tuple(
                IsolationCheck(name=name, held=held, seen=seen, remedy=remedy)
                for name, seen, remedy in zip(
                    said("checks"), cycle(said("seen")), cycle(said("gap")), strict=False
                )
            )
            yield msgspec.structs.replace(
                made,
                meter=meter,
                quality=quality,
                sessions=(disturbed, *made.sessions[1:]),
                isolation=msgspec.structs.replace(made.isolation, method=method, checks=checks),
            )
    yield made
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


def foreign_or_a_language(text: str) -> bool:
    return not text.strip() or text == "English" or FOREIGN.fullmatch(text) is not None


def test_pages_say_no_sentence_that_is_known_in_english(french: dict[str, bytes]) -> None:
    """What strangers wrote, and a reason of a failure, is all that is marked as English."""
    quoted = Reading(french["fr/index.html"].decode()).quoted
    for made in map(foreign_record, records()):
        stored = StoredRecord(path="zq/zq.json", record=made, digest="d1" * 32)
        view = view_of_record(stored, record_samples.RULES)
        quoted += Reading(render_entry(view)["fr"].decode()).quoted
        quoted += Reading(report_html(view, "fr").decode()).quoted
    assert {text for text in quoted if not foreign_or_a_language(text)} == set()
    assert any(map(FOREIGN.search, quoted))


def test_a_warning_whose_words_are_not_known_is_explained_in_french_before_it() -> None:
    view = entry_samples.full_view()
    assert view.entry is not None
    notice = Notice(code="few-sessions", message="other words", remedy="of a later version")
    view = view._replace(entry=msgspec.structs.replace(view.entry, warnings=(notice,)))
    sentence = language("fr").sentence("warning", notice.code)
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
