"""How fast encoded samples get from Parquet to an entry, and in how much memory.

    python benchmarks/feeding.py [--scale 0.25] [--rounds 3] [--folder DIR]

At scale 1 the Parquet is of 30,000 images and of 50,000 recordings (random bytes behind the
header of a JPEG or a WAV file, of sizes that such files have), 1.4 GB each, made one after the
other in a temporary folder; the harness takes as much again there for its own copy. Each round
runs, in fresh processes that take turns:

- *bare*: a loop over ``pyarrow``'s batches of the same file, which takes each encoded sample as
  bytes; read in the fastest of the ways that were tried (``pre_buffer=False``, which takes a third
  of the default's CPU time);
- *harness*: loading, as ``evaluate --data DIR`` does it (reading, checking, digest, the copy that
  can be read in any order), then a session through the strongest sandbox that works here, in
  batches of 256 in a secret order, to an entry that looks at nothing. *Delivery* is the session's
  sweep over the originals, from the first request to the last answer.

The goals: the median of delivery's speed over the bare loop's in the same round is no less than
0.8, and the peak of the harness's own resident memory, mapped files included, no more than 400 MB
from its start to its end (``VmHWM``). Loading is done once for all entries and sessions of a run;
its speed is shown, without a goal. So is CPU time: beside other programs, the two processes of a
delivery get more of the machine than the one of the bare loop. Exits with 1 when a goal is missed.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
SEED = 0
BATCH_SIZE = 256
SPEED_GOAL = 0.8
MEMORY_GOAL_BYTES = 400_000_000
ROWS_A_WRITE = 500
ENTRY = """\
class Nothing:
    def predict(self, samples):
        return [0] * len(samples)


def load(directory):
    return Nothing()
"""
CARD = """\
schema = 1

[task]
id = "{modality}"
title = "Feeding"
version = 1
modality = "{modality}"
query = "one sample"
outputs = ["index"]
licence = "CC0-1.0"
description = "Carries samples to an entry that looks at nothing."

[[labels]]
name = "no"
aliases = [0]

[[labels]]
name = "yes"
aliases = [1]

[[metrics]]
name = "accuracy"
direction = "higher"
ranked = true

[columns]
sample = "{modality}"
label = "label"

[sample]
generator_version = 1
train_items = 256
test_items = 256
"""
CODE = """\
from harness.tasks.protocol import Item


def generate(seed, split):
    for number in range(256):
        yield Item(id=str(number), sample=b"%d" % number, label=number % 2, group=str(number))


def perturb(sample, rng):
    return sample + rng.bytes(1)
"""


@dataclass(frozen=True)
class Kind:
    """A set of encoded samples."""

    modality: str
    count: int
    """At scale 1."""
    mean_bytes: int
    spread: float
    """Of the logarithm of a sample's size."""
    header: Callable[[int], bytes]
    """What a sample of so many bytes begins with."""


def jpeg_header(_: int) -> bytes:
    """Return a JPEG file as far as its first pixels."""
    from PIL import Image

    made = io.BytesIO()
    Image.new("RGB", (640, 360)).save(made, "JPEG")
    content = made.getvalue()
    return content[: content.index(b"\xff\xda") + 14]


def wav_header(size: int) -> bytes:
    """Return the header of a WAV file of so many bytes, 12 kHz, one channel of 16 bits."""
    rate = 12_000
    return (
        b"RIFF" + (size - 8).to_bytes(4, "little") + b"WAVEfmt " + (16).to_bytes(4, "little")
        + (1).to_bytes(2, "little") + (1).to_bytes(2, "little") + rate.to_bytes(4, "little")
        + (2 * rate).to_bytes(4, "little") + (2).to_bytes(2, "little")
        + (16).to_bytes(2, "little") + b"data" + (size - 44).to_bytes(4, "little")
    )  # fmt: skip


KINDS = (
    Kind("image", 30_000, 48_000, 0.4, jpeg_header),
    Kind("audio", 50_000, 29_000, 0.1, wav_header),
)


