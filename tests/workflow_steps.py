"""Runs the steps of the workflows that organisers copy, as a runner would: in order, by bash."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]  # comes with datasets

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "docs" / "how-to" / "workflows"
HARNESS = f'PYTHONPATH={ROOT} exec {sys.executable} -P "$@"'
"""What a stand-in of an installed Python runs: this harness, not the one of its folder."""
PYTHON = """#!/bin/sh
[ "$2" = pip ] && exit 0
if [ "$2" = venv ]; then
  mkdir -p "$3/bin"
  cp "$0" "$3/bin/python"
  printf '#!/bin/sh\\nexec "%s" -m harness "$@"\\n' "$3/bin/python" > "$3/bin/harness"
  chmod +x "$3/bin/harness"
  exit
fi
"""
"""The rest of such a Python: nothing is fetched or installed, and its environments are itself."""
_RUNS_WHEN = {
    "success()": (True, False),
    "failure() || cancelled()": (False, True),
    "success() || failure()": (True, True),
}
"""Whether a step runs where none before it failed, and where one did, by its condition."""


def text_of(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


def read(text: str) -> dict[str, Any]:
    """Parse a workflow; ``on`` stays a word."""
    document: dict[str, Any] = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - makes texts only
    return document


def steps_of(workflow: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for job in workflow["jobs"].values():
        yield from job["steps"]


def write_python(path: Path, harness: str = HARNESS) -> None:
    """Write a stand-in of Python that knows one program, ``harness``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{PYTHON}{harness}\n", encoding="utf-8")
    path.chmod(0o755)


@dataclass(frozen=True)
class Job:
    """What became of one."""

    failed: str | None
    """The first step that failed."""
    said: str
    summary: str


def run(
    name: str, folder: Path, temporary: Path, variables: Mapping[str, str], *, number: int = 7
) -> Job:
    """Run a workflow's own steps in ``folder``; what its actions would do is done already.

    ``variables`` are those that a step is given by an expression, and of the runner's own.
    """
    temporary.mkdir(exist_ok=True)
    files = {
        f"GITHUB_{each}": temporary / f"{each}-{number}" for each in ("OUTPUT", "STEP_SUMMARY")
    }
    for file in files.values():
        file.touch()
    environment = {each: value for each, value in os.environ.items() if each[:4] != "GIT_"}
    environment |= {each: str(file) for each, file in files.items()}
    environment |= {
        "GITHUB_RUN_ID": str(number), "GITHUB_RUN_ATTEMPT": "1", "RUNNER_TEMP": str(temporary),
        "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1",
    }  # fmt: skip
    environment |= variables
    failed, said = None, ""
    for step in steps_of(read(text_of(name))):
        if "run" not in step or not _RUNS_WHEN[step.get("if", "success()")][failed is not None]:
            continue
        given = {
            each: value if "${{" not in value else _output(value, files["GITHUB_OUTPUT"])
            for each, value in step.get("env", {}).items()
            if "${{" not in value or "steps." in value
        }
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=folder / step.get("working-directory", ""), env=environment | given,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=120,
        )  # fmt: skip
        said += done.stdout
        if done.returncode != 0 and failed is None:
            failed = step["name"]
    return Job(failed, said, files["GITHUB_STEP_SUMMARY"].read_text(encoding="utf-8"))


def _output(expression: str, file: Path) -> str:
    """Return what a step before this one gave by the name that the expression ends with."""
    name = expression.strip("${} ").rpartition(".")[2]
    lines = file.read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines).get(name, "")
