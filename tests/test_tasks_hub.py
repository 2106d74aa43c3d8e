"""The hub path, through ``datasets`` itself, on Parquet in the hub's schema.

A stand-in hub serves it on loopback. The libraries read HF_ENDPOINT when they are imported, so each
set of loads runs in a process of its own.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import pyarrow as pa
import pytest
from hub_stand_in import Repository, stand_in_hub
from toy_task import COMMIT, HUB, images, texts, write_parquet, write_task

from harness.errors import ConfigurationError, UsageError
from harness.tasks import load_task

Seen: TypeAlias = dict[str, dict[str, Any]]
"""What the loader below prints, by the name of the load."""
OTHER_COMMIT = "f" * 40
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
LOADER = """
import json, pathlib, sys, time
from harness.errors import HarnessError
from harness.tasks import load_task

root, sources = pathlib.Path(sys.argv[1]), json.loads(sys.argv[2])
results = {}
for name, (task, source) in sources.items():
    started = time.monotonic()
    try:
        data = load_task(root, task).load_data(source, 0)
    except HarnessError as error:
        seen = {"error": type(error).__name__, "message": error.message, "remedy": error.remedy}
    else:
        samples = data.test.samples(range(len(data.test)))
        seen = {
            "digest": data.reference.digest,
            "source": data.reference.source,
            "public": data.reference.public,
            "hub": [data.reference.hub_id, data.reference.revision],
            "labels": data.test.labels.tolist(),
            "samples": [s if isinstance(s, str) else s.hex() for s in samples],
            "warm_up": len(data.warm_up),
        }
    results[name] = seen | {"seconds": time.monotonic() - started}
