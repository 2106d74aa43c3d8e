"""The page in a real browser: opened from a file, as it would be from a mail attachment.

Needs the ``browser`` extra and a Chromium: the one on the path, or the one that the environment
variable HARNESS_CHROMIUM names. Without them these tests are skipped, unless
HARNESS_REQUIRE_EXTRAS=1 asks for them.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NoReturn

import pytest

from harness.records.board import Boards
from harness.site.render import render

sys.path.insert(0, str(Path(__file__).parents[1]))  # the sample boards lie beside the other tests
import site_samples as samples

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

PHONE = {"width": 375, "height": 700}
DESKTOP = {"width": 1280, "height": 900}
LONG_NAME = "W" * 5000
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage")


def lacking(what: str) -> NoReturn:
    if os.environ.get("HARNESS_REQUIRE_EXTRAS") == "1":
        pytest.fail(f"{what} (HARNESS_REQUIRE_EXTRAS=1 asks for it)")
    pytest.skip(what)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    try:
        from playwright.sync_api import sync_playwright  # noqa: PLC0415 - an extra
    except ImportError:
        lacking("playwright is not installed: pip install -e '.[browser]'")
    chromium = os.environ.get("HARNESS_CHROMIUM") or shutil.which("chromium")
    if chromium is None:
        lacking("no Chromium: install one, or name it in HARNESS_CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(ARGUMENTS))
        yield browser
        browser.close()


class Opened:
    """A page and everything that went on behind it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.requests: list[str] = []
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))

    def entries(self) -> list[str]:
        return self.page.locator("tbody tr:visible th").all_inner_texts()


OpenSite = Callable[..., Opened]
"""Opens the page in a context of its own, with the settings of one that are given."""


@pytest.fixture
def site(tmp_path: Path) -> Path:
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
    for name, content in render(
        Boards(boards=(*small.boards, trouble), problems=small.problems)
    ).items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


@pytest.fixture
def open_site(browser: Browser, site: Path) -> Iterator[OpenSite]:
    contexts = []

    def open_with(**settings: Any) -> Opened:  # noqa: ANN401 - whatever playwright takes
        context = browser.new_context(**{"viewport": DESKTOP, **settings})
        context.set_default_timeout(5_000)
        contexts.append(context)
        opened = Opened(context.new_page())
        opened.page.goto((site / "index.html").as_uri())
        return opened

    yield open_with
    for context in contexts:
        context.close()


def test_it_opens_from_a_file_without_complaint_and_asks_for_nothing_else(
    open_site: OpenSite, site: Path
) -> None:
    opened = open_site()
    assert opened.complaints == []
    asked = [url for url in opened.requests if not url.startswith("data:")]
    assert sorted(asked) == sorted(
        (site / name).as_uri() for name in ("index.html", "style.css", "board.js")
    )
    assert opened.page.title() == "Frugal AI leaderboard"
    wash = opened.page.locator(".banner.strong").first
    assert wash.evaluate("e => getComputedStyle(e).backgroundColor") == "rgb(28, 35, 33)"


def test_a_click_on_a_header_sorts_and_another_turns_it_round(open_site: OpenSite) -> None:
    opened = open_site()
    board = opened.page.locator("#board-1")
    energy = board.get_by_role("button", name="Energy modelled")
    header = energy.locator("xpath=..")
    energy.click()
    assert header.get_attribute("aria-sort") == "ascending"
    assert opened.entries()[:4] == ["answers-nothing", "linear-model", "slow-model", "big-model"]
    energy.press("Enter")
    assert header.get_attribute("aria-sort") == "descending"
    assert opened.entries()[:4] == ["big-model", "slow-model", "linear-model", "answers-nothing"]
    assert board.locator("th[aria-sort]").count() == 1


def test_text_columns_sort_by_their_text(open_site: OpenSite) -> None:
    opened = open_site()
    opened.page.locator("#board-1").get_by_role("button", name="Entry", exact=True).click()
    assert opened.entries()[:4] == ["answers-nothing", "big-model", "linear-model", "slow-model"]


