"""What is put together before an entry is run."""

from __future__ import annotations

from pathlib import Path

from projects import write_entry, write_project

from harness.cli.check import check_context
from harness.cli.evaluating import COPY, COPYING, _copy
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
