"""The page as a whole: its files, its golden copy, and what strangers' names do to it.

Remake the golden files after a change that is meant, and look at what changed:

    HARNESS_REMAKE_GOLDEN=1 python -m pytest tests/test_site_render.py
    git diff tests/golden/site
"""

from __future__ import annotations

import html.parser
import os
import posixpath
import re
import shutil
from pathlib import Path

import msgspec
import pytest
import site_samples as samples

from harness.records.base import parse_json, pretty_json
from harness.records.board import Boards
from harness.records.meter import Grade
from harness.site import paths
from harness.site import render as render_module
from harness.site.figure import MOST_MARKS
from harness.site.language import codes
from harness.site.render import MOST_FAILURES, MOST_PROBLEMS, SCRIPT, SCRIPT_PARTS, STYLE, render
from harness.site.views import TOP

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
    own = (STYLE, SCRIPT)  # these are what they are; Parquet hangs on the version of pyarrow
    binary = (".parquet", ".png")  # test_site_preview.py holds the picture
    kept = {name: made[name] for name in sorted(made) if not name.endswith((*own, *binary))}
    if os.environ.get("HARNESS_REMAKE_GOLDEN") == "1":
        GOLDEN.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(GOLDEN, ignore_errors=True)
        for name, content in kept.items():
            (GOLDEN / name).parent.mkdir(parents=True, exist_ok=True)
            (GOLDEN / name).write_bytes(content)
    golden = {
        path.relative_to(GOLDEN).as_posix(): path.read_bytes()
        for path in sorted(GOLDEN.rglob("*"))
        if path.is_file()
    }
    assert golden.keys() == kept.keys()
    for name, content in golden.items():
        assert kept[name].decode() == content.decode(), f"{name} differs from its golden copy"


def test_the_same_boards_give_the_same_bytes() -> None:
    first, again = samples.small(), samples.small()
    assert render(first) == render(again)


def test_the_files_are_a_page_a_language_its_assets_and_the_data_of_boards() -> None:
    stem = "data/some-task-offline-0badcafe"
    assert set(render(samples.small())) == {
        "index.html", "fr/index.html", "feed.xml", "fr/feed.xml", "style.css", "board.js",
        "boards.json", "preview.png", "fr/preview.png",
        f"{stem}.js", f"{stem}.claims.js", f"{stem}.csv", f"{stem}.json", f"{stem}.parquet",
    }  # fmt: skip


def test_the_script_is_its_parts_each_in_a_function_of_its_own() -> None:
    script = render(samples.small())["board.js"].decode()
    assert script.count("\n(function () {\n") == len(SCRIPT_PARTS)
    assert script.index("window.Frugal = Frugal") < script.index("Frugal.address =")
    spoken = re.sub(r"/\*.*?\*/", "", script, flags=re.DOTALL)
    assert not re.search(
        r"\b(fetch|eval|import|innerHTML|outerHTML|document\.write)\b\s*[(=]", spoken
    )


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
    scripts = outline.all("script")
    assert [script.get("src") for script in scripts[1:]] == [
        "board.js", "data/some-task-offline-0badcafe.js",
    ]  # fmt: skip
    assert scripts[0] == {"type": "application/json", "id": "strings"}


@pytest.mark.parametrize("code", codes())
def test_every_link_within_the_site_leads_to_a_file_or_to_a_page_of_its_entries(code: str) -> None:
    files = render(samples.small())
    name = paths.in_language("index.html", code)
    outline = Outline(files[name])
    entries = {
        paths.entry_page_name(board.id, name, code)
        for board in samples.small().boards
        for name in (*(e.entry for e in board.entries), *(e.entry for e in board.failed))
    }
    beside = {paths.in_language("method.html", code)}  # made by other renderers of the site
    led = set()
    for _, attributes in outline.elements:
        for key in ("href", "src", "data-source", "data-claims"):
            target = attributes.get(key) or ""
            if target and not target.startswith(("#", "data:")):
                led.add(posixpath.normpath(posixpath.join(posixpath.dirname(name), target)))
    assert led <= files.keys() | entries | beside
    assert entries <= led


