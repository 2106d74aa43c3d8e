"""``verify`` names what does not hold in a results folder, and nothing else."""

from __future__ import annotations

import json
import re
import shutil
import socket
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from command_line import run
from hypothesis import given, settings
from hypothesis import strategies as st
from projects import model_of, temporary_folder, write_entry, write_project
from signing_samples import CREATED, private_key, signer
from toy_task import texts, write_parquet

from harness.cli.verify import REMEDIES
from harness.records.base import canonical_json, pretty_json
from harness.records.signing import document_digest, signed_message
from harness.store.commitment import commitment
from harness.store.keys import key_text
from harness.store.private_key import Signer
from harness.tasks.digests import task_digest
from harness.tasks.kept import SCHEMA, KeptFile, KeptSet, sha256_of, write_set

Plain = dict[str, Any]
RESULTS = "leaderboard/results"
KEYS = "leaderboard/keys"


def verified(*arguments: object) -> Plain:
    result = run("verify", "--json", *arguments)
    document: Plain = json.loads(result.stdout)
    assert result.exit_code == bool(document.get("findings")), result.output
    return document


def codes(document: Plain, kind: str = "findings") -> list[str]:
    return [found["code"] for found in document[kind]]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a project with one signed result, one self-reported, one demonstration, one that failed.

    Once for all tests: each gets a copy.
    """
    base = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch, temporary_folder():
        root = write_project(base / "project")
        patch.setenv("HARNESS_ROOT", str(root))
        patch.setenv("XDG_CONFIG_HOME", str(base / "home"))
        (root / "trace.json").write_text('{"watts": [[1, 5]]}', encoding="utf-8")
        assert run("keys", "new", "jury").exit_code == 0
        wrong = "return [0] * len(samples)"
        for name, predict, option in (
            ("signed", None, ("--sign", "jury")),
            ("local", wrong, ()),
            ("shown", wrong, ("--demonstration",)),
            ("broken", "return 1 / 0", ("--sign", "jury")),
        ):
            entry = write_entry(root, name, None if predict is None else model_of(predict))
            meter = ("--meter", f"replay:{root / 'trace.json'}")
            assert run("evaluate", entry, *meter, *option).exit_code == (name == "broken")
        # Tests forge records that whoever holds the key might sign.
        raw = private_key().public_key().public_bytes_raw()
        (root / KEYS / "forger.pub").write_text(key_text(raw, CREATED))
    return root


@pytest.fixture
def root(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(made, tmp_path / "project")
    monkeypatch.setenv("HARNESS_ROOT", str(tmp_path / "project"))
    return tmp_path / "project"


def record_of(root: Path, entry: str) -> Path:
    (path,) = (
        path
        for path in (root / RESULTS / "toy" / entry).glob("*.json")
        if not path.name.endswith(".items.json")
    )
    return path


def sidecar_of(root: Path, entry: str) -> Path:
    (path,) = (root / RESULTS / "toy" / entry).glob("*.items.json")
    return path


def forge(path: Path, change: Callable[[Plain], object], by: Signer | None = None) -> Path:
    """Change a record, give it the name that fits, and, where it was signed, a signature."""
    document: Plain = json.loads(path.read_bytes())
    change(document)
    document["signature"] = None
    ending = ".local.json" if path.name.endswith(".local.json") else ".json"
    if by is not None:
        signed = by.sign(signed_message(document))
        document["signature"] = {"key": signed.key, "value": signed.value}
    forged = path.with_name(f"{path.name[:17]}{document_digest(document)[:8]}{ending}")
    path.unlink()
    for sidecar in path.parent.glob("*.items.json"):
        sidecar.rename(sidecar.with_name(forged.name.split(".")[0] + sidecar.name[25:]))
    forged.write_bytes(pretty_json(document))
    return forged


def test_what_was_made_as_it_should_be_holds(root: Path) -> None:
    document = verified("--published")

    assert document["findings"] == document["history"] == []
    assert codes(document, "notes") == ["demonstration"]
    standings = {each["entry"]: each["standing"] for each in document["records"]}
    assert standings == {"broken": "verified", "shown": "demonstration", "signed": "verified"}
    (signed,) = (each for each in document["records"] if each["entry"] == "signed")
    assert (signed["signed_by"], signed["quality"], signed["status"]) == ("jury", 1.0, "completed")
    assert signed["joules_per_1000_queries"] > 0
    content = json.loads(record_of(root, "signed").read_bytes())
    assert signed["digest"] == document_digest(content)


def test_what_nobody_signed_is_named(root: Path) -> None:
    document = verified()

    assert [(each["code"], each["path"]) for each in document["findings"]] == [
        ("unsigned", record_of(root, "local").relative_to(root / RESULTS).as_posix())
    ]
    assert set(document["findings"][0]) == {"kind", "path", "code", "message", "remedy"}


def test_people_are_told_in_words(root: Path) -> None:
    told = run("verify")
    assert told.exit_code == 1
    path = record_of(root, "local").relative_to(root / RESULTS).as_posix()
    assert f"{path}: unsigned is self-reported: no organiser signed it\n    fix: " in told.stdout
    assert "4 records can be read (2 verified, 1 self-reported, 1 demonstration): 1 finding" in (
        told.stdout
    )
    assert run("verify", "--published").stdout.endswith(": all hold\n")


def test_a_named_folder_is_verified(root: Path, tmp_path: Path) -> None:
    shutil.copytree(root / RESULTS, tmp_path / "copy")
    assert len(verified(tmp_path / "copy")["records"]) == 4


@pytest.mark.usefixtures("root")
def test_a_folder_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for arguments in ([tmp_path / "no"], [tmp_path / "file"], ["--data", tmp_path / "no"]):
        told = run("verify", *arguments, "--json")
        assert told.exit_code == 2
        assert str(arguments[-1]) in json.loads(told.stdout)["error"]["message"]


def test_an_altered_record_is_named_and_the_others_hold(root: Path) -> None:
    path = record_of(root, "signed")
    path.write_bytes(path.read_bytes().replace(b'"value": 1.0', b'"value": 0.9', 1))

    document = verified("--published")

    assert codes(document) == ["altered"]
    assert document["findings"][0]["remedy"]
    assert [each["entry"] for each in document["records"]] == ["broken", "shown"]


def test_every_problem_of_reading_has_its_remedy() -> None:
    store = Path(__file__).parents[1] / "harness" / "store"
    text = "".join((store / name).read_text() for name in ("reading.py", "scanning.py", "keys.py"))
    assert set(re.findall(r'UnusableError\(\s*"([a-z-]+)"', text)) == set(REMEDIES)


def test_nothing_is_asked_of_any_network(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("asked the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert verified("--data", root)["findings"]


def test_an_empty_folder_is_not_said_to_hold(root: Path) -> None:
    shutil.rmtree(root / RESULTS)
    (root / RESULTS).mkdir()
    told = run("verify")
    assert (told.exit_code, told.stdout) == (
        0,
        "0 records can be read: there is nothing to verify\n",
    )


# What a record names


def change_the_model(root: Path) -> None:
    with (root / "submissions/signed/model.py").open("a") as file:
        file.write("# better now\n")


def remove_the_entry(root: Path) -> None:
    shutil.rmtree(root / "submissions/signed")


def break_the_entry(root: Path) -> None:
    (root / "submissions/signed/link").symlink_to("/etc/passwd")


def change_text(name: str, old: str, new: str) -> Callable[[Path], None]:
    def change(root: Path) -> None:
        path = root / name
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))

    return change


def remove_the_task(root: Path) -> None:
    shutil.rmtree(root / "tasks/toy")


RULES_FILE, CARD, CODE = "leaderboard/rules.toml", "tasks/toy/task.toml", "tasks/toy/task.py"
MOVED: list[tuple[Callable[[Path], None], str, str]] = [
    (change_the_model, "history", "entry-changed"),
    (break_the_entry, "history", "entry-changed"),
    (remove_the_entry, "notes", "entry-missing"),
    (remove_the_task, "history", "task-gone"),
    (change_text(CODE, "number % 2", "1 - number % 2"), "findings", "task"),
    (change_text(CARD, "version = 1", "version = 2"), "history", "task-changed"),
    (change_text(RULES_FILE, "edge_share = 0.5", "edge_share = 0.4"), "findings", "rules"),
    (change_text(RULES_FILE, 'version = "test"', 'version = "next"'), "history", "rules-changed"),
]


@pytest.mark.parametrize(("move", "kind", "code"), MOVED)
def test_what_a_record_names_may_move_on_or_not(
    root: Path, move: Callable[[Path], None], kind: str, code: str
) -> None:
    move(root)
    document = verified("--published")
    signed = [each for each in document[kind] if "/signed/" in each["path"]]
    assert code in [each["code"] for each in signed]
    assert kind == "findings" or document["findings"] == []


def test_data_that_is_not_what_it_was_is_named(root: Path) -> None:
    """The task's digest is made to fit, as an organiser could whose key is stolen."""
    change_text(CODE, "number % 2", "1 - number % 2")(root)
    now = task_digest(root / "tasks/toy")
    forge(record_of(root, "signed"), lambda r: r["task"].update(digest=now), signer())
    document = verified("--published")
    mine = [each["code"] for each in document["findings"] if "/signed/" in each["path"]]
    assert mine == ["data"]


