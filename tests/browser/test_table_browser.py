"""The table of a board in a real browser: found, sorted, filtered, sent on and compared."""

from __future__ import annotations

import re
import sys
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from harness.records.board import Board, Boards
from harness.site.client import board_script
from harness.site.language import language
from harness.site.render import assets, page, render
from harness.site.views import views

sys.path.insert(0, str(Path(__file__).parents[1]))  # what helps these tests lies beside the others
import imported_samples as claims
import site_samples as samples
from browser_pages import NEVER_IDLE, PHONE, Opened, lacking, write_files

if TYPE_CHECKING:
    from conftest import OpenPage
    from playwright.sync_api import Locator, Page

pytestmark = pytest.mark.browser

SMALL, MANY, TROUBLE = "some-task-offline-0badcafe", "many", "trouble"
ENTRIES = 300
LONG_NAME = "W" * 5000
HOSTILE = "<script>document.title = 'taken over'</script>"
SETTLED = 400
"""Milliseconds: the address follows what is done after a pause."""


def many(count: int = ENTRIES) -> Board:
    """Make a board of this many entries, each beaten by all that stand two places before it."""
    rows = [
        samples.entry(
            f"modèle-{n}",
            team=f"Équipe {n % 7}",
            team_name="Zoé & Cie" if n % 7 == 6 else None,
            quality=0.99 * (1 - n / 12_000),
            joules_per_1000_queries=2.0 + n % 5,
            on_front=n < 5,
            family=("trees", "linear", None)[n % 3],
        )
        for n in range(count)
    ]
    return samples.board(*rows, id=MANY, task="forests", task_title="Forests", status="official")


def trouble() -> Board:
    return samples.board(
        samples.entry(LONG_NAME, team=LONG_NAME, description=LONG_NAME),
        samples.entry(HOSTILE, quality=0.5, team=HOSTILE),
        samples.entry("نموذج المناخ السريع", quality=0.4, joules_per_1000_queries=0.2),
        samples.entry(
            "👩\u200d🔬🌍", quality=0.3, prizes=("least-energy", "best-quality"),
            on_front=True, at_floor=True, verified=True,
        ),
        samples.entry("", quality=0.1, sessions=3),
        id=TROUBLE,
        task_title=LONG_NAME,
        hardware=LONG_NAME,
        profile=LONG_NAME,
        meter_grade="simulated",
        status="self-reported",
    )  # fmt: skip


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a site: a small board with ranks, 300 entries, one full of trouble, an empty one."""
    small = samples.small()
    boards = (*small.boards, many(), trouble(), samples.board(id="empty"))
    files = render(Boards(boards=boards, problems=small.problems))
    return write_files(tmp_path_factory.mktemp("site"), files)


@pytest.fixture
def index(site: Path) -> Path:
    return site / "index.html"


def board(page: Page, name: str) -> Locator:
    """Return a board's section once its data are there."""
    section = page.locator(f"#board-{name}")
    section.scroll_into_view_if_needed()
    section.locator(".tools").wait_for()
    return section


def names(section: Locator) -> list[str]:
    found = section.locator("tbody tr[data-row] th bdi:first-child").all_inner_texts()
    return [name for name in found if name]


def cells(section: Locator) -> list[list[str]]:
    said: list[list[str]] = section.locator("tbody tr[data-row]").evaluate_all(
        "rows => rows.map(row => Array.from(row.cells).filter(cell => cell.className !== 'pick')"
        ".map(cell => [cell.innerText.replace(/\\s+/g, ' ').trim(), cell.title,"
        " cell.className, cell.querySelector('a')?.getAttribute('href')].join('|')))"
    )
    return said


def sort(section: Locator, column: str) -> Locator:
    header = section.locator(f".table-box th[data-column={column}]")
    header.get_by_role("button").click()
    return header


