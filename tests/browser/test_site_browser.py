"""The page of boards in a real browser: its picture, its widths, and who cannot see it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest
from msgspec.structs import replace

from harness.records.board import Boards
from harness.site.render import render

sys.path.insert(0, str(Path(__file__).parents[1]))  # what helps these tests lies beside the others
import site_samples as samples
from browser_pages import DESKTOP, NEVER_IDLE, PHONE, lacking, write_files
from screenshots import many

if TYPE_CHECKING:
    from conftest import OpenPage
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

SMALL = "#board-some-task-offline-0badcafe"
LONG_NAME = "W" * 5000
SETTLED = 500
"""Milliseconds: the address follows what is done after a pause."""


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the page of two boards, one of them full of trouble."""
    trouble = samples.board(
        samples.entry(LONG_NAME, team=LONG_NAME, description=LONG_NAME),
        samples.entry("<script>document.title = 'taken over'</script>", quality=0.5),
        samples.entry("نموذج المناخ السريع", quality=0.4, joules_per_1000_queries=0.2),
        samples.entry("", quality=0.1, sessions=3),
        id="trouble",
        task_title=LONG_NAME,
        hardware=LONG_NAME,
        profile=LONG_NAME,
        meter_grade="simulated",
        status="self-reported",
    )
    small = samples.small()
    files = render(Boards(boards=(*small.boards, trouble), problems=small.problems))
    return write_files(tmp_path_factory.mktemp("site"), files) / "index.html"


def test_what_is_no_measurement_is_headed_in_large_letters(
    open_page: OpenPage, index: Path
) -> None:
    wash = open_page(index).page.locator(".banner.strong").first
    assert wash.evaluate("e => getComputedStyle(e).backgroundColor") == "rgb(28, 35, 33)"


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_page_never_scrolls_sideways(
    open_page: OpenPage, index: Path, viewport: dict[str, int]
) -> None:
    page = open_page(index, viewport=viewport).page
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]


def test_on_a_phone_the_picture_is_one_that_can_be_read(open_page: OpenPage, index: Path) -> None:
    page = open_page(index, viewport=PHONE, java_script_enabled=False).page  # the drawing itself
    label = page.locator(f"{SMALL} .chart:visible .label").first
    assert label.evaluate("e => e.getBoundingClientRect().height") >= 11
    assert page.locator(f"{SMALL} .chart:visible").count() == 1


def test_the_names_in_the_picture_stay_inside_and_apart(open_page: OpenPage, index: Path) -> None:
    page = open_page(index, java_script_enabled=False).page  # with a script, a canvas draws them
    boxes = page.locator(f"{SMALL} .chart.wide .label").evaluate_all(
        "all => all.map(e => { const b = e.getBoundingClientRect(); "
        "return [b.left, b.top, b.right, b.bottom]; })"
    )
    chart = page.locator(f"{SMALL} .chart.wide").bounding_box()
    assert len(boxes) == 4
    assert chart is not None
    for left, top, right, bottom in boxes:
        assert chart["x"] <= left < right <= chart["x"] + chart["width"]
        others = [box for box in boxes if box != [left, top, right, bottom]]
        assert not any(
            left < box[2] and box[0] < right and top < box[3] and box[1] < bottom for box in others
        )


def test_without_javascript_the_picture_is_there(open_page: OpenPage, index: Path) -> None:
    page = open_page(index, java_script_enabled=False).page
    assert page.locator(f"{SMALL} .chart.wide .mark").count() == 4  # one of 5 is not resolved
    assert page.locator(f"{SMALL} .chart.wide").is_visible()


@pytest.mark.parametrize(
    ("scheme", "viewport"), [("light", DESKTOP), ("dark", PHONE)], ids=["light", "dark"]
)
def test_axe_finds_nothing(
    open_page: OpenPage,
    index: Path,
    scheme: Literal["light", "dark"],
    viewport: dict[str, int],
) -> None:
    try:
        from axe_playwright_python.sync_playwright import Axe  # noqa: PLC0415 - an extra
    except ImportError:
        lacking("axe-playwright-python is not installed: pip install -e '.[browser]'")
    results = Axe().run(open_page(index, color_scheme=scheme, viewport=viewport).page)
    assert results.violations_count == 0, results.generate_report()
    passed = {rule["id"] for rule in results.response["passes"]}
    assert {"color-contrast", "link-name", "document-title"} <= passed


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("clicked", [True, False], ids=["clicked", "sent"])
def test_a_link_to_a_board_leads_to_it_however_many_rows_stand_above(
    open_page: OpenPage, tmp_path: Path, viewport: dict[str, int], *, clicked: bool
) -> None:
    boards = tuple(replace(many(60), id=f"board-{n}") for n in range(4))
    index = write_files(tmp_path, render(Boards(boards=boards, problems=()))) / "index.html"
    page = open_page(index, "" if clicked else "#board-board-3", viewport=viewport).page
    if clicked:
        page.locator(".board-list a").last.click()
    page.locator("#board-board-3 .tools").wait_for()  # its data are here
    page.wait_for_timeout(500)  # and those of the board above
    top = page.locator("#board-board-3").evaluate("e => e.getBoundingClientRect().top")
    assert abs(top) < 5


