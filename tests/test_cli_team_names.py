"""What teams are called: from ``teams.toml`` to the pages and the data."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from record_samples import record
from toy_task import write_project
from typer.testing import CliRunner

from harness.cli.app import app
from harness.cli.project import Project
from harness.records.evaluation import EvaluationRecord
from harness.store.results import write

runner = CliRunner()
TRYING = "Ünïted <b>&'</b> \N{HEBREW LETTER SHIN}\N{HEBREW LETTER LAMED} team"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a project of a task and a result that stands and one that failed."""
    made = tmp_path / "project"
    write_project(made, task_id=record("one").task.id)
    monkeypatch.setenv("HARNESS_ROOT", str(made))
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    results = made / "leaderboard" / "results"
    write(results, team_record("one"), None)
    write(results, team_record("two", failed="load", sessions=(), quality=None), None)
    return made


def team_record(entry: str, **changes: Any) -> EvaluationRecord:  # noqa: ANN401 - any field
    made = record(entry, demonstration=True, **changes)
    submission = msgspec.structs.replace(made.submission, team="green-bits")
    return msgspec.structs.replace(made, submission=submission)


def declare(root: Path, name: str, ident: str = "green-bits") -> Path:
    path = root / "leaderboard" / "teams.toml"
    text = f"schema = 1\n[[teams]]\nid = {json.dumps(ident)}\nname = {json.dumps(name)}\n"
    path.write_text(text, encoding="utf-8")
    return path


def leaderboard(*options: str) -> str:
    made = runner.invoke(app, ["leaderboard", "--published", *options])
    assert made.exception is None or isinstance(made.exception, SystemExit), made.output
    return made.output


def site(root: Path) -> dict[str, str]:
    folder = root / "leaderboard" / "site"
    found = (path for kind in ("*.html", "*.xml", "*.js", "*.csv") for path in folder.rglob(kind))
    return {path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in found}


def test_pages_name_a_team_as_the_organisers_do_and_the_data_have_both(root: Path) -> None:
    declare(root, "Green Bits of the North")
    leaderboard()
    pages = site(root)
    naming = [name for name, text in pages.items() if "Green Bits of the North" in text]
    for kind in ("index.html", "feed.xml", "one.html", "two.html"):
        found = [name.startswith("fr/") for name in naming if name.endswith(kind)]
        assert sorted(found) == [False, True], kind
    index = pages["index.html"]
    assert '<td class="team" title="Green Bits of the North">' in index
    assert ">green-bits<" not in index
    (entry,) = (
        text for name, text in pages.items() if name.startswith("entries/") and "one" in name
    )
    assert "<bdi>green-bits</bdi>" in entry
    (data,) = (text for name, text in pages.items() if name.endswith(".csv"))
    (row,) = csv.DictReader(data.splitlines())
    assert (row["team"], row["team_name"]) == ("green-bits", "Green Bits of the North")
    (board,) = json.loads((root / "leaderboard/site/boards.json").read_text("utf-8"))["boards"]
    rows = (*board["entries"], *board["failed"])
    assert [(each["team"], each["team_name"]) for each in rows] == [
        ("green-bits", "Green Bits of the North")
    ] * 2


def test_a_team_that_nobody_declares_goes_by_its_own_word(root: Path) -> None:
    leaderboard()
    before = site(root)
    declare(root, "Somebody else", "somebody-else")
    assert "is what the records give" in leaderboard("--check")
    leaderboard()
    assert site(root) == before
    assert '<td class="team" title="green-bits">' in before["index.html"]


def test_the_terminal_calls_a_team_what_its_page_does(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert "green-bits" in leaderboard()
    declare(root, "Green Bits of the North")
    for shown in (leaderboard(), leaderboard()):  # made, and then as it was kept
        assert "Green Bits of the North" in shown
        assert "green-bits" not in shown


def test_a_new_name_is_seen_by_check_and_by_a_build_that_knows_the_rest(root: Path) -> None:
    declare(root, "Qubefore")
    leaderboard()
    assert "is what the records give" in leaderboard("--check")
    declare(root, "Quafter")
    stale = leaderboard("--check")
    assert "stale" in stale
    assert "one.html" in stale
    leaderboard()
    pages = site(root)
    assert [name for name, text in pages.items() if "Qubefore" in text] == []
    assert "Quafter" in pages["index.html"]
    assert "is what the records give" in leaderboard("--check")
    declare(root, "Quafter").unlink()
    leaderboard()
    assert '<td class="team" title="green-bits">' in site(root)["index.html"]


def test_a_name_is_text_whatever_is_in_it(root: Path) -> None:
    declare(root, TRYING)
    leaderboard()
    pages = {name: text for name, text in site(root).items() if name.endswith((".html", ".xml"))}
    assert [name for name, text in pages.items() if "<b>&" in text] == []
    assert "Ünïted &lt;b&gt;&amp;&#39;&lt;/b&gt; של team</bdi>" in pages["index.html"]


def test_a_file_of_teams_that_is_wrong_is_refused_and_reports_do_without(root: Path) -> None:
    without = runner.invoke(app, ["report", "one"]).stdout
    path = declare(root, "Green Bits")
    assert "Green Bits" in runner.invoke(app, ["report", "one"]).stdout
    (stored,) = (root / "leaderboard/results").rglob("one/*Z-*.json")
    assert "Green Bits" in runner.invoke(app, ["report", str(stored)]).stdout
    path.write_text("schema = 1\n[[teams]]\nid = 'No Id'\nname = 'x'\n", encoding="utf-8")
    assert "teams.toml: teams[1].id: takes" in leaderboard()
    made = runner.invoke(app, ["report", "one"])
    assert (made.exit_code, made.stdout) == (0, without)
    assert "teams.toml: teams[1].id: takes" in made.stderr


def test_a_file_of_teams_that_cannot_be_read_is_no_missing_one(root: Path) -> None:
    (root / "leaderboard" / "teams.toml").mkdir()
    assert "teams.toml: cannot be read" in leaderboard()
    (root / "leaderboard" / "teams.toml").rmdir()
    assert Project(root).teams().teams == ()
