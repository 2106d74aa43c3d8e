"""``keys new``, ``keys list`` and ``evaluate --sign``, as they are typed."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import run
from projects import ANSWERS, model_of, temporary_folder, write_entry, write_project
from signing_samples import write_key
from toy_task import texts, write_parquet
from typer.testing import Result

from harness.store.keys import read_keys
from harness.store.results import read_all

PASSPHRASE = "HARNESS_KEY_PASSPHRASE"  # noqa: S105 - the variable's name


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give a project, a place for private keys, and a temporary folder with a lock of its own."""
    with temporary_folder():
        monkeypatch.setenv("HARNESS_ROOT", str(write_project(tmp_path / "project")))
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
        monkeypatch.delenv(PASSPHRASE, raising=False)
        yield tmp_path / "project"


def evaluate(
    root: Path, *options: object, predict: str = ANSWERS, meter: str | None = None
) -> Result:
    """Evaluate by a trace, which resolves the shortest session, unless told otherwise."""
    trace = root / "trace.json"
    trace.write_text('{"watts": [[1, 5]]}', encoding="utf-8")
    entry = root / "submissions" / "fine"
    if not entry.exists():
        write_entry(root, "fine", model_of(predict))
    return run("evaluate", entry, "--meter", meter or f"replay:{trace}", "--json", *options)


def refused(result: Result, *fragments: str) -> None:
    assert result.exit_code == 2
    error = json.loads(result.stdout)["error"]
    for fragment in fragments:
        assert fragment in error["message"] + error["remedy"]


def test_a_new_key_is_announced_and_listed(root: Path, tmp_path: Path) -> None:
    made = run("keys", "new", "jury")
    assert made.exit_code == 0, made.output
    private = tmp_path / "home" / "frugal-ai-harness" / "jury.key"
    for part in (f"{root}/leaderboard/keys/jury.pub: commit it", str(private), "not encrypted"):
        assert part in made.stdout
    assert private.read_text() not in made.stdout

    (key,) = json.loads(run("keys", "list", "--json").stdout)["keys"]
    assert (key["name"], key["standing"], key["private_here"]) == ("jury", "in use", True)
    assert key["id"] in made.stdout
    assert f"jury  {key['id'][:16]}  in use, can sign here" in run("keys", "list").stdout


def test_keys_of_others_and_revoked_ones_are_listed_as_such(root: Path) -> None:
    assert "no keys yet" in run("keys", "list").stdout
    revoked = 'since = 2026-04-01T00:00:00Z\nreason = "compromised"'
    write_key(root / "leaderboard" / "keys", revoked=revoked)
    shown = run("keys", "list").stdout
    assert "compromised since 2026-04-01T00:00:00+00:00, private part not here" in shown


@pytest.mark.parametrize(
    ("since", "told"),
    [
        ("2026-04-01T00:00:00Z", "retired since 2026-04-01T00:00:00+00:00"),
        ("9999-12-31T00:00:00Z", "retired from 9999-12-31T00:00:00+00:00"),
    ],
)
def test_a_revoked_key_whose_private_part_is_here_is_not_said_to_sign(
    root: Path, since: str, told: str
) -> None:
    run("keys", "new", "jury")
    with (root / "leaderboard" / "keys" / "jury.pub").open("a") as file:
        file.write(f'[revoked]\nsince = {since}\nreason = "retired"\n')
    assert f"{told}, signs nothing any more" in run("keys", "list").stdout


