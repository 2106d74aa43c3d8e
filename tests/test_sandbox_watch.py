"""What goes beyond a limit is ended, and told which limit it was and what was seen."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from sandboxes import LIMITS, MEBIBYTE, launch_of, predict, working, write_entry

from harness.errors import SubmissionError
from harness.records.rules import Limits
from harness.sandbox import frames
from harness.sandbox.confined import Confined
from harness.sandbox.protocol import Process, Sandbox
from harness.sandbox.tree import Usage
from harness.sandbox.watch import Watch

WAYS = ("bwrap", "landlock")
FOR_A_WHILE = """import time
end = time.process_time() + 0.3
while time.process_time() < end: pass
"""
SPIN = "import time\nwhile time.process_time() < {seconds}: pass"
FILL = """
import os
def fill(path):
    with open(path, "wb") as file:
        while True:
            file.write(bytes(65536))
            file.flush()
"""


class Case(NamedTuple):
    """What an entry does, and what must be said of it."""

    limits: dict[str, Any]
    stage: str
    """The phase that is to be blamed, and in which the call fails unless it is seen later."""
    message: str
    """A regular expression."""
    load: str = "pass"
    predict: str = "pass"
    top: str = ""
    ways: tuple[str, ...] = WAYS
    """Of ``choose``, or ``unstaged``: Landlock with a folder on disk to write to."""


CASES = {
    "cpu-of-load": Case(
        {"load_cpu_seconds": 0.3},
        "load",
        r"used 0\.\d+ s of CPU time in the phase load; 0\.3 s are allowed "
        r"\(limits\.load_cpu_seconds\)",
        load=SPIN.format(seconds=5),
    ),
    "cpu-of-load-seen-late": Case(
        {"load_cpu_seconds": 0.02},
        "load",
        r"in the phase load; 0\.02 s are allowed \(limits\.load_cpu_seconds\)",
        load=FOR_A_WHILE,
    ),
    "cpu-of-warm-up": Case(
        {"warm_up_cpu_seconds": 0.3},
        "warm-up",
        r"in the phase warm-up; 0\.3 s are allowed \(limits\.warm_up_cpu_seconds\)",
        predict=SPIN.format(seconds=5),
    ),
    "cpu-of-measured": Case(
        {"measured_cpu_seconds": 0.3},
        "measured",
        r"in the phase measured; 0\.3 s are allowed \(limits\.measured_cpu_seconds\)",
        predict="if samples == ['measured']:\n    import time\n    end = time.process_time() + 5\n"
        "    while time.process_time() < end: pass",
    ),
    "cpu-of-the-session": Case(
        {"session_cpu_seconds": 0.5},
        "measured",
        r"of CPU time in the session; 0\.5 s are allowed \(limits\.session_cpu_seconds\)",
        predict=FOR_A_WHILE,
    ),
    "cpu-of-the-drain": Case(
        {"drain_cpu_seconds": 0.02, "drain_seconds": 5},
        "drain",
        r"in the phase drain; 0\.02 s are allowed \(limits\.drain_cpu_seconds\)",
        top="import os, time\nleave = os._exit\ndef spin(code):\n"
        "    end = time.process_time() + 0.3\n"
        "    while time.process_time() < end: pass\n    leave(code)\nos._exit = spin",
    ),
    "wall-of-an-answer": Case(
        {"batch_seconds": 0.5},
        "warm-up",
        r"no answer within 0\.5 s \(limits\.batch_seconds\)",
        predict="import time; time.sleep(30)",
    ),
    "wall-of-the-warm-up": Case(
        {"warm_up_seconds": 0.5},
        "warm-up",
        r"took more than 0\.5 s for all of the phase \(limits\.warm_up_seconds\)",
        predict="import time; time.sleep(30)",
    ),
    "wall-of-the-measured-phase": Case(
        {"measured_seconds": 0.5},
        "measured",
        r"took more than 0\.5 s for all of the phase \(limits\.measured_seconds\)",
        predict="if samples == ['measured']:\n    import time; time.sleep(30)",
    ),
    "wall-of-the-load": Case(
        {"load_seconds": 0.5},
        "load",
        r"no answer within 0\.5 s \(limits\.load_seconds\)",
        load="import time; time.sleep(30)",
    ),
    "memory-with-a-name-nowhere": Case(
        {"memory_bytes": 64 * MEBIBYTE},
        "load",
        r"used \d+ MiB of memory; 64 MiB are allowed.* \(limits\.memory_bytes\)",
        load="import os, time\nheld = [os.memfd_create('x') for _ in range(12)]\n"
        "for fd in held: os.write(fd, bytes(8 << 20))\ntime.sleep(5)",
    ),
    "threads": Case(
        {"threads": 20},
        "load",
        r"ran \d+ threads at once; 20 are allowed \(limits\.threads\)|"
        r"can't start new thread.* threads, 20 are allowed \(limits\.threads\)",
        load="import threading, time\n"
        "for _ in range(40): threading.Thread(target=time.sleep, args=(9,), daemon=True).start()\n"
        "time.sleep(5)",
    ),
    "tmp-full-and-an-exception": Case(
        {"tmp_bytes": MEBIBYTE, "shm_bytes": 2 * MEBIBYTE},
        "load",
        r"No space left on device.*; /tmp was seen to hold 1 MiB of 1 MiB \(limits\.tmp_bytes\)",
        load="fill('/tmp/full')",
        top=FILL,
        ways=("bwrap",),
    ),
    "tmp-full-and-dead": Case(
        {"tmp_bytes": MEBIBYTE, "shm_bytes": 2 * MEBIBYTE},
        "load",
        r"ended with exit code 3; /tmp was seen to hold 1 MiB of 1 MiB \(limits\.tmp_bytes\)$",
        load="try:\n    fill('/tmp/full')\nexcept OSError: os._exit(3)",
        top=FILL,
        ways=("bwrap",),
    ),
    "shm-full": Case(
        {"tmp_bytes": 2 * MEBIBYTE, "shm_bytes": MEBIBYTE},
        "warm-up",
        r"; /dev/shm was seen to hold 1 MiB of 1 MiB \(limits\.shm_bytes\)",
        predict="fill('/dev/shm/full')",
        top=FILL,
        ways=("bwrap",),
    ),
    "a-file-too-large": Case(
        {"tmp_bytes": MEBIBYTE, "shm_bytes": MEBIBYTE},
        "load",
        r"File too large.*; a file may hold 1 MiB \(limits\.tmp_bytes\)",
        load="fill(os.environ['HOME'] + '/full')",
        top=FILL,
        ways=("unstaged",),
    ),
    "many-files": Case(
        {"tmp_bytes": MEBIBYTE},
        "load",
        r"wrote 1 MiB or more to its temporary folder; 1 MiB are allowed \(limits\.tmp_bytes\)",
        load="import os, time\n"
        "for i in range(300): open(os.environ['HOME'] + f'/{i}', 'wb').write(b'x')\n"
        "time.sleep(5)",
        ways=("unstaged",),
    ),
    "files-without-a-name": Case(
        {"tmp_bytes": MEBIBYTE},
        "load",
        r"wrote \d+ MiB or more to its temporary folder; 1 MiB are allowed \(limits\.tmp_bytes\)",
        load="import os, tempfile, time\nheld = [tempfile.TemporaryFile() for _ in range(4)]\n"
        "for file in held: file.write(bytes(900_000)); file.flush()\ntime.sleep(5)",
        ways=("unstaged",),
    ),
    "open-files": Case(
        {"open_files": 80},
        "load",
        r"Too many open files.*; a process may have 80 files open \(limits\.open_files\)",
        load="held = [open('/dev/null') for _ in range(200)]",
    ),
    "output": Case(
        {"output_bytes": 1000},
        "load",
        r"wrote \d+ bytes to standard output and standard error; 1000 are allowed "
        r"\(limits\.output_bytes\)",
        load="print('x' * 2000, flush=True)",
    ),
    "processes": Case(
        {"processes": 6},
        "load",
        r"ran \d+ processes at once; 6 are allowed \(limits\.processes\)",
        load="import subprocess, time\n"
        "held = [subprocess.Popen(['/bin/sleep', '5']) for _ in range(8)]\ntime.sleep(5)",
    ),
    "outliving-the-last-answer": Case(
        {"drain_seconds": 0.3},
        "drain",
        r"still running 0\.3 s after the last answer, with \d+ processes \(limits\.drain_seconds\)",
        top="import os, time\nos._exit = lambda code: time.sleep(9)",
    ),
    "killed-as-if-for-memory": Case(
        {},
        "load",
        r"was ended by SIGKILL.*; (seen to use [1-9]\d* MiB of memory|it ended before its memory "
        r"could be looked at); 256 MiB are allowed "
        r"\(limits\.memory_bytes\)",
        load="import os; os.kill(os.getpid(), 9)",
        ways=("landlock",),
    ),
}


def unstaged() -> Sandbox:
    working("landlock")
    return Confined("landlock")


def code_of(case: Case) -> str:
    def indented(body: str, by: int) -> str:
        return "\n".join(" " * by + line for line in body.splitlines())

    return (
        f"{case.top}\nclass Model:\n    def predict(self, samples):\n{indented(case.predict, 8)}\n"
        f"        return [0] * len(samples)\n"
        f"def load(directory):\n{indented(case.load, 4)}\n    return Model()\n"
    )


def session(process: Process, limits: dict[str, Any]) -> str:
    """Run all phases, and return the one that the error came from, told by the caller alone."""
    stage = "start"
    try:
        process.ready(deadline_seconds=20)
        stage = "load"
        process.load(deadline_seconds=limits.get("load_seconds", 20))
        stage = "warm-up"
        ask(process, "warm-up", limits)
        stage = "measured"
        process.measure()
        ask(process, "measured", limits)
        stage = "drain"
        process.finish(deadline_seconds=limits.get("drain_seconds", 1))
    except SubmissionError as error:
        error.args = (stage, *error.args)
        raise
    return stage


def ask(process: Process, sample: str, limits: dict[str, Any]) -> None:
    deadline = limits.get("batch_seconds", 20)
    predict(process, frames.encode_request([sample]), 1, deadline_seconds=deadline)


@pytest.mark.parametrize(
    ("name", "way"), [(name, way) for name, case in CASES.items() for way in case.ways]
)
def test_a_limit_that_is_hit_is_named_with_what_was_seen(
    name: str, way: str, tmp_path: Path
) -> None:
    case = CASES[name]
    sandbox = working(way) if way != "unstaged" else unstaged()
    launch = launch_of(write_entry(tmp_path, code_of(case)), limits=case.limits)

    with sandbox.launch(launch) as process, pytest.raises(SubmissionError) as caught:
        session(process, case.limits)

    assert re.search(case.message, caught.value.message), caught.value.message
    assert (caught.value.stage or caught.value.args[0]) == case.stage
    assert caught.value.remedy


@pytest.fixture(params=WAYS)
def sandbox(request: pytest.FixtureRequest) -> Sandbox:
    return working(request.param)


def test_an_entry_within_its_limits_is_let_be(sandbox: Sandbox, tmp_path: Path) -> None:
    with sandbox.launch(launch_of(write_entry(tmp_path, code_of(Case({}, "", ""))))) as process:
        assert session(process, {}) == "drain"


def test_an_ordinary_failure_names_no_limit(sandbox: Sandbox, tmp_path: Path) -> None:
    launch = launch_of(write_entry(tmp_path, code_of(Case({}, "", "", load="1 / 0"))))
    with sandbox.launch(launch) as process, pytest.raises(SubmissionError) as caught:
        session(process, {})
    assert "ZeroDivisionError" in caught.value.message
    assert "limits." not in caught.value.message


def test_a_mapped_memory_file_counts_once(sandbox: Sandbox, tmp_path: Path) -> None:
    mapped = (
        "import mmap, os, time\nheld = []\nfor _ in range(5):\n"
        "    fd = os.memfd_create('x')\n    os.ftruncate(fd, 8 << 20)\n"
        "    held.append(mmap.mmap(fd, 8 << 20))\n    held[-1].write(bytes(8 << 20))\n"
        "time.sleep(0.8)"
    )
    limits = {"memory_bytes": 96 * MEBIBYTE}
    entry = write_entry(tmp_path, code_of(Case(limits, "", "", load=mapped)))
    with sandbox.launch(launch_of(entry, limits=limits)) as process:
        session(process, limits)
        assert process.finish(deadline_seconds=1).peak_memory_bytes > 40 * MEBIBYTE


class Gone:
    """A tree that was gone before anybody looked; its launcher took ``memory_bytes``."""

    def __init__(self, memory_bytes: int) -> None:
        self._memory_bytes = memory_bytes

    def usage(self) -> Usage:
        return Usage(self._memory_bytes, 0, 0, 0)


@pytest.mark.parametrize(
    ("memory_bytes", "told"),
    [
        (0, "it ended before its memory could be looked at"),
        (300_000, "it ended before its memory could be looked at"),
        (20 * MEBIBYTE, "seen to use 20 MiB of memory"),
    ],
)
def test_no_memory_that_was_not_seen_is_told(memory_bytes: int, told: str) -> None:
    watch = Watch(
        Limits(**LIMITS),
        Gone(memory_bytes),  # type: ignore[arg-type]
        lambda: 0.0,
        spaces={},
        scratch=None,
        memory_is_held=False,
    )
    allowed = "256 MiB are allowed (limits.memory_bytes)"
    assert watch.hints("was ended by SIGKILL") == f"; {told}; {allowed}"


class Large:
    """A tree whose processes seem to take more than they do, for they share pages."""

    def __init__(self, seems: int, takes: int) -> None:
        self._seems, self._takes = seems, takes

    def usage(self) -> Usage:
        return Usage(self._seems, 0, 1, 1)

    def proportional_memory_bytes(self) -> int:
        return self._takes

    def pids(self) -> Iterator[int]:
        return iter(())


def check_memory(seems: int, takes: int, *, held: bool = False) -> None:
    tree = Large(seems * MEBIBYTE, takes * MEBIBYTE)
    Watch(
        Limits(**LIMITS),
        tree,  # type: ignore[arg-type]
        lambda: 0.0,
        spaces={},
        scratch=None,
        memory_is_held=held,
    ).check()


def test_more_memory_than_is_allowed_is_refused_unless_the_kernel_holds_it() -> None:
    """And told as memory: the refusal of sockets, which comes after, would catch it too."""
    said = "used 300 MiB of memory; 256 MiB are allowed (limits.memory_bytes)"
    with pytest.raises(SubmissionError, match=re.escape(said)) as caught:
        check_memory(300, 300)
    assert caught.value.remedy.startswith("use a smaller model or a smaller batch_size")
    check_memory(300, 200)
    check_memory(300, 300, held=True)
