"""The picture in a real browser: pointed at, walked by keys, looked at more closely."""

from __future__ import annotations

import sys
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from harness.records.board import Board, Boards
from harness.site.figure import MOST_MARKS, WIDE, draw
from harness.site.render import render

sys.path.insert(0, str(Path(__file__).parents[1]))  # what helps these tests lies beside the others
import site_samples as samples
from browser_pages import NEVER_IDLE, PHONE, write_files

if TYPE_CHECKING:
    from conftest import OpenPage
    from playwright.sync_api import Locator, Page

pytestmark = pytest.mark.browser

FEW, MANY, SHORT = "few", "many", "short"
CROWD = 3000
HOSTILE = "<img src=x onerror=\"document.title = 'taken over'\">"
LETTERS = """{
  const sheet = new CSSStyleSheet();
  sheet.replaceSync("html { font-size: %s; }");
  document.adoptedStyleSheets = [sheet];
}"""
"""Has letters of this size, as a reader's browser may."""
SETTLED = 400
"""Milliseconds: the address follows what is done after a pause."""


def few() -> Board:
    return samples.board(
        samples.entry("null", quality=0.3, joules_per_1000_queries=0.1, baseline=True),
        samples.entry("linear", quality=0.6, joules_per_1000_queries=1.0, on_front=True),
        samples.entry(
            "network", quality=0.9, joules_per_1000_queries=30.0, on_front=True, front_support=0.7
        ),
        samples.entry(
            HOSTILE, quality=0.5, joules_per_1000_queries=5.0, team=HOSTILE, front_support=0.24
        ),
        samples.entry("unresolved", quality=0.4, joules_per_1000_queries=None),
        id=FEW,
        floor_joules_per_1000_queries=0.3,
    )


def many() -> Board:
    rows = [
        samples.entry(
            f"entry-{n}",
            quality=0.2 + 0.6 * (n * 7919 % CROWD) / CROWD,
            joules_per_1000_queries=0.1 * 1.002**n,
            on_front=n == 0,
        )
        for n in range(CROWD)
    ]
    return samples.board(*rows, id=MANY, task="crowd", task_title="Crowd")


def short() -> Board:
    rows = (samples.entry("enough"), samples.entry("few sessions", quality=0.7, sessions=3))
    return samples.board(*rows, id=SHORT, task="short", task_title="Short")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("picture")
    write_files(folder, render(Boards(boards=(few(), many(), short()), problems=())))
    return folder / "index.html"


def picture(page: Page, board: str) -> Locator:
    return page.locator(f'section[data-board="{board}"] figure.picture')


def ready(page: Page, board: str = FEW) -> Locator:
    found = picture(page, board)
    found.scroll_into_view_if_needed()
    found.locator("canvas").wait_for()
    painted(page)
    return found


def painted(page: Page) -> None:
    page.evaluate(
        "() => new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)))"
    )


def zoom_in_address(page: Page, board: str = FEW) -> list[float]:
    page.wait_for_timeout(SETTLED)
    said = parse_qs(urlsplit(page.url).query).get(f"{board}.zoom", [""])[0]
    return [float(each) for each in said.split("_") if each]


def place_of(page: Page, found: Locator, row: int, board: str = FEW) -> tuple[float, float]:
    """Say where a mark of the whole picture is in the window."""
    x, y = page.evaluate(
        """([board, row]) => {
          const points = Frugal.view.pointsOf(Frugal.boards.get(board).data);
          const canvas = document.querySelector(`[data-board="${board}"] canvas`);
          const place = Frugal.scales.layout(canvas.clientWidth);
          const to = Frugal.scales.of(Frugal.view.whole(points), place);
          return [to.x(points.x[row]), to.y(points.y[row])];
        }""",
        [board, row],
    )
    found.locator("canvas").scroll_into_view_if_needed()
    box = found.locator("canvas").bounding_box()
    assert box is not None
    return box["x"] + x, box["y"] + y