def test_a_passphrase_needs_a_terminal_or_the_variable(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused(run("keys", "new", "jury", "--passphrase", "--json"), "no terminal", PASSPHRASE)
    assert not (root / "leaderboard" / "keys").exists()
    monkeypatch.setenv(PASSPHRASE, "secret")
    made = json.loads(run("keys", "new", "jury", "--json").stdout)
    assert b"ENCRYPTED" in Path(made["private"]).read_bytes()
    assert PASSPHRASE not in os.environ
    assert tmp_path in Path(made["private"]).parents

    refused(evaluate(root, "--sign", "jury"), "no terminal", PASSPHRASE)
    monkeypatch.setenv(PASSPHRASE, "wrong")
    refused(evaluate(root, "--sign", "jury"), "cannot be opened with this passphrase")
    monkeypatch.setenv(PASSPHRASE, "secret")
    assert evaluate(root, "--sign", "jury").exit_code == 0


def test_a_signed_result_is_verified_and_apart_from_what_is_self_reported(root: Path) -> None:
    run("keys", "new", "jury")
    signed = evaluate(root, "--sign", "jury")
    evaluate(root)

    assert (signed.exit_code, signed.stderr) == (0, "")
    document = json.loads(signed.stdout)
    (key,) = read_keys(root / "leaderboard" / "keys").keys
    assert document["record"]["signature"]["key"] == key.id
    path = Path(document["summary"]["path"])
    assert not path.name.endswith(".local.json")

    boards = json.loads(run("leaderboard", "--json").stdout)["boards"]
    standings = {b["status"]: [e["verified"] for e in b["entries"]] for b in boards}
    assert standings == {"open": [True], "self-reported": [False]}
    published = json.loads((root / "leaderboard/site/boards.json").read_bytes())["boards"]
    assert [board["status"] for board in published] == ["open"]
    page = (root / "leaderboard/site/index.html").read_text(encoding="utf-8")
    assert '<span class="tag">signed</span>' in page
    assert "Run and signed by the organisers; but anybody can work out the labels" in page


def test_a_signed_result_that_is_altered_is_ranked_nowhere_and_named(root: Path) -> None:
    run("keys", "new", "jury")
    path = Path(json.loads(evaluate(root, "--sign", "jury").stdout)["summary"]["path"])
    path.write_bytes(path.read_bytes().replace(b'"value": 1.0', b'"value": 0.9', 1))

    shown = run("leaderboard", "--json")

    document = json.loads(shown.stdout)
    assert (shown.exit_code, document["boards"]) == (1, [])
    assert [problem["code"] for problem in document["problems"]] == ["altered"]
    assert path.name in document["problems"][0]["path"]
    told = run("leaderboard").stdout
    assert told.index("[altered]") < told.index(path.name) < told.index("fix: restore the file")


def official(root: Path, tmp_path: Path, *options: object) -> str:
    """Evaluate on labels of one's own; return the board's status."""
    data = write_parquet(tmp_path / "data", train=texts("train", 4), test=texts("test", 10))
    predict = "return [int(sample.split()[2][-1]) % 2 for sample in samples]"
    signed = ("--sign", "jury", "--data", data)
    made = evaluate(root, *signed, *options, predict=predict, meter="model")
    assert made.exit_code == 0, made.output
    (board,) = json.loads(run("leaderboard", "--published", "--json").stdout)["boards"]
    assert board["entries"][0]["verified"]
    status: str = board["status"]
    return status


def test_an_official_result_stands_on_an_official_board(root: Path, tmp_path: Path) -> None:
    run("keys", "new", "jury")
    assert run("doctor", "--write-profile", "bench").exit_code == 0
    assert official(root, tmp_path, "--protocol", "official") == "official"
    (stored,), _ = read_all(root / "leaderboard/results", read_keys(root / "leaderboard/keys"))
    assert (root / "leaderboard/results" / stored.path.replace(".json", ".items.json")).exists()


def test_a_quick_one_is_signed_and_not_official(root: Path, tmp_path: Path) -> None:
    run("keys", "new", "jury")
    run("doctor", "--write-profile", "bench")
    assert official(root, tmp_path, "--protocol", "quick") == "unofficial"


def test_a_demonstration_is_not_signed(root: Path) -> None:
    refused(evaluate(root, "--demonstration", "--sign", "jury"), "never signed")


def test_an_entry_that_could_read_the_key_is_not_run(root: Path) -> None:
    run("keys", "new", "jury")
    refused(evaluate(root, "--sign", "jury", "--isolation", "none"), "can read the private key")
    assert not list((root / "leaderboard" / "results").rglob("*.json"))


def test_a_key_that_does_not_exist_is_named_with_those_that_do(root: Path) -> None:
    refused(evaluate(root, "--sign", "jury"), 'no key "jury"', "keys new")
    run("keys", "new", "jury")
    refused(evaluate(root, "--sign", "jurx"), 'did you mean "jury"', "name one of jury")


def test_a_revoked_key_signs_nothing(root: Path) -> None:
    run("keys", "new", "jury")
    path = root / "leaderboard" / "keys" / "jury.pub"
    with path.open("a") as file:
        file.write('[revoked]\nsince = 2026-04-01T00:00:00Z\nreason = "retired"\n')
    refused(evaluate(root, "--sign", "jury"), "is retired since 2026-04-01", "keys list")


def test_another_projects_private_key_of_the_same_name_signs_nothing(root: Path) -> None:
    run("keys", "new", "jury")
    write_key(root / "leaderboard" / "keys")
    refused(evaluate(root, "--sign", "jury"), "belongs to another public key")


def test_a_broken_key_file_ends_the_boards_with_its_name(root: Path) -> None:
    evaluate(root)
    (root / "leaderboard" / "keys").mkdir()
    (root / "leaderboard" / "keys" / "jury.pub").write_text("schema = 1\n")
    refused(run("leaderboard", "--json"), "jury.pub", "public_key: is missing")


def test_the_answer_names_the_key_of_a_result(root: Path) -> None:
    run("keys", "new", "jury")
    entry = write_entry(root, "shown")
    shown = run("evaluate", entry, "--meter", "model", "--sign", "jury")
    (key,) = read_keys(root / "leaderboard" / "keys").keys
    assert f"by key {key.id[:16]}" in shown.stdout


def test_no_official_result_is_signed_whose_meter_is_a_stand_in(root: Path) -> None:
    run("keys", "new", "jury")
    result = evaluate(root, "--sign", "jury", "--protocol", "official")
    refused(result, "the meter replay is a stand-in (simulated)", "leave out --sign")
    assert not list((root / "leaderboard" / "results").rglob("*.json"))


def test_a_private_key_that_is_not_here_is_asked_for_by_its_name(
    root: Path, tmp_path: Path
) -> None:
    run("keys", "new", "jury")
    (tmp_path / "home" / "frugal-ai-harness" / "jury.key").unlink()
    refused(
        evaluate(root, "--sign", "jury"),
        "there is no private key jury here",
        "copy jury.key to this place",
        "keys new NAME",
    )
