"""The system-call filter of an entry, as the BPF program that the kernel takes.

Built here by hand and handed over as bytes: ``bwrap`` reads it from a descriptor, and the
Landlock launcher installs it itself. What is denied answers EPERM, so that a library that only
tries goes on; ``clone3``, whose flags a filter cannot see, answers ENOSYS, so that libc falls back
to ``clone``; system calls of another architecture's table end the process.

An entry that is pinned to cores cannot choose others: for a process without rights any core of its
cpuset is to be had again, so ``sched_setaffinity`` is denied too. Libraries that spread their
threads over cores go on without.

Shared memory, semaphores and queues of System V, and POSIX queues, are denied: they outlive who
made them, and without a namespace for them the next session would find them.

What reaches beyond the sandbox through what it shares with the host is denied too: ``inotify`` and
``fcntl``'s F_NOTIFY hear who opens a file that both can see, its F_SETLEASE has whoever opens a
file of the entry's user wait, ``sync`` and ``syncfs`` write out what others have not written yet,
``syslog`` reads the kernel's log. ``process_madvise`` would do to its caller what
``madvise`` is kept from.

``splice``, ``tee``, ``vmsplice`` and ``sendfile`` are denied: the kernel holds a pipe's lock while
it moves what is in the pipe to a socket that takes no more, or waits for what a socket gives.
Whoever then writes to that pipe or reads from it waits for the lock, also where it is not to block:
the harness would wait for an entry, and no deadline of its own would end that. Libraries that copy
by ``sendfile`` copy without.

Without namespaces of its own, an entry names files and processes of the whole machine, and may be
of the same user. Landlock asks nobody who changes the mode, owner, times or attributes of a file,
or a process's limits, priority and cores: there, all of that is denied. Who changes modes, owners
and times is told that it is done, and nothing is: whatever copies or unpacks files does so, in the
entry's own folders too, and would fail.

What is to happen on SIGCHLD cannot be changed: an attempt succeeds and does nothing. Whoever could
ignore it would have children that nobody waits for, whose CPU time the kernel counts nowhere.
"""

from __future__ import annotations

import errno
import platform
from struct import Struct
from typing import Literal, TypeAlias

from harness.errors import OrganiserError

Architecture: TypeAlias = Literal["x86_64", "aarch64"]

INSTRUCTION = Struct("<HBBI")  # struct sock_filter: code, jump if true, jump if false, k

# Opcodes of classic BPF, from linux/bpf_common.h:
# LD|W|ABS, JMP|JEQ|K, JMP|JGE|K, JMP|JSET|K, RET|K.
LOAD, JUMP_EQUAL, JUMP_AT_LEAST, JUMP_ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06

# Offsets into struct seccomp_data; of the first argument the low half, little-endian.
NUMBER, ARCHITECTURE, FIRST_ARGUMENT, SECOND_ARGUMENT, THIRD_ARGUMENT = 0, 4, 16, 24, 32
SECOND_ARGUMENT_HIGH = 28

ALLOW, KILL_PROCESS, FAIL_WITH = 0x7FFF0000, 0x80000000, 0x00050000

X32_BIT = 0x40000000  # the x32 table shares x86_64's architecture value

AUDIT_ARCHITECTURE: dict[Architecture, int] = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

# Namespace flags of clone(2): mount, cgroup, uts, ipc, user, pid, net.
NAMESPACE_FLAGS = 0x00020000 | 0x02000000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x60000000

ALLOWED_FAMILIES = (1, 2, 10)  # AF_UNIX, AF_INET, AF_INET6
PAIR_FAMILIES = (1,)

# Numbers that the two architectures share: every system call since 5.1 has one number.
_DENIED_EVERYWHERE = {
    "io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427,
    "open_tree": 428, "move_mount": 429, "fsopen": 430, "fsconfig": 431, "fsmount": 432,
    "fspick": 433, "pidfd_getfd": 438, "process_madvise": 440, "mount_setattr": 442,
    "quotactl_fd": 443, "memfd_secret": 447, "cachestat": 451, "open_tree_attr": 467,
}  # fmt: skip