def main() -> int:
    """Measure, print, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=0.25, help="1 for the full size")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="a folder on the disk to use")
    arguments = parser.parse_args()
    missed = []
    for kind in KINDS:
        with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
            folder = Path(name)
            folder.chmod(0o755)  # the sandbox's user must get through to the entry
            size = prepare(folder, kind, max(BATCH_SIZE, round(kind.count * arguments.scale)))
            bare, harness = [], []
            for _ in range(arguments.rounds):
                bare.append(run(folder, "--bare", kind))
                harness.append(run(folder, "--harness", kind))
            missed += report(kind, size, bare, harness)
    print(f"goals missed: {', '.join(missed)}" if missed else "all goals met")
    return 1 if missed else 0


def prepare(folder: Path, kind: Kind, count: int) -> int:
    """Write the task, the entry and the Parquet; return how many bytes the samples have."""
    task = folder / "tasks" / kind.modality
    task.mkdir(parents=True)
    (task / "task.toml").write_text(CARD.format(modality=kind.modality))
    (task / "task.py").write_text(CODE)
    entry = folder / "entry"
    entry.mkdir()
    (entry / "model.py").write_text(ENTRY)
    data = folder / "data"
    data.mkdir()
    return write_parquet(data / "test.parquet", kind, count)


def write_parquet(path: Path, kind: Kind, count: int) -> int:
    """Write samples as the hub has them, and say how many bytes they have together."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    stored = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    schema = pa.schema([(kind.modality, stored), ("label", pa.int64())])
    total = 0
    with pq.ParquetWriter(path, schema) as writer:
        numbers: list[int] = []
        rows = []
        for number, sample in enumerate(samples(kind, count)):
            total += len(sample)
            rows.append({"bytes": sample, "path": f"{number}"})
            numbers.append(number % 2)
            if len(rows) == ROWS_A_WRITE or number == count - 1:
                columns = [pa.array(rows, stored), pa.array(numbers, pa.int64())]
                writer.write_table(pa.table(columns, schema=schema))
                rows, numbers = [], []
    print(f"{kind.modality}: {count:,} samples, {total / 1e6:,.0f} MB")
    return total


def samples(kind: Kind, count: int) -> Iterator[bytes]:
    """Yield random bytes of random sizes, each with the header of its kind."""
    rng = np.random.default_rng(SEED)
    sizes = kind.mean_bytes * np.exp(kind.spread * rng.standard_normal(count) - kind.spread**2 / 2)
    fixed = kind.header(0) if kind.modality == "image" else None
    for size in sizes.astype(int).tolist():
        header = kind.header(size) if fixed is None else fixed
        yield header + rng.bytes(max(0, size - len(header)))


def run(folder: Path, what: str, kind: Kind) -> dict[str, Any]:
    """Run one side in a process of its own and return what it saw."""
    ran = subprocess.run(
        [sys.executable, __file__, what, str(folder), kind.modality],
        stdout=subprocess.PIPE,
        check=True,
    )
    seen: dict[str, Any] = json.loads(ran.stdout)
    return seen


