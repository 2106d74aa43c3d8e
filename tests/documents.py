"""Follow a document literally: write the files that it shows, run the commands that it gives.

    python tests/documents.py docs/tutorial.md    # write what its commands print now into the page

What is understood, in the order in which it stands in the page:

- a fence of ``sh`` is run from the project's folder, and fails where one of its commands does;
- a fence of ``text`` right after it is what was printed;
- any other fence whose last line above begins with a path in backticks and ends with a colon is
  that file's content; where the line begins with "Append to", the file's end.

Fences without such a line are only for reading.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, TypeAlias

CHECKOUT = Path(__file__).resolve().parents[1]
FENCE = re.compile(r"^```(\w*)$")
SHORT = {"sessions": 1, "idle_seconds": 0.01, "measured_seconds": 0.3, "max_repeats": 0}
"""What of the quick protocol is otherwise in tests."""
FILE = re.compile(r"^(Append to )?`([\w./-]+)`.*:$")


class Write(NamedTuple):
    """A file that is to be written, or added to."""

    path: str
    content: str
    append: bool


class Run(NamedTuple):
    """Commands that are to be run, and what the document says that they print."""

    commands: str
    shown: str


Step: TypeAlias = Write | Run


def steps(page: Path) -> list[Step]:
    """Return what a document tells its reader to do."""
    found: list[Step] = []
    for above, kind, content in _fences(page.read_text(encoding="utf-8")):
        named = FILE.match(above)
        if kind == "sh":
            found.append(Run(content, ""))
        elif kind == "text" and above == "" and found and isinstance(found[-1], Run):
            found[-1] = found[-1]._replace(shown=content)
        elif named is not None:
            found.append(Write(named[2], content, append=named[1] is not None))
    return found


def _fences(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield each fence: the line of text above it, empty right after a fence; kind; content."""
    above, kind, content = "", None, list[str]()
    for line in text.splitlines():
        opened = FENCE.match(line)
        if kind is not None and line == "```":
            yield above, kind, "".join(f"{each}\n" for each in content)
            above, kind, content = "", None, []
        elif kind is not None:
            content.append(line)
        elif opened is not None:
            kind = opened[1]
        elif line.strip():
            above = line.strip()


def write_project(root: Path, *, short: bool = True) -> Path:
    """Write a project with this repository's tasks and rules, but for how long it takes."""
    shutil.copytree(
        CHECKOUT / "tasks", root / "tasks", ignore=shutil.ignore_patterns("__pycache__")
    )
    (root / "submissions").mkdir()
    (root / "leaderboard").mkdir()
    rules = (CHECKOUT / "leaderboard" / "rules.toml").read_text(encoding="utf-8")
    before, heading, quick = rules.partition("[protocols.quick]")
    for name, value in SHORT.items() if short else ():
        quick = re.sub(rf"^{name} = \S+", f"{name} = {value}", quick, count=1, flags=re.MULTILINE)
    (root / "leaderboard" / "rules.toml").write_text(before + heading + quick, encoding="utf-8")
    return root


def follow(page: Path, root: Path) -> list[tuple[Run, str]]:
    """Do in ``root`` what a document says; return each ``sh`` fence with what it printed."""
    printed = []
    for step in steps(page):
        if isinstance(step, Run):
            printed.append((step, run(step.commands, root)))
            continue
        path = root / step.path
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a" if step.append else "w", encoding="utf-8") as file:
            file.write(step.content)
    return printed


def run(commands: str, root: Path) -> str:
    """Run commands as somebody would whose shell has the environment active; return stdout."""
    interpreter = Path(sys.executable).parent
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands],
        cwd=root,
        env=os.environ | {"PATH": f"{interpreter}:{os.environ['PATH']}", "HARNESS_ROOT": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{commands}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def main() -> None:
    """Follow a page by the rules as they are, and write what its commands print into it."""
    page = Path(sys.argv[1])
    text = page.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as temporary:
        root = write_project(Path(temporary) / "project", short=False)
        for step, printed in follow(page, root):
            if step.shown:
                text = text.replace(step.shown, printed.strip("\n") + "\n", 1)
    page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
