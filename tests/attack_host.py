"""What there is outside of a sandbox for an attack to get hold of, and how it shows that it did."""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from attack_corpus import FOLDER, Attack, Need
from meter_fakes import add_zone

_SURVIVOR_SECONDS = 1.0


@dataclass
class Host:
    """What there is to get hold of outside."""

    root: Path
    token: str = field(default_factory=lambda: secrets.token_hex(16))
    mark: str = field(default_factory=lambda: f"mark-{secrets.token_hex(8)}")
    """On the command line of what an attack leaves behind."""

    @property
    def folder(self) -> Path:
        """The folder that anybody may read and write."""
        return self.root / "host"

    @property
    def labels(self) -> Path:
        """The secret file."""
        return self.folder / "labels.txt"

    @property
    def counter(self) -> Path:
        """An energy counter, as a meter reads it."""
        return self.folder / "powercap" / "intel-rapl:0" / "energy_uj"

    def secrets(self) -> tuple[str, ...]:
        """Return what nobody inside can know: the token, and digests of the harness's own."""
        own = (Path("/proc/self/environ"), Path("/proc/self/cmdline"))
        return (self.token, *(hashlib.sha256(path.read_bytes()).hexdigest() for path in own))

    def furnish(self) -> None:
        """Make all of it."""
        self.folder.mkdir()
        self.labels.write_text(self.token)
        add_zone(self.folder / "powercap", "intel-rapl:0", "package-0", energy=1_000_000)

    def open_to_all(self) -> None:
        """Let permissions not be in the way of anybody."""
        for path in (self.folder, *self.folder.rglob("*")):
            path.chmod(0o777 if path.is_dir() else 0o666)

    def contents(self) -> dict[str, bytes]:
        """Return every file, by name."""
        return {
            str(path.relative_to(self.folder)): path.read_bytes()
            for path in sorted(self.folder.rglob("*"))
            if path.is_file()
        }

    def restore(self, contents: dict[str, bytes]) -> None:
        """Make the files what they were."""
        for name in self.contents().keys() - contents.keys():
            (self.folder / name).unlink()
        for name, content in contents.items():
            (self.folder / name).write_bytes(content)


@contextmanager
def listeners(host: Host) -> Iterator[tuple[socket.socket, ...]]:
    with ExitStack() as stack:
        tcp = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        udp = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        udp.bind(("127.0.0.1", 0))
        abstract, named = (stack.enter_context(socket.socket(socket.AF_UNIX)) for _ in range(2))
        abstract.bind(f"\0{secrets.token_hex(8)}")
        named.bind(str(host.folder / "socket"))
        for each in (abstract, named):
            each.listen()
        for each in (tcp, udp, abstract, named):
            each.setblocking(False)
        yield tcp, udp, abstract, named


def reached(listeners: Iterable[socket.socket]) -> bool:
    """Take whatever has come; say whether anything has."""
    came = 0
    for each in listeners:
        with suppress(BlockingIOError):
            while True:
                if each.type == socket.SOCK_DGRAM:
                    each.recv(4096)
                else:
                    each.accept()[0].close()
                came += 1
    return came > 0


@contextmanager
def counting_signals() -> Iterator[list[int]]:
    got: list[int] = []
    before = signal.signal(signal.SIGUSR1, lambda number, _: got.append(number))
    try:
        yield got
    finally:
        signal.signal(signal.SIGUSR1, before)


def survivors(mark: str) -> list[int]:
    """Look for what was left behind, which is given a moment to be gone; end it."""
    end = time.monotonic() + _SURVIVOR_SECONDS
    while (left := _marked(mark)) and time.monotonic() < end:
        time.sleep(0.02)
    for pid in left:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(pid, 0)
    return left


def _marked(mark: str) -> list[int]:
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with suppress(OSError):
                if mark.encode() in (folder / "cmdline").read_bytes():
                    found.append(int(folder.name))
    return found


def lacking(attack: Attack) -> str:
    """Return what the machine has not and the attack needs to succeed anywhere; empty for nothing.

    Tried here, in this process or a child of it, where nothing keeps it from anybody.
    """
    return next((need for need in attack.needs if not _NEEDS[need]()), "")


def _has_vsock() -> bool:
    with suppress(OSError):
        socket.socket(40, socket.SOCK_STREAM).close()
        return True
    return False


def _has_io_uring() -> bool:
    descriptor = int(ctypes.CDLL(None).syscall(425, 1, ctypes.create_string_buffer(256)))
    if descriptor >= 0:
        os.close(descriptor)
    return descriptor >= 0


def _may_make_user_namespaces() -> bool:
    tried = subprocess.run(["unshare", "--user", "true"], check=False, capture_output=True)
    return tried.returncode == 0


def _runs_32_bit_calls() -> bool:
    """Say whether the kernel has that table: without it, the call is a fault."""
    code = "import sys; sys.path.insert(0, sys.argv[1]); import model; model.Model().predict([])"
    folder = str(FOLDER / "foreign-system-calls")
    command = [sys.executable, "-B", "-c", code, folder]
    return "GOT IT" in subprocess.run(command, check=False, capture_output=True, text=True).stdout


_NEEDS: dict[Need, Callable[[], bool]] = {
    "vsock": _has_vsock,
    "io_uring": _has_io_uring,
    "user_namespaces": _may_make_user_namespaces,
    "x86_64": lambda: platform.machine() == "x86_64",
    "ia32": lambda: platform.machine() == "x86_64" and _runs_32_bit_calls(),
    "root": lambda: os.geteuid() == 0,
}
