"""From an entry to the page, as it is typed; and every bad input on the way."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pytest
from command_line import run
from projects import ANSWERS, model_of, temporary_folder, write_entry, write_project, write_rules
from sandboxes import device
from toy_task import texts, write_parquet
from typer.testing import Result

from harness.evaluation.turn import turn
from harness.records.base import parse_json
from harness.records.evaluation import EvaluationRecord, Failed
from harness.records.session import PHASES

CHECKOUT = Path(__file__).parents[1]
SUMMARY = {
    "task", "entry", "team", "status", "stage", "blame", "message", "metric", "quality",
    "quality_interval", "queries", "joules_per_1000_queries", "joules_interval",
    "joules_uncertainty", "active_joules_per_1000_queries", "load_joules", "measured_watts",
    "seconds_per_1000_queries", "meter_grade", "isolation_grade", "data_source", "data_digest",
    "sessions", "void_sessions", "warnings", "path", "looks", "resolvable", "drift",
    "official_evaluations", "official_evaluations_allowed",
    "session_disagreement", "variant_agreement", "rebatched_agreement",
}  # fmt: skip
BOARD = {
    "task", "metric", "scenario", "data_digest", "profile", "components", "meter_grade",
    "rules_version", "status", "entries",
}  # fmt: skip
BOARD_ENTRY = {
    "rank", "entry", "team", "quality", "quality_interval", "joules_per_1000_queries",
    "joules_interval", "on_front", "front_support", "energy_class", "prizes", "verified",
    "sessions",
}  # fmt: skip


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give a project, and a temporary folder of its own."""
    with temporary_folder():
        project = write_project(tmp_path / "project")
        monkeypatch.setenv("HARNESS_ROOT", str(project))
        monkeypatch.delenv("HARNESS_POWERCAP_ROOT", raising=False)
        yield project


def replayed(root: Path) -> str:
    """Return a meter that resolves the shortest session: the model would not."""
    trace = root / "trace.json"
    trace.write_text('{"watts": [[1, 5]]}', encoding="utf-8")
    return f"replay:{trace}"


def evaluate(entry: Path, *options: object) -> Result:
    meter = replayed(entry.parents[1])
    return run("evaluate", entry, "--meter", meter, "--json", *options)


def the_record(root: Path) -> EvaluationRecord:
    """Read back the only record that was kept."""
    (path,) = records(root)
    return parse_json(path.read_bytes(), EvaluationRecord, path)


def records(root: Path) -> list[Path]:
    found = (root / "leaderboard" / "results").glob("*/*/*.json")
    return [path for path in found if not path.name.endswith(".items.json")]


def site_files(root: Path) -> dict[str, bytes]:
    """Return what is published; the page of local results is not."""
    site = root / "leaderboard" / "site"
    return {
        path.relative_to(site).as_posix(): path.read_bytes()
        for path in site.rglob("*")
        if path.is_file() and path.relative_to(site).parts[0] != "local"
    }


def test_an_evaluation_gives_its_record_and_its_summary(root: Path) -> None:
    result = evaluate(write_entry(root, "fine"), "--protocol", "official")

    assert result.exit_code == 0
    assert result.stderr.startswith("note: leaderboard/hardware holds no profile")
    assert result.stderr.count("\n") == 1
    document = json.loads(result.stdout)
    summary = document["summary"]
    assert set(document) == {"record", "summary"}
    assert set(summary) == SUMMARY
    assert (summary["task"], summary["entry"], summary["team"]) == ("toy", "fine", "The toys")
    assert (summary["status"], summary["quality"], summary["sessions"]) == ("completed", 1.0, 2)
    assert summary["stage"] is summary["blame"] is summary["message"] is None
    low, high = summary["joules_interval"]
    assert 0 < low < summary["joules_per_1000_queries"] < high
    assert all(set(warning) == {"code", "message", "remedy"} for warning in summary["warnings"])
    record = the_record(root)
    assert document["record"] == json.loads(Path(summary["path"]).read_bytes())
    assert [tuple(w.phase for w in s.phases) for s in record.sessions] == [PHASES, PHASES]
    assert summary["queries"] == sum(session.queries for session in record.sessions)


