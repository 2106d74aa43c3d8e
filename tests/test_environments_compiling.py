"""The compiler, which works on sources that an entry chose, is held as an installer is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from harness.environments import compiling
from harness.environments.compiling import compile_sources
from harness.errors import OrganiserError, SubmissionError

SLOW = """
import os, time
open("compiler", "w").write(f"{os.getpid()}\\n")
time.sleep(60)
"""
"""In place of what runs the compiler: where it stands, it leaves its number behind."""
HARNESS = f"""
import sys
from pathlib import Path
from harness.environments import compiling
compiling._COMPILE = {SLOW!r}
compiling.compile_sources(Path(sys.argv[1]), final=Path("/x"))
"""


def has_ended(pid: int) -> bool:
    """Wait for a process that somebody else ends."""
    for _ in range(500):
        if not Path(f"/proc/{pid}").exists():
            return True
        time.sleep(0.02)
    return False


def written(path: Path) -> int:
    """Wait for the number that a process leaves in a file."""
    for _ in range(1_500):
        with suppress(FileNotFoundError):
            if (text := path.read_text()).endswith("\n"):
                return int(text)
        time.sleep(0.02)
    pytest.fail(f"{path} was never written")


def test_a_harness_that_is_killed_leaves_no_compiler(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HARNESS, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
        start_new_session=True,
    ) as harness:
        try:
            compiler = written(tmp_path / "compiler")
            group = os.getpgid(compiler)
        finally:
            harness.send_signal(signal.SIGKILL)
    with suppress(ChildProcessError):  # ours, if a sandbox has run in this process before
        while True:
            os.waitpid(-group, 0)
    outlived = not has_ended(compiler)
    if outlived:
        os.kill(compiler, signal.SIGKILL)
    assert not outlived


def test_sources_that_take_the_compiler_too_long_are_the_entry_s_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiling, "_CPU_SECONDS", 1)
    source = "".join(f"def f{n}(a, b):\n    return [a + b for a in b]\n" for n in range(20_000))
    for n in range(20):
        (tmp_path / f"m{n}.py").write_text(source)
    with pytest.raises(SubmissionError, match="compiler more than 1 s") as caught:
        compile_sources(tmp_path, final=tmp_path)
    assert caught.value.stage == "environment"
    assert not list(tmp_path.glob("core*"))


def test_a_compiler_that_gets_no_time_is_ended_and_no_fault_of_the_entry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiling, "_WAIT_SECONDS", 2)
    monkeypatch.setattr(compiling, "_COMPILE", SLOW)
    with pytest.raises(OrganiserError, match="within 2 s") as caught:
        compile_sources(tmp_path, final=tmp_path)
    assert caught.value.stage == "environment"
    assert has_ended(written(tmp_path / "compiler"))


def test_a_compiler_that_is_brought_down_is_the_entry_s_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiling, "_MEMORY_BYTES", 1 << 20)
    with pytest.raises(SubmissionError, match="brought Python's compiler down"):
        compile_sources(tmp_path, final=tmp_path)
