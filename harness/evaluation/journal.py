"""What a run writes down of itself while it lasts, so that others know of it, and of its end.

A run makes its journal before anything else and removes it after everything else. A journal
whose run does not hold the machine any more is thus that of a run which was killed: what it names
is what the next run clears away (``harness.evaluation.leftovers``).

The journal is two lines of JSON: who runs, which never changes, and what is being done, in a line
of fixed length that is written over. One write of a page is not torn by a signal.
"""

from __future__ import annotations

import os
import pwd
import shlex
import socket
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from harness.errors import ConfigurationError, OrganiserError
from harness.records.base import Frozen, canonical_json, parse_json, parse_plain, printable
from harness.sandbox import marks

SCHEMA = 1

_ENDING = ".run.json"
_LINE_BYTES = 2_048
_MOST_BYTES = 1 << 20
_STARTED = 19
"""Of the fields of ``/proc/PID/stat`` behind the name: when the process started, in ticks."""


class Run(Frozen, kw_only=True):
    """Who runs, and where its traces are."""

    schema: int = SCHEMA
    mark: str
    """See ``harness.sandbox.marks``."""
    pid: int
    started_ticks: int
    """After the machine's start: with it, a process's number is never mistaken for another's."""
    boot: str
    pid_namespace: int
    host: str
    user: str
    began_utc: str
    command: tuple[str, ...]
    temporary: str
    """The folder of all its temporary files."""
    results: str


class Doing(Frozen):
    """What it was at when it last said so."""

    entry: str = ""
    session: int = 0
    """Counted from 1; 0 outside of sessions."""
    phase: str = "beginning"
    writing: tuple[str, ...] = ()
    """Paths, under the results folder, of a record that is being written: of what belongs to it,
    and last its own, with which it is whole."""

    def told(self) -> str:
        """Say it in words."""
        session = f"session {self.session}" if self.session else ""
        return ", ".join(part for part in (self.entry, session, self.phase) if part)


@dataclass(frozen=True)
class Entry:
    """A journal that was found."""

    path: Path
    uid: int
    """Its owner: only that user can have written it."""
    run: Run
    doing: Doing

    def can_be_seen(self) -> bool:
        """Say whether the run's processes, if there are any, could be seen from here."""
        return (self.run.boot, self.run.pid_namespace) == (_boot(), _pid_namespace())

    def is_elsewhere(self) -> bool:
        """Say whether it runs, or ran, in another container since this machine was started."""
        return self.run.boot == _boot() and not self.can_be_seen()

    def is_running(self) -> bool:
        """Say whether the process that wrote it is alive."""
        return self.can_be_seen() and _started_ticks(self.run.pid) == self.run.started_ticks

    def told(self) -> str:
        """Say in words whose run it is."""
        where = "" if self.can_be_seen() else f" on {self.run.host}"
        return (
            f"process {self.run.pid}{where} of {self.run.user}, since {self.run.began_utc}, "
            f"at {self.doing.told()} ({shlex.join(self.run.command)})"
        )

    def facts(self) -> dict[str, object]:
        """Give the same as plain values."""
        return {
            "pid": self.run.pid,
            "user": self.run.user,
            "host": self.run.host,
            "since_utc": self.run.began_utc,
            "entry": self.doing.entry or None,
            "session": self.doing.session or None,
            "phase": self.doing.phase,
            "command": list(self.run.command),
        }


class Journal:
    """The journal of this run."""

    def __init__(self, descriptor: int, offset: int) -> None:
        self._descriptor = descriptor
        self._offset = offset
        self._doing = Doing()
        self.stays = False

    def entry(self, name: str) -> None:
        """Turn to another entry."""
        self._say(Doing(entry=name, phase="being prepared"))

    def session(self, index: int) -> None:
        """Turn to a session; ``index`` counts from 0."""
        self._say(msgspec.structs.replace(self._doing, session=index + 1))

    def phase(self, phase: str, *, writing: tuple[str, ...] = ()) -> None:
        """Turn to a phase; ``writing`` are the paths of a record that is about to be written."""
        self._say(msgspec.structs.replace(self._doing, phase=phase, writing=writing))

    def stay(self) -> None:
        """Outlast this run, which could not clear away all that is its own."""
        self.stays = True

    def _say(self, doing: Doing) -> None:
        self._doing = doing
        with suppress(OSError):  # what is lost is told less exactly, and never left behind
            os.pwrite(self._descriptor, _line(doing), self._offset)