def test_the_content_policy_allows_only_the_pages_own_files() -> None:
    policies = [
        attributes["content"]
        for attributes in Outline(render(samples.small())["index.html"]).all("meta")
        if attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policies == [POLICY]


def test_names_with_markup_add_no_element_and_no_attribute() -> None:
    outline = Outline(render(hostile_boards())["index.html"])
    assert len(outline.all("script")) == 3
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
    assert "among competing entries whose quality is at least 0.75" in text
    assert "the null entry, the control" in text
    assert "linear-model 1, wins; big-model 2." in text.replace("\n", "")
    assert "Nobody met that." in text


def test_prizes_are_told_with_the_stops_of_each_language() -> None:
    french = Outline(render(samples.small())["fr/index.html"]).text
    assert "linear-model 1, gagne\N{NO-BREAK SPACE}; big-model 2." in french.replace("\n", "")


def test_marks_that_matter_are_accented_without_a_script_too() -> None:
    elements = Outline(render(samples.small())["index.html"]).elements
    classes = [attributes.get("class") or "" for _, attributes in elements]
    assert {name for name in classes if name.startswith("tag")} == {"tag", "tag accent"}


def test_no_template_prints_a_space_at_the_edge_of_a_text() -> None:
    printed = re.compile(r'\{\{ *"(?: [^"]*|[^"]* )"')  # what is printed is cleaned, and loses it
    assert printed.search('<b class="tag{{ " accent" if so }}">')
    templates = Path(render_module.__file__).parent / "templates"
    assert not [path.name for path in templates.glob("*.*") if printed.search(path.read_text())]


def test_a_point_is_the_fuller_the_more_surely_it_is_on_the_front() -> None:
    rows = (samples.entry("sure", front_support=1.0), samples.entry("not", front_support=0.0))
    page = page_of(Boards(boards=(samples.board(*rows),), problems=()))
    assert page.count('fill-opacity="0.35"') == page.count("fill-opacity") == 2
    assert "The fuller" in page
    assert "hollow: not ranked" not in page


def test_a_point_is_hollow_where_its_support_is_not_known_and_that_of_others_is() -> None:
    unknown = (samples.entry("unknown"), samples.entry("reference", baseline=True))
    page = page_of(Boards(boards=(samples.board(*unknown),), problems=()))
    assert "fill-opacity" not in page
    assert "The fuller" not in page
    known = samples.entry("sure", front_support=1.0)
    page = page_of(Boards(boards=(samples.board(known, *unknown),), problems=()))
    assert page.count('fill-opacity="0.00"') == page.count("fill-opacity") == 2 * 2 + 1  # a legend
    assert "hollow: not ranked" in page


def test_an_entry_with_too_few_sessions_has_no_interval_of_energy() -> None:
    page = page_of(Boards(boards=(samples.board(samples.entry(sessions=3)),), problems=()))
    assert "too few sessions</span>" in page
    assert "crossed: too few sessions" in page
    assert page.count('class="cross"') == 2 + 1


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
        boards=(
            samples.board(samples.entry()),
            samples.board(id="another-board", task="b", task_title="B"),
        ),
        problems=(),
    )
    files = render(boards)
    page = files["index.html"].decode()
    assert 'href="#board-another-board"' in page
    assert "data/another-board.csv" in files
    assert '<select id="facet-task" data-facet="task">' in page
    assert 'id="facet-grade"' not in page  # both are of one grade


def test_an_entry_without_energy_is_named_beside_the_picture() -> None:
    free = samples.entry("free-model", joules_per_1000_queries=0.0)
    page = page_of(Boards(boards=(samples.board(free, samples.entry()),), problems=()))
    assert re.search(r"Not drawn[^<]*<bdi>free-model</bdi>", page)


def test_energy_that_is_not_resolved_is_said_to_be_so_and_never_zero() -> None:
    page = page_of(Boards(boards=(samples.board(samples.unresolved()),), problems=()))
    assert '<td class="number">unresolved</td>' in page
    assert "<strong>Unresolved</strong>: no more energy than the meter" in page
    assert re.search(r"Not drawn[^<]*<bdi>too-cheap</bdi>", page)
    assert ">too few sessions<" not in page


def test_a_board_is_known_by_its_name_for_links_that_last() -> None:
    page = page_of(samples.small())
    assert 'id="board-some-task-offline-0badcafe" data-board="some-task-offline-0badcafe"' in page


def many(count: int) -> Boards:
    rows = (samples.entry(f"model-{n}", quality=0.9 - n / 1000) for n in range(count))
    return Boards(boards=(samples.board(*rows),), problems=())