def test_other_data_is_held_against_the_directory_that_is_given(root: Path, tmp_path: Path) -> None:
    with temporary_folder():
        data = write_parquet(tmp_path / "data", train=texts("train", 4), test=texts("test", 10))
        other = write_parquet(tmp_path / "other", train=texts("train", 4), test=texts("test", 11))
        meter = f"replay:{root / 'trace.json'}"
        output = tmp_path / "results"
        entry = root / "submissions/signed"
        run("evaluate", entry, "--meter", meter, "--data", data, "--output", output)

    assert codes(verified(output), "notes") == ["data-unchecked"]
    assert codes(verified(output)) == ["unsigned"]
    given = verified(output, "--data", data)
    assert (codes(given), given["notes"]) == (["unsigned"], [])
    another = verified(output, "--data", other)  # another season's set is no forgery
    assert (codes(another), codes(another, "notes")) == (["unsigned"], ["data-unchecked"])
    assert f"{other} has 11 items with the digest" in another["notes"][0]["message"]
    both = verified(output, "--data", other, "--data", data)
    assert (codes(both), both["notes"]) == (["unsigned"], [])
    (tmp_path / "empty").mkdir()
    assert "holds nothing" in verified(output, "--data", tmp_path / "empty")["notes"][0]["message"]

    # A fetched set in a folder is public; what was said of its copy elsewhere is no forgery.
    (path,) = output.rglob("*.local.json")
    digest = json.loads(path.read_bytes())["data"]["digest"]
    write_set(data, fetched(digest, data))
    assert codes(verified(output, "--data", data)) == ["data", "unsigned"]
    forge(path, lambda r: r["data"].update(public=True), None)
    assert codes(verified(output)) == ["unsigned"]
    assert codes(verified(output, "--data", data)) == ["unsigned"]

    # A folder that says it is the very set, and is not, is a finding.
    shutil.copy(other / "test.parquet", data / "test.parquet")
    write_set(data, fetched(digest, data))
    damaged = verified(output, "--data", other, "--data", data)
    assert (codes(damaged), damaged["notes"]) == (["data", "unsigned"], [])
    assert f"said to be in {data}, and is not" in damaged["findings"][0]["message"]


