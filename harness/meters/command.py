"""A program that prints a cumulative reading: how a laboratory analyser or a BMC is attached.

The program is run for every reading, without a shell, and prints the energy since some beginning
that stays where it is, in joules: as a bare number, or as a JSON object that says how good it is,

    {"joules": 5120.25, "resolution_joules": 0.01, "refresh_seconds": 0.1,
     "relative_uncertainty": 0.002, "name": "bench analyser", "simulated": false}

of which only ``joules`` must be there, and the rest must stay the same. What it does not say is
found out or assumed the worst of: the resolution by the decimals of ``joules``, the refresh by
watching, and an uncertainty that nobody states is taken as 100 %. A stand-in says so itself.

It fails by an exit status other than 0, by printing anything else, by taking longer than
``TIMEOUT_SECONDS``, or by a reading below the one before; then the window fails.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from decimal import Decimal
from pathlib import PurePath
from typing import IO, TYPE_CHECKING, Any, NamedTuple, NoReturn

from harness.errors import MeasurementError, UsageError
from harness.meters.counter import Counter, CounterFollower, watch_refreshes
from harness.meters.plug_answer import parse_numbers, step_of
from harness.meters.powercap import SensorUnavailableError
from harness.meters.protocol import Follower, Surroundings, Work
from harness.records.base import Frozen
from harness.records.meter import SourceDescription

if TYPE_CHECKING:
    import subprocess

TIMEOUT_SECONDS = 5.0
"""For one run."""
MAX_BYTES = 64 * 1024
"""Of output, and of complaints."""
UNSTATED_UNCERTAINTY = 1.0
PLAUSIBLE_WATTS = 20_000.0
"""More than any machine that is evaluated draws."""
POLL_SECONDS = 1.0

_WATCHED_REFRESHES = 3
_PATIENCE_SECONDS = 10.0
_STILL_REFRESHES = 5
_SHORTEST_STILL_SECONDS = 5.0
_SHORTEST_PAUSE_SECONDS = 0.05
_LONGEST_PAUSE_SECONDS = 1.0
_END_SECONDS = 1.0
_REAP_TRIES = 100
_REAP_PAUSE_SECONDS = 0.002
_MICRO = 10**6
_LARGEST_JOULES = 10**13
_LONGEST_NAME = 80
_SHOWN = 80
_REMEDY = (
    "run the program by hand: it must print its joules, as a number or a JSON object, and exit 0"
)


class _Statement(NamedTuple):
    """What a program says of its readings; ``None`` where it does not."""

    name: str | None
    resolution_joules: float | None
    refresh_seconds: float | None
    relative_uncertainty: float | None
    simulated: bool


class _Reading(Frozen, kw_only=False):
    joules: Decimal
    statement: _Statement


def open_sources(argument: str, surroundings: Surroundings) -> Sequence[CommandSource]:  # noqa: ARG001
    """Open the program that a command line names. See ``harness.meters.protocol.Opener``."""
    import shlex  # noqa: PLC0415 - only programs are worth it

    try:
        words = shlex.split(argument)
    except ValueError as error:
        raise UsageError(
            f"--meter command:{argument}: {error}", remedy="close every quotation mark"
        ) from None
    if not words:
        raise UsageError("command needs a program", remedy='spell it "command:PROGRAM ARGUMENTS"')
    return (open_command(words),)


def open_command(
    words: Sequence[str],
    *,
    timeout_seconds: float = TIMEOUT_SECONDS,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> CommandSource:
    """Run a program once, and a few times more where it does not say how often it is refreshed.

    Raises ``SensorUnavailableError`` where there is no such program, ``MeasurementError`` where
    its readings make no sense or stand still.
    """
    program = _Program(words, timeout_seconds)
    first = program.read()
    refresh = first.statement.refresh_seconds
    if refresh is None:
        seen = watch_refreshes(
            program.microjoules,
            refreshes=_WATCHED_REFRESHES,
            patience_seconds=_PATIENCE_SECONDS,
            pause_seconds=_LONGEST_PAUSE_SECONDS / 10,
            clock=clock,
            sleep=sleep,
        )
        if seen is None:
            raise MeasurementError(
                f"{program.name}: stood still for {_PATIENCE_SECONDS:g} s: it counts nothing",
                remedy="if it is refreshed more seldom, let it print refresh_seconds",
            )
        refresh = seen.seconds
    return CommandSource(program, first.statement, refresh, clock, sleep)


class CommandSource:
    """A program's readings as a source; ``clock`` never falls, ``sleep`` waits on it."""

    def __init__(
        self,
        program: _Program,
        statement: _Statement,
        refresh_seconds: float,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
    ) -> None:
        self._program = program
        self._statement = statement
        self._clock = clock
        self._sleep = sleep
        still_seconds = max(_SHORTEST_STILL_SECONDS, _STILL_REFRESHES * refresh_seconds)
        self._counter = Counter(
            name=program.name,
            read=program.microjoules,
            unit_joules=1 / _MICRO,
            wraps_at=None,
            step_joules=statement.resolution_joules or program.step_joules,
            refresh_seconds=refresh_seconds,
            plausible_watts=PLAUSIBLE_WATTS,
            still_seconds=still_seconds,
            pause_seconds=min(
                _LONGEST_PAUSE_SECONDS, max(_SHORTEST_PAUSE_SECONDS, refresh_seconds / 10)
            ),
            patience_seconds=still_seconds + TIMEOUT_SECONDS,  # no edge without a refresh
            remedy=_REMEDY,
        )
        self._label = statement.name or PurePath(program.words[0]).name[:_LONGEST_NAME]

    @property
    def poll_seconds(self) -> float:
        """Seldom: each poll runs the program on the machine that is metered."""
        return max(POLL_SECONDS, self._counter.refresh_seconds)

    def describe(self) -> SourceDescription:
        """Say what is read, without its arguments: the description is published."""
        stated = self._statement.relative_uncertainty
        return SourceDescription(
            name=self._label,
            component="wall",
            grade="simulated" if self._statement.simulated else "wall",
            kind="counter",
            resolution_joules=self._counter.step_joules,
            refresh_seconds=float(f"{self._counter.refresh_seconds:.2g}"),
            relative_uncertainty=UNSTATED_UNCERTAINTY if stated is None else stated,
            provenance=(
                ("stand-in, by its own word; " if self._statement.simulated else "")
                + "cumulative joules that a program prints; "
                + (
                    "it states no uncertainty, and 100 % is taken"
                    if stated is None
                    else "the uncertainty is what it states"
                )
            ),
        )

    @contextmanager
    def follow(self, work: Work) -> Iterator[Follower]:  # noqa: ARG002 - meters need no work
        """Read it once, and keep up from there."""
        self._program.begin()
        from harness.meters.slow_counter import (  # noqa: PLC0415 - only where a program is asked
            SlowCounterFollower,
        )

        yield SlowCounterFollower(
            CounterFollower(self._counter, self._clock, self._sleep),
            self._counter.refresh_seconds,
            lambda edge: edge.watts,
        )