def pixels(found: Locator) -> str:
    return str(found.locator("canvas").evaluate("(canvas) => canvas.toDataURL()"))


def test_keys_go_from_entry_to_entry_by_energy_and_by_quality(
    open_page: OpenPage, site: Path
) -> None:
    page = open_page(site).page
    found = ready(page)
    found.locator("canvas").focus()
    met = []
    for key in ("ArrowRight", "ArrowRight", "ArrowUp", "End", "Home"):
        page.keyboard.press(key)
        painted(page)
        met.append(found.locator(".card strong").inner_text())
    assert met == ["null", "linear", "network", "network", "null"]
    said = found.locator("[aria-live]").inner_text()
    assert said.startswith("null, ")
    assert "0.1" in said


def test_only_of_what_is_on_the_front_it_says_so(open_page: OpenPage, site: Path) -> None:
    page = open_page(site).page
    found = ready(page)
    found.locator("canvas").focus()
    met = []
    for key in ("End", "ArrowLeft"):
        page.keyboard.press(key)
        painted(page)
        said = found.locator(".card span", has_text="front").inner_text()
        met.append(said.replace("\u00a0", " "))
    assert met == [
        "on the front (70 % of the resamples have it there)",
        "not on the front (24 % of the resamples have it there)",
    ]


def test_enter_goes_to_the_row_and_the_row_lights_the_mark(open_page: OpenPage, site: Path) -> None:
    page = open_page(site).page
    found = ready(page)
    found.locator("canvas").focus()
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    assert "network" in page.evaluate("document.activeElement.closest('tr').innerText")


def test_a_row_that_is_pointed_at_lights_its_mark(open_page: OpenPage, site: Path) -> None:
    page = open_page(site).page
    found = ready(page)
    board = page.locator(f'section[data-board="{FEW}"]')
    board.locator(".table-box tr", has_text="network").locator("a").focus()
    painted(page)
    assert found.locator(".card strong").inner_text() == "network"
    board.locator('input[type="search"]').focus()
    painted(page)
    assert not found.locator(".card").is_visible()


def test_the_pointer_tells_what_it_is_over_as_text(open_page: OpenPage, site: Path) -> None:
    page = open_page(site).page
    found = ready(page)
    found.locator("canvas").focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    painted(page)
    x, y = found.locator(".card").evaluate("(card) => [card.offsetLeft - 14, card.offsetTop - 14]")
    found.locator("canvas").blur()
    painted(page)
    assert not found.locator(".card").is_visible()
    found.locator("canvas").hover(position={"x": x + 3, "y": y - 3})
    painted(page)
    assert found.locator(".card strong").inner_text() == HOSTILE
    assert page.title() != "taken over"
    assert found.locator(".card img").count() == 0


def test_a_box_looks_closer_the_address_keeps_it_and_escape_shows_the_whole(
    open_page: OpenPage, site: Path
) -> None:
    page = open_page(site).page
    found = ready(page)
    whole = pixels(found)
    box = found.locator("canvas").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.2 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 0.6 * box["height"], steps=4)
    page.mouse.up()
    left, right, low, high = zoom_in_address(page)
    assert left < right
    assert low < high
    closer = pixels(found)
    assert closer != whole
    address = page.url
    page.mouse.move(0, 0)
    found.locator("canvas").focus()
    page.keyboard.press("Escape")
    assert zoom_in_address(page) == []

    again = open_page(site, "?" + urlsplit(address).query).page
    assert zoom_in_address(again) == [left, right, low, high]
    ready(again)
    assert again.locator(f'section[data-board="{FEW}"] .zoom').nth(2).is_enabled()


@pytest.mark.parametrize(
    "said", ["1_0_0_1", "a_b_c_d", "NaN_1_0_1", "-1e999_1_0_1", "1_2", "_" * 900]
)
def test_an_address_that_says_nonsense_shows_the_whole(
    open_page: OpenPage, site: Path, said: str
) -> None:
    opened = open_page(site, f"?{FEW}.zoom={said}")
    found = ready(opened.page)
    assert found.locator(".zoom").nth(2).is_disabled()