def test_a_link_leads_to_what_is_hidden_until_its_board_is_loaded(
    open_page: OpenPage, tmp_path: Path
) -> None:
    boards = tuple(replace(many(60), id=f"board-{n}") for n in range(4))
    index = write_files(tmp_path, render(Boards(boards=boards, problems=()))) / "index.html"
    page = open_page(index, "?board-2.compare=model-3,model-5#board-board-2-compare").page
    compared = page.locator("#board-board-2-compare")
    compared.wait_for()
    page.wait_for_timeout(500)  # boards beside it are loaded too
    assert abs(compared.evaluate("e => e.getBoundingClientRect().top")) < 5


def test_a_link_leads_to_a_board_that_its_choice_would_hide(
    open_page: OpenPage, tmp_path: Path
) -> None:
    boards = tuple(
        replace(many(20), id=f"board-{n}", task=f"task-{n % 2}", profile=f"machine-{n // 2}")
        for n in range(4)
    )
    index = write_files(tmp_path, render(Boards(boards=boards, problems=()))) / "index.html"
    page = open_page(index, "?task=task-0&hardware=machine-1#board-board-3").page
    board = page.locator("#board-board-3")
    board.locator(".tools").wait_for()
    page.wait_for_timeout(SETTLED)
    assert abs(board.evaluate("e => e.getBoundingClientRect().top")) < 5
    assert page.url.endswith("index.html?hardware=machine-1#board-board-3")
    assert page.locator(".facets .count").inner_text() == "2 boards of 4 shown"

    page.locator("#facet-task").select_option("task-0")  # the reader's own choice counts
    page.wait_for_timeout(SETTLED)
    assert board.is_hidden()
    assert page.url.endswith("index.html?hardware=machine-1&task=task-0")


@pytest.mark.parametrize("deed", ["wheel", "scroll bar"])
def test_who_scrolls_away_from_where_a_link_led_is_not_brought_back(
    open_page: OpenPage, tmp_path: Path, deed: str
) -> None:
    boards = tuple(replace(many(60), id=f"board-{n}") for n in range(4))
    index = write_files(tmp_path, render(Boards(boards=boards, problems=()))) / "index.html"
    page = open_page(index, "#board-board-3").page
    page.locator("#board-board-3 .tools").wait_for()
    page.wait_for_timeout(500)
    if deed == "wheel":
        page.mouse.wheel(0, -100_000)
    else:
        page.evaluate("scrollTo(0, 0)")
    page.wait_for_function("scrollY === 0")
    page.evaluate("document.querySelector('.lead').style.height = '40rem'")  # as a board would grow
    page.wait_for_timeout(300)
    assert page.evaluate("scrollY") == 0


def printed_rows(page: Page, boards: int) -> list[int]:
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    for n in range(boards):
        page.locator(f"#board-board-{n} .tools:not([hidden])").wait_for()
    return [page.locator(f"#board-board-{n} tbody tr[data-row]").count() for n in range(boards)]


@pytest.mark.parametrize("idle", [True, False], ids=["idle", "busy"])
def test_paper_has_the_rows_of_boards_that_nobody_has_looked_at(
    open_page: OpenPage, tmp_path: Path, *, idle: bool
) -> None:
    boards = tuple(replace(many(260), id=f"board-{n}") for n in range(3))
    index = write_files(tmp_path, render(Boards(boards=boards, problems=()))) / "index.html"
    opened = open_page(index, viewport={"width": 1280, "height": 400})
    page = opened.page
    if idle:
        page.locator("#board-board-2 .tools:not([hidden])").wait_for()
    else:  # its data come while it is printed
        page.add_init_script(NEVER_IDLE)
        opened.goto(index, "?board-2.q=model-1")
        assert page.locator("#board-board-2 .tools").is_hidden()
    assert printed_rows(page, 3) == [200, 200, 200 if idle else 111]
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert max(page.locator(f"#board-board-{n} tbody tr[data-row]").count() for n in range(3)) < 60
    assert opened.complaints == []