def test_what_an_entry_prints_is_kept_for_its_team_and_shown_where(root: Path) -> None:
    entry = write_entry(root, "chatty", model_of("print('\\x1b[2Jasked')\n" + ANSWERS))

    result = run("evaluate", entry, "--meter", replayed(root))

    (path,) = (root / "leaderboard" / "results").glob("*/*/*.printed.txt")
    assert str(path) in result.stdout
    assert "== session 1: " in path.read_text()
    assert "\\x1b[2Jasked" in path.read_text()
    assert "asked" not in the_record(root).sessions.__repr__() + result.stdout


def test_a_limit_of_cpu_time_is_the_entrys_fault_and_named(root: Path) -> None:
    write_rules(root, load_cpu_seconds=0.2)
    spin = "import time\nwhile time.process_time() < 9: pass"
    entry = write_entry(root, "busy", model_of(load=f"{spin}\nreturn Model()"))

    result = evaluate(entry)

    summary = json.loads(result.stdout)["summary"]
    assert result.exit_code == 1
    assert (summary["stage"], summary["blame"]) == ("load", "submission")
    assert "0.2 s are allowed (limits.load_cpu_seconds)" in summary["message"]


def cuda_entry(root: Path, predict: str) -> Path:
    entry = write_entry(root, "on-cuda", model_of(predict))
    with (entry / "submission.toml").open("a", encoding="utf-8") as manifest:
        manifest.write('\n[environment]\naccelerator = "cuda"\n')
    return entry


def test_an_entry_that_asks_for_an_accelerator_runs_only_where_one_is_metered(root: Path) -> None:
    result = evaluate(cuda_entry(root, ANSWERS))

    assert result.exit_code == 3
    error = json.loads(result.stdout)["error"]
    assert 'accelerator = "cuda", and no accelerator is metered: replay reads' in error["message"]
    assert error["remedy"]
    assert records(root) == []


