"""Real evaluations in processes of their own, to be hurt: each in a place of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from projects import model_of, write_entry, write_project

CHECKOUT = Path(__file__).parents[2]
PATIENCE_SECONDS = 150.0
"""Before a hung run is given up: a busy machine took half a minute over what takes three seconds on
an idle one."""

DRIVER = """
import os, pathlib, signal, sys, threading
import psutil
from harness.__main__ import main
from harness.meters import kernel
from harness.sandbox import forgetting

forgetting.SETTING = pathlib.Path(os.devnull)  # the machine's caches stay
kernel.run_reference_kernel = lambda: 0.125

def kill():
    children = psutil.Process().children(recursive=True)
    with open({seen!r}, "w") as file:
        file.writelines(f"{{each.pid}} {{each.create_time()}}\\n" for each in children)
    os.kill(os.getpid(), signal.SIGKILL)

{hurt}
sys.argv = ["harness", *sys.argv[1:]]
main()
"""

KILLED_IN_PHASE = """
from harness.evaluation.journal import Journal
say = Journal._say
def told(self, doing):
    say(self, doing)
    if doing.phase == {phase!r} and doing.session >= {session}:
        threading.Timer({after}, kill).start() if {after} else kill()
Journal._say = told
"""

KILLED_IN_CALL = """
calls = 0
original = os.{name}
def counted(*arguments, **options):
    global calls
    calls += 1
    if calls == {nth}:
        kill()
    return original(*arguments, **options)
os.{name} = counted
"""


@dataclass
class Place:
    """A project, and folders that nothing else uses."""

    root: Path

    @property
    def results(self) -> Path:
        return self.root / "leaderboard" / "results"

    @property
    def lock_folder(self) -> Path:
        return self.root / "run"

    @property
    def temporary(self) -> Path:
        return self.root / "tmp"

    def environment(self, **more: str) -> dict[str, str]:
        return os.environ | {
            "PYTHONPATH": str(CHECKOUT),
            "HARNESS_ROOT": str(self.root),
            "HARNESS_RUN_FOLDER": str(self.lock_folder),
            "TMPDIR": str(self.temporary),
            **more,
        }

    @contextmanager
    def start(
        self, entry: Path, *options: object, hurt: str = "", **more: str
    ) -> Iterator[subprocess.Popen[str]]:
        """Start ``evaluate``, and end it with the block; ``hurt`` is code that runs in it first."""
        if "--meter" not in options:
            options = (*options, "--meter", f"replay:{self.root / 'trace.json'}")
        driver = DRIVER.format(seen=str(self.root / "seen"), hurt=textwrap.dedent(hurt))
        with subprocess.Popen(
            [sys.executable, "-c", driver, "evaluate", str(entry), *map(str, options)],
            env=self.environment(**more),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    def run(self, entry: Path, *options: object, hurt: str = "", **more: str) -> Ended:
        """Run ``evaluate`` to its end."""
        with self.start(entry, *options, hurt=hurt, **more) as process:
            out, err = process.communicate(timeout=2 * PATIENCE_SECONDS)
        assert "Traceback" not in err, err
        return Ended(process.returncode, out, err)

    def left(self) -> list[Path]:
        """Return whatever is left of runs in the folders that they use."""
        kept = {"frugal-ai-harness.lock"}
        folders = (self.lock_folder, self.temporary)
        found = [path for folder in folders for path in folder.iterdir() if path.name not in kept]
        return found + [
            path
            for path in self.results.rglob("*")
            if path.is_file() and (path.suffix != ".json" or path.name.startswith("."))
        ]

    def journals(self) -> list[Path]:
        return list(self.lock_folder.glob("*.run.json"))

    def doing(self) -> str:
        """Return the phase that a run says it is in; nothing where there is none."""
        for path in self.journals():
            second = path.read_text(encoding="utf-8").partition("\n")[2].strip()
            return str(json.loads(second)["phase"]) if second else ""
        return ""

    def records(self) -> list[Path]:
        return sorted(self.results.glob("*/*/*.json"))

    def survivors(self) -> list[int]:
        """Return those that still run of the processes that a killed run had started."""
        lines = (self.root / "seen").read_text(encoding="ascii").splitlines()
        return [pid for pid, began in map(str.split, lines) if _lives(int(pid), float(began))]  # type: ignore[misc]


@dataclass(frozen=True)
class Ended:
    """What came of a run."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.out)
        return found


def place_in(root: Path, **figures: str) -> Place:
    """Make a project with the tiny rules, in which some figures are others."""
    write_project(root)
    path = root / "leaderboard" / "rules.toml"
    rules = path.read_text(encoding="utf-8")
    for name, value in figures.items():
        lines = [
            f"{name} = {value}" if line.startswith(f"{name} =") else line
            for line in rules.splitlines()
        ]
        rules = "\n".join(lines)
    path.write_text(rules, encoding="utf-8")
    (root / "trace.json").write_text('{"watts": [[1, 5]]}', encoding="utf-8")
    place = Place(root)
    place.lock_folder.mkdir()
    place.temporary.mkdir()
    return place


def slow_entry(place: Place, name: str = "slow", *, top: str = "") -> Path:
    """Write an entry that is right, and takes its time in loading and in every batch."""
    return write_entry(
        place.root,
        name,
        model_of(
            "time.sleep(0.04)\nreturn [int(s.split()[-1][0]) % 2 for s in samples]",
            load="time.sleep(0.15)\nreturn Model()",
            top=f"import os, subprocess, sys, time\n{top}",
        ),
    )


def until(holds: Callable[[], bool], what: str) -> None:
    """Wait for something to hold; fail where it does not for long."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < end, f"waited in vain until {what}"
        time.sleep(0.01)


def _lives(pid: int, began: float) -> bool:
    try:
        process = psutil.Process(pid)
        return bool(process.create_time() == began) and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
