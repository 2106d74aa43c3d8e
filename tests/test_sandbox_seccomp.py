"""The filter, tried by small programs that run under it."""

from __future__ import annotations

import errno
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from harness.errors import OrganiserError
from harness.sandbox import seccomp
from harness.worker import confine

HERE = seccomp.this_architecture()
UNDER_FILTER = """
import ctypes, sys
sys.path.insert(0, {folder!r})
import confine
confine.prctl(confine.PR_SET_NO_NEW_PRIVS, 1)
confine.install(bytes.fromhex({program!r}))
def call(*numbers):
    ctypes.set_errno(0)
    result = confine.LIBC.syscall(*numbers)
    return ctypes.get_errno() if result < 0 else 0
{code}
"""

needs_filter = pytest.mark.skipif(HERE is None, reason="no filter for this processor")


def under_filter(code: str, program: bytes | None = None) -> subprocess.CompletedProcess[str]:
    assert HERE is not None
    program = program or seccomp.program(HERE)
    folder = str(Path(confine.__file__).parent)
    script = UNDER_FILTER.format(folder=folder, program=program.hex(), code=code)
    return subprocess.run(
        [sys.executable, "-I", "-c", script],
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )


@needs_filter
@pytest.mark.parametrize("name", sorted(seccomp.DENIED["x86_64"]))
def test_what_is_denied_answers_eperm(name: str) -> None:
    assert HERE is not None
    if name not in seccomp.DENIED[HERE]:
        pytest.skip(f"{HERE} has no {name}")
    # Arguments that the kernel refuses anyway, with another error, should the filter not.
    run = under_filter(f"print(call({seccomp.DENIED[HERE][name]}, -1, -1, -1, -1, -1, -1))")
    assert run.stdout.strip() == str(errno.EPERM), run.stderr


@needs_filter
def test_clone3_is_not_there_so_that_libc_falls_back_to_clone() -> None:
    run = under_filter(f"print(call({seccomp.CLONE3}, 0, 0))")
    assert run.stdout.strip() == str(errno.ENOSYS), run.stderr


@needs_filter
def test_a_process_stays_readable_and_may_name_itself() -> None:
    assert HERE is not None
    run = under_filter(
        f"print([call({seccomp.CONTROL[HERE]}, option, *rest, 0, 0, 0)"
        " for option, *rest in ((4, 0), (4, 1), (3, 0), (15, b'name'))])"
    )
    assert run.stdout.strip() == str([errno.EPERM, errno.EPERM, 0, 0]), run.stderr


@needs_filter
def test_nobody_is_heard_who_opens_a_file_nor_kept_waiting() -> None:
    run = under_filter(
        """
import fcntl, tempfile
with tempfile.NamedTemporaryFile() as file:
    for command, argument in ((fcntl.F_SETLEASE, fcntl.F_RDLCK), (fcntl.F_NOTIFY, 1),
                              (fcntl.F_GETLEASE, 0), (fcntl.F_GETFD, 0)):
        try:
            print(fcntl.fcntl(open(file.name), command, argument) >= 0)
        except OSError as error:
            print(error.errno)
"""
    )
    denied = str(errno.EPERM)
    assert run.stdout.split() == [denied, denied, "True", "True"], run.stderr


@needs_filter
def test_clone_makes_processes_and_no_namespaces() -> None:
    assert HERE is not None
    run = under_filter(
        f"""
import os
print([call({seccomp.CLONE[HERE]}, flag, 0, 0, 0, 0)
       for flag in (0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000)])
if os.fork() == 0:
    os._exit(0)
print(os.wait()[1])
"""
    )
    assert run.stdout.split("\n")[:2] == [str([errno.EPERM] * 7), "0"], run.stderr


@needs_filter
def test_sockets_of_three_families_only() -> None:
    run = under_filter(
        """
import socket
def family(number):
    try:
        socket.socket(number, socket.SOCK_STREAM if number != 17 else socket.SOCK_RAW).close()
    except OSError as error:
        return error.errno
    return 0
print([family(n) for n in (socket.AF_UNIX, socket.AF_INET)])
print([family(n) for n in (16, 17, 38, 40, 44)])
a, b = socket.socketpair()
a.send(b'x'); print(b.recv(1))
"""
    )
    allowed, refused, pair = run.stdout.splitlines()
    assert allowed == "[0, 0]"
    assert refused == str([errno.EAFNOSUPPORT] * 5)
    assert pair == "b'x'"