def test_buttons_and_the_wheel_with_a_key_look_closer_and_the_wheel_alone_does_not(
    open_page: OpenPage, site: Path
) -> None:
    page = open_page(site).page
    found = ready(page)
    found.get_by_role("button", name="Closer").click()
    once = zoom_in_address(page)
    assert len(once) == 4
    found.get_by_role("button", name="The whole picture").click()
    assert zoom_in_address(page) == []
    found.locator("canvas").hover()
    page.mouse.wheel(0, -50)
    assert zoom_in_address(page) == []
    found.locator("canvas").hover()
    page.keyboard.down("Shift")
    page.mouse.wheel(0, -50)
    page.keyboard.up("Shift")
    assert len(zoom_in_address(page)) == 4


@pytest.mark.parametrize("row", [0, 1, 2, 4])
def test_a_double_click_on_a_mark_shows_the_whole_and_one_click_goes_to_its_row(
    open_page: OpenPage, site: Path, row: int
) -> None:
    page = open_page(site, viewport={"width": 1280, "height": 700}).page
    found = ready(page)
    address = page.url
    page.mouse.dblclick(*place_of(page, found, row), delay=60)
    page.wait_for_timeout(SETTLED + 300)
    assert page.url == address
    assert page.evaluate("document.activeElement.tagName") == "CANVAS"
    page.mouse.click(*place_of(page, found, row))
    board = page.locator(f'section[data-board="{FEW}"]')
    board.locator(f'tr[data-row="{row}"] a:focus').wait_for()


def test_a_level_drag_looks_closer_across_alone_and_hardly_any_is_none(
    open_page: OpenPage, site: Path
) -> None:
    page = open_page(site).page
    found = ready(page)
    found.get_by_role("button", name="Closer").click()
    before = zoom_in_address(page)
    box = found.locator("canvas").bounding_box()
    assert box is not None
    x, y = box["x"] + 0.4 * box["width"], box["y"] + 0.4 * box["height"]
    for right, down in ((5, 5), (300, 1)):
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 100, y + 100)
        page.mouse.move(x + right, y + down)
        page.mouse.up()
        after = zoom_in_address(page)
        assert (after[:2] == before[:2]) is (right < 10)
        assert after[2:] == pytest.approx(before[2:], abs=1e-4)


@pytest.mark.parametrize(
    ("turned", "closer"),
    [
        ((10, -1.5, 0), 1.16),  # a pinch on a trackpad
        ((10, 0, 0), 1.0),
        ((1, -120, 0), 1.6),  # a notch of a wheel
        ((1, -3, 1), 1.6),  # the same in lines
        ((1, -1, 2), 1.6),
    ],
)
def test_the_wheel_looks_as_much_closer_as_it_is_turned(
    open_page: OpenPage, site: Path, turned: tuple[int, float, int], closer: float
) -> None:
    page = open_page(site).page
    found = ready(page)
    found.get_by_role("button", name="Closer").click()
    before = zoom_in_address(page)
    found.locator("canvas").evaluate(
        """(canvas, [turns, deltaY, deltaMode]) => {
          const box = canvas.getBoundingClientRect();
          const [clientX, clientY] = [box.x + box.width / 2, box.y + box.height / 2];
          const how = { ctrlKey: true, cancelable: true, deltaY, deltaMode, clientX, clientY };
          for (let turn = 0; turn < turns; turn += 1) {
            canvas.dispatchEvent(new WheelEvent("wheel", how));
          }
        }""",
        turned,
    )
    after = zoom_in_address(page)
    for low in (0, 2):
        ratio = (before[low + 1] - before[low]) / (after[low + 1] - after[low])
        assert ratio == pytest.approx(closer, rel=0.01)


