"""The workflows that organisers copy keep what the page on them promises."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.core import TyperGroup
from typer.main import get_command
from workflow_steps import FOLDER, ROOT, read, steps_of, text_of

from harness.cli.app import app

PAGE = ROOT / "docs" / "how-to" / "organise-on-github.md"
NAMES = sorted(path.name for path in FOLDER.iterdir())
PINNED = re.compile(r"uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")
EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}")
JUDGED = {"branches": ["main"], "types": ["opened", "synchronize", "reopened", "edited"]}
"""When a pull request is judged; "edited" is also that it is to go to another branch."""
MAY_WRITE = {("page.yml", "publish"): {"pages": "write", "id-token": "write"}}
"""The jobs that may more than read, and what."""


def faults(name: str, text: str) -> list[str]:
    """Return what is wrong with a workflow."""
    workflow = read(text)
    return [
        *_faults_of_the_whole(workflow),
        *_faults_of_jobs(name, workflow),
        *(fault for step in steps_of(workflow) for fault in _faults_of_a_step(step)),
        *(
            f"not pinned to a commit: {line.strip()}"
            for line in text.splitlines()
            if "uses:" in line and not PINNED.search(line)
        ),
    ]


def _faults_of_the_whole(workflow: dict[str, Any]) -> Iterator[str]:
    if {"pull_request_target", "workflow_run", "issue_comment"} & set(workflow["on"]):
        yield "starts where strangers' code meets a token that can write"
    if workflow["on"].get("pull_request", JUDGED) != JUDGED:
        yield "not judged again whenever what is merged, or into what, changes"
    if any(value != "read" for value in dict(workflow["permissions"] or {}).values()):
        yield "its token may write"


def _faults_of_jobs(name: str, workflow: dict[str, Any]) -> Iterator[str]:
    for key, job in workflow["jobs"].items():
        granted = job.get("permissions", {})
        if granted != MAY_WRITE.get((name, key), {}):
            yield f"the job {key} may {granted}"
        if "timeout-minutes" not in job:
            yield f"the job {key} has no time limit"


def _faults_of_a_step(step: dict[str, Any]) -> Iterator[str]:
    if EXPRESSION.search(step.get("run", "")):
        yield "an expression is put into a script"
    kept = step.get("with", {}).get("persist-credentials")
    if "checkout@" in step.get("uses", "") and kept != "false":
        yield "the token is left in the checkout"
    if "secrets." in str({key: value for key, value in step.items() if key != "env"}):
        yield "a secret elsewhere than in one step's environment"


@pytest.mark.parametrize("name", NAMES)
def test_a_workflow_keeps_to_what_is_promised(name: str) -> None:
    assert faults(name, text_of(name)) == []


@pytest.mark.parametrize(
    ("name", "was", "becomes", "said"),
    [
        ("check.yml", "  pull_request:", "  pull_request_target:", "starts where strangers"),
        ("check.yml", ", edited]", "]", "not judged again"),
        ("check.yml", "    branches: [main]\n", "", "not judged again"),
        ("check.yml", "contents: read", "contents: write", "its token may write"),
        ("check.yml", " # v7.0.1", "", "not pinned"),
        ("check.yml", "@3d3c42e5aac5ba805825da76410c181273ba90b1", "@v7", "not pinned"),
        ("check.yml", "persist-credentials: false", "clean: true", "the token is left"),
        ("check.yml", '"$AUTHOR" --format github', "${{ github.actor }}", "an expression is put"),
        ("check.yml", "timeout-minutes: 20", "name: x", "has no time limit"),
        ("page.yml", "pages: write", "contents: write", "the job publish may"),
        ("evaluate.yml", "permissions: {}", "permissions: {issues: write}", "its token may write"),
    ],
)
def test_a_workflow_that_breaks_a_promise_is_found(
    name: str, was: str, becomes: str, said: str
) -> None:
    text = text_of(name)
    assert was in text
    assert any(said in fault for fault in faults(name, text.replace(was, becomes)))


def commands(script: str) -> Iterator[list[str]]:
    """Yield the words after the program of each call of the harness in a script."""
    for line in script.splitlines():
        _, called, rest = line.partition("-m harness ")
        if not called:
            _, called, rest = line.partition('bin/harness" ')
        if called:
            words = shlex.split(rest.partition(" || ")[0].partition(" > ")[0].rstrip(")"))
            yield [
                word.replace("${folders[@]}", "submissions/x").replace("$", "") for word in words
            ]


def test_every_command_of_a_workflow_is_one_that_there_is() -> None:
    group = get_command(app)
    assert isinstance(group, TyperGroup)
    called = []
    for name in NAMES:
        for step in steps_of(read(text_of(name))):
            for words in commands(step.get("run", "")):
                command = group.commands[words[0]]
                with command.make_context(words[0], words[1:]):
                    called.append((name, words[0]))
    assert called == [
        ("check.yml", "check"), ("check.yml", "check"), ("evaluate.yml", "check"),
        ("evaluate.yml", "evaluate"), ("evaluate.yml", "verify"), ("evaluate.yml", "leaderboard"),
        ("page.yml", "leaderboard"),
    ]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_every_script_is_one_for_bash(name: str) -> None:
    for step in steps_of(read(text_of(name))):
        done = subprocess.run(
            ["bash", "-n"], input=step.get("run", ""), text=True, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr


def test_a_pull_request_is_fetched_after_the_harness_was_installed_and_never_run() -> None:
    steps = [*steps_of(read(text_of("check.yml")))]
    fetched = next(n for n, step in enumerate(steps) if "head.sha" in str(step.get("with")))
    installed = next(n for n, step in enumerate(steps) if "pip install" in step.get("run", ""))
    assert installed < fetched
    assert "base.sha" in steps[0]["with"]["ref"]
    assert steps[fetched]["with"]["fetch-depth"] == "0"
    for step in steps[fetched + 1 :]:
        if "run" in step:
            assert step["env"]["PYTHONSAFEPATH"] == "1"
            assert step["run"].startswith('"$RUNNER_TEMP/harness/bin/harness" check --base ')
            assert len(step["run"].splitlines()) == 1


def test_an_evaluation_is_started_by_hand_approved_and_on_the_organisers_machine() -> None:
    workflow = read(text_of("evaluate.yml"))
    assert set(workflow["on"]) == {"workflow_dispatch"}
    (job,) = workflow["jobs"].values()
    assert job["environment"] == "evaluation"
    assert "self-hosted" in job["runs-on"]
    assert job["if"] == "github.ref == 'refs/heads/main'"
    script = next(step["run"] for step in job["steps"] if step["name"] == "Evaluate")
    check = script.partition(".venv/bin/python")[0]  # what comes before the first call
    for entries, code in (("a b-2", 0), ("a; b", 2), ("../x", 2), ("*", 2), ("$(id)", 2)):
        done = subprocess.run(
            ["bash", "-e", "-c", check], env={"ENTRIES": entries}, capture_output=True, check=False
        )
        assert done.returncode == code, entries


@pytest.mark.parametrize("name", ["evaluate.yml", "page.yml"])
def test_constraints_are_given_to_pip_where_there_are_some(name: str, tmp_path: Path) -> None:
    runs = [step.get("run", "") for step in steps_of(read(text_of(name)))]
    (line,) = [line for run in runs for line in run.splitlines() if " -m pip " in line]
    shown = f'python() {{ echo "$@"; }}\npython3() {{ echo "$@"; }}\n{line}'
    words = ["bash", "-eo", "pipefail", "-c", shown]
    for given in ("", " --constraint constraints.txt"):
        said = subprocess.run(
            words, cwd=tmp_path, capture_output=True, text=True, check=True
        ).stdout
        assert said.endswith(f" .{given}\n")
        (tmp_path / "constraints.txt").touch()


def test_the_page_names_every_workflow_and_none_is_active_here() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert all(f"workflows/{name}" in page for name in NAMES)
    assert not (ROOT / ".github").exists()


def test_the_readmes_environment_has_no_pip_and_nothing_asks_it_for_one() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "python3 -m venv --without-pip .venv" in readme
    for path in (ROOT / "docs").rglob("*"):
        if path.suffix in {".md", ".yml"}:
            assert ".venv/bin/python -m pip" not in path.read_text(encoding="utf-8"), path