@needs_filter
def test_without_a_network_namespace_only_pairs_of_sockets_are_left() -> None:
    assert HERE is not None
    run = under_filter(
        """
import socket
for make in (lambda: socket.socket(socket.AF_UNIX), lambda: socket.socket(socket.AF_INET)):
    try:
        make()
    except OSError as error:
        print(error.errno)
socket.socketpair()
""",
        seccomp.program(HERE, families=()),
    )
    assert run.stdout.split() == [str(errno.EAFNOSUPPORT)] * 2
    assert run.returncode == 0, run.stderr


@needs_filter
@pytest.mark.parametrize("name", sorted(seccomp.DENIED_AMONG_OTHERS["x86_64"]))
def test_who_shares_the_names_of_the_machine_changes_nothing_by_them(name: str) -> None:
    assert HERE is not None
    if name not in seccomp.DENIED_AMONG_OTHERS[HERE]:
        pytest.skip(f"{HERE} has no {name}")
    number = seccomp.DENIED_AMONG_OTHERS[HERE][name]
    run = under_filter(
        f"print(call({number}, -1, -1, -1, -1, -1, -1))", seccomp.program(HERE, among_others=True)
    )
    assert run.stdout.strip() == str(errno.EPERM), run.stderr
    free = under_filter(f"print(call({number}, -1, -1, -1, -1, -1, -1))")
    assert free.stdout.strip() != str(errno.EPERM), free.stderr


@needs_filter
@pytest.mark.parametrize("name", sorted(seccomp.OWN_AMONG_OTHERS["x86_64"]))
def test_who_shares_the_names_of_the_machine_names_no_process_but_itself(name: str) -> None:
    assert HERE is not None
    number = seccomp.OWN_AMONG_OTHERS[HERE][name]
    code = f"import os; print(call({number}, os.getppid(), -1, -1), call({number}, 0, -1, -1))"
    another, own = under_filter(code, seccomp.program(HERE, among_others=True)).stdout.split()
    assert another == str(errno.EPERM)
    assert own != another


@needs_filter
@pytest.mark.parametrize("name", sorted(seccomp.UNDONE_AMONG_OTHERS["x86_64"]))
def test_who_shares_the_names_of_the_machine_is_told_that_a_file_was_changed(name: str) -> None:
    assert HERE is not None
    if name not in seccomp.UNDONE_AMONG_OTHERS[HERE]:
        pytest.skip(f"{HERE} has no {name}")
    number = seccomp.UNDONE_AMONG_OTHERS[HERE][name]
    code = f"print(call({number}, -1, -1, -1, -1, -1, -1))"
    run = under_filter(code, seccomp.program(HERE, among_others=True))
    assert run.stdout.strip() == "0", run.stderr
    assert under_filter(code).stdout.strip() != "0"


@needs_filter
def test_files_are_copied_and_unpacked_where_none_can_be_changed(tmp_path: Path) -> None:
    assert HERE is not None
    code = f"""
import os, shutil, tarfile
os.chdir({str(tmp_path)!r})
open('one', 'w').close()
os.chmod('one', 0)
shutil.copy2('one', 'two')
shutil.copystat('one', 'two')
with tarfile.open('all.tar', 'w') as packed:
    packed.add('one')
with tarfile.open('all.tar') as packed:
    packed.extractall('out')
print(os.stat('one').st_mode & 0o777 > 0, os.path.exists('out/one'))
"""
    run = under_filter(code, seccomp.program(HERE, among_others=True))
    assert run.stdout.split() == ["True", "True"], run.stderr


@needs_filter
def test_who_shares_the_names_of_the_machine_sets_limits_of_its_own_only() -> None:
    assert HERE is not None
    code = """
import os, resource
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
try:
    print(resource.prlimit(os.getppid(), resource.RLIMIT_CORE) and 0)
except OSError as error:
    print(error.errno)
"""
    shared = under_filter(code, seccomp.program(HERE, among_others=True))
    assert shared.stdout.strip() == str(errno.EPERM), shared.stderr
    assert under_filter(code).stdout.strip() == "0"


