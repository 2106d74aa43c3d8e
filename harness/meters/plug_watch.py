"""Listen to a plug through a session, and hold what it says against what it said before.

A plug tells its counter, its power and its time in one answer. So it can be caught lying without
knowing the truth: the counter never falls, the time goes on, and the counter gains what the power
amounts to. The last is held to loosely, since power is sampled and counters go in steps; it finds
a counter that stopped or leapt, not one that is a little wrong.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from harness.errors import MeasurementError
from harness.meters.http import NoAnswerError
from harness.meters.plug_answer import Answer
from harness.records.base import Frozen

LONGEST_SILENCE_SECONDS = 5.0
"""A plug that fails to answer is asked again; after so long without a word the window fails."""

_RETRY_SECONDS = 0.2
_LAG_SECONDS = 3.0
"""By which power and counter may tell of different moments."""
_SET_BACK_SECONDS = 60.0
"""Clocks are corrected by less than this; a restart, or summer time, sets them back by more."""
_JOULES = 3_600.0
"""A watt-hour."""


class Tolerance(Frozen, kw_only=False):
    """How far a plug's counter may be from its own power before it is a contradiction."""

    share: float
    """Of the energy."""
    joules: float
    """Of any energy: the counter's steps."""
    seconds: float
    """Of power: the counter's refreshes."""
    watts: float
    """The step of the power."""


class Watch:
    """One plug through one session. ``ask`` gives a sane answer or raises."""

    def __init__(
        self,
        name: str,
        ask: Callable[[], Answer],
        *,
        tolerance: Tolerance,
        stands_seconds: float,
        remedy: str,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._name = name
        self._ask = ask
        self._tolerance = tolerance
        self._stands_seconds = stands_seconds
        self._remedy = remedy
        self._clock = clock
        self._sleep = sleep
        self._heard_at = clock()
        self._last: Answer | None = None
        self._begin()

    @property
    def watts(self) -> float:
        """The power that was heard of last; 0 before there was one."""
        return 0.0 if self._last is None else float(self._last.watts)

    def read(self) -> Answer:
        """Ask until there is an answer; raise ``MeasurementError`` where it contradicts others."""
        answer = self._patiently()
        now = self._clock()
        if self._last is None:
            self._moved_at = now
        else:
            self._require_time(self._last, answer, now)
            self._require_energy(self._last, answer)
            self._require_agreement(self._last, answer, now)
        self._last, self._heard_at = answer, now
        return answer

    def _begin(self) -> None:
        """Set counter and power against each other from here."""
        self._counted = self._integrated = self._seconds = self._highest = 0.0

    def _patiently(self) -> Answer:
        until = self._heard_at + LONGEST_SILENCE_SECONDS
        while True:
            try:
                return self._ask()
            except NoAnswerError as error:
                silent = self._clock() - self._heard_at
                if self._clock() >= until:
                    raise MeasurementError(
                        f"{error.message}; nothing was heard of it for {silent:.3g} s, and what "
                        "it measured meanwhile is not known",
                        remedy=error.remedy,
                    ) from None
            self._sleep(_RETRY_SECONDS)

    def _require_time(self, last: Answer, answer: Answer, now: float) -> None:
        """Hold its clock to its word; where it tells no time, any change is a sign of life."""
        has_clock = last.clock_seconds is not None and answer.clock_seconds is not None
        passed = (answer.clock_seconds or 0.0) - (last.clock_seconds or 0.0) if has_clock else 0.0
        if passed < -_SET_BACK_SECONDS:
            raise MeasurementError(
                f"{self._name}: its clock went back by {-passed:.0f} s: it was restarted or set, "
                "and what it counted meanwhile is not known",
                remedy=self._remedy,
            )
        if passed or (not has_clock and answer != last):
            self._moved_at = now
        elif now - self._moved_at > self._stands_seconds:
            what = "its clock has stood still" if has_clock else "nothing that it says has changed"
            raise MeasurementError(
                f"{self._name}: {what} for {now - self._moved_at:.3g} s, so its answers are stale",
                remedy=self._remedy,
            )

    def _require_energy(self, last: Answer, answer: Answer) -> None:
        if answer.watt_hours < last.watt_hours:
            raise MeasurementError(
                f"{self._name}: its counter fell from {last.watt_hours} to {answer.watt_hours} Wh: "
                "the plug was restarted, or its counter reset",
                remedy=self._remedy,
            )

    def _require_agreement(self, last: Answer, answer: Answer, now: float) -> None:
        gap = now - self._heard_at
        if gap > LONGEST_SILENCE_SECONDS:  # nobody asked: the power meanwhile is not known
            self._begin()
            return
        allowed = self._tolerance
        self._counted += float(answer.watt_hours - last.watt_hours) * _JOULES
        self._integrated += float(answer.watts + last.watts) / 2 * gap
        self._seconds += gap
        self._highest = max(self._highest, float(answer.watts))
        apart = abs(self._counted - self._integrated)
        if apart > (
            allowed.share * max(self._counted, self._integrated)
            + allowed.joules
            + (allowed.seconds + _LAG_SECONDS) * self._highest
            + allowed.watts * self._seconds
        ):
            raise MeasurementError(
                f"{self._name}: contradicts itself: its counter gained {self._counted:,.0f} J in "
                f"{self._seconds:.3g} s, and its power amounts to {self._integrated:,.0f} J",
                remedy=self._remedy,
            )
