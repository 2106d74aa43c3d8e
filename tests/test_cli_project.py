"""Where the project is looked for."""

from __future__ import annotations

from pathlib import Path

import pytest

import harness
from harness.cli.project import find_project
from harness.errors import UsageError

ROOT = Path(__file__).parent.parent


def make_project(folder: Path) -> Path:
    (folder / "tasks").mkdir(parents=True)
    (folder / "leaderboard").mkdir()
    (folder / "leaderboard" / "rules.toml").touch()
    return folder


@pytest.fixture(autouse=True)
def no_named_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HARNESS_ROOT", raising=False)


def test_the_named_root_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here, named = make_project(tmp_path / "here"), make_project(tmp_path / "named")
    monkeypatch.chdir(here)
    monkeypatch.setenv("HARNESS_ROOT", str(named))

    assert find_project().root == named


def test_else_the_project_around_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_project(tmp_path)
    inside = root / "submissions" / "my-team"
    inside.mkdir(parents=True)
    monkeypatch.chdir(inside)

    assert find_project().root == root


def test_else_the_checkout_that_the_harness_is_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    assert find_project().root == Path(harness.__file__).parent.parent


def test_else_a_usage_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(harness, "__file__", str(tmp_path / "lib" / "x" / "__init__.py"))

    with pytest.raises(UsageError, match="here or above") as raised:
        find_project()
    assert "HARNESS_ROOT" in raised.value.remedy


@pytest.mark.parametrize("lost", ["tasks/", "leaderboard/rules.toml"])
def test_what_is_left_of_a_project_is_not_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: str
) -> None:
    root = make_project(tmp_path / "here")
    inside = root / "leaderboard"
    (root / lost).rename(tmp_path / "lost")
    monkeypatch.chdir(inside)

    with pytest.raises(UsageError, match=f"{root}: would be a project, but for {lost}") as raised:
        find_project()
    assert f"restore {lost}" in raised.value.remedy


def test_a_named_root_that_is_no_project_is_never_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(make_project(tmp_path / "here"))
    monkeypatch.setenv("HARNESS_ROOT", str(tmp_path / "other"))

    with pytest.raises(UsageError, match="HARNESS_ROOT"):
        find_project()


def test_a_named_root_of_links_in_a_circle_is_no_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "loop").symlink_to("loop")
    monkeypatch.setenv("HARNESS_ROOT", str(tmp_path / "loop"))

    with pytest.raises(UsageError, match="loop: has no leaderboard"):
        find_project()


def test_an_unknown_task_is_answered_with_those_there_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(ROOT)

    with pytest.raises(UsageError, match="did you mean") as raised:
        find_project().card("deforestations")
    assert "climate-disinformation" in raised.value.remedy
