"""Remake the demonstration board: every entry of the repository on the generated sample data.

    python benchmarks/demonstration.py              # all entries, and old records go
    python benchmarks/demonstration.py --missing    # only tasks that lack a record as it is now

Evaluates the reference entries by the official protocol, takes the old records away and regenerates
the page. With a Chromium on the path it also takes the picture in the README. Entries of a task are
one campaign: only so are they ranked together. Where one of them has no record as it is now, all of
the task are evaluated again. Run it on a quiet machine: a campaign in which an entry was disturbed
too often, or the control varied too much, is tried three times in all. Every entry must run: one
that does not pass check ends the program before anything is run; a task of which one fails (because
the torch extra is not installed, or the packages of its lock cannot be had) is named at the end,
the old records then stay, and so do the new ones of other tasks, which ``--missing`` goes on from.
It also goes on with a campaign that was interrupted.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
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
        help="leave alone tasks with records of entries, task, rules and machine as they are now",
    )
    options = parser.parse_args(arguments)
    project = Project(ROOT)
    entries = reference_entries(project)
    if unfit := [entry for entry in entries if entry.fault]:
        return complain(f"{entry.name} does not pass check: {entry.fault}" for entry in unfit)
    by_task: dict[str, list[Reference]] = {}
    for entry in entries:
        by_task.setdefault(entry.task or "", []).append(entry)
    old = committed()
    kept = current(by_task, look(project)) if options.missing else {}
    failed: dict[str, int] = {}
    for task, members in by_task.items():
        code = 0 if task in kept else evaluate(members, resume=options.missing)
        if code in INTERRUPTED or code < 0:
            return code
        if code:
            failed[task] = code
    if failed:
        complain(f"{task} failed with exit code {code}" for task, code in failed.items())
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


def current(by_task: Mapping[str, Sequence[Reference]], now: Now) -> dict[str, list[Path]]:
    """Return the files of each task that is shown as it is now, all its entries in one campaign."""
    campaigns: dict[tuple[str, str | None], dict[str, list[Path]]] = {}
    for stored in read_all(RESULTS, local=False)[0]:
        record = stored.record
        task, campaign = record.task.id, record.campaign
        by_name = {entry.name: entry for entry in by_task.get(task, ())}
        entry = by_name.get(record.submission.entry)
        if entry is None or not record.demonstration or not isinstance(record.outcome, Completed):
            continue
        if now.made(record, entry) and (campaign is None or campaign.void is None):
            path = RESULTS / stored.path
            of_it = campaigns.setdefault((task, campaign.id if campaign else None), {})
            of_it.setdefault(entry.name, []).extend([path, sidecar(path)])
    return {
        task: [path for paths in made.values() for path in paths]
        for (task, _), made in campaigns.items()
        if set(made) == {entry.name for entry in by_task[task]}
    }


def evaluate(entries: Sequence[Reference], *, resume: bool) -> int:
    """Evaluate the entries of a task until nothing was disturbed; return the last exit code."""
    folders = [str(entry.folder) for entry in entries]
    options = ["--protocol", "official", "--demonstration", *(["--resume"] * resume)]
    code = 0
    for _ in range(TRIES):
        before = set(committed())
        command = [*HARNESS, "evaluate", *folders, *options]
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
                "--window-size=1200,1680", f"--screenshot={PICTURE}", PAGE.as_uri(),
            ],
            check=False, stderr=subprocess.DEVNULL, timeout=60,
        ).returncode  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
