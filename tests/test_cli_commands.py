"""``init``, ``tasks``, ``doctor`` and ``schema``, as they are typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from harness.cli.app import app
from harness.cli.diagnosing import diagnosis
from harness.cli.diagnosing.diagnosis import diagnose
from harness.errors import ConfigurationError
from harness.meters.select import SourceStatus
from harness.records.evaluation import (
    SCHEMA_VERSION,
    EvaluationRecord,
    Isolation,
    IsolationCheck,
)

ROOT = Path(__file__).parent.parent
TASKS = sorted(path.parent.name for path in ROOT.glob("tasks/*/task.toml"))
runner = CliRunner()


class Probed:
    """A sandbox of which only the probe is asked."""

    def probe(self, cores: tuple[int, ...] | None = None) -> Isolation:  # noqa: ARG002
        checks = (
            IsolationCheck(name="files", held=True, seen="no such file"),
            IsolationCheck(name="network", held=False, seen="connected", remedy="pull the plug"),
        )
        return Isolation(grade="B", method="a stand-in", checks=checks)


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagnosis, "choose", lambda *_: Probed())


@pytest.mark.parametrize(
    "task", ["chainsaw", "climate-disinformation", "deforestation", "wildfire-smoke"]
)
def test_a_new_entry_passes_check(task: str, tmp_path: Path) -> None:
    entry = tmp_path / "my-team"

    made = runner.invoke(app, ["init", str(entry), "--task", task, "--team", "The Greens"])
    checked = runner.invoke(app, ["check", str(entry), "--format", "json"])

    assert made.exit_code == 0, made.output
    assert f"python -m harness evaluate {entry}" in made.stdout
    assert 'team = "The Greens"' in (entry / "submission.toml").read_text(encoding="utf-8")
    document = json.loads(checked.stdout)
    assert (document["ok"], document["faults"]) == (True, [])


def test_the_team_is_the_entry_unless_it_is_given(tmp_path: Path) -> None:
    runner.invoke(app, ["init", str(tmp_path / "my-team"), "--task", "deforestation"])

    assert 'team = "my-team"' in (tmp_path / "my-team" / "submission.toml").read_text()


@pytest.mark.parametrize("team", ["", " "])
def test_a_team_without_a_name_is_not_taken_for_none(tmp_path: Path, team: str) -> None:
    entry = tmp_path / "my-team"
    result = runner.invoke(app, ["init", str(entry), "--task", "deforestation", "--team", team])

    assert result.exit_code == 2
    assert "--team" in result.stderr
    assert not entry.exists()


def test_init_overwrites_nothing(tmp_path: Path) -> None:
    mine = tmp_path / "my-team" / "model.py"
    mine.parent.mkdir()
    mine.write_text("mine")

    result = runner.invoke(app, ["init", str(mine.parent), "--task", "deforestation"])

    assert result.exit_code == 2
    assert "nothing is overwritten" in result.stderr
    assert mine.read_text() == "mine"


def test_init_of_an_unknown_task_names_those_there_are(tmp_path: Path) -> None:
    result = runner.invoke(app, ["init", str(tmp_path / "my-team"), "--task", "weather"])

    assert result.exit_code == 2
    assert result.stderr == (
        f'error: there is no task "weather"\nfix: name one of {", ".join(TASKS)}\n'
    )
    assert not (tmp_path / "my-team").exists()


def test_tasks_are_listed() -> None:
    result = runner.invoke(app, ["tasks", "list"])

    assert result.exit_code == 0
    listed = [line.split()[:2] for line in result.stdout.splitlines()]
    assert [task for task, _ in listed] == TASKS
    assert ["climate-disinformation", "text"] in listed
    assert ["deforestation", "image"] in listed


def test_tasks_are_listed_as_json() -> None:
    tasks = json.loads(runner.invoke(app, ["tasks", "list", "--json"]).stdout)["tasks"]

    assert [task["id"] for task in tasks] == TASKS
    by_id = {task["id"]: task for task in tasks}
    assert len(by_id["climate-disinformation"]["labels"]) == 8
    assert by_id["deforestation"]["hub"] is None


def test_a_task_is_shown_with_its_card() -> None:
    result = runner.invoke(app, ["tasks", "show", "climate-disinformation"])

    assert result.exit_code == 0
    card = (ROOT / "tasks" / "climate-disinformation" / "card.md").read_text(encoding="utf-8")
    assert result.stdout.endswith(card)
    for fact in ("one quote", "accuracy", "macro_f1", "hub@<revision>", "CC-BY-NC-4.0", "not_bad",
                 "quote (the query), label (its label), id (its identifier)"):  # fmt: skip
        assert fact in result.stdout.removesuffix(card)


def test_a_task_is_shown_as_json() -> None:
    document = json.loads(runner.invoke(app, ["tasks", "show", "deforestation", "--json"]).stdout)

    assert document["query"] == "one tile of 64 x 64 pixels"
    assert document["columns"]["sample"] == "image"
    assert document["metrics"][0] == {
        "name": "balanced_accuracy",
        "direction": "higher",
        "ranked": True,
    }
    assert document["card"].startswith("# ")


def test_a_task_without_a_card_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "tasks" / "deforestation"
    folder.mkdir(parents=True)
    (tmp_path / "leaderboard").mkdir()
    (tmp_path / "leaderboard" / "rules.toml").touch()
    source = ROOT / "tasks" / "deforestation" / "task.toml"
    (folder / "task.toml").write_bytes(source.read_bytes())
    monkeypatch.setenv("HARNESS_ROOT", str(tmp_path))

    result = runner.invoke(app, ["tasks", "show", "deforestation"])

    assert result.exit_code == 2
    assert f"{folder / 'card.md'}: cannot be read: No such file" in result.stderr


@pytest.mark.usefixtures("sandbox")
def test_the_doctor_says_what_there_is() -> None:
    result = runner.invoke(app, ["doctor", "--idle-seconds", "0"])

    assert result.exit_code == 0, result.output
    for fact in (
        "energy",
        "grade B, a stand-in",
        "network: connected",
        "fix: pull the plug",
        "version 2026.3",
        "numpy",
    ):
        assert fact in result.stdout
    assert result.stdout.endswith("Nothing that an evaluation needs is missing.\n")


@pytest.mark.usefixtures("sandbox")
def test_the_doctor_speaks_json() -> None:
    document = json.loads(runner.invoke(app, ["doctor", "--idle-seconds", "0", "--json"]).stdout)

    assert document["isolation"]["grade"] in {"A", "B"}
    assert document["rules_version"] == "2026.3"
    assert document["tasks"] == TASKS
    assert document["packages"]["msgspec"]
    assert "torch" in document["torch_extra"]
    assert document["results_disk"]["free_bytes"] > 0
    assert document["problems"] == []


def test_the_doctor_probes_a_real_sandbox() -> None:
    found = diagnose(0).isolation
    assert found is not None
    assert {check.name for check in found.checks} >= {"files", "limits", "daemons"}


@pytest.mark.usefixtures("sandbox")
def test_without_a_source_of_energy_the_doctor_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    absent = SourceStatus(name="rapl", found=False, detail="no powercap", remedy="load a module")
    monkeypatch.setattr(diagnosis, "survey", lambda _: (absent,))

    result = runner.invoke(app, ["doctor", "--idle-seconds", "0"])

    assert result.exit_code == 3
    assert "rapl: no, no powercap" in result.stdout
    assert "fix: load a module" in result.stdout
    assert "missing: no source of energy works here" in result.stdout


def test_without_isolation_the_doctor_fails_and_still_says_the_rest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def none_works(*_: object) -> Probed:
        raise ConfigurationError("isolation: bwrap: no user namespaces", remedy="allow them")

    monkeypatch.setattr(diagnosis, "choose", none_works)

    result = runner.invoke(app, ["doctor", "--idle-seconds", "0", "--json"])

    assert result.exit_code == 2
    document = json.loads(result.stdout)
    assert document["isolation"] is None
    assert document["problems"] == [
        {
            "message": "isolation: bwrap: no user namespaces",
            "remedy": "allow them",
            "exit_code": 2,
        }
    ]
    assert document["machine"]["cores"] >= 1


@pytest.mark.usefixtures("sandbox")
def test_outside_of_a_project_the_doctor_still_looks_at_the_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARNESS_ROOT", str(tmp_path))

    result = runner.invoke(app, ["doctor", "--idle-seconds", "0", "--json"])

    assert result.exit_code == 2
    document = json.loads(result.stdout)
    assert document["machine"] is not None
    assert document["root"] is None
    assert len(document["problems"]) == 1


@pytest.mark.parametrize("of", ["record", "joint"])
def test_a_published_schema_is_what_is_printed(of: str) -> None:
    result = runner.invoke(app, ["schema", "--of", of])

    assert result.exit_code == 0
    published = ROOT / "docs" / "reference" / f"{of}.schema.json"
    assert result.stdout == published.read_text(encoding="utf-8"), (
        f"python -m harness schema --of {of} --output docs/reference/{of}.schema.json"
    )
    assert of != "record" or result.stdout == runner.invoke(app, ["schema"]).stdout


def test_every_joint_file_here_is_of_the_published_schema() -> None:
    schema = json.loads((ROOT / "docs" / "reference" / "joint.schema.json").read_bytes())
    validator = Draft202012Validator(schema)
    files = sorted((ROOT / "leaderboard" / "joint").glob("*.json"))
    assert files
    for path in files:
        document = json.loads(path.read_bytes())
        assert [each.message for each in validator.iter_errors(document)] == []
        document["statistics"]["claims"].append({"winner": "a"})
        assert not validator.is_valid(document)


def test_the_schema_names_every_field_of_a_record() -> None:
    document = json.loads(runner.invoke(app, ["schema"]).stdout)

    assert document["$id"] == f"urn:frugal-ai-harness:record:{SCHEMA_VERSION}"
    record = document["$defs"]["EvaluationRecord"]
    assert set(record["properties"]) == set(EvaluationRecord.__struct_fields__)
    assert record["additionalProperties"] is False


def test_the_schema_is_written_where_it_is_asked_for(tmp_path: Path) -> None:
    result = runner.invoke(app, ["schema", "--output", str(tmp_path / "record.json")])

    assert result.exit_code == 0
    assert result.stdout == ""
    assert (tmp_path / "record.json").read_text() == runner.invoke(app, ["schema"]).stdout


def test_a_schema_for_standard_output_is_no_file_of_that_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    assert runner.invoke(app, ["schema", "--output", "-"]).stdout.startswith("{")
    assert list(tmp_path.iterdir()) == []


def test_a_schema_takes_the_place_of_a_link_and_is_not_written_astray(tmp_path: Path) -> None:
    (tmp_path / "another").write_text("mine")
    (tmp_path / "record.json").symlink_to(tmp_path / "another")

    result = runner.invoke(app, ["schema", "--output", str(tmp_path / "record.json")])

    assert result.exit_code == 0
    assert (tmp_path / "another").read_text() == "mine"
    assert not (tmp_path / "record.json").is_symlink()


def test_a_schema_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    result = runner.invoke(app, ["schema", "--output", str(tmp_path / "none" / "record.json")])

    assert result.exit_code == 2
    assert "cannot be written: No such file or directory" in result.stderr


def test_a_task_that_looks_for_an_object_says_what_an_answer_may_be() -> None:
    shown = runner.invoke(app, ["tasks", "show", "wildfire-smoke"]).stdout
    document = json.loads(runner.invoke(app, ["tasks", "show", "wildfire-smoke", "--json"]).stdout)

    assert "boxes, image_score; from a score of 0.5 on smoke; at most 16 boxes" in shown
    assert "annotations (its boxes: class x_center y_center width height, one a line)" in shown
    assert "scene or camera (the group it belongs to)" in shown
    assert document["max_boxes"] == 16
    assert document["detection"] == {"positive": "smoke", "least_score": 0.5, "least_overlap": 0.5}