print(json.dumps(results))
"""


@dataclass
class Place:
    """A project with tasks of several modalities, and the caches of one user."""

    root: Path

    def load(self, endpoint: str, sources: dict[str, tuple[str, str]], **env: str) -> Seen:
        """Load ``{name: (task, source)}`` in one process; return what was seen, by name."""
        ran = subprocess.run(
            [sys.executable, "-c", LOADER, str(self.root), json.dumps(sources)],
            env=os.environ
            | {"HF_ENDPOINT": endpoint, "HF_HOME": str(self.root / "cache"), "HF_HUB_OFFLINE": "0"}
            | env,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        seen: Seen = json.loads(ran.stdout)
        return seen


def shards(root: Path, **splits: pa.Table) -> dict[str, bytes]:
    folder = write_parquet(root, **{name: [table] for name, table in splits.items()})
    return {f"data/{path.name}": path.read_bytes() for path in sorted(folder.glob("*.parquet"))}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return Place(tmp_path_factory.mktemp("hub"))


@pytest.fixture(scope="module")
def repositories(place: Place) -> dict[str, Repository]:
    """Return data sets as the hub has them, each with a task that reads it; broken ones too."""
    root = place.root
    text = shards(root / "files" / "text", train=texts("train", 7), test=texts("test", 5))
    made = {"text": Repository(COMMIT, text)}
    for modality in ("image", "audio"):
        tables = {
            split: images(split, rows).rename_columns([modality, "label", "scene"])
            for split, rows in (("train", 7), ("test", 5))
        }
        files = shards(root / "files" / modality, **tables)
        files["README.md"] = README.format(column=modality).encode()
        made[modality] = Repository(COMMIT, files)
    made["gated"] = Repository(COMMIT, text, gated=True)
    made["no-test"] = Repository(COMMIT, shards(root / "files" / "no-test", train=texts("t", 3)))
    wrong = {name: table.drop_columns(["quote"]) for name, table in two_texts().items()}
    made["no-quote"] = Repository(COMMIT, shards(root / "files" / "no-quote", **wrong))
    made["broken"] = Repository(COMMIT, {name: content[:90] for name, content in text.items()})
    card = README.format(column="image").encode()  # promises a column that the files lack
    made["miscast"] = Repository(COMMIT, text | {"README.md": card})
    for name in (*made, "absent"):
        modality = name if name in ("image", "audio") else "text"
        columns = f'sample = "{modality}"\nlabel = "label"\ngroup = "scene"'
        write_task(
            root,
            task_id=name,
            modality=modality,
            columns=None if modality == "text" else columns,
            hub=HUB.replace("org/toys", f"org/{name}"),
        )
    return {f"org/{name}": repository for name, repository in made.items()}


def two_texts() -> dict[str, pa.Table]:
    return {"train": texts("train", 4), "test": texts("test", 3)}


@pytest.fixture(scope="module")
def endpoint(repositories: dict[str, Repository]) -> Iterator[str]:
    with stand_in_hub(repositories) as address:
        yield address


@pytest.fixture(scope="module")
def seen(place: Place, endpoint: str, repositories: dict[str, Repository]) -> Seen:
    """Load every data set from the stand-in hub, in one process."""
    sources = {name.removeprefix("org/"): "hub" for name in repositories} | {"absent": "hub"}
    loads = {name: (name, source) for name, source in sources.items()}
    return place.load(endpoint, loads | {"no-commit": ("text", f"hub@{OTHER_COMMIT}")})


@pytest.mark.parametrize("modality", ["text", "image", "audio"])
def test_hub_data_is_the_same_data_as_its_parquet_in_a_directory(
    place: Place, seen: Seen, modality: str
) -> None:
    loaded = seen[modality]
    folder = str(place.root / "files" / modality)
    data = load_task(place.root, modality).load_data(folder, 0)
    assert loaded["digest"] == data.reference.digest
    assert (loaded["source"], loaded["public"]) == ("hub", True)
    assert loaded["hub"] == [f"org/{modality}", COMMIT]
    assert loaded["labels"] == [0, 1, 0, 1, 0]
    assert loaded["warm_up"] == 7
    samples = data.test.samples(range(5))
    assert loaded["samples"] == [s if isinstance(s, str) else s.hex() for s in samples]


@pytest.mark.parametrize(
    ("name", "message", "remedy"),
    [
        ("gated", "org/gated: is gated", "huggingface-cli login"),
        ("absent", "org/absent: is not there, or not for this user", "HF_TOKEN"),
        ("no-commit", f"org/text@{OTHER_COMMIT}: the hub has no such commit", "commit"),
        ("no-test", "split 'test' is missing; there are train", "[hub]"),
        ("no-quote", "split 'test': column 'quote': is missing; there are 'id'", "[columns]"),
        ("broken", "cannot be loaded: Parquet magic bytes not found", "Parquet"),
        ("miscast", "cannot be loaded: Couldn't cast id: string quote:", "Parquet"),
    ],
)
def test_what_the_hub_lacks_is_named(seen: Seen, name: str, message: str, remedy: str) -> None:
    assert seen[name]["error"] == "ConfigurationError"
    assert message in seen[name]["message"]
    assert remedy in seen[name]["remedy"]


def test_offline_the_cache_serves_its_commit_and_no_other(place: Place, seen: Seen) -> None:
    loads = {
        "same": ("text", "hub"),
        "other": ("text", f"hub@{OTHER_COMMIT}"),
        "new": ("gated", "hub"),
    }
    offline = place.load("http://127.0.0.1:9", loads, HF_HUB_OFFLINE="1")
    assert offline["same"]["digest"] == seen["text"]["digest"]
    assert "is of another commit" in offline["other"]["message"]
    assert "HF_HUB_OFFLINE is set" in offline["new"]["remedy"]


@pytest.mark.parametrize("answers", [False, True])
def test_a_hub_that_cannot_be_reached_is_given_up_soon(
    place: Place, repositories: dict[str, Repository], answers: bool
) -> None:
    assert repositories
    with socket.create_server(("127.0.0.1", 0)) as silent:  # accepts, and says nothing
        port = silent.getsockname()[1]
        if not answers:
            silent.close()
        lost = place.load(f"http://127.0.0.1:{port}", {"text": ("text", "hub")})["text"]
    assert lost["error"] == "ConfigurationError"
    assert "the hub cannot be reached" in lost["message"]
    assert "HF_HUB_OFFLINE=1" in lost["remedy"]
    assert lost["seconds"] < 12


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
    assert "hub@<its 40 hexadecimal digits>" in caught.value.remedy
    for revision in ("main", "v1.0", "", "0123abc", COMMIT.upper()):
        with pytest.raises(UsageError, match="is not a commit of org/toys"):
            task.load_data(f"hub@{revision}", 0)


def test_a_folder_of_the_hubs_name_does_not_stand_in_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_task(tmp_path)
    write_parquet(tmp_path / "org" / "toys", **two_texts())
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError, match="before it asks the hub"):
        load_task(tmp_path, "toy").load_data("hub", 0)
