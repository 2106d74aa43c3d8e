"""Data fetched from a stand-in hub on loopback: the same code path as from the real one."""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pytest
from fetching_project import TEXT_README, Place, Seen, shards
from hub_stand_in import Play, Repository, stand_in_hub
from toy_task import COMMIT, images, texts
from typer.testing import CliRunner

from harness.cli.app import app
from harness.errors import ConfigurationError, UsageError
from harness.records.base import parse_json
from harness.tasks import downloading, listing, load_task
from harness.tasks.downloading import PIECE_BYTES
from harness.tasks.fetching import fetch
from harness.tasks.kept import PLAN_FILE, Plan, locked, write_plan
from harness.tasks.listing import Listing, Remote, list_files

OTHER_COMMIT = "f" * 40
TRAIN = "data/train-00000-of-00001.parquet"
TEST = "data/test-00000-of-00001.parquet"
README = """---
dataset_info:
  features:
  - name: {column}
    dtype: {column}
  - name: label
    dtype:
      class_label:
        names:
          '0': a
          '1': b
  - name: scene
    dtype: string
configs:
- config_name: default
  data_files:
  - split: train
    path: data/train-*
  - split: test
    path: data/test-*
---
"""
FALSE = "0" * 64
REFUSALS = {
    "expired": (401, "Invalid credentials in Authorization header"),
    "disabled": (403, "Access to this resource is disabled."),
    "forbidden": (403, "Storage locked"),
    "limited": (429, "Too many requests"),
}
"""Status and message of the hub's answer, by the set that is asked for."""
TOKEN = "hf_of-a-user"  # noqa: S105 - nobody's
KEPT = 2 * PIECE_BYTES
BREAK = KEPT + 900
"""Where connections break, and what is kept then: whole pieces."""


def two_texts() -> dict[str, pa.Table]:
    return {"train": texts("train", 7), "test": texts("test", 5)}


def long_texts() -> pa.Table:
    """Return a split that no compression makes small."""
    table = texts("test", 5)
    rng = random.Random(0)  # noqa: S311 - no secret
    quotes = [rng.randbytes(40_000).hex() for _ in range(len(table))]
    return table.set_column(1, "quote", pa.array(quotes))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return Place(tmp_path_factory.mktemp("hub"))


@pytest.fixture(scope="module")
def repositories(place: Place) -> dict[str, Repository]:
    """Return data sets as the hub has them, each with a task that reads it; broken ones too."""
    files = place.root / "files"
    text = shards(files / "text", **two_texts())
    made = {"text": Repository(COMMIT, text | {"README.md": TEXT_README.encode()})}
    made["text"].licence = "cc-by-4.0"
    for modality in ("image", "audio"):
        tables = {
            split: images(split, rows).rename_columns([modality, "label", "scene"])
            for split, rows in (("train", 7), ("test", 5))
        }
        card = {"README.md": README.format(column=modality).encode()}
        made[modality] = Repository(COMMIT, shards(files / modality, **tables) | card)
    tables = {"train": [texts("train", 2), texts("train", 3, start=2)], "test": texts("test", 5)}
    made["sharded"] = Repository(COMMIT, shards(files / "sharded", **tables))
    made["gated"] = Repository(COMMIT, text, gated=True)
    made["locked"] = Repository(COMMIT, text, locked=True)
    for name, refusal in REFUSALS.items():
        made[name] = Repository(COMMIT, text, refuses=refusal)
    made["no-test"] = Repository(COMMIT, shards(files / "no-test", train=texts("t", 3)))
    wrong = {name: table.drop_columns(["quote"]) for name, table in two_texts().items()}
    made["no-quote"] = Repository(COMMIT, shards(files / "no-quote", **wrong))
    made["broken"] = Repository(COMMIT, {name: content[:90] for name, content in text.items()})
    made["altered"] = Repository(COMMIT, text, altered={TEST: text[TEST][::-1]})
    csv = {f"data/{split}.csv": b"quote,label\nx,a\n" for split in ("train", "test")}
    made["csv"] = Repository(COMMIT, csv)
    # Misbehaving, and whole in the end:
    long = shards(files / "long", train=texts("train", 7), test=long_texts())
    made["breaks"] = Repository(COMMIT, long, plays={TEST: [Play(breaks_after=BREAK)]})
    gives_up = [Play(breaks_after=BREAK), Play(status=500)]
    made["gives-up"] = Repository(COMMIT, long, plays={TEST: list(gives_up)})
    made["no-ranges"] = Repository(COMMIT, long, ranges=False, plays={TEST: list(gives_up)})
    made["long"] = Repository(COMMIT, long)
    made["garbled"] = Repository(COMMIT, long)
    garbled = place.root / "cache" / "data" / "garbled" / f"org--garbled@{COMMIT}.partial"
    garbled.mkdir(parents=True)
    write_plan(garbled, Plan(hub_id="org/garbled", revision=COMMIT, files=2, bytes=9_000))
    (garbled / "test-00000-of-00001.parquet.part").write_bytes(b"?" * 1000)
    made["elsewhere"] = Repository(COMMIT, long, elsewhere=True, plays={TEST: list(gives_up[:1])})
    made["pinned"] = Repository(COMMIT, text)
    for name in (*made, "absent"):
        modality = name if name in ("image", "audio") else "text"
        place.task(name, modality, **({"digest": FALSE} if name == "pinned" else {}))
    return {f"org/{name}": repository for name, repository in made.items()}