def test_a_metered_accelerator_is_given_to_who_asks_for_it(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = device(tmp_path / "nvidia0")
    monkeypatch.setattr("harness.sandbox.devices.DEVICES", tmp_path)
    trace = root / "gpu.json"
    trace.write_text('{"component": "gpu", "watts": [[1, 5]]}', encoding="utf-8")
    looks = f"import os\nassert os.path.exists({str(board)!r}) == WANTED\n{ANSWERS}"
    asks = cuda_entry(root, looks.replace("WANTED", "True"))
    does_not = write_entry(root, "on-cpu", model_of(looks.replace("WANTED", "False")))

    result = run("evaluate", asks, does_not, "--meter", f"replay:{trace}", "--json")

    results = json.loads(result.stdout)["results"]
    assert [each["summary"]["message"] for each in results] == [None, None]
    board.unlink()
    assert run("evaluate", asks, "--meter", f"replay:{trace}").exit_code == 3


def test_several_entries_give_several_results(root: Path) -> None:
    write_entry(root, "fine")
    write_entry(root, "wrong", model_of("return [0] * len(samples)"))

    result = run("evaluate", root / "submissions/fine", root / "submissions/wrong", "--json")

    summaries = [each["summary"] for each in json.loads(result.stdout)["results"]]
    assert [(s["entry"], s["quality"]) for s in summaries] == [("fine", 1.0), ("wrong", 0.5)]
    assert result.exit_code == 0


def test_the_answer_is_on_one_screen(root: Path) -> None:
    result = run("evaluate", write_entry(root, "fine"), "--meter", replayed(root))

    assert result.exit_code == 0
    for part in (
        "fine on Toy", "accuracy", "J per 1,000 queries", "its parts", "simulated energy",
        "±0 % from its edges and steps", "±0 % from its scale, the same for every entry here",
        "isolation", "warning", "record", "next          python -m harness leaderboard",
    ):  # fmt: skip
        assert part in result.stdout
    assert len(result.stdout.splitlines()) <= 40


def test_modelled_work_is_headed_so(root: Path) -> None:
    result = run("evaluate", write_entry(root, "fine"), "--meter", "model")

    assert result.exit_code == 0
    assert "modelled work, not energy" in result.stdout


def test_an_official_evaluation_is_refused_below_the_grade_of_the_rules(root: Path) -> None:
    result = evaluate(write_entry(root, "fine"), "--protocol", "official", "--isolation", "none")

    assert result.exit_code == 2
    assert "isolation grade D" in result.stderr
    assert "official evaluations need A or B" in result.stderr
    assert "leave out --isolation none" in result.stderr
    assert not list((root / "leaderboard" / "results").rglob("*.json"))


@pytest.mark.parametrize(("protocol", "code"), [("official", 3), ("quick", 0)])
def test_a_machine_that_is_never_quiet_fails_what_is_official_and_marks_what_is_not(
    root: Path, protocol: str, code: int
) -> None:
    # No two runs of the reference kernel cost the same to the last digit.
    write_rules(root, kernel_change=1e-12)

    result = evaluate(write_entry(root, "fine"), "--protocol", protocol)

    assert result.exit_code == code
    record = the_record(root)
    summary = json.loads(result.stdout)["summary"]
    warnings = [warning["code"] for warning in summary["warnings"]]
    if protocol == "quick":
        assert len(record.voided) == 1
        assert "disturbed" in warnings
        assert "void-sessions" not in warnings  # one cause, one warning
        assert summary["joules_per_1000_queries"] > 0
    else:
        assert len(record.voided) == 2
        assert "void-sessions" in warnings
        assert (summary["stage"], summary["blame"]) == ("disturbance", "organiser")
        assert "session 1 was disturbed, after 1 of at most 1 repeats" in summary["message"]


def test_one_query_at_a_time_is_another_board(root: Path) -> None:
    entry = write_entry(root, "fine")
    evaluate(entry)
    evaluate(entry, "--scenario", "single")

    boards = json.loads(run("leaderboard", "--json").stdout)["boards"]

    assert sorted(board["scenario"] for board in boards) == ["offline", "single"]


def test_data_from_a_directory_is_scored_as_its_columns_say(root: Path, tmp_path: Path) -> None:
    data = write_parquet(tmp_path / "data", train=texts("train", 4), test=texts("test", 10))
    predict = "return [int(sample.split()[2][-1]) % 2 for sample in samples]"

    result = evaluate(write_entry(root, "fine", model_of(predict)), "--data", data)

    summary = json.loads(result.stdout)["summary"]
    assert result.exit_code == 0
    assert (summary["data_source"], summary["quality"]) == ("directory", 1.0)


def test_a_demonstration_becomes_a_board_with_a_page(root: Path) -> None:
    evaluate(write_entry(root, "fine"), "--demonstration", "--protocol", "official")

    made = run("leaderboard", "--json")

    assert (made.exit_code, made.stderr) == (0, "")
    document = json.loads(made.stdout)
    assert set(document) == {"boards", "imported", "problems"}
    (board,) = document["boards"]
    (entry,) = board["entries"]
    assert board.keys() >= BOARD
    assert entry.keys() >= BOARD_ENTRY
    assert (entry["entry"], entry["quality"], entry["sessions"]) == ("fine", 1.0, 2)
    assert entry["rank"] == [1, 1]  # of one entry
    assert document["problems"] == []
    assert b"The toys" in site_files(root)["index.html"]
    assert not (root / "leaderboard/site/local").exists()


def test_a_stale_page_fails_the_check(root: Path) -> None:
    evaluate(write_entry(root, "fine"), "--demonstration")
    run("leaderboard")
    assert run("leaderboard", "--check").exit_code == 0
    page = root / "leaderboard/site/index.html"
    content = page.read_bytes()
    page.write_bytes(content[:-1] + b"!")

    stale = run("leaderboard", "--check")

    assert stale.exit_code == 1
    assert f"stale: {page}" in stale.stdout
    assert page.read_bytes() == content[:-1] + b"!"  # it only looks
    page.write_bytes(content)
    gone = "some-task-offline-0badcafe.csv"
    (page.parent / gone).write_text("of a board that is no more\n")
    assert json.loads(run("leaderboard", "--check", "--json").stdout) == {
        "fresh": False, "stale": [], "left_over": [gone], "problems": [],
        "untranslated": ["leaderboard/words.fr.toml: tasks.toy: no title"],
    }  # fmt: skip


def test_a_changed_record_is_a_problem_and_on_no_board(root: Path) -> None:
    evaluate(write_entry(root, "fine"), "--demonstration")
    (path,) = records(root)
    path.write_bytes(path.read_bytes().replace(b'"value": 1.0', b'"value": 0.9'))

    result = run("leaderboard", "--json")

    document = json.loads(result.stdout)
    assert result.exit_code == 1
    assert document["boards"] == []
    assert [path.name in problem["path"] for problem in document["problems"]] == [True]


def test_local_results_change_nothing_that_is_published(root: Path) -> None:
    entry = write_entry(root, "fine")
    evaluate(entry, "--demonstration")
    run("leaderboard")
    before = site_files(root)

    evaluate(entry)
    shown = run("leaderboard", "--json")

    assert [path.name.endswith(".local.json") for path in sorted(records(root))].count(True) == 1
    assert site_files(root) == before
    assert (root / "leaderboard/site/local/index.html").is_file()
    assert run("leaderboard", "--check").exit_code == 0
    statuses = {board["status"] for board in json.loads(shown.stdout)["boards"]}
    assert "self-reported" in statuses


def test_without_a_terminal_standard_output_carries_the_document_only(root: Path) -> None:
    entry = write_entry(root, "loud", model_of(f"print('hello', flush=True)\n{ANSWERS}"))
    command = [sys.executable, "-m", "harness", "evaluate", str(entry), "--json"]
    environment = {**os.environ, "TMPDIR": tempfile.gettempdir(), "PYTHONPATH": str(CHECKOUT)}

    ended = subprocess.run(
        command, capture_output=True, cwd=root, env=environment, check=False, timeout=60
    )

    assert (ended.returncode, ended.stderr) == (0, b"")
    assert set(json.loads(ended.stdout)) == {"record", "summary"}


# What an entry may do wrong: found by check, so that nothing is run.


def test_an_entry_without_a_manifest_is_refused(root: Path) -> None:
    entry = write_entry(root, "bad")
    (entry / "submission.toml").unlink()
    refused(root, entry, "submission.toml")


def test_a_manifest_that_is_no_toml_is_refused(root: Path) -> None:
    entry = write_entry(root, "bad")
    (entry / "submission.toml").write_text("schema = = 1\n")
    refused(root, entry, "submission.toml")


def test_a_task_that_does_not_exist_is_refused(root: Path) -> None:
    refused(root, write_entry(root, "bad", task="toi"), 'no task "toi"')


def test_a_missing_model_is_refused(root: Path) -> None:
    entry = write_entry(root, "bad")
    (entry / "model.py").unlink()
    refused(root, entry, "model")


def test_a_syntax_error_is_refused(root: Path) -> None:
    refused(root, write_entry(root, "bad", "def load(directory:\n"), "model.py")


def test_an_entry_that_does_not_exist_is_refused(root: Path) -> None:
    result = evaluate(root / "submissions" / "nobody")

    assert result.exit_code == 1
    assert "does not exist" in json.loads(result.stdout)["summary"]["message"]
    assert records(root) == []


def refused(root: Path, entry: Path, fragment: str) -> None:
    """Hold that nothing was run, and that the one fault is named to people and programs."""
    told = run("evaluate", entry)
    result = evaluate(entry)

    assert (told.exit_code, result.exit_code) == (1, 1)
    assert told.stdout.count("    fix: ") == 1
    assert fragment in told.stdout
    document = json.loads(result.stdout)
    assert document["record"] is None
    assert set(document["summary"]) == SUMMARY
    assert document["summary"]["status"] == "failed"
    assert (document["summary"]["stage"], document["summary"]["blame"]) == ("check", "submission")
    assert fragment in document["summary"]["message"]
    assert records(root) == []


# What an entry may do wrong while it runs.


@dataclass(frozen=True)
class Failure:
    """A model, and what its record must say."""

    model: str
    stage: str
    fragment: str
    output: str = "index"


LAST_SCORES = "return [[0.5, 0.5]] * (len(samples) - 1) + [[0.5, float('nan')]]"
FAILURES = {
    "import-error": Failure(model_of(top="import no_such_package"), "load", "no_such_package"),
    "exception-in-load": Failure(model_of(load="raise OSError('no weights')"), "load", "weights"),
    "load-returns-nothing": Failure(model_of(load="return None"), "load", "predict"),
    "exception-in-predict": Failure(model_of("return 1 / 0"), "warm-up", "ZeroDivisionError"),
    "too-few": Failure(model_of("return [0] * (len(samples) - 1)"), "warm-up", "predictions for"),
    "too-many": Failure(model_of("return [0] * (len(samples) + 1)"), "warm-up", "predictions for"),
    "nan": Failure(model_of(LAST_SCORES), "warm-up", "is NaN", output="scores"),
    "too-narrow": Failure(model_of("return [[1.0]] * len(samples)"), "warm-up", "2", "scores"),
    "above-range": Failure(model_of("return [2] * len(samples)"), "warm-up", "is 2"),
    "below-range": Failure(model_of("return [-1] * len(samples)"), "warm-up", "is -1"),
    "wrong-type": Failure(model_of("return ['a'] * len(samples)"), "warm-up", "'a'"),
    "no-list": Failure(model_of("return None"), "warm-up", "None"),
    "out-of-memory": Failure(
        model_of("hoard = [bytearray(b'x') * 2**20 for _ in range(600)]"), "warm-up", "memory"
    ),
    "signal": Failure(
        model_of(f"import os\nos.kill(os.getpid(), {signal.SIGSEGV.value})"), "warm-up", "SIGSEGV"
    ),
    "exit": Failure(model_of("import os\nos._exit(7)"), "warm-up", "exit code 7"),
    "flood": Failure(model_of(f"print('x' * 200_000, flush=True)\n{ANSWERS}"), "warm-up", "output"),
}


@pytest.mark.parametrize("name", FAILURES)
def test_an_entry_that_fails_leaves_a_record(root: Path, name: str) -> None:
    failure = FAILURES[name]
    entry = write_entry(root, name, failure.model, output=failure.output)

    failed(root, evaluate(entry), failure.stage, failure.fragment)


def test_an_entry_that_takes_too_long_leaves_a_record(root: Path) -> None:
    rules = root / "leaderboard" / "rules.toml"
    rules.write_text(rules.read_text().replace("batch_seconds = 20", "batch_seconds = 0.2"))
    entry = write_entry(root, "slow", model_of("import time\ntime.sleep(60)"))

    failed(root, evaluate(entry), "warm-up", "0.2 s")


def test_what_was_answered_before_a_failure_is_kept(root: Path) -> None:
    predict = f"if any(sample[:7] == 'test 0 ' for sample in samples): 1 / 0\n{ANSWERS}"

    result = evaluate(write_entry(root, "late", model_of(predict)), "--scenario", "single")

    failed(root, result, "measured", "ZeroDivisionError")
    record = the_record(root)
    assert record.quality is not None
    assert record.quality.items == 6  # what was not answered is wrong; the denominator stays
    assert record.quality.answered < 6


def failed(root: Path, result: Result, stage: str, fragment: str) -> None:
    """Hold that the record, the summary and the exit code all say what the entry did."""
    summary = json.loads(result.stdout)["summary"]
    record = the_record(root)

    assert (result.exit_code, result.stderr) == (1, "")
    assert set(summary) == SUMMARY
    assert (summary["status"], summary["blame"]) == ("failed", "submission")
    assert (summary["stage"], fragment in summary["message"]) == (stage, True), summary["message"]
    assert isinstance(record.outcome, Failed)
    assert (record.outcome.stage, record.outcome.blame) == (stage, "submission")
    assert record.outcome.message == summary["message"]
    assert record.outcome.remedy


# What the organiser's side or the command line may do wrong.


def organisers_fault(root: Path, result: Result, code: int, *fragments: str) -> None:
    """Hold that one message and one remedy were given, and no record was made."""
    assert result.exit_code == code
    document = json.loads(result.stdout)
    assert set(document) == {"error"}
    assert all(fragment in document["error"]["message"] for fragment in fragments), document
    assert document["error"]["remedy"]
    assert result.stderr.count("error:") == result.stderr.count("fix:") == 1
    assert records(root) == []


def test_data_without_a_column_is_refused(root: Path, tmp_path: Path) -> None:
    table = texts("test", 6).drop_columns(["label"])
    data = write_parquet(tmp_path / "data", train=texts("train", 4), test=table)

    result = evaluate(write_entry(root, "fine"), "--data", data)

    organisers_fault(root, result, 2, "test.parquet", "label")


def test_data_with_a_label_that_no_task_knows_is_refused(root: Path, tmp_path: Path) -> None:
    table = texts("test", 6)
    labels = pa.array(["0_a", "1_b", "9_z", "0_a", "1_b", "0_a"])
    table = table.set_column(table.schema.get_field_index("label"), "label", labels)
    data = write_parquet(tmp_path / "data", train=texts("train", 4), test=table)

    result = evaluate(write_entry(root, "fine"), "--data", data)

    organisers_fault(root, result, 2, "test.parquet", "label", "9_z")


def test_data_that_is_not_there_is_refused(root: Path, tmp_path: Path) -> None:
    result = evaluate(write_entry(root, "fine"), "--data", tmp_path / "nothing")

    organisers_fault(root, result, 2, "nothing")


def test_the_hub_is_refused_for_a_task_that_is_not_on_it(root: Path) -> None:
    result = evaluate(write_entry(root, "fine"), "--data", "hub")

    organisers_fault(root, result, 2, "toy", "hub")


def test_an_output_that_cannot_be_written_is_refused_before_anything_runs(
    root: Path, tmp_path: Path
) -> None:
    file = tmp_path / "file"
    file.write_text("in the way")

    result = evaluate(write_entry(root, "fine"), "--output", file / "results")

    organisers_fault(root, result, 3, str(file))


def test_a_machine_without_the_meter_asked_for_is_refused(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = tmp_path / "powercap"
    empty.mkdir()
    monkeypatch.setenv("HARNESS_POWERCAP_ROOT", str(empty))

    result = evaluate(write_entry(root, "fine"), "--meter", "rapl")

    organisers_fault(root, result, 3, str(empty))


@pytest.mark.parametrize(
    ("option", "value", "code"),
    [("--meter", "guess", 2), ("--isolation", "trust", 2), ("--meter", "replay:nowhere.json", 2)],
)
def test_an_option_that_does_not_exist_is_refused(
    root: Path, option: str, value: str, code: int
) -> None:
    result = evaluate(write_entry(root, "fine"), option, value)

    organisers_fault(root, result, code, value.removeprefix("replay:"))


def test_a_demonstration_on_other_data_than_the_sample_is_refused(
    root: Path, tmp_path: Path
) -> None:
    data = write_parquet(tmp_path / "data", train=texts("train", 4), test=texts("test", 6))

    result = evaluate(write_entry(root, "fine"), "--data", data, "--demonstration")

    organisers_fault(root, result, 2, "--demonstration", str(data))


def test_a_page_that_cannot_be_written_is_refused(root: Path, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("in the way")

    result = run("leaderboard", "--output", file / "site", "--json")

    organisers_fault(root, result, 3, str(file), "cannot be written")


def test_boards_that_are_gone_take_their_files_along_and_nobody_elses(root: Path) -> None:
    evaluate(write_entry(root, "fine"), "--demonstration")
    run("leaderboard")
    site = root / "leaderboard" / "site"
    (site / "CNAME").write_text("board.example\n")
    for path in (root / "leaderboard" / "results").rglob("*.json"):
        path.unlink()

    result = run("leaderboard")

    assert result.exit_code == 0
    assert "no results yet" in result.stdout
    assert list(site.glob("*.csv")) == []
    assert (site / "CNAME").is_file()


def test_a_second_evaluation_at_the_same_time_is_refused(root: Path) -> None:
    with turn(root / "leaderboard" / "results"):
        result = evaluate(write_entry(root, "fine"))

    organisers_fault(root, result, 3, "another evaluation is running", str(os.getpid()))
    assert json.loads(result.stdout)["error"]["holder"]["pid"] == os.getpid()


def test_the_next_step_after_a_failure_is_what_was_typed_for_that_entry_alone(root: Path) -> None:
    fails, fine = write_entry(root, "fails", model_of("return []")), write_entry(root, "fine")
    meter = replayed(root)

    typed = ("--scenario", "single", "--meter", meter, "--demonstration")
    shown = run("evaluate", fails, fine, *typed).stdout

    last = [line for line in shown.splitlines() if line.startswith("next ")]
    again = f"python -m harness evaluate {fails} --scenario single --meter {meter} --demonstration"
    assert last == [
        f"next          mend the entry, then: {again}",
        "next          python -m harness leaderboard",
    ]
