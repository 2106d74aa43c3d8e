"""What the tests of the sandbox share: small limits, entries made on the spot, raw channels."""

from __future__ import annotations

import os
import stat
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from harness.errors import HarnessError
from harness.records.rules import Limits
from harness.sandbox import interpreter
from harness.sandbox.ladder import choose
from harness.sandbox.protocol import Launch, Process, Request, Sandbox, Span
from harness.sandbox.spawn import spawn

MEBIBYTE = 1 << 20
LIMITS: dict[str, Any] = {
    "start_seconds": 20, "load_seconds": 20, "warm_up_seconds": 20, "measured_seconds": 20,
    "batch_seconds": 20, "drain_seconds": 1, "session_seconds": 60, "start_cpu_seconds": 20,
    "load_cpu_seconds": 20, "warm_up_cpu_seconds": 20, "measured_cpu_seconds": 20,
    "drain_cpu_seconds": 5, "session_cpu_seconds": 60, "preparation_joules": 1e6,
    "memory_bytes": 256 * MEBIBYTE, "processes": 16, "threads": 128, "open_files": 256,
    "tmp_bytes": 16 * MEBIBYTE, "shm_bytes": 16 * MEBIBYTE, "output_bytes": 65_536,
    "entry_bytes": MEBIBYTE, "entry_files": 16,
}  # fmt: skip


def working(way: str) -> Sandbox:
    """Return the sandbox, or skip the test with what keeps it from working here."""
    try:
        return choose(way)
    except HarnessError as error:
        pytest.skip(error.message)


def write_entry(folder: Path, code: str) -> Path:
    """Make an entry of one file, ``model.py``."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.py").write_text(textwrap.dedent(code))
    return folder


def device(path: Path) -> Path:
    """Make a device file that behaves as ``/dev/zero`` does."""
    try:
        os.mknod(path, 0o666 | stat.S_IFCHR, os.makedev(1, 5))
        path.chmod(0o666)
        with path.open("rb"):
            return path
    except PermissionError:
        pytest.skip("device files can be made by root only, and where the file system lets it")


def launch_of(
    directory: Path,
    *,
    limits: dict[str, Any] | None = None,
    **changes: Any,  # noqa: ANN401 - fields of several types
) -> Launch:
    """Describe an entry that predicts one of 8 labels, unless ``changes`` say otherwise.

    Its folder gets the mode of a snapshot: the entry may run as another user.
    """
    directory.chmod(0o755)
    fields: dict[str, Any] = {
        "directory": directory, "entry": "model:load", "command": None, "output": "index",
        "labels": 8, "max_boxes": 0,
    }  # fmt: skip
    return Launch(**fields | changes, limits=Limits(**LIMITS | (limits or {})))


def predict(
    process: Process, parts: Sequence[bytes | memoryview | Span], n: int, *, deadline_seconds: float
) -> bytes:
    """Send one request; return the payload of its reply."""
    (payload,) = process.predict([Request(parts, n)], deadline_seconds=deadline_seconds)
    return payload


def converse(
    directory: Path, requests: bytes, *, output: str = "index", labels: int = 8, max_boxes: int = 0
) -> tuple[bytes, str, int]:
    """Run the worker with nothing around it: its replies, its standard error, its exit code."""
    command = interpreter.worker_command(str(interpreter.WORKER), str(directory), "model:load")
    started = spawn(command, interpreter.environment(output, labels, max_boxes))
    for descriptor in (started.requests, started.replies, started.stdout, started.stderr):
        os.set_blocking(descriptor, True)
    os.write(started.requests, requests)
    os.close(started.requests)
    replies, _, stderr = (
        _read_all(end) for end in (started.replies, started.stdout, started.stderr)
    )
    _, status = os.waitpid(started.pid, 0)
    return replies, stderr.decode(), os.waitstatus_to_exitcode(status)


def _read_all(descriptor: int) -> bytes:
    with open(descriptor, "rb") as stream:
        return stream.read()
