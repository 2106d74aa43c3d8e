"""Runs generated cases, each made from its own number alone, and tells how to make one again.

A target makes a case and judges it. A case fails when the code under test raises anything that it
does not document, takes longer than ``LIMIT_SECONDS``, or says of the case what the target's
oracle, which shares nothing with that code, does not say.
"""

from __future__ import annotations

import signal
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any, Generic, TypeAlias, TypeVar

import pytest

Case = TypeVar("Case")

LIMIT_SECONDS = 20.0
"""For one case, of which hardly any takes a hundredth of a second: beyond it is a hang."""
_MOST_FAILURES = 10
_SHOWN_CHARACTERS = 3_000


class TookTooLongError(BaseException):
    """Not an ``Exception``, so that nothing in between takes it for a fault of the input."""


class WronglyJudgedError(AssertionError):
    """The code under test and the oracle say different things of one case."""


@dataclass(frozen=True)
class Plan:
    """How many cases, made from which seed; or the one case that is to be made again."""

    cases: int
    seed: int = 0
    only: int | None = None

    @property
    def numbers(self) -> range:
        """The cases to run."""
        return range(self.cases) if self.only is None else range(self.only, self.only + 1)


@dataclass(frozen=True)
class Target(Generic[Case]):
    """What is fuzzed: ``judge`` returns one word on what became of the case."""

    name: str
    make: Callable[[Random], Case]
    judge: Callable[[Case], str]
    expected: frozenset[str]
    """Words that some case must earn, else the generator tests nothing of the kind."""


Fuzz: TypeAlias = Callable[[Target[Any]], None]
"""What the fixture ``fuzz`` is."""


@dataclass
class Sweep:
    """What a run saw."""

    target: str
    verdicts: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    seconds: float = 0.0
    slowest_seconds: float = 0.0
    slowest_case: int = 0

    def __str__(self) -> str:
        """Say it in one line."""
        verdicts = ", ".join(f"{count:,} {word}" for word, count in sorted(self.verdicts.items()))
        return (
            f"{self.target}: {self.verdicts.total():,} cases ({verdicts}) in {self.seconds:.1f} s, "
            f"the slowest {self.slowest_seconds:.2f} s (case {self.slowest_case}), "
            f"{len(self.failures)} failed"
        )


def generator(target: str, plan: Plan, number: int) -> Random:
    """Return the source of everything random in one case."""
    return Random(f"{target}/{plan.seed}/{number}")  # noqa: S311 - cases are no secrets


def sweep(target: Target[Case], plan: Plan, limit_seconds: float = LIMIT_SECONDS) -> Sweep:
    """Run the planned cases; stop early when many have failed."""
    seen = Sweep(target.name)
    began = time.monotonic()
    for number in plan.numbers:
        started = time.monotonic()
        case = target.make(generator(target.name, plan, number))
        try:
            with _limited(limit_seconds):
                seen.verdicts[target.judge(case)] += 1
        except (Exception, TookTooLongError):  # noqa: BLE001 - to find these is what it is for
            seen.verdicts["failed"] += 1
            seen.failures.append(_told(case, number, plan))
            if len(seen.failures) == _MOST_FAILURES:
                break
        taken = time.monotonic() - started
        if taken > seen.slowest_seconds:
            seen.slowest_seconds, seen.slowest_case = taken, number
    seen.seconds = time.monotonic() - began
    return seen


def require(target: Target[Case], plan: Plan) -> Sweep:
    """Run the cases and fail the test, with what makes each failure again, if any failed."""
    seen = sweep(target, plan)
    if seen.failures:
        pytest.fail("\n\n".join((str(seen), *seen.failures)), pytrace=False)
    missing = target.expected - seen.verdicts.keys()
    if missing and plan.only is None:
        pytest.fail(f"{seen}: no case was {' or '.join(sorted(missing))}", pytrace=False)
    return seen


def _told(case: object, number: int, plan: Plan) -> str:
    shown = repr(case)
    if len(shown) > _SHOWN_CHARACTERS:
        shown = f"{shown[:_SHOWN_CHARACTERS]}… ({len(shown):,} characters)"
    return (
        f"case {number}: add --fuzz-seed {plan.seed} --fuzz-case {number} to make it again\n"
        f"{traceback.format_exc(limit=-6)}{shown}"
    )


@contextmanager
def _limited(seconds: float) -> Iterator[None]:
    def too_long(*_: object) -> None:
        raise TookTooLongError(f"longer than {seconds:g} s")

    before = signal.signal(signal.SIGALRM, too_long)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
