"""Sessions of harmless entries: what a process gives, and how each ending is told."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sandboxes import launch_of, predict, working, write_entry

from harness.errors import ConfigurationError, OrganiserError, SubmissionError
from harness.records.session import Remains
from harness.sandbox import frames
from harness.sandbox.bwrap import Bwrap, find_bwraps
from harness.sandbox.confined import Confined, Kind
from harness.sandbox.protocol import Exit, Process, Request, Sandbox
from harness.sandbox.stage import EntryUser, find_user

LENGTHS = """
print("loaded")

class Model:
    def predict(self, samples):
        return [len(sample) % 8 for sample in samples]

def load(directory):
    return Model()
"""


@pytest.fixture(params=["bwrap", "landlock", "none"])
def sandbox(request: pytest.FixtureRequest) -> Sandbox:
    return working(request.param)


def begin(process: Process) -> None:
    process.ready(deadline_seconds=20)
    process.load(deadline_seconds=20)


def answer(process: Process, samples: list[str]) -> list[int]:
    n = len(samples)
    payload = predict(process, frames.encode_request(samples), n, deadline_seconds=20)
    labels = frames.decode_predictions(payload, n, output="index", labels=8, max_boxes=0)
    return [int(label) for label in labels]


def one_answer(sandbox: Sandbox, folder: Path, code: str) -> tuple[int, Exit]:
    """Run a session of an entry whose ``look()`` gives a number, and return it."""
    entry = write_entry(
        folder,
        f"{code}\nclass Model:\n    def predict(self, samples): return [int(look())]\n"
        "def load(directory): return Model()\n",
    )
    with sandbox.launch(launch_of(entry)) as process:
        begin(process)
        payload = predict(process, frames.encode_request(["?"]), 1, deadline_seconds=20)
        return struct.unpack("<i", payload)[0], process.finish(deadline_seconds=5)


def test_a_session_end_to_end(sandbox: Sandbox, tmp_path: Path) -> None:
    with sandbox.launch(launch_of(write_entry(tmp_path, LENGTHS))) as process:
        begin(process)
        readings = [process.cpu_seconds()]
        for i in range(50):
            assert answer(process, ["a" * i, "", "é"]) == [i % 8, 0, 1]
            readings.append(process.cpu_seconds())
        ended = process.finish(deadline_seconds=5)
        assert process.finish(deadline_seconds=5) == ended
        captured = process.captured()
    assert readings == sorted(readings)
    assert 0 < readings[-1] <= ended.cpu_seconds == process.cpu_seconds()
    assert (ended.code, ended.signal) == (0, None)
    assert ended.peak_memory_bytes > 1 << 20
    assert (captured.text, captured.bytes_written) == ("loaded\n", 7)


POOL = """
import subprocess
import tempfile

with tempfile.TemporaryDirectory() as folder:
    open(folder + "/gone again", "w").close()
kept = tempfile.TemporaryFile()  # has no name
pool = [subprocess.Popen(["cat"], stdin=subprocess.PIPE) for _ in range(3)]

def look(): return sum(each.poll() is None for each in pool)
"""
LEFT = """
import os
import subprocess

place = os.environ["HOME"]
os.makedirs(place + "/a/librarys")

def look():
    os.makedirs(place + "/a/folder")
    open(place + "/a/file", "w").close()
    if os.fork() == 0:
        subprocess.Popen(["sleep", "20"])
        os._exit(0)
    os.wait()
    return 1