def state(page: Page) -> dict[str, str]:
    """Return what the address says, once it has followed."""
    page.wait_for_timeout(SETTLED)
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def test_it_opens_without_complaint_and_loads_a_board_when_it_comes_near(
    open_page: OpenPage, site: Path, index: Path
) -> None:
    opened = open_page(index, viewport={"width": 1280, "height": 400})
    opened.page.add_init_script(NEVER_IDLE)
    opened.requests.clear()
    opened.goto(index)
    at_first = ["board.js", f"data/{SMALL}.js", "index.html", "style.css"]
    assert opened.requested(site) == at_first
    board(opened.page, MANY)
    assert f"data/{MANY}.js" in opened.requested(site)
    board(opened.page, TROUBLE)
    assert opened.requested(site) == sorted([*at_first, f"data/{MANY}.js", f"data/{TROUBLE}.js"])
    assert opened.complaints == []
    assert opened.page.title() == "Frugal AI leaderboard"
    assert opened.page.evaluate('performance.getEntriesByName("frugal-ready").length') == 3


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_script_writes_the_rows_that_the_page_had_without_it(
    open_page: OpenPage, site: Path, language: str
) -> None:
    path = site / "index.html" if language == "en" else site / language / "index.html"
    without = open_page(path, java_script_enabled=False).page
    opened = open_page(path)
    for name in (SMALL, TROUBLE):
        shown = cells(without.locator(f"#board-{name}"))
        assert len(shown) == 5
        assert cells(board(opened.page, name)) == shown
    first = cells(board(opened.page, MANY))
    assert first == cells(without.locator(f"#board-{MANY}"))[: len(first)]
    assert opened.complaints == []


@pytest.mark.parametrize("scripted", [True, False])
def test_a_row_cuts_no_more_than_its_title_tells(
    open_page: OpenPage, tmp_path: Path, *, scripted: bool
) -> None:
    rows = [
        samples.entry(
            "wins-both", prizes=("least-energy", "best-quality"), on_front=True, verified=True,
            joules_per_1000_queries=1.2e6,
        ),
        samples.entry("cheap", quality=0.6, joules_per_1000_queries=1.2e-5),
        samples.entry("named", quality=0.5, name="Convolutional network with 8-bit weights"),
    ]  # fmt: skip
    made = samples.board(*rows, id=SMALL, status="official")
    index = write_files(tmp_path, render(Boards(boards=(made,), problems=()))) / "index.html"
    section = open_page(index, java_script_enabled=scripted).page.locator(f"#board-{SMALL}")
    section.locator(".tools" if scripted else ".table-box").wait_for()
    assert section.locator(".marks div").evaluate_all(
        "all => all.every(e => e.scrollHeight <= e.clientHeight)"
    )
    energy = section.locator("tbody td.number:has(.range + .range)")
    assert energy.evaluate_all("all => all.every(e => e.scrollWidth <= e.clientWidth)")
    said = energy.locator(".range:nth-child(1)").all_inner_texts()
    assert said[:2] == ["1.08 to 1.32 × 10⁶", "1.08 to 1.32 × 10⁻⁵"]  # noqa: RUF001
    title = section.locator("tbody th.entry").last.get_attribute("title")
    assert title == "named\nConvolutional network with 8-bit weights"


def test_without_javascript_the_top_is_there_and_nothing_that_does_not_work(
    open_page: OpenPage, index: Path
) -> None:
    page = open_page(index, java_script_enabled=False).page
    section = page.locator(f"#board-{MANY}")
    assert section.locator("tbody tr").count() == 50
    assert section.get_by_text("Here are the first 50 entries of 300").is_visible()
    assert page.locator(".tools:visible, .facets:visible, .compare:visible").count() == 0
    assert page.locator(".board button:visible").count() == 0


def test_a_click_on_a_header_sorts_and_another_turns_it_round(
    open_page: OpenPage, index: Path
) -> None:
    section = board(open_page(index).page, SMALL)
    assert section.locator("th[aria-sort]").get_attribute("data-column") == "rank"
    header = sort(section, "joules")
    assert header.get_attribute("aria-sort") == "ascending"
    cheap_first = ["answers-nothing", "linear-model", "slow-model", "big-model"]
    assert names(section) == [*cheap_first, "too-cheap"]
    header.get_by_role("button").press("Enter")
    assert header.get_attribute("aria-sort") == "descending"
    assert names(section) == [*reversed(cheap_first), "too-cheap"]  # what is unknown stays last
    assert section.locator("th[aria-sort]").count() == 1
    sort(section, "sessions")
    assert names(section)[-1] == "answers-nothing"
    assert names(section)[:2] == ["big-model", "linear-model"]  # equal ones keep the board's order
    sort(section, "entry")
    assert names(section) == sorted([*cheap_first, "too-cheap"])
    sort(section, "marks")
    assert names(section)[0] == "linear-model"  # it has a prize
    assert names(section)[-1] == "too-cheap"


