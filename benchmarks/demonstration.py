"""Remake the demonstration board: every entry of the repository on the generated sample data.

    python benchmarks/demonstration.py              # all entries, and old records go
    python benchmarks/demonstration.py --missing    # only what has no record as it is now

Evaluates the reference entries by the official protocol, takes the old records away and
regenerates the page. With a Chromium on the path it also takes the picture in the README.
Run it on a quiet machine: an evaluation that something else disturbed too often fails, and is tried
three times in all. Every entry must run: one that does not pass check ends the program before
anything is run; one that fails (because the torch extra is not installed, or the packages of its
lock cannot be had) is named at the end, the old records then stay, and so do the new ones, which
``--missing`` goes on from.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from reference import HARNESS, INTERRUPTED, ROOT, Now, Reference, look, reference_entries

from harness.cli.project import Project
from harness.records.evaluation import Completed
from harness.store.results import read_all

RESULTS = ROOT / "leaderboard" / "results"
PAGE = ROOT / "leaderboard" / "site" / "index.html"
TRIES = 3
DISTURBED = 3
"""The exit code of an evaluation in which the organiser's side failed."""
PICTURE = ROOT / "docs" / "board.png"


def main(arguments: Sequence[str] | None = None) -> int:
    """Evaluate, regenerate, picture; the exit code is that of the first command that fails."""
    parser = argparse.ArgumentParser(description="Remake the demonstration board.")
    parser.add_argument(
        "--missing",
        action="store_true",
        help="leave alone what has a record of entry, task, rules and machine as they are now",
    )
    options = parser.parse_args(arguments)
    project = Project(ROOT)
    entries = reference_entries(project)
    if unfit := [entry for entry in entries if entry.fault]:
        return complain(f"{entry.name} does not pass check: {entry.fault}" for entry in unfit)
    old = committed()
    kept = current(entries, look(project)) if options.missing else {}
    failed: dict[str, int] = {}
    for entry in entries:
        code = 0 if entry.name in kept else evaluate(entry.folder)
        if code in INTERRUPTED or code < 0:
            return code
        if code:
            failed[entry.name] = code
    if failed:
        complain(f"{name} failed with exit code {code}" for name, code in failed.items())
        complain(["the old records are left: mend it, then go on with --missing"])
        return next(iter(failed.values()))
    staying = {path for paths in kept.values() for path in paths}
    for path in old:  # only now: a failure leaves the old records where they are
        if path not in staying:
            path.unlink()
    return regenerate() or take_picture()


def regenerate() -> int:
    """Make the committed page of what is published."""
    board = [*HARNESS, "leaderboard", "--published"]
    return subprocess.run(board, cwd=ROOT, check=False).returncode


def complain(lines: Iterable[str]) -> int:
    """Print lines to standard error; return the exit code of findings."""
    for line in lines:
        print(line, file=sys.stderr)
    return 1


def committed() -> list[Path]:
    """Return the records of the demonstration, and what lies beside them: nothing signed."""
    records = [
        path
        for path in RESULTS.glob("*/*/*.json")
        if not path.name.endswith((".local.json", ".items.json"))
        and json.loads(path.read_bytes())["demonstration"]
    ]
    return records + [path for path in map(sidecar, records) if path.exists()]


def sidecar(record: Path) -> Path:
    """Return where the outcomes of single items lie that belong to a record."""
    return record.with_suffix(".public.items.json")


def current(entries: Sequence[Reference], now: Now) -> dict[str, list[Path]]:
    """Return the files of each entry whose demonstration is of what it is now."""
    kept: dict[str, list[Path]] = {}
    by_name = {entry.name: entry for entry in entries}
    for stored in read_all(RESULTS, local=False)[0]:
        record = stored.record
        entry = by_name.get(record.submission.entry)
        if entry is None or not record.demonstration or not isinstance(record.outcome, Completed):
            continue
        if now.made(record, entry):
            path = RESULTS / stored.path
            kept.setdefault(entry.name, []).extend([path, sidecar(path)])
    return kept


def evaluate(entry: Path) -> int:
    """Evaluate one entry until it is measured undisturbed; return the last exit code."""
    command = [*HARNESS, "evaluate", str(entry), "--protocol", "official", "--demonstration"]
    code = 0
    for _ in range(TRIES):
        before = set(committed())
        code = subprocess.run(command, cwd=ROOT, check=False).returncode
        if code == 0:
            break
        for path in set(committed()) - before:  # a failed try is no part of the board
            path.unlink()
        if code != DISTURBED:
            break
    return code


def take_picture() -> int:
    """Photograph the page's opening with a headless browser, where there is one."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        print("no Chromium on the path: docs/board.png is as it was")
        return 0
    with tempfile.TemporaryDirectory() as profile:
        return subprocess.run(
            [
                browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
                "--no-first-run", "--disable-background-networking", "--disable-component-update",
                "--disable-sync", f"--user-data-dir={profile}", "--hide-scrollbars",
                "--window-size=1200,1250", f"--screenshot={PICTURE}", PAGE.as_uri(),
            ],
            check=False, stderr=subprocess.DEVNULL, timeout=60,
        ).returncode  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