@pytest.fixture(scope="module")
def endpoint(repositories: dict[str, Repository]) -> Iterator[str]:
    with stand_in_hub(repositories) as address:
        yield address


@pytest.fixture(scope="module")
def seen(place: Place, endpoint: str, repositories: dict[str, Repository]) -> Seen:
    """Fetch every data set from the stand-in hub, in one process; some of them twice."""
    names = [name.removeprefix("org/") for name in repositories] + ["absent"]
    fetches: dict[str, tuple[str, str | None, Path | None]]
    fetches = {name: (name, None, None) for name in names}
    again = {f"{name} again": (name, None, None) for name in ("gives-up", "no-ranges", "text")}
    more: dict[str, tuple[str, str | None, Path | None]] = {
        "no-commit": ("text", OTHER_COMMIT, None),
        "to": ("sharded", None, place.root / "to" / "set"),
    }
    return place.fetch(endpoint, fetches | again | more, HF_TOKEN=TOKEN)


@pytest.mark.parametrize("modality", ["text", "image", "audio"])
def test_hub_data_is_the_same_data_as_its_parquet_in_a_directory(
    place: Place, seen: Seen, modality: str
) -> None:
    fetched = seen[modality]
    folder = str(place.root / "files" / modality)
    data = load_task(place.root, modality).load_data(folder, 0)
    assert fetched["digest"] == fetched["kept"] == data.reference.digest
    assert (fetched["source"], fetched["public"]) == ("hub", True)
    assert fetched["hub"] == [f"org/{modality}", COMMIT]
    assert fetched["labels"] == [0, 1, 0, 1, 0]
    assert fetched["warm_up"] == 7
    samples = data.test.samples(range(5))
    assert fetched["samples"] == [s if isinstance(s, str) else s.hex() for s in samples]


def test_terms_are_told_before_anything_is_fetched(seen: Seen) -> None:
    assert seen["text"]["terms"][0][:2] == ["cc-by-4.0", False]
    assert seen["text"]["licence"] == "cc-by-4.0"
    assert seen["image"]["licence"] == "CC0-1.0"  # the hub states none: the task's card does
    assert seen["text"]["sizes"]


def test_what_is_here_is_not_fetched_again(seen: Seen) -> None:
    assert (seen["text"]["new"], seen["text again"]["new"]) == (True, False)
    assert seen["text again"]["sizes"] == []


def test_shards_keep_their_order_in_a_folder_of_ones_own(place: Place, seen: Seen) -> None:
    folder = place.root / "to" / "set"
    names = sorted(path.name for path in folder.iterdir())
    assert names == [
        "set.json",
        "test-00000-of-00001.parquet",
        "train-00000-of-00002.parquet",
        "train-00001-of-00002.parquet",
    ]
    assert seen["to"]["digest"] == seen["sharded"]["digest"]
    # Labels of public data are known to everybody, whichever way it came:
    assert (seen["to"]["source"], seen["to"]["public"]) == ("directory", True)