@contextmanager
def keep_journal(folder: Path, *, temporary: Path, results: Path) -> Iterator[Journal]:
    """Keep this run's journal in ``folder`` until the block ends.

    It names the folder of temporary files, which is made after it, and that of the results. Raises
    ``OrganiserError`` when it cannot be written.
    """
    run = _this_run(temporary, results)
    path = folder / f"{marks.PREFIX}{run.mark}{_ENDING}"
    first = canonical_json(run) + b"\n"
    try:
        descriptor = _opened(path, first + _line(Doing()))
    except OSError as error:
        raise _unwritable(path, error) from None
    journal = Journal(descriptor, len(first))
    try:
        yield journal
    finally:
        os.close(descriptor)
        if not journal.stays:
            path.unlink(missing_ok=True)


def read_journals(folder: Path) -> list[Entry]:
    """Return every journal in ``folder``; what is none, or not whole, is passed over."""
    found = []
    for path in sorted(folder.glob(f"{marks.PREFIX}*{_ENDING}")):
        with suppress(OSError, ConfigurationError, ValueError):
            found.append(_read(path))
    return found


def torn_journals(folder: Path) -> list[Path]:
    """Return this user's journals that are not whole: of runs killed before they began.

    One that is whole, and not as this version writes them, is another version's business.
    """
    return [
        path
        for path in sorted(folder.glob(f"{marks.PREFIX}*{_ENDING}"))
        if _is_mine(path) and not _is_whole(path)
    ]


def _opened(path: Path, content: bytes) -> int:
    """Make the file with its content, which others may read, whatever the umask says."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    try:
        os.fchmod(descriptor, 0o644)
        os.posix_fallocate(descriptor, 0, len(content))  # half a line would tell nothing
        os.write(descriptor, content)
    except BaseException:  # an interrupt too must leave nothing; it goes on its way
        os.close(descriptor)
        path.unlink(missing_ok=True)
        raise
    return descriptor


def _unwritable(path: Path, error: OSError) -> OrganiserError:
    return OrganiserError(
        f"{path}: this run's journal cannot be written: {error.strerror}",
        remedy="free the place or its space, or see HARNESS_RUN_FOLDER",
    )


def _is_mine(path: Path) -> bool:
    try:
        status = path.lstat()
    except OSError:
        return False
    return stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid()


def _is_whole(path: Path) -> bool:
    try:
        _, *lines = _lines(path)
        for line in lines:
            parse_plain(line, path)
    except (OSError, ConfigurationError, ValueError):
        return False
    return True


def _read(path: Path) -> Entry:
    uid, first, second = _lines(path)
    run = parse_json(first, Run, path)
    if path.name != f"{marks.PREFIX}{run.mark}{_ENDING}":
        raise ValueError(f"{path} is another run's journal")
    if run.schema != SCHEMA:
        raise ValueError(f"{path} is a journal of another version")
    return Entry(path, uid, run, parse_json(second, Doing, path))


def _lines(path: Path) -> tuple[int, bytes, bytes]:
    """Return the owner and the two lines; raise ``ValueError`` for what is no file of a journal."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        status = os.fstat(descriptor)
        # Another name of the same file would be another user's way to have us believe it.
        if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1:
            raise ValueError(f"{path} is no journal")
        first, _, second = os.read(descriptor, _MOST_BYTES).partition(b"\n")
    finally:
        os.close(descriptor)
    return status.st_uid, first, second


def _line(doing: Doing) -> bytes:
    line = canonical_json(doing)
    if len(line) >= _LINE_BYTES:  # names beyond anything that `check` lets through
        line = canonical_json(Doing(session=doing.session, phase=doing.phase))
    return line.ljust(_LINE_BYTES - 1) + b"\n"


def _this_run(temporary: Path, results: Path) -> Run:
    return Run(
        mark=marks.RUN,
        pid=os.getpid(),
        started_ticks=_started_ticks(os.getpid()),
        boot=_boot(),
        pid_namespace=_pid_namespace(),
        host=printable(socket.gethostname()),
        user=_user(),
        began_utc=datetime.now(UTC).isoformat(timespec="seconds"),
        command=tuple(map(printable, sys.orig_argv)),
        temporary=printable(str(temporary)),
        results=printable(str(results.absolute())),
    )


def _user() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


def _started_ticks(pid: int) -> int:
    """Return when a process started; -1 where there is none, or nothing but its exit status."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return -1
    return -1 if fields[0] in (b"Z", b"X") else int(fields[_STARTED])


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _pid_namespace() -> int:
    try:
        return Path("/proc/self/ns/pid").stat().st_ino
    except OSError:
        return 0
