"""Named switches, each of which takes one wall of the harness away, for a test that must see why
the wall is there. Nothing of this is reachable from the program.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from harness.evaluation import plan as evaluation_plan
from harness.evaluation import run as evaluation_run
from harness.evaluation import session
from harness.evaluation.assignment import Assignment
from harness.evaluation.plan import PlannedSweep
from harness.evaluation.session import EntryWork
from harness.records.session import Phase
from harness.sandbox import bwrap, confined, frames, living, output, process, seccomp, spawn
from harness.sandbox.cgroup import Accounts
from harness.sandbox.protocol import Launch
from harness.sandbox.replies import Reply
from harness.worker import confine

_ALLOW_EVERYTHING = seccomp._return(seccomp.ALLOW)

NAMESPACES = {"user", "ipc", "pid", "net", "uts"}
LIMIT = "limit of "
"""``limit of load_seconds`` and so on: the rules' own names."""

GENEROUS = {
    "start_seconds": 20.0, "load_seconds": 20.0, "batch_seconds": 20.0, "drain_seconds": 20.0,
    "session_seconds": 60.0, "threads": 1 << 14, "memory_bytes": 1 << 33, "processes": 4096,
    "open_files": 4096, "tmp_bytes": 1 << 30, "shm_bytes": 1 << 30, "output_bytes": 1 << 30,
}  # fmt: skip
"""In place of a limit that is taken away: what the attacks try stays far below it."""


class Switches:
    """What is taken away, and the patches that do it."""

    def __init__(self, names: Iterable[str], host: Path, patch: pytest.MonkeyPatch) -> None:
        self.names = set(names)
        self.host = host
        """The folder outside of the sandbox in which there is something to get."""
        self._patch = patch
        unknown = {n for n in self.names if n not in SWITCHES and not n.startswith(LIMIT)}
        assert not unknown, f"no such switch: {unknown}"

    def set(self, target: object, name: str, value: object) -> None:
        """Put ``value`` in the place of an attribute until the end."""
        self._patch.setattr(target, name, value)

    def launch(self, launch: Launch) -> Launch:
        """Return the launch with the limits that are left."""
        given = {n.removeprefix(LIMIT) for n in self.names if n.startswith(LIMIT)}
        raised = {name: GENEROUS[name] for name in given}
        limits = msgspec.convert(
            msgspec.to_builtins(launch.limits) | raised, type(launch.limits), strict=False
        )
        return msgspec.structs.replace(launch, limits=limits)

    def assignment(self, assignment: Assignment) -> Assignment:
        """Return the assignment with what is left of it."""
        if "variants of the samples" in self.names:
            self.set(assignment.task, "perturb", lambda sample, _rng: sample)
        if "samples without identifiers" in self.names:
            split = assignment.data.test
            bare = split.samples
            self.set(
                split,
                "samples",
                lambda positions: [
                    f"{split.ids[i]} {sample!s}"
                    for i, sample in zip(positions, bare(positions), strict=True)
                ],
            )
        if "cautions" in self.names:
            self.set(evaluation_run, "notices", lambda *_: ())
        return replace(assignment, launch=self.launch(assignment.launch))


@contextmanager
def taken_away(names: Iterable[str], host: Path) -> Iterator[Switches]:
    """Run the block without these walls."""
    with pytest.MonkeyPatch.context() as patch:
        switches = Switches(names, host, patch)
        for name in sorted(switches.names):
            if not name.startswith(LIMIT):
                SWITCHES[name](switches)
        _arguments_of_bwrap(switches)
        _plan_of_landlock(switches)
        yield switches


# The command line of bubblewrap.


def _arguments_of_bwrap(switches: Switches) -> None:
    made = bwrap.Bwrap._arguments

    def arguments(self: bwrap.Bwrap, launch: Launch, *more: Any, **named: Any) -> list[str]:  # noqa: ANN401
        return _rewritten(made(self, launch, *more, **named), switches)

    switches.set(bwrap.Bwrap, "_arguments", arguments)


def _rewritten(arguments: list[str], switches: Switches) -> list[str]:
    arguments = _without_namespaces(list(arguments), switches.names)
    if "capabilities" in switches.names:
        gone = "user namespace" in switches.names  # where there is none, root keeps its own
        _replace(arguments, ["--cap-drop", "ALL"], [] if gone else ["--cap-add", "ALL"])
    if "read-only proc" in switches.names:
        _replace(arguments, ["--remount-ro", "/proc"], [])
    if "read-only entry" in switches.names:
        at = arguments.index("/entry") - 2
        assert arguments[at] == "--ro-bind", arguments
        arguments[at] = "--bind"
    for name, folder in _FRESH.items():
        if name in switches.names:
            at = arguments.index(folder) - 3
            assert arguments[at] == "--size", arguments
            arguments[at : at + 4] = ["--bind", str(_shared(switches)), folder]
    added = [
        word
        for name, flag in _REACH.items()
        if name in switches.names
        for word in (flag, str(switches.host), str(switches.host))
    ]
    at = arguments.index("--remount-ro")
    return [*arguments[:at], *added, *arguments[at:]]


