"""Reading a results folder: what pages need of its records is handed on while there is room."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from record_samples import record
from toy_task import write_project
from typer.testing import CliRunner

from harness.cli.app import app
from harness.cli.building import gathering, pages, views
from harness.records.evaluation import Failed
from harness.records.session import Sweep
from harness.store.results import write

FAILED = Failed(stage="measured", blame="submission", message="it ended early")
LARGEST = (1 << 63) - 1
CONFUSION = {"confusion": ((LARGEST, 0, 0), (0, LARGEST, 0))}
SWEEP, SWEEP_BACK = (
    Sweep(kind="original", queries=queries, seconds=1.0, cpu_seconds=1.0)
    for queries in (LARGEST, -LARGEST)
)
BEYOND: dict[str, tuple[Failed, dict[str, Any]]] = {
    "confusions of a failure": (FAILED, CONFUSION),
    "queries of a failure": (FAILED, {"sweeps": (SWEEP,) * 3}),
    "negative queries of a failure": (FAILED, {"sweeps": (SWEEP_BACK,) * 3}),
}
"""Each number is one that a file may hold; of the sum that is not so."""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = tmp_path / "project"
    write_project(made)
    monkeypatch.setenv("HARNESS_ROOT", str(made))
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    for name, failed in (("one", None), ("two", None), ("three", "load")):
        write(
            made / "leaderboard" / "results", record(name, demonstration=True, failed=failed), None
        )
    return made


def site(folder: Path) -> dict[str, bytes]:
    made = CliRunner().invoke(
        app, ["leaderboard", "--published", "--no-cache", "--output", str(folder)]
    )
    assert made.exit_code == 0, made.output
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


@pytest.mark.usefixtures("root")
@pytest.mark.parametrize("room", ["VIEWS_BYTES", "VIEW_BYTES", "SHARE_BYTES"])
def test_what_there_is_no_room_for_is_read_again_and_gives_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: str
) -> None:
    again: list[str] = []
    read = gathering.read_again

    def noted(results: str, path: str, *others: object) -> object:
        again.append(path)
        return read(results, path, *others)  # type: ignore[arg-type]

    monkeypatch.setattr(pages, "read_again", noted)
    handed = site(tmp_path / "handed")
    assert not again
    monkeypatch.setattr(views, room, 0)
    assert site(tmp_path / "read") == handed
    assert len(again) == 3


def test_a_record_that_changes_before_it_is_read_again_ends_the_build(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (path,) = (root / "leaderboard" / "results").glob("*/one/*.json")
    read = gathering.read_again

    def changed(results: str, place: str, *others: object) -> object:
        path.write_bytes(path.read_bytes().replace(b'"description": "', b'"description": "Other: '))
        return read(results, place, *others)  # type: ignore[arg-type]

    monkeypatch.setattr(pages, "read_again", changed)
    monkeypatch.setattr(views, "VIEWS_BYTES", 0)
    made = CliRunner().invoke(
        app, ["leaderboard", "--published", "--no-cache", "--output", str(tmp_path / "made")]
    )
    assert made.exit_code == 3, made.output
    assert f"{path.name}: was changed while the page was built" in made.output.replace("\n", "")


def held(**of: bytes) -> views.Held:
    made = views.Held()
    for path, view in of.items():
        made.add(path, view)
    return made


def test_no_more_is_kept_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    page = 4096
    monkeypatch.setattr(views, "VIEWS_BYTES", 3 * page)
    with views.Views() as kept:
        for number in range(5):
            kept.places |= kept.share()(held(**{f"v{number}": bytes([number]) * page}))
        assert {*kept.places} == {"v0", "v1", "v2"}
        found = [kept.get(f"v{number}") for number in range(4)]
    assert found == [*(bytes([n]) * page for n in range(3)), None]
    assert kept.get("v0") is None  # once the build has ended


def test_of_those_that_are_read_at_once_no_more_is_held_than_their_share(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(views, "SHARE_BYTES", 10)
    monkeypatch.setattr(views, "VIEW_BYTES", 6)
    first = held(a=b"four", b=b"1234567", c=b"also", d=b"two")
    assert {*first.views} == {"a", "c"}
    with views.Views() as kept:
        kept.places |= kept.share()(first)
        kept.places |= kept.share()(held(e=b"next"))
        found = {name: kept.get(name) for name in "abcde"}
    assert found == {"a": b"four", "b": None, "c": b"also", "d": None, "e": b"next"}


@pytest.mark.usefixtures("root")
@pytest.mark.parametrize("gone", ["memfd_create", "pwrite"])
def test_where_there_is_no_file_in_memory_or_none_at_all_the_same_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gone: str
) -> None:
    made = site(tmp_path / "made")

    def full(*_given: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    if gone == "pwrite":
        monkeypatch.setattr(os, gone, full)
    else:
        monkeypatch.delattr(os, gone)
    assert site(tmp_path / "again") == made


@pytest.mark.parametrize("damage", BEYOND)
def test_counts_that_come_to_more_than_can_be_spelt_stop_no_page(
    root: Path, tmp_path: Path, damage: str
) -> None:
    outcome, changes = BEYOND[damage]
    made = record("beyond", demonstration=True)
    sessions = tuple(replace(each, **changes) for each in made.sessions)
    write(root / "leaderboard" / "results", replace(made, sessions=sessions, outcome=outcome), None)
    pages = [name for name in site(tmp_path / "made") if name.startswith("entries/")]
    shown = {name.rpartition("/")[2].removesuffix(".html") for name in pages}
    assert {"one", "two", "three", "beyond"} <= shown