def fetched(digest: str, folder: Path) -> KeptSet:
    """Return what the folder would say of itself if it had been fetched."""
    files = [
        KeptFile(name=path.name, bytes=path.stat().st_size, sha256=sha256_of(path))
        for path in folder.glob("*.parquet")
    ]
    return KeptSet(
        schema=SCHEMA,
        task="toy",
        digest=digest,
        test_items=10,
        train_items=4,
        files=tuple(files),
        hub_id="org/toys",
    )


# What a record says, which no signature can make true


def quality(metric: Plain) -> Plain:
    ranked: Plain = metric["quality"]["metrics"][0]
    return ranked


ANOTHER_SWEEP = {"kind": "original", "queries": 6, "seconds": 0.0, "cpu_seconds": 0.0}
FORGED: list[tuple[str, Callable[[Plain], object]]] = [
    ("entry", lambda r: r["submission"].update(team="Another team")),
    ("task", lambda r: r["task"].update(title="Another title")),
    ("rules", lambda r: r["rules"].update(amortise_queries=1_000_000)),
    ("rules", lambda r: r["rules"].update(digest="0" * 64)),
    ("profile", lambda r: r["hardware"].update(profile="bench")),
    ("data", lambda r: r["data"].update(digest="0" * 64)),
    ("data", lambda r: r["data"].update(seed=1)),
    ("data", lambda r: r["data"].update(seed=-1)),
    ("data", lambda r: r["data"].update(seed=None)),
    ("data", lambda r: r["data"].update(generator_version=4)),
    ("data", lambda r: r["data"].update(public=False)),
    ("quality", lambda r: quality(r).update(value=0.9, low=0.5)),
    ("quality", lambda r: quality(r).update(low=0.99)),
    ("quality", lambda r: quality(r).update(interval_method="guess")),
    ("quality", lambda r: r["quality"].update(answered=5)),
    ("quality", lambda r: r["quality"]["per_class"][0].update(f1=0.5)),
    ("quality", lambda r: r["quality"]["per_class"].pop()),
    ("confusion", lambda r: r["sessions"][0].update(confusion=[[2, 1, 0], [0, 3, 0]])),
    ("confusion", lambda r: r["sessions"][0].update(confusion=None)),
    ("meter", lambda r: r["meter"].update(grade="wall")),
    ("sessions", lambda r: r["sessions"].append(r["sessions"][0])),
    ("sessions", lambda r: r["sessions"][0]["sweeps"][0].update(queries=60)),
    ("sessions", lambda r: r["sessions"][0].update(started_utc="last tuesday")),
    ("sessions", lambda r: r["sessions"][0].update(started_utc="2026-01-02T03:04:05")),
    ("sessions", lambda r: r["sessions"][0]["sweeps"].append(ANOTHER_SWEEP)),
    ("looks", lambda r: r.update(looks=[])),
    ("looks", lambda r: r["looks"][0].update(narrow=True)),
    ("looks", lambda r: r["looks"][0].update(alpha=0.01)),
    ("agreement", lambda r: r["sessions"][0]["agreement"].update(previous=1.0)),
    ("unusable", lambda r: r["sessions"][0]["agreement"].update(variants=1.5)),
    ("sessions", lambda r: r["sessions"][0]["sweeps"][0].update(seconds=900.0)),
    ("sessions", lambda r: r["sessions"][0]["sweeps"][0].update(cpu_seconds=9000.0)),
    ("sessions", lambda r: r["sessions"][0]["sweeps"][0].update(seconds=-1.0)),
    ("replayed", lambda r: r["sessions"].append(r["sessions"][0] | {"index": 1})),
    ("energy", lambda r: r["sessions"][0].update(trace=[])),
    ("energy", lambda r: r["sessions"][0]["trace"][0].update(watts=[])),
    ("energy", lambda r: r["sessions"][0]["trace"][0].update(component="gpu")),
    ("energy", lambda r: r["sessions"][0]["trace"].append(r["sessions"][0]["trace"][0])),
    ("unusable", lambda r: r["sessions"][0]["trace"][0]["watts"].append([1e200, 1e200])),
    ("energy", lambda r: r["sessions"][0]["trace"][0]["watts"].append([900.0, 0.0])),
    ("unusable", lambda r: r["quality"].update(ranked="")),
    ("unusable", lambda r: r["sessions"].clear()),
    ("unusable", lambda r: r["sessions"][0]["phases"].pop()),
]