def test_keys_go_on_beyond_the_edges_of_a_closer_look(open_page: OpenPage, site: Path) -> None:
    page = open_page(site).page
    found = ready(page)
    found.locator("canvas").focus()
    page.keyboard.press("Home")
    for _ in range(4):
        page.keyboard.press("+")
    left, right, low, high = zoom_in_address(page)
    met = []
    for key in ("ArrowRight",) * 5 + ("ArrowUp",) * 3:
        page.keyboard.press(key)
        painted(page)
        if found.locator(".card").is_visible():
            met.append(found.locator(".card strong").inner_text())
    assert "network" in met
    after = zoom_in_address(page)
    assert after[0] > left
    assert after[2] > low
    assert after[1] - after[0] == pytest.approx(right - left, abs=1e-3)
    assert after[3] - after[2] == pytest.approx(high - low, abs=1e-3)


def test_a_finger_looks_closer_at_what_it_tapped_and_two_move_the_picture(
    open_page: OpenPage, site: Path
) -> None:
    page = open_page(site, viewport=PHONE, has_touch=True, is_mobile=True).page
    found = ready(page)
    assert found.locator(".hint:visible").inner_text().startswith("To look closer, tap")
    page.touchscreen.tap(*place_of(page, found, 0))
    for _ in range(4):
        found.get_by_role("button", name="Closer").tap()
    painted(page)
    assert found.locator(".card strong").inner_text() == "network"
    left, right, low, high = zoom_in_address(page)
    assert left < 1.4771 < right  # 30 J
    assert low < 0.9 < high

    found.locator("canvas").scroll_into_view_if_needed()
    box = found.locator("canvas").bounding_box()
    assert box is not None
    scrolled = page.evaluate("scrollY")
    fingers = page.context.new_cdp_session(page)
    for step, kind in enumerate(["touchStart", "touchMove", "touchMove", "touchEnd"]):
        x, y = box["x"] + 120 + 20 * step, box["y"] + 150
        touched = [{"x": x, "y": y, "id": 1}, {"x": x + 80, "y": y + 80, "id": 2}]
        if kind == "touchEnd":
            touched = []
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touched})
    moved = zoom_in_address(page)
    assert moved[0] < left
    assert moved[1] - moved[0] == pytest.approx(right - left, rel=0.01)
    assert moved[2:] == pytest.approx([low, high], abs=0.01)
    assert page.evaluate("scrollY") == scrolled


@pytest.mark.parametrize("board", [FEW, MANY, SHORT])
def test_the_script_shades_marks_as_the_drawing_of_the_page_does(
    open_page: OpenPage, site: Path, board: str
) -> None:
    page = open_page(site).page
    ready(page, board)
    figure = draw({FEW: few, MANY: many, SHORT: short}[board](), WIDE)
    assert figure is not None
    assert len({mark.shade for mark in figure.marks}) == {FEW: 3, MANY: 1, SHORT: 2}[board]
    for mark in figure.marks:
        said = page.evaluate(
            """([board, row]) => {
              const points = Frugal.view.pointsOf(Frugal.boards.get(board).data);
              return [points.shade(row), points.isCrossed(row)];
            }""",
            [board, mark.position],
        )
        assert said == [pytest.approx(mark.shade), mark.crossed]


def test_who_does_not_see_the_picture_is_told_what_it_shows(
    open_page: OpenPage, site: Path
) -> None:
    page = open_page(site).page
    ready(page)
    tree = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")
    said, *_ = (
        node["description"]["value"]
        for node in tree["nodes"]
        if node["role"]["value"] == "application" and "description" in node
    )
    assert said.startswith("4 entries, 2 of them on the front. Highest macro F1: network")
    assert "Arrow keys go from entry to entry" in said