def run_bare(folder: Path, modality: str) -> dict[str, Any]:
    """Take every sample of the file as bytes, in its order."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    began, cpu_began = time.perf_counter(), time.process_time()
    taken = 0
    with pq.ParquetFile(folder / "data" / "test.parquet", pre_buffer=False) as file:
        for batch in file.iter_batches(BATCH_SIZE, columns=[modality], use_threads=False):
            for sample in pc.struct_field(batch.column(0), "bytes").to_pylist():
                taken += len(sample)
    return {
        "seconds": time.perf_counter() - began,
        "cpu_seconds": time.process_time() - cpu_began,
        "bytes": taken,
        "peak_bytes": peak_bytes(),
    }


def run_harness(folder: Path, modality: str) -> dict[str, Any]:
    """Load the data and deliver it once."""
    from harness.evaluation.agreement import Answers
    from harness.evaluation.plan import PlannedSweep, sealed_rng
    from harness.evaluation.session import Bench, Script, run_session
    from harness.meters.kernel import run_reference_kernel
    from harness.meters.protocol import Surroundings
    from harness.meters.select import select
    from harness.records.rules import read_rules
    from harness.sandbox.ladder import choose
    from harness.sandbox.protocol import Launch
    from harness.tasks import load_task

    task = load_task(folder, modality)
    began, cpu_began = time.perf_counter(), time.process_time()
    data = task.load_data(str(folder / "data"), SEED)
    load_seconds, load_cpu = time.perf_counter() - began, time.process_time() - cpu_began
    assert data.reference.unreadable == 0
    bench = Bench(
        choose("auto"),
        select(["model"], Surroundings(cores=1, machine_cores=os.cpu_count() or 1)),
        run_reference_kernel,
        Silent(),
    )
    order = sealed_rng().permutation(len(data.test))
    script = Script(
        index=0,
        launch=Launch(
            directory=folder / "entry", entry="model:load", command=None, output="index",
            labels=2, max_boxes=0, limits=read_rules(ROOT / "leaderboard/rules.toml").limits,
        ),
        batch_size=BATCH_SIZE,
        idle_seconds=0.0,
        warm_up=data.warm_up.samples(range(BATCH_SIZE)),
        split=data.test,
        sweeps=[PlannedSweep("original", order, None)],
    )  # fmt: skip
    answers = Answers.none(len(data.test), "index")
    session = run_session(script, bench, answers)
    (sweep,) = session.sweeps
    (window,) = (window for window in session.phases if window.phase == "measured")
    assert (answers.predictions == 0).all()
    return {
        "load_seconds": load_seconds,
        "load_cpu_seconds": load_cpu,
        "seconds": sweep.seconds,
        "cpu_seconds": window.disturbance.harness_cpu_seconds,
        "entry_cpu_seconds": sweep.cpu_seconds,
        "peak_bytes": peak_bytes(),
    }


class Silent:
    """Progress that nobody sees."""

    def phase(self, phase: str) -> None:
        """Pass over a phase."""

    def queries(self, done: int, total: int) -> None:
        """Pass over a batch."""


def report(
    kind: Kind, size: int, bare: list[dict[str, Any]], harness: list[dict[str, Any]]
) -> list[str]:
    """Print one kind's figures; return the goals that it misses."""
    megabytes = size / 1e6

    def speed(name: str, rounds: list[dict[str, Any]], key: str) -> None:
        speeds = [megabytes / each[key] for each in rounds]
        middle = statistics.median(speeds)
        print(f"  {name:<9} {middle:7,.0f} MB/s ({min(speeds):,.0f} to {max(speeds):,.0f})")

    speed("bare", bare, "seconds")
    speed("loading", harness, "load_seconds")
    speed("delivery", harness, "seconds")
    costs = [
        ("bare", bare, "cpu_seconds"),
        ("loading", harness, "load_cpu_seconds"),
        ("delivery", harness, "cpu_seconds"),
        ("the entry", harness, "entry_cpu_seconds"),
    ]
    told = (
        f"{name} {statistics.median(each[key] for each in rounds) / megabytes * 1000:.2f}"
        for name, rounds, key in costs
    )
    print(f"  CPU ms a MB: {', '.join(told)}")
    pairs = [
        (b["seconds"], h["seconds"], h["load_seconds"]) for b, h in zip(bare, harness, strict=True)
    ]
    ratios = [alone / delivery for alone, delivery, _ in pairs]
    whole = [alone / (delivery + loading) for alone, delivery, loading in pairs]
    ratio, peak = statistics.median(ratios), max(each["peak_bytes"] for each in harness)
    print(f"  delivery over bare {ratio:.2f} ({min(ratios):.2f} to {max(ratios):.2f}), "
          f"goal {SPEED_GOAL}; with loading {statistics.median(whole):.2f}")  # fmt: skip
    print(f"  peak resident memory {peak / 1e6:,.0f} MB, goal {MEMORY_GOAL_BYTES / 1e6:,.0f} MB "
          f"(bare loop {max(each['peak_bytes'] for each in bare) / 1e6:,.0f} MB)")  # fmt: skip
    missed = [f"{kind.modality} speed"] if ratio < SPEED_GOAL else []
    return missed + ([f"{kind.modality} memory"] if peak > MEMORY_GOAL_BYTES else [])


def peak_bytes() -> int:
    """Return the most memory this process ever had resident.

    Not ``ru_maxrss``: it starts from what the process that started this one had.
    """
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("/proc/self/status has no VmHWM")


if __name__ == "__main__":
    sides = {"--bare": run_bare, "--harness": run_harness}
    if len(sys.argv) == 4 and sys.argv[1] in sides:  # noqa: PLR2004 - side, folder, modality
        print(json.dumps(sides[sys.argv[1]](Path(sys.argv[2]), sys.argv[3])))
        sys.exit(0)
    sys.exit(main())
