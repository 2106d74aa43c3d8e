"""Measure every reference entry on the sample data and on real data; write ``docs/results.md``.

    python benchmarks/results.py --real DIR

DIR is laid out as ``evaluate --data`` takes it, a folder of Parquet for each task. Entries of a
task are evaluated together by ``harness evaluate``, so run it on a quiet machine. Only figures
leave this program: records, and what lies beside them, go to a temporary folder, or to the one of
``--keep``, where a run that was interrupted goes on. There a record counts as long as it is of the
entry, the task, the rules, the machine and the package versions as they are now; ``--again``
measures anew. What fails, or lacks a package, is listed with the reason.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from fnmatch import fnmatch
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

import reference
from reference import HARNESS, INTERRUPTED, Now, Reference, look, reference_entries
from results_page import Outcome, Page, Section, Table, UnlikeError, render

import harness
from harness.cli.project import Project
from harness.records.base import convert
from harness.records.evaluation import EvaluationRecord, Failed
from harness.store.results import read_all

Kind: TypeAlias = Literal["sample", "real"]
KINDS: tuple[Kind, ...] = ("sample", "real")
VERSIONS = "versions.json"
PACKAGES = ("numpy", "scipy", "scikit-learn", "pillow", "soundfile", "torch")
"""What entries of the repository predict with; those with a lock bring their own."""
LEFT_OUT = "left out of this run by --entries or --tasks"


class Wanted(NamedTuple):
    """What the command line asks for."""

    real: Path | None
    keep: Path
    protocol: str
    entries: tuple[str, ...]
    tasks: tuple[str, ...]
    again: bool

    def includes(self, entry: Reference) -> bool:
        """Say whether the filters let an entry through."""
        named = not self.entries or any(fnmatch(entry.name, each) for each in self.entries)
        return named and (not self.tasks or entry.task in self.tasks)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and write; exit code 0 once the page is written, whatever became of entries."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.real is not None and not options.real.is_dir():
        parser.error(f"--real: {options.real} is not a folder")
    if options.keep is not None and options.keep.resolve().is_relative_to(reference.ROOT):
        parser.error("--keep: name a folder outside of the repository: outcomes give labels away")
    with ExitStack() as stack:
        keep = options.keep or stack.enter_context(tempfile.TemporaryDirectory())
        wanted = Wanted(
            real=None if options.real is None else options.real.resolve(),
            keep=Path(keep).resolve(),
            protocol=options.protocol,
            entries=tuple(options.entries),
            tasks=tuple(options.tasks),
            again=options.again,
        )
        try:
            page = measure(Project(reference.ROOT), wanted)
            text = render(page)
        except (UnlikeError, StopError) as error:
            print(f"error: {error}", file=sys.stderr)
            return 1
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(text, encoding="utf-8")
    print(f"wrote {options.output}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Measure every reference entry.")
    parser.add_argument(
        "--real", type=Path, metavar="DIR", help="real data, a folder for each task"
    )
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep records here, and go on")
    parser.add_argument("--again", action="store_true", help="measure what has a record, too")
    parser.add_argument("--protocol", choices=("quick", "official"), default="quick")
    parser.add_argument(
        "--entries", nargs="+", default=[], metavar="NAME", help="only these; * stands for anything"
    )
    parser.add_argument("--tasks", nargs="+", default=[], metavar="TASK", help="only of these")
    parser.add_argument(
        "--output", type=Path, metavar="FILE", default=reference.ROOT / "docs" / "results.md"
    )
    return parser


class StopError(Exception):
    """Nothing sensible can be written."""


def measure(project: Project, wanted: Wanted) -> Page:
    """Evaluate what has no record yet; return what the page is made of."""
    wanted.keep.mkdir(parents=True, exist_ok=True)
    packages = package_versions()
    require_same_packages(wanted, packages)
    cards, entries, now = project.cards(), reference_entries(project), look(project)
    if not any(map(wanted.includes, entries)):
        raise StopError("no reference entry fits --entries and --tasks")
    absent = {card.task.id: why_absent(wanted.real, card.task.id) for card in cards}
    outcomes: dict[tuple[Kind, str], Outcome] = {}
    for kind in KINDS:
        known = newest(wanted, kind, entries, now)
        here = [e for e in entries if kind == "sample" or not absent.get(e.task or "", "")]
        for task in dict.fromkeys(entry.task for entry in here):
            members = [entry for entry in here if entry.task == task]
            for made in outcomes_of(members, kind, known, wanted):
                outcomes[kind, made.entry] = made

    def table(kind: Kind, task: str) -> Table:
        if kind == "real" and absent[task]:
            return Table((), absent[task])
        return Table(tuple(outcomes[kind, entry.name] for entry in entries if entry.task == task))

    return Page(
        sections=tuple(
            Section(card, table("sample", card.task.id), table("real", card.task.id))
            for card in cards
        ),
        unfit=tuple(outcomes["sample", e.name] for e in entries if e.task not in absent),
        protocol=wanted.protocol,
        rules=project.rules(),
        versions={"harness": harness.__version__, **packages},
        command="python benchmarks/results.py"
        + (" --real DIR" if wanted.real else "")
        + ("" if wanted.protocol == "quick" else f" --protocol {wanted.protocol}"),
    )


def outcomes_of(
    entries: Sequence[Reference],
    kind: Kind,
    known: Mapping[str, EvaluationRecord],
    wanted: Wanted,
) -> list[Outcome]:
    """Return what came, or comes now, of the entries of one task on one kind of data."""
    made: list[Outcome] = []
    missing: list[Reference] = []
    for entry in entries:
        record = known.get(entry.name)
        if entry.fault:
            made.append(Outcome(entry.name, None, f"does not pass check: {entry.fault}"))
        elif not wanted.includes(entry):
            made.append(Outcome(entry.name, record, "" if record else LEFT_OUT))
        elif record is not None and not wanted.again:
            made.append(Outcome(entry.name, record))
        else:
            missing.append(entry)
    return made + (evaluate(missing, kind, wanted) if missing else [])


def evaluate(entries: Sequence[Reference], kind: Kind, wanted: Wanted) -> list[Outcome]:
    """Have the harness evaluate entries of one task; ``StopError`` when it was interrupted."""
    names = ", ".join(entry.name for entry in entries)
    print(f"{names} on {kind} data", file=sys.stderr, flush=True)
    done = subprocess.run(
        [
            *HARNESS, "evaluate", *(str(entry.folder) for entry in entries),
            "--protocol", wanted.protocol,
            "--data", "sample" if kind == "sample" else str(wanted.real),
            "--output", str(wanted.keep / kind), "--json", *(["--resume"] * (not wanted.again)),
        ],
        cwd=reference.ROOT, env=os.environ | {"HARNESS_ROOT": str(reference.ROOT)},
        stdout=subprocess.PIPE, check=False,
    )  # fmt: skip
    if done.returncode in INTERRUPTED or done.returncode < 0:
        raise StopError(f"interrupted at {names}; --keep DIR would have let it go on")
    try:
        document = json.loads(done.stdout)
    except ValueError:
        document = {"error": {"message": f"ended with exit code {done.returncode}, saying nothing"}}
    if error := document.get("error"):
        told = without_paths(error["message"], wanted)
        return [Outcome(entry.name, None, told) for entry in entries]
    made = []
    for entry, each in zip(entries, document.get("results", [document]), strict=True):
        if each["record"] is None:
            told = without_paths(each["summary"]["message"], wanted)
            made.append(Outcome(entry.name, None, told))
        else:
            made.append(Outcome(entry.name, convert(each["record"], EvaluationRecord, entry.name)))
    return made


def newest(
    wanted: Wanted, kind: Kind, entries: Iterable[Reference], now: Now
) -> dict[str, EvaluationRecord]:
    """Return each entry's last record in ``--keep`` that is of what is here now."""
    by_name = {entry.name: entry for entry in entries}
    stored, problems = read_all(wanted.keep / kind)
    if problems:
        raise StopError("; ".join(f"{each.path}: {each.message}" for each in problems))
    found: dict[str, EvaluationRecord] = {}
    for record in sorted((each.record for each in stored), key=lambda each: each.created_utc):
        entry = by_name.get(record.submission.entry)
        if isinstance(record.outcome, Failed) and record.outcome.blame == "organiser":
            continue  # a disturbed machine, or an index that could not be reached: try again
        if entry is not None and record.protocol == wanted.protocol and now.made(record, entry):
            found[entry.name] = record
    return found


def why_absent(real: Path | None, task: str) -> str:
    """Say why there is no real data of a task; nothing where there is a folder of it."""
    if real is None:
        return "No real data was named (`--real`)."
    return "" if (real / task).is_dir() else "The real data had no folder for this task."


def without_paths(message: str, wanted: Wanted) -> str:
    """Leave out of a message where things lie on this machine."""
    if wanted.real is not None:
        message = message.replace(str(wanted.real), "DIR")
    message = message.replace(str(wanted.keep), "KEEP")
    return message.replace(f"{reference.ROOT}/", "")


def package_versions() -> dict[str, str]:
    """Return what entries run with here: Python's version, and those of packages."""
    found = {"Python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def require_same_packages(wanted: Wanted, packages: dict[str, str]) -> None:
    """Refuse to put records on one page that were made with other packages."""
    path = wanted.keep / VERSIONS
    if path.exists() and json.loads(path.read_text(encoding="utf-8")) != packages:
        raise StopError(f"the records in {wanted.keep} were made with other versions: {path}")
    path.write_text(json.dumps(packages, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