def test_numbers_in_names_are_sorted_by_their_size(open_page: OpenPage, index: Path) -> None:
    section = board(open_page(index).page, MANY)
    sort(section, "entry")
    assert names(section)[8:11] == ["modèle-8", "modèle-9", "modèle-10"]


def test_searching_folds_accents_and_capitals_and_says_how_many_are_left(
    open_page: OpenPage, index: Path
) -> None:
    section = board(open_page(index).page, MANY)
    section.get_by_label("Search").fill("MODELE-29 équipe  ")
    assert section.locator(".entries .count").inner_text() == "11 of 300 shown"
    assert names(section)[:2] == ["modèle-29", "modèle-290"]
    assert section.locator("table").first.get_attribute("aria-rowcount") == "12"
    section.get_by_label("Search").fill("no such entry")
    assert section.locator(".entries .count").inner_text() == "0 of 300 shown"
    assert section.locator("tbody tr").count() == 0
    section.get_by_label("Search").fill("")
    assert names(section)[0] == "modèle-0"
    assert section.locator(".entries .count").inner_text() == ""


def test_rows_are_filtered_by_team_and_by_mark(open_page: OpenPage, index: Path) -> None:
    section = board(open_page(index).page, MANY)
    team = section.get_by_label("Team", exact=True)
    team.locator("option").nth(7).wait_for(state="attached")
    team.select_option(label="Équipe 3")
    assert names(section)[:2] == ["modèle-3", "modèle-10"]
    section.get_by_label("on the front").check()
    assert names(section) == ["modèle-3"]
    team.select_option(label="every team")
    assert names(section) == [f"modèle-{n}" for n in range(5)]
    section.get_by_label("Family").select_option(label="linear")
    assert names(section) == ["modèle-1", "modèle-4"]


def test_a_team_is_shown_by_its_name_and_found_by_both(open_page: OpenPage, index: Path) -> None:
    section = board(open_page(index).page, MANY)
    section.get_by_label("Search").fill("modele-6")
    cell = section.locator("tbody tr[data-row] td.team").first
    assert (cell.inner_text(), cell.get_attribute("title")) == ("Zoé & Cie", "Zoé & Cie")
    for words in ("zoe cie", "equipe cie"):
        section.get_by_label("Search").fill(words)
        assert section.locator(".entries .count").inner_text() == "42 of 300 shown"
    section.get_by_label("Search").fill("")
    section.get_by_label("Team", exact=True).select_option(label="Zoé & Cie")
    assert names(section)[:2] == ["modèle-6", "modèle-13"]


def test_boards_are_chosen_by_what_they_differ_in(open_page: OpenPage, index: Path) -> None:
    opened = open_page(index)
    page = opened.page
    shown = page.locator("section.board:visible")
    assert shown.count() == 4
    page.get_by_label("Status", exact=True).select_option(label="Official")
    assert shown.count() == 1
    assert page.locator(".board-list li:visible").count() == 1
    assert page.locator(".facets .count").inner_text() == "1 board of 4 shown"
    assert state(page)["status"] == "official"
    page.reload()
    assert shown.count() == 1
    page.get_by_role("button", name="Show every board").click()
    assert shown.count() == 4
    assert state(page) == {}
    assert page.get_by_label("Task", exact=True).evaluate(
        "element => element === document.activeElement"
    )


