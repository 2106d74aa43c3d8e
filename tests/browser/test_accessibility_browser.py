"""Pages that everybody can use: axe, narrow and dark, high contrast, on paper, by the keyboard.

The pages of entries and on the method are held to the same in ``test_entries_browser.py``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))  # what helps these tests lies beside the others
import site_samples as samples
from browser_pages import DESKTOP, PHONE, Opened, lacking, write_files
from screenshots import sites

from harness.site.badge import badge
from harness.site.render import render

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

PAGES = (
    "none/index.html", "empty/index.html", "one/index.html", "trouble/index.html",
    "failures/index.html", "failures/fr/index.html",
)  # fmt: skip
SEEN = "element => [getComputedStyle(element).outlineStyle, getComputedStyle(element).outlineWidth]"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the sites that screenshots are taken of; others look at a whole one."""
    made = tmp_path_factory.mktemp("sites")
    for name, boards in sites().items():
        if name != "whole":
            write_files(made / name, render(boards))
    return made


@pytest.fixture(
    scope="module",
    params=[("light", DESKTOP), ("dark", PHONE)],
    ids=["light-desktop", "dark-phone"],
)
def opened(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Opened]:
    scheme: Literal["light", "dark"]
    scheme, viewport = request.param
    made = Opened(browser, viewport=viewport, color_scheme=scheme)
    yield made
    made.context.close()


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_and_nothing_scrolls_sideways(
    opened: Opened, folder: Path, name: str
) -> None:
    try:
        from axe_playwright_python.sync_playwright import Axe  # noqa: PLC0415 - an extra
    except ImportError:
        lacking("axe-playwright-python is not installed: pip install -e '.[browser]'")
    opened.complaints.clear()
    page = opened.goto(folder / name).page
    assert page.title() != "taken over"
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= page.evaluate("document.documentElement.clientWidth")
    assert opened.complaints == []  # so far: axe would read the style, which the policy forbids
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()
    assert "color-contrast" in {rule["id"] for rule in results.response["passes"]}


def test_axe_finds_what_is_wrong(browser: Browser, folder: Path) -> None:
    try:
        from axe_playwright_python.sync_playwright import Axe  # noqa: PLC0415 - an extra
    except ImportError:
        lacking("axe-playwright-python is not installed: pip install -e '.[browser]'")
    opened = Opened(browser).goto(folder / "one" / "index.html")
    opened.page.evaluate("document.querySelector('.lead').style.color = '#e8e8e8'")
    assert Axe().run(opened.page).violations_count > 0
    opened.context.close()


def test_the_keyboard_shows_where_it_is(browser: Browser, folder: Path) -> None:
    opened = Opened(browser).goto(folder / "one" / "index.html")
    page = opened.page
    page.locator(".tools").first.wait_for()
    for _ in range(4):
        page.keyboard.press("Tab")
        focused = page.locator(":focus")
        style, width = focused.evaluate(SEEN)
        in_picture = focused.evaluate("element => !!element.closest('svg')")
        assert (style, width) == ("solid", "3px") or in_picture
        box = focused.bounding_box()
        assert box is not None
        assert box["x"] + box["width"] > 0  # even what leads past something comes into sight
    opened.context.close()


def test_on_paper_there_are_no_controls_and_no_empty_space(browser: Browser, folder: Path) -> None:
    opened = Opened(browser).goto(folder / "many" / "index.html")
    page = opened.page
    page.locator(".tools").first.wait_for()
    page.emulate_media(media="print", color_scheme="dark")
    for control in (".tools", ".facets", ".pick", ".copy-link", ".skip", "nav", ".spacer"):
        assert page.locator(f"{control}:visible").count() == 0, control
    assert page.locator(".table-box tbody tr[data-row]:visible").count() >= 20
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    box = page.locator(".table-box")
    assert box.evaluate("box => box.scrollHeight <= box.clientHeight + 1")
    assert box.evaluate("box => getComputedStyle(box).maxHeight") == "none"
    opened.context.close()


def test_colours_of_the_system_are_heeded(browser: Browser, folder: Path) -> None:
    opened = Opened(browser, forced_colors="active")
    page = opened.goto(folder / "one" / "index.html").page
    line = page.locator(".chart.wide .front-line").first
    link = page.locator(".lead a").first
    drawn = line.evaluate("element => getComputedStyle(element).stroke")
    assert drawn == link.evaluate("element => getComputedStyle(element).color")
    frame, ink = page.locator(".banner.strong").first.evaluate(
        "e => [getComputedStyle(e).borderTopColor, getComputedStyle(document.body).color]"
    )
    assert frame == ink
    opened.context.close()


def test_a_badge_is_an_image_whose_text_fits(browser: Browser, tmp_path: Path) -> None:
    board = samples.small().boards[0]
    entry = board.entries[0]
    path = tmp_path / "badge.svg"
    path.write_bytes(badge(board, entry, "fr"))
    opened = Opened(browser).goto(path)
    width = int(opened.page.locator("svg").get_attribute("width") or 0)
    ends = opened.page.locator("text").evaluate_all(
        "all => all.map(text => { const box = text.getBBox(); return [box.x, box.x + box.width]; })"
    )
    assert len(ends) == 3
    for (_, right), (left, _) in pairwise(ends):
        assert right < left
    assert ends[-1][1] < width
    assert opened.complaints == []
    opened.context.close()
