"""What the probe tries from inside a sandbox: it runs there as an entry. Standard library only.

Each attempt returns what it got hold of, or raises ``OSError``: then the protection held. The
findings leave by standard output, as JSON, one a line.
"""
# ruff: noqa: PTH208 - names of descriptors and processes, not paths

from __future__ import annotations

import contextlib
import ctypes
import errno
import json
import os
import resource
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

LIBC = ctypes.CDLL(None, use_errno=True)
PTRACE_TRACEME = 0
CLONE_NEWUSER = 0x10000000
IO_URING_SETUP = 425
AF_VSOCK = 40
REFUSED = "refused"
WATCHED_SECONDS = 0.5
"""The harness looks several times in that long."""

CPU_ACCOUNT, DISK_LIMIT = "CPU account", "disk limit"
NAMESPACES = ("user", "mnt", "pid", "net", "ipc", "uts", "cgroup")


def load(directory: Path) -> Nothing:
    """Make every attempt, as soon as the entry is loaded, and print what came of each."""
    facts = json.loads((directory / "facts.json").read_text())
    attempts = ATTEMPTS | (PINNED_ATTEMPTS if facts["cores"] else {})
    for name, attempt in attempts.items():
        try:
            got = attempt(facts)
        except OSError as error:
            print(json.dumps([name, True, error.strerror or str(error)]))  # noqa: T201
        else:
            print(json.dumps([name, got is None, got or "as it should be"]))  # noqa: T201
    print(json.dumps(own_namespaces(facts)))  # noqa: T201
    return Nothing()


def own_namespaces(facts: dict[str, Any]) -> list[str]:
    """Return the kinds of namespace that are not the harness's."""
    return [
        kind
        for kind, harness_s in facts["namespaces"].items()
        if str(Path(f"/proc/self/ns/{kind}").readlink()) != harness_s
    ]


def exceed_memory(directory: Path) -> Nothing:
    """Take more memory than is allowed, and give whoever watches it time to see it."""
    facts = json.loads((directory / "facts.json").read_text())
    taken = [bytearray(os.urandom(1)) * (1 << 20) for _ in range(facts["exceed"] >> 20)]
    time.sleep(WATCHED_SECONDS)
    del taken
    return Nothing()


def exceed_processes(directory: Path) -> Nothing:
    """Start more threads, then processes, than are allowed: each only waits, and not for long.

    The kernel counts both, and refuses; the harness counts processes, and sees them.
    """
    facts = json.loads((directory / "facts.json").read_text())
    go_on = threading.Event()
    started: list[threading.Thread] = []
    try:
        for _ in range(facts["exceed"]):
            thread = threading.Thread(target=go_on.wait, args=(2 * WATCHED_SECONDS,))
            thread.start()
            started.append(thread)
        for _ in range(facts["exceed"]):
            if os.fork() == 0:
                time.sleep(2 * WATCHED_SECONDS)
                os._exit(0)
        time.sleep(WATCHED_SECONDS)
    except (OSError, RuntimeError):
        print(REFUSED)  # noqa: T201
    go_on.set()
    for thread in started:
        thread.join()
    return Nothing()


class Nothing:
    """The model of an entry that was not made to answer."""

    def predict(self, samples: list[str]) -> list[int]:
        """Answer 0."""
        return [0] * len(samples)


def read_file(facts: dict[str, Any]) -> str:
    """Read a file of the harness's user that is no part of the entry."""
    Path(facts["secret_file"]).read_bytes()
    return "read a file outside of the sandbox"


def harness(facts: dict[str, Any]) -> int:
    """Return the harness's number; raise where that of another process is the same in here.

    In a container it may be 1, which in a namespace of the entry's own is the first process there.
    """
    number: int = facts["parent"]
    try:
        began = began_at(number)
    except OSError:
        return number  # it is not to be seen: whether it can be reached is to be tried
    if began != facts["parent_began"]:
        raise ProcessLookupError(errno.ESRCH, os.strerror(errno.ESRCH))
    return number