@pytest.mark.parametrize(
    ("name", "message", "remedy"),
    [
        ("gated", "org/gated: is gated", "hf auth login"),
        ("locked", "org/locked: is gated", "/datasets/org/locked"),
        ("absent", "org/absent: is not there, or not for this user", "HF_TOKEN"),
        ("expired", "the hub does not take this user's token", "unset HF_TOKEN"),
        ("disabled", "the hub refuses it: 403", "says why"),
        ("forbidden", "the hub refuses it: 403 Forbidden: Storage locked", "says why"),
        ("limited", "the hub is asked too often: 429", "wait some minutes"),
        ("no-commit", f"org/text@{OTHER_COMMIT}: the hub has no such commit", "commit"),
        ("no-test", "split 'test' is missing; there are train", "[hub]"),
        ("no-quote", "column 'quote': is missing; there are 'id'", "[columns]"),
        ("broken", "cannot be read as Parquet", "again"),
        ("csv", "which is not Parquet", "Parquet"),
        ("altered", f"{TEST}: its SHA-256 is", "nothing of it is kept"),
        ("gives-up", f"{TEST}: broken off: ", "goes on from there"),
        ("pinned", f"task.toml says {FALSE}", "pin its digest"),
    ],
)
def test_what_the_hub_lacks_is_named(seen: Seen, name: str, message: str, remedy: str) -> None:
    assert seen[name]["error"] == "ConfigurationError"
    assert message in seen[name]["message"]
    assert remedy in seen[name]["remedy"]


def test_a_download_that_breaks_off_goes_on_where_it_was(
    seen: Seen, repositories: dict[str, Repository]
) -> None:
    assert seen["breaks"]["digest"] == seen["long"]["digest"]
    asked = [wanted for path, wanted in repositories["org/breaks"].asked if path == TEST]
    assert asked == ["", f"bytes={KEPT}-"]


def test_the_next_fetch_goes_on_where_the_last_gave_up(
    seen: Seen, repositories: dict[str, Repository]
) -> None:
    assert f"; {KEPT:,} of " in seen["gives-up"]["message"]
    assert seen["gives-up again"]["digest"] == seen["long"]["digest"]
    asked = repositories["org/gives-up"].asked
    assert [wanted for path, wanted in asked if path == TEST][-1] == f"bytes={KEPT}-"
    assert [path for path, _ in asked].count(TRAIN) == 1


def test_what_an_earlier_fetch_left_is_no_beginning_of_it_and_is_fetched_anew(
    seen: Seen, repositories: dict[str, Repository]
) -> None:
    assert seen["garbled"]["digest"] == seen["long"]["digest"]
    asked = [wanted for path, wanted in repositories["org/garbled"].asked if path == TEST]
    assert asked == ["bytes=1000-", ""]


def test_a_server_that_gives_only_whole_files_is_taken_at_that(seen: Seen) -> None:
    assert seen["no-ranges again"]["digest"] == seen["long"]["digest"]


def test_the_hub_is_shown_the_users_token_and_whom_it_sends_us_to_is_not(
    seen: Seen, repositories: dict[str, Repository]
) -> None:
    assert seen["elsewhere"]["digest"] == seen["long"]["digest"]
    assert set(repositories["org/elsewhere"].tokens) == {
        ("127.0.0.1", f"Bearer {TOKEN}"),
        ("localhost", ""),
    }


def test_nothing_is_kept_of_a_file_that_is_not_what_is_listed(place: Place, seen: Seen) -> None:
    assert "error" in seen["altered"]
    partial = place.root / "cache" / "data" / "altered" / f"org--altered@{COMMIT}.partial"
    assert sorted(path.name for path in partial.glob("*.parquet*")) == [
        "train-00000-of-00001.parquet"
    ]


def test_offline_what_is_here_is_used_and_the_rest_is_named(place: Place, seen: Seen) -> None:
    fetches: dict[str, tuple[str, str | None, Path | None]] = {
        "same": ("text", None, None),
        "new": ("text", OTHER_COMMIT, None),
    }
    offline = place.fetch("http://127.0.0.1:9", fetches, HF_HUB_OFFLINE="1")
    assert offline["same"]["digest"] == seen["text"]["digest"]
    assert "HF_HUB_OFFLINE is set" in offline["new"]["message"]


@pytest.mark.parametrize("answers", [False, True])
def test_a_hub_that_cannot_be_reached_is_given_up_soon(
    place: Place, seen: Seen, answers: bool
) -> None:
    fetches: dict[str, tuple[str, str | None, Path | None]] = {
        "new": ("text", OTHER_COMMIT, None),
        "here": ("text", None, None),
    }
    with socket.create_server(("127.0.0.1", 0)) as silent:  # accepts, and says nothing
        port = silent.getsockname()[1]
        if not answers:
            silent.close()
        lost = place.fetch(f"http://127.0.0.1:{port}", fetches)
    assert "the hub cannot be reached" in lost["new"]["message"]
    assert "--to DIR" in lost["new"]["remedy"]
    assert lost["here"]["digest"] == seen["text"]["digest"]  # which asks nobody