DENIED: dict[Architecture, dict[str, int]] = {
    "x86_64": _DENIED_EVERYWHERE | {
        "ptrace": 101, "process_vm_readv": 310, "process_vm_writev": 311, "kcmp": 312,
        "perf_event_open": 298, "bpf": 321, "userfaultfd": 323, "unshare": 272, "setns": 308,
        "mount": 165, "umount2": 166, "pivot_root": 155, "chroot": 161,
        "open_by_handle_at": 304, "keyctl": 250, "add_key": 248, "request_key": 249,
        "kexec_load": 246, "kexec_file_load": 320, "init_module": 175, "finit_module": 313,
        "delete_module": 176, "swapon": 167, "swapoff": 168, "reboot": 169, "acct": 163,
        "shmget": 29, "semget": 64, "msgget": 68, "mq_open": 240, "fadvise64": 221, "mincore": 27,
        "inotify_init": 253, "inotify_add_watch": 254, "inotify_init1": 294, "syslog": 103,
        "sync": 162, "syncfs": 306, "quotactl": 179, "fanotify_init": 300, "move_pages": 279,
        "iopl": 172, "ioperm": 173, "splice": 275, "tee": 276, "vmsplice": 278,
        "sendfile": 40,
    },
    "aarch64": _DENIED_EVERYWHERE | {
        "ptrace": 117, "process_vm_readv": 270, "process_vm_writev": 271, "kcmp": 272,
        "perf_event_open": 241, "bpf": 280, "userfaultfd": 282, "unshare": 97, "setns": 268,
        "mount": 40, "umount2": 39, "pivot_root": 41, "chroot": 51,
        "open_by_handle_at": 265, "keyctl": 219, "add_key": 217, "request_key": 218,
        "kexec_load": 104, "kexec_file_load": 294, "init_module": 105, "finit_module": 273,
        "delete_module": 106, "swapon": 224, "swapoff": 225, "reboot": 142, "acct": 89,
        "shmget": 194, "semget": 190, "msgget": 186, "mq_open": 180, "fadvise64": 223,
        "mincore": 232, "inotify_init1": 26, "inotify_add_watch": 27, "syslog": 116,
        "sync": 81, "syncfs": 267, "quotactl": 60, "fanotify_init": 262, "move_pages": 239,
        "splice": 76, "tee": 77, "vmsplice": 75, "sendfile": 71,
    },
}  # fmt: skip

DENIED_AMONG_OTHERS: dict[Architecture, dict[str, int]] = {
    "x86_64": {
        "setxattr": 188, "lsetxattr": 189, "fsetxattr": 190, "removexattr": 197,
        "lremovexattr": 198, "fremovexattr": 199, "setxattrat": 463, "removexattrat": 466,
        "file_setattr": 469, "setpriority": 141, "ioprio_set": 251,
    },
    "aarch64": {
        "setxattr": 5, "lsetxattr": 6, "fsetxattr": 7, "removexattr": 14,
        "lremovexattr": 15, "fremovexattr": 16, "setxattrat": 463, "removexattrat": 466,
        "file_setattr": 469, "setpriority": 140, "ioprio_set": 30,
    },
}  # fmt: skip
"""Besides, to who shares the names of files and processes with the machine."""

UNDONE_AMONG_OTHERS: dict[Architecture, dict[str, int]] = {
    "x86_64": {
        "chmod": 90, "fchmod": 91, "fchmodat": 268, "fchmodat2": 452, "chown": 92, "fchown": 93,
        "lchown": 94, "fchownat": 260, "utime": 132, "utimes": 235, "futimesat": 261,
        "utimensat": 280,
    },
    "aarch64": {
        "fchmod": 52, "fchmodat": 53, "fchmodat2": 452, "fchown": 55, "fchownat": 54,
        "utimensat": 88,
    },
}  # fmt: skip
"""Calls that succeed there and change nothing."""

OWN_AMONG_OTHERS: dict[Architecture, dict[str, int]] = {
    "x86_64": {
        "prlimit64": 302, "sched_setaffinity": 203, "sched_setscheduler": 144,
        "sched_setparam": 142, "sched_setattr": 314,
    },
    "aarch64": {
        "prlimit64": 261, "sched_setaffinity": 122, "sched_setscheduler": 119,
        "sched_setparam": 118, "sched_setattr": 274,
    },
}  # fmt: skip
"""Calls whose first argument names a process; there, nobody but their caller, which 0 is."""
PINNING: dict[Architecture, int] = {"x86_64": 203, "aarch64": 122}
"""``sched_setaffinity``, denied to an entry that is pinned."""
CLONE: dict[Architecture, int] = {"x86_64": 56, "aarch64": 220}
CLONE3 = 435
READ_WITH_FLAGS: dict[Architecture, int] = {"x86_64": 327, "aarch64": 286}
"""``preadv2``, whose RWF_NOWAIT tells what the kernel's cache holds; without it, libraries take
``preadv``."""
ADVISE: dict[Architecture, int] = {"x86_64": 28, "aarch64": 233}
"""``madvise``."""
PAGE_OUT = 21
"""Its advice to take pages out of the kernel's cache."""
FILE_CONTROL: dict[Architecture, int] = {"x86_64": 72, "aarch64": 25}
"""``fcntl``."""
SET_LEASE, NOTIFY = 1024, 1026
"""Of its commands, those that hear who opens a file, or a file of a folder."""
CONTROL: dict[Architecture, int] = {"x86_64": 157, "aarch64": 167}
"""``prctl``."""
SET_DUMPABLE = 4
"""Its option that would keep a process's open files, among which its memory is looked for, from
everybody but root."""
SOCKETS: dict[Architecture, tuple[int, int]] = {"x86_64": (41, 53), "aarch64": (198, 199)}
"""``socket`` and ``socketpair``."""
SIGNAL_ACTION: dict[Architecture, int] = {"x86_64": 13, "aarch64": 134}
"""``rt_sigaction``."""
CHILD_SIGNAL = 17


def this_architecture() -> Architecture | None:
    """Return the machine's architecture, or ``None`` where no filter is known for it."""
    return next((known for known in AUDIT_ARCHITECTURE if known == platform.machine()), None)