def test_only_rows_in_sight_are_in_the_page_and_the_scroll_bar_is_right(
    open_page: OpenPage, index: Path
) -> None:
    section = board(open_page(index).page, MANY)
    box, rows = section.locator(".table-box"), section.locator("tbody tr[data-row]")
    assert rows.count() < 60
    assert section.locator("table").first.get_attribute("aria-rowcount") == "301"
    assert rows.first.get_attribute("aria-rowindex") == "2"
    height = rows.first.evaluate("row => row.getBoundingClientRect().height")
    head = section.locator("thead").first.evaluate("head => head.offsetHeight")
    assert box.evaluate("box => box.scrollHeight") == pytest.approx(300 * height + head, abs=3)
    box.evaluate("box => box.scrollTo(0, box.scrollHeight)")
    last = section.locator('tr[aria-rowindex="301"]')
    last.wait_for(state="attached")
    assert last.locator("bdi").first.inner_text() == "modèle-299"
    assert rows.count() < 60
    in_sight = last.evaluate(
        "row => row.getBoundingClientRect().bottom <="
        " row.closest('.table-box').getBoundingClientRect().bottom + 1"
    )
    assert in_sight


def test_the_focus_stays_however_far_its_row_is_scrolled_away(
    open_page: OpenPage, index: Path
) -> None:
    page = open_page(index).page
    section = board(page, MANY)
    focused = "document.activeElement.closest('tr').getAttribute('aria-rowindex')"
    section.get_by_role("link", name="modèle-1", exact=True).focus()
    section.locator(".table-box").evaluate("box => box.scrollTo(0, box.scrollHeight)")
    section.locator('tr[aria-rowindex="301"]').wait_for(state="attached")
    assert page.evaluate(focused) == "3"
    page.keyboard.press("Tab")  # the next row follows, however far the window had gone
    page.wait_for_timeout(100)
    assert page.evaluate(focused) == "4"
    section.locator(".table-box").evaluate("box => box.scrollTo(0, 0)")
    section.get_by_role("link", name="modèle-5", exact=True).focus()
    for _ in range(40):
        page.keyboard.press("Tab")
    assert page.evaluate(focused) == str(5 + 2 + 20)  # a link and a tick box a row


def test_a_view_can_be_sent(open_page: OpenPage, index: Path) -> None:
    page = open_page(index).page
    section = board(page, MANY)
    section.get_by_label("Search").fill("modèle")
    section.get_by_label("Team", exact=True).select_option(label="Équipe 3")
    section.get_by_label("Family").select_option(label="trees")
    sort(section, "joules")
    shown = names(section)
    first, other = shown[3], shown[1]
    section.get_by_label(f"Compare {first}", exact=True).check()
    section.get_by_label(f"Compare {other}", exact=True).check()
    assert state(page) == {
        "many.q": "modèle",
        "many.team": "Équipe 3",
        "many.family": "trees",
        "many.sort": "joules",
        "many.compare": slugs(first, other),
    }
    sent = open_page(index, f"?{urlsplit(page.url).query}")
    again = board(sent.page, MANY)
    assert names(again) == shown
    assert again.get_by_label("Search").input_value() == "modèle"
    assert again.locator(".compare thead bdi").all_inner_texts() == [first, other]
    assert again.get_by_label(f"Compare {first}", exact=True).is_checked()
    assert sent.complaints == []


def test_a_view_of_a_team_is_found_by_another_spelling(open_page: OpenPage, index: Path) -> None:
    opened = open_page(index, f"?{MANY}.team=%C3%A9QUIPE 3")
    box = board(opened.page, MANY).get_by_label("Team", exact=True)
    assert box.locator("option:checked").inner_text() == "Équipe 3"
    assert opened.complaints == []


def slugs(*entries: str) -> str:
    from harness.site.paths import safe_name  # noqa: PLC0415 - for this alone

    return ",".join(map(safe_name, entries))


def test_the_other_language_shows_the_same_view(open_page: OpenPage, index: Path) -> None:
    opened = open_page(index, f"?{SMALL}.q=slow&{SMALL}.sort=-joules#board-{SMALL}")
    link = opened.page.get_by_role("link", name="Français")
    told = f"?{SMALL}.q=slow&{SMALL}.sort=-joules#board-{SMALL}"
    assert str(link.get_attribute("href")).endswith(f"fr/index.html{told}")  # before any click
    link.click()
    section = board(opened.page, SMALL)
    assert section.get_by_label("Chercher").input_value() == "slow"
    assert section.locator(".entries .count").inner_text() == "1 affiché sur 5"
    assert opened.page.url.endswith(
        f"/fr/index.html?{SMALL}.q=slow&{SMALL}.sort=-joules#board-{SMALL}"
    )
    assert opened.complaints == []