def test_what_the_table_leaves_out_fades(open_page: OpenPage, site: Path) -> None:
    page = open_page(site).page
    found = ready(page)
    before = pixels(found)
    page.locator(f'section[data-board="{FEW}"] input[type="search"]').fill("linear")
    page.wait_for_timeout(SETTLED)
    painted(page)
    assert pixels(found) != before
    found.locator("canvas").focus()
    page.keyboard.press("End")
    painted(page)
    assert found.locator(".card strong").inner_text() == "linear"


def test_a_crowd_is_drawn_whole_and_the_page_itself_draws_a_part(
    open_page: OpenPage, site: Path
) -> None:
    page = open_page(site).page
    found = ready(page, MANY)
    assert found.locator("svg.chart.wide .mark").count() == MOST_MARKS
    found.locator("canvas").focus()
    page.keyboard.press("End")
    painted(page)
    assert found.locator(".card strong").inner_text() == f"entry-{CROWD - 1}"


def test_print_has_the_drawing_and_its_lines(open_page: OpenPage, site: Path) -> None:
    page = open_page(site).page
    found = ready(page)
    page.emulate_media(media="print")
    assert found.locator("svg.chart.wide").is_visible()
    assert not found.locator("canvas").is_visible()
    assert found.locator("svg.chart.wide .guide").count() == 1


@pytest.mark.parametrize("letters", ["16px", "32px"])
def test_a_phone_has_the_picture_within_its_width(
    open_page: OpenPage, site: Path, letters: str
) -> None:
    opened = open_page(site, viewport=PHONE)
    opened.page.add_init_script(LETTERS % letters)
    page = opened.goto(site).page
    found = ready(page)
    assert found.locator("canvas").evaluate("(canvas) => canvas.clientWidth") <= PHONE["width"]
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


@pytest.mark.parametrize(
    "wish", [{"color_scheme": "dark"}, {"contrast": "more"}, {"forced_colors": "active"}], ids=str
)
def test_the_picture_takes_the_colours_that_the_system_asks_for(
    open_page: OpenPage, site: Path, wish: dict[str, Any]
) -> None:
    page = open_page(site).page
    found = ready(page)
    before = pixels(found)
    page.emulate_media(**wish)
    painted(page)
    assert pixels(found) != before


WRITTEN = """
window.written = [];
const fill = CanvasRenderingContext2D.prototype.fillText;
CanvasRenderingContext2D.prototype.fillText = function (text, x, y) {
  window.written.push([text, x, y, this.measureText(text).width, parseFloat(this.font)]);
  fill.call(this, text, x, y);
};
"""


def test_figures_of_the_axis_stand_apart_however_close_the_look(
    open_page: OpenPage, site: Path
) -> None:
    opened = open_page(site, viewport=PHONE)
    opened.page.add_init_script(WRITTEN + NEVER_IDLE)  # of this picture alone
    opened.goto(site)
    ready(opened.page)
    for right in range(20):
        opened.page.evaluate("window.written = []")
        opened.page.evaluate(
            f"history.pushState(null, '', '?{FEW}.zoom=-0.9_{-0.8 + right / 50}_0.2_0.9');"
            "dispatchEvent(new PopStateEvent('popstate'))"
        )
        painted(opened.page)
        drawn = opened.page.evaluate("window.written")
        figures = sorted((x, wide) for text, x, _, wide, _ in drawn if text.endswith("Wh"))
        assert figures
        for (x, wide), (after, width) in pairwise(figures):
            assert x + wide / 2 < after - width / 2


def test_letters_of_the_picture_are_as_large_as_the_reader_has_them(
    open_page: OpenPage, site: Path
) -> None:
    opened = open_page(site)
    opened.page.add_init_script(WRITTEN + NEVER_IDLE)  # of this picture alone
    sizes = []
    for size in ("16px", "32px"):
        opened.page.add_init_script(LETTERS % size)
        opened.goto(site)
        ready(opened.page)
        sizes.append({text: size for text, *_, size in opened.page.evaluate("window.written")})
    assert sizes[0]["network"] == 14
    assert sizes[1]["network"] == 28