@pytest.mark.parametrize(("code", "change"), FORGED)
def test_a_record_that_contradicts_what_it_names_is_named_though_it_is_signed(
    root: Path, code: str, change: Callable[[Plain], object]
) -> None:
    forge(record_of(root, "signed"), change, signer())
    assert code in codes(verified("--published"))


def test_energy_that_its_power_trace_belies_is_named(root: Path) -> None:
    def less(record: Plain) -> None:
        trace = record["sessions"][0]["trace"][0]
        trace["watts"] = [[seconds, watts + 1000] for seconds, watts in trace["watts"]]

    forge(record_of(root, "signed"), less, signer())
    assert codes(verified("--published")) == ["energy"]


@pytest.mark.parametrize(
    "change",
    [
        lambda r: quality(r).update(value=0.9),
        lambda r: r["sessions"][0].update(confusion=[[2, 1, 0], [0, 3, 0]]),
        lambda r: r["sessions"][0].update(confusion=[[3, 0, 0], [0, 4, 0]]),
        lambda r: r["sessions"][0].update(confusion=None),
    ],
)
def test_without_its_outcomes_a_quality_is_held_against_the_confusions(
    root: Path, change: Callable[[Plain], object]
) -> None:
    sidecar_of(root, "signed").unlink()
    assert codes(verified("--published"), "notes") == ["demonstration", "items-missing"]
    forge(record_of(root, "signed"), change, signer())
    (code,) = codes(verified("--published"))
    assert code in {"quality", "confusion"}