class _Program:
    """A program, run once a reading."""

    def __init__(self, words: Sequence[str], timeout_seconds: float) -> None:
        self.words = tuple(words)
        import shlex  # noqa: PLC0415 - as above

        self.name = f"command {shlex.join(words)[:_SHOWN]}"
        self.step_joules = 1.0
        """By the decimals seen so far."""
        self._timeout_seconds = timeout_seconds
        self._first: _Statement | None = None
        self._last: Decimal | None = None

    def begin(self) -> None:
        """Forget the last reading: between two sessions a meter may be reset."""
        self._last = None

    def microjoules(self) -> int:
        """Return the reading in whole units, finer than it is likely to be."""
        return int((self.read().joules * _MICRO).to_integral_value())

    def read(self) -> _Reading:
        """Run it; raise ``MeasurementError`` where it fails or makes no sense."""
        reading = self._parse(self._run())
        if self._first is None:
            self._first, self.step_joules = reading.statement, float(step_of(reading.joules))
        elif reading.statement != self._first:
            self._refuse(
                "no longer says of its readings what it said at first",
                "let it print the same resolution, refresh, uncertainty and name every time",
            )
        if self._last is not None and reading.joules < self._last:
            self._refuse(
                f"fell from {self._last:f} to {reading.joules:f} J: the meter was reset, or two "
                "programs speak for it",
                "let it count upwards only, from one beginning, while an evaluation runs",
            )
        self._last = reading.joules
        self.step_joules = min(self.step_joules, float(step_of(reading.joules)))
        return reading

    def _run(self) -> bytes:
        import subprocess  # noqa: PLC0415 - 10 ms that only programs are worth

        try:
            process = subprocess.Popen(
                self.words,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:  # a null byte in an argument is a ValueError
            raise SensorUnavailableError(
                f"{self.name}: cannot be run: {getattr(error, 'strerror', None) or error}",
                remedy="name a program that exists and may be run, by its path",
            ) from None
        try:
            output, complaints = self._gather(process)
            if not _has_ended(process.pid, self._timeout_seconds):
                self._refuse("closed its output and ran on", _REMEDY)
        finally:
            _end(process)
        if status := process.returncode:
            last = complaints.decode(errors="replace").strip().rpartition("\n")[2]
            said = f": {last[:_SHOWN]}" if last else ""
            self._refuse(f"ended with status {status}{said}", _REMEDY)
        return output

    def _gather(self, process: subprocess.Popen[bytes]) -> tuple[bytes, bytes]:
        """Read what it prints, within time and size."""
        import selectors  # noqa: PLC0415 - as above

        until = time.monotonic() + self._timeout_seconds
        output, complaints = bytearray(), bytearray()
        with selectors.DefaultSelector() as selector:
            selector.register(_pipe(process.stdout), selectors.EVENT_READ, output)
            selector.register(_pipe(process.stderr), selectors.EVENT_READ, complaints)
            while selector.get_map():
                left = until - time.monotonic()
                ready = selector.select(left) if left > 0 else []
                if not ready:
                    self._refuse(
                        f"did not end within {self._timeout_seconds:g} s",
                        "let it print the latest reading that it has, at once",
                    )
                for key, _ in ready:
                    more = os.read(key.fd, MAX_BYTES)
                    key.data.extend(more)
                    if not more:
                        selector.unregister(key.fileobj)
                    if len(key.data) > MAX_BYTES:
                        self._refuse(f"prints more than {MAX_BYTES // 1024} KiB", _REMEDY)
        return bytes(output), bytes(complaints)

    def _parse(self, output: bytes) -> _Reading:
        try:
            document = parse_numbers(output)
        except ValueError:
            shown = output.decode(errors="replace").strip()[:_SHOWN]
            self._refuse(f"printed {shown!r}, neither a number nor a JSON object", _REMEDY)
        if isinstance(document, Decimal):
            document = {"joules": document}
        if not isinstance(document, dict):
            self._refuse("printed neither a number nor a JSON object", _REMEDY)
        unknown = set(document) - {"joules", *_Statement._fields}
        if unknown:
            self._refuse(f"{min(unknown)!r}: unknown field", f"leave it out; {_REMEDY}")
        joules = self._number(document, "joules", low=0, high=_LARGEST_JOULES)
        if joules is None:
            self._refuse("joules: missing", _REMEDY)
        return _Reading(joules, self._statement(document))

    def _statement(self, document: dict[str, Any]) -> _Statement:
        def positive(field: str, high: float) -> float | None:
            found = self._number(document, field, low=0, high=high)
            if found is not None and float(found) == 0:  # also what is too small to hold
                self._refuse(f"{field}: found 0, and nothing is that good", _REMEDY)
            return None if found is None else float(found)

        name, simulated = document.get("name"), document.get("simulated", False)
        if name is not None and not (
            isinstance(name, str) and name.isprintable() and 0 < len(name) <= _LONGEST_NAME
        ):
            self._refuse(f"name: not a line of 1 to {_LONGEST_NAME} characters", _REMEDY)
        if not isinstance(simulated, bool):
            self._refuse("simulated: neither true nor false", _REMEDY)
        return _Statement(
            name=name,
            resolution_joules=positive("resolution_joules", 10**9),
            refresh_seconds=positive("refresh_seconds", 3_600),
            relative_uncertainty=positive("relative_uncertainty", 10),
            simulated=simulated,
        )

    def _number(
        self, document: dict[str, Any], field: str, *, low: float, high: float
    ) -> Decimal | None:
        found = document.get(field)
        if found is None and field not in document:
            return None
        if not isinstance(found, Decimal):
            self._refuse(f"{field}: found {str(found)[:_SHOWN]!r}, not a number", _REMEDY)
        if not low <= found <= high:
            self._refuse(f"{field}: found {found:.6g}, expected {low:g} to {high:g}", _REMEDY)
        return found

    def _refuse(self, what: str, remedy: str) -> NoReturn:
        raise MeasurementError(f"{self.name}: {what}", remedy=remedy)


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:  # it was asked for
        raise AssertionError
    return pipe


def _has_ended(pid: int, seconds: float) -> bool:
    """Wait for the end of a child, and leave its number and its status to it."""
    import select  # noqa: PLC0415 - as above

    descriptor = os.pidfd_open(pid)
    try:
        ends = select.poll()
        ends.register(descriptor, select.POLLIN)
        return bool(ends.poll(seconds * 1000))
    finally:
        os.close(descriptor)


def _reap(group: int) -> None:
    """Wait for what the program left behind: the harness inherits orphans, whosever they are.

    What was killed ends within moments. What is no child of ours is not waited for.
    """
    with suppress(ChildProcessError):
        for _ in range(_REAP_TRIES):
            if os.waitpid(-group, os.WNOHANG) == (0, 0):
                time.sleep(_REAP_PAUSE_SECONDS)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill whatever of its process group still runs, and close its pipes.

    That is also what a program left behind which ended well: it would run on beside the entry.
    Nobody has waited for the process yet, so its number is still its own. A program that changed
    its user cannot be killed: where it has not ended by itself, it is left to itself.
    """
    import signal  # noqa: PLC0415 - only programs are worth it

    with suppress(PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    if _has_ended(process.pid, _END_SECONDS):
        process.wait()
        _reap(process.pid)
    _pipe(process.stdout).close()
    _pipe(process.stderr).close()
