"""CPU time by control group: found, counted, not to be left, and removed."""

from __future__ import annotations

import errno
import os
import shutil
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sandboxes import LIMITS, launch_of, predict, working, write_entry

from harness.errors import MeasurementError, OrganiserError, SubmissionError
from harness.records.rules import Limits
from harness.sandbox import cgroup, frames, hierarchies
from harness.sandbox.bwrap import Bwrap
from harness.sandbox.cgroup import PROCESS_TREE, Accounts, Group, find_accounts
from harness.sandbox.confined import Confined
from harness.sandbox.process import TreeProcess
from harness.sandbox.protocol import Exit, Sandbox
from harness.sandbox.walls import Hit, memory_wall, most_tasks, processes_wall

SECONDS = 0.05
CHILDREN = 8

BURN = f"""
import os, signal, time

def burn():
    while time.process_time() < {SECONDS}:
        pass
    os._exit(0)

class Model:
    def predict(self, samples):
        for _ in range({CHILDREN}):
            self.one()
        return [0] * len(samples)

    def one(self):
        raise NotImplementedError

def load(directory):
    return Burner()
"""

GRANDCHILDREN = (
    BURN
    + """
class Burner(Model):
    def one(self):
        read, write = os.pipe()
        if os.fork() == 0:
            if os.fork() == 0:
                burn()
            os._exit(0)  # the grandchild is an orphan, and this process never waits for it
        os.close(write)
        os.wait()
        os.read(read, 1)
"""
)

IGNORED = (
    BURN
    + """
class Burner(Model):
    def one(self):
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the filter undoes it, where there is one
        if os.fork() == 0:
            burn()
        try:
            os.wait()
        except ChildProcessError:
            pass
        time.sleep(0.05)
"""
)


def groups() -> Accounts:
    accounts = find_accounts()
    if accounts.folder is None:
        pytest.skip(accounts.seen)
    return accounts


def groups_of(counter: str) -> Accounts:
    """Return the kernel's own groups of one version, whichever of the two is preferred."""
    try:
        folder = hierarchies.own_folder(Path("/"), "" if counter == "cpu.stat" else "cpuacct")
        cgroup._try(folder, counter)
    except OSError as error:
        pytest.skip(f"{counter}: {error}")
    return Accounts(folder, counter, counter)


@pytest.fixture(params=["bwrap", "landlock", "none"])
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def counting(way: str, accounts: Accounts) -> Sandbox:
    """Return a sandbox of one kind that counts in one way."""
    found = working(way)
    if isinstance(found, Bwrap):
        return Bwrap(found._executable, accounts, found._user)
    assert isinstance(found, Confined)
    return Confined(found._kind, accounts, found._user)


def whole_session(sandbox: Sandbox, folder: Path, code: str) -> tuple[float, Exit]:
    """Run an entry that answers one request; return CPU seconds just after, and its end."""
    with sandbox.launch(launch_of(write_entry(folder, code))) as process:
        process.ready(deadline_seconds=20)
        process.load(deadline_seconds=20)
        before = process.cpu_seconds()
        payload = predict(process, frames.encode_request(["?"]), 1, deadline_seconds=20)
        assert struct.unpack("<i", payload) == (0,)
        used = process.cpu_seconds() - before
        return used, process.finish(deadline_seconds=5)


def left_behind(accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[Path]]:
    """Have groups of this test alone, whatever other harnesses do; return what lists them."""
    prefix = f"frugal-ai-harness-test-{os.getpid()}-"
    monkeypatch.setattr(cgroup, "_PREFIX", prefix)
    folder = accounts.folder
    assert folder is not None
    return lambda: list(folder.glob(f"{prefix}*"))


@pytest.mark.parametrize("counted_by", ["cpu.stat", "cpuacct.usage", "tree"])
def test_short_lived_grandchildren_that_nobody_waits_for_are_counted(
    way: str, counted_by: str, tmp_path: Path
) -> None:
    accounts = PROCESS_TREE if counted_by == "tree" else groups_of(counted_by)
    used, ended = whole_session(counting(way, accounts), tmp_path, GRANDCHILDREN)
    due = SECONDS * CHILDREN
    assert used >= due - 0.03  # the tree is read in ticks of 10 ms, user and system apart
    assert ended.cpu_seconds >= used


def test_a_group_counts_even_the_children_of_a_process_that_ignores_them(
    way: str, tmp_path: Path
) -> None:
    used, ended = whole_session(counting(way, groups()), tmp_path, IGNORED)
    assert used >= SECONDS * CHILDREN
    assert ended.cpu_seconds >= used