def test_going_back_brings_the_earlier_view_back(open_page: OpenPage, index: Path) -> None:
    opened = open_page(index, f"?{SMALL}.q=slow")
    page = opened.page
    section = board(page, SMALL)
    assert names(section) == ["slow-model"]
    page.evaluate("history.pushState(null, '', location.pathname + '?nothing=known#top')")
    page.evaluate("dispatchEvent(new PopStateEvent('popstate'))")
    assert len(names(section)) == 5
    page.go_back()
    section.locator(".entries .count", has_text="1 of 5 shown").wait_for()
    assert section.get_by_label("Search").input_value() == "slow"
    assert opened.complaints == []


def test_an_address_that_somebody_made_up_does_nothing(open_page: OpenPage, index: Path) -> None:
    query = (
        f"?{SMALL}.sort=constructor&{SMALL}.team=__proto__&{SMALL}.marks=toString,front%00,"
        f"&{SMALL}.compare=__proto__,..%2F..%2Fetc,<script>,,,,,,,,&{SMALL}.q="
        f"&task=nothing&grade=<img src=x onerror=alert(1)>&status=%E0%A4%A&__proto__.q=x&=&&&"
        f"&{MANY}.sort=--quality&{MANY}.q={'x' * 5000}#board-<b>"
    )
    opened = open_page(index, query)
    section = board(opened.page, SMALL)
    assert len(names(section)) == 5
    assert section.locator("th[aria-sort]").get_attribute("data-column") == "rank"
    assert opened.page.locator("section.board:visible").count() == 4
    assert not section.locator(".compare").is_visible()
    assert len(board(opened.page, MANY).get_by_label("Search").input_value()) == 200
    assert opened.complaints == []


CLIPBOARD = """
Object.defineProperty(navigator, "clipboard", { value: { writeText(text) {
  window.copied = text;
  return WORKS ? Promise.resolve() : Promise.reject(new Error("not allowed"));
} } });
"""


@pytest.mark.parametrize("works", [True, False])
def test_the_link_to_a_view_is_copied_or_shown(
    open_page: OpenPage, index: Path, works: bool
) -> None:
    opened = open_page(index)
    opened.page.add_init_script(CLIPBOARD.replace("WORKS", str(works).lower()))
    opened.goto(index)
    section = board(opened.page, SMALL)
    section.get_by_label("Search").fill("slow")
    section.get_by_role("button", name="Copy link to this view").click()
    wanted = f"{index.as_uri()}?{SMALL}.q=slow#board-{SMALL}"
    if works:
        section.get_by_text("is in the clipboard").wait_for()
        assert opened.page.evaluate("window.copied") == wanted
    else:
        assert section.locator(".notice input").input_value() == wanted


def test_entries_are_compared_by_their_figures_and_by_what_the_board_claims(
    open_page: OpenPage, site: Path, index: Path
) -> None:
    opened = open_page(index)
    section = board(opened.page, SMALL)
    panel = section.locator(".compare")
    section.get_by_label("Compare slow-model").check()
    assert section.get_by_text("Tick one more entry").is_visible()
    assert f"data/{SMALL}.claims.js" not in opened.requested(site)
    section.get_by_label("Compare big-model").check()
    section.get_by_label("Compare linear-model").check()
    panel.get_by_text("linear-model beats slow-model: better quality, and less energy.").wait_for()
    said = panel.locator(".claims li").all_inner_texts()
    assert (
        said[0]
        == "big-model beats slow-model: better quality, for no more energy than the margin allows."
    )
    assert said[2].startswith("Neither beats the other: big-model has the better quality")
    energy = panel.get_by_role("row", name="Energy modelled")
    assert "4,210 3,790 to 4,630 1,170\u00a0mWh" in energy.inner_text().replace("\n", " ")
    section.get_by_label("Compare too-cheap").check()
    assert panel.get_by_text("too-cheap has no rank (energy not resolved)").count() == 3
    fifth = section.get_by_label("Compare answers-nothing")
    fifth.click()
    assert not fifth.is_checked()
    assert section.get_by_text("At most 4 entries are compared at once.").is_visible()
    panel.get_by_label("Compare big-model no longer").click()
    assert not section.get_by_label("Compare big-model", exact=True).is_checked()
    assert state(opened.page)[f"{SMALL}.compare"] == "slow-model,linear-model,too-cheap"
    panel.get_by_role("button", name="Compare nothing").click()
    assert not panel.is_visible()
    assert section.locator(".pick :checked").count() == 0
    assert opened.complaints == []


