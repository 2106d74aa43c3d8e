"""Profiles as they are typed: chosen, matched, refused, written, and what an entry sees of them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from command_line import run
from msgspec.structs import replace
from projects import ANSWERS, model_of, temporary_folder, write_entry, write_project
from typer.testing import Result

from harness.errors import MeasurementError
from harness.evaluation import run as evaluation
from harness.evaluation.session import calibrate
from harness.meters import machine
from harness.records.base import parse_json
from harness.records.evaluation import EvaluationRecord
from harness.records.profile_file import read_profile

CORES = sorted(os.sched_getaffinity(0))
NOTHING_ALIKE = """
schema = 1
entry_cores = [5000]
[match]
processor = "Another Chip"
cores = 4999
memory_gib = 99999
accelerators = ["NVIDIA B999"]
hypervisor = "Another"
kernel_family = "2.4"
governor = "another"
[match.power_limits_watts]
"package-9 long_term" = 12.5
"""
ONE_DIFFERENCE = 'schema = 1\n[match]\nprocessor = "Another Chip"\n'
MATCHES_ALL = "schema = 1\n[match]\n"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give a project, and a temporary folder of its own."""
    with temporary_folder():
        project = write_project(tmp_path / "project")
        monkeypatch.setenv("HARNESS_ROOT", str(project))
        monkeypatch.delenv("HARNESS_POWERCAP_ROOT", raising=False)
        yield project


def evaluate(entry: Path, *options: object) -> Result:
    return run("evaluate", entry, "--meter", "model", "--json", *options)


def put(root: Path, name: str, text: str) -> Path:
    folder = root / "leaderboard" / "hardware"
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    return path


def records(root: Path) -> list[EvaluationRecord]:
    found = (root / "leaderboard" / "results").glob("*/*/*.json")
    paths = [path for path in found if not path.name.endswith(".items.json")]
    return [parse_json(path.read_bytes(), EvaluationRecord, path) for path in paths]


def refused(root: Path, result: Result, code: int) -> tuple[str, str]:
    """Hold that nothing was run; return the message and its remedy."""
    assert result.exit_code == code, result.output
    assert records(root) == []
    error = json.loads(result.stdout)["error"]
    assert error["remedy"]
    return error["message"], error["remedy"]


def test_a_written_profile_matches_at_once_and_is_taken(root: Path) -> None:
    written = run("doctor", "--write-profile", "bench-1")
    path = root / "leaderboard" / "hardware" / "bench-1.toml"
    entry_cores = read_profile(path).entry_cores

    assert written.exit_code == 0, written.output
    assert str(path) in written.stdout
    assert "--profile bench-1" in written.stdout
    found = json.loads(run("doctor", "--idle-seconds", "0", "--json").stdout)["profiles"]
    assert [(each["name"], each["matches"]) for each in found] == [("bench-1", True)]
    for options in ((), ("--protocol", "official"), ("--profile", "bench-1")):
        entry = write_entry(root, f"fine-{len(options)}-{len(''.join(options))}")
        assert evaluate(entry, *options).exit_code == 0
    hardware = [record.hardware for record in records(root)]
    assert {each.profile for each in hardware} == {"bench-1"}
    assert {each.profile_digest for each in hardware} == {read_profile(path).digest}
    assert {each.entry_cores for each in hardware} == {entry_cores}
    checks = {check.name: check for check in records(root)[0].isolation.checks}
    assert checks["pinned cores"].held
    assert sorted(os.sched_getaffinity(0)) == CORES
    assert len(json.loads(run("leaderboard", "--json").stdout)["boards"]) == 1


def test_the_result_names_the_profile(root: Path) -> None:
    put(root, "bench-1", MATCHES_ALL)
    result = run("evaluate", write_entry(root, "fine"), "--meter", "model")

    assert result.exit_code == 0
    row = next(line for line in result.stdout.splitlines() if line.startswith("machine"))
    assert "bench-1" in row


def test_the_entry_runs_on_the_profiles_cores_and_no_others(root: Path) -> None:
    put(root, "bench-1", f"schema = 1\nentry_cores = [{CORES[-1]}]\n[match]\n")
    look = f"assert os.sched_getaffinity(0) == {{{CORES[-1]}}}, os.sched_getaffinity(0)\n"
    entry = write_entry(root, "looks", model_of(look + ANSWERS, top="import os"))

    assert evaluate(entry).exit_code == 0
    (record,) = records(root)
    assert record.hardware.entry_cores == (CORES[-1],)
    assert record.hardware.cores == len(CORES)


