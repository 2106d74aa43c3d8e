"""Take pictures of the site for people to look at: ``python tests/browser/screenshots.py OUT``.

No figure in them was measured. They are of every kind of page, wide and narrow, light and dark, in
English and French, with and without a script, and of what strains a page: nothing, one entry, three
hundred, long, hostile, right-to-left and emoji names, failures. ``printed.pdf`` is how it prints.
Needs what the browser tests need.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1]))  # what helps this lies beside the tests
import entry_samples
import imported_samples as claims
import record_samples
import site_samples as samples
from browser_pages import PHONE, Opened, started_browser, write_files

from harness.records.board import Board, Boards, FailedEntry
from harness.site.badge import badge
from harness.site.entry_page import render_entry
from harness.site.language import codes
from harness.site.method_page import render_method
from harness.site.paths import badge_name, entry_page_name, in_language
from harness.site.render import render

if TYPE_CHECKING:
    from playwright.sync_api import Browser

LONG = "W" * 5000
HOSTILE = "<script>document.title = 'taken over'</script>"


class Shot(NamedTuple):
    """A picture to take: what of, and how."""

    name: str
    site: str
    page: str = "index.html"
    settings: dict[str, Any] = {}  # noqa: RUF012 - nothing changes it


def many(count: int = 300) -> Board:
    """Make a board of this many entries; the better ones need more energy, as they do."""
    figures = [
        (0.95 - n / 400 + (n * 37 % 23) / 500, 900 * 0.97**n * (1 + (n * 53 % 31) / 6))
        for n in range(count)
    ]
    rows = [
        samples.entry(
            f"model-{n}",
            team=f"Team {n % 7}",
            quality=quality,
            joules_per_1000_queries=joules,
            on_front=not any(q > quality and j < joules for q, j in figures),
        )
        for n, (quality, joules) in enumerate(figures)
    ]
    return samples.board(*rows, id="many", task="forests", task_title="Three hundred forests")


def trouble() -> Board:
    return samples.board(
        samples.entry(LONG, team=LONG, description=LONG),
        samples.entry(HOSTILE, quality=0.5, team=HOSTILE),
        samples.entry("نموذج المناخ السريع", quality=0.4, joules_per_1000_queries=0.2, team="فريق"),
        samples.entry("👩\u200d🔬🌍", quality=0.3, prizes=("least-energy",), on_front=True),
        samples.entry("", quality=0.1, sessions=3),
        id="trouble",
        task_title=LONG,
        hardware=LONG,
        profile=LONG,
        meter_grade="simulated",
        status="self-reported",
    )  # fmt: skip


def failures() -> Board:
    failed = tuple(
        FailedEntry(
            entry=f"broken-{n}",
            team="Another team",
            stage=stage,
            blame="submission" if n % 2 else "organiser",
            message=f"No such file: weights-{n}.npz",
            path=f"some-task/broken-{n}/20260102T030405Z-deadbee{n}.json",
        )
        for n, stage in enumerate(("load", "measured", "environment"))
    )
    return samples.board(samples.entry("the-only-one"), id="failures", failed=failed)


def whole() -> Boards:
    """Make boards as a challenge has them: an open one, a demonstration, many entries, claims."""
    small = samples.small()
    return Boards(
        boards=(*small.boards, many()), problems=small.problems, imported=(claims.board(),)
    )


def sites() -> dict[str, Boards]:
    """Make the boards of each site."""
    return {
        "whole": whole(),
        "none": Boards(boards=(), problems=()),
        "empty": Boards(boards=(samples.board(id="empty"),), problems=()),
        "one": Boards(boards=(samples.board(samples.entry(on_front=True), id="one"),), problems=()),
        "many": Boards(boards=(many(),), problems=()),
        "trouble": Boards(boards=(trouble(),), problems=()),
        "failures": Boards(boards=(failures(),), problems=samples.small().problems),
    }


def every_file(boards: Boards) -> dict[str, bytes]:
    """Render a site of these boards, with the pages of one full entry and of one that failed."""
    files = render(boards)
    views = (entry_samples.full_view(), entry_samples.failed_view())
    for code in codes():
        files[in_language("method.html", code)] = render_method(boards, record_samples.RULES, code)
        for view in views:
            files[entry_page_name(view.board.id, view.name, code)] = render_entry(view)[code]
            if view.entry is not None:
                name = badge_name(view.board.id, view.name, code)
                files[name] = badge(view.board, view.entry, code)
    return files


def shots() -> Iterator[Shot]:
    """Yield the pictures to take."""
    full, failed = entry_samples.full_view(), entry_samples.failed_view()
    entry = entry_page_name(full.board.id, full.name)
    ways: dict[str, dict[str, Any]] = {
        "desktop": {},
        "phone": {"viewport": PHONE},
        "dark": {"color_scheme": "dark"},
        "dark-phone": {"color_scheme": "dark", "viewport": PHONE},
    }
    for way, settings in ways.items():
        yield Shot(f"index-{way}", "whole", "index.html", settings)
        yield Shot(f"entry-{way}", "whole", entry, settings)
    yield Shot("index-french", "whole", "fr/index.html")
    yield Shot("index-french-phone", "whole", "fr/index.html", {"viewport": PHONE})
    yield Shot("entry-french", "whole", in_language(entry, "fr"))
    yield Shot("entry-failed", "whole", entry_page_name(failed.board.id, failed.name))
    yield Shot("method-desktop", "whole", "method.html")
    yield Shot("method-phone", "whole", "method.html", {"viewport": PHONE})
    yield Shot("index-no-script", "whole", "index.html", {"java_script_enabled": False})
    for site in ("none", "empty", "one", "many", "trouble", "failures"):
        yield Shot(f"board-{site}", site)
        yield Shot(f"board-{site}-phone", site, "index.html", {"viewport": PHONE})


def take(browser: Browser, folder: Path, out: Path) -> None:
    """Write every picture into ``out``, and how a page prints."""
    for shot in shots():
        opened = Opened(browser, **shot.settings).goto(folder / shot.site / shot.page)
        _settle(opened)
        opened.page.screenshot(path=out / f"{shot.name}.png", full_page=True)
        opened.context.close()
    opened = Opened(browser).goto(folder / "whole" / "index.html")
    _settle(opened)
    opened.page.pdf(path=out / "printed.pdf", format="A4")
    opened.page.emulate_media(media="print")
    opened.page.set_viewport_size({"width": 794, "height": 1123})  # A4 at 96 pixels an inch
    opened.page.screenshot(path=out / "printed.png", full_page=True)
    opened.context.close()


def _settle(opened: Opened) -> None:
    """Let the script read every board: it does so when one comes near."""
    for board in opened.page.locator("section.board").all():
        board.scroll_into_view_if_needed()
        opened.page.wait_for_timeout(200)
    opened.page.evaluate("scrollTo(0, 0)")
    opened.page.wait_for_timeout(100)


def main() -> None:
    """Make the sites in a folder of their own, and take the pictures."""
    if len(sys.argv) != 2:
        raise SystemExit("usage: python tests/browser/screenshots.py OUT")
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, started_browser() as browser:
        for name, boards in sites().items():
            files = every_file(boards)
            write_files(Path(folder) / name, files)
            (out / f"preview-{name}.png").write_bytes(files["preview.png"])
        take(browser, Path(folder), out)


if __name__ == "__main__":
    main()