def test_claims_that_come_late_leave_the_focus_and_the_notice(
    open_page: OpenPage, index: Path
) -> None:
    page = open_page(index, f"?{SMALL}.compare=big-model,slow-model").page
    section = board(page, SMALL)
    section.locator(".claims li").wait_for()
    page.evaluate(
        """name => {
          const { element } = Frugal.boards.get(name);
          element.querySelector(".notice").textContent = "said";
          element.querySelector(".compare .drop").focus();
          Frugal.addClaims(JSON.stringify({ board: name, claims: {} }));
        }""",
        SMALL,
    )
    assert section.locator(".notice").inner_text() == "said"
    assert page.evaluate("document.activeElement.className") == "drop"
    assert section.locator(".claims li").count() == 1
    assert "beats" not in section.locator(".claims").inner_text().replace("Neither beats", "")


def test_of_two_whose_energies_are_not_compared_the_page_says_so(
    open_page: OpenPage, index: Path
) -> None:
    page = open_page(index, f"?{SMALL}.compare=big-model,linear-model").page
    said = board(page, SMALL).locator(".claims li")
    for groups, unlinked in (
        ([[0], [1]], True), ([[1, 2], [0, 2]], True), ([[0, 1], [0, 2]], False), ([], False)
    ):  # fmt: skip
        page.evaluate(
            """([name, groups]) => {
              Frugal.boards.get(name).data.ranking.apart = groups;
              Frugal.addClaims(JSON.stringify({ board: name, claims: {} }));
            }""",
            [SMALL, groups],
        )
        assert said.inner_text().endswith("nothing is known of the difference in energy.") == (
            unlinked
        )


def test_of_one_that_is_better_and_cheaper_but_not_claimed_the_page_denies_neither(
    open_page: OpenPage, index: Path
) -> None:
    page = open_page(index, f"?{SMALL}.compare=slow-model,linear-model").page
    said = board(page, SMALL).locator(".claims li")
    said.wait_for()
    page.evaluate(
        """name => {
          const { data } = Frugal.boards.get(name);
          const better = data.entry.indexOf("linear-model");
          data.qualityLow[better] = data.qualityHigh[data.entry.indexOf("slow-model")] + 0.001;
          Frugal.addClaims(JSON.stringify({ board: name, claims: {} }));
        }""",
        SMALL,
    )
    assert said.inner_text().startswith(
        "Neither is shown to beat the other: linear-model has better quality and takes less energy"
    )
    assert said.inner_text().endswith("over all pairs of this board at once that could be chance.")


def test_long_numbers_in_names_are_sorted_by_their_size_too(
    open_page: OpenPage, index: Path
) -> None:
    page = open_page(index).page
    numbers = sorted({10**n + more for n in range(30) for more in (0, 7)})
    wanted = [f"model-{n}" for n in numbers]
    assert wanted == page.evaluate(
        """names => names.map(name => [Frugal.rows.collated(name), name])
          .sort((a, b) => (a[0] < b[0] ? -1 : 1)).map(pair => pair[1])""",
        wanted[::-1],
    )


def test_a_board_without_ranks_claims_nothing_of_a_pair(open_page: OpenPage, index: Path) -> None:
    section = board(open_page(index).page, TROUBLE)
    ticks = section.locator(".pick input")
    ticks.nth(0).check()
    ticks.nth(1).check()
    assert section.get_by_text("claims nothing of any pair").is_visible()


def test_names_of_strangers_are_text_and_rows_are_of_one_height(
    open_page: OpenPage, index: Path
) -> None:
    opened = open_page(index)
    section = board(opened.page, TROUBLE)
    assert names(section)[1] == HOSTILE
    assert names(section)[-1] == "(no name)"
    ticks = section.locator(".pick input")
    for n in range(4):
        ticks.nth(n).check()
    heights = section.locator(".table-box tbody tr").evaluate_all(
        "rows => rows.map(row => Math.round(row.getBoundingClientRect().height))"
    )
    assert len(set(heights)) == 1
    assert opened.page.title() == "Frugal AI leaderboard"
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= 1280
    assert opened.complaints == []


