"""A small task in a folder of its own, of text or images: what the tests of ``tasks`` run on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

CHECKOUT = Path(__file__).parents[1]
COMMIT = "0123456789abcdef0123456789abcdef01234567"
CARD = """
schema = 1

[task]
id = "{task_id}"
title = "Toy"
version = 1
modality = "{modality}"
query = "one {modality}"
outputs = ["index", "scores"]
max_boxes = 0
licence = "CC0-1.0"
description = "Tells a from b."

[[labels]]
name = "a"
aliases = [0, "0_a"]

[[labels]]
name = "b"
aliases = [1, "1_b"]

[[metrics]]
name = "accuracy"
direction = "higher"
ranked = true

[[metrics]]
name = "recall"
direction = "higher"
label = "b"

[columns]
{columns}

{hub}
[sample]
generator_version = 3
train_items = 4
test_items = 6
"""
HUB = f"""
[hub]
id = "org/toys"
revision = "{COMMIT}"
train = "train"
test = "test"
"""
TEXT_COLUMNS = 'sample = "quote"\nlabel = "label"\nid = "id"\ngroup = "source"'
IMAGE_COLUMNS = 'sample = "image"\nlabel = "label"\ngroup = "scene"'
CODE = """
from harness.tasks.protocol import Item

SIZES = {"train": 4, "test": 6}


def generate(seed, split):
    for number in range(SIZES[split]):
        sample = f"{split} {seed} {number}"
        yield Item(
            id=f"{split}-{number}",
            sample=sample if TEXT else sample.encode(),
            label=number % 2,
            group=str(number // 2),
        )


def perturb(sample, rng):
    tail = str(int(rng.integers(10)))
    return sample + (tail if TEXT else tail.encode())
"""


def write_project(root: Path, *, task_id: str = "toy") -> None:
    """Make a project at ``root``: the rules of this one, and a task."""
    (root / "leaderboard").mkdir(parents=True)
    rules = (CHECKOUT / "leaderboard" / "rules.toml").read_bytes()
    (root / "leaderboard" / "rules.toml").write_bytes(rules)
    write_task(root, task_id=task_id)


def write_task(
    root: Path,
    *,
    task_id: str = "toy",
    modality: str = "text",
    columns: str | None = None,
    hub: str = HUB,
) -> Path:
    """Write ``root/tasks/<task_id>`` and return the folder."""
    folder = root / "tasks" / task_id
    folder.mkdir(parents=True)
    if columns is None:
        columns = TEXT_COLUMNS if modality == "text" else IMAGE_COLUMNS
    card = CARD.format(task_id=task_id, modality=modality, columns=columns, hub=hub)
    (folder / "task.toml").write_text(card, encoding="utf-8")
    code = f"TEXT = {modality == 'text'}\n{CODE}"
    (folder / "task.py").write_text(code, encoding="utf-8")
    return folder


def texts(split: str, count: int, *, start: int = 0) -> pa.Table:
    """Return rows as the text task has them, and a column that no card asks for."""
    rows = range(start, start + count)
    return pa.table(
        {
            "id": [f"{split}/{row}" for row in rows],
            "quote": [f"{split} quote {row} é" for row in rows],
            "label": [("0_a", "1_b")[row % 2] for row in rows],
            "source": [f"s{row // 2}" for row in rows],
            "url": ["https://example.org"] * count,
        }
    )


def images(split: str, count: int) -> pa.Table:
    """Return rows as the image task has them: structs as the hub stores images."""
    stored = [
        {"bytes": b"\x89PNG" + f"{split} {row}".encode(), "path": f"{row}.png"}
        for row in range(count)
    ]
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    return pa.table(
        {
            "image": pa.array(stored, kind),
            "label": pa.array([row % 2 for row in range(count)], pa.int64()),
            "scene": [f"scene {row // 3}" for row in range(count)],
        }
    )


def write_parquet(folder: Path, **splits: pa.Table | Sequence[pa.Table]) -> Path:
    """Write each split as one file, or as shards where there are several tables."""
    folder.mkdir(parents=True, exist_ok=True)
    for split, tables in splits.items():
        if isinstance(tables, pa.Table):
            pq.write_table(tables, folder / f"{split}.parquet")
            continue
        for number, table in enumerate(tables):
            name = f"{split}-{number:05}-of-{len(tables):05}.parquet"
            pq.write_table(table, folder / name)
    return folder


DETECTION = """
[detection]
positive = "b"
least_score = 0.5
least_overlap = 0.5

[[metrics]]
name = "average_precision"
direction = "higher"

[[metrics]]
name = "mean_iou"
direction = "higher"
"""
BOX_COLUMNS = 'sample = "image"\nboxes = "annotations"\ngroup = ["scene", "camera"]'


def write_detection_task(root: Path) -> Path:
    """Write a task that looks for an object in images, and return its folder."""
    folder = write_task(root, modality="image", columns=BOX_COLUMNS)
    card = folder / "task.toml"
    content = card.read_text(encoding="utf-8").replace(
        'outputs = ["index", "scores"]\nmax_boxes = 0',
        'outputs = ["boxes", "image_score"]\nmax_boxes = 4',
    )
    card.write_text(content + DETECTION, encoding="utf-8")
    code = folder / "task.py"
    boxes = "            boxes=((0.25, 0.25, 0.5, 0.75),) * (number % 2),\n        )"
    content = code.read_text(encoding="utf-8").replace("        )", boxes, 1)
    code.write_text(content, encoding="utf-8")
    return folder


def framed(annotations: Sequence[str | None], *, group: str = "scene") -> pa.Table:
    """Return rows as the detection task has them, with these annotations."""
    table = images("test", len(annotations)).drop_columns(["label"])
    names = ["annotations" if name == "label" else name for name in table.column_names]
    table = table.rename_columns([group if name == "scene" else name for name in names])
    return table.append_column("annotations", pa.array(annotations, pa.string()))
