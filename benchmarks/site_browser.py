"""How fast the page is with many entries, opened from a file in headless Chromium.

    python benchmarks/site_browser.py [--entries 10000] [--runs 5]

Makes one board of made-up entries, writes its site to a temporary folder and opens it, each time
in a browser context of its own. Prints the medians of the runs, in milliseconds:

- *ready*: from the start of the navigation until rows, search, sort and picture work (the
  performance mark that the page's script sets); *painted*: until the second frame after that;
- *bare parse*: a page that does nothing but load the same data script and parse it;
- *sort*: each column by its button, for the first time (what it is sorted by has to be worked out)
  and again; *search*, *filter*, *scroll* to the middle. Each is the time from the event to the
  next frame after it, layout and paint in it; *work* is the part of it that the script and the
  layout take, without waiting for the frame.

Needs the ``browser`` extra and a Chromium (``HARNESS_CHROMIUM``, or the one on the path). Exits
with 1 when a median is above its goal, or the first view above its bytes.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import statistics
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from msgspec.structs import replace  # noqa: E402

from harness.records.board import Board, BoardEntry, Boards, JoulesUncertainty  # noqa: E402
from harness.records.evaluation import MetricValue  # noqa: E402
from harness.records.meter import SourceDescription  # noqa: E402
from harness.site.render import render  # noqa: E402

if TYPE_CHECKING:
    from playwright.sync_api import Browser

GOAL_READY, GOAL_ACTION = 300.0, 50.0
GOAL_BYTES = 2_000_000
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage")
SEED = 20260101
WORDS = (
    "mel", "linéaire", "forêt", "tfidf", "minilm", "onnx", "distilled", "tiny", "quantised",
    "trees", "spectral", "naïve", "boosted", "frugal", "pruned", "int8",
)  # fmt: skip
LATE, NEXT = "frugal-ready", "bench-painted"

WATCH = f"""
new PerformanceObserver(function (list, observer) {{
  if (list.getEntriesByName("{LATE}").length) {{
    observer.disconnect();
    requestAnimationFrame(() => requestAnimationFrame(() => performance.mark("{NEXT}")));
  }}
}}).observe({{ type: "mark", buffered: true }});
"""
BARE = """<!doctype html><meta charset="utf-8"><title>bare</title>
<script>window.Frugal = { add(json) { window.data = JSON.parse(json); performance.mark("bare"); } };
</script><script src="SOURCE" defer></script>"""

ACTION = """
([what, argument]) => new Promise(function (done) {
  const board = document.querySelector(".board");
  const box = board.querySelector(".table-box");
  const began = performance.now();
  if (what === "sort") {
    board.querySelector(`th[data-column="${argument}"] button`).click();
  } else if (what === "search") {
    const input = board.querySelector("input[type=search]");
    input.value = argument;
    input.dispatchEvent(new Event("input", { bubbles: true }));
  } else if (what === "filter") {
    const select = board.querySelector(".tools select");
    select.value = argument;
    select.dispatchEvent(new Event("change", { bubbles: true }));
  } else {
    box.scrollTop = box.scrollHeight / 2;
  }
  box.getBoundingClientRect();
  const worked = performance.now() - began;
  requestAnimationFrame(function () {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => done([worked, performance.now() - began]);
    channel.port2.postMessage(0);
  });
})
"""


def entries(many: int) -> tuple[BoardEntry, ...]:
    """Make up entries with ranks, intervals on both axes and names of common length."""
    chance = random.Random(SEED)  # noqa: S311 - no secret
    made = []
    for n in range(many):
        quality = chance.uniform(0.3, 0.95)
        joules = 10 ** chance.uniform(-1, 4)
        half = chance.uniform(0.005, 0.03)
        name = f"{chance.choice(WORDS)}-{chance.choice(WORDS)}-{n}"
        made.append(
            BoardEntry(
                rank=None,
                entry=name,
                team=f"Équipe {chance.randrange(max(1, many // 5))}",
                name=f"{chance.choice(WORDS)} model of {chance.choice(WORDS)}",
                description="Made up.",
                quality=quality,
                quality_interval=(quality - half, quality + half),
                joules_per_1000_queries=joules,
                joules_interval=(joules * 0.95, joules * 1.05),
                joules_uncertainty=JoulesUncertainty(random=joules / 300, systematic=joules / 20),
                seconds_per_1000_queries=joules / 10,
                on_front=False,
                front_support=round(chance.random(), 4),
                energy_class=chance.choice("ABCDEFG"),
                prizes=(),
                verified=True,
                at_floor=False,
                baseline=n == many - 1,
                sessions=chance.choice((5, 8)),
                metrics=(
                    MetricValue(
                        name="accuracy", value=quality, low=quality - half, high=quality + half,
                        interval_method="wilson",
                    ),
                ),
                digest=f"{n:064x}",
                evaluations=(f"made-up/{name}/20260102T030405Z-0badcafe.json",),
                earlier_digests=(),
                isolation_grade="A",
                warnings=(),
            )
        )  # fmt: skip
    return with_front(made)


def with_front(made: list[BoardEntry]) -> tuple[BoardEntry, ...]:
    """Mark those that no cheaper one is better than, and put them first, as a board would."""
    best = 0.0
    front = set()
    for entry in sorted(made, key=lambda each: each.joules_per_1000_queries or 0.0):
        if entry.quality > best:
            best = entry.quality
            front.add(entry.entry)
    marked = [replace(entry, on_front=entry.entry in front) for entry in made]
    ordered = sorted(marked, key=lambda entry: not entry.on_front)
    return tuple(
        replace(entry, rank=(max(1, n - 40), min(len(ordered), n + 40)))
        for n, entry in enumerate(ordered)
    )


def boards(many: int) -> Boards:
    """Make up one board of that many entries."""
    source = SourceDescription(
        name="package-0", component="package", grade="sensor", kind="counter",
        resolution_joules=6e-5, refresh_seconds=0.001, relative_uncertainty=0.05,
        provenance="made up",
    )  # fmt: skip
    board = Board(
        id="made-up-offline-0badcafe", task="made-up", task_title="Made-up task", task_version=1,
        metric="accuracy", scenario="offline", data_source="directory", data_digest="da" * 32,
        items=5000, profile="made-up-machine", hardware="Made-up processor",
        components=("package",),
        meter_grade="sensor", sources=(source,), rules_version="2026.1", rules_digest="01" * 32,
        status="official", entries=entries(many), failed=(), notes=(),
    )  # fmt: skip
    return Boards(boards=(board,), problems=())


def write_site(folder: Path, many: int) -> dict[str, int]:
    """Write the site, and a bare page of the same data; return the bytes of the first view."""
    files = render(boards(many))
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    (data,) = (name for name in files if name.startswith("data/") and name.endswith("0badcafe.js"))
    (folder / "bare.html").write_text(BARE.replace("SOURCE", data), encoding="utf-8")
    return {name: len(files[name]) for name in ("index.html", "style.css", "board.js", data)}


def one_run(browser: Browser, folder: Path, times: dict[str, list[float]]) -> None:
    """Open both pages once, do everything once, and note the times."""
    bare = browser.new_page()
    bare.goto((folder / "bare.html").as_uri())
    times["bare parse"].append(mark(bare, "bare"))
    bare.context.close()
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.add_init_script(WATCH)
    page.goto((folder / "index.html").as_uri())
    times["painted"].append(mark(page, NEXT))
    times["ready"].append(mark(page, LATE))
    page.wait_for_timeout(300)  # the filter's choices are filled in when the page is idle
    columns = page.eval_on_selector_all(
        "th[data-column]", "all => all.map(header => header.dataset.column)"
    )
    for turn in ("first", "again", "back"):
        for column in columns:
            note(page, times, "sort", column, "" if turn == "back" else f", {turn}")
    note(page, times, "search", "foret 12")
    note(page, times, "search", "")
    note(page, times, "filter", "3")
    note(page, times, "filter", "")
    note(page, times, "scroll", "")
    page.context.close()


def mark(page: Any, name: str) -> float:  # noqa: ANN401 - an extra's type
    """Wait for a performance mark; return when it was set, in milliseconds from the start."""
    while True:
        found = page.evaluate(f'performance.getEntriesByName("{name}").map(mark => mark.startTime)')
        if found:
            return float(found[0])
        page.wait_for_timeout(20)


def note(
    page: Any,  # noqa: ANN401 - an extra's type
    times: dict[str, list[float]],
    what: str,
    argument: str,
    turn: str = "",
) -> None:
    """Do one thing on the page, and note what it took."""
    work, frame = page.evaluate(ACTION, [what, argument])
    told = f"sort by {argument}{turn}" if what == "sort" else what
    times[told].append(frame)
    times[f"{told}: work"].append(work)


def table(times: dict[str, list[float]]) -> bool:
    """Print the medians; say whether all goals are met."""
    met = True
    print(f"{'':34}{'median':>9}{'least':>9}{'most':>9}{'goal':>8}")
    for told, values in times.items():
        if told.endswith(": work"):
            continue
        goal = {"bare parse": None, "painted": None, "ready": GOAL_READY}.get(told, GOAL_ACTION)
        middle = statistics.median(values)
        met &= goal is None or middle <= goal
        said = "" if goal is None else f"{goal:8.0f}"
        print(f"{told:34}{middle:9.1f}{min(values):9.1f}{max(values):9.1f}{said}")
        if f"{told}: work" in times:
            print(f"{'  of it work':34}{statistics.median(times[f'{told}: work']):9.1f}")
    return met


def main() -> int:
    """Measure, print, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=5)
    arguments = parser.parse_args()
    from playwright.sync_api import sync_playwright

    chromium = os.environ.get("HARNESS_CHROMIUM") or shutil.which("chromium")
    times: dict[str, list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        sizes = write_site(Path(folder), arguments.entries)
        browser = playwright.chromium.launch(executable_path=chromium, args=list(ARGUMENTS))
        print(f"{arguments.entries:,} entries, {arguments.runs} runs, Chromium {browser.version}")
        for _ in range(arguments.runs):
            one_run(browser, Path(folder), times)
        browser.close()
    met = table(times)
    total = sum(sizes.values())
    listed = ", ".join(f"{name} {size:,}" for name, size in sizes.items())
    print(f"first view: {total:,} bytes of at most {GOAL_BYTES:,} ({listed})")
    return 0 if met and total <= GOAL_BYTES else 1


if __name__ == "__main__":
    raise SystemExit(main())