def test_a_metric_that_the_confusions_give_and_the_record_has_not_is_named(root: Path) -> None:
    sidecar_of(root, "signed").unlink()
    forge(record_of(root, "signed"), lambda r: r["quality"]["metrics"].pop(), signer())
    (found,) = verified("--published")["findings"]
    assert found["code"] == "quality"
    assert found["message"].endswith("where it says nothing of it")


@pytest.mark.parametrize("confusion", [[[4, -1, 0], [0, 3, 0]], [[3, 0], [0, 3]], []])
def test_a_confusion_that_counts_no_items_leaves_no_figures(
    root: Path, confusion: list[list[int]]
) -> None:
    forge(
        record_of(root, "signed"),
        lambda r: r["sessions"][0].update(confusion=confusion),
        signer(),
    )
    assert codes(verified("--published")) == ["unusable"]


def test_a_void_campaign_is_noted_and_its_record_held_against_itself(root: Path) -> None:
    campaign = {"id": "c0", "entries": ["signed"], "void": "the control varied by 0.4"}
    path = forge(record_of(root, "signed"), lambda r: r.update(campaign=campaign), signer())
    found = verified("--published")
    assert (codes(found), codes(found, "notes")) == ([], ["demonstration", "void-campaign"])
    forge(path, lambda r: r["sessions"].clear(), signer())
    assert "unusable" in codes(verified("--published"))


def test_an_entry_that_was_not_kept_apart_is_noted(root: Path) -> None:
    forge(record_of(root, "signed"), lambda r: r["isolation"].update(grade="D"), signer())
    found = verified("--published")
    assert (codes(found), codes(found, "notes")) == ([], ["demonstration", "isolation-d"])


@pytest.mark.parametrize(
    ("change", "by"),
    [
        (lambda r: r["data"].update(source="directory", public=False), None),
        (lambda r: r["data"].update(source="hub"), None),
        (lambda r: r.update(demonstration=True), signer()),
    ],
)
def test_what_only_calls_itself_a_demonstration_is_named_and_stands_on_no_board(
    root: Path, change: Callable[[Plain], object], by: Signer | None
) -> None:
    path = forge(record_of(root, "shown"), change, by)
    document = verified("--published")
    named = [(each["code"], path.name in each["path"]) for each in document["findings"]]
    assert ("no-demonstration", True) in named
    assert "shown" not in [each["entry"] for each in document["records"]]
    shown = json.loads(run("leaderboard", "--published", "--json").stdout)
    assert "no-demonstration" in [each["code"] for each in shown["problems"]]
    assert "demonstration" not in [board["status"] for board in shown["boards"]]


# The outcomes beside a record


def test_altered_outcomes_are_named(root: Path) -> None:
    path = sidecar_of(root, "signed")
    path.write_bytes(path.read_bytes().replace(b"0", b"1", 1))
    document = verified("--published")
    assert codes(document) == ["items-altered"]
    assert "items-missing" not in codes(document, "notes")


def test_outcomes_in_place_of_which_a_link_stands_are_named_once(root: Path) -> None:
    path = sidecar_of(root, "signed")
    path.rename(root / "elsewhere")
    path.symlink_to(root / "elsewhere")
    document = verified("--published")
    assert codes(document) == ["symlink"]
    assert "items-missing" not in codes(document, "notes")


