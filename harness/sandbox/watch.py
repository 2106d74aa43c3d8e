"""The limits of an entry while it runs: looked at a few times a second, and named when one is hit.

What is seen is told with the limit, as ``leaderboard/rules.toml`` calls it. Some limits the kernel
holds by itself, and the entry is told no more than "No space left on device": whatever it then
says of its end gets the limit that may be behind it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Literal, NoReturn, TypeAlias

from harness.errors import SubmissionError
from harness.records.rules import Limits
from harness.sandbox.endings import mebibytes
from harness.sandbox.spaces import (
    Space,
    folder_bytes,
    folder_files,
    nameless,
    open_spaces,
    socket_bytes,
)
from harness.sandbox.tree import Tree, Usage

WATCH_SECONDS = 0.1
"""How often CPU time, memory, processes and threads are looked at."""
_FILES_SECONDS = 0.5
"""How often open files and a folder on disk are: there may be many."""

_MOST_FILES = 10_000
"""Of a folder on disk: counted no further, since an entry may leave any number."""

_WORTH_TELLING_BYTES = 1 << 20
"""A launcher of ours takes less, before there is anything of the entry."""

Phase: TypeAlias = Literal["start", "load", "warm-up", "measured", "drain"]

_FASTER = "make it faster, or smaller"
_FULL = ("No space left on device", "[Errno 28]")
_TOO_MANY_FILES = ("Too many open files", "[Errno 24]")
_TOO_LARGE = ("File too large", "[Errno 27]", "SIGXFSZ")
_TOO_MANY_TASKS = ("Resource temporarily unavailable", "[Errno 11]", "can't start new thread")
_NO_MEMORY = ("MemoryError", "Cannot allocate memory", "[Errno 12]", "SIGKILL", "memory runs out")


class Watch:
    """What an entry's tree takes, phase by phase, held against the limits.

    Whatever raises here raises ``SubmissionError``, with the phase as its stage. Making the tree
    end is left to whoever asked.
    """

    def __init__(
        self,
        limits: Limits,
        tree: Tree,
        cpu_seconds: Callable[[], float],
        *,
        spaces: Mapping[str, str],
        scratch: Path | None,
        memory_is_held: bool,
    ) -> None:
        """Begin the phase ``start``.

        ``spaces`` are the memory file systems that the entry sees, and their limits by name;
        ``scratch`` is where it writes without one of its own. Where the kernel holds the limit of
        memory, it is for the kernel to say that it was hit: what is seen here includes a launcher.
        """
        self._limits = limits
        self._tree = tree
        self._cpu_seconds = cpu_seconds
        self._space_names = spaces
        self._memory_is_held = memory_is_held
        self._scratch = scratch
        self._scratch_device = None if scratch is None else scratch.stat().st_dev
        self._spaces: list[Space] = []
        self._phase: Phase = "start"
        self._session_began = self._phase_began = time.monotonic()
        self._phase_cpu_seconds = 0.0
        self._next_files = self._session_began
        self._nameless_bytes = self._files_before = self._sockets = 0
        self._socket_bytes = socket_bytes()
        self._most_processes = self._most_threads = 0
        self.next_look = self._session_began
        """When ``look`` is due again."""
        self.peak_memory_bytes = 0

    @property
    def phase(self) -> Phase:
        """What the entry is at."""
        return self._phase

    def begin(self, phase: Phase) -> None:
        """Turn to another phase; refuse it where this one has taken too much CPU time."""
        if not self._spaces and self._space_names:  # the sandbox is up by now
            *_, last = self._tree.pids()
            self._spaces = open_spaces(last, self._space_names)
        if phase == "warm-up":
            self._files_before = self._files_on_disk()
            for space in self._spaces:
                space.loaded()
        used = self._require_cpu_time(self._cpu_seconds())
        self._phase, self._phase_began, self._phase_cpu_seconds = phase, time.monotonic(), used

    def look(self) -> Usage:
        """See what the tree takes now; the limits are ``check``'s business."""
        now = time.monotonic()
        self.next_look = now + WATCH_SECONDS
        if now >= self._next_files:
            self._next_files = now + _FILES_SECONDS
            self._look_at_files()
        for space in self._spaces:
            space.look()
        usage = self._tree.usage()
        usage = usage._replace(
            memory_bytes=_with_nameless(usage.memory_bytes, usage, self._nameless_bytes)
        )
        self._remember(usage)
        return usage

    def check(self) -> None:
        """Look, and refuse what is beyond a limit."""
        usage, limits = self.look(), self._limits
        if usage.processes > limits.processes:
            self._refuse(
                "processes",
                f"ran {usage.processes:,} processes at once; {limits.processes:,} are allowed",
                "start fewer",
            )
        if usage.threads > limits.threads:
            self._refuse(
                "threads",
                f"ran {usage.threads:,} threads at once; {limits.threads:,} are allowed",
                "start fewer: as many as os.sched_getaffinity(0) has cores are enough",
            )
        memory = usage.memory_bytes
        if memory > limits.memory_bytes:  # or forks share pages that were counted twice
            exact = self._tree.proportional_memory_bytes()
            memory = _with_nameless(exact, usage, self._nameless_bytes)
        if memory > limits.memory_bytes and not self._memory_is_held:
            self._refuse(
                "memory_bytes",
                f"used {mebibytes(memory)} of memory; {mebibytes(limits.memory_bytes)} are allowed",
                "use a smaller model or a smaller batch_size",
            )
        in_sockets = self._sockets * self._socket_bytes
        if memory + in_sockets > limits.memory_bytes and not self._memory_is_held:
            self._refuse(
                "memory_bytes",
                f"had {self._sockets:,} sockets, which may hold {mebibytes(in_sockets)} of memory "
                f"beside {mebibytes(memory)}; {mebibytes(limits.memory_bytes)} are allowed",
                "use fewer sockets: close those of processes that have ended",
            )
        self._require_cpu_time(self._cpu_seconds())

    def settle(self, cpu_seconds: float) -> None:
        """Hold the kernel's own total, once the tree is gone, against what is left."""
        self._require_cpu_time(cpu_seconds)

    def end_of_time(self) -> float:
        """Return when the phase, or the session, has lasted too long, on the monotonic clock."""
        ends = [self._session_began + self._limits.session_seconds]
        if self._phase in {"warm-up", "measured"}:  # the others are one answer each
            ends.append(self._phase_began + self._of_phase("seconds"))
        return min(ends)

    def late(self, deadline_seconds: float) -> SubmissionError:
        """Say which time has run out: that of an answer, of the phase or of the session."""
        now = time.monotonic()
        session_seconds = self._limits.session_seconds
        if now - self._session_began >= session_seconds:
            what = f"the session took more than {session_seconds:g} s"
            return self._beyond("session_seconds", what, _FASTER)
        phase_seconds = self._of_phase("seconds")
        if self._phase in {"warm-up", "measured"} and now - self._phase_began >= phase_seconds:
            what = f"took more than {phase_seconds:g} s for all of the phase"
            return self._beyond(self._name("seconds"), what, _FASTER)
        name = self._name("seconds") if self._phase in {"start", "load"} else "batch_seconds"
        what = f"no answer within {deadline_seconds:g} s"
        named = deadline_seconds == getattr(self._limits, name)
        return self._beyond(name if named else "", what, _FASTER)

    def outlived(self, deadline_seconds: float) -> SubmissionError:
        """Say that the tree outlives its last answer, and how much of it."""
        left = self.look().processes
        name = "drain_seconds" if deadline_seconds == self._limits.drain_seconds else ""
        return self._beyond(
            name,
            f"still running {deadline_seconds:g} s after the last answer, with "
            f"{left} {'process' if left == 1 else 'processes'}",
            "end when the request channel is closed; leave no thread or process behind",
        )

    def check_output(self, bytes_written: int) -> None:
        """Refuse more output than is allowed."""
        if bytes_written > self._limits.output_bytes:
            self._refuse(
                "output_bytes",
                f"wrote {bytes_written} bytes to standard output and standard error; "
                f"{self._limits.output_bytes} are allowed",
                "print less",
            )

    def files_left(self) -> int:
        """Count the files and folders that are there, once it is gone, since it was loaded."""
        on_disk = max(0, self._files_on_disk() - self._files_before)
        return on_disk + sum(space.files for space in self._spaces)

    def _files_on_disk(self) -> int:
        return folder_files(self._scratch, _MOST_FILES) if self._scratch is not None else 0

    def hints(self, said: str) -> str:
        """Name the limits that may be behind an end of which the entry, or its end, said this.

        To be put behind a message; empty where there is none.
        """
        return "".join(f"; {hint}" for hint in self._hints(said))

    def close(self) -> None:
        """Let go of the entry's memory file systems."""
        for space in self._spaces:
            space.close()
        self._spaces = []

    def _remember(self, usage: Usage) -> None:
        self.peak_memory_bytes = max(self.peak_memory_bytes, usage.memory_bytes)
        self._most_processes = max(self._most_processes, usage.processes)
        self._most_threads = max(self._most_threads, usage.threads)

    def _hints(self, said: str) -> Iterator[str]:
        limits = self._limits
        self._remember(self._tree.usage())  # it may not be gone yet
        for space in self._spaces:
            space.look()
            if space.was_full or _says(said, _FULL):
                yield (
                    f"{space.name} was seen to hold {mebibytes(space.most_bytes)} of "
                    f"{mebibytes(space.size_bytes)} (limits.{space.limit})"
                )
        if _says(said, _TOO_LARGE):
            largest, name = limits.tmp_bytes, "tmp_bytes"
            if self._scratch is None and limits.shm_bytes > largest:
                largest, name = limits.shm_bytes, "shm_bytes"
            yield f"a file may hold {mebibytes(largest)} (limits.{name})"
        if _says(said, _TOO_MANY_FILES):
            yield f"a process may have {limits.open_files:,} files open (limits.open_files)"
        if _says(said, _TOO_MANY_TASKS):
            yield (
                f"seen with up to {self._most_processes:,} processes, {limits.processes:,} are "
                f"allowed (limits.processes), and {self._most_threads:,} threads, "
                f"{limits.threads:,} are allowed (limits.threads)"
            )
        if _says(said, _NO_MEMORY):
            yield (
                f"{self._seen_of_memory()}; "
                f"{mebibytes(limits.memory_bytes)} are allowed (limits.memory_bytes)"
            )

    def _seen_of_memory(self) -> str:
        """Say how much it was seen to use; a program that dies at once is seen with nothing."""
        if self.peak_memory_bytes < _WORTH_TELLING_BYTES:
            return "it ended before its memory could be looked at"
        return f"seen to use {mebibytes(self.peak_memory_bytes)} of memory"

    def _look_at_files(self) -> None:
        held, self._sockets, hidden = nameless(self._tree.pids())
        if hidden and not (self._memory_is_held and self._scratch is None):
            self._refuse(
                "memory_bytes",
                "ran a program that it may not read itself: the kernel then keeps from the harness "
                "what the program holds open, and its memory cannot be counted",
                "run programs from files that can be read",
            )
        own = {space.device for space in self._spaces}
        if self._scratch is not None and self._scratch_device is not None:
            device = self._scratch_device
            own.add(device)
            most = self._limits.tmp_bytes
            written = folder_bytes(self._scratch, most) + held.get(device, 0)
            if written > most:
                self._refuse(
                    "tmp_bytes",
                    f"wrote {mebibytes(written)} or more to its temporary folder; "
                    f"{mebibytes(most)} are allowed",
                    "write less",
                )
        self._nameless_bytes = sum(size for device, size in held.items() if device not in own)

    def _require_cpu_time(self, used: float) -> float:
        limits = self._limits
        in_phase, allowed = used - self._phase_cpu_seconds, self._of_phase("cpu_seconds")
        if in_phase > allowed:
            self._refuse(
                self._name("cpu_seconds"),
                f"used {in_phase:.3g} s of CPU time in the phase {self._phase}; "
                f"{allowed:g} s are allowed",
                _FASTER,
            )
        if used > limits.session_cpu_seconds:
            self._refuse(
                "session_cpu_seconds",
                f"used {used:.3g} s of CPU time in the session; "
                f"{limits.session_cpu_seconds:g} s are allowed",
                _FASTER,
            )
        return used

    def _name(self, unit: str) -> str:
        return f"{self._phase.replace('-', '_')}_{unit}"

    def _of_phase(self, unit: str) -> float:
        limit: float = getattr(self._limits, self._name(unit))
        return limit

    def _refuse(self, limit: str, seen: str, remedy: str) -> NoReturn:
        raise self._beyond(limit, seen, remedy)

    def _beyond(self, limit: str, seen: str, remedy: str) -> SubmissionError:
        named = f" (limits.{limit})" if limit else ""
        return SubmissionError(
            seen + named,
            remedy=f"{remedy}; the limits are in leaderboard/rules.toml",
            stage=self._phase,
        )


def _with_nameless(memory_bytes: int, usage: Usage, nameless: int) -> int:
    """Add files without a name to a tree's memory; what of them is mapped is in there already."""
    return memory_bytes + max(0, nameless - usage.shared_bytes)


def _says(said: str, words: tuple[str, ...]) -> bool:
    return any(word in said for word in words)
