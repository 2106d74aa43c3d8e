"""``check`` for machines: its formats, the summary, files, and pull requests, as they are typed."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml  # type: ignore[import-untyped]  # comes with datasets
from git_projects import commit, entry, git, write_challenge
from typer.testing import CliRunner

from harness.cli.app import app
from harness.cli.checking import _folder

ROOT = Path(__file__).parent.parent
FORMATS = ("text", "json", "github", "sarif", "junit")
runner = CliRunner()


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_challenge(tmp_path_factory.mktemp("challenge") / "begun")


@pytest.fixture
def root(begun: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = Path(shutil.copytree(begun, tmp_path / "project"))
    monkeypatch.chdir(root)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    return root


def typed(*words: str, code: int = 0) -> str:
    result = runner.invoke(app, ["check", *words])
    assert result.exit_code == code, result.output
    return result.stdout


def spoil(root: Path, name: str = "green-model") -> str:
    (root / "submissions" / name / "model.py").write_text("def load(:\n")
    return f"submissions/{name}"


@pytest.mark.parametrize("form", FORMATS)
def test_each_format_ends_with_what_was_found(root: Path, form: str) -> None:
    fine = "submissions/blue-model"
    assert "FRG202" not in typed(fine, "--format", form) or form in ("sarif", "junit")
    assert "FRG202" in typed(fine, spoil(root), "--format", form, code=1)
    result = runner.invoke(app, ["check", fine, "--format", form, "--wheelhouse", "nowhere"])
    assert result.exit_code == 2


@pytest.mark.parametrize("form", FORMATS)
def test_a_report_is_the_same_wherever_the_project_lies(
    root: Path, tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = typed(spoil(root), "--format", form, code=1)
    elsewhere = shutil.copytree(root, tmp_path / "a" / "copy")
    monkeypatch.setenv("HARNESS_ROOT", str(elsewhere))
    absolute = str(elsewhere / "submissions" / "green-model")
    assert typed(absolute, "--format", form, code=1) == here
    assert str(tmp_path) not in here


def test_json_is_one_thing_by_two_names(root: Path) -> None:
    named = typed(spoil(root), "--format", "json", code=1)
    assert typed("submissions/green-model", "--json", code=1) == named
    result = runner.invoke(app, ["check", "submissions/green-model", "--json", "--format", "sarif"])
    assert result.exit_code == 2
    assert "exclude each other" in json.loads(result.stdout)["error"]["message"]


def test_places_are_from_the_projects_root(root: Path) -> None:
    spoil(root)
    place = "submissions/green-model/model.py"
    os.chdir(root / "submissions")
    assert f"::error file={place},line=1," in typed("green-model", "--format", "github", code=1)
    results = json.loads(typed("green-model", "--format", "sarif", code=1))["runs"][0]["results"]
    location = results[0]["locations"][0]["physicalLocation"]
    assert location["artifactLocation"] == {"uri": place, "uriBaseId": "%SRCROOT%"}
    assert location["region"]["startLine"] == 1
    tree = ET.fromstring(typed("green-model", "--format", "junit", code=1))  # noqa: S314 - our own
    assert f"{place}:1:" in (tree.findtext(".//failure") or "")


def test_an_entry_elsewhere_is_shown_by_its_name(root: Path, tmp_path: Path) -> None:
    entry_elsewhere = shutil.move(root / "submissions" / "green-model", tmp_path / "green-model")
    (Path(entry_elsewhere) / "model.py").write_text("(\n")
    told = typed(str(entry_elsewhere), "--format", "github", code=1)
    assert told.startswith("::error file=green-model/model.py,line=1,")


def test_the_runners_summary_is_added_to(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    summary = root / "summary.md"
    summary.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    typed("submissions/blue-model")
    assert summary.read_text() == "before\n"  # only where annotations are asked for
    typed(spoil(root), "--format", "github", code=1)
    text = summary.read_text()
    assert text.startswith("before\n### Check: 1 of 1 refused\n")
    assert "| error | FRG202 | submissions/green-model/model.py&#58;1" in text
    summary.write_bytes(b"x" * (1 << 20))
    typed("submissions/green-model", "--format", "github", code=1)
    assert summary.stat().st_size == 1 << 20
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(root / "no" / "such"))
    typed("submissions/green-model", "--format", "github", code=1)  # noted; findings are printed


def test_a_summary_that_is_named_is_written_anew(root: Path) -> None:
    for _ in range(2):
        typed("submissions/blue-model", "--summary", "s.md", "--format", "junit")
    assert (root / "s.md").read_text().count("### Check: nothing to refuse") == 1
    (root / "mine").write_text("mine")
    (root / "link.md").symlink_to(root / "mine")
    typed("submissions/blue-model", "--summary", "link.md")
    assert (root / "mine").read_text() == "mine"  # a link is replaced, and not followed
    assert not (root / "link.md").is_symlink()
    assert runner.invoke(app, ["check", "x", "--summary", "no/such.md"]).exit_code == 2
    assert runner.invoke(app, ["check", "x", "--summary", ""]).exit_code == 2


def test_files_stand_for_the_entries_that_they_lie_in(root: Path) -> None:
    files = ["submissions/blue-model/model.py", "submissions/blue-model/submission.toml"]
    assert typed("--files", *files).startswith("blue-model: passes")
    deep = [f"{spoil(root)}/a/b/c.py", "README.md", "submissions/README.md", *files]
    said = json.loads(typed("--json", "--files", *deep, code=1))["results"]
    assert [one["entry"] for one in said] == ["blue-model", "green-model"]
    assert typed("--files", "README.md") == ""


def hook() -> dict[str, Any]:
    (one,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert isinstance(one, dict)
    return one


def test_the_hook_of_pre_commit_runs_and_checks_what_changed(root: Path) -> None:
    one = hook()
    import re  # noqa: PLC0415 - as pre-commit filters

    spoil(root)
    files = git(root, "diff", "--name-only").splitlines()
    chosen = [file for file in [*files, "README.md"] if re.search(one["files"], file)]
    assert chosen == ["submissions/green-model/model.py"]
    program, *arguments = shlex.split(one["entry"])
    assert program == "harness"  # the console script of pyproject.toml
    done = subprocess.run(
        [sys.executable, "-m", "harness", *arguments, *chosen],
        cwd=root, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
        check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert done.stdout.startswith("green-model/model.py:1:")
    assert {"id", "name", "language", "require_serial"} <= set(one)
    assert one["types"] == []  # without a word it is [file], and pre-commit keeps back a link


def test_a_pull_request_is_judged_and_its_entries_are_checked(root: Path) -> None:
    commit(root, entry("green-second", "greens") | {"README.md": "mine\n"})
    said = json.loads(
        typed("--base", "main", "--author", "octocat", "--json", code=1),
    )
    change = said["change"]
    assert (change["author"], change["team"], change["organiser"]) == ("octocat", "greens", False)
    assert (change["ok"], change["paths"], change["entries"]) == (False, 3, ["green-second"])
    assert [(fault["code"], fault["path"]) for fault in change["faults"]] == [
        ("FRG602", "README.md")
    ]
    assert [(one["entry"], one["ok"]) for one in said["results"]] == [("green-second", True)]
    text = typed("--base", "main", "--author", "octocat", code=1)
    assert text.startswith("README.md: error FRG602 in no folder of an entry")
    assert "\nthe pull request of octocat: fails (1 error, team greens, 3 paths changed, " in text


@pytest.mark.parametrize("form", FORMATS)
def test_a_pull_request_without_fault_passes_in_every_format(root: Path, form: str) -> None:
    commit(root, {"submissions/green-model/notes.md": "x\n"})
    typed("--base", "main", "--author", "octocat", "--format", form)
    typed("--base", "HEAD", "--author", "nobody", "--format", form)  # changes nothing


def test_the_root_of_all_is_no_pull_request(tmp_path: Path) -> None:
    """What is wrong with a subject without a folder is shown at who the teams are."""
    assert _folder(Path("/"), tmp_path) == "."


def test_a_faulty_entry_of_ones_own_is_refused(root: Path) -> None:
    spoil(root)
    commit(root, {})
    out = typed("--base", "main", "--author", "octocat", "--format", "github", code=1)
    assert out.startswith("::error file=submissions/green-model/model.py,line=1,")


def test_rules_and_tasks_are_those_of_the_base(root: Path) -> None:
    """What a team's pull request does to them, or to where the project is, changes no verdict."""
    rules = (root / "leaderboard" / "rules.toml").read_text()
    manifest = "submissions/green-model/submission.toml"
    commit(root, {
        "leaderboard/rules.toml": rules.replace("max_batch = 4", "max_batch = 4000"),
        manifest: (root / manifest).read_text().replace("batch_size = 4", "batch_size = 40"),
    })  # fmt: skip
    said = typed("--base", "main", "--author", "octocat", code=1)
    assert "FRG123" in said
    assert "FRG602" in said
    typed("--base", "main", "--author", "ada")  # an organiser's are what merging makes them
    commit(root, {"leaderboard/rules.toml": None, "tasks/toy/task.toml": None})
    said = typed("--base", "main", "--author", "ada", code=1)
    assert "FRG123" in said
    assert "FRG610" in said