OUTCOMES: list[Callable[[Plain], object]] = [
    lambda o: o["predictions"][0].__setitem__(0, 1),
    lambda o: o["labels"].__setitem__(0, 1),
    lambda o: o["labels"].__setitem__(0, 9),
    lambda o: o["labels"].__setitem__(0, "a"),
    lambda o: o["labels"].__setitem__(0, True),
    lambda o: o["labels"].pop(),
    lambda o: o["predictions"].clear(),
    lambda o: o["predictions"].extend([o["predictions"][0]] * 2),
    lambda o: o["predictions"][0].append(0),
    lambda o: o["ids"].__setitem__(0, o["ids"][1]),
    lambda o: o["ids"].__setitem__(0, "another"),
    lambda o: o["groups"].__setitem__(0, "another"),
    lambda o: [o[name].clear() for name in ("ids", "labels", "groups")],
]


@pytest.mark.parametrize("change", OUTCOMES)
def test_outcomes_that_a_record_commits_to_are_held_against_data_and_quality(
    root: Path, change: Callable[[Plain], object]
) -> None:
    sidecar = sidecar_of(root, "signed")
    outcomes = json.loads(sidecar.read_bytes())
    change(outcomes)
    content = canonical_json(outcomes)
    sidecar.write_bytes(content)
    digest = commitment(outcomes["key"], content)
    forge(record_of(root, "signed"), lambda r: r["items"].update(digest=digest), signer())
    found = codes(verified("--published"))
    assert found
    assert set(found) <= {"items", "quality", "confusion"}


def test_outcomes_without_their_record_are_noted(root: Path) -> None:
    record_of(root, "signed").unlink()
    document = verified("--published")
    assert codes(document) == []
    assert "items-orphaned" in codes(document, "notes")


# The same measurement twice


def test_a_stripped_copy_of_a_signed_record_is_named(root: Path) -> None:
    path = record_of(root, "signed")
    document = json.loads(path.read_bytes()) | {"signature": None}
    copy = path.with_name(path.name.replace(".json", ".local.json"))
    copy.write_bytes(pretty_json(document))
    found = verified()["findings"]
    assert [each["code"] for each in found if each["path"].endswith(copy.name)] == [
        "duplicate", "unsigned",
    ]  # fmt: skip


def test_a_measurement_under_a_second_entry_is_named(root: Path) -> None:
    path = record_of(root, "signed")
    document = json.loads(path.read_bytes()) | {"signature": None}
    document["submission"]["entry"] = "local"
    document["sessions"][0]["started_utc"] = "2026-01-01T00:00:00+00:00"
    document["sessions"][0]["phases"][0]["disturbance"]["other_cpu_seconds"] = 9.0
    name = f"{path.name[:17]}{document_digest(document)[:8]}.local.json"
    (root / RESULTS / "toy/local" / name).write_bytes(pretty_json(document))
    found = verified()["findings"]
    assert "replayed" in [each["code"] for each in found if each["path"].endswith(name)]
    (replayed,) = (each for each in found if each["code"] == "replayed")
    assert path.name in replayed["message"]


@pytest.mark.parametrize("target", ["toy/local", "other/signed"])
def test_a_signed_record_that_was_copied_elsewhere_is_named(root: Path, target: str) -> None:
    path = record_of(root, "signed")
    (root / RESULTS / target).mkdir(parents=True, exist_ok=True)
    shutil.copy(path, root / RESULTS / target / path.name)
    found = verified("--published")["findings"]
    assert [(each["code"], each["path"]) for each in found] == [
        ("misplaced", f"{target}/{path.name}")
    ]


@pytest.mark.parametrize("named", ["leaderboard", f"{RESULTS}/toy", f"{RESULTS}/toy/signed"])
def test_a_part_of_a_results_folder_or_what_is_around_it_is_not_called_misplaced(
    root: Path, named: str
) -> None:
    told = run("verify", root / named, "--json")
    assert told.exit_code == 2
    error = json.loads(told.stdout)["error"]
    assert error["message"].startswith(f"{root / named}: is not a results folder")
    assert str(root / RESULTS) in error["message"]