"""


def test_what_an_entry_leaves_is_counted(sandbox: Sandbox, tmp_path: Path) -> None:
    _, ended = one_answer(sandbox, tmp_path, LEFT)
    assert ended.remains == Remains(orphans=1, files=2)


def test_a_programs_daemon_is_counted_that_was_there_before_it_said_hello(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    hello = "REDY" + "\\0" * 12
    daemon = f"(sleep 20 < /dev/null > /dev/null 2>&1 3>&- 4>&- &); printf '{hello}' >&4; cat <&3"
    launch = launch_of(tmp_path, entry=None, command=("/bin/sh", "-c", daemon))
    with sandbox.launch(launch) as process:
        process.ready(deadline_seconds=20)
        assert process.finish(deadline_seconds=5).remains == Remains(orphans=1, files=0)


def test_children_that_end_with_it_and_files_that_are_gone_are_not_left(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    value, ended = one_answer(sandbox, tmp_path, POOL)
    assert value == 3
    assert ended.remains == Remains(orphans=0, files=0)


def test_a_request_larger_than_any_pipe_is_answered(sandbox: Sandbox, tmp_path: Path) -> None:
    with sandbox.launch(launch_of(write_entry(tmp_path, LENGTHS))) as process:
        begin(process)
        assert answer(process, ["x" * 3_000_001, "y" * 3_000_002]) == [1, 2]


def test_an_entry_that_does_not_read_cannot_hold_the_harness_up(tmp_path: Path) -> None:
    deaf = "printf 'REDY\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0' >&4; sleep 30"
    launch = launch_of(tmp_path, entry=None, command=("/bin/sh", "-c", deaf))
    with working("bwrap").launch(launch) as process:
        process.ready(deadline_seconds=20)
        begun = time.monotonic()
        with pytest.raises(SubmissionError, match=r"no answer within 0\.5 s"):
            predict(process, frames.encode_request(["x" * 9_000_000]), 1, deadline_seconds=0.5)
        assert time.monotonic() - begun < 5


def test_cpu_time_counts_children_that_are_gone(sandbox: Sandbox, tmp_path: Path) -> None:
    burn = """
import subprocess, sys
def look():
    spin = "import time\\nwhile time.process_time() < 0.3: pass"
    return subprocess.run([sys.executable, "-S", "-c", spin]).returncode
"""
    code, ended = one_answer(sandbox, tmp_path, burn)
    assert code == 0
    assert 0.3 <= ended.cpu_seconds < 2


def test_a_file_that_the_harness_has_open_is_not_inherited(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    labels = tmp_path / "labels"
    labels.write_text("secret")
    descriptor = os.open(labels, os.O_RDONLY)
    os.set_inheritable(descriptor, True)  # as a C library may leave it
    try:
        look = (
            "import os\n"
            "def path(fd):\n"
            "    try: return os.readlink(f'/proc/self/fd/{fd}')\n"
            "    except OSError: return ''\n"
            "def look(): return any('labels' in path(fd) for fd in os.listdir('/proc/self/fd'))"
        )
        assert one_answer(sandbox, tmp_path / "entry", look)[0] == 0
    finally:
        os.close(descriptor)


def test_the_environment_is_made_not_inherited(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "secret")
    allowed = {"PATH", "HOME", "TMPDIR", "PWD", "LANG", "PYTHONDONTWRITEBYTECODE"}
    allowed |= {"PYTHONHASHSEED", "FRUGAL_OUTPUT", "FRUGAL_LABELS", "FRUGAL_MAX_BOXES", "LC_CTYPE"}
    allowed |= {"FRUGAL_AI_HARNESS_RUN"}
    look = f"import os\ndef look(): return len(set(os.environ) - {allowed!r})"
    assert one_answer(sandbox, tmp_path, look)[0] == 0


def test_strings_hash_alike_in_every_session(sandbox: Sandbox, tmp_path: Path) -> None:
    look = "def look(): return hash('frugal') % 1_000_000"
    first, second = (one_answer(sandbox, tmp_path, look)[0] for _ in range(2))
    assert first == second


AHEAD = """
import os, select, stat
CHANNEL = 64  # where the worker hides it
class Model:
    def predict(self, samples):
        assert stat.S_ISFIFO(os.fstat(CHANNEL).st_mode)
        return [len(select.select([CHANNEL], [], [], 0.05)[0])]
def load(directory):
    return Model()
"""


def test_the_next_request_comes_after_the_reply_and_before_it_is_handed_on(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    made = []

    def requests() -> Iterator[Request]:
        for number in range(4):
            made.append(number)
            yield Request(frames.encode_request(["?"]), 1)

    with sandbox.launch(launch_of(write_entry(tmp_path, AHEAD))) as process:
        begin(process)
        seen = [
            (len(made), struct.unpack("<i", payload)[0])
            for payload in process.predict(requests(), deadline_seconds=20)
        ]

    assert seen == [(2, 0), (3, 0), (4, 0), (4, 0)]


def test_what_one_session_writes_the_next_does_not_see(sandbox: Sandbox, tmp_path: Path) -> None:
    look = """
