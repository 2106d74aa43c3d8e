"""Hub data that was fetched, as an evaluation loads it: here or not, and as it was pinned."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace
from toy_task import COMMIT, HUB, texts, write_parquet, write_task

from harness.errors import ConfigurationError, UsageError
from harness.tasks import load_task
from harness.tasks.data import load_data
from harness.tasks.digests import data_digest
from harness.tasks.fetching import fetch
from harness.tasks.hub import hub_folder
from harness.tasks.kept import SCHEMA, KeptFile, KeptSet, partial_of, sha256_of, write_set
from harness.tasks.task import FolderTask


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))


def fetched(root: Path, hub: str = HUB) -> tuple[FolderTask, Path]:
    """Return the toy task and the folder of its data, as a fetch leaves it."""
    write_task(root, hub=hub)
    task = load_task(root, "toy")
    assert task.card.hub is not None
    folder = hub_folder(task.card, task.card.hub, COMMIT)
    write_parquet(folder, train=[texts("train", 4)], test=[texts("test", 3)])
    whole = write_parquet(root / "whole", train=texts("train", 4), test=texts("test", 3))
    files = tuple(
        KeptFile(name=path.name, bytes=path.stat().st_size, sha256=sha256_of(path))
        for path in sorted(folder.glob("*.parquet"))
    )
    kept = KeptSet(
        schema=SCHEMA,
        task="toy",
        digest=data_digest(task.load_data(str(whole), 0).test),
        test_items=3,
        train_items=4,
        files=files,
        hub_id="org/toys",
        revision=COMMIT,
    )
    write_set(folder, kept)
    return task, folder


def test_data_that_was_fetched_is_loaded_and_public(tmp_path: Path) -> None:
    task, _ = fetched(tmp_path)
    reference = task.load_data("hub", 0).reference
    assert (reference.source, reference.hub_id, reference.revision) == ("hub", "org/toys", COMMIT)
    assert reference.public
    assert task.load_data(f"hub@{COMMIT}", 0).reference == reference


def test_data_that_is_not_here_is_named_with_the_command_that_fetches_it(tmp_path: Path) -> None:
    task, folder = fetched(tmp_path)
    folder.rename(tmp_path / "elsewhere")
    with pytest.raises(ConfigurationError, match="is not on this machine") as caught:
        task.load_data("hub", 0)
    assert caught.value.remedy == "run python -m harness data fetch toy"
    with pytest.raises(ConfigurationError) as caught:
        task.load_data(f"hub@{'f' * 40}", 0)
    assert caught.value.remedy.endswith(f"--revision {'f' * 40}")


def test_a_set_that_lost_a_file_or_a_part_of_one_is_refused(tmp_path: Path) -> None:
    task, folder = fetched(tmp_path)
    path = folder / "train-00000-of-00001.parquet"
    content = path.read_bytes()
    path.write_bytes(content[:-1])
    with pytest.raises(ConfigurationError, match=r"train-.*parquet: has .* bytes, and set\.json"):
        task.load_data("hub", 0)
    path.unlink()
    with pytest.raises(ConfigurationError, match=r"train-.*parquet: is missing"):
        task.load_data("hub", 0)


def test_a_set_whose_items_are_not_those_that_were_fetched_is_refused(tmp_path: Path) -> None:
    task, folder = fetched(tmp_path)
    kept_at = folder / "set.json"
    content = kept_at.read_text()
    digest = task.load_data("hub", 0).reference.digest
    kept_at.write_text(content.replace(digest, "0" * 64))
    with pytest.raises(ConfigurationError, match=f"its test items is {digest}"):
        task.load_data("hub", 0)
    with pytest.raises(ConfigurationError, match=f"its test items is {digest}"):
        task.load_data(str(folder), 0)  # however it is named


def test_data_other_than_the_pinned_digest_is_refused(tmp_path: Path) -> None:
    task, _ = fetched(tmp_path)
    digest = task.load_data("hub", 0).reference.digest
    assert task.card.hub is not None
    for pinned, found in ((digest, ""), ("1" * 64, f"is {digest}, and \\[hub\\] digest")):
        card = replace(task.card, hub=replace(task.card.hub, digest=pinned))
        if not found:
            assert load_data(card, task._code, "hub", 0).reference.digest == digest
            continue
        with pytest.raises(ConfigurationError, match=found):
            load_data(card, task._code, "hub", 0)


def test_a_digest_is_pinned_with_its_commit(tmp_path: Path) -> None:
    lines = [line for line in HUB.splitlines() if "revision" not in line]
    write_task(tmp_path, hub="\n".join([*lines, f'digest = "{"1" * 64}"']))
    with pytest.raises(ConfigurationError, match=r"hub\.digest: is there, and no revision is"):
        load_task(tmp_path, "toy")


def test_a_folder_that_is_half_fetched_is_named(tmp_path: Path) -> None:
    task, folder = fetched(tmp_path)
    partial = partial_of(tmp_path / "mine")
    folder.rename(partial)
    plan = f'{{"hub_id": "org/toys", "revision": "{COMMIT}", "files": 2, "bytes": 9000000}}'
    (partial / "plan.json").write_text(plan)
    with pytest.raises(ConfigurationError, match=r"mine: is only half fetched: .* of 9\.0 MB"):
        task.load_data(str(tmp_path / "mine"), 0)


class Silent:
    """Shows no progress."""

    def note(self, text: str) -> None: ...

    def fetched(self, name: str, done: int, total: int) -> None: ...


def test_fetching_again_holds_every_file_against_its_sha256(tmp_path: Path) -> None:
    task, folder = fetched(tmp_path)
    assert not fetch(task.card, None, None, lambda _: None, Silent()).new
    (train,) = folder.glob("train-*.parquet")
    content = bytearray(train.read_bytes())
    at = content.rindex(b"ARROW:schema")  # a name that nothing here looks at
    content[at : at + 5] = b"arrow"
    train.write_bytes(content)
    task.load_data("hub", 0)
    with pytest.raises(ConfigurationError, match="is not what was fetched"):
        fetch(task.card, None, None, lambda _: None, Silent())


def test_hub_data_needs_a_task_that_has_it(tmp_path: Path) -> None:
    write_task(tmp_path, hub="")
    with pytest.raises(UsageError) as caught:
        load_task(tmp_path, "toy").load_data("hub", 0)
    assert "has no hub data" in caught.value.message
    assert caught.value.remedy == "it has: sample, a directory"


def test_hub_data_needs_a_pinned_commit(tmp_path: Path) -> None:
    write_task(tmp_path, hub="\n".join(s for s in HUB.splitlines() if "revision" not in s))
    task = load_task(tmp_path, "toy")
    with pytest.raises(UsageError) as caught:
        task.load_data("hub", 0)
    assert "hub@<commit>" in caught.value.remedy
    for revision in ("main", "v1.0", "", "0123abc", COMMIT.upper()):
        with pytest.raises(UsageError, match="is not a commit of org/toys"):
            task.load_data(f"hub@{revision}", 0)