@needs_filter
@pytest.mark.skipif(HERE != "x86_64", reason="x32 is a table of x86_64's")
def test_a_call_from_the_x32_table_ends_the_process() -> None:
    assert under_filter("call(0x40000000 + 39)").returncode == -31  # SIGSYS


@needs_filter
def test_ordinary_work_goes_on_under_the_filter() -> None:
    run = under_filter(
        """
import shutil, subprocess, tempfile, threading
worked = []
thread = threading.Thread(target=worked.append, args=(1,)); thread.start(); thread.join()
with tempfile.TemporaryFile() as file:
    file.write(b'x')
with tempfile.TemporaryDirectory() as folder:  # by sendfile, where it is let
    shutil.copyfile(sys.executable, folder + '/copy')
print(worked, subprocess.run([sys.executable, '-c', 'print(2)'], capture_output=True).stdout)
"""
    )
    assert run.stdout.strip() == "[1] b'2\\n'", run.stderr


@needs_filter
@pytest.mark.parametrize(("pinned", "answer"), [(True, errno.EPERM), (False, 0)])
def test_only_who_is_pinned_cannot_choose_cores(pinned: bool, answer: int) -> None:
    assert HERE is not None
    run = under_filter(
        """
import os
mine = os.sched_getaffinity(0)
try:
    os.sched_setaffinity(0, mine)
    print(0)
except OSError as error:
    print(error.errno)
""",
        seccomp.program(HERE, pinned=pinned),
    )
    assert run.stdout.strip() == str(answer), run.stderr


@pytest.mark.parametrize("narrower", [True, False])
@pytest.mark.parametrize("architecture", ["x86_64", "aarch64"])
def test_every_jump_lands_inside_and_every_path_returns(
    architecture: seccomp.Architecture, narrower: bool
) -> None:
    made = seccomp.program(architecture, pinned=narrower, among_others=narrower)
    code = list(struct.iter_unpack("<HBBI", made))
    for i, (opcode, if_true, if_false, _) in enumerate(code):
        if opcode in (seccomp.JUMP_EQUAL, seccomp.JUMP_AT_LEAST, seccomp.JUMP_ANY_BIT):
            assert i + 1 + max(if_true, if_false) < len(code)
    assert code[-1] == (seccomp.RETURN, 0, 0, seccomp.ALLOW)
    assert len(code) < 4096  # the kernel's limit


def test_an_unknown_processor_has_no_filter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    with pytest.raises(OrganiserError, match="riscv64"):
        seccomp.required_architecture()


@needs_filter
def test_children_cannot_be_made_to_go_without_an_account() -> None:
    run = under_filter(
        """
import os, signal, time
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
if os.fork() == 0:
    while time.process_time() < 0.1:
        pass
    os._exit(5)
print(os.waitstatus_to_exitcode(os.wait()[1]))
print(os.times().children_user + os.times().children_system)
signal.signal(signal.SIGUSR1, lambda *_: print("other signals do as ever"))
os.kill(os.getpid(), signal.SIGUSR1)
"""
    )
    code, seconds, other = run.stdout.splitlines()
    assert code == "5"
    assert float(seconds) > 0.05
    assert other == "other signals do as ever"


@needs_filter
def test_what_the_kernels_cache_holds_cannot_be_asked_nor_changed() -> None:
    """Else it would carry answers from one session to the next, whatever the files forbid."""
    assert HERE is not None
    run = under_filter(
        f"""
import mmap, os, tempfile
print(call({seccomp.READ_WITH_FLAGS[HERE]}, 0, 0, 0, 0, 0, 8))
page = mmap.mmap(-1, 4096)
page.madvise(mmap.MADV_WILLNEED)
try:
    page.madvise({seccomp.PAGE_OUT})
except OSError as error:
    print(error.errno)
try:
    os.posix_fadvise(0, 0, 0, os.POSIX_FADV_DONTNEED)
except OSError as error:
    print(error.errno)
"""
    )
    assert run.stdout.split() == [str(errno.ENOSYS), str(errno.EPERM), str(errno.EPERM)], run.stderr
