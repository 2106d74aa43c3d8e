"""A data set needs memory for a batch, not for the set."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from toy_task import write_task

SAMPLE_BYTES = 50_000
LOADER = """
import pathlib, sys
from harness.tasks import load_task

data = load_task(pathlib.Path(sys.argv[1]), "toy").load_data(sys.argv[2], 0)
for start in range(0, len(data.test), 64):
    data.test.samples(range(start, min(start + 64, len(data.test))))
status = pathlib.Path("/proc/self/status").read_text()
print(status.split("VmHWM:")[1].split()[0])
"""


def write(folder: Path, samples: int) -> Path:
    """Write as many random samples, in row groups of 5 MB."""
    rng = np.random.default_rng(0)
    folder.mkdir()
    stored = pa.struct([("bytes", pa.binary())])
    schema = pa.schema([("sound", stored), ("label", pa.int64())])
    with pq.ParquetWriter(folder / "test.parquet", schema) as writer:
        for _ in range(samples // 100):
            rows = [{"bytes": b"ID3" + rng.bytes(SAMPLE_BYTES)} for _ in range(100)]
            columns = [pa.array(rows, stored), pa.array([0, 1] * 50, pa.int64())]
            writer.write_table(pa.table(columns, schema=schema))
    return folder


def test_the_peak_does_not_grow_with_the_set(tmp_path: Path) -> None:
    write_task(tmp_path, modality="audio", columns='sample = "sound"\nlabel = "label"')
    peaks = []
    for samples in (1_000, 3_000):
        folder = write(tmp_path / str(samples), samples)
        ran = subprocess.run(
            [sys.executable, "-c", LOADER, tmp_path, folder],
            stdout=subprocess.PIPE,
            check=True,
        )
        peaks.append(int(ran.stdout) * 1024)

    more = 2_000 * SAMPLE_BYTES  # 100 MB
    assert peaks[1] - peaks[0] < more / 4
