"""CPU time by control group: found, counted, not to be left, and removed."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sandboxes import launch_of, working, write_entry

from harness.errors import MeasurementError, OrganiserError, SubmissionError
from harness.sandbox import cgroup, frames
from harness.sandbox.bwrap import Bwrap
from harness.sandbox.cgroup import PROCESS_TREE, Accounts, Group, find_accounts
from harness.sandbox.confined import Confined
from harness.sandbox.protocol import Exit, Sandbox

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
        folder = cgroup._own_folder(Path("/"), counter)
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
        return Bwrap(found._executable, accounts)
    assert isinstance(found, Confined)
    return Confined(found._kind, accounts)


def whole_session(sandbox: Sandbox, folder: Path, code: str) -> tuple[float, Exit]:
    """Run an entry that answers one request; return CPU seconds just after, and its end."""
    with sandbox.launch(launch_of(write_entry(folder, code))) as process:
        process.ready(deadline_seconds=20)
        process.load(deadline_seconds=20)
        before = process.cpu_seconds()
        payload = process.predict(frames.encode_request(["?"]), 1, deadline_seconds=20)
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


def test_where_no_group_can_be_made_any_more_nothing_is_left_running(
    way: str, tmp_path: Path
) -> None:
    lost = Accounts(tmp_path / "gone", "cpu.stat", "a group that is gone")
    sandbox = counting(way, lost)
    with pytest.raises(OrganiserError, match=r"gone/frugal.*No such file"):
        sandbox.launch(launch_of(write_entry(tmp_path / "entry", GRANDCHILDREN)))
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


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
    from harness.sandbox.probe import probe  # noqa: PLC0415 - this test alone

    isolation = probe(Confined("none", PROCESS_TREE), method="made up", accounts=accounts)
    (check,) = (each for each in isolation.checks if each.name == "CPU account")
    return check.held, check.seen


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
def kernel(monkeypatch: pytest.MonkeyPatch, counted: str) -> Iterator[None]:
    """Fill every folder that is made as the kernel does; remove it as the kernel does."""
    plain = Path.mkdir

    def mkdir(folder: Path) -> None:
        plain(folder)
        (folder / "cgroup.procs").touch()
        (folder / "cpu.stat").write_text(f"usage_usec {counted}\nuser_usec 1\n")
        (folder / "cpuacct.usage").write_text(f"{counted}000\n")

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
            group = found.open([held.pid])
            assert group is not None
            (made,) = (root / folder).iterdir()
            assert (made / "cgroup.procs").read_text() == f"{held.pid}"
            assert group.cpu_seconds() == pytest.approx(1.5, abs=0.5)
            held.communicate(b"\n")
        group.remove()
        group.remove()
    assert list((root / folder).iterdir()) == []


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
    assert found.open([os.getpid()]) is None
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


def test_a_count_never_falls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with kernel(monkeypatch, "9000000"):
        group = Group(tmp_path / "group", "cpu.stat")
        assert group.cpu_seconds() == 9.0
        (tmp_path / "group/cpu.stat").write_text("usage_usec 1000000\n")
        assert group.cpu_seconds() == 9.0
        group.remove()