def test_a_phone_shows_how_names_end(open_page: OpenPage, tmp_path: Path) -> None:
    named = [samples.entry(f"chainsaw-cnn-{end}", quality=0.5) for end in ("torch", "onnx")]
    boards = Boards(boards=(samples.board(*named, id=SMALL),), problems=())
    index = write_files(tmp_path, render(boards)) / "index.html"
    section = board(open_page(index, viewport=PHONE).page, SMALL)
    cut = section.locator("tbody th a bdi").evaluate_all(
        "all => all.map(e => e.scrollWidth > e.clientWidth || e.scrollHeight > e.clientHeight)"
    )
    assert cut == [False, False]


def test_a_heading_that_a_key_leads_to_is_seen_whole(open_page: OpenPage, index: Path) -> None:
    page = open_page(index, viewport=PHONE).page
    names = board(page, SMALL).locator("thead th[data-column=entry]")
    names.locator("button").focus()
    for _ in names.locator("~ th:visible").all():
        page.keyboard.press("Tab")
        left, right = names.evaluate("""names => {
            const own = document.activeElement.getBoundingClientRect();
            const frame = names.closest(".table-box").getBoundingClientRect();
            return [own.left - names.getBoundingClientRect().right, frame.right - own.right];
        }""")
        assert min(left, right) > -1, (left, right)


@pytest.mark.parametrize("settings", [{}, {"viewport": PHONE}])
def test_every_imported_figure_stands_whole_below_its_heading(
    open_page: OpenPage, tmp_path: Path, settings: dict[str, Any]
) -> None:
    boards = Boards(boards=samples.small().boards, problems=(), imported=(claims.board(),))
    index = write_files(tmp_path, render(boards)) / "index.html"
    table = open_page(index, **settings).page.locator(".imported table")
    heads, figures = (
        table.locator(row).evaluate_all(
            "cells => cells.map(cell => [cell.getBoundingClientRect().left, cell.offsetWidth])"
        )
        for row in ("thead th", "tbody tr > *")
    )
    assert heads == figures
    assert all(width for _, width in heads)
    assert table.locator("th, td").evaluate_all(
        "all => all.every(e => e.scrollWidth <= e.clientWidth)"
    )


def test_a_mark_that_is_chosen_brings_its_row_into_sight(open_page: OpenPage, index: Path) -> None:
    page = open_page(index).page
    section = board(page, MANY)
    tell = "([row, open]) => Frugal.tell('select', {board: 'many', row: row, open: open})"
    page.evaluate(tell, [3, False])
    assert section.locator("tr.linked").get_attribute("data-row") == "3"
    page.evaluate(tell, [250, True])
    assert section.locator("tr.linked").get_attribute("data-row") == "250"
    assert page.evaluate("document.activeElement.textContent") == "modèle-250"
    page.evaluate(tell, [None, False])
    assert section.locator("tr.linked").count() == 0


def test_printing_shows_rows_and_no_empty_paper(open_page: OpenPage, index: Path) -> None:
    page = open_page(index).page
    section = board(page, MANY)
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    assert section.locator("tbody tr[data-row]").count() == 200
    said = section.locator("tbody tr:not([data-row])").all_inner_texts()
    assert said == ["The first 200 of 300 rows are printed. The spreadsheet has every one."]
    sticking = "all => all.filter(e => getComputedStyle(e).position === 'sticky').length"
    assert section.locator("th").evaluate_all(sticking) == 0
    box = section.locator(".table-box")
    assert box.evaluate("e => e.scrollWidth") <= box.evaluate("e => e.clientWidth")
    assert section.locator(".table-box").evaluate("box => box.scrollHeight - box.clientHeight") == 0
    page.emulate_media(media="screen")
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert section.locator("tbody tr[data-row]").count() < 60