def harness(place: Place, endpoint: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "harness", "data", *arguments],
        env=place.environment(endpoint),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_until_kept(folder: Path) -> None:
    """Wait until the pieces that were sent are written; the test's own time is its limit."""
    while True:
        parts = list(folder.glob("*.partial/*.part"))
        if parts and parts[0].stat().st_size == KEPT:
            return
        time.sleep(0.02)


def test_an_interrupted_fetch_is_half_a_set_that_is_named_and_gone_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place(tmp_path)
    (tmp_path / "leaderboard").mkdir()
    (tmp_path / "leaderboard" / "rules.toml").touch()
    place.task("slow")
    files = shards(tmp_path / "files", train=texts("train", 7), test=long_texts())
    repository = Repository(COMMIT, files, plays={TEST: [Play(holds_after=BREAK)]})
    with stand_in_hub({"org/slow": repository}) as endpoint:
        refused = harness(place, endpoint, "fetch", "slow")
        out, err = refused.communicate(timeout=60)
        assert (refused.returncode, out) == (2, "")
        assert "licence: CC0-1.0" in err
        assert "error: org/slow: its licence, CC0-1.0, was not accepted" in err
        assert repository.asked == []

        process = harness(place, endpoint, "fetch", "slow", "--accept-licence")
        assert repository.holding.wait(60)
        wait_until_kept(tmp_path / "cache" / "data" / "slow")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        repository.released.set()
        assert (process.returncode, out) == (130, "")
        assert "the same command goes on from there" in err

        for name in ("HARNESS_ROOT", "HARNESS_CACHE"):
            monkeypatch.setenv(name, place.environment(endpoint)[name])
        listed = CliRunner().invoke(app, ["data", "list", "--json"])
        (here,) = json.loads(listed.stdout)["tasks"][0]["here"]
        assert (here["complete"], here["revision"]) == (False, COMMIT)
        found = CliRunner().invoke(app, ["data", "verify", "slow", "--data", "hub", "--json"])
        report = json.loads(found.stdout)
        assert (found.exit_code, report["ok"]) == (1, False)
        assert "is only half fetched" in report["findings"][0]["message"]
        assert "data fetch slow" in report["findings"][0]["remedy"]

        again = harness(place, endpoint, "fetch", "slow", "--accept-licence", "--json")
        out, err = again.communicate(timeout=60)
        assert again.returncode == 0, err
        assert json.loads(out)["set"]["test_items"] == 5
    asked = [wanted for path, wanted in repository.asked if path == TEST]
    assert asked == ["", f"bytes={KEPT}-"]
    assert [path for path, _ in repository.asked].count(TRAIN) == 1
    data = load_task(tmp_path, "slow").load_data(str(tmp_path / "files"), 0)
    assert json.loads(out)["set"]["digest"] == data.reference.digest


def test_a_small_file_is_held_against_what_git_calls_it(tmp_path: Path) -> None:
    path = tmp_path / "small"
    path.write_bytes(b"hello\n")
    known = "ce013625030ba8dba906f756967f9e9ca394464a"  # by git hash-object
    remote = Remote(path="small", bytes=6, git_sha1=known)
    assert downloading._fault(path, remote) == ""
    path.write_bytes(b"hallo\n")
    assert f"and the hub lists {known}" in downloading._fault(path, remote)


class Silent:
    """Is told, and tells whoever waits for it."""

    def __init__(self) -> None:
        self.waits = threading.Event()

    def note(self, text: str) -> None:
        if text.startswith("waiting"):
            self.waits.set()

    def fetched(self, name: str, done: int, total: int) -> None: ...


def test_a_folder_that_no_fetch_began_is_left_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place(tmp_path)
    place.task("toys")
    own = tmp_path / "toys.partial" / "sales-2024.parquet"
    own.parent.mkdir()
    own.write_text("years of work")
    listed = Listing(hub_id="org/toys", revision=COMMIT, licence=None, gated=False, files=())
    monkeypatch.setattr(listing, "list_files", lambda *_: listed)
    card = load_task(tmp_path, "toys").card
    with pytest.raises(UsageError, match=r"holds sales-2024\.parquet and no plan\.json") as caught:
        fetch(card, None, tmp_path / "toys", lambda _: None, Silent())
    assert "move that folder away" in caught.value.remedy
    assert [path.name for path in own.parent.iterdir()] == [own.name]
    assert own.read_text() == "years of work"


