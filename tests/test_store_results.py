"""Records are kept once and read strictly; one bad file never hides the rest."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import shutil
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest
from msgspec.structs import replace
from record_samples import outcomes, record

from harness.errors import OrganiserError
from harness.records.base import canonical_json, digest, parse_json, pretty_json
from harness.records.evaluation import SCHEMA_VERSION, EvaluationRecord, Signature
from harness.store import reading
from harness.store.paths import PRINTED
from harness.store.printed import Printed, write_printed
from harness.store.results import read_all, write


def found(results: Path, *, local: bool = True) -> tuple[list[str], list[tuple[str, str]]]:
    stored, problems = read_all(results, local=local)
    return [each.path for each in stored], [(p.path, p.code) for p in problems]


def alter(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    plain = json.loads(path.read_bytes())
    change(plain)
    path.write_text(json.dumps(plain))


# Writing


def test_a_record_is_read_back_as_it_was_kept(tmp_path: Path) -> None:
    kept, path = write(tmp_path, record(), outcomes())
    stored, problems = read_all(tmp_path)
    assert problems == ()
    assert [each.record for each in stored] == [kept]
    assert tmp_path / stored[0].path == path


def test_what_was_printed_lies_beside_the_record_for_nobody_else(tmp_path: Path) -> None:
    _, path = write(tmp_path, record(), None)
    printed = [
        Printed("calibration", "", 0),
        Printed("session 1", "loaded\n\\x1b[31mred\n", 16),
        Printed("session 2", "the end\n", 20_000),
    ]

    beside = write_printed(path, printed)

    assert beside == path.with_name(path.name.removesuffix(".json") + ".printed.txt")
    assert stat.S_IMODE(beside.stat().st_mode) == 0o600
    assert beside.read_text() == (
        "== calibration: 0 bytes ==\n"
        "== session 1: 16 bytes ==\nloaded\n\\x1b[31mred\n"
        "== session 2: the end of 20,000 bytes ==\nthe end\n"
    )
    assert found(tmp_path) == ([path.relative_to(tmp_path).as_posix()], [])


@pytest.mark.parametrize(
    ("place", "ignored"),
    [
        ("leaderboard/results/t/e/x" + PRINTED, True),
        ("leaderboard/results/t/e/x.items.json", True),
        ("elsewhere/t/e/x.items.json", True),
        ("elsewhere/t/e/x.public.items.json", True),
        ("elsewhere/t/e/x.local.json", True),
        ("leaderboard/results/t/e/x.public.items.json", False),
        ("leaderboard/results/t/e/x.json", False),
    ],
)
def test_git_ignores_what_is_private_wherever_it_is_written(
    tmp_path: Path, place: str, ignored: bool
) -> None:
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    shutil.copy(Path(__file__).parents[1] / ".gitignore", tmp_path)
    asked = ["git", "-C", str(tmp_path), "check-ignore", "-q", place]
    assert subprocess.run(asked, check=False).returncode == int(not ignored)


@pytest.mark.parametrize("attributes", [True, False])
def test_a_record_survives_git_whatever_its_settings_and_else_git_is_named(
    tmp_path: Path, attributes: bool
) -> None:
    git = ["git", "-C", str(tmp_path), "-c", "core.autocrlf=true", "-c", "core.safecrlf=false"]
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    if attributes:
        shutil.copy(Path(__file__).parents[1] / ".gitattributes", tmp_path)
    _, path = write(tmp_path / "leaderboard" / "results", record(), None)
    written = path.read_bytes()
    subprocess.run([*git, "add", "--force", path], check=True)
    path.unlink()
    subprocess.run([*git, "checkout", "-q", "--", path], check=True)
    assert (path.read_bytes() == written) is attributes
    _, problems = read_all(tmp_path / "leaderboard" / "results")
    assert ["CRLF" in each.message for each in problems] == [True] * (not attributes)


def test_silence_leaves_no_file(tmp_path: Path) -> None:
    _, path = write(tmp_path, record(), None)

    assert write_printed(path, [Printed("session 1", "", 0)]) is None
    assert len(list(path.parent.iterdir())) == 1


def test_the_path_says_whose_when_and_what(tmp_path: Path) -> None:
    kept, path = write(tmp_path, record("my-entry", created="2026-03-04T05:06:07+00:00"), None)
    assert path == (
        tmp_path
        / "climate-disinformation"
        / "my-entry"
        / f"20260304T050607Z-{digest(kept)[:8]}.local.json"
    )


def test_a_whole_number_in_a_field_of_floats_changes_nothing(tmp_path: Path) -> None:
    kept, path = write(tmp_path, record(joules=(10, 11, 12)), None)
    assert digest(kept)[:8] in path.name
    assert found(tmp_path) == ([path.relative_to(tmp_path).as_posix()], [])


@pytest.mark.parametrize(("number", "exact"), [(2**53, True), (2**53 + 1, False)])
def test_a_whole_number_that_would_be_read_as_another_is_refused(
    tmp_path: Path, number: int, exact: bool
) -> None:
    _, path = write(tmp_path, record(), None)
    plain = json.loads(path.read_bytes())
    plain["sessions"][1]["kernel"]["after_cpu_seconds"] = number
    path.write_bytes(pretty_json(plain))

    (problem,) = read_all(tmp_path)[1]

    assert problem.code == ("altered" if exact else "fields")
    told = "$.sessions[1].kernel.after_cpu_seconds: is a whole number beyond"
    assert (told in problem.message) is not exact


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 2**70])
@pytest.mark.parametrize(
    ("change", "field"),
    [
        (lambda plain, number: plain["data"].update(items=number), "$.data.items"),
        (
            lambda plain, number: plain["sessions"][1]["sweeps"][0].update(seconds=number),
            "$.sessions[1].sweeps[0].seconds",
        ),
    ],
)
def test_a_whole_number_beyond_64_bits_is_refused(
    tmp_path: Path, number: int, change: Callable[[dict[str, Any], int], object], field: str
) -> None:
    _, path = write(tmp_path, record(), None)
    plain = json.loads(path.read_bytes())
    change(plain, number)
    content = {**plain, "signature": None}
    name = f"{path.name.split('-')[0]}-{digest(content)[:8]}.local.json"
    path.unlink()
    path.with_name(name).write_bytes(pretty_json(plain))

    read, (problem,) = read_all(tmp_path)

    assert read == ()
    assert problem.code == "fields"
    assert f"{field}: is a whole number beyond 64 bits" in problem.message


def test_the_largest_whole_number_of_64_bits_is_read(tmp_path: Path) -> None:
    made = record()
    large = replace(made, data=replace(made.data, seed=2**63 - 1))
    _, path = write(tmp_path, large, None)
    assert found(tmp_path) == ([path.relative_to(tmp_path).as_posix()], [])


def test_the_record_commits_to_the_sidecars_bytes(tmp_path: Path) -> None:
    kept, path = write(tmp_path, record(), outcomes())
    sidecar = path.with_name(path.name.replace(".local.json", ".local.items.json"))
    assert sidecar.read_bytes() == canonical_json(outcomes())
    assert stat.S_IMODE(sidecar.stat().st_mode) == 0o600
    expected = hmac.new(b"\x0f" * 32, sidecar.read_bytes(), hashlib.sha256).hexdigest()
    assert kept.items is not None
    assert kept.items.digest == expected


def test_a_demonstration_and_its_outcomes_are_public(tmp_path: Path) -> None:
    _, path = write(tmp_path, record(demonstration=True), outcomes())
    names = sorted(each.name for each in path.parent.iterdir())
    assert names == [path.name, path.stem + ".public.items.json"]
    assert ".local" not in path.name
    assert found(tmp_path) == ([path.relative_to(tmp_path).as_posix()], [])


def test_a_demonstration_of_other_data_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OrganiserError, match="sample data only; this one is of directory"):
        write(tmp_path, record(demonstration=True, data={"source": "directory"}), outcomes())
    assert list(tmp_path.iterdir()) == []


def test_without_outcomes_there_is_neither_sidecar_nor_commitment(tmp_path: Path) -> None:
    kept, path = write(tmp_path, record(failed="load"), None)
    assert kept.items is None
    assert list(path.parent.iterdir()) == [path]


def test_the_same_record_again_is_kept_once(tmp_path: Path) -> None:
    assert write(tmp_path, record(), outcomes()) == write(tmp_path, record(), outcomes())
    assert len(read_all(tmp_path)[0]) == 1


def test_a_file_in_place_of_the_entrys_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "climate-disinformation").write_text("")
    with pytest.raises(OrganiserError, match=r"team-model.*cannot be written") as caught:
        write(tmp_path, record(), None)
    assert caught.value.exit_code == 3


# Reading


def test_records_come_sorted_by_path(tmp_path: Path) -> None:
    for entry in ("b", "c", "a"):
        write(tmp_path, record(entry), None)
    paths, _ = found(tmp_path)
    assert len(paths) == 3
    assert paths == sorted(paths)


def test_self_reported_records_can_be_left_out(tmp_path: Path) -> None:
    write(tmp_path, record("mine"), outcomes())
    _, public = write(tmp_path, record("shown", demonstration=True), outcomes())
    assert found(tmp_path, local=False) == ([public.relative_to(tmp_path).as_posix()], [])
    assert len(found(tmp_path)[0]) == 2


def test_a_folder_that_is_not_there_holds_no_records(tmp_path: Path) -> None:
    assert read_all(tmp_path / "nowhere") == ((), ())


def test_other_files_are_none_of_its_business(tmp_path: Path) -> None:
    write(tmp_path, record(), None)
    (tmp_path / "README.md").write_text("{")
    (tmp_path / "climate-disinformation" / ".half.json.1f.tmp").write_text("{")
    assert found(tmp_path)[1] == []


def break_json(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def put_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def put_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()
    (path / "inner.json").symlink_to("/nowhere")


def put_link(path: Path) -> None:
    path.rename(path.with_suffix(".moved"))
    path.symlink_to(path.with_suffix(".moved"))


def sign(path: Path) -> None:
    made = parse_json(path.read_bytes(), EvaluationRecord, path)
    path.unlink()
    public = path.with_name(path.name.replace(".local.json", ".json"))
    signature = Signature(key="0" * 64, value="0" * 128)
    public.write_bytes(pretty_json(replace(made, signature=signature)))


def rename(path: Path) -> None:
    path.rename(path.with_name(path.name.replace("2026", "2027")))


def publish(path: Path) -> None:
    path.rename(path.with_name(path.name.replace(".local.json", ".json")))


def move_up(path: Path) -> None:
    path.rename(path.parents[2] / path.name)


FAULTS: list[tuple[str, Callable[[Path], object]]] = [
    ("not-json", break_json),
    ("not-json", lambda path: path.write_bytes(b"[" * 100_000)),
    ("not-json", lambda path: path.write_bytes(b"\xff\xfe")),
    ("not-json", lambda path: alter(path, lambda r: r.update(harness_version="\ud800"))),
    ("fields", lambda path: path.write_text("[]")),
    ("fields", lambda path: alter(path, lambda r: r.update(extra=1))),
    ("fields", lambda path: alter(path, lambda r: r.pop("task"))),
    ("fields", lambda path: alter(path, lambda r: r.update(schema="1"))),
    ("fields", lambda path: alter(path, lambda r: r.update(schema=True))),
    ("fields", lambda path: alter(path, lambda r: r.update(created_utc="yesterday"))),
    ("fields", lambda path: alter(path, lambda r: r.update(created_utc="2026-13-02T03:04:05Z"))),
    ("schema-version", lambda path: alter(path, lambda r: r.update(schema=SCHEMA_VERSION + 1))),
    ("schema-version", lambda path: alter(path, lambda r: r.update(schema=0))),
    ("altered", lambda path: alter(path, lambda r: r["task"].update(id="other-task"))),
    ("altered", lambda path: alter(path, lambda r: r["submission"].update(entry="other"))),
    ("altered", lambda path: alter(path, lambda r: r["quality"].update(answered=1199))),
    ("misplaced", rename),
    ("unsigned", publish),
    ("misplaced", move_up),
    ("fields", lambda path: alter(path, lambda r: r.update(signature={"key": "k", "value": "v"}))),
    ("altered", lambda path: path.write_bytes(path.read_bytes().replace(b" ", b"\t", 1))),
    ("altered", lambda path: path.write_bytes(path.read_bytes() + b"\n")),
    (
        "altered",
        lambda path: path.write_bytes(path.read_bytes().replace(b"A team", b"A\\u0020team")),
    ),
    ("key-unknown", sign),
    ("unreadable", put_pipe),
    ("symlink", put_folder),
    ("symlink", put_link),
]


@pytest.mark.parametrize(("code", "spoil"), FAULTS)
def test_a_bad_file_is_named_and_hides_no_other(
    tmp_path: Path, code: str, spoil: Callable[[Path], object]
) -> None:
    _, good = write(tmp_path, record("good"), outcomes())
    _, bad = write(tmp_path, record("bad"), None)
    spoil(bad)
    stored, problems = read_all(tmp_path)
    assert [each.path for each in stored] == [good.relative_to(tmp_path).as_posix()]
    assert [problem.code for problem in problems] == [code]
    assert problems[0].message
    assert (tmp_path / problems[0].path).suffix == ".json"


@pytest.mark.parametrize("told", ["yesterday", "2026-13-02T03:04:05Z"])
def test_a_moment_that_is_none_is_named_with_its_field(tmp_path: Path, told: str) -> None:
    _, path = write(tmp_path, record(), None)
    alter(path, lambda plain: plain.update(created_utc=told))
    _, (problem,) = read_all(tmp_path)
    assert f"created_utc is {told!r}, which is no moment in UTC" in problem.message


def test_too_new_and_too_old_are_told_apart(tmp_path: Path) -> None:
    for entry, schema in (("new", SCHEMA_VERSION + 1), ("old", 0)):
        _, path = write(tmp_path, record(entry), None)
        alter(path, lambda plain, schema=schema: plain.update(schema=schema))  # type: ignore[misc] # a default binds the loop's value
    _, problems = read_all(tmp_path)
    assert ["too new" in p.message for p in problems] == [True, False]
    assert ["too old" in p.message for p in problems] == [False, True]
    assert all(f"this one reads schema {SCHEMA_VERSION}" in p.message for p in problems)


def test_a_linked_folder_is_not_followed(tmp_path: Path) -> None:
    write(tmp_path / "elsewhere", record(), None)
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "task").symlink_to(tmp_path / "elsewhere")
    assert found(tmp_path / "results") == ([], [("task", "symlink")])


def test_a_file_that_cannot_be_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As root no file is unreadable, so the refusal is made up.
    _, path = write(tmp_path, record(), None)

    def refuse(*_: object, **__: object) -> NoReturn:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(reading, "open", refuse, raising=False)
    assert found(tmp_path) == ([], [(path.relative_to(tmp_path).as_posix(), "unreadable")])


def test_a_name_that_is_not_utf8_can_be_shown(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"\xff.json")).write_text("{")
    _, problems = read_all(tmp_path)
    assert [(p.path, p.code) for p in problems] == [("\ufffd.json", "not-json")]
    assert pretty_json(problems)


ITEM_FAULTS: list[Callable[[Path], object]] = [
    lambda path: path.write_bytes(path.read_bytes() + b" "),
    lambda path: path.write_bytes(b"{"),
    lambda path: path.write_bytes(canonical_json(outcomes(predictions=((0, 1),)))),
    lambda path: path.write_bytes(canonical_json(outcomes(key="not hexadecimal"))),
    lambda path: path.write_bytes(canonical_json(outcomes(key="00" * 32))),
]


@pytest.mark.parametrize("spoil", ITEM_FAULTS)
def test_altered_outcomes_are_named_and_the_record_stays(
    tmp_path: Path, spoil: Callable[[Path], object]
) -> None:
    _, path = write(tmp_path, record(), outcomes())
    sidecar = path.with_name(path.name.replace(".json", ".items.json"))
    spoil(sidecar)
    paths, problems = found(tmp_path)
    assert paths == [path.relative_to(tmp_path).as_posix()]
    assert problems == [(sidecar.relative_to(tmp_path).as_posix(), "items-altered")]


@pytest.mark.parametrize(("code", "put"), [("unreadable", put_pipe), ("symlink", put_link)])
def test_outcomes_that_are_no_file_are_not_opened(
    tmp_path: Path, code: str, put: Callable[[Path], object]
) -> None:
    _, path = write(tmp_path, record(), outcomes())
    sidecar = path.with_name(path.name.replace(".json", ".items.json"))
    put(sidecar)
    paths, problems = found(tmp_path)
    assert paths == [path.relative_to(tmp_path).as_posix()]
    assert problems == [(sidecar.relative_to(tmp_path).as_posix(), code)]


def test_outcomes_that_no_record_commits_to_are_named(tmp_path: Path) -> None:
    _, path = write(tmp_path, record(), None)
    path.with_name(path.name.replace(".json", ".items.json")).write_bytes(
        canonical_json(outcomes())
    )
    assert [code for _, code in found(tmp_path)[1]] == ["items-altered"]


def test_outcomes_may_be_elsewhere(tmp_path: Path) -> None:
    _, path = write(tmp_path, record(), outcomes())
    path.with_name(path.name.replace(".json", ".items.json")).unlink()
    assert found(tmp_path) == ([path.relative_to(tmp_path).as_posix()], [])