@pytest.mark.skipif(len(CORES) < 2, reason="a machine of one core leaves none to the harness")
def test_the_harness_keeps_to_the_other_cores_and_its_kernel_to_the_entrys(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(root, "bench-1", f"schema = 1\nentry_cores = [{CORES[-1]}]\n[match]\n")
    during, kernel = [], []

    def watched(*arguments: Any, **options: Any) -> float:  # noqa: ANN401 - handed on
        during.append(sorted(os.sched_getaffinity(0)))
        return calibrate(*arguments, **options)

    def fixed_work() -> float:
        kernel.append(sorted(os.sched_getaffinity(0)))
        return 0.1

    monkeypatch.setattr(evaluation, "calibrate", watched)
    monkeypatch.setattr("harness.meters.kernel.run_reference_kernel", fixed_work)

    assert evaluate(write_entry(root, "fine")).exit_code == 0
    assert during == [CORES[:-1]]
    assert kernel == [[CORES[-1]]] * 2
    assert sorted(os.sched_getaffinity(0)) == CORES


def test_an_entry_on_every_core_shares_them_with_the_harness(root: Path) -> None:
    put(root, "bench-1", f"schema = 1\nentry_cores = {CORES}\n[match]\n")

    assert evaluate(write_entry(root, "fine")).exit_code == 0
    assert records(root)[0].hardware.entry_cores == tuple(CORES)


def test_the_model_multiplies_with_the_profiles_constants(root: Path) -> None:
    model = "core_watts = 5.5\nidle_watts = 40\nrelative_uncertainty = 0.25\nsource = 'a meter'\n"
    pinned = f"schema = 1\nentry_cores = [{CORES[0]}]\n[match]\n[model]\n{model}"
    put(root, "bench-1", pinned)

    assert evaluate(write_entry(root, "fine")).exit_code == 0
    (source,) = records(root)[0].meter.sources
    assert source.constants["core_watts"] == 5.5
    assert source.constants["idle_watts"] == 40.0
    assert source.constants["base_watts"] == pytest.approx(40.0 / (os.cpu_count() or 1))
    assert source.relative_uncertainty == 0.25
    assert "a meter" in source.provenance


def test_two_versions_of_a_profile_are_two_boards(root: Path) -> None:
    for number, text in enumerate((MATCHES_ALL, MATCHES_ALL + f"cores = {len(CORES)}\n")):
        put(root, "bench-1", text)
        evaluate(write_entry(root, f"entry-{number}"))

    boards = json.loads(run("leaderboard", "--json").stdout)["boards"]

    assert [board["profile"] for board in boards] == ["bench-1", "bench-1"]


def test_an_official_run_on_another_machine_lists_every_difference(root: Path) -> None:
    put(root, "other", NOTHING_ALIKE)

    result = evaluate(write_entry(root, "fine"), "--protocol", "official", "--profile", "other")

    message, remedy = refused(root, result, 3)
    heading, *lines = message.splitlines()
    assert heading == "this machine does not match the profile other:"
    assert [line.split(":")[0].strip() for line in lines] == [
        "match.processor", "match.cores", "match.memory_gib", "match.accelerators",
        "match.hypervisor", "match.kernel_family", "match.governor",
        'match.power_limits_watts."package-9 long_term"', "entry_cores",
    ]  # fmt: skip
    assert all(": expected " in line and ", found " in line for line in lines)
    assert "--profile unregistered" in remedy


def test_an_official_run_without_a_name_lists_every_profile_the_closest_first(root: Path) -> None:
    put(root, "a-far", NOTHING_ALIKE)
    put(root, "z-near", ONE_DIFFERENCE)

    result = evaluate(write_entry(root, "fine"), "--protocol", "official")

    message, remedy = refused(root, result, 3)
    lines = message.splitlines()
    assert lines[0] == "this machine matches no hardware profile"
    assert (lines[1], lines[3]) == ("z-near:", "a-far:")
    assert len(lines) == 2 + 1 + 1 + 9
    assert "doctor --write-profile NAME" in remedy
    assert "--profile unregistered" in remedy


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--protocol", "official"), True),
        (("--protocol", "official", "--profile", "unregistered"), False),
        ((), False),
    ],
)
def test_an_official_run_without_any_profile_is_told_what_it_is_not(
    root: Path, options: tuple[str, ...], told: bool
) -> None:
    result = evaluate(write_entry(root, "fine"), *options)
    assert result.exit_code == 0
    assert ("leaderboard/hardware holds no profile" in result.stderr) == told
    assert records(root)[0].hardware.profile_digest is None


def test_a_quick_run_is_refused_only_for_a_profile_that_was_named(root: Path) -> None:
    put(root, "other", ONE_DIFFERENCE)
    entry = write_entry(root, "fine")

    message, _ = refused(root, evaluate(entry, "--profile", "other"), 3)
    assert "match.processor: expected Another Chip, found" in message

    assert evaluate(entry).exit_code == 0
    (record,) = records(root)
    assert record.hardware.profile == f"unregistered-{record.hardware.fingerprint}"
    assert (record.hardware.profile_digest, record.hardware.entry_cores) == (None, None)


