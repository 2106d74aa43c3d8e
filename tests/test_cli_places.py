"""No record of an entry that fails says where the organiser keeps anything.

``tests/failures`` has a folder for each way to fail; where one has a ``manifest-end.toml``, that is
put behind its ``submission.toml``.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from projects import temporary_folder, write_entry, write_project
from sandboxes import working
from typer.testing import CliRunner

import harness
from harness.cli.app import app

FAILURES = Path(__file__).parent / "failures"
RUNNING = (
    "raises-at-load", "raises-in-predict", "dies-with-a-word", "cannot-be-imported",
    "answers-nothing",
)  # fmt: skip
SUPPLIED = ("lacks-a-package", "lacks-weights")


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give a project, and a temporary folder that the sandbox's user gets through to."""
    with temporary_folder():
        monkeypatch.setenv("HARNESS_ROOT", str(write_project(tmp_path / "project")))
        monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
        yield tmp_path / "project"


def failing(root: Path, name: str) -> Path:
    """Make the entry of one way to fail."""
    entry = write_entry(root, name)
    for file in (FAILURES / name).iterdir():
        if file.name == "manifest-end.toml":
            manifest = entry / "submission.toml"
            manifest.write_text(manifest.read_text() + file.read_text())
        else:
            shutil.copyfile(file, entry / file.name)
    return entry


def failed(root: Path, name: str, *options: object) -> dict[str, Any]:
    """Evaluate one; return the record's outcome, once no local path was found in the record."""
    trace = root / "trace.json"
    trace.write_text('{"watts": [[1, 5]]}', encoding="utf-8")
    entry = failing(root, name)
    arguments = ["evaluate", entry, "--meter", f"replay:{trace}", *options]
    result = CliRunner().invoke(app, [*map(str, arguments)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    (path,) = (root / "leaderboard" / "results").glob("*/*/*.json")
    text = path.read_text(encoding="utf-8")
    for place in (
        str(root.parent), tempfile.gettempdir(), sys.prefix, str(Path(harness.__file__).parents[1]),
    ):  # fmt: skip
        assert place not in text
    outcome: dict[str, Any] = json.loads(text)["outcome"]
    assert outcome["status"] == "failed"
    return outcome


def test_every_way_to_fail_is_tried() -> None:
    assert {path.name for path in FAILURES.iterdir()} == {*RUNNING, *SUPPLIED}


@pytest.mark.parametrize("way", ["bwrap", "landlock", "none"])
@pytest.mark.parametrize("name", RUNNING)
def test_an_entry_that_fails_as_it_runs_tells_no_local_path(
    root: Path, name: str, way: str
) -> None:
    working(way)
    outcome = failed(root, name, "--isolation", way)
    assert outcome["blame"] == "submission"
    if name == "raises-in-predict":
        assert (
            f"RuntimeError: {'/entry' if way == 'bwrap' else name}/model.py" in outcome["message"]
        )


@pytest.mark.parametrize(
    ("name", "option", "told"),
    [
        ("lacks-a-package", "--wheelhouse", "--wheelhouse holds no wheel of tiny==1.0"),
        ("lacks-weights", "--weights", "--weights holds none of "),
    ],
)
def test_what_is_looked_for_in_a_folder_is_told_by_its_option(
    root: Path, tmp_path: Path, name: str, option: str, told: str
) -> None:
    (tmp_path / "empty").mkdir()
    outcome = failed(root, name, option, tmp_path / "empty")
    assert outcome["blame"] == "organiser"
    assert told in outcome["message"]