def test_searching_leaves_the_rows_that_have_every_word_and_says_how_many(
    open_site: OpenSite,
) -> None:
    opened = open_site()
    board = opened.page.locator("#board-1")
    board.get_by_label("Search").fill("MODEL verified")
    assert board.locator("tbody tr:visible th").all_inner_texts() == ["slow-model"]
    assert board.get_by_role("status").inner_text() == "1 of 5 shown"
    assert board.locator(".chart.wide .mark.filtered").count() == 3
    board.get_by_label("Search").fill("")
    assert board.locator("tbody tr:visible").count() == 5


def test_a_point_and_its_row_light_up_together(open_site: OpenSite) -> None:
    page = open_site().page
    row = page.locator("tr", has_text="linear-model")
    mark = page.locator(f'.chart.wide .mark[data-entry="{row.get_attribute("id")}"]')
    mark.locator(".target").hover()
    assert "linked" in (row.get_attribute("class") or "")
    page.mouse.move(0, 0)
    assert "linked" not in (row.get_attribute("class") or "")
    row.locator("a").focus()
    assert "linked" in (mark.get_attribute("class") or "")


def test_a_rows_name_opens_its_details(open_site: OpenSite) -> None:
    page = open_site().page
    page.locator("#board-1 tbody").get_by_role("link", name="linear-model").click()
    page.get_by_text("Run it again on a quiet machine.").wait_for(state="visible")


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_page_never_scrolls_sideways(open_site: OpenSite, viewport: dict[str, int]) -> None:
    page = open_site(viewport=viewport).page
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= viewport["width"]
    for summary in page.locator("summary").all():
        summary.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]


def test_a_laptop_shows_every_column_of_the_table(open_site: OpenSite) -> None:
    box = open_site(viewport=DESKTOP).page.locator("#board-1-table")
    assert box.evaluate("e => e.scrollWidth") <= box.evaluate("e => e.clientWidth")


def test_on_a_phone_the_picture_is_one_that_can_be_read(open_site: OpenSite) -> None:
    page = open_site(viewport=PHONE).page
    label = page.locator("#board-1 .chart:visible .label").first
    assert label.evaluate("e => e.getBoundingClientRect().height") >= 11
    assert page.locator("#board-1 .chart:visible").count() == 1


def test_the_names_in_the_picture_stay_inside_and_apart(open_site: OpenSite) -> None:
    page = open_site().page
    boxes = page.locator("#board-1 .chart.wide .label").evaluate_all(
        "all => all.map(e => { const b = e.getBoundingClientRect(); "
        "return [b.left, b.top, b.right, b.bottom]; })"
    )
    chart = page.locator("#board-1 .chart.wide").bounding_box()
    assert len(boxes) == 4
    assert chart is not None
    for left, top, right, bottom in boxes:
        assert chart["x"] <= left < right <= chart["x"] + chart["width"]
        others = [box for box in boxes if box != [left, top, right, bottom]]
        assert not any(
            left < box[2] and box[0] < right and top < box[3] and box[1] < bottom for box in others
        )


def test_without_javascript_the_picture_and_the_table_are_there(open_site: OpenSite) -> None:
    page = open_site(java_script_enabled=False).page
    assert page.locator("#board-1 .chart.wide .mark").count() == 4
    assert page.locator("#board-1 .chart.wide").is_visible()
    assert page.locator("#board-1 tbody tr:visible").count() == 5  # one is not resolved: no point
    assert not page.locator("#board-1 .search").is_visible()


@pytest.mark.parametrize(
    ("scheme", "viewport"), [("light", DESKTOP), ("dark", PHONE)], ids=["light", "dark"]
)
def test_axe_finds_nothing(
    open_site: OpenSite, scheme: Literal["light", "dark"], viewport: dict[str, int]
) -> None:
    try:
        from axe_playwright_python.sync_playwright import Axe  # noqa: PLC0415 - an extra
    except ImportError:
        lacking("axe-playwright-python is not installed: pip install -e '.[browser]'")
    page = open_site(color_scheme=scheme, viewport=viewport).page
    for summary in page.locator("summary").all():
        summary.click()
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()
    passed = {rule["id"] for rule in results.response["passes"]}
    assert {"color-contrast", "link-name", "document-title"} <= passed