def test_two_that_fetch_one_set_do_it_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = Place(tmp_path)
    place.task("toys")
    card = load_task(tmp_path, "toys").card
    content = shards(tmp_path / "files", **two_texts())
    train, test = (
        Remote(
            path=path,
            bytes=len(content[path]),
            git_sha1="",
            sha256=hashlib.sha256(content[path]).hexdigest(),
        )
        for path in (TRAIN, TEST)
    )
    listed = Listing(
        hub_id="org/toys",
        revision=COMMIT,
        licence=None,
        gated=False,
        files=(("train", (train,)), ("test", (test,))),
    )
    begun, go_on = threading.Event(), threading.Event()
    obtained: list[str] = []

    def obtain(_hub: str, _commit: str, remote: Remote, target: Path, _told: object) -> None:
        begun.set()
        assert go_on.wait(60)
        obtained.append(remote.path)
        target.write_bytes(content[remote.path])

    monkeypatch.setattr(listing, "list_files", lambda *_: listed)
    monkeypatch.setattr(downloading, "obtain", obtain)
    monkeypatch.setattr(downloading, "quieten", lambda: None)
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    second = Silent()
    with ThreadPoolExecutor() as pool:
        one = pool.submit(fetch, card, None, None, lambda _: None, Silent())
        assert begun.wait(60)
        two = pool.submit(fetch, card, None, None, lambda _: None, second)
        assert second.waits.wait(60)
        go_on.set()
        fetched = [one.result(60), two.result(60)]
    assert [each.new for each in fetched] == [True, False]
    assert fetched[0].kept == fetched[1].kept
    assert obtained == [TRAIN, TEST]


def test_who_waited_for_a_folder_that_was_renamed_holds_one_of_that_name(tmp_path: Path) -> None:
    folder, waits = tmp_path / "set.partial", threading.Event()

    def second() -> bool:
        with locked(folder, waits.set):
            (folder / "file").touch()
            return not (tmp_path / "set" / "file").exists()

    with ThreadPoolExecutor() as pool:
        with locked(folder, lambda: None):
            waiting = pool.submit(second)
            assert waits.wait(60)
            folder.replace(tmp_path / "set")
        assert waiting.result(60)


def test_a_folder_that_goes_between_making_and_locking_it_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, opened = tmp_path / "set.partial", []
    really = os.open

    def open_late(path: Path, flags: int) -> int:
        opened.append(path)
        if len(opened) == 1:
            folder.rmdir()
        return really(path, flags)

    monkeypatch.setattr("harness.tasks.kept.os.open", open_late)
    with locked(folder, lambda: None):
        assert folder.is_dir()
    assert opened == [folder, folder]


def test_an_empty_folder_is_not_left_behind_and_one_that_holds_something_is(tmp_path: Path) -> None:
    empty, full = tmp_path / "empty", tmp_path / "full"
    with locked(empty, lambda: None):
        pass
    with locked(full, lambda: None):
        (full / "half.part").touch()
    assert not empty.exists()
    assert (full / "half.part").is_file()


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.task("toys")
    card = load_task(tmp_path, "toys").card
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").touch()
    with pytest.raises(UsageError, match="is there already, and is no fetched set"):
        fetch(card, None, tmp_path / "mine", lambda _: None, Silent())


def test_a_folder_of_the_hubs_name_does_not_stand_in_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place(tmp_path)
    place.task("toys")
    (tmp_path / "org" / "toys").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    card = load_task(tmp_path, "toys").card
    assert card.hub is not None
    with pytest.raises(ConfigurationError, match="before it asks the hub"):
        list_files(card, card.hub, COMMIT)


def test_what_is_kept_of_a_set_is_written_whole_and_never_astray(tmp_path: Path) -> None:
    (tmp_path / "another").write_text("mine")
    (tmp_path / f"{PLAN_FILE}.tmp").symlink_to(tmp_path / "another")
    left = tmp_path / f".{'0' * 16}.4194399.new"  # of a process that was ended: none is so numbered
    left.touch()
    plan = Plan(hub_id="org/toys", revision="a" * 40, files=2, bytes=3)

    write_plan(tmp_path, plan)

    assert parse_json((tmp_path / PLAN_FILE).read_bytes(), Plan, "the plan") == plan
    assert (tmp_path / "another").read_text() == "mine"
    assert not left.exists()
