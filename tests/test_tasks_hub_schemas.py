"""The challenge's own tasks on what their public sets look like on the hub, from a stand-in hub.

Columns, types, file names and split names are those of the public sets, as far as their cards and
those who work with them tell: the quotes lie beside their card and have an ``id`` that is null in
every row; of the frames one box stands on a line, and every box is of class 1; the clips have
numbers for labels, and some are empty. What is in the rows is made up.
"""

from __future__ import annotations

import io
import wave
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fetching_project import Place, Seen
from hub_stand_in import Repository, stand_in_hub
from toy_task import COMMIT

CHECKOUT = Path(__file__).parents[1]
STORED = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
SPLITS = """---
license: {licence}
dataset_info:
  features:
{features}
configs:
- config_name: default
  data_files:
  - split: train
    path: data/train-*
  - split: {test}
    path: data/{test}-*
---
"""
CLIPS = """  - name: audio
    dtype:
      audio:
        sampling_rate: 12000
  - name: label
    dtype:
      class_label:
        names:
          '0': chainsaw
          '1': environment"""
FRAMES = "\n".join(
    f"  - name: {name}\n    dtype: {'image' if name == 'image' else 'string'}"
    for name in ("image", "annotations", "partner", "camera", "date", "image_name")
)


def quotes(split: str, count: int) -> pa.Table:
    numbers = range(count)
    return pa.table(
        {
            "quote": [f"{split} quote {n}" for n in numbers],
            "label": ["0_not_relevant", "7_fossil_fuels_needed", "2_not_human"][:count],
            "source": ["FLICC"] * count,
            "url": ["https://example.org"] * count,
            "language": ["en"] * count,
            "subsource": ["CARDS", None, "jintrain"][:count],
            "id": pa.nulls(count),
            "__index_level_0__": pa.array(numbers, pa.int64()),
        }
    )


def clip(frames: int) -> bytes:
    made = io.BytesIO()
    with wave.open(made, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(12_000)
        out.writeframes(bytes(2 * frames))
    return made.getvalue()


def clips(split: str, lengths: list[int]) -> pa.Table:
    samples = [{"bytes": clip(n), "path": f"{split}{n}.wav"} for n in lengths]
    labels = [number % 2 for number in range(len(lengths))]
    return pa.table({"audio": pa.array(samples, STORED), "label": pa.array(labels, pa.int64())})


def frames(split: str, annotations: list[str]) -> pa.Table:
    numbers = range(len(annotations))
    stored = [{"bytes": b"\xff\xd8\xff" + f"{split}{n}".encode(), "path": None} for n in numbers]
    return pa.table(
        {
            "image": pa.array(stored, STORED),
            "annotations": annotations,
            "partner": ["force-06"] * len(annotations),
            "camera": [f"camera-{n // 2}" for n in numbers],
            "date": ["2024-01-26T14-20-26"] * len(annotations),
            "image_name": [f"force-06_{split}_{n}.jpg" for n in numbers],
        }
    )


def content(table: pa.Table) -> bytes:
    made = io.BytesIO()
    pq.write_table(table, made)
    return made.getvalue()


def repositories() -> dict[str, Repository]:
    """Return the three public sets, small."""
    of_quotes = {
        "README.md": b"---\nlicense: cc-by-nc-4.0\n---\n",
        "train.parquet": content(quotes("train", 3)),
        "test.parquet": content(quotes("test", 3)),
    }
    of_clips = {
        "README.md": SPLITS.format(licence="cc-by-nc-4.0", features=CLIPS, test="test").encode(),
        "data/train-00000-of-00001.parquet": content(clips("train", [36_000, 20])),
        "data/test-00000-of-00002.parquet": content(clips("test", [36_000, 0])),
        "data/test-00001-of-00002.parquet": content(clips("test", [50_000])),
    }
    boxes = ["", "1 0.5 0.5 0.2 0.1\n", "1 0.5 0.5 0.02 0.1\n1 0.1 0.2 0.1 0.1"]
    of_frames = {
        "README.md": SPLITS.format(licence="apache-2.0", features=FRAMES, test="val").encode(),
        "data/train-00000-of-00001.parquet": content(frames("train", ["", boxes[1]])),
        "data/val-00000-of-00001.parquet": content(frames("val", boxes)),
    }
    return {
        "QuotaClimat/frugalaichallenge-text-train": Repository(
            COMMIT, of_quotes, licence="cc-by-nc-4.0"
        ),
        "rfcx/frugalai": Repository(COMMIT, of_clips, licence="cc-by-nc-4.0"),
        "pyronear/pyro-sdis": Repository(COMMIT, of_frames, licence="apache-2.0"),
    }


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """Fetch the three sets, each by its own task, in one process."""
    place = Place(tmp_path_factory.mktemp("schemas"))
    (place.root / "tasks").symlink_to(CHECKOUT / "tasks")
    names = ("chainsaw", "climate-disinformation", "wildfire-smoke")
    fetches: dict[str, Any] = {name: (name, COMMIT, None) for name in names}
    with stand_in_hub(repositories()) as endpoint:
        return place.fetch(endpoint, fetches)


@pytest.mark.parametrize(
    ("task", "licence", "labels", "warm_up"),
    [
        ("chainsaw", "cc-by-nc-4.0", [0, 1, 0], 1),
        ("climate-disinformation", "cc-by-nc-4.0", [0, 7, 2], 3),
        ("wildfire-smoke", "apache-2.0", [0, 1, 1], 2),
    ],
)
def test_a_public_set_is_read_as_the_hub_has_it(
    seen: Seen, task: str, licence: str, labels: list[int], warm_up: int
) -> None:
    fetched = seen[task]
    assert "error" not in fetched, fetched
    assert fetched["labels"] == labels
    assert (fetched["licence"], fetched["source"], fetched["public"]) == (licence, "hub", True)
    assert fetched["digest"] == fetched["kept"]
    assert fetched["warm_up"] == warm_up  # less what the test has, too