_FRESH = {"fresh /tmp": "/tmp", "fresh /dev/shm": "/dev/shm"}  # noqa: S108 - the sandbox's own
_REACH = {"files out of reach": "--ro-bind", "nothing to write to": "--bind"}


def _without_namespaces(arguments: list[str], names: set[str]) -> list[str]:
    gone = {name.removesuffix(" namespace") for name in names} & NAMESPACES
    kept = [f"--unshare-{name}" for name in sorted(NAMESPACES - gone - {"user"})]
    _replace(arguments, ["--unshare-all"], [*kept, "--unshare-cgroup-try"])
    unwanted = ["--disable-userns", "--assert-userns-disabled"]
    if "user" in gone:
        for flag in ("--uid", "--gid"):  # there is nothing to map
            at = arguments.index(flag)
            del arguments[at : at + 2]
        unwanted.append("--unshare-user")
    if "user" in gone or "ban of user namespaces" in names:
        for flag in unwanted:
            arguments.remove(flag)
    if "pid" in gone:  # a fresh /proc may only be mounted over processes of one's own
        _replace(arguments, ["--proc", "/proc"], ["--bind", "/proc", "/proc"])
    return arguments


def _replace(arguments: list[str], old: list[str], new: list[str]) -> None:
    at = next(i for i in range(len(arguments)) if arguments[i : i + len(old)] == old)
    arguments[at : at + len(old)] = new


def _shared(switches: Switches) -> Path:
    """Return a folder that every session is given, where each should have one of its own."""
    folder = switches.host.parent / "shared"
    folder.mkdir(exist_ok=True)
    folder.chmod(0o777)
    return folder


# The plan of the launcher that uses Landlock, and the launcher itself.


def _plan_of_landlock(switches: Switches) -> None:
    made = confined.Confined._plan

    def plan(self: confined.Confined, launch: Launch, *more: Any) -> dict[str, Any]:  # noqa: ANN401
        found: dict[str, Any] = dict(made(self, launch, *more))
        if found["readable"] is None:
            return found
        if "Landlock" in switches.names:
            found["readable"] = found["writable"] = None
            return found
        if "files out of reach" in switches.names:
            found["readable"].append(str(switches.host))
        if "nothing to write to" in switches.names:
            found["writable"].append(str(switches.host))
        if "read-only entry" in switches.names:
            found["writable"].append(found["directory"])
        if "fresh /dev/shm" in switches.names:
            found["writable"].append("/dev/shm")  # noqa: S108 - the machine's own
        return found

    switches.set(confined.Confined, "_plan", plan)


def _launcher(old: str, new: str) -> Callable[[Switches], None]:
    """Return what runs a launcher whose source says ``new`` where it says ``old``."""

    def apply(switches: Switches) -> None:
        source = Path(confine.__file__).read_text(encoding="utf-8")
        assert source.count(old) == 1, old
        altered = switches.host.parent / f"confine-{len(list(switches.host.parent.iterdir()))}.py"
        altered.write_text(source.replace(old, new), encoding="utf-8")
        altered.chmod(0o644)
        switches.set(confine, "__file__", str(altered))

    return apply


def _share_scratch(switches: Switches) -> None:
    folder = _shared(switches)
    switches.set(tempfile, "mkdtemp", lambda **_: str(folder))
    switches.set(process, "remove_folder", lambda _folder: None)


# The filter of system calls.


def _no_filter(switches: Switches) -> None:
    switches.set(seccomp, "program", lambda *_, **__: _ALLOW_EVERYTHING)


def _any_socket(switches: Switches) -> None:
    made = seccomp.program

    def program(architecture: seccomp.Architecture, **asked: Any) -> bytes:  # noqa: ANN401
        families = (*seccomp.ALLOWED_FAMILIES, 16, 40)  # netlink and vsock
        return made(architecture, **asked | {"families": families})

    switches.set(seccomp, "program", program)


def _any_table(switches: Switches) -> None:
    switches.set(seccomp, "KILL_PROCESS", seccomp.ALLOW)


# What the harness believes of a reply.


class Credulous(Reply):
    """Takes whatever frame comes for the one that is due, and its header's word for its length."""

    def read(self, descriptor: int) -> bool:
        """Read as many bytes as the header says."""
        while len(self._bytes) < (due := self._said()):
            try:
                part = os.read(descriptor, min(due - len(self._bytes), 1 << 20))
            except BlockingIOError:
                return False
            if not part:
                raise EOFError
            self._bytes += part
        return True

    def _said(self) -> int:
        size = frames.HEADER.size
        if len(self._bytes) < size:
            return size
        return size + int(frames.HEADER.unpack_from(self._bytes)[2])