@pytest.mark.parametrize("task", ["", "a/toy"])
def test_a_record_of_no_task_makes_no_other_folder_the_results_folder(
    root: Path, task: str
) -> None:
    forge(record_of(root, "local"), lambda r: r["task"].update(id=task))
    assert "misplaced" in codes(verified())


def test_a_record_alone_that_was_moved_is_still_misplaced(root: Path, tmp_path: Path) -> None:
    path = record_of(root, "signed")
    (tmp_path / "alone/toy/other").mkdir(parents=True)
    shutil.copy(path, tmp_path / "alone/toy/other")
    assert codes(verified(tmp_path / "alone")) == ["misplaced"]


# Keys


def revoke(root: Path, table: str) -> None:
    with (root / KEYS / "jury.pub").open("a") as file:
        file.write(f"[revoked]\n{table}\n")


def test_a_compromised_key_takes_all_but_what_is_kept(root: Path) -> None:
    digest = next(r["digest"] for r in verified()["records"] if r["entry"] == "signed")
    table = 'since = 2030-01-01T00:00:00Z\nreason = "compromised"\n'
    revoke(root, f'{table}keep = ["{digest}"]')
    document = verified("--published")
    assert [(each["code"], "/broken/" in each["path"]) for each in document["findings"]] == [
        ("key-revoked", True)
    ]
    assert "signed" in [each["entry"] for each in document["records"]]


def test_a_retired_key_keeps_what_it_signed(root: Path) -> None:
    revoke(root, 'since = 2100-01-01T00:00:00Z\nreason = "retired"')
    assert verified("--published")["findings"] == []


def test_without_the_key_nothing_is_verified(root: Path) -> None:
    (root / KEYS / "jury.pub").unlink()
    assert codes(verified("--published")) == ["key-unknown", "key-unknown"]


# Whatever a record says


def leaves(value: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(value, dict):
        inner = [leaf for key in value for leaf in leaves(value[key], (*path, key))]
        return [path, *inner]
    if isinstance(value, list):
        inner = [leaf for index, each in enumerate(value) for leaf in leaves(each, (*path, index))]
        return [path, *inner]
    return [path]


EXAMPLES = 100

ANYTHING: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, 0, 0.5, "x", [], [[]], {}, [None]]
).map(deepcopy)  # a later draw may write into what an earlier one put there
BY_TYPE: dict[type, st.SearchStrategy[Any]] = {
    bool: st.booleans(),
    int: st.sampled_from([0, 1, -1, 7, 10**15, 2**63, 10**30, -(10**30)]),
    float: st.sampled_from([0.0, -0.0, -0.5, 5e-324, 1e-9, 1e12, 1e308, -1e308]),
    str: st.sampled_from(
        [
            "", "x", "../..", "/", "\x1b[2J", "0" * 64, "2026-02-30T00:00:00Z", "quick", "official",
            "wall", "model", "hub", "directory", "sample", "package", "measured", "original", "D",
        ]
    ),
}  # fmt: skip
"""Of the type that stands there: most of it passes the schema."""


@settings(max_examples=EXAMPLES)
@given(data=st.data())
def test_no_record_is_too_senseless_to_be_judged(
    made: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    base = tmp_path_factory.getbasetemp() / "senseless"
    shutil.rmtree(base, ignore_errors=True)
    document = json.loads(record_of(made, "local").read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.sampled_from(leaves(document)[1:]))
        holder = document
        for step in place[:-1]:
            holder = holder[step]
        found = holder[place[-1]]
        if isinstance(found, list) and found and data.draw(st.booleans()):
            holder[place[-1]] = data.draw(st.sampled_from([found[1:], found + found[:1], []]))
        else:
            holder[place[-1]] = data.draw(BY_TYPE.get(type(found), ANYTHING))
    moment = re.sub("[-:]|\\+00:00", "", str(document["created_utc"])) + "Z"
    name = f"{moment}-{document_digest(document)[:8]}.local.json".replace("/", "-")
    folder = base / "toy" / "local"
    folder.mkdir(parents=True)
    (folder / name).write_bytes(pretty_json(document))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HARNESS_ROOT", str(made))
        verified(base)
        assert run("verify", base).exit_code == 1