def began_at(pid: int) -> str:
    """Return when a process began, in ticks since the machine did: see proc(5)."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]


def read_environment(facts: dict[str, Any]) -> str | None:
    """Read the environment of the harness: Landlock lets it be opened, and it looks empty."""
    got = Path(f"/proc/{harness(facts)}/environ").read_bytes()
    return f"read {len(got)} bytes of the harness's environment" if got else None


def read_memory(facts: dict[str, Any]) -> str:
    """Open the memory of the harness."""
    Path(f"/proc/{harness(facts)}/mem").open("rb").close()
    return "opened the harness's memory"


def signal_parent(facts: dict[str, Any]) -> str:
    """Send the harness a signal; 0 asks for permission only."""
    os.kill(harness(facts), 0)
    return "may signal the harness"


def change_file(facts: dict[str, Any]) -> str | None:
    """Set the times of a file of the harness's user, which asks for no right to open it.

    It may look as if it were done: see ``seccomp.UNDONE_AMONG_OTHERS``.
    """
    path = Path(facts["secret_file"])
    before = path.stat().st_mtime_ns
    os.utime(path, ns=(before, before + 1_000))
    unchanged = path.stat().st_mtime_ns == before
    return None if unchanged else "changed the times of a file outside of the sandbox"


def limit_parent(facts: dict[str, Any]) -> str:
    """Ask for a limit of the harness: who may is also let set it."""
    resource.prlimit(harness(facts), resource.RLIMIT_CORE)
    return "may set the harness's limits"


def see_processes(_: dict[str, Any]) -> str | None:
    """Look for processes of the host: in its own namespace there are the first and this one."""
    others = [name for name in os.listdir("/proc") if name.isdigit() and int(name) != os.getpid()]
    return f"sees {len(others)} other processes" if len(others) > 1 else None


def connect_loopback(facts: dict[str, Any]) -> str:
    """Connect to a listener of the host's."""
    with socket.create_connection(("127.0.0.1", facts["port"]), timeout=2):
        return "reached a server on the host's loopback"


def connect_abstract(facts: dict[str, Any]) -> str:
    """Connect to a UNIX socket in the abstract name space."""
    with socket.socket(socket.AF_UNIX) as client:
        client.connect("\0" + facts["abstract_name"])
    return "reached an abstract UNIX socket of the host"


def open_vsock(_: dict[str, Any]) -> str:
    """Make a socket to the hypervisor, which no network namespace covers."""
    socket.socket(AF_VSOCK, socket.SOCK_STREAM).close()
    return "made an AF_VSOCK socket"


def use_io_uring(_: dict[str, Any]) -> str:
    """Set up io_uring: its requests pass by the filter of system calls."""
    parameters = ctypes.create_string_buffer(256)
    os.close(_call(LIBC.syscall(IO_URING_SETUP, 1, parameters)))
    return "set up io_uring"


def use_ptrace(_: dict[str, Any]) -> str:
    """Ask for the simplest thing that ptrace can do."""
    _in_child(lambda: _call(LIBC.ptrace(PTRACE_TRACEME, 0, 0, 0)))
    return "used ptrace"


def make_namespace(_: dict[str, Any]) -> str:
    """Make a user namespace, in which all capabilities would be its own."""
    _in_child(lambda: _call(LIBC.unshare(CLONE_NEWUSER)))
    return "made a user namespace"


def write_entry(_: dict[str, Any]) -> str:
    """Write over the entry's own code."""
    with Path(__file__).open("ab"):
        return "opened its own code for writing"


def set_kernel(_: dict[str, Any]) -> str | None:
    """Open the kernel's settings for writing: root is their owner, with or without capabilities.

    Nothing is written. Where it cannot be tried for want of the file, nothing is there to set.
    """
    try:
        os.close(os.open("/proc/sys/kernel/core_pattern", os.O_WRONLY))
    except FileNotFoundError:
        return None
    return "may set what the kernel runs when a program crashes"


def hold_privileges(_: dict[str, Any]) -> str | None:
    """Look whether it could gain rights: capabilities, set-uid programs, calls not filtered."""
    lines = Path("/proc/self/status").read_text().splitlines()
    status = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
    wanted = {"CapEff": "0" * 16, "NoNewPrivs": "1", "Seccomp": "2"}
    found = [f"{name} is {status[name]}" for name in wanted if status[name] != wanted[name]]
    return ", ".join(found) or None


def hold_descriptors(_: dict[str, Any]) -> str | None:
    """Look for descriptors that it should not have inherited: all of its own are pipes."""
    found = []
    for name in os.listdir("/proc/self/fd"):
        try:
            target = str(Path(f"/proc/self/fd/{name}").readlink())
        except OSError:  # of the listing itself
            continue
        if not target.startswith(("pipe:", "/dev/null", "/proc/")):
            found.append(target)
    return f"inherited {', '.join(found)}" if found else None


