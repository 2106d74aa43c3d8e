"""The user without rights that an entry runs as, and the stage that it is started from.

Bubblewrap run by root maps the entry's user to root: files that only root may read are open to it.
So the launcher drops to a user that no account has, before bubblewrap starts. That user must get
through to the interpreter and the entry, wherever they lie: they are bound below a file system of
the harness's own, in a mount namespace that is made once and entered at each launch. The harness
holds it by a descriptor alone, so that it is gone with the harness, however that ends.

Who is not root does the same in a user namespace of their own, with a second user from their range
in /etc/subuid.
"""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import shutil
import subprocess
import sys
import weakref
from dataclasses import dataclass
from pathlib import Path

from harness.errors import ConfigurationError, OrganiserError
from harness.worker import stage as program

DEFAULT_UID = 61_100
"""In none of the ranges that Debian's policy and systemd give to users, services or containers."""
UID_VARIABLE = "HARNESS_ENTRY_UID"
_ROOT = "/tmp"  # noqa: S108 - covered, in the stage only; bwrap itself builds there
_RANGES = Path("/etc")
_MOST_UID = (1 << 32) - 2
_SECOND = 1
"""The second user's number inside a user namespace of which the harness's user is root."""
_UP_SECONDS = 30.0
_SYS_PTRACE = 1 << 19
"""The capability by which root may look into other users' processes: see capabilities(7)."""


@dataclass(frozen=True)
class EntryUser:
    """Whom an entry runs as."""

    uid: int
    """As the host sees it; the group has the same number where root is the harness's user."""
    gid: int
    mapped: bool
    """Whether it takes a user namespace to become it: the harness is not run by root."""

    @property
    def is_unseen(self) -> bool:
        """Whether the kernel keeps from the harness what this user's processes hold open."""
        return self.mapped or not effective_capabilities() & _SYS_PTRACE

    def inside(self) -> tuple[int, int]:
        """Return its numbers as they are in the stage."""
        return (_SECOND, _SECOND) if self.mapped else (self.uid, self.gid)


def find_user() -> EntryUser:
    """Return the user for entries.

    Raises ``ConfigurationError`` with the remedy where there is none to be had.
    """
    if shutil.which("nsenter") is None:
        raise ConfigurationError(
            "no nsenter on this machine: an entry cannot get a user of its own",
            remedy="install util-linux",
        )
    if os.geteuid() == 0:
        return _unused(os.environ.get(UID_VARIABLE, str(DEFAULT_UID)))
    if shutil.which("newuidmap") is None or shutil.which("newgidmap") is None:
        raise ConfigurationError(
            "no newuidmap on this machine: only root can give an entry a user of its own",
            remedy="install uidmap (shadow-utils elsewhere), or evaluate as root",
        )
    return EntryUser(uid=_subordinate("uid"), gid=_subordinate("gid"), mapped=True)


def effective_capabilities() -> int:
    """Return what the kernel lets this process do beyond others: not all to root in a container."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.partition("\nCapEff:\t")[2].split()[0], 16)


def _unused(wanted: str) -> EntryUser:
    if not wanted.isascii() or not wanted.isdigit() or not 0 < int(wanted) <= _MOST_UID:
        raise ConfigurationError(
            f"{UID_VARIABLE}: {wanted!r} is not a user's number",
            remedy=f"give one from 1 to {_MOST_UID} that no account has, or leave it unset",
        )
    uid = int(wanted)
    with contextlib.suppress(KeyError):
        name = pwd.getpwuid(uid).pw_name
        raise ConfigurationError(
            f"{UID_VARIABLE}: {uid} is the account {name!r}, whose files an entry could open",
            remedy="give a number that no account has",
        )
    return EntryUser(uid=uid, gid=uid, mapped=False)


def _subordinate(kind: str) -> int:
    """Return the first number of the user's range in /etc/subuid or /etc/subgid."""
    file = _RANGES / f"sub{kind}"
    uid = os.geteuid()
    names = {str(uid)}
    with contextlib.suppress(KeyError):
        names.add(pwd.getpwuid(uid).pw_name)
    with contextlib.suppress(OSError):
        for line in file.read_text(encoding="utf-8").splitlines():
            name, _, rest = line.partition(":")
            first, _, count = rest.partition(":")
            if name in names and first.isdigit() and count.isdigit() and int(count) > 0:
                return int(first)
    raise ConfigurationError(
        f"{file}: no range for this user: only root can give an entry a user of its own",
        remedy="have the administrator add one (`usermod --add-subuids 100000-165535 "
        "--add-subgids 100000-165535 USER`), or evaluate as root",
    )


