"""Which entries are evaluated together, and when a control is among them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from projects import temporary_folder, write_entry, write_project
from typer.testing import CliRunner, Result

from harness.cli.app import app
from harness.cli.check import check_context
from harness.cli.evaluating.controls import Checked, Group, grouped
from harness.cli.project import Project
from harness.errors import ConfigurationError, UsageError
from harness.submissions.check import check

CONTROL = '\n[reference.toy]\nnull = "nothing"\ncontrol = "steady"\n'


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """Give a project with a control, and a place for temporary files."""
    root = write_project(tmp_path / "project")
    rules = root / "leaderboard" / "rules.toml"
    rules.write_text(rules.read_text(encoding="utf-8") + CONTROL, encoding="utf-8")
    for name in ("mine", "theirs", "steady"):
        write_entry(root, name)
    with temporary_folder():
        yield Project(root)


def groups(project: Project, *folders: str | Path, protocol: str = "quick") -> list[Group]:
    context = check_context(project)
    checked = [Checked(path, check(path, context)) for path in map(project.submissions.joinpath, folders)]  # fmt: skip  # noqa: E501
    return grouped(project, project.rules(), checked, protocol)  # type: ignore[arg-type] # one of the two


def names(group: Group) -> tuple[list[str], str | None, list[str]]:
    control = None if group.control is None else group.control.report.entry
    return (
        [each.report.entry for each in group.entries],
        control,
        [each.report.entry for each in group.all],
    )


def test_a_quick_evaluation_of_one_entry_has_no_control(project: Project) -> None:
    (group,) = groups(project, "mine")
    assert names(group) == (["mine"], None, ["mine"])


def test_an_official_one_has_and_so_have_several(project: Project) -> None:
    (group,) = groups(project, "mine", protocol="official")
    assert names(group) == (["mine"], "steady", ["mine", "steady"])
    (group,) = groups(project, "theirs", "mine")
    assert names(group) == (["theirs", "mine"], "steady", ["theirs", "mine", "steady"])


def test_a_control_that_is_named_is_not_run_twice(project: Project) -> None:
    (group,) = groups(project, "steady", "mine")
    assert names(group) == (["steady", "mine"], "steady", ["steady", "mine"])
    (group,) = groups(project, "steady", protocol="official")
    assert names(group) == (["steady"], "steady", ["steady"])


def test_a_task_without_a_control_in_the_rules_has_none(project: Project) -> None:
    text = project.rules_file.read_text(encoding="utf-8")
    project.rules_file.write_text(text.replace(CONTROL, ""), encoding="utf-8")

    (group,) = groups(project, "mine", "theirs", protocol="official")
    assert group.control is None


def test_an_entry_that_is_named_twice_is_refused(project: Project) -> None:
    with pytest.raises(UsageError, match="an entry mine is named already"):
        groups(project, "mine", "mine")


def test_another_entry_of_the_controls_name_is_not_taken_for_it(
    project: Project, tmp_path: Path
) -> None:
    elsewhere = write_project(tmp_path / "elsewhere")
    other = write_entry(elsewhere, "steady", "def load(directory):\n    return None\n")

    with pytest.raises(UsageError, match="is called like the control of toy"):
        groups(project, other, "mine")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda folder: folder.rename(folder.with_name("gone")), "there is no entry steady in"),
        (lambda folder: (folder / "model.py").unlink(), "steady does not pass check"),
    ],
)
def test_a_control_that_cannot_be_had_ends_it_before_anything_runs(
    project: Project, spoil: object, message: str
) -> None:
    spoil(project.submissions / "steady")  # type: ignore[operator]

    with pytest.raises(ConfigurationError, match=message):
        groups(project, "mine", "theirs")


# As it is typed


def typed(project: Project, *arguments: object) -> Result:
    """Evaluate by a meter that resolves every session."""
    trace = project.root / "trace.json"
    trace.write_text('{"watts": [[1, 5]]}', encoding="utf-8")
    entries = (project.submissions / "mine", project.submissions / "theirs")
    words = ("evaluate", *entries, "--meter", f"replay:{trace}", *arguments)
    return CliRunner().invoke(
        app, [str(word) for word in words], env={"HARNESS_ROOT": str(project.root)}
    )


def two_rounds(project: Project, control_spread: str) -> None:
    text = project.rules_file.read_text(encoding="utf-8")
    text = text.replace("looks = [1]", "looks = [2]")
    text = text.replace("control_spread = 100.0", f"control_spread = {control_spread}")
    project.rules_file.write_text(text, encoding="utf-8")


def test_a_steady_control_is_told_on_a_line_of_its_own(project: Project) -> None:
    two_rounds(project, "100.0")

    result = typed(project)

    assert result.exit_code == 0, result.stderr
    (line,) = [line for line in result.stdout.splitlines() if line.startswith("control ")]
    assert line.split()[1:5] == ["steady:", "held", "steady,", "varying"]
    assert result.stdout.index("mine on") < result.stdout.index("theirs on")
    assert len(list(project.results.glob("*/*/*.local.json"))) == 3
    assert not list(project.results.glob(".*"))


@pytest.mark.parametrize(("protocol", "code"), [("quick", 0), ("official", 3)])
def test_a_void_campaign_is_kept_warned_of_and_officially_a_failure_of_the_organisers(
    project: Project, protocol: str, code: int
) -> None:
    two_rounds(project, "1e-12")

    result = typed(project, "--json", "--protocol", protocol, "--profile", "unregistered")

    assert result.exit_code == code, result.stderr
    document = json.loads(result.stdout)
    assert [each["summary"]["entry"] for each in document["results"]] == ["mine", "theirs"]
    assert [each["summary"]["entry"] for each in document["controls"]] == ["steady"]
    for each in (*document["results"], *document["controls"]):
        assert each["summary"]["status"] == "completed"
        assert each["record"]["campaign"]["void"].startswith("the energy of the control steady")
        assert "void-campaign" in {notice["code"] for notice in each["summary"]["warnings"]}
    board = CliRunner().invoke(
        app, ["leaderboard", "--json"], env={"HARNESS_ROOT": str(project.root)}
    )
    shown = json.loads(board.stdout)
    assert shown["boards"] == []
    assert all("its campaign is void" in problem["message"] for problem in shown["problems"])
    assert len(shown["problems"]) == 3
