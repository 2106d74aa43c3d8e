"""Pictures of the site for people to look at: what a test cannot see, such as what is ugly.

    python tests/browser/screenshots.py OUT

Writes a small site for each scene into OUT/sites, opens it from there as a reader would, and puts a
picture of it into OUT: desktop and phone, light and dark, French, without JavaScript, empty and
crowded boards, names that are long, right to left or emoji, failures, an entry's page, the method,
and what a printer gives. Figures of the made-up boards were not measured; "demonstration" is what
leaderboard/results holds. Needs what the browser tests need (tests/browser_pages.py says it).
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parents[1]))  # what makes these boards lies beside the tests
import entry_samples
import record_samples
import site_samples as samples
from browser_pages import DESKTOP, PHONE, Opened, started_browser, write_files
from msgspec.structs import replace

from harness.cli.joints import Joints
from harness.cli.project import Project
from harness.records.board import Board, Boards, FailedEntry
from harness.site.badge import badge
from harness.site.entry_page import render_entry
from harness.site.language import codes
from harness.site.method_page import render_method
from harness.site.paths import badge_name, entry_page_name, in_language
from harness.site.render import render

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).resolve().parents[2]
TALLEST = {"desktop": 3200, "phone": 3000}
"""CSS pixels of a page that are shown: the rest is more of the same."""
A4 = {"width": 718, "height": 1015}
"""CSS pixels of a page of A4 between margins of 1 cm."""

LONG_NAME = "An extraordinarily verbose encoder distilled from three others " * 6
UNBROKEN = "W" * 300
HOSTILE = "<script>document.title = 'taken over'</script>"
FLAGS = "👩\u200d🔬🌍🇫🇷 plus vert"
TURNED = "نموذج المناخ السريع"
HEBREW = "מודל 7B חסכוני"


@dataclass(frozen=True)
class Scene:
    """A picture: of which site, which of its pages, and how it is looked at."""

    name: str
    site: Callable[[], Mapping[str, bytes]]
    page: str = "index.html"
    query: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    act: Callable[[Page], object] | None = None
    """What the reader does before the picture is taken."""
    printed: bool = False

    @property
    def is_phone(self) -> bool:
        """Whether it is looked at on a phone."""
        return self.settings.get("viewport") == PHONE


def main() -> None:
    """Make the pictures, or those whose name holds one of the words that were given."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path, help="folder for the pictures")
    parser.add_argument("only", nargs="*", help="words of the names of the pictures to make")
    given = parser.parse_args()
    with started_browser() as browser:
        for scene in SCENES:
            if not given.only or any(word in scene.name for word in given.only):
                print(_taken(browser, scene, given.out.resolve()), flush=True)


def _taken(browser: Browser, scene: Scene, out: Path) -> Path:
    folder = out / "sites" / scene.site.__name__
    if not folder.is_dir():
        write_files(folder, scene.site())
    opened = Opened(browser, **scene.settings).goto(folder / scene.page, scene.query)
    page, picture = opened.page, out / f"{scene.name}.png"
    if scene.act is not None:
        scene.act(page)
    if scene.printed:
        page.pdf(path=out / f"{scene.name}.pdf", format="A4", margin=dict.fromkeys(SIDES, "1cm"))
        page.emulate_media(media="print")
    size = page.viewport_size or DESKTOP
    height = page.evaluate("document.documentElement.scrollHeight")
    tallest = TALLEST["phone" if scene.is_phone else "desktop"]
    clip = {"x": 0, "y": 0, "width": size["width"], "height": min(height, tallest)}
    page.screenshot(path=picture, full_page=True, clip=clip)  # type: ignore[arg-type] - a FloatRect
    for complaint in opened.complaints:
        print(f"{scene.name}: {complaint}", file=sys.stderr)
    opened.context.close()
    return picture


SIDES = ("top", "right", "bottom", "left")


def site_of(boards: Boards) -> dict[str, bytes]:
    """Return the files of a site of these boards, without pages of their entries."""
    files = dict(render(boards))
    for code in codes():
        files[in_language("method.html", code)] = render_method(boards, record_samples.RULES, code)
    return files


def of_one(board: Board) -> dict[str, bytes]:
    """Return the site of one board."""
    return site_of(Boards(boards=(board,), problems=()))


@cache
def demonstration() -> dict[str, bytes]:
    """Return the site of the repository's own demonstration."""
    project = Project(ROOT)
    return site_of(Joints(project, project.results).ranked(local=False).published)


@cache
def empty() -> dict[str, bytes]:
    """Return the site of a board that nobody has entered."""
    return of_one(samples.board())


@cache
def no_board() -> dict[str, bytes]:
    """Return the site before anything was evaluated."""
    return site_of(Boards(boards=(), problems=()))


@cache
def one_entry() -> dict[str, bytes]:
    """Return the site of a board of one entry."""
    return of_one(samples.board(samples.entry("only-model", on_front=True)))


