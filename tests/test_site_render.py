"""The page as a whole: its files, its golden copy, and what strangers' names do to it.

Remake the golden files after a change that is meant, and look at what changed:

    HARNESS_REMAKE_GOLDEN=1 python -m pytest tests/test_site_render.py
    git diff tests/golden/site
"""

from __future__ import annotations

import html.parser
import os
import re
from pathlib import Path

import msgspec
import pytest
import site_samples as samples

from harness.records.base import parse_json, pretty_json
from harness.records.board import Boards
from harness.records.meter import Grade
from harness.site.render import csv_name, render

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'"
)
GOLDEN = Path(__file__).parent / "golden" / "site"
HOSTILE = (
    "<script>alert(1)</script>",
    "\"'><img src=x onerror=alert(1)>",
    "</title></svg><b>out</b>",
    "x" * 5000,
    "two\nlines\r\nand\ta tab",
    "نموذج سريع",
    "\u202egnp.exe\u2066",
    "👩\u200d🔬🌍",
    "\x00\x1b[31mred",
    "{{ 7 * 7 }}{% raise %}",
    "=HYPERLINK(1)",
    "",
)


class Outline(html.parser.HTMLParser):
    """What a browser would find: elements with their attributes, and the text between them."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def hostile_boards() -> Boards:
    entries = [
        samples.entry(
            text,
            team=text,
            name=text,
            description=text,
            isolation_grade=text,
            digest=text,
            quality=0.05 * n,
            joules_per_1000_queries=2.0**n,
            evaluations=(text,),
        )
        for n, text in enumerate(HOSTILE)
    ]
    quiet = samples.small()
    failed = tuple(
        msgspec.structs.replace(
            quiet.boards[0].failed[0], entry=text, team=text, stage=text, blame=text, message=text
        )
        for text in HOSTILE
    )
    problems = tuple(
        msgspec.structs.replace(quiet.problems[0], path=text, code=text, message=text)
        for text in HOSTILE
    )
    board = samples.board(*entries, task_title=HOSTILE[0], hardware=HOSTILE[1], failed=failed)
    return Boards(boards=(board,), problems=problems)


def page_of(boards: Boards) -> str:
    return render(boards)["index.html"].decode()


def test_the_small_board_is_rendered_as_the_golden_files_have_it() -> None:
    made = render(samples.small())
    kept = {name: made[name] for name in sorted(made) if not name.endswith((".css", ".js"))}
    if os.environ.get("HARNESS_REMAKE_GOLDEN") == "1":
        GOLDEN.mkdir(parents=True, exist_ok=True)
        for old in GOLDEN.iterdir():
            old.unlink()
        for name, content in kept.items():
            (GOLDEN / name).write_bytes(content)
    golden = {path.name: path.read_bytes() for path in sorted(GOLDEN.iterdir())}
    assert golden.keys() == kept.keys()
    for name, content in golden.items():
        assert kept[name].decode() == content.decode(), f"{name} differs from its golden copy"


def test_the_same_boards_give_the_same_bytes() -> None:
    first, again = samples.small(), samples.small()
    assert render(first) == render(again)


def test_the_files_are_the_page_its_assets_the_json_and_a_csv_a_board() -> None:
    assert set(render(samples.small())) == {
        "index.html", "style.css", "board.js", "boards.json", "some-task-offline-0badcafe.csv",
    }  # fmt: skip


def test_the_json_is_the_boards_themselves() -> None:
    boards = samples.small()
    content = render(boards)["boards.json"]
    assert content == pretty_json(boards)
    assert parse_json(content, Boards, "boards.json") == boards


def test_the_page_names_no_address_and_no_inline_script_or_style() -> None:
    outline = Outline(render(samples.small())["index.html"])
    for tag, attributes in outline.elements:
        assert tag not in {"style", "base", "iframe", "object", "embed", "form"}
        assert "style" not in attributes
        assert not any(name.startswith("on") for name in attributes)
        for name in ("href", "src"):
            assert not re.match(r"[a-z]+://|//", attributes.get(name) or "")
    assert [script.get("src") for script in outline.all("script")] == ["board.js"]


def test_the_content_policy_allows_only_the_pages_own_files() -> None:
    policies = [
        attributes["content"]
        for attributes in Outline(render(samples.small())["index.html"]).all("meta")
        if attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policies == [POLICY]


def test_names_with_markup_add_no_element_and_no_attribute() -> None:
    outline = Outline(render(hostile_boards())["index.html"])
    assert [script.get("src") for script in outline.all("script")] == ["board.js"]
    assert not outline.all("img")
    assert not outline.all("b")
    assert not any(name.startswith("on") for _, found in outline.elements for name in found)
    assert "<script>alert(1)</script>" in outline.text
    assert "{{ 7 * 7 }}" in outline.text


def test_names_with_controls_are_shown_without_them() -> None:
    page = page_of(hostile_boards())
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]", page)
    assert "\N{REPLACEMENT CHARACTER}gnp.exe" in page
    assert "two lines and a tab" in page
    assert "نموذج سريع" in page
    assert "👩\u200d🔬🌍" in page


def test_long_names_are_cut_where_they_are_shown() -> None:
    outline = Outline(render(hostile_boards())["index.html"])
    runs = sorted({len(run) for run in re.findall("x{20,}…", outline.text)})
    assert runs[0] <= 80
    assert runs[-1] <= 1000


def test_identifiers_are_unique_and_every_reference_leads_somewhere() -> None:
    outline = Outline(render(hostile_boards())["index.html"])
    found = [attributes["id"] for _, attributes in outline.elements if attributes.get("id")]
    assert len(found) == len(set(found))
    for _, attributes in outline.elements:
        href = attributes.get("href") or ""
        if href.startswith("#"):
            assert href[1:] in found
        for name in ("aria-labelledby", "aria-describedby", "for"):
            if attributes.get(name):
                assert attributes[name] in found


@pytest.mark.parametrize(
    ("grade", "sentence"),
    [("model", "Modelled work, not energy"), ("simulated", "Simulated")],
)
def test_a_figure_that_is_no_measurement_is_headed_as_such(grade: Grade, sentence: str) -> None:
    page = page_of(Boards(boards=(samples.board(samples.entry(), meter_grade=grade),), problems=()))
    assert f'<p class="banner strong"><strong>{sentence}</strong>' in page
    assert re.search(r">(Modelled|Simulated) joules per 1,000 queries, log scale<", page)


def test_a_measured_board_has_no_such_heading() -> None:
    board = samples.board(samples.entry(), meter_grade="sensor")
    assert "banner strong" not in page_of(Boards(boards=(board,), problems=()))


def test_no_rank_is_shown_where_none_is_known() -> None:
    page = page_of(Boards(boards=(samples.board(samples.entry()),), problems=()))
    assert ">Rank<" not in page
    assert "There are no ranks here" in page
    assert "fill-opacity" not in page


def test_ranks_are_shown_as_ranges_where_they_are_known() -> None:
    ranked = samples.entry(rank=(2, 5))
    page = page_of(
        Boards(boards=(samples.board(ranked, samples.entry("unranked-model")),), problems=())
    )
    assert ">Rank<" in page
    assert ">2\N{EN DASH}5<" in page
    assert "unranked" in page
    assert "There are no ranks here" not in page


def test_who_won_a_prize_and_who_took_part_is_told() -> None:
    text = Outline(render(samples.small())["index.html"]).text
    assert "among entries whose quality is above 0.75" in text
    assert "linear-model 1, wins; big-model 2." in text.replace("\n", "")
    assert "Nobody met that." in text


def test_a_point_is_the_fuller_the_more_surely_it_is_on_the_front() -> None:
    rows = (samples.entry("sure", front_support=1.0), samples.entry("not", front_support=0.0))
    page = page_of(Boards(boards=(samples.board(*rows),), problems=()))
    assert page.count('fill-opacity="1.00"') == page.count('fill-opacity="0.15"') == 2


def test_an_entry_with_too_few_sessions_has_no_interval_of_energy() -> None:
    page = page_of(Boards(boards=(samples.board(samples.entry(sessions=3)),), problems=()))
    assert "too few sessions</span>" in page
    assert "hollow: too few sessions" in page


def test_what_failed_and_what_could_not_be_used_is_listed() -> None:
    text = Outline(render(samples.small())["index.html"]).text
    for told in ("broken-model", "in load", "No such file: weights.npz", "bad.json", "damaged"):
        assert told in text


def test_a_board_without_entries_says_so_and_draws_nothing() -> None:
    page = page_of(Boards(boards=(samples.board(),), problems=()))
    assert "No entry has completed an evaluation on this board yet." in page
    assert "<svg" not in page
    assert "<table" not in page


def test_no_board_at_all_is_a_page_too() -> None:
    assert "There is no board yet." in page_of(Boards(boards=(), problems=()))


def test_several_boards_can_be_chosen_from() -> None:
    boards = Boards(
        boards=(samples.board(samples.entry()), samples.board(id="another-board", task_title="B")),
        problems=(),
    )
    files = render(boards)
    assert 'href="#board-2"' in files["index.html"].decode()
    assert "another-board.csv" in files


def test_an_entry_without_energy_is_named_beside_the_picture() -> None:
    free = samples.entry("free-model", joules_per_1000_queries=0.0)
    page = page_of(Boards(boards=(samples.board(free, samples.entry()),), problems=()))
    assert re.search(r"Not drawn[^<]*<bdi>free-model</bdi>", page)


def test_energy_that_is_not_resolved_is_said_to_be_so_and_never_zero() -> None:
    page = page_of(Boards(boards=(samples.board(samples.unresolved()),), problems=()))
    assert '<td class="number" data-value="">unresolved</td>' in page
    assert "<strong>Unresolved</strong>: no more energy than the meter" in page
    assert re.search(r"Not drawn[^<]*<bdi>too-cheap</bdi>", page)
    assert "too few sessions" not in page
    assert "Energy of a session, by phase" not in page


def test_what_the_meter_leaves_open_is_told_apart_from_what_all_entries_share() -> None:
    page = page_of(Boards(boards=(samples.board(samples.entry()),), problems=()))
    said = "±0.400\u00a0% by the edges and steps of its windows, and ±40.0\u00a0% by its scale"
    assert page.count(said) == 2  # beside the figure and in the entry's details
    assert "Unresolved" not in page


@pytest.mark.parametrize(
    ("board_id", "name"),
    [
        ("task-offline-0badcafe", "task-offline-0badcafe.csv"),
        ("../../etc/passwd", "etc-passwd.csv"),
        ("/", "board.csv"),
        ("a" * 300 + "-0badcafe", "a" * 91 + "-0badcafe.csv"),
    ],
)
def test_a_csv_is_named_after_its_board_and_stays_in_the_folder(board_id: str, name: str) -> None:
    assert csv_name(board_id) == name


def test_two_boards_with_one_identifier_are_refused() -> None:
    with pytest.raises(ValueError, match="two boards would be written to"):
        render(Boards(boards=(samples.board(), samples.board()), problems=()))


def test_a_figure_that_is_not_a_number_is_refused() -> None:
    board = samples.board(samples.entry(measured_watts=float("nan")))
    with pytest.raises(ValueError, match="not JSON compliant"):
        render(Boards(boards=(board,), problems=()))