def test_headings_stand_on_every_page_of_paper(open_page: OpenPage, index: Path) -> None:
    page = open_page(index).page
    board(page, MANY).locator(".table-box thead th").evaluate_all(
        "all => all.forEach(e => { e.style.color = 'rgb(255, 51, 0)'; })"
    )
    pdf = page.pdf(format="A4")
    streams = re.finditer(rb"/FlateDecode\s*/Length \d+>>\s*stream\r?\n", pdf)
    drawn = [zlib.decompressobj().decompress(pdf[each.end() :]) for each in streams]
    headed = [each for each in drawn if re.search(rb"\b1 \.2 0 rg", each)]  # letters are fills
    assert len(headed) >= 7  # the pages of 200 rows


def test_after_printing_the_table_is_where_it_was(open_page: OpenPage, index: Path) -> None:
    page = open_page(index).page
    section = board(page, MANY)
    box = section.locator(".table-box")
    box.evaluate("box => { box.scrollTop = 4000; }")
    section.locator("tr[data-row='0']").wait_for(state="detached")
    before = names(section)
    for _ in range(2):
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        page.emulate_media(media="print")
        assert names(section)[0] == "modèle-0"
        page.emulate_media(media="screen")
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        assert box.evaluate("box => box.scrollTop") == 4000
        assert names(section) == before


@pytest.mark.parametrize("count", [0, 1])
def test_a_page_with_next_to_nothing_works(open_page: OpenPage, tmp_path: Path, count: int) -> None:
    boards = Boards(boards=(many(count),) if count else (), problems=())
    opened = open_page(write_files(tmp_path, render(boards)) / "index.html")
    if count:
        section = board(opened.page, MANY)
        sort(section, "quality")
        assert names(section) == ["modèle-0"]
    assert opened.complaints == []


def test_ten_thousand_entries_are_found_and_scrolled_through(
    open_page: OpenPage, tmp_path: Path
) -> None:
    boards = Boards(boards=(many(10_000),), problems=())
    shown = views(boards.boards)
    files = {
        "index.html": page(boards, shown, language("en")).encode(),
        shown[0].script: board_script(boards.boards[0]),
        **assets(),
    }
    opened = open_page(write_files(tmp_path, files) / "index.html")
    section = board(opened.page, MANY)
    assert section.locator("table").first.get_attribute("aria-rowcount") == "10001"
    section.locator(".table-box").evaluate("box => box.scrollTo(0, box.scrollHeight)")
    section.locator('tr[aria-rowindex="10001"]').wait_for(state="attached")
    assert section.locator("tbody tr[data-row]").count() < 60
    section.get_by_label("Search").fill("modele-9998")
    assert names(section) == ["modèle-9998"]
    assert opened.complaints == []


@pytest.mark.parametrize(("scheme", "phone"), [("light", False), ("dark", True)])
def test_axe_finds_nothing_with_every_part_in_use(
    open_page: OpenPage, index: Path, scheme: str, phone: bool
) -> None:
    try:
        from axe_playwright_python.sync_playwright import Axe  # noqa: PLC0415 - an extra
    except ImportError:
        lacking("axe-playwright-python is not installed: pip install -e '.[browser]'")
    settings: dict[str, Any] = {"color_scheme": scheme}
    opened: Opened = open_page(
        index, f"?{SMALL}.compare=big-model,slow-model&{SMALL}.q=model",
        **settings | ({"viewport": PHONE} if phone else {}),
    )  # fmt: skip
    section = board(opened.page, SMALL)
    section.locator(".claims").wait_for()
    board(opened.page, MANY)
    results = Axe().run(opened.page)
    assert results.violations_count == 0, results.generate_report()
    passed = {rule["id"] for rule in results.response["passes"]}
    assert {"color-contrast", "label", "select-name", "document-title"} <= passed


def test_a_laptop_shows_every_column_and_a_phone_scrolls_no_page_sideways(
    open_page: OpenPage, index: Path
) -> None:
    box = board(open_page(index).page, SMALL).locator(".table-box")
    assert box.evaluate("e => e.scrollWidth") <= box.evaluate("e => e.clientWidth")
    page = open_page(index, f"?{SMALL}.compare=big-model,slow-model", viewport=PHONE).page
    board(page, SMALL)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