def exceed_limits(facts: dict[str, Any]) -> str | None:
    """Look for limits that were not set."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    core, _ = resource.getrlimit(resource.RLIMIT_CORE)
    if files > facts["open_files"] or core > 1:
        return f"may open {files} files and write {core} bytes of core dump"
    return None


def leave_group(facts: dict[str, Any]) -> str | None:
    """Open the door to another control group, in which CPU time would not be counted as its own.

    Nobody is moved. Where CPU time is counted by process tree, there is nothing to leave.
    """
    for group in facts["groups"]:
        try:
            os.close(os.open(Path(group) / "cgroup.procs", os.O_WRONLY))
        except OSError:
            continue
        return "may leave its control group"
    return None


def reach_neighbours(facts: dict[str, Any]) -> str | None:
    """Reach into another entry's processes, which may be of the same user of the host."""
    for pid in facts["neighbours"]:
        with contextlib.suppress(OSError):
            os.kill(pid, 0)
            return "may signal another entry"
        with contextlib.suppress(OSError):
            Path(f"/proc/{pid}/mem").open("rb").close()
            return "may open another entry's memory"
        with contextlib.suppress(OSError):
            if Path(f"/proc/{pid}/environ").read_bytes():  # Landlock lets it be opened, empty
                return "may read another entry's environment"
    return None


def fill_disk(facts: dict[str, Any]) -> str | None:
    """Take more room than is allowed for temporary files, in several of them."""
    made = []
    try:
        for folder in (tempfile.gettempdir(), "/dev/shm"):  # noqa: S108 - where it may write
            with contextlib.suppress(OSError):
                for _ in range(3):
                    descriptor, name = tempfile.mkstemp(dir=folder)
                    made.append((descriptor, name))
                    os.posix_fallocate(descriptor, 0, facts["tmp_bytes"] * 3 // 4)
                return "temporary files take more than is allowed; each by itself is limited"
    finally:
        for descriptor, name in made:
            os.close(descriptor)
            Path(name).unlink()
    return None


def leave_daemon(facts: dict[str, Any]) -> None:
    """Leave a process behind that belongs to nobody; the probe looks for it meanwhile and after."""
    if os.fork() == 0:
        failed = 1
        try:
            sleep = [sys.executable, "-S", "-c", "import time; time.sleep(30)", facts["token"]]
            subprocess.Popen(sleep, start_new_session=True)
            failed = 0
        finally:
            os._exit(failed)
    _, status = os.wait()
    if status:
        raise RuntimeError("the daemon could not be started: its end would show nothing")


def leave_cores(facts: dict[str, Any]) -> str | None:
    """Look for cores that it was not pinned to, and try to get at the others."""
    pinned, every = set(facts["cores"]), set(facts["all_cores"])
    if (found := os.sched_getaffinity(0)) != pinned:
        return f"may run on cores {sorted(found)} in place of {sorted(pinned)}"
    _in_child(lambda: os.sched_setaffinity(0, every))
    return f"moved itself to cores {sorted(every)}"


ATTEMPTS = {
    "files": read_file,
    "harness environment": read_environment,
    "harness memory": read_memory,
    "signals": signal_parent,
    "file attributes": change_file,
    "harness limits": limit_parent,
    "host processes": see_processes,
    "loopback network": connect_loopback,
    "abstract sockets": connect_abstract,
    "AF_VSOCK": open_vsock,
    "io_uring": use_io_uring,
    "ptrace": use_ptrace,
    "namespaces": make_namespace,
    "entry read-only": write_entry,
    "kernel settings": set_kernel,
    "privileges": hold_privileges,
    "descriptors": hold_descriptors,
    "limits": exceed_limits,
    CPU_ACCOUNT: leave_group,
    "other entries": reach_neighbours,
    DISK_LIMIT: fill_disk,
    "daemons": leave_daemon,
}
PINNED_ATTEMPTS = {"pinned cores": leave_cores}
"""Made only of an entry that is pinned: otherwise there is nothing to hold."""


def _in_child(attempt: Callable[[], object]) -> None:
    """Try what would change this process for good in a child; raise what it met."""
    if os.fork() == 0:
        failed = 255
        try:
            attempt()
            failed = 0
        except OSError as error:
            failed = error.errno or failed
        finally:
            os._exit(failed)
    _, status = os.wait()
    code = os.waitstatus_to_exitcode(status)
    if code:
        raise OSError(code, os.strerror(code) if code > 0 else f"ended by signal {-code}")


def _call(result: int) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result