class Stage:
    """A mount namespace, held by descriptors; with it a user namespace where one is needed."""

    def __init__(self, user: EntryUser, paths: tuple[Path, ...]) -> None:
        """Build it: it shows ``paths``. Raises ``OrganiserError`` where that fails."""
        self.user = user
        self.paths = paths
        self._held: dict[str, int] = {}
        self.close = weakref.finalize(self, _close, self._held)
        """Let go of it: it is gone when the last process in it is."""
        plan = {"root": _ROOT, "paths": [str(path) for path in paths], "user": user.mapped}
        with subprocess.Popen(
            [sys.executable, "-I", "-S", "-B", program.__file__, json.dumps(plan)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        ) as builder:  # fmt: skip
            try:
                with contextlib.suppress(BrokenPipeError, FileNotFoundError):  # it ended, said why
                    self._take(builder)
            finally:
                said = _last_words(builder)
            if builder.returncode or "mnt" not in self._held:
                self.close()
                raise OrganiserError(
                    f"no stage for entries can be built: {' '.join(said.split())}",
                    remedy="see what `python -m harness doctor` says of isolation",
                )

    def _take(self, builder: subprocess.Popen[str]) -> None:
        """Follow the builder, and hold what it has made."""
        if builder.stdout is None or builder.stdin is None:
            raise AssertionError("both were asked for")
        said = builder.stdout.readline().strip()
        if said == "user":
            self._map(builder.pid)
            builder.stdin.write("\n")
            builder.stdin.flush()
            said = builder.stdout.readline().strip()
        if said == "up":
            for kind in ("user", "mnt") if self.user.mapped else ("mnt",):
                held = os.open(f"/proc/{builder.pid}/ns/{kind}", os.O_RDONLY | os.O_CLOEXEC)
                self._held[kind] = held

    def _map(self, pid: int) -> None:
        """Make the harness's user root in there, and the second user the entry's."""
        for kind, own, second in (
            ("uid", os.geteuid(), self.user.uid),
            ("gid", os.getegid(), self.user.gid),
        ):
            mapping = [str(number) for number in (0, own, 1, _SECOND, second, 1)]
            done = subprocess.run(
                [f"new{kind}map", str(pid), *mapping], capture_output=True, text=True, check=False
            )
            if done.returncode:
                raise OrganiserError(
                    f"new{kind}map refused {second}: {' '.join(done.stderr.split())}",
                    remedy=f"see /etc/sub{kind}",
                )

    def path(self, path: Path) -> Path:
        """Return where a path is shown in the stage."""
        return Path(f"{_ROOT}{path}")

    @property
    def mount(self) -> int:
        """A descriptor of the mount namespace."""
        return self._held["mnt"]

    def command(self) -> list[str]:
        """Return what a command begins with to be run in the stage, as the entry's user.

        It inherits no descriptor of ours: it finds the namespaces by their paths.
        """
        uid, gid = self.user.inside()
        ours = f"/proc/{os.getpid()}/fd"
        entering = [shutil.which("nsenter") or "nsenter", f"--mount={ours}/{self.mount}"]
        if self.user.mapped:
            entering.append(f"--user={ours}/{self._held['user']}")
        return [*entering, f"--setuid={uid}", f"--setgid={gid}", "--"]

    def plan(self, mount: int, scratch_bytes: int) -> dict[str, object]:
        """Return what a launcher of ours needs to enter it, by its own descriptor ``mount``."""
        return {
            "mount": mount, "root": _ROOT, "uid": self.user.uid, "gid": self.user.gid,
            "scratch": program.SCRATCH, "scratch_bytes": scratch_bytes,
        }  # fmt: skip


def _last_words(builder: subprocess.Popen[str]) -> str:
    """Let the builder end, and return what it said of its failure."""
    try:
        return builder.communicate(timeout=_UP_SECONDS)[1]
    except subprocess.TimeoutExpired:
        builder.kill()
        return f"{builder.communicate()[1]} it did not end within {_UP_SECONDS:g} s"


def _close(held: dict[str, int]) -> None:
    while held:
        os.close(held.popitem()[1])


class Stages:
    """The stages of one user, of which the latest is kept: an evaluation shows the same paths."""

    def __init__(self, user: EntryUser) -> None:
        """Build none yet."""
        self.user = user
        self._latest: Stage | None = None

    def showing(self, paths: tuple[Path, ...]) -> Stage:
        """Return a stage that shows ``paths``, built now where the last one did not."""
        if self._latest is None or self._latest.paths != paths:
            if self._latest is not None:
                self._latest.close()
                self._latest = None
            self._latest = Stage(self.user, paths)
        return self._latest