@cache
def three_hundred() -> dict[str, bytes]:
    """Return the site of a board of three hundred entries along a front, ranges of ranks too."""
    chance = random.Random(7)  # noqa: S311 - made-up figures, the same every time
    entries = []
    best = 0.0
    energies = sorted(10 ** chance.uniform(-0.5, 4) for _ in range(300))
    for n, joules in enumerate(energies):
        quality = 0.55 + 0.09 * (n / 75) - chance.expovariate(9)
        quality = max(0.12, round(min(quality, 0.95), 4))
        on_front, best = quality > best, max(best, quality)
        entries.append(
            samples.entry(
                f"model-{n:03}", team=f"Team {chance.randrange(40)}", quality=quality,
                joules_per_1000_queries=joules, on_front=on_front, verified=chance.random() < 0.3,
                front_support=0.9 if on_front else round(chance.random() ** 4, 2),
                baseline=n % 60 == 5, energy_class="ABCDEFG"[min(6, n // 45)],
                sessions=3 if n % 41 == 0 else 5,
            )
        )  # fmt: skip
    board = samples.board(*entries)
    ranked = tuple(
        replace(row, rank=(max(1, n - 3), min(300, n + 7))) for n, row in enumerate(board.entries)
    )
    return of_one(replace(board, entries=ranked))


@cache
def names() -> dict[str, bytes]:
    """Return the site of a board of names that are long, hostile, right to left, or emoji."""
    called = (LONG_NAME, UNBROKEN, HOSTILE, TURNED, HEBREW, FLAGS, "two\nlines\tand a tab", "")
    entries = [
        samples.entry(
            name, name=name, team=called[(n + 3) % len(called)], quality=0.9 - 0.06 * n,
            joules_per_1000_queries=900 / 2.3**n, on_front=n % 2 == 0, description=name * 2,
        )
        for n, name in enumerate(called)
    ]  # fmt: skip
    return of_one(samples.board(*entries, task_title=f"{TURNED} — {LONG_NAME[:70]}"))


@cache
def failures() -> dict[str, bytes]:
    """Return the site of a board on which most went wrong, and of records that are damaged."""
    small = samples.small()
    board = small.boards[0]
    failed = tuple(
        FailedEntry(
            entry=name, team="Another team", stage="load", blame=blame,
            message="No such file: weights.npz" if n else LONG_NAME,
            path=f"some-task/{n}/20260102T030405Z-deadbeef.json",
        )
        for n, (name, blame) in enumerate(
            (("broken-model", "submission"), (TURNED, "organiser"), (UNBROKEN, "submission"))
        )
    )  # fmt: skip
    rows = tuple(row for row in board.entries if row.joules_per_1000_queries is None)
    return site_of(
        Boards(boards=(replace(board, entries=rows, failed=failed),), problems=small.problems * 3)
    )


@cache
def small() -> dict[str, bytes]:
    """Return the site of a few entries, with every kind of mark."""
    return site_of(samples.small())


@cache
def entries() -> dict[str, bytes]:
    """Return pages of an entry and of one that failed, by short names, with their badge."""
    views = {"entry": entry_samples.full_view(), "failed": entry_samples.failed_view()}
    files = of_one(views["entry"].board)
    for code in codes():
        for view in views.values():
            files[entry_page_name(view.board.id, view.name, code)] = render_entry(view, code)
            if view.entry is not None:
                name = badge_name(view.board.id, view.name, code)
                files[name] = badge(view.board, view.entry, code)
    return files


def _entry_page(*, failed: bool = False, code: str = "en") -> str:
    view = entry_samples.failed_view() if failed else entry_samples.full_view()
    return entry_page_name(view.board.id, view.name, code)


def _hover(page: Page) -> None:
    """Look at the middle of the picture."""
    box = page.locator(".picture").first.bounding_box()
    if box is not None:
        page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 0.35 * box["height"])


def _compare(page: Page) -> None:
    """Choose three entries to compare."""
    for n in range(3):
        page.locator(".board tbody input[type=checkbox]").nth(n).check()
    page.locator(".compare table").first.wait_for()


def _focus(page: Page) -> None:
    """Go through the page by the keyboard until something of the table has the focus."""
    page.locator("th button").first.focus()
    page.keyboard.press("Tab")


ON_PHONE = {"viewport": PHONE, "device_scale_factor": 2, "has_touch": True}
DARK = {"color_scheme": "dark"}
NO_SCRIPT = {"java_script_enabled": False}

SCENES = (
    Scene("desktop", demonstration),
    Scene("desktop-hover", small, act=_hover),
    Scene("desktop-compare", small, act=_compare),
    Scene("desktop-focus", small, act=_focus),
    Scene("phone", demonstration, settings=ON_PHONE),
    Scene("dark", demonstration, settings=DARK),
    Scene("dark-phone", small, settings={**ON_PHONE, **DARK}),
    Scene("french", demonstration, "fr/index.html"),
    Scene("no-script", demonstration, settings=NO_SCRIPT),
    Scene("empty", empty),
    Scene("no-board", no_board),
    Scene("one-entry", one_entry),
    Scene("three-hundred", three_hundred),
    Scene("three-hundred-no-script", three_hundred, settings=NO_SCRIPT),
    Scene("three-hundred-phone", three_hundred, settings=ON_PHONE),
    Scene("names", names),
    Scene("names-phone", names, settings=ON_PHONE),
    Scene("failures", failures),
    Scene("entry", entries, _entry_page()),
    Scene("entry-dark", entries, _entry_page(), settings=DARK),
    Scene("entry-phone", entries, _entry_page(), settings=ON_PHONE),
    Scene("entry-french", entries, _entry_page(code="fr")),
    Scene("entry-failed", entries, _entry_page(failed=True)),
    Scene("method", entries, "method.html"),
    Scene("method-french-dark", entries, "fr/method.html", settings=DARK),
    Scene("printed", small, settings={"viewport": A4}, printed=True),
    Scene("printed-entry", entries, _entry_page(), settings={"viewport": A4}, printed=True),
)

if __name__ == "__main__":
    main()