import os, pathlib
def look():
    file = pathlib.Path(os.environ["HOME"]) / "cache"
    found = file.exists()
    file.write_text("answers")
    return found
"""
    assert [one_answer(sandbox, tmp_path, look)[0] for _ in range(2)] == [0, 0]


@pytest.mark.parametrize("way", ["bwrap", "landlock"])
def test_the_repository_cannot_be_read_even_where_it_holds_the_environment(
    way: str, tmp_path: Path
) -> None:
    readme = Path(__file__).parents[1] / "pyproject.toml"
    look = (
        "def look():\n"
        f"    try: return len(open({str(readme)!r}).read())\n"
        "    except OSError: return 0"
    )
    assert one_answer(working(way), tmp_path, look)[0] == 0


def test_output_is_kept_at_its_end_and_made_visible(sandbox: Sandbox, tmp_path: Path) -> None:
    code = LENGTHS.replace('"loaded"', r"'x' * 20_000 + '\x1b[31mred'")
    with sandbox.launch(launch_of(write_entry(tmp_path, code))) as process:
        begin(process)
        process.finish(deadline_seconds=5)
        captured = process.captured()
    assert captured.bytes_written == 20_009
    assert len(captured.text) < 20_000
    assert captured.text.endswith("x\\x1b[31mred\n")


def test_the_end_of_standard_error_is_in_the_message(sandbox: Sandbox, tmp_path: Path) -> None:
    code = "import os, sys\nprint('no licence file', file=sys.stderr)\nos._exit(9)"
    with sandbox.launch(launch_of(write_entry(tmp_path, code))) as process:
        process.ready(deadline_seconds=20)
        with pytest.raises(
            SubmissionError, match="exit code 9; its standard error ended: no licence file"
        ):
            process.load(deadline_seconds=20)


def test_after_an_error_every_call_gives_the_same(sandbox: Sandbox, tmp_path: Path) -> None:
    with sandbox.launch(launch_of(write_entry(tmp_path, "1 / 0"))) as process:
        process.ready(deadline_seconds=20)
        with pytest.raises(SubmissionError) as first:
            process.load(deadline_seconds=20)
        calls: list[Callable[[], object]] = [
            lambda: process.load(deadline_seconds=1),
            lambda: predict(process, [b"x"], 1, deadline_seconds=1),
            lambda: process.finish(deadline_seconds=1),
        ]
        for call in calls:
            with pytest.raises(SubmissionError) as again:
                call()
            assert again.value is first.value
        process.kill()
        assert process.cpu_seconds() > 0


def test_a_session_has_an_end(sandbox: Sandbox, tmp_path: Path) -> None:
    entry = write_entry(tmp_path, "import time\ndef load(directory): time.sleep(30)")
    with sandbox.launch(launch_of(entry, limits={"session_seconds": 0.8})) as process:
        process.ready(deadline_seconds=20)
        with pytest.raises(SubmissionError, match=r"the session took more than 0\.8 s"):
            process.load(deadline_seconds=20)


class AlwaysReady:
    """Polls descriptors of which one always has something to read."""

    def register(self, _descriptor: int, _events: int = 0) -> None:
        """Take no note of it."""

    def unregister(self, _descriptor: int) -> None:
        """Take no note of it."""

    def poll(self, _milliseconds: float) -> list[tuple[int, int]]:
        return [(-1, select.POLLIN)]


def test_a_deadline_holds_while_there_is_always_something_to_read(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sandbox.launch(launch_of(write_entry(tmp_path, LENGTHS))) as process:
        begin(process)
        with monkeypatch.context() as patch:
            patch.setattr(process, "_poll", AlwaysReady())
            with pytest.raises(SubmissionError, match="no answer within 0 s"):
                predict(process, (), 1, deadline_seconds=0)


@pytest.mark.skipif(not find_bwraps(), reason="no bwrap on this machine")
def test_a_sandbox_that_cannot_be_built_is_not_the_entrys_fault(tmp_path: Path) -> None:
    entry = tmp_path / "nowhere"
    entry.mkdir()
    launch = launch_of(entry)
    entry.rmdir()
    for user in {find_user_or_none(), None}:  # found out by the stage, or by bubblewrap
        sandbox = Bwrap(find_bwraps()[0], user=user)
        with (
            pytest.raises(OrganiserError, match=r"nowhere"),
            sandbox.launch(launch) as process,
        ):
            process.ready(deadline_seconds=20)


def find_user_or_none() -> EntryUser | None:
    try:
        return find_user()
    except ConfigurationError:
        return None


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("exit 3", "ended with exit code 3"),
        ("kill -9 $$", "was ended by SIGKILL"),
        ("printf 'GET / HTTP/1.1\\r\\n\\r\\n' >&4; sleep 5", "sent a frame b'GET '"),
        ("exec 4>&-; sleep 5", "closed its reply channel"),
    ],
)
def test_a_command_that_does_not_speak_the_frames(
    sandbox: Sandbox, tmp_path: Path, script: str, message: str
) -> None:
    launch = launch_of(tmp_path, entry=None, command=("/bin/sh", "-c", script))
    with (
        sandbox.launch(launch) as process,
        pytest.raises(SubmissionError) as caught,
    ):
        process.ready(deadline_seconds=20)
    assert message in caught.value.message


@pytest.mark.parametrize("way", ["landlock", "none"])
def test_a_program_is_looked_for_where_the_entry_can_see_it(
    way: Kind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shim = tmp_path / "sh"
    shim.write_text("#!/bin/sh\n")
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    launch = launch_of(tmp_path, entry=None, command=("sh", "-e"))
    command = Confined(way)._command(launch, tmp_path)
    assert command[1:] == ["-e"]
    assert Path(command[0]).name == "sh"
    assert Path(command[0]) != shim


def test_a_command_that_is_not_there(sandbox: Sandbox, tmp_path: Path) -> None:
    launch = launch_of(tmp_path, entry=None, command=("./run",))
    with (
        sandbox.launch(launch) as process,
        pytest.raises(SubmissionError, match=r"run: .*No such file"),
    ):
        process.ready(deadline_seconds=20)


HARNESS = """
import sys, time
from pathlib import Path
sys.path.insert(0, {tests!r})
from sandboxes import launch_of
from harness.sandbox.ladder import choose
with choose({way!r}).launch(launch_of(Path({entry!r}))) as process:
    process.ready(deadline_seconds=20)
    process.load(deadline_seconds=20)
    print("up", flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("way", ["bwrap", "landlock", "none"])
def test_a_harness_that_is_killed_leaves_no_orphan(way: str, tmp_path: Path) -> None:
    working(way)
    entry = write_entry(tmp_path, LENGTHS)
    script = HARNESS.format(tests=str(Path(__file__).parent), way=way, entry=str(entry))
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as harness:
        assert harness.stdout is not None
        assert harness.stdout.readline() == b"up\n"
        assert running_below(entry)
        harness.send_signal(signal.SIGKILL)
    end = time.monotonic() + 5
    while (left := running_below(entry)) and time.monotonic() < end:
        time.sleep(0.02)
    assert left == []
    with contextlib.suppress(ChildProcessError):  # this process adopts orphans: none is to stay
        while os.waitpid(-1, os.WNOHANG) != (0, 0):  # but those it needs, such as a tracker, run on
            pass


def running_below(entry: Path) -> list[str]:
    """Return the processes that have the entry's folder in their command line."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                command = (folder / "cmdline").read_bytes()
            except OSError:
                continue
            if str(entry).encode() in command and b"time.sleep(60)" not in command:
                found.append(folder.name)
    return found


def test_there_are_no_terminals_whose_traffic_the_kernels_own_threads_carry(
    tmp_path: Path,
) -> None:
    opens = """
import os
def look():
    try:
        os.openpty()
    except OSError:
        return 7
    return 1
"""
    assert one_answer(working("bwrap"), tmp_path, opens)[0] == 7
