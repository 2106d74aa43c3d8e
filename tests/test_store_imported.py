"""Claims of other tools: what is taken, what is refused and how, where it is kept."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from export_samples import classified_plain, rich_plain, subject
from hypothesis import given, settings
from hypothesis import strategies as st
from imported_samples import DATA_SET, TASK, board, document, result, row, table
from site_samples import small
from typer.testing import CliRunner

from harness.cli.app import app
from harness.errors import OrganiserError
from harness.export import challenge_2025, codecarbon
from harness.export.formats import FORMATS, export
from harness.records.base import convert, pretty_json
from harness.records.evaluation import EvaluationRecord
from harness.records.imported import ClaimedMetric, ImportedResult, ImportSource
from harness.site.render import render
from harness.store import imported as store
from harness.store.files import write_once
from harness.store.import_2025 import read_2025
from harness.store.import_codecarbon import read_codecarbon
from harness.store.import_faults import ImportFault
from harness.store.imported import (
    imported_boards,
    imported_path,
    read_imported,
    without_repeated,
    write_imported,
)

CHECKOUT = Path(__file__).parents[1]
runner = CliRunner()


def of_table(content: bytes) -> tuple[list[ImportedResult], list[ImportFault]]:
    return read_codecarbon(content, "emissions.csv", "ab" * 32, task=TASK, team=None, name=None)


def of_json(content: bytes, task: str | None = None) -> tuple[list[Any], list[ImportFault]]:
    find = {DATA_SET: TASK}.get
    return read_2025(
        content, "result.json", "ab" * 32, find_task=find, task=task, team=None, name=None
    )


# What is taken


def test_a_table_is_taken_as_claimed() -> None:
    (made,), faults = of_table(table())
    assert not faults
    assert (made.energy.value, made.energy.unit, made.energy.joules) == (0.0005, "kWh", 1800.0)
    assert made.carbon is not None
    assert (made.carbon.value, made.carbon.unit) == (0.0002, "kg")
    assert (made.name, made.team, made.run_id) == ("a-project", None, "run-1")
    assert made.source.row == 2
    assert (made.tool, made.accelerator) == ("codecarbon 2.8.2", None)


def test_a_result_of_2025_is_taken_as_claimed() -> None:
    (made,), faults = of_json(json.dumps(document()).encode())
    assert not faults
    assert (made.task, made.name, made.team) == (TASK, "a-space", "A user")
    assert (made.energy.value, made.energy.unit, made.energy.joules) == (0.5, "Wh", 1800.0)
    assert [(each.name, each.value) for each in made.quality] == [("accuracy", 0.75)]


def test_a_list_of_results_and_those_of_images_are_taken() -> None:
    image = document()
    del image["accuracy"]
    image |= {"classification_accuracy": 0.9, "classification_recall": 0.8, "mean_iou": 0.4}
    image["emissions_data"]["run_id"] = "run-2"
    made, faults = of_json(json.dumps([document(), image]).encode())
    assert not faults
    assert [each.source.row for each in made] == [1, 2]
    assert [each.name for each in made[1].quality] == ["accuracy", "recall", "mean_iou"]


def test_what_was_not_claimed_stays_absent() -> None:
    bare = {**row(), "emissions": "", "cpu_energy": "", "ram_energy": "", "cpu_model": ""}
    (made,), faults = of_table(table(bare))
    assert not faults
    assert made.carbon is None
    assert made.processor is None


def test_what_is_exported_comes_back() -> None:
    made = subject()
    taken, faults = of_table(codecarbon.render(made))
    assert not faults
    joules = [each.energy.joules for each in taken]
    assert sum(joules) == pytest.approx(sum(made.joules.values()))
    assert [each.seconds for each in taken] == [4.0, 4.0]

    (one,), faults = of_json(challenge_2025.render(made), TASK)
    assert not faults
    scale = made.record.data.items / made.queries
    assert one.energy.joules == pytest.approx(sum(made.joules.values()) * scale)
    assert {each.name: each.value for each in one.quality} == {
        "accuracy": 0.8, "precision": 0.7, "recall": 0.6, "mean_iou": 0.5,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("texts", "name"),
    [
        ({"space_url": None, "model_description": "First line\nsecond line"}, "First line"),
        ({"space_url": "https://example.org/@greens"}, "A baseline"),
        ({"space_url": "https://example.org/ "}, "example.org"),
        ({"space_url": "https://example.org/@greens", "model_description": "a\n\tb"}, "a"),
        ({"space_url": None, "model_description": "  =1\nb"}, "run-1"),
        ({"space_url": None, "model_description": None}, "run-1"),
    ],
)
def test_a_result_is_called_what_a_table_can_show(
    texts: dict[str, Any], name: str, tmp_path: Path
) -> None:
    made, faults = of_json(json.dumps({**document(), **texts}).encode())
    assert not faults
    assert [each.name for each in made] == [name]
    write_imported(tmp_path, made)
    assert read_imported(tmp_path)[1] == ()


ODD_TEXTS = st.text(alphabet="a/@=-+ \n\t\u2003\u200b\x00é", max_size=12) | st.sampled_from(
    ["x" * 100, "x" * 101, "x" * 1_990, "x" * 2_000, "x" * 2_001]
)


@given(st.data())
@settings(max_examples=150)
def test_what_is_imported_can_be_read(data: st.DataObject) -> None:
    """Whatever is derived from fields that are right is right itself, or a fault."""
    claim, cells = document(), row()
    for table_of, fields in (
        (claim, ("username", "space_url", "model_description", "submission_timestamp")),
        (claim["emissions_data"], ("run_id", "cpu_model", "codecarbon_version", "tracking_mode")),
        (cells, ("project_name", "codecarbon_version", "cpu_model", "run_id")),
    ):
        for field in data.draw(st.lists(st.sampled_from(fields), max_size=2)):
            table_of[field] = data.draw(ODD_TEXTS)
    with TemporaryDirectory() as folder:
        for made, faults in (of_json(json.dumps(claim).encode()), of_table(table(cells))):
            if not faults:
                write_imported(Path(folder), made)
        assert read_imported(Path(folder))[1] == ()


def test_a_version_is_not_as_long_as_a_text() -> None:
    claim = document()
    claim["emissions_data"]["codecarbon_version"] = "9" * 1_995
    _, faults = of_json(json.dumps(claim).encode())
    (said,) = map(str, faults)
    assert "emissions_data.codecarbon_version: has 1,995 characters, and 100 are the most" in said
    _, faults = of_table(table(row(codecarbon_version="9" * 101)))
    assert [each.field for each in faults] == ["codecarbon_version"]


@pytest.mark.parametrize("demonstration", [True, False])
@pytest.mark.parametrize(
    ("description", "whole"),
    [
        ("x" * 1966, {True, False}), ("x" * 2000, {False}), ("- Fast.\n- Small.", {True, False}),
        ("-" + "x" * 1999, set()), ("\t=1", {True, False}),
    ],
)  # fmt: skip
def test_any_description_that_an_entry_may_have_comes_back(
    description: str, whole: set[bool], *, demonstration: bool
) -> None:
    plain = rich_plain()
    plain["demonstration"] = demonstration
    plain["submission"] |= {"description": description, "team": "@home"}
    made, form = subject(convert(plain, EvaluationRecord, "a sample")), FORMATS["challenge-2025"]
    (one,), faults = of_json(export(made, form), TASK)
    assert not faults
    assert one.team == "'@home"
    told = {each.field: each.kind for each in form.losses(made)}
    if demonstration in whole:
        assert one.description.endswith(description)
        assert "submission.description" not in told
    else:
        assert len(one.description) == 2000
        assert one.description.endswith("x…")
        assert told["submission.description"] == "reduced"


def test_of_images_without_boxes_the_metrics_of_2025_come_back() -> None:
    made = subject(convert(classified_plain(), EvaluationRecord, "of images"))
    reply = json.loads(export(made, FORMATS["challenge-2025"]))
    assert reply["api_route"] == "/image"
    assert reply["mean_iou"] is None
    (one,), faults = of_json(challenge_2025.render(made), TASK)
    assert not faults
    assert {each.name: each.value for each in one.quality} == {
        "accuracy": 0.8, "precision": 0.7, "recall": 0.6,
    }  # fmt: skip


# What is refused


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"energy_consumed": "nan"}, "energy_consumed", "is not finite"),
        ({"energy_consumed": "-inf"}, "energy_consumed", "is not finite"),
        ({"energy_consumed": "1e999"}, "energy_consumed", "is not finite"),
        ({"energy_consumed": -0.1}, "energy_consumed", "is negative"),
        ({"energy_consumed": "0,5"}, "energy_consumed", "is no number"),
        ({"energy_consumed": "0.5 kWh"}, "energy_consumed", "is no number"),
        ({"energy_consumed": "1" * 200}, "energy_consumed", "is no number"),
        ({"energy_consumed": "0.000\u0665"}, "energy_consumed", "is no number"),
        ({"energy_consumed": ""}, "energy_consumed", "is missing"),
        ({"energy_consumed": 0}, "energy_consumed", "is 0"),
        ({"energy_consumed": 1e30}, "energy_consumed", "is more than"),
        ({"energy_consumed": 0.5, "emissions": ""}, "energy_consumed", "factor 1000"),
        ({"energy_consumed": 0.5, "cpu_energy": 0.4, "ram_energy": 0.1}, "energy_consumed",
         "comes to 1.44e+05 W"),
        ({"energy_consumed": 0.5, "duration": 1e5, "cpu_energy": 0.5}, "energy_consumed",
         "less than any grid"),
        ({"emissions": 0.2}, "emissions", "grams where kilograms belong"),
        ({"energy_consumed": 0.5, "duration": 1e5, "cpu_energy": 0.5}, "energy_consumed",
         "is too much for emissions, which come to 0.0004 kg a kilowatt-hour of it"),
        ({"emissions": "1e12", "energy_consumed": "1e-320", "cpu_energy": "", "ram_energy": ""},
         "emissions", "come to more kg than can be counted a kilowatt-hour of energy_consumed"),
        ({"duration": "1e-320"}, "energy_consumed",
         "comes to more W than can be counted on average"),
        ({"duration": -1}, "duration", "is negative"),
        ({"cpu_power": "inf"}, "cpu_power", "is not finite"),
        ({"run_id": ""}, "run_id", "is missing"),
        ({"project_name": "=1+1"}, "project_name", "begins like a formula"),
        ({"cpu_model": "@SUM(A1)"}, "cpu_model", "begins like a formula"),
        ({"cpu_model": "\uff1d1"}, "cpu_model", "begins like a formula"),
        ({"cpu_model": "a\x1b[31mb"}, "cpu_model", "control characters"),
        ({"cpu_model": "a\u202eb"}, "cpu_model", "control characters"),
        ({"cpu_model": "x" * 5000}, "cpu_model", "5,000 characters"),
        ({"timestamp": " "}, "timestamp", "is blank"),
    ],
)  # fmt: skip
def test_a_wrong_cell_is_named(changes: dict[str, Any], field: str, said: str) -> None:
    _, faults = of_table(table(row(run_id="run-0"), row(**changes)))
    assert {(f.row, f.field) for f in faults if said in f.message} == {(3, field)}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xef\xbb\xbf" + table(), "byte order mark"),
        (table(delimiter=";"), "separated by semicolons"),
        (table(delimiter="\t"), "separated by tabs"),
        (table().replace(b"A processor", b"A \xff"), "is not UTF-8 at byte"),
        (table().replace(b"A processor", b"A\0"), "holds a zero byte"),
        (b"", "is missing: codecarbon"),
        (table().splitlines()[0], "holds no row"),
        (table().replace(b"run_id", b"rum_id", 1), "run_id: is missing"),
        (table().replace(b"gpu_power", b"cpu_power", 1), "stands twice"),
        (table() + b"1,2,3\n", "has 3 cells"),
        (table() + b'"open', "is no table"),
        (table() + b"x" * 200_000, "is no table"),
        (table().splitlines()[0] + b"\n" + table().splitlines()[1] + b"\n" * 3, None),
    ],
)
def test_a_file_that_is_no_such_table_is_refused(content: bytes, said: str | None) -> None:
    _, faults = of_table(content)
    if said is None:
        assert not faults
    else:
        assert any(said in str(fault) for fault in faults)


def test_a_table_of_too_many_rows_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.store.import_codecarbon.MOST_ROWS", 2)
    _, faults = of_table(table(*(row(run_id=f"run-{n}") for n in range(3))))
    assert [fault.message for fault in faults] == ["has more than 2 rows"]


@pytest.mark.timeout(60)
def test_a_table_of_very_many_columns_is_refused_in_a_moment() -> None:
    columns = ",".join(map(str, range(500_000))).encode()  # half of what a file may be large
    _, faults = of_table(columns + b",7\n")
    assert str(faults[0]) == "emissions.csv: row 1: '7': stands twice in the first row"


def spoilt(change: Callable[[Any], Any]) -> bytes:
    made = document()
    change(made)
    return json.dumps(made).encode()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{", "not valid JSON"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a": 1, "a": 2}', "stands twice"),
        (b'{"accuracy": NaN}', "NaN"),
        (b'{"accuracy": ' + b"9" * 5000 + b"}", "JSON: a number with thousands of digits"),
        (b"\xff", "not valid JSON"),
        (b"\xef\xbb\xbf{}", "byte order mark"),
        (b"[]", "holds 0 documents"),
        (b"[1]", "row 1: is no object"),
        (b"{}", "energy_consumed_wh: is missing"),
        (spoilt(lambda d: d.update(accuracy=75)), "accuracy: is more than 1"),
        (spoilt(lambda d: d.update(accuracy=-0.1)), "accuracy: is negative"),
        (spoilt(lambda d: d.update(accuracy=None)), "accuracy: is missing"),
        (spoilt(lambda d: d.update(accuracy=True)), "accuracy: is no number"),
        (spoilt(lambda d: d.update(classification_accuracy=0.7)), "claimed twice"),
        (spoilt(lambda d: d.update(extra=1)), "is no field of the format"),
        (spoilt(lambda d: d.update(energy_consumed_wh=500)), "factor 1000"),
        (spoilt(lambda d: d.update(emissions_gco2eq=200)), "factor 1000"),
        (spoilt(lambda d: d.update(energy_consumed_wh=50)), "differ by more than 1%"),
        (spoilt(lambda d: d.update(energy_consumed_wh=5e5)), "differ by more than 1%"),
        (spoilt(lambda d: d.update(energy_consumed_wh=0.51)), "differ by more than 1%"),
        (spoilt(lambda d: d.update(emissions_gco2eq=5e8)),
         "emissions_gco2eq: says 5e+08 g, and emissions_data.emissions 0.0002 kg"),
        (spoilt(lambda d: (d.update(emissions_gco2eq=5e8), d["emissions_data"].pop("emissions"))),
         "of energy_consumed_wh, more than any grid: milligrams where grams belong"),
        (spoilt(lambda d: d.update(emissions_gco2eq=0)), "differ by more than 1%"),
        (spoilt(lambda d: (d["emissions_data"].update(energy_consumed=500), d.update(
            energy_consumed_wh=5e5))), "energy_consumed_wh: comes to 1.44e+08 W on average"),
        (spoilt(lambda d: d.update(energy_consumed_wh=10**400)), "is not finite"),
        (spoilt(lambda d: d.update(username=["x"])), "username: is no text"),
        (spoilt(lambda d: d.update(username="=1")), "begins like a formula"),
        (spoilt(lambda d: d.update(emissions_data=[])), "emissions_data: is no object"),
        (spoilt(lambda d: d["emissions_data"].pop("run_id")), "run_id: is missing"),
        (spoilt(lambda d: d["emissions_data"].update(cpu_energy=0.4, ram_energy=0.1)),
         "cpu_energy + gpu_energy + ram_energy are 0.5"),
        (spoilt(lambda d: d.pop("submission_timestamp")), "submission_timestamp: is missing"),
        (spoilt(lambda d: d["dataset_config"].update(dataset_name="else/where")),
         "is of no task here: name one with --task"),
        (spoilt(lambda d: d["dataset_config"].pop("dataset_name")),
         "nothing else says which task: name one with --task"),
    ],
)  # fmt: skip
def test_a_wrong_document_is_refused(content: bytes, said: str) -> None:
    made, faults = of_json(content)
    assert any(said in str(fault) for fault in faults), [str(fault) for fault in faults]
    assert made == []


def test_a_figure_that_was_rounded_in_one_unit_is_taken() -> None:
    made = document()
    made |= {"energy_consumed_wh": 0.503, "emissions_gco2eq": 0.199}
    assert of_json(json.dumps(made).encode())[1] == []
    made |= {"emissions_gco2eq": 0}
    made["emissions_data"]["emissions"] = 0
    assert of_json(json.dumps(made).encode())[1] == []


def test_every_fault_is_named_at_once() -> None:
    _, faults = of_table(table(row(energy_consumed="x", duration=-1), row(emissions="nan")))
    assert [(fault.row, fault.field) for fault in faults] == [
        (2, "energy_consumed"), (2, "duration"), (3, "emissions"),
    ]  # fmt: skip


def test_a_run_that_is_claimed_twice_is_found() -> None:
    other = result(seconds=1.0, team="Others")
    ((file, row, field, told, claim),) = without_repeated([result(), other], ())[1]
    assert (file, row, field, claim) == ("result.json", 1, "run_id", "")
    assert told == "was claimed before, in result.json, row 1, with other team, seconds"
    assert without_repeated([result(), result()], ()) == ([result(), result()], [])


def test_one_run_for_two_tasks_is_refused() -> None:
    kept = board(result()).entries
    (fault,) = without_repeated([result(task="another")], kept)[1]
    assert "was claimed before for the task some-task, in result.json, row 1" in fault.message


def test_the_same_claim_in_another_file_is_there_already() -> None:
    elsewhere = result(source=ImportSource(file="copy.json", sha256="cd" * 32, row=7))
    assert without_repeated([elsewhere], board(result()).entries) == ([result()], [])


# Where it is kept


def test_claims_are_kept_once_and_read_back(tmp_path: Path) -> None:
    assert write_imported(tmp_path, [result()]) == [(imported_path(result()), True)]
    assert write_imported(tmp_path, [result()]) == [(imported_path(result()), False)]
    (read,), problems = read_imported(tmp_path)
    assert not problems
    assert (read.result, read.joules) == (result(), 1800.0)


def test_all_are_written_or_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = write_once

    def failing(path: Path, content: bytes) -> bool:
        if list(tmp_path.glob("*/*.json")):
            raise OrganiserError("the disk is full")
        return real(path, content)

    monkeypatch.setattr(store, "write_once", failing)
    with pytest.raises(OrganiserError):
        write_imported(tmp_path, [result(), result(run_id="run-2")])
    assert list(tmp_path.glob("*/*.json")) == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda text: text.replace('"A user"', '"Another"'), "altered"),
        (lambda text: text.replace('"schema": 1', '"schema": 2'), "schema-version"),
        (lambda text: text.replace("{", "", 1), "not-json"),
        (lambda text: text.replace('"row"', '"line"'), "fields"),
        (lambda text: text.replace("0.75", "-1.0"), "fields"),
        (lambda text: text.replace('"A user"', '"=1"'), "fields"),
        (lambda text: text.replace('"some-task"', '"../x"'), "fields"),
        (lambda text: text.replace('"accuracy"', f'"{"x" * 5000}"'), "fields"),
        (lambda text: text.replace("0.75", "7e11"), "fields"),
        (lambda text: text.replace("0.75", "1.01"), "fields"),
        (lambda text: text.replace('"energy_consumed_wh"', '"=1"'), "fields"),
        (lambda text: text.replace('"emissions_gco2eq"', '" "'), "fields"),
        (lambda text: text.replace('"result.json"', '"a\\u001b"'), "fields"),
        (lambda text: text.replace("ab" * 32, "ab"), "fields"),
        (lambda text: text.replace('"row": 1', '"row": 0'), "fields"),
        (lambda text: text.replace('"row": 1', f'"row": {2**70}'), "fields"),
    ],
)
def test_a_damaged_claim_is_a_problem_and_hides_nothing(
    change: Callable[[str], str], code: str, tmp_path: Path
) -> None:
    write_imported(tmp_path, [result(), result(run_id="run-2")])
    path = tmp_path / imported_path(result())
    changed = change(path.read_text())
    assert changed != path.read_text()
    path.write_text(changed)
    read, problems = read_imported(tmp_path)
    assert [each.result.run_id for each in read] == ["run-2"]
    assert [each.code for each in problems] == [code]


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / TASK).mkdir()
    (tmp_path / TASK / "x.json").symlink_to("/dev/zero")
    assert [each.code for each in read_imported(tmp_path)[1]] == ["symlink"]


# How it is shown


def test_claims_stand_on_a_board_of_their_own_without_ranks(tmp_path: Path) -> None:
    write_imported(tmp_path, [result(name="z"), result(name="a", run_id="2", task="another")])
    boards = imported_boards(read_imported(tmp_path)[0], lambda task: task.title())
    assert [(each.task, each.task_title) for each in boards] == [
        ("another", "Another"), (TASK, "Some-Task"),
    ]  # fmt: skip
    assert "rank" not in pretty_json(boards).decode()


@pytest.mark.parametrize(("name", "said"), [
    ("index.html", "Imported, not measured here"), ("fr/index.html", "Importés, non mesurés ici"),
])  # fmt: skip
def test_the_page_says_that_they_are_not_measured(name: str, said: str) -> None:
    from msgspec.structs import replace  # noqa: PLC0415 - of this test alone

    shown = replace(small(), imported=(board(result(name="<b>x</b>", team=None)),))
    page = render(shown)[name].decode()
    assert said in page
    assert "&lt;b&gt;x&lt;/b&gt;" in page
    assert said not in render(small())[name].decode()


def test_a_metric_is_shown_as_a_strangers_text_and_shortened() -> None:
    from msgspec.structs import replace  # noqa: PLC0415 - of this test alone

    metric = ClaimedMetric(name="<i>" + "x" * 5000, value=0.5)
    shown = replace(small(), imported=(board(result(quality=(metric,))),))
    page = render(shown)["index.html"].decode()
    assert "<bdi>&lt;i&gt;x" in page
    assert "x" * 100 not in page


def test_a_long_list_of_claims_is_cut_and_counted() -> None:
    from msgspec.structs import replace  # noqa: PLC0415 - of this test alone

    many = board(*(result(run_id=str(n)) for n in range(203)))
    page = render(replace(small(), imported=(many,)))["index.html"].decode()
    assert "And 3 more claims, in boards.json." in page


# The command


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "project"
    (root / "leaderboard").mkdir(parents=True)
    rules = (CHECKOUT / "leaderboard" / "rules.toml").read_bytes()
    (root / "leaderboard" / "rules.toml").write_bytes(rules)
    task = root / "tasks" / "climate-disinformation"
    task.mkdir(parents=True)
    card = CHECKOUT / "tasks" / "climate-disinformation" / "task.toml"
    (task / "task.toml").write_bytes(card.read_bytes())
    monkeypatch.setenv("HARNESS_ROOT", str(root))
    monkeypatch.chdir(tmp_path)
    return root


def test_a_result_finds_its_task_by_its_data_set_and_is_shown(
    project: Path, tmp_path: Path
) -> None:
    made = document()
    made["dataset_config"]["dataset_name"] = "QuotaClimat/frugalaichallenge-text-train"
    (tmp_path / "r.json").write_text(json.dumps(made))

    taken = runner.invoke(app, ["import", "r.json", "--format", "challenge-2025", "--json"])
    assert taken.exit_code == 0, taken.output
    (told,) = json.loads(taken.stdout)["imported"]
    assert told["new"]
    assert (project / "leaderboard" / "imported" / told["path"]).is_file()

    shown = runner.invoke(app, ["leaderboard", "--json", "--processes", "1"])
    assert shown.exit_code == 0, shown.output
    (found,) = json.loads(shown.stdout)["imported"]
    assert found["task_title"] == "Climate disinformation in text"
    page = project / "leaderboard" / "site" / "index.html"
    assert "a-space" in page.read_text(encoding="utf-8")
    again = runner.invoke(app, ["leaderboard"])
    assert "1 imported, self-reported, not ranked" in again.stdout


def test_a_claim_that_comes_later_is_not_taken_for_nothing_new(
    project: Path, tmp_path: Path
) -> None:
    assert runner.invoke(app, ["leaderboard", "--processes", "1"]).exit_code == 0
    (tmp_path / "e.csv").write_bytes(table())
    arguments = ["e.csv", "--format", "codecarbon", "--task", "climate-disinformation"]
    assert runner.invoke(app, ["import", *arguments, "--team", "The Greens"]).exit_code == 0
    assert runner.invoke(app, ["leaderboard", "--processes", "1"]).exit_code == 0
    page = project / "leaderboard" / "site" / "index.html"
    assert "The Greens" in page.read_text(encoding="utf-8")


@pytest.mark.usefixtures("project")
def test_nothing_is_imported_where_one_of_several_files_is_wrong(
    project: Path, tmp_path: Path
) -> None:
    (tmp_path / "good.csv").write_bytes(table())
    (tmp_path / "bad.csv").write_bytes(
        table(row(run_id="2", emissions="x"), row(run_id="3", duration=-1))
    )
    (tmp_path / "big.csv").write_bytes(b"x" * (10 * 2**20 + 1))
    files = ["good.csv", "bad.csv", "gone.csv", "big.csv"]

    made = runner.invoke(
        app, ["import", *files, "--format", "codecarbon", "--task", "climate-disinformation"]
    )

    assert made.exit_code == 2
    for said in ("4 faults", "bad.csv: row 2: emissions", "bad.csv: row 3: duration",
                 "gone.csv: does not exist", "big.csv: is larger than 10 MiB"):  # fmt: skip
        assert said in made.stderr
    assert not (project / "leaderboard" / "imported").exists()


def test_a_run_that_was_imported_with_other_figures_is_refused(
    project: Path, tmp_path: Path
) -> None:
    arguments = ["import", "e.csv", "--format", "codecarbon", "--task", "climate-disinformation"]
    (tmp_path / "e.csv").write_bytes(table())
    assert runner.invoke(app, arguments).exit_code == 0
    assert runner.invoke(app, arguments).exit_code == 0
    (tmp_path / "e.csv").write_bytes(table(row(duration=13)))
    made = runner.invoke(app, arguments)
    assert made.exit_code == 2
    assert "run_id: was claimed before, in e.csv, row 2, with other seconds" in made.stderr
    (kept,) = (project / "leaderboard/imported").rglob("*.json")
    assert "correct the files where they come from, or their names" in made.stderr
    assert f"is wrong, remove {kept.relative_to(project)}, and import them again" in made.stderr
    kept.unlink()
    assert runner.invoke(app, arguments).exit_code == 0


def test_a_table_that_has_grown_and_a_copy_add_what_is_new(project: Path, tmp_path: Path) -> None:
    arguments = ["--format", "codecarbon", "--task", "climate-disinformation"]
    first, second = row(), row(run_id="run-2")
    (tmp_path / "e.csv").write_bytes(table(first))
    (tmp_path / "copy.csv").write_bytes(table(second, first))
    said = []
    for name in ("e.csv", "e.csv", "copy.csv"):
        made = runner.invoke(app, ["import", name, *arguments])
        assert made.exit_code == 0, made.output
        said.append(made.stderr.split(";")[0])
        (tmp_path / "e.csv").write_bytes(table(first, second))
    assert said == [
        "imported 1", "imported 1, 1 was there already", "imported 0, 2 were there already",
    ]  # fmt: skip
    assert len(list((project / "leaderboard" / "imported").glob("*/*.json"))) == 2


@pytest.mark.usefixtures("project")
def test_a_result_of_no_task_is_mended_by_naming_one(tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text(json.dumps(document()))
    arguments = ["import", "r.json", "--format", "challenge-2025"]
    made = runner.invoke(app, arguments)
    assert made.exit_code == 2
    assert "fix: name the task with --task, one of climate-disinformation" in made.stderr
    assert runner.invoke(app, [*arguments, "--task", "climate-disinformation"]).exit_code == 0


@pytest.mark.usefixtures("project")
def test_of_very_many_faults_the_first_are_shown_and_the_others_counted(tmp_path: Path) -> None:
    content = json.dumps({f"key-{number}": 0 for number in range(5_000)})
    (tmp_path / "r.json").write_text(content)
    made = runner.invoke(app, ["import", "r.json", "--format", "challenge-2025"])
    assert made.exit_code == 2
    assert "error: nothing was imported: 5,008 faults:\n" in made.stderr
    assert made.stderr.count("is no field of the format") == 100
    assert "\n  and 4,908 more\n" in made.stderr


@pytest.mark.usefixtures("project")
def test_a_file_whose_name_could_not_be_kept_is_refused(tmp_path: Path) -> None:
    (tmp_path / "@e.csv").write_bytes(table())
    arguments = ["@e.csv", "--format", "codecarbon", "--task", "climate-disinformation"]
    made = runner.invoke(app, ["import", *arguments])
    assert made.exit_code == 2
    assert "the name of the file begins like a formula" in made.stderr


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("form", ["codecarbon", "challenge-2025"])
def test_files_that_hold_nothing_are_told_of_before_a_task_is_asked_for(
    form: str, tmp_path: Path
) -> None:
    (tmp_path / "empty").write_bytes(b"\n")
    os.mkfifo(tmp_path / "pipe")
    files = [str(tmp_path / each) for each in ("gone", "empty", "pipe")]
    made = runner.invoke(app, ["import", *files, "--format", form])
    assert made.exit_code == 2
    for file, found in zip(files, ("does not exist", "is empty", "is not a file"), strict=True):
        assert f"{file}: {found}" in made.stderr
    assert "--task" not in made.stderr
    assert "fix: correct the files where they come from, or their names" in made.stderr


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--format", "codecarbon"], "e.csv: codecarbon's table does not say which task"),
        (["--format", "codecarbon"], "fix: name the task with --task, one of climate-"),
        (["--format", "codecarbon", "--task", "weather"], "there is no task"),
        (["--format", "codecarbon", "--task", "climate-disinformation", "--team", "=1"],
         "--team: begins like a formula"),
    ],
)  # fmt: skip
def test_what_is_asked_wrongly_is_said(arguments: list[str], said: str, tmp_path: Path) -> None:
    (tmp_path / "e.csv").write_bytes(table())
    made = runner.invoke(app, ["import", "e.csv", *arguments])
    assert made.exit_code == 2
    assert said in made.stderr
