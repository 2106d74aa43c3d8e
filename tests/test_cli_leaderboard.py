"""``leaderboard`` on other results folders than the project's own."""

from __future__ import annotations

from pathlib import Path

import pytest
from record_samples import outcomes, record
from toy_task import write_task
from typer.testing import CliRunner

from harness.cli.app import app
from harness.store.results import write

CHECKOUT = Path(__file__).parents[1]
runner = CliRunner()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a project whose committed page shows one demonstration record."""
    root = tmp_path / "project"
    (root / "leaderboard").mkdir(parents=True)
    rules = (CHECKOUT / "leaderboard" / "rules.toml").read_bytes()
    (root / "leaderboard" / "rules.toml").write_bytes(rules)
    write_task(root)
    write(root / "leaderboard" / "results", record(demonstration=True), outcomes())
    monkeypatch.setenv("HARNESS_ROOT", str(root))
    assert runner.invoke(app, ["leaderboard"]).exit_code == 0
    return root


def test_other_results_leave_the_committed_page_alone(project: Path, tmp_path: Path) -> None:
    write(tmp_path / "mine", record("my-team"), outcomes())

    made = runner.invoke(app, ["leaderboard", "--results", str(tmp_path / "mine")])

    assert made.exit_code == 0, made.output
    assert "my-team" in made.stdout
    page = project / "leaderboard" / "site" / "local" / "index.html"
    assert "my-team" in page.read_text(encoding="utf-8")
    assert runner.invoke(app, ["leaderboard", "--check"]).exit_code == 0


def test_a_page_at_links_in_a_circle_is_refused(project: Path, tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    made = runner.invoke(app, ["leaderboard", "--output", str(tmp_path / "loop")])
    assert (made.exit_code, project.is_dir()) == (3, True), made.output
    assert "is a link, and is not followed" in made.output.replace("\n", "")


def test_results_that_were_removed_leave_the_local_page(project: Path) -> None:
    _, path = write(project / "leaderboard" / "results", record("my-team"), outcomes())
    page = project / "leaderboard" / "site" / "local" / "index.html"
    assert runner.invoke(app, ["leaderboard"]).exit_code == 0
    assert "my-team" in page.read_text(encoding="utf-8")

    path.unlink()
    assert runner.invoke(app, ["leaderboard"]).exit_code == 0
    assert "my-team" not in page.read_text(encoding="utf-8")


def test_results_that_cannot_be_used_are_not_called_none(project: Path, tmp_path: Path) -> None:
    senseless = record("my-team", joules=(-1.0,) * 5)  # negative energy
    _, path = write(tmp_path / "mine", senseless, outcomes())

    made = runner.invoke(app, ["leaderboard", "--results", str(tmp_path / "mine")])

    assert made.exit_code == 1
    assert "each result is left out, or cannot be used" in made.stdout
    assert path.name in made.stdout.replace("\n", "")
    assert (project / "leaderboard" / "site" / "local" / "index.html").is_file()


def test_other_results_go_where_they_are_sent(project: Path, tmp_path: Path) -> None:
    write(tmp_path / "mine", record("my-team"), outcomes())
    place = tmp_path / "page"

    arguments = ["leaderboard", "--results", str(tmp_path / "mine"), "--output", str(place)]
    assert runner.invoke(app, arguments).exit_code == 0

    assert "my-team" in (place / "local" / "index.html").read_text(encoding="utf-8")
    assert not (project / "leaderboard" / "site" / "local").exists()


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("option", [[], ["--check"], ["--published"], ["--json"]])
def test_results_that_are_not_there_are_no_empty_board(tmp_path: Path, option: list[str]) -> None:
    (tmp_path / "file").touch()
    for wrong, told in (("nowhere", "does not exist"), ("file", "is not a folder")):
        made = runner.invoke(app, ["leaderboard", "--results", str(tmp_path / wrong), *option])
        assert made.exit_code == 2
        assert f"{tmp_path / wrong}: {told}" in made.stderr.replace("\n", "")
        assert not made.stdout or option == ["--json"]  # then it holds the error, as JSON
    assert runner.invoke(app, ["leaderboard", "--check"]).exit_code == 0


@pytest.mark.parametrize("option", [[], ["--check"]])
def test_nothing_in_a_record_reaches_the_terminal_as_an_order(
    project: Path, option: list[str]
) -> None:
    results = project / "leaderboard" / "results"
    hostile = record("my-team", task={"title": "A \x1b[2Jtask"}, demonstration=True)
    _, path = write(results, hostile, None)
    moved = path.with_name(f"20260102T030405Z-{'0' * 8}.json")
    moved.write_bytes(path.read_bytes().replace(b'"schema": 2', b'"\\u001b[2J": 2'))

    made = runner.invoke(app, ["leaderboard", *option])

    assert made.exit_code == 1
    assert "\x1b" not in made.stdout
    assert "\\x1b[2J" in made.stdout


def test_boards_are_printed_as_markdown_in_either_language(project: Path) -> None:
    english = runner.invoke(app, ["leaderboard", "--markdown"])
    french = runner.invoke(app, ["leaderboard", "--markdown", "--language", "fr"])

    assert english.exit_code == french.exit_code == 0
    assert english.stdout.startswith("### ")
    assert "| Entry | Team |" in english.stdout
    assert "| Modèle | Équipe |" in french.stdout
    assert (project / "leaderboard" / "site" / "index.html").exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--language", "fr"], "--language is about --markdown"),
        (["--markdown", "--json"], "cannot both be printed"),
        (["--markdown", "--check"], "cannot both be printed"),
        (["--markdown", "--language", "xx"], "name one of en, fr"),
    ],
)
def test_options_of_markdown_that_do_not_go_together_are_refused(
    project: Path, options: list[str], said: str
) -> None:
    refused = runner.invoke(app, ["leaderboard", *options])
    assert project.is_dir()
    assert refused.exit_code == 2
    assert said in " ".join(refused.output.split())
