"""``data list``, ``fetch``, ``verify`` and ``import``, as they are typed.

Fetching itself, over the network, is in ``test_tasks_fetching``.
"""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from command_line import run
from projects import temporary_folder, write_entry, write_project
from sandboxes import working
from toy_task import COMMIT, HUB, images, texts, write_parquet, write_task
from typer.testing import CliRunner

from harness.cli.app import app
from harness.cli.data import _agree
from harness.cli.terminal.progress import ProgressLine
from harness.errors import UsageError
from harness.tasks.card import read_card
from harness.tasks.importing import FORMS
from harness.tasks.kept import PLAN_FILE, Plan, write_plan
from harness.tasks.listing import Listing, Remote

CONVERT = """
from harness.tasks.protocol import Item

def lines(source):
    for number, line in enumerate(source.read_text().splitlines()):
        yield "test", Item(id=str(number), sample=line, label=number % 2, group="all")

CONVERTERS = {"lines": lines}
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give a project, caches of its own, and a temporary folder that a sandbox may look into."""
    with temporary_folder():
        project = write_project(tmp_path / "project", hub=HUB)
        monkeypatch.setenv("HARNESS_ROOT", str(project))
        monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
        yield project


def document(*arguments: object, code: int = 0) -> dict[str, Any]:
    result = run(*arguments, "--json")
    assert result.exit_code == code, result.output
    made: dict[str, Any] = json.loads(result.stdout)
    return made


def private_csv(folder: Path) -> Path:
    """Write ten items that the toy entry answers rightly."""
    rows = [f"item {row},{'ab'[row % 2]},group {row // 2},p{row}" for row in range(10)]
    path = folder / "private.csv"
    path.write_text("\n".join(["text,class,who,number", *rows]))
    return path


COLUMNS = ("--sample", "text", "--label", "class", "--group", "who", "--id", "number")


def test_a_private_set_is_imported_verified_and_evaluated(root: Path, tmp_path: Path) -> None:
    working("bwrap")
    folder = tmp_path / "set"
    made = document("data", "import", "toy", "csv", private_csv(tmp_path), folder, *COLUMNS)
    assert (made["set"]["test_items"], made["set"]["train_items"]) == (2, 8)

    looked = document("data", "verify", folder)
    assert looked["ok"] is True
    assert looked["task"] == "toy"
    assert looked["reference"]["digest"] == made["set"]["digest"]

    write_entry(root, "entry")
    trace = root / "trace.json"
    trace.write_text('{"watts": [[1, 5]]}', encoding="utf-8")
    entry = root / "submissions" / "entry"
    options = ("--data", folder, "--meter", f"replay:{trace}", "--isolation", "bwrap")
    summary = document("evaluate", entry, *options)["summary"]
    assert (summary["status"], summary["quality"]) == ("completed", 1.0)
    assert (summary["data_source"], summary["data_digest"]) == (
        "directory",
        made["set"]["digest"],
    )

    # What was changed since is refused, by both:
    write_parquet(folder, test=texts("test", 2))
    looked = document("data", "verify", folder, code=1)
    assert "test.parquet: has " in looked["findings"][0]["message"]
    refused = run("evaluate", entry, *options)
    assert refused.exit_code == 2
    assert "set.json says" in refused.stderr


def test_an_import_says_how_it_split_and_what_to_do_next(root: Path, tmp_path: Path) -> None:
    assert root
    folder = tmp_path / "set"
    source = private_csv(tmp_path)
    split = ("--seed", 5, "--test-share", 0.5)
    told = run("data", "import", "toy", "csv", source, folder, *COLUMNS, *split)
    assert told.exit_code == 0
    assert "by groups, seed 5, about 50% for the test" in told.stdout
    assert f"python -m harness data verify {folder}" in told.stdout
    again = run("data", "import", "toy", "csv", source, folder, *COLUMNS)
    assert (again.exit_code, "--force" in again.stderr) == (2, True)
    assert run("data", "import", "toy", "csv", source, folder, *COLUMNS, "--force").exit_code == 0


@pytest.mark.parametrize("has_groups", [True, False])
def test_groups_that_the_task_does_not_store_are_told(
    root: Path, tmp_path: Path, has_groups: bool
) -> None:
    card = root / "tasks" / "toy" / "task.toml"
    if not has_groups:
        card.write_text(card.read_text().replace('group = "source"\n', ""))
    told = run("data", "import", "toy", "csv", private_csv(tmp_path), tmp_path / "set", *COLUMNS)
    assert told.exit_code == 0
    assert ("not stored: toy has no column of groups" in told.stderr) is not has_groups


@pytest.mark.parametrize("option", [(), ("--public",)])
def test_files_that_others_have_are_imported_as_public(
    root: Path, tmp_path: Path, option: tuple[str, ...]
) -> None:
    assert root.is_dir()
    folder = tmp_path / "set"
    source = private_csv(tmp_path)
    made = document("data", "import", "toy", "csv", source, folder, *COLUMNS, *option)
    assert made["set"]["imported"]["public"] is bool(option)
    assert document("data", "verify", folder)["reference"]["public"] is bool(option)