def test_both_ways_of_counting_agree_on_an_entry_of_one_process(way: str, tmp_path: Path) -> None:
    code = (
        "import time\n"
        "class Model:\n"
        "    def predict(self, samples):\n"
        "        end = time.process_time() + 0.3\n"
        "        while time.process_time() < end: pass\n"
        "        return [0] * len(samples)\n"
        "def load(directory): return Model()\n"
    )
    for accounts in (groups(), PROCESS_TREE):
        used, ended = whole_session(counting(way, accounts), tmp_path, code)
        assert 0.3 <= used < 0.4
        assert used < ended.cpu_seconds < 1.5


def test_the_group_is_gone_with_the_session(
    way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    accounts = groups()
    left = left_behind(accounts, monkeypatch)
    sandbox = counting(way, accounts)
    whole_session(sandbox, tmp_path, GRANDCHILDREN)
    with sandbox.launch(launch_of(write_entry(tmp_path, "raise SystemExit(3)"))) as process:
        process.ready(deadline_seconds=20)
        with pytest.raises(SubmissionError):
            process.load(deadline_seconds=20)
    with sandbox.launch(launch_of(tmp_path)):
        assert len(left()) == 1  # and killed at once
    assert left() == []


def own_children() -> set[str]:
    tasks = Path("/proc/self/task").glob("*/children")
    return {pid for task in tasks for pid in task.read_text().split()}


def test_where_no_group_can_be_made_any_more_nothing_is_left_running(
    way: str, tmp_path: Path
) -> None:
    lost = Accounts(tmp_path / "gone", "cpu.stat", "a group that is gone")
    sandbox = counting(way, lost)
    before = own_children()  # orphans of earlier tests among them
    with pytest.raises(OrganiserError, match=r"gone/frugal.*No such file"):
        sandbox.launch(launch_of(write_entry(tmp_path / "entry", GRANDCHILDREN)))
    assert own_children() - before == set()


def test_a_group_whose_counter_is_lost_fails_the_session_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    accounts = groups()
    left = left_behind(accounts, monkeypatch)

    def lost(_: Group) -> float:
        raise MeasurementError("the counter is lost")

    process = counting("none", accounts).launch(launch_of(write_entry(tmp_path, GRANDCHILDREN)))
    process.ready(deadline_seconds=20)
    monkeypatch.setattr(Group, "cpu_seconds", lost)
    with pytest.raises(MeasurementError, match="lost"), process:
        process.finish(deadline_seconds=5)
    process.kill()
    assert left() == []


def test_the_probe_says_where_cpu_time_comes_from(way: str) -> None:
    seen = {}
    for accounts in (groups(), PROCESS_TREE):
        checks = counting(way, accounts).probe().checks
        (check,) = (each for each in checks if each.name == "CPU account")
        seen[accounts.seen] = check
        assert check.seen.startswith(accounts.seen)
    if way != "none":  # a plain process of root may go where it likes, and is not ranked
        assert all(check.held for check in seen.values())


def test_an_entry_that_could_leave_its_group_is_found_out(tmp_path: Path) -> None:
    working("none")
    (tmp_path / "cgroup.procs").touch()
    accounts = Accounts(tmp_path, "cpu.stat", "made up")
    checks = cgroup_probe(accounts)
    assert checks == (False, "made up: may leave its control group")


def cgroup_probe(accounts: Accounts) -> tuple[bool, str]:
    """Probe a plain process that is counted by its tree, but told of other groups."""
    from harness.sandbox.probe import Way, probe  # noqa: PLC0415 - this test alone

    way = Way(method="made up", tool="made up")
    isolation = probe(Confined("none", PROCESS_TREE), way=way, accounts=accounts)
    (check,) = (each for each in isolation.checks if each.name == "CPU account")
    return check.held, check.seen


# What the kernel limits, on this machine.

MEMORY_BOMB = """
import os
def load(directory):
    held = [os.urandom(1) * (1 << 20) for _ in range(96)]
    raise RuntimeError("nobody minded")
"""
CHILD_BOMB = """
import os
class Model:
    def predict(self, samples):
        if os.fork() == 0:
            held = [os.urandom(1) * (1 << 20) for _ in range(96)]
            os._exit(0)
        os.wait()
        return [0] * len(samples)
def load(directory): return Model()
"""
THREAD_BOMB = """
import threading
def load(directory):
    go_on = threading.Event()
    started = 0
    try:
        while started < 400:
            threading.Thread(target=go_on.wait, args=(5,), daemon=True).start()
            started += 1
    except RuntimeError:
        pass
    go_on.set()
    return type("Model", (), {"predict": lambda self, samples: [0] * len(samples)})()
"""


def enforcing(way: str) -> Sandbox:
    accounts = groups()
    if not accounts.enforcing:
        pytest.skip(accounts.gap)
    return counting(way, accounts)


def failed(sandbox: Sandbox, folder: Path, code: str, **limits: int) -> tuple[str, TreeProcess]:
    """Run an entry that answers one request; return what it was found to have done."""
    launch = launch_of(write_entry(folder, code), limits=limits)
    with sandbox.launch(launch) as process:
        assert isinstance(process, TreeProcess)
        process.ready(deadline_seconds=20)
        with pytest.raises(SubmissionError) as caught:  # noqa: PT012 - whichever sees it
            process.load(deadline_seconds=20)
            predict(process, frames.encode_request(["?"]), 1, deadline_seconds=20)
            process.finish(deadline_seconds=5)
    return caught.value.message, process


@pytest.mark.parametrize("code", [MEMORY_BOMB, CHILD_BOMB], ids=["itself", "its child"])
def test_memory_is_held_by_the_kernel_and_the_message_says_how_much(
    way: str, code: str, tmp_path: Path
) -> None:
    message, process = failed(enforcing(way), tmp_path, code, memory_bytes=64 << 20)
    assert message == (
        "used 64 MiB of memory; 64 MiB are allowed, and the kernel ended it there "
        "(limits.memory_bytes)"
    )
    assert process.hit is not None
    assert (process.hit.resource, process.hit.limit) == ("memory", 64 << 20)


def test_threads_are_held_by_the_kernel_and_the_message_says_how_many(
    way: str, tmp_path: Path
) -> None:
    most = most_tasks(Limits(**LIMITS | {"processes": 8}))
    for number in range(3):  # the watch may look in the moment in which all of them stand
        folder = tmp_path / str(number)
        message, process = failed(enforcing(way), folder, THREAD_BOMB, processes=8)
        if "threads at once; 128 are allowed" not in message:
            break
    assert f"{most} are allowed, and the kernel refused more" in message
    assert process.hit is not None
    assert (process.hit.resource, process.hit.limit) == ("processes", most)


def test_without_the_walls_the_same_bomb_is_seen_by_the_watch_alone(
    way: str, tmp_path: Path
) -> None:
    code = MEMORY_BOMB.replace("raise", "import time; time.sleep(1); raise")
    found = groups()
    accounts = Accounts(found.folder, found.counter, found.seen)
    message, process = failed(counting(way, accounts), tmp_path, code, memory_bytes=64 << 20)
    assert "of memory; 64 MiB are allowed" in message
    assert "kernel" not in message
    assert process.hit is None
    checks = {check.name: check for check in counting(way, accounts).probe().checks}
    assert checks["memory limit"].held
    assert not checks["enforced limits"].held
    assert checks["enforced limits"].remedy


def test_another_s_shortage_of_memory_is_not_the_entry_s_fault(tmp_path: Path) -> None:
    for version, events, peak in (
        (2, {"memory.events": "oom 0\noom_kill 1\n"}, "memory.peak"),
        (1, {"memory.oom_control": "oom_kill 1\n", "memory.failcnt": "0"}, "memory.x"),
    ):
        wall = memory_wall(tmp_path, version)  # type: ignore[arg-type] # both there are
        for name, text in {**events, peak: "7"}.items():
            (tmp_path / name).write_text(text)
        assert wall.hit(tmp_path, 9) is None


def test_a_limit_of_a_group_above_is_not_the_entry_s_either(tmp_path: Path) -> None:
    wall = processes_wall(tmp_path, 2)
    (tmp_path / "pids.events").write_text("max 3\n")
    (tmp_path / "pids.peak").write_text("7\n")
    assert wall.hit(tmp_path, 9) is None
    (tmp_path / "pids.peak").write_text("9\n")
    assert wall.hit(tmp_path, 9) == Hit("processes", 9, 9)
    (tmp_path / "pids.peak").unlink()  # an older kernel has none
    assert wall.hit(tmp_path, 9) == Hit("processes", 9, 9)


# Finding groups, below a stand-in for the file system.

V2 = "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n"
V1 = "33 31 0:30 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
CONTAINER = "33 31 0:30 /docker/abc /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"


def machine(root: Path, mounts: str, own: str) -> Path:
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/mountinfo").write_text("24 1 0:21 / /proc rw - proc proc rw\n" + mounts)
    (root / "proc/self/cgroup").write_text(own)
    return root


@contextmanager
def kernel(
    monkeypatch: pytest.MonkeyPatch, counted: str, *, handed_down: bool = False
) -> Iterator[None]:
    """Fill every folder that is made as the kernel does; remove it as the kernel does."""
    limits = ("memory.max", "memory.limit_in_bytes", "memory.failcnt", "pids.max", "pids.events")
    plain = Path.mkdir

    def mkdir(folder: Path) -> None:
        plain(folder)
        (folder / "cgroup.procs").touch()
        (folder / "cpu.stat").write_text(f"usage_usec {counted}\nuser_usec 1\n")
        (folder / "cpuacct.usage").write_text(f"{counted}000\n")
        for name in limits if handed_down else ():
            (folder / name).touch()

    with monkeypatch.context() as patch:
        patch.setattr(Path, "mkdir", mkdir)
        patch.setattr(Path, "rmdir", shutil.rmtree)
        yield


@pytest.mark.parametrize(
    ("mounts", "own", "made_in"),
    [
        (V2 + V1, "4:cpu,cpuacct:/a\n0::/b\n", ("sys/fs/cgroup/unified/b", "cpu.stat")),
        (V1, "4:cpu,cpuacct:/a\n0::/b\n", ("sys/fs/cgroup/cpu,cpuacct/a", "cpuacct.usage")),
        (CONTAINER, "0::/docker/abc/x\n", ("sys/fs/cgroup/x", "cpu.stat")),
    ],
)
def test_groups_are_made_below_the_harness_s_own(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    mounts: str,
    own: str,
    made_in: tuple[str, str],
) -> None:
    folder, counter = made_in
    root = machine(tmp_path, mounts, own)
    (root / folder).mkdir(parents=True)
    with kernel(monkeypatch, "1500000"):
        found = find_accounts(root)
        assert (found.folder, found.counter) == (root / folder, counter)
        assert list((root / folder).iterdir()) == []  # what was tried is gone
        with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as held:
            group = found.open([held.pid], Limits(**LIMITS))
            assert group is not None
            (made,) = (root / folder).iterdir()
            assert (made / "cgroup.procs").read_text() == f"{held.pid}"
            assert group.cpu_seconds() == pytest.approx(1.5, abs=0.5)
            held.communicate(b"\n")
        group.remove()
        group.remove()
    assert list((root / folder).iterdir()) == []


HANDED_DOWN = "cpuset cpu io memory pids\n"


def fill(folder: Path, handed_down: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "cgroup.controllers").write_text(HANDED_DOWN)
    (folder / "cgroup.subtree_control").write_text(handed_down)


def test_limited_groups_of_version_2_are_made_beside_a_group_that_holds_the_harness(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel hands no controllers down from a group with processes: here, from the session."""
    root = machine(tmp_path, CONTAINER.replace("/docker/abc ", "/ "), "0::/user/session\n")
    user = root / "sys/fs/cgroup/user"
    fill(user, HANDED_DOWN)
    fill(user / "session", "")
    (user / "session/cgroup.subtree_control").chmod(0o444)
    with kernel(monkeypatch, "0", handed_down=True):
        monkeypatch.setattr(Path, "write_text", refuse_subtree_control)
        found = find_accounts(root)
    assert found.folder == user
    assert found.enforcing
    assert [wall.parent for wall in found.walls] == [user, user]
    assert "memory.max" in found.walls[0].seen
    assert {each.name for each in user.iterdir() if each.is_dir()} == {"session"}


PLAIN_WRITE = Path.write_text


def refuse_subtree_control(file: Path, text: str, **rest: str) -> int:
    if file.name == "cgroup.subtree_control":
        raise OSError(errno.EBUSY, "Device or resource busy")
    return PLAIN_WRITE(file, text, **rest)


def test_the_walls_of_version_1_serve_a_group_that_is_counted_in_version_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = machine(
        tmp_path,
        V2
        + "34 31 0:31 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
        + "35 31 0:32 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n",
        "3:memory:/m\n2:pids:/p\n0::/b\n",
    )
    folders = {name: root / "sys/fs/cgroup" / name for name in ("unified/b", "memory/m", "pids/p")}
    for folder in folders.values():
        folder.mkdir(parents=True)
    with kernel(monkeypatch, "0", handed_down=True):
        found = find_accounts(root)
        assert found.enforcing
        assert found.folders == tuple(folders.values())
        group = found.open([], Limits(**LIMITS))
        assert group is not None
        (memory,) = folders["memory/m"].iterdir()
        (pids,) = folders["pids/p"].iterdir()
        assert (memory / "memory.limit_in_bytes").read_text() == str(LIMITS["memory_bytes"])
        assert (pids / "pids.max").read_text() == str(most_tasks(Limits(**LIMITS)))
        assert group.hit() is None
        group.remove()
    assert [list(folder.iterdir()) for folder in folders.values()] == [[], [], []]


def test_without_a_controller_the_gap_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = machine(tmp_path, V2, "0::/b\n")
    (root / "sys/fs/cgroup/unified/b").mkdir(parents=True)
    with kernel(monkeypatch, "0"):
        found = find_accounts(root)
    assert not found.enforcing
    assert found.gap == "memory: not mounted here; pids: not mounted here"


@pytest.mark.parametrize(
    ("mounts", "own", "why"),
    [
        ("", "0::/\n", "cpu.stat: not mounted here; cpuacct.usage: not mounted here"),
        (V2, "0::/../outside\n", "cpu.stat: No such file"),
        (CONTAINER, "0::/elsewhere\n", "cpu.stat: not mounted here"),
        (V2, "malformed\n", "cpu.stat: not mounted here"),
        (V2 + "nonsense - cgroup2\n\n", "0::/b\n", "cpu.stat: No such file or directory"),
    ],
)
def test_without_groups_it_is_the_process_tree_and_the_reason_is_told(
    tmp_path: Path, mounts: str, own: str, why: str
) -> None:
    found = find_accounts(machine(tmp_path, mounts, own))
    assert found.folder is None
    assert found.open([os.getpid()], Limits(**LIMITS)) is None
    assert found.seen.startswith(f"process tree (no control group: {why}")


def test_a_folder_that_the_kernel_does_not_fill_is_left_alone(tmp_path: Path) -> None:
    root = machine(tmp_path, V2, "0::/\n")
    (root / "sys/fs/cgroup/unified").mkdir(parents=True)
    assert "cpu.stat: No such file" in find_accounts(root).seen
    assert list((root / "sys/fs/cgroup/unified").iterdir()) == []


def test_groups_of_a_killed_harness_are_removed_and_fresh_ones_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = machine(tmp_path, V2, "0::/\n")
    parent = root / "sys/fs/cgroup/unified"
    parent.mkdir(parents=True)
    for name, age in (("old", 3600), ("fresh", 0)):
        folder = parent / f"frugal-ai-harness-{name}"
        folder.mkdir()
        at = folder.stat().st_mtime - age
        os.utime(folder, (at, at))
    (parent / "of-somebody-else").mkdir()
    with kernel(monkeypatch, "0"):
        find_accounts(root)
    assert {each.name for each in parent.iterdir()} == {
        "frugal-ai-harness-fresh",
        "of-somebody-else",
    }


def test_a_clock_that_is_ahead_takes_no_fresh_group_from_another_harness(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = machine(tmp_path, V2, "0::/\n")
    fresh = root / "sys/fs/cgroup/unified/frugal-ai-harness-fresh"
    fresh.mkdir(parents=True)
    ahead = time.time() + 3600
    monkeypatch.setattr(time, "time", lambda: ahead)
    with kernel(monkeypatch, "0"):
        find_accounts(root)
    assert fresh.is_dir()


@pytest.mark.parametrize("text", ["", "usage_usec", "usage_usec x\n", "user_usec 5\n", "-", "1.5"])
def test_a_counter_that_makes_no_sense_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    with kernel(monkeypatch, "7"):
        group = Group(tmp_path / "group", "cpu.stat")
        (tmp_path / "group/cpu.stat").write_text(text)
        with pytest.raises(MeasurementError, match=r"group: the entry's CPU time cannot be read"):
            group.cpu_seconds()
        group.remove()


def test_who_was_born_in_the_group_is_neither_moved_nor_counted_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with kernel(monkeypatch, "1000000"):
        group = Group(tmp_path / "group", "cpu.stat")
        members = tmp_path / "group/cgroup.procs"
        members.write_text(f"1\n{os.getpid()}\n")
        group.add([os.getpid()])
        assert members.read_text() == f"1\n{os.getpid()}\n"
        assert group.cpu_seconds() == 1.0
        members.write_text("1\n")
        group.add([os.getpid()])
        assert members.read_text() == f"{os.getpid()}"
        assert group.cpu_seconds() > 1.0  # what it used before is added
        group.remove()


def test_a_count_never_falls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with kernel(monkeypatch, "9000000"):
        group = Group(tmp_path / "group", "cpu.stat")
        assert group.cpu_seconds() == 9.0
        (tmp_path / "group/cpu.stat").write_text("usage_usec 1000000\n")
        assert group.cpu_seconds() == 9.0
        group.remove()