def required_architecture() -> Architecture:
    """Return the machine's architecture; ``OrganiserError`` where no filter is known for it."""
    found = this_architecture()
    if found is None:
        raise OrganiserError(
            f"no system-call filter is known for {platform.machine()}",
            remedy="measure on x86_64 or aarch64",
        )
    return found


def program(
    architecture: Architecture,
    *,
    families: tuple[int, ...] = ALLOWED_FAMILIES,
    pinned: bool = False,
    among_others: bool = False,
) -> bytes:
    """Return the filter as an array of ``struct sock_filter``; ``pinned`` to the cores it has.

    ``families`` of sockets may be made. None where there is no network namespace: Landlock stops
    neither UDP nor a UNIX socket with a name. Pairs of UNIX sockets, which reach nobody, stay.
    ``among_others`` where there is none of files and processes.
    """
    code = [
        _load(ARCHITECTURE),
        _skip_if_equal(AUDIT_ARCHITECTURE[architecture], 1, otherwise=0),
        _return(KILL_PROCESS),
        _load(NUMBER),
    ]
    if architecture == "x86_64":
        code += [INSTRUCTION.pack(JUMP_AT_LEAST, 0, 1, X32_BIT), _return(KILL_PROCESS)]
    denied = {*DENIED[architecture].values()}
    if pinned:
        denied.add(PINNING[architecture])
    if among_others:
        denied.update(DENIED_AMONG_OTHERS[architecture].values())
        for number in sorted({*OWN_AMONG_OTHERS[architecture].values()} - denied):
            code += _when(number, _only((0,), otherwise=errno.EPERM))
        for number in UNDONE_AMONG_OTHERS[architecture].values():
            code += _when(number, [_fail(0)])
    for number in sorted(denied):
        code += _when(number, [_fail(errno.EPERM)])
    for number in (CLONE3, READ_WITH_FLAGS[architecture]):
        code += _when(number, [_fail(errno.ENOSYS)])
    code += _when(ADVISE[architecture], _all_but(THIRD_ARGUMENT, PAGE_OUT))
    code += _when(CONTROL[architecture], _all_but(FIRST_ARGUMENT, SET_DUMPABLE))
    code += _when(FILE_CONTROL[architecture], _all_but(SECOND_ARGUMENT, SET_LEASE, NOTIFY))
    code += _when(
        CLONE[architecture],
        [
            _load(FIRST_ARGUMENT),
            INSTRUCTION.pack(JUMP_ANY_BIT, 0, 1, NAMESPACE_FLAGS),
            _fail(errno.EPERM),
            _return(ALLOW),
        ],
    )
    socket, socketpair = SOCKETS[architecture]
    code += _when(socket, _only(families, otherwise=errno.EAFNOSUPPORT))
    code += _when(socketpair, _only(PAIR_FAMILIES, otherwise=errno.EAFNOSUPPORT))
    code += _when(SIGNAL_ACTION[architecture], _keep_child_signal())
    code.append(_return(ALLOW))
    return b"".join(code)


def _keep_child_signal() -> list[bytes]:
    """Do as if SIGCHLD's action were changed; asking for it, with no new one, is let through."""
    return [
        _load(FIRST_ARGUMENT),
        _skip_if_equal(CHILD_SIGNAL, 0, otherwise=5),
        _load(SECOND_ARGUMENT),
        _skip_if_equal(0, 0, otherwise=2),
        _load(SECOND_ARGUMENT_HIGH),
        _skip_if_equal(0, 1, otherwise=0),
        _fail(0),
        _return(ALLOW),
    ]


def _only(values: tuple[int, ...], *, otherwise: int) -> list[bytes]:
    """Let these values of the first argument through; answer all others with an error."""
    left = len(values)
    tests = [_skip_if_equal(value, left - i, otherwise=0) for i, value in enumerate(values)]
    return [_load(FIRST_ARGUMENT), *tests, _fail(otherwise), _return(ALLOW)]


def _all_but(argument: int, *values: int) -> list[bytes]:
    """Deny these values of an argument; let all others through."""
    left = len(values)
    tests = [_skip_if_equal(value, left - i, otherwise=0) for i, value in enumerate(values)]
    return [_load(argument), *tests, _return(ALLOW), _fail(errno.EPERM)]


def _when(number: int, body: list[bytes]) -> list[bytes]:
    """Run ``body``, which must return, for one system call; skip it for all others."""
    return [_skip_if_equal(number, 0, otherwise=len(body)), *body]


def _load(offset: int) -> bytes:
    return INSTRUCTION.pack(LOAD, 0, 0, offset)


def _skip_if_equal(value: int, skip: int, *, otherwise: int) -> bytes:
    """Skip so many instructions when the loaded word equals ``value``, so many otherwise."""
    return INSTRUCTION.pack(JUMP_EQUAL, skip, otherwise, value)


def _return(action: int) -> bytes:
    return INSTRUCTION.pack(RETURN, 0, 0, action)


def _fail(code: int) -> bytes:
    return _return(FAIL_WITH | code)
