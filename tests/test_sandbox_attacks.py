"""One folder of tests/attacks per way to attack; each names what must come of it."""

from __future__ import annotations

import json
import os
import shutil
import socket
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sandboxes import launch_of, working

from harness.errors import SubmissionError
from harness.sandbox import frames
from harness.sandbox.protocol import Launch, Sandbox
from harness.sandbox.tree import Tree

ATTACKS = Path(__file__).parent / "attacks"
SAMPLES = ["one", "two", "three", "four"]


def expected(name: str) -> dict[str, Any]:
    return tomllib.loads((ATTACKS / name / "expected.toml").read_text())


CASES = [
    (path.name, way) for path in sorted(ATTACKS.iterdir()) for way in expected(path.name)["ways"]
]


@pytest.fixture
def listener() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def run(sandbox: Sandbox, launch: Launch) -> tuple[str, SubmissionError | None, list[int]]:
    """Run a session: the stage and the error that ended it, and the predictions."""
    stage, predictions = "start", []
    with sandbox.launch(launch) as process:
        try:
            process.ready(deadline_seconds=20)
            stage = "load"
            process.load(deadline_seconds=20)
            stage = "predict"
            payload = process.predict(frames.encode_request(SAMPLES), 4, deadline_seconds=2)
            predictions = frames.decode_predictions(
                payload, 4, output=launch.output, labels=launch.labels, max_boxes=0
            ).tolist()
            stage = "finish"
            process.finish(deadline_seconds=1)
        except SubmissionError as error:
            return stage, error, predictions
    return "", None, predictions


@pytest.mark.parametrize(("name", "way"), CASES)
def test_attack(
    name: str, way: str, tmp_path: Path, listener: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted, sandbox = expected(name), working(way)
    secret = tmp_path / "secret"
    secret.write_text("labels")
    entry = tmp_path / "entry"
    shutil.copytree(ATTACKS / name, entry)
    (entry / "facts.json").write_text(json.dumps({"port": listener, "secret": str(secret)}))
    monkeypatch.setenv("HARNESS_TEST_SECRET", "1")
    begun = time.monotonic()

    stage, error, predictions = run(sandbox, launch_of(entry, output=wanted.get("output", "index")))

    assert time.monotonic() - begun < 15
    assert left_behind() == []
    if wanted.get("harmless"):
        assert (error, predictions) == (None, [0, 0, 0, 0])
        return
    assert error is not None
    fragments = wanted["message"]
    fragments = [fragments] if isinstance(fragments, str) else fragments
    assert any(fragment in error.message for fragment in fragments), error.message
    assert error.message.isprintable()
    assert error.remedy
    assert stage == wanted.get("stage", stage)


def left_behind() -> list[str]:
    """Return what remains of the session: orphans of a sandbox become children of the harness."""
    _, *below = Tree(os.getpid()).pids()
    return [Path(f"/proc/{pid}/stat").read_text()[:40] for pid in below]
