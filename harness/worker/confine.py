"""Start an entry where there is no bubblewrap: limits, and Landlock with a filter where asked for.

    python confine.py <plan in JSON> <program> <arguments ...>

This process stays as the parent of everything that the entry starts, orphans included: when the
entry's first process has ended, the rest is ended too, and the exit code is handed on (128 + n for
signal n). It outlives a harness that is killed just as long as it takes to do the same. Standard
library only.

The plan: ``parent`` (pid that must be alive), ``hold`` (a descriptor: nothing is started before its
other end is closed), ``environment`` (the entry's), ``directory`` (to run in), ``limits`` (by the
names of ``resource``), ``filter`` (a seccomp program in hexadecimal, or null), ``readable``,
``listable`` and ``writable`` (paths that Landlock leaves open; null for no Landlock), ``stage``
(null, or what
``stage.py`` built: ``mount``, a descriptor of the namespace; ``root`` in it; ``uid`` and ``gid`` to
drop to; ``scratch`` and ``scratch_bytes``, a folder for the entry's own files and its size),
``devices`` (device files that Landlock leaves open besides those that everybody has).
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import struct
import sys

TYPE_CHECKING = False  # what typing.TYPE_CHECKING is, without importing typing
if TYPE_CHECKING:
    from typing import Any, NoReturn

LIBC = ctypes.CDLL(None, use_errno=True)

CLONE_NEWNS = 0x00020000
MS_NOSUID, MS_NODEV = 2, 4
PR_SET_PDEATHSIG, PR_SET_SECCOMP, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 1, 22, 36, 38
SECCOMP_MODE_FILTER = 2

CAPABILITY_VERSION_3 = 0x20080522

# linux/landlock.h. The system calls have the same numbers on every architecture.
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
CREATE_RULESET_VERSION = 1
RULE_PATH_BENEATH = 1
ALL_FILE_ACCESS = (1 << 16) - 1  # as of ABI 5: execute to ioctl_dev
READ_ACCESS = 1 << 0 | 1 << 2 | 1 << 3  # execute, read_file, read_dir
LIST_ACCESS = 1 << 3  # read_dir
DEVICE_ACCESS = 1 << 1 | 1 << 2  # write_file, read_file: what may be asked of a single file
USE_DEVICE = DEVICE_ACCESS | 1 << 15  # and ioctl_dev
ALL_TCP = 1 << 0 | 1 << 1  # bind, connect
ALL_SCOPES = 1 << 0 | 1 << 1  # abstract UNIX sockets, signals
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")


def main(plan: dict[str, Any], command: list[str]) -> NoReturn:
    """Start the command below this process; wait; leave nothing behind."""
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    die_with(plan["parent"], signal.SIGTERM)  # nothing is started yet, and it needs no handler
    me = os.getpid()
    os.read(plan["hold"], 1)
    os.close(plan["hold"])
    signal.signal(signal.SIGTERM, orphaned)
    child = os.fork()
    if child == 0:
        try:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            if plan["stage"] is not None:
                enter(plan["stage"])
            die_with(me, signal.SIGKILL)  # after the change of user, which clears it
            confine(plan)
            os.execve(command[0], command, plan["environment"])  # noqa: S606 - no shell is wanted
        except OSError as error:
            os.write(2, f"confine: {command[0]}: {error}\n".encode())
        finally:
            os._exit(126)
    os.closerange(3, 1024)  # else the entry's end would not close its channels
    os._exit(wait_for(child))


def wait_for(child: int) -> int:
    """Reap until ``child`` has ended, end what is left, and return the exit code."""
    code = 0
    while True:
        try:
            pid, status = os.wait()
        except ChildProcessError:
            return code
        if pid == child:
            code = os.waitstatus_to_exitcode(status)
            code = 128 - code if code < 0 else code
            child = 0
        if not child:
            end_children()


def end_children() -> None:
    """Send SIGKILL to every child: theirs come here when they die, and are ended in turn."""
    with open(f"/proc/self/task/{os.getpid()}/children") as listed:
        for pid in listed.read().split():
            os.kill(int(pid), signal.SIGKILL)  # not reaped yet, so the number is still its own


def orphaned(_number: int, _frame: object) -> NoReturn:
    """End all that is below this process, whose harness is gone, and then itself.

    Only this process can: what it leaves would go to the machine's init, and run on.
    """
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    end_children()
    while True:
        try:
            os.wait()
        except ChildProcessError:
            os._exit(126)
        end_children()


def die_with(parent: int, number: int) -> None:
    """Have the kernel send this process a signal when its parent ends, however that comes."""
    prctl(PR_SET_PDEATHSIG, number)
    if os.getppid() != parent:
        os._exit(126)


def enter(stage: dict[str, Any]) -> None:
    """Go into the stage for good, as the entry's own user, with room for its files alone."""
    checked(LIBC.setns(stage["mount"], CLONE_NEWNS))
    os.close(stage["mount"])
    checked(LIBC.unshare(CLONE_NEWNS))
    target = stage["root"] + stage["scratch"]
    options = f"mode=0700,uid={stage['uid']},gid={stage['gid']},size={stage['scratch_bytes']}"
    flags = ctypes.c_ulong(MS_NOSUID | MS_NODEV)
    checked(LIBC.mount(b"tmp", target.encode(), b"tmpfs", flags, options.encode()))
    os.chroot(stage["root"])
    os.setgroups([])
    os.setresgid(stage["gid"], stage["gid"], stage["gid"])
    os.setresuid(stage["uid"], stage["uid"], stage["uid"])