def test_a_converter_of_the_tasks_own_is_a_format(root: Path, tmp_path: Path) -> None:
    (root / "tasks" / "toy" / "convert.py").write_text(CONVERT)
    source = tmp_path / "lines.txt"
    source.write_text("item 0\nitem 1\n")
    made = document("data", "import", "toy", "lines", source, tmp_path / "set")
    assert made["set"]["test_items"] == 2
    told = run("data", "import", "toy", "lines", source, tmp_path / "told")
    assert "split    as toy's converter of lines makes it" in told.stdout
    looked = document("data", "verify", tmp_path / "set")
    assert looked["reference"]["public"] is True  # a converter reads what others have, too
    other = document("data", "import", "toy", "line", source, tmp_path / "other", code=2)
    assert other["error"]["remedy"] == "it has: csv, jsonl, folder, lines"


@pytest.mark.parametrize(
    ("task", "offered"), [("toy", ["csv", "jsonl", "folder", "lines"]), ("no", list(FORMS))]
)
def test_a_shell_is_offered_the_formats_of_the_task(
    root: Path, monkeypatch: pytest.MonkeyPatch, task: str, offered: list[str]
) -> None:
    (root / "tasks" / "toy" / "convert.py").write_text(CONVERT)
    monkeypatch.setenv("_HARNESS_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", f"harness data import {task} ")
    monkeypatch.setenv("COMP_CWORD", "4")
    result = CliRunner().invoke(app, prog_name="harness")
    assert result.stdout.split() == offered


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (("lines", "--seed", 1), "--seed: lines is a converter"),
        (("lines", "--public"), "--public: lines is a converter"),
        (("lines", "--label", "x"), "--label: lines is a converter"),
        (("folder", "--label", "x"), "--label: a folder for each class has no columns"),
        (("csv", "--split", "part", "--test-share", 1), "--split says what is train"),
    ],
)
def test_options_that_would_have_no_effect_are_refused(
    root: Path, tmp_path: Path, options: tuple[object, ...], found: str
) -> None:
    (root / "tasks" / "toy" / "convert.py").write_text(CONVERT)
    form, *rest = options
    source = private_csv(tmp_path)
    refused = document("data", "import", "toy", form, source, tmp_path / "set", *rest, code=2)
    assert found in refused["error"]["message"]
    assert not (tmp_path / "set").exists()


def test_a_source_that_is_not_there_is_named(root: Path, tmp_path: Path) -> None:
    assert root
    refused = document("data", "import", "toy", "csv", tmp_path / "no", tmp_path / "set", code=2)
    assert refused["error"]["message"] == f"{tmp_path / 'no'}: is not there"
    os.mkfifo(tmp_path / "pipe")
    refused = document("data", "import", "toy", "csv", tmp_path / "pipe", tmp_path / "set", code=2)
    assert refused["error"]["message"] == f"{tmp_path / 'pipe'}: is neither a file nor a folder"


def test_what_is_here_is_listed_with_what_is_pinned(root: Path, tmp_path: Path) -> None:
    partial = tmp_path / "cache" / "data" / "toy" / f"org--toys@{COMMIT}.partial"
    partial.mkdir(parents=True)
    write_plan(partial, Plan(hub_id="org/toys", revision=COMMIT, files=2, bytes=2_000_000))
    (partial / "train-00000-of-00001.parquet.part").write_bytes(b"x" * 700_000)
    assert (partial / PLAN_FILE).is_file()
    (task,) = document("data", "list")["tasks"]
    assert (task["id"], task["licence"]) == ("toy", "CC0-1.0")
    assert task["hub"]["revision"] == COMMIT
    assert [(each["complete"], each["bytes"]) for each in task["here"]] == [(False, 700_000)]
    told = run("data", "list").stdout
    assert f"org/toys, pinned at {COMMIT}" in told
    assert f"{COMMIT}: half fetched, 0.7 of 2.0 MB" in told

    broken = partial.with_name(f"org--toys@{'f' * 40}")
    broken.mkdir()
    (broken / "set.json").write_text("{}")
    faults = [each["fault"] for each in document("data", "list")["tasks"][0]["here"]]
    assert faults[0] is None
    assert "set.json: Object missing required field" in faults[1]
    (partial / PLAN_FILE).write_text("{")
    faults = [each["fault"] for each in document("data", "list")["tasks"][0]["here"]]
    assert "plan.json" in faults[0]
    assert run("data", "list").exit_code == 0
    assert root.is_dir()