def test_an_organiser_adds_a_task_with_an_entry_of_it(root: Path) -> None:
    made = entry("second-null", "greens")
    manifest = "submissions/second-null/submission.toml"
    second = {
        f"tasks/second/{path.name}": path.read_text("utf-8").replace('"toy"', '"second"')
        for path in (root / "tasks" / "toy").iterdir()
        if path.is_file()
    }
    commit(root, made | second | {manifest: made[manifest].replace('"toy"', '"second"')})
    typed("--base", "main", "--author", "ada")
    said = typed("--base", "main", "--author", "octocat", code=1)
    assert "FRG121" in said
    assert "FRG602" in said


def test_the_repository_is_that_of_the_folder_and_not_one_found_above(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pull request without rules, checked out within the organiser's own checkout."""
    outer = Path(shutil.copytree(root, tmp_path / "outer"))
    inner = Path(shutil.move(root, outer / "pull-request"))
    commit(inner, {"leaderboard/rules.toml": None})
    monkeypatch.chdir(inner)
    assert "FRG602" in typed("--base", "main", "--author", "octocat", code=1)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HARNESS_ROOT", str(inner))
    assert "FRG602" in typed("--base", "main", "--author", "octocat", code=1)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--base", "main"], "--base judges whose change it is"),
        (["--author", "octocat"], "--author says whose pull request it is"),
        (["--base", "main", "--author", "a", "submissions/blue-model"], "--base finds the entries"),
        (["--base", "nowhere", "--author", "a"], "there is no commit"),
        (["--base", "main", "--author", ""], "Invalid value for '--author'"),
        ([], "no entry is named"),
    ],
)
def test_what_does_not_go_together_is_a_usage_error(
    root: Path, words: list[str], said: str
) -> None:
    assert root.is_dir()
    result = runner.invoke(app, ["check", *words])
    assert result.exit_code == 2
    assert said in result.stderr


def test_why_a_pull_request_cannot_be_judged_is_an_annotation_too(root: Path) -> None:
    out = typed("--base", "no\n::error::where", "--author", "a", "--format", "github", code=2)
    assert out.count("\n") == 1
    assert out.startswith("::error title=check::git: there is no commit ")
    assert "no\\n::error::where" in out
    assert str(root) in out


def test_nothing_of_a_pull_request_is_imported(root: Path, tmp_path: Path) -> None:
    """The installed program, in a folder whose modules bear the names of those it imports."""
    trace = tmp_path / "trace"
    evil = f"open({str(trace)!r}, 'w')\n"
    names = ("harness/__init__.py", "typer.py", "msgspec.py", "sitecustomize.py", "json.py")
    commit(root, dict.fromkeys(names, evil))
    script = tmp_path / "harness"
    script.write_text("import sys\nfrom harness.__main__ import main\nsys.exit(main())\n")
    done = subprocess.run(
        [sys.executable, str(script), "check", "--base", "main", "--author", "octocat"],
        cwd=root, env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONSAFEPATH": "1"},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert done.stdout.count("error FRG602") == len(names)
    assert not trace.exists()