def confine(plan: dict[str, Any]) -> None:
    """Give up for good what the plan does not leave: after this, the program is the entry's."""
    os.chdir(plan["directory"])
    for name, value in plan["limits"].items():
        kind = getattr(resource, name)
        _, hard = resource.getrlimit(kind)
        most = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (most, most))
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    if plan["readable"] is not None:
        drop_capabilities()
        landlock(plan["readable"], plan["listable"], plan["writable"], plan["devices"])
    if plan["filter"] is not None:
        install(bytes.fromhex(plan["filter"]))


def drop_capabilities() -> None:
    """Give up what root may do; with no_new_privs no program gets it back."""
    nobody = struct.pack("<6I", *[0] * 6)
    checked(LIBC.capset(struct.pack("<Ii", CAPABILITY_VERSION_3, 0), nobody))


def landlock_abi() -> int:
    """Return the version of Landlock that the kernel offers; 0 for none."""
    return max(0, int(LIBC.syscall(CREATE_RULESET, None, 0, CREATE_RULESET_VERSION)))


def landlock(
    readable: list[str], listable: list[str], writable: list[str], devices: list[str]
) -> None:
    """Close every file, TCP port, abstract socket and foreign process but what is named."""
    handled = struct.pack("<QQQ", ALL_FILE_ACCESS, ALL_TCP, ALL_SCOPES)
    ruleset = checked(LIBC.syscall(CREATE_RULESET, handled, len(handled), 0))
    rules = [(path, READ_ACCESS) for path in readable]
    rules += [(path, LIST_ACCESS) for path in listable]  # names below it too, no content
    rules += [(path, ALL_FILE_ACCESS) for path in writable]
    rules += [(path, DEVICE_ACCESS) for path in DEVICES]
    rules += [(path, USE_DEVICE) for path in devices]
    for path, access in rules:
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
        allowed = access if os.path.isdir(path) else access & ~(1 << 3)
        rule = struct.pack("<Qi", allowed, opened)
        checked(LIBC.syscall(ADD_RULE, ruleset, RULE_PATH_BENEATH, rule, 0))
        os.close(opened)
    checked(LIBC.syscall(RESTRICT_SELF, ruleset, 0))
    os.close(ruleset)


def install(program: bytes) -> None:
    """Install a seccomp filter, an array of ``struct sock_filter`` of eight bytes each."""
    content = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("@HP", len(program) // 8, ctypes.addressof(content))
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, header)


def prctl(option: int, *arguments: int | bytes) -> None:
    """Set an attribute of this process; what is not given of the four arguments is 0."""
    words = [ctypes.c_ulong(word) if isinstance(word, int) else word for word in arguments]
    words += [ctypes.c_ulong(0)] * (4 - len(words))
    checked(LIBC.prctl(option, *words))


def checked(result: int) -> int:
    """Return the result of a system call; raise ``OSError`` when it failed."""
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


if __name__ == "__main__":
    main(json.loads(sys.argv[1]), sys.argv[2:])