def _believe_frames(switches: Switches) -> None:
    switches.set(process, "Reply", Credulous)
    switches.set(process, "nothing_came", lambda _descriptor: True)

    def believe(payload: bytes, n: int, *, output: str, labels: int, max_boxes: int) -> Any:  # noqa: ANN401, ARG001
        if output == "index":
            return np.frombuffer(payload, "<i4").astype(np.int64)
        if output == "scores":
            return np.argmax(np.frombuffer(payload, "<f4").reshape(n, -1), axis=1)
        counts = np.frombuffer(payload, "<u2", n)
        total = int(counts.sum(dtype=np.int64))
        return np.frombuffer(payload, "<f4", count=5 * total, offset=2 * n)

    switches.set(frames, "decode_predictions", believe)


def _believe_numbers(switches: Switches) -> None:
    switches.set(frames, "_require_finite", lambda *_: None)


def _believe_labels(switches: Switches) -> None:
    switches.set(frames, "_labels", lambda numbers, _labels: numbers.astype(np.int64))


def _believe_life(switches: Switches) -> None:
    """Take a closed channel, and the end of a process, for a pause."""
    switches.set(living.Living, "ended", lambda _self: False)
    read = Reply.read

    def patient(self: Reply, descriptor: int) -> bool:
        try:
            return read(self, descriptor)
        except EOFError:
            return False

    switches.set(Reply, "read", patient)
    switches.set(living, "_REAP_SECONDS", 0.05)


# The evaluation's own ways.


def _known_order(switches: Switches) -> None:
    planned = evaluation_plan.plan_sweeps

    def plan(*arguments: Any, **named: Any) -> tuple[PlannedSweep, ...]:  # noqa: ANN401
        return tuple(
            PlannedSweep(sweep.kind, np.arange(len(sweep.order)), sweep.variants)
            for sweep in planned(*arguments, **named)
        )

    switches.set(evaluation_run, "plan_sweeps", plan)


def _stop_at_last_answer(switches: Switches) -> None:
    """Take the CPU time of the last answer for all of it."""

    def ended(self: EntryWork, cpu_seconds: float) -> None:  # noqa: ARG001 - that is the point
        self.process = None

    switches.set(session.EntryWork, "ended", ended)


def _leave_load_out(switches: Switches) -> None:
    close = session.Windows.close

    def leave_out(self: session.Windows, phase: Phase) -> None:
        close(self, phase)
        if phase == "load":
            self.closed.pop()

    switches.set(session.Windows, "close", leave_out)


def _nothing(_: Switches) -> None:
    """Done where the command line, the plan or the assignment is made."""


SWITCHES: dict[str, Callable[[Switches], None]] = {
    **{f"{name} namespace": _nothing for name in NAMESPACES},
    "ban of user namespaces": _nothing,
    "capabilities": _nothing,
    "read-only proc": _nothing,
    "read-only entry": _nothing,
    "fresh /tmp": _nothing,
    "fresh /dev/shm": _nothing,
    "files out of reach": _nothing,
    "nothing to write to": _nothing,
    "Landlock": _nothing,
    "Landlock scopes": _launcher("ALL_SCOPES = 1 << 0 | 1 << 1", "ALL_SCOPES = 0"),
    "Landlock TCP": _launcher("ALL_TCP = 1 << 0 | 1 << 1", "ALL_TCP = 0"),
    "supervisor": _launcher("    prctl(PR_SET_CHILD_SUBREAPER, 1)", "    pass"),
    "dropped capabilities": _launcher("        drop_capabilities()", "        pass"),
    "fresh scratch folder": _share_scratch,
    "system-call filter": _no_filter,
    "families of sockets": _any_socket,
    "table of system calls": _any_table,
    "frame check": _believe_frames,
    "finite numbers": _believe_numbers,
    "range of labels": _believe_labels,
    "watch for the end": _believe_life,
    "visible control characters": lambda s: s.set(output, "visible", lambda text: text),
    "closed descriptors": lambda s: s.set(spawn, "_close_on_exec", lambda: None),
    "control-group account": lambda s: s.set(Accounts, "open", lambda *_: None),
    "metering to the end": _stop_at_last_answer,
    "metering of load": _leave_load_out,
    "sealed order": _known_order,
    "variants of the samples": _nothing,
    "samples without identifiers": _nothing,
    "cautions": _nothing,
    "process boundary": _nothing,
    "reading as data": _nothing,
    "rules of the folder": _nothing,
    "rules of the manifest": _nothing,
}
"""By name; what has no function of its own is done in one of the three places above."""

__all__ = ["LIMIT", "SWITCHES", "Switches", "taken_away"]
