"""Hold a source of another package to the contract: whatever it does wrong is named as its fault.

A plug-in is trusted to say what it is, not to be right. What it returns is looked at before it is
used: numbers that are none, energy that falls, a clock that stands still or runs ahead, and any
exception become a ``MeasurementError`` or ``ConfigurationError`` with the plug-in's name, so that
nothing of it turns into a zero, a negative figure or a traceback. Its code is called in a thread
of its own (``harness.meters.calling``): a call that never returns is left alone there.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TypeVar

import msgspec

from harness.errors import ConfigurationError, HarnessError, MeasurementError
from harness.meters.calling import Caller, StuckError, calling
from harness.meters.protocol import Edge, Follower, Opener, Source, Surroundings, Total, Work
from harness.records.meter import DeviceCondition, SourceDescription

T = TypeVar("T")

LEAST_POLL_SECONDS = 0.01
MOST_POLL_SECONDS = 3_600.0
"""Longer than any session, and short enough to be waited for."""
ANSWER_SECONDS = 30.0
ANSWER_REFRESHES = 3.0
"""How long a call may take: an edge waits for a refresh."""
_SLACK_SECONDS = 0.001
"""By which two ways of reading one clock may differ."""
_STALE_SECONDS = 1.0
_STALE_REFRESHES = 3.0
_ROUNDING = 1e-9
"""By which a sum of floats may fall, as a share."""
_REPAIR = "repair, update or uninstall the package that provides it"


def open_plug_in(
    name: str, opener: Opener, argument: str, surroundings: Surroundings
) -> tuple[PlugInSource, ...]:
    """Open a plug-in's sources, each guarded.

    Raises ``ConfigurationError`` naming the plug-in when what it gives are no sources; what it
    raises on purpose passes through.
    """
    with calling(name) as caller:
        try:
            sources = caller.call(lambda: tuple(opener(argument, surroundings)), ANSWER_SECONDS)
        except HarnessError:
            raise
        except StuckError:
            raise _faulty(name, f"has not opened within {ANSWER_SECONDS:g} s") from None
        except (Exception, SystemExit) as error:  # whatever another package's code raises
            raise _faulty(name, f"failed to open: {_tell(error)}") from error
    if not sources:
        raise _faulty(name, "opened no source")
    guarded = tuple(PlugInSource(name, source) for source in sources)
    seen = [(each.describe().component, each.describe().name) for each in guarded]
    for component, called in seen:
        if seen.count((component, called)) > 1:
            raise _faulty(name, f"opened the source {called!r} of the {component} twice")
    return guarded


class PlugInSource:
    """A source of the plug-in ``name``. What it says of itself is asked once."""

    def __init__(self, name: str, source: Source) -> None:
        self._name = name
        self._source = source
        try:
            described: object = source.describe()
            poll_seconds: object = source.poll_seconds
            follow: object = source.follow
        except (Exception, SystemExit) as error:  # whatever another package's code raises
            raise _faulty(name, f"a source of it says nothing of itself: {_tell(error)}") from error
        self._description = _checked_description(name, described)
        if not (
            _is_number(poll_seconds)
            and LEAST_POLL_SECONDS <= float(poll_seconds) <= MOST_POLL_SECONDS  # type: ignore[arg-type]
        ):
            raise _faulty(
                name,
                f"poll_seconds of {self._description.name!r} is {poll_seconds!r:.60}, "
                f"not a number from {LEAST_POLL_SECONDS:g} to {MOST_POLL_SECONDS:,g}",
            )
        if not callable(follow):
            raise _faulty(name, f"follow of {self._description.name!r} cannot be called")
        self._poll_seconds = float(poll_seconds)  # type: ignore[arg-type]

    @property
    def poll_seconds(self) -> float:
        """As it said at first."""
        return self._poll_seconds

    def describe(self) -> SourceDescription:
        """Return what it said at first."""
        return self._description

    @contextmanager
    def follow(self, work: Work) -> Iterator[PlugInFollower]:
        """Begin to read."""
        seconds = ANSWER_SECONDS + ANSWER_REFRESHES * self._description.refresh_seconds
        with calling(self._name) as caller:
            guard = _Guard(self._name, self._description.name, caller, seconds)
            stack = ExitStack()
            follower = guard.call(lambda: stack.enter_context(self._source.follow(work)))
            for method in ("poll", "edge", "conditions"):
                if not callable(getattr(follower, method, None)):
                    raise guard.refusal(f"what it reads with has no method {method}")
            try:
                yield PlugInFollower(guard, follower, self._description.refresh_seconds)
            finally:
                if not caller.stuck:  # else it cannot be closed, and what it did is told
                    guard.call(stack.close)


class PlugInFollower:
    """Looks at whatever a plug-in's follower returns, and at when."""

    def __init__(
        self,
        guard: _Guard,
        follower: Follower,
        refresh_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._guard = guard
        self._follower = follower
        self._oldest = max(_STALE_SECONDS, _STALE_REFRESHES * refresh_seconds)
        self._clock = clock
        self._last: Total | None = None

    def poll(self) -> Total:
        """Keep up."""
        return self._look(self._follower.poll, Total, self._oldest)

    def edge(self) -> Edge:
        """Read at a refresh: an edge is of a moment after it was asked for."""
        return self._look(self._follower.edge, Edge, _SLACK_SECONDS)

    def conditions(self) -> tuple[DeviceCondition, ...]:
        """Return the state of the device."""
        found = self._guard.call(self._follower.conditions)
        if not isinstance(found, tuple) or not all(isinstance(x, DeviceCondition) for x in found):
            raise self._guard.refusal(f"conditions returned {found!r:.60}, no tuple of them")
        return tuple(map(self._checked_condition, found))

    def _checked_condition(self, condition: DeviceCondition) -> DeviceCondition:
        try:  # as with descriptions: a record that holds this could not be read again
            checked = msgspec.convert(msgspec.to_builtins(condition), DeviceCondition, strict=True)
        except (msgspec.ValidationError, TypeError, ValueError, OverflowError) as error:
            raise self._guard.refusal(f"a condition of it is faulty: {error}") from None
        for number in (checked.temperature_celsius, checked.clock_megahertz):
            if number is not None and not math.isfinite(number):
                raise self._guard.refusal(f"a condition of it holds {number}, no finite number")
        return checked

    def _look(self, method: Callable[[], T], kind: type[T], oldest: float) -> T:
        asked = self._clock()
        reading = self._guard.call(method)
        answered = self._clock()
        if not isinstance(reading, Total | Edge) or not isinstance(reading, kind):
            raise self._guard.refusal(f"returned {reading!r:.60}, no {kind.__name__}")
        self._require_numbers(reading)
        self._require_time(reading, asked, answered, oldest)
        last, self._last = self._last, Total(reading.at_seconds, reading.joules)
        if last is not None:
            fall = last.joules - reading.joules
            if fall > _ROUNDING * max(abs(last.joules), abs(reading.joules)):
                raise self._guard.refusal(
                    f"its energy fell from {last.joules:,.10g} to {reading.joules:,.10g} J: that "
                    "is a reset, or negative power"
                )
            if reading.at_seconds < last.at_seconds - _SLACK_SECONDS:
                raise self._guard.refusal(
                    f"its clock went back by {last.at_seconds - reading.at_seconds:.3g} s"
                )
        return reading

    def _require_numbers(self, reading: Total | Edge) -> None:
        for field, value in reading._asdict().items():
            if not _is_number(value):
                raise self._guard.refusal(f"{field} is {value!r:.60}, not a finite number")
            if field not in ("at_seconds", "joules") and value < 0:
                raise self._guard.refusal(f"{field} is {value!r}, less than nothing")

    def _require_time(
        self, reading: Total | Edge, asked: float, answered: float, oldest: float
    ) -> None:
        ahead, age = reading.at_seconds - answered, asked - reading.at_seconds
        if ahead > _SLACK_SECONDS:
            raise self._guard.refusal(
                f"its reading is of a moment {ahead:,.3g} s ahead: at_seconds is of time.monotonic"
            )
        if age > oldest:
            raise self._guard.refusal(
                f"its reading is {age:,.3g} s old, and {oldest:.3g} s is the most: it is stale, "
                "or at_seconds is not of time.monotonic"
            )


class _Guard:
    """Calls a plug-in's code; whatever that raises names the plug-in."""

    def __init__(self, name: str, source: str, caller: Caller, seconds: float) -> None:
        self._what = f"the meter {name!r} ({source})"
        self._caller = caller
        self._seconds = seconds

    def call(self, method: Callable[[], T]) -> T:
        try:
            return self._caller.call(method, self._seconds)
        except StuckError:
            raise self.refusal(f"has not answered for {self._seconds:g} s") from None
        except MeasurementError as error:
            raise MeasurementError(
                f"{self._what}: {error.message}", remedy=error.remedy or _REPAIR
            ) from error
        except (Exception, SystemExit) as error:  # whatever another package's code raises
            raise self.refusal(_tell(error)) from error

    def refusal(self, what: str) -> MeasurementError:
        return MeasurementError(f"{self._what}: {what}", remedy=_REPAIR)


def _checked_description(name: str, described: object) -> SourceDescription:
    if not isinstance(described, SourceDescription):
        raise _faulty(name, f"describe returned {described!r:.60}, no SourceDescription")
    try:  # making one checks no types; the record's reader would, when it is too late
        checked = msgspec.convert(msgspec.to_builtins(described), SourceDescription, strict=True)
    except (msgspec.ValidationError, TypeError, ValueError) as error:
        raise _faulty(name, f"its description is faulty: {error}") from None
    fields: Sequence[tuple[str, float]] = [
        ("resolution_joules", checked.resolution_joules),
        ("refresh_seconds", checked.refresh_seconds),
        ("relative_uncertainty", checked.relative_uncertainty),
        *checked.constants.items(),
    ]
    for field, value in fields:
        if not math.isfinite(value) or value < 0:
            raise _faulty(name, f"{field} of {checked.name!r} is {value!r}, no number from 0 on")
    if not checked.name or not checked.provenance:
        raise _faulty(name, "its description lacks a name or a provenance")
    return checked


def _is_number(value: object) -> bool:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number beyond any float
        return False


def _tell(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:300]


def _faulty(name: str, what: str) -> ConfigurationError:
    return ConfigurationError(f"the meter {name!r}: {what}", remedy=_REPAIR)
