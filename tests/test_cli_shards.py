"""Boards of tasks in which nothing has changed are taken over, and never where anything has."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from joint_samples import Place
from record_samples import record
from signing_samples import signer
from toy_task import write_project
from typer.testing import CliRunner

from harness.cli.app import app
from harness.cli.building import making, place
from harness.cli.building.files import Built, build
from harness.cli.building.gathering import Gathered, gather
from harness.cli.building.unchanged import task_of
from harness.store import scanning
from harness.store.results import write

runner = CliRunner()


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a project with demonstrations of two tasks, and a site of it."""
    made = tmp_path / "project"
    write_project(made)
    monkeypatch.setenv("HARNESS_ROOT", str(made))
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(scanning, "SETTLED_NS", 0)  # else nobody would find anything unchanged
    for name in ("one", "two"):
        put(made, "first", name)
        put(made, "second", name)
    leaderboard()
    leaderboard()
    return made


def put(root: Path, task: str, name: str) -> Path:
    made = record(name, demonstration=True, task={"id": task, "title": f"The {task}"})
    return write(root / "leaderboard" / "results", made, None)[1]


def leaderboard(*options: str) -> str:
    ran = runner.invoke(app, ["leaderboard", "--published", "--processes", "1", *options])
    assert ran.exception is None or isinstance(ran.exception, SystemExit), ran.output
    return ran.output


def site(folder: Path) -> dict[str, bytes]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def is_right(root: Path, tmp_path: Path) -> bool:
    leaderboard("--no-cache", "--output", str(tmp_path / "cold"))
    return site(root / "leaderboard" / "site") == site(tmp_path / "cold")


@pytest.fixture
def gathered(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[set[str]]]:
    """Tell of which tasks files are looked at."""
    seen: list[set[str]] = []

    def gathers(project: object, results: object, found: list[scanning.Found], *more: object,
                **named: object) -> Gathered:  # fmt: skip
        seen.append({task_of(each.path) for each in found})
        return gather(project, results, found, *more, **named)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(making, "gather", gathers)
        yield seen


def test_boards_of_a_task_in_which_nothing_changed_are_taken_over(
    root: Path, tmp_path: Path, gathered: list[set[str]]
) -> None:
    put(root, "second", "three")
    said = leaderboard()
    assert gathered == [{"second"}]
    assert said.count("three") == 1
    assert said.count("one") >= 2
    assert is_right(root, tmp_path)
    put(root, "third", "one")
    put(root, "third", "four")
    leaderboard()
    assert gathered[-1] == {"third"}
    assert is_right(root, tmp_path)


def site_file_is_gone(root: Path) -> None:
    next((root / "leaderboard" / "site" / "entries").glob("first-*/one.html")).unlink()


def site_file_is_another(root: Path) -> None:
    next((root / "leaderboard" / "site" / "data").glob("first-*.csv")).write_bytes(b"no data")


def joint_file_is_there(root: Path) -> None:
    (board,) = (root / "leaderboard" / "site" / "data").glob("first-*.csv")
    (root / "leaderboard" / "joint").mkdir(exist_ok=True)
    (root / "leaderboard" / "joint" / f"{board.stem}.json").write_bytes(b"{}")


def record_is_damaged(root: Path) -> None:
    next((root / "leaderboard" / "results" / "first").glob("one/*.json")).write_bytes(b"{}")


def task_is_another(root: Path) -> None:
    (card,) = (root / "tasks").glob("*/task.toml")
    card.write_bytes(card.read_bytes() + b"\n")


def address_is_another(root: Path) -> None:
    settings = 'address = "https://board.example/"\n'
    (root / "leaderboard" / "site.toml").write_text(f"schema = 1\n{settings}", encoding="utf-8")


@pytest.mark.parametrize(
    "change",
    [site_file_is_gone, site_file_is_another, joint_file_is_there, record_is_damaged],
)
def test_a_task_of_which_anything_is_another_is_made_anew(
    root: Path, tmp_path: Path, gathered: list[set[str]], change: Callable[[Path], None]
) -> None:
    change(root)
    leaderboard()
    assert gathered == [{"first"}]
    assert is_right(root, tmp_path)


@pytest.mark.parametrize("change", [task_is_another, address_is_another])
def test_where_what_is_around_them_is_another_all_are_made_anew(
    root: Path, tmp_path: Path, gathered: list[set[str]], change: Callable[[Path], None]
) -> None:
    change(root)
    leaderboard()
    assert gathered == [{"first", "second"}]
    assert is_right(root, tmp_path)


def test_what_is_wrong_with_a_task_is_told_each_time(root: Path) -> None:
    record_is_damaged(root)
    for name in ("three", "four"):
        put(root, "second", name)
        assert "problem" in leaderboard()


