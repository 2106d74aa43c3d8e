"""The page of an entry, the method and a report in a real browser: none needs a script."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))  # what helps these tests lies beside the others
import entry_samples as samples
import record_samples
from browser_pages import DESKTOP, PHONE, Opened, lacking, write_files
from msgspec.structs import replace

from harness.records.board import Boards
from harness.site.badge import badge
from harness.site.entry_page import render_entry
from harness.site.entry_view import EntryView, entry_view
from harness.site.frame import style_sheet
from harness.site.language import codes
from harness.site.method_page import render_method
from harness.site.paths import badge_name, entry_page_name, in_language
from harness.site.report import report_html

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

PAGES = ("entry.html", "fr/entry.html", "failed.html", "trouble.html", "method.html", "report.html")


def trouble() -> EntryView:
    """Make the view of an entry whose every text is trouble."""
    long, hostile = "W" * 5000, "<script>document.title = 'taken over'</script>"
    full = samples.full_record()
    record = replace(
        full,
        submission=replace(
            full.submission, entry=hostile, team=long, name="نموذج المناخ السريع",
            description=long, authors=(long,), url="https://example.org/" + "w" * 400,
        ),
        task=replace(full.task, title=long),
        hardware=replace(full.hardware, processor=long, profile="👩\u200d🔬🌍"),
    )  # fmt: skip
    only = samples.kept(record)
    return entry_view(samples.board_of(only), hostile, (only,))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a site of three entries, and a report beside it; pages by short names, too."""
    views = {"entry": samples.full_view(), "failed": samples.failed_view(), "trouble": trouble()}
    boards = Boards(boards=tuple(view.board for view in views.values()), problems=())
    files = {"style.css": style_sheet().encode(), "report.html": report_html(views["entry"], "en")}
    for code in codes():
        files[in_language("method.html", code)] = render_method(boards, record_samples.RULES, code)
        for view in views.values():
            name = entry_page_name(view.board.id, view.name, code)
            files[name] = render_entry(view)[code]
            if view.entry is not None:
                name = badge_name(view.board.id, view.name, code)
                files[name] = badge(view.board, view.entry, code)
    return write_files(tmp_path_factory.mktemp("site"), files)


@pytest.fixture(scope="module")
def places(site: Path) -> dict[str, Path]:
    full, failed, troubled = samples.full_view(), samples.failed_view(), trouble()
    return {
        "entry.html": site / entry_page_name(full.board.id, full.name),
        "fr/entry.html": site / entry_page_name(full.board.id, full.name, "fr"),
        "failed.html": site / entry_page_name(failed.board.id, failed.name),
        "trouble.html": site / entry_page_name(troubled.board.id, troubled.name),
        "method.html": site / "method.html",
        "report.html": site / "report.html",
    }


@pytest.fixture(
    scope="module",
    params=[("light", DESKTOP), ("dark", PHONE)],
    ids=["light-desktop", "dark-phone"],
)
def opened(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Opened]:
    """Open one context for all pages; axe needs a script, the pages have none of their own."""
    scheme: Literal["light", "dark"]
    scheme, viewport = request.param
    made = Opened(browser, viewport=viewport, color_scheme=scheme)
    yield made
    made.context.close()


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_and_nothing_scrolls_sideways(
    opened: Opened, places: dict[str, Path], site: Path, name: str
) -> None:
    try:
        from axe_playwright_python.sync_playwright import Axe  # noqa: PLC0415 - an extra
    except ImportError:
        lacking("axe-playwright-python is not installed: pip install -e '.[browser]'")
    opened.complaints.clear()
    opened.requests.clear()
    page = opened.goto(places[name]).page
    assert page.title() != "taken over"
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= page.evaluate("document.documentElement.clientWidth")
    asked = [each for each in opened.requested(site) if "badges/" not in each]
    own = places[name].relative_to(site).as_posix()
    assert asked == sorted([own] if name == "report.html" else [own, "style.css"])
    assert opened.complaints == []
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()
    assert "color-contrast" in {rule["id"] for rule in results.response["passes"]}


def test_on_a_phone_no_date_of_the_history_takes_two_lines(
    browser: Browser, places: dict[str, Path]
) -> None:
    opened = Opened(browser, viewport=PHONE).goto(places["entry.html"])
    dates = opened.page.locator("#history tbody th").all()
    assert len(dates) == 3
    for date in dates:
        assert (
            date.evaluate(
                "cell => { const all = document.createRange();"
                " all.selectNodeContents(cell); return all.getClientRects().length; }"
            )
            == 1
        )


def test_without_javascript_everything_is_there(browser: Browser, places: dict[str, Path]) -> None:
    opened = Opened(browser, java_script_enabled=False)
    page = opened.goto(places["entry.html"]).page
    assert page.locator("svg.trace .power").is_visible()
    assert page.locator("svg.bar rect").count() >= 4
    assert page.locator("#sessions tbody tr:visible").count() == 6  # one of them is void
    assert page.locator("#confusion td").first.inner_text() == "2,500"
    wash = page.locator(".band").first
    assert wash.evaluate("e => getComputedStyle(e).fill") != "rgb(0, 0, 0)"  # the style is there
    page.get_by_role("link", name="Français").click()
    assert page.locator("html").get_attribute("lang") == "fr"
    assert page.locator("#confusion td").first.inner_text() == "2\u202f500"
    opened.context.close()


def test_a_report_shows_its_style_though_it_is_one_file(
    browser: Browser, places: dict[str, Path], tmp_path: Path
) -> None:
    alone = tmp_path / "mail.html"
    alone.write_bytes(places["report.html"].read_bytes())
    opened = Opened(browser).goto(alone)
    ink = opened.page.locator(".figures-box").first
    assert ink.evaluate("e => getComputedStyle(e).borderTopStyle") == "solid"
    assert opened.complaints == []
    opened.context.close()


def test_stripes_of_phases_are_seen_on_paper_and_in_the_colours_of_the_system(
    browser: Browser, places: dict[str, Path]
) -> None:
    opened = Opened(browser).goto(places["entry.html"])
    band = opened.page.locator(".trace .band").first
    line = "e => { const s = getComputedStyle(e); return s.stroke !== 'none' && s.stroke; }"
    assert not band.evaluate(line)
    asked: tuple[Callable[[], None], ...] = (
        lambda: opened.page.emulate_media(media="print"),
        lambda: opened.page.emulate_media(media="screen", forced_colors="active"),
    )
    for ask in asked:
        ask()
        assert band.evaluate(line) not in {False, band.evaluate("e => getComputedStyle(e).fill")}
    opened.context.close()