def test_of_many_entries_the_page_holds_the_top_and_says_where_the_others_are() -> None:
    files = render(many(TOP + 7))
    page = files["index.html"].decode()
    rows = Outline(files["index.html"]).all("tr")
    assert len(rows) == 1 + TOP
    assert "Here are the first 50 entries of 57. The spreadsheet has every one:" in page
    assert "Voici les 50 premiers modèles sur 57." in files["fr/index.html"].decode()
    assert "Here are the first" not in page_of(many(TOP))


def test_the_legend_says_what_small_dots_are_where_there_are_any() -> None:
    rows = [samples.entry(f"model-{n}", quality=0.9 - n / 500) for n in range(MOST_MARKS + 1)]
    for shown, told in ((rows, True), (rows[:-1], False)):
        page = page_of(Boards(boards=(samples.board(*shown),), problems=()))
        assert ('class="dots"' in page) == ("small dots: the other entries" in page) == told


def test_long_lists_are_cut_and_what_is_left_out_is_counted() -> None:
    small = samples.small()
    failed = small.boards[0].failed * (MOST_FAILURES + 1)
    problems = small.problems * (MOST_PROBLEMS + 2)
    page = page_of(Boards(boards=(samples.board(failed=failed),), problems=problems))
    assert page.count(">broken-model<") == MOST_FAILURES
    assert "And 1 more entry, named in boards.json." in page
    assert "And 2 more files, named in boards.json." in page


def test_only_the_data_of_the_first_board_with_entries_come_with_the_page() -> None:
    empty = samples.board(id="a-empty")
    boards = (empty, samples.board(samples.entry(), id="b"), samples.board(samples.entry(), id="c"))
    outline = Outline(render(Boards(boards=boards, problems=()))["index.html"])
    assert [script.get("src") for script in outline.all("script")[1:]] == ["board.js", "data/b.js"]
    sections = [each for each in outline.all("section") if "data-board" in each]
    assert [each.get("data-source") for each in sections] == [None, None, "data/c.js"]


def test_signed_is_explained_where_a_row_is() -> None:
    explained = "key vouches for every record"
    assert explained in page_of(samples.small())
    assert '<span class="tag">signed</span>' in page_of(samples.small())
    unsigned = Boards(boards=(samples.board(samples.entry()),), problems=())
    assert explained not in page_of(unsigned)


@pytest.mark.parametrize(
    ("page", "reference", "null", "said"),
    [
        ("index.html", "reference entry", "null entry",
         ("slow-model</bdi> (control, middle of class D)", "and <bdi>slow-model</bdi> stands in")),
        ("fr/index.html", "modèle de référence", "modèle nul",
         ("slow-model</bdi> (témoin, milieu de la classe D)", "et <bdi>slow-model</bdi> est")),
    ],
)  # fmt: skip
def test_the_entries_of_the_method_are_told_by_name_and_the_null_entry_is_called_so(
    page: str, reference: str, null: str, said: tuple[str, str]
) -> None:
    text = " ".join(render(samples.small())[page].decode().split())
    assert all(each in text for each in (null, *said))
    assert reference not in text
    alone = Boards(boards=(samples.board(samples.entry("slow-model")),), problems=())
    assert "slow-model</bdi> (" not in render(alone)[page].decode()


def test_only_marks_that_tell_rows_apart_can_be_filtered_by() -> None:
    page = page_of(samples.small())
    for mark, there in (("front", True), ("reference", True), ("verified", True), ("best", False)):
        assert (f'<input type="checkbox" value="{mark}"' in page) == there, mark


def test_two_boards_with_one_identifier_are_refused() -> None:
    with pytest.raises(ValueError, match="two boards would be written to"):
        render(Boards(boards=(samples.board(), samples.board()), problems=()))


def test_a_figure_that_is_not_a_number_is_refused() -> None:
    board = samples.board(samples.entry(measured_watts=float("nan")))
    with pytest.raises(ValueError, match="not JSON compliant"):
        render(Boards(boards=(board,), problems=()))


def test_a_picture_is_called_by_what_it_shows_and_not_by_its_whole_legend() -> None:
    page = render(samples.small())["index.html"].decode()
    assert '<figure class="picture" aria-label="Some task of two classes: macro F1 against' in page