@pytest.mark.parametrize("damage", [b"", b"x", b"frugal-ai site cache 1\n" + b"\0" * 900])
@pytest.mark.parametrize(
    "kind", ["boards-", "pages-", "parts-", "rows-", "folders-", "joint-", "templates"]
)
def test_whatever_in_the_cache_is_damaged_counts_for_nothing(
    root: Path, tmp_path: Path, kind: str, damage: bytes
) -> None:
    put(root, "second", "three")
    damaged = [*(tmp_path / "cache").rglob(f"{kind}*")]
    for path in damaged:
        path.write_bytes(damage)
    leaderboard()
    assert damaged
    assert is_right(root, tmp_path)


def kept(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "cache").rglob("*") if path.is_file())


def test_what_is_kept_of_tasks_and_boards_that_are_gone_goes(root: Path, tmp_path: Path) -> None:
    before = kept(tmp_path)
    put(root, "third", "one")
    leaderboard()
    assert len(kept(tmp_path)) == len(before) + 4  # its records, its board, its parts, its rows
    shutil.rmtree(root / "leaderboard" / "results" / "third")
    leaderboard()
    assert kept(tmp_path) == before
    assert is_right(root, tmp_path)


def test_what_is_kept_of_other_sites_and_results_stays(root: Path, tmp_path: Path) -> None:
    shutil.copytree(root / "leaderboard" / "results", tmp_path / "results")
    other = ["--results", str(tmp_path / "results"), "--output", str(tmp_path / "other")]
    leaderboard(*other)
    before = kept(tmp_path)
    put(root, "second", "three")
    leaderboard()
    assert {*before} <= {*kept(tmp_path)}


def test_somebody_who_wants_all_rows_gets_them(root: Path, gathered: list[set[str]]) -> None:
    put(root, "second", "three")
    said = leaderboard("--json")
    assert gathered == [{"first", "second"}]
    assert said.count('"entry": "one"') == 2


def test_what_was_read_by_rules_that_held_for_a_moment_is_not_kept_for_those_of_before(
    root: Path, tmp_path: Path
) -> None:
    rules = root / "leaderboard" / "rules.toml"
    before = rules.read_bytes()
    put(root, "second", "three")

    def others(*given: Any, **named: Any) -> Gathered:  # noqa: ANN401 - those of gather
        rules.write_bytes(before.replace(b"min_sessions = 5", b"min_sessions = 9"))
        return gather(*given, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(making, "gather", others)
        leaderboard()
    assert not is_right_by(before, root, tmp_path)
    leaderboard()
    assert is_right_by(before, root, tmp_path)


def is_right_by(rules: bytes, root: Path, tmp_path: Path) -> bool:
    (root / "leaderboard" / "rules.toml").write_bytes(rules)
    return is_right(root, tmp_path)


# Joint files


@pytest.fixture
def official(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """Make a project with a board that a signed joint file ranks: no outcomes are here."""
    monkeypatch.setenv("HARNESS_ROOT", str(tmp_path / "project"))
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(scanning, "SETTLED_NS", 0)
    place = Place(tmp_path / "project")
    place.change_rules('energy_class = "good"', 'energy_class = "bad"')
    place.add_three(signed=True)
    monkeypatch.setattr("harness.cli.signing.load_signer", lambda *_: signer())
    leaderboard("--sign", "jury")
    for sidecar in place.sidecars():
        sidecar.unlink()
    leaderboard()
    assert ranks(place.root)
    return place


def ranks(root: Path) -> bool:
    """Say whether the site has ranks."""
    boards = json.loads((root / "leaderboard" / "site" / "boards.json").read_bytes())["boards"]
    return any(row["rank"] for board in boards for row in board["entries"])


def joint_of(place: Place) -> Path:
    (path,) = place.joint.iterdir()
    return path


def test_what_another_site_left_of_a_board_is_not_taken_for_what_this_ones_pages_show(
    official: Place, tmp_path: Path
) -> None:
    joint_of(official).rename(tmp_path / "kept")
    leaderboard("--output", str(tmp_path / "other"))
    leaderboard()
    assert is_right(official.root, tmp_path)
    assert not ranks(official.root)


def meanwhile(change: Callable[[], object]) -> None:
    """Build while somebody changes something after the boards were ranked."""

    def changed(*given: object, **named: object) -> Built:
        change()
        return build(*given, **named)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(place, "build", changed)
        leaderboard()


def touch(rules: Path) -> None:
    rules.write_bytes(rules.read_bytes() + b"\n")


def test_a_joint_file_that_goes_while_pages_are_made_is_not_taken_for_the_one_that_was_used(
    official: Place, tmp_path: Path
) -> None:
    touch(official.rules_file)
    meanwhile(joint_of(official).unlink)
    assert ranks(official.root)
    leaderboard()
    assert not ranks(official.root)
    assert is_right(official.root, tmp_path)


def test_a_joint_file_that_is_replaced_after_it_was_written_is_written_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARNESS_ROOT", str(tmp_path / "project"))
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(scanning, "SETTLED_NS", 0)
    place = Place(tmp_path / "project")
    place.add_three()
    meanwhile(lambda: joint_of(place).write_bytes(b"{}"))
    assert joint_of(place).read_bytes() == b"{}"
    leaderboard()
    assert joint_of(place).read_bytes() != b"{}"
    monkeypatch.setattr(making, "make", None)
    leaderboard()