def test_a_folder_is_of_the_task_whose_columns_it_has(root: Path, tmp_path: Path) -> None:
    columns = 'sample = "image"\nlabel = "label"\ngroup = "scene"'
    write_task(root, task_id="tiles", modality="image", columns=columns, hub="")
    data = write_parquet(tmp_path / "data", train=texts("train", 4), test=texts("test", 3))
    told = run("data", "verify", data)
    assert told.exit_code == 0
    assert told.stdout.startswith(f"toy: {data}\n")
    assert told.stdout.endswith("nothing is wrong\n")
    (tmp_path / "empty").mkdir()
    write_parquet(tmp_path / "other", test=texts("test", 3).drop_columns(["label"]))
    for folder, found in (
        (tmp_path / "empty", "no test.parquet and no test-*.parquet"),
        (tmp_path / "other", "its columns are those of no task"),
        (tmp_path / "none", "there is no task"),
    ):
        refused = run("data", "verify", folder)
        assert (refused.exit_code, found in refused.stderr) == (2, True)
    assert run("data", "verify", data, "--data", "sample").exit_code == 2
    (tmp_path / "half.partial").mkdir()
    plan = Plan(hub_id="org/toys", revision=COMMIT, files=1, bytes=2_000_000)
    write_plan(tmp_path / "half.partial", plan)
    refused = run("data", "verify", tmp_path / "half")
    assert "is only half fetched: 0.0 of 2.0 MB are here" in refused.stderr
    write_parquet(tmp_path / "half", train=texts("train", 4), test=texts("test", 3))
    assert document("data", "verify", tmp_path / "half")["ok"]  # what is left beside it is stale


def test_the_home_of_a_user_that_there_is_not_is_no_folder(root: Path) -> None:
    assert root.is_dir()
    for asked in (("~nosuch/x",), ("toy", "--data", "~nosuch/x")):
        refused = run("data", "verify", *asked)
        assert refused.exit_code == 2
        assert "there is no" in refused.stderr


def test_the_folder_that_one_stands_in_is_a_folder_as_any_other(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert root.is_dir()
    data = write_parquet(tmp_path / "data", train=texts("train", 4), test=texts("test", 3))
    monkeypatch.chdir(data)
    assert document("data", "verify", ".")["task"] == "toy"
    assert run("data", "verify", "/").exit_code == 2


@pytest.mark.parametrize("ending", ["", ".partial"])
def test_a_pinned_set_that_is_broken_is_not_passed_over_for_the_sample(
    root: Path, tmp_path: Path, ending: str
) -> None:
    assert root.is_dir()
    assert document("data", "verify", "toy")["source"] == "sample"
    broken = tmp_path / "cache" / "data" / "toy" / f"org--toys@{COMMIT}{ending}"
    broken.mkdir(parents=True)
    (broken / ("plan.json" if ending else "set.json")).write_text("{}")
    looked = document("data", "verify", "toy", code=1)
    assert (looked["source"], looked["counts"]) == ("hub", {"load": 1})


def test_a_folder_needs_but_one_of_the_columns_that_may_hold_groups(
    root: Path, tmp_path: Path
) -> None:
    columns = 'sample = "image"\nlabel = "label"\ngroup = ["scene", "camera"]'
    write_task(root, task_id="tiles", modality="image", columns=columns, hub="")
    for group in ("scene", "camera"):
        table = images("test", 3)
        renamed = [group if name == "scene" else name for name in table.column_names]
        data = write_parquet(tmp_path / group, test=table.rename_columns(renamed))
        assert run("data", "verify", data).stdout.startswith(f"tiles: {data}\n")


def test_findings_are_printed_with_file_row_and_column_and_end_with_1(
    root: Path, tmp_path: Path
) -> None:
    assert root
    both = texts("test", 3)
    data = write_parquet(tmp_path / "data", train=both, test=both)
    told = run("data", "verify", "toy", "--data", data)
    assert told.exit_code == 1
    assert f"wrong: in-both: {data / 'train.parquet'}: row 0, column 'quote'" in told.stdout
    assert told.stdout.endswith("3 findings\n")


def listing(**more: Any) -> Listing:  # noqa: ANN401 - any field
    remote = Remote(path="data/test.parquet", bytes=5_000_000, git_sha1="0" * 40)
    known: dict[str, Any] = {
        "hub_id": "org/toys",
        "revision": COMMIT,
        "licence": "cc-by-4.0",
        "gated": False,
        "files": (("test", (remote,)),),
    }
    return Listing(**(known | more))


def test_terms_are_shown_and_need_a_word_where_nobody_can_be_asked(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    card = read_card(root / "tasks" / "toy")
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    with pytest.raises(UsageError, match=r"its licence, cc-by-4\.0 \(the task's card says CC0"):
        _agree(card, listing(), ProgressLine(None), accepted=False)
    _agree(card, listing(gated=True), ProgressLine(None), accepted=True)
    told = capsys.readouterr()
    assert told.out == ""
    assert f"org/toys at {COMMIT}\n5.0 MB in 1 file; licence: cc-by-4.0" in told.err
    assert "gated: the hub gives it to those who" in told.err


@pytest.mark.parametrize("answer", [True, False])
def test_on_a_terminal_the_licence_is_asked_for(
    root: Path, monkeypatch: pytest.MonkeyPatch, answer: bool
) -> None:
    card = read_card(root / "tasks" / "toy")
    for stream in (sys.stdin, sys.stderr):
        monkeypatch.setattr(stream, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(typer, "confirm", lambda *_, **__: answer)
    if answer:
        _agree(card, listing(), ProgressLine(None), accepted=False)
        return
    with pytest.raises(UsageError, match="nothing was fetched"):
        _agree(card, listing(), ProgressLine(None), accepted=False)
