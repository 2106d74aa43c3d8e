"""What is put together before an entry is run."""

from __future__ import annotations

from pathlib import Path

import pytest
from projects import write_entry, write_project
from toy_task import images, write_parquet, write_task

from harness.cli.check import check_context
from harness.cli.evaluating.preparing import COPY, COPYING, _copy, loader
from harness.cli.evaluating.running import Request
from harness.cli.project import Project
from harness.submissions.check import check


def test_an_entry_that_changed_since_it_was_checked_is_refused_and_does_not_stop_the_others(
    tmp_path: Path,
) -> None:
    project = write_project(tmp_path / "project")
    entry = write_entry(project, "entry")
    report = check(entry, check_context(Project(project)))
    assert report.ok
    for name in ("as it was", "changed", "unfit"):
        (tmp_path / name).mkdir()

    assert _copy(entry, report, tmp_path / "as it was") is None
    assert (tmp_path / "as it was" / COPY / "submission.toml").is_file()

    (entry / "model.py").write_text("# another\n")
    changed = _copy(entry, report, tmp_path / "changed")
    assert changed is not None
    assert (changed.stage, "changed between" in changed.message) == (COPYING, True)

    (entry / "link").symlink_to("/etc/passwd")
    unfit = _copy(entry, report, tmp_path / "unfit")
    assert unfit is not None
    assert unfit.stage == COPYING


def test_what_is_odd_about_the_data_is_told_with_its_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = write_project(tmp_path / "project")
    write_task(project, task_id="pictures", modality="image")
    data = write_parquet(tmp_path / "data", test=images("test", 3))  # that are none
    load = loader(
        Project(project), Request(str(data), "quick", "offline", seed=0, demonstration=False)
    )

    _, loaded = load("pictures", lambda _: None)

    assert loaded.reference.unreadable == 3
    told = capsys.readouterr().err
    assert told.startswith("note: ")
    assert "test.parquet: column 'image': row 0, 1, 2: 3 of 3 test samples" in told