def test_a_board_of_its_own_can_be_asked_for(root: Path) -> None:
    put(root, "other", ONE_DIFFERENCE)
    put(root, "this", MATCHES_ALL)

    result = evaluate(
        write_entry(root, "fine"), "--protocol", "official", "--profile", "unregistered"
    )

    assert result.exit_code == 0
    assert records(root)[0].hardware.profile.startswith("unregistered-")


def test_a_profile_that_does_not_exist_is_refused_with_those_there_are(root: Path) -> None:
    put(root, "bench-1", MATCHES_ALL)

    message, remedy = refused(root, evaluate(write_entry(root, "fine"), "--profile", "bench-2"), 2)

    assert message == 'there is no hardware profile "bench-2" (did you mean "bench-1"?)'
    assert "bench-1, unregistered" in remedy


@pytest.mark.parametrize("options", [(), ("--profile", "broken")])
def test_a_faulty_profile_is_named_with_file_and_field(
    root: Path, options: tuple[str, ...]
) -> None:
    path = put(root, "broken", 'schema = 1\ncolour = 1\n[match]\ncores = "two"\n')

    message, _ = refused(root, evaluate(write_entry(root, "fine"), *options), 2)

    assert message.splitlines() == [
        f"{path}: colour: unknown key: known are schema, entry_cores, match, model",
        f"{path}: match.cores: Expected `int`, got `str`, found 'two'",
    ]


def test_faults_of_all_profiles_are_named_at_once(root: Path) -> None:
    put(root, "a", "schema = 2\n[match]\n")
    put(root, "b", "schema = 1\n")

    message, _ = refused(root, evaluate(write_entry(root, "fine")), 2)

    assert [line.partition(".toml: ")[2] for line in message.splitlines()] == [
        "schema: is 2, and this version reads schema 1",
        "match: is missing",
    ]


def test_several_that_match_are_a_question_to_the_organiser(root: Path) -> None:
    put(root, "a", MATCHES_ALL)
    put(root, "b", MATCHES_ALL)
    entry = write_entry(root, "fine")

    message, remedy = refused(root, evaluate(entry, "--protocol", "official"), 2)
    assert (message, remedy) == (
        "this machine matches several profiles: a, b",
        "name one: --profile NAME",
    )
    quick = evaluate(entry)
    assert quick.exit_code == 0
    assert "name one with --profile NAME" in quick.stderr
    assert records(root)[0].hardware.profile.startswith("unregistered-")


def test_a_machine_that_is_set_otherwise_meanwhile_gets_no_record(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(root, "bench-1", 'schema = 1\n[match]\ngovernor = "performance"\n')
    governors = iter([*["performance"] * 4, "powersave"])  # to begin with, and for the first round
    plain = machine.describe_machine()
    monkeypatch.setattr(
        machine,
        "describe_machine",
        lambda **_: replace(plain, governor=next(governors)),
    )
    entries = [write_entry(root, name) for name in ("first", "second")]

    result = run("evaluate", *entries, "--meter", "model", "--protocol", "official", "--json")

    assert result.exit_code == MeasurementError.exit_code
    assert "match.governor: expected performance, found powersave" in result.stderr
    assert "the sessions that stand are kept" in result.stderr
    assert records(root) == []


@pytest.mark.parametrize("name", ["Bench", "a b", "../up", "unregistered", "x" * 64])
def test_a_name_that_no_profile_can_have_is_refused(root: Path, name: str) -> None:
    result = run("doctor", "--write-profile", name, "--json")

    assert result.exit_code == 2
    assert json.loads(result.stdout)["error"]["remedy"]
    assert list((root / "leaderboard").rglob("*.toml")) == [root / "leaderboard" / "rules.toml"]


def test_a_profile_is_not_overwritten(root: Path) -> None:
    path = put(root, "bench-1", "mine")

    result = run("doctor", "--write-profile", "bench-1")

    assert result.exit_code == 2
    assert "nothing is overwritten" in result.stderr
    assert path.read_text() == "mine"


def test_settings_that_a_profile_should_not_ask_for_are_told(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = machine.describe_machine()
    monkeypatch.setattr(
        machine, "describe_machine", lambda: replace(plain, governor="powersave", turbo=True)
    )

    result = run("doctor", "--write-profile", "bench-1")

    assert result.exit_code == 0
    assert result.stdout.count("caution:") == result.stdout.count("fix:") == 2
    assert (root / "leaderboard" / "hardware" / "bench-1.toml").is_file()


def test_what_was_written_can_be_had_as_json(root: Path) -> None:
    document = json.loads(run("doctor", "--write-profile", "bench-1", "--json").stdout)

    assert document["path"] == str(root / "leaderboard" / "hardware" / "bench-1.toml")
    assert document["profile"]["match"]["cores"] == len(CORES)
