"""The fuzz runner itself: what it must find is planted here."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from random import Random

import pytest
from fuzzing import Plan, Target, WronglyJudgedError, require, sweep

PLAN = Plan(cases=50, seed=3)


def target_of(judge: Callable[[int], str]) -> Target[int]:
    return Target("numbers", lambda rng: rng.randrange(10), judge, frozenset({"taken"}))


def taking(number: int) -> str:  # noqa: ARG001 - every case is fine
    return "taken"


def failing_at_seven(number: int) -> str:
    if number == 7:
        raise KeyError("seven")
    return "taken"


def hanging_at_seven(number: int) -> str:
    while number == 7:
        with contextlib.suppress(Exception):  # what hangs may well swallow errors, too
            Random("busy").random()  # noqa: S311 - something to do
    return "taken"


def test_cases_that_are_fine_are_counted() -> None:
    seen = require(target_of(taking), PLAN)
    assert str(seen).startswith("numbers: 50 cases (50 taken) in ")


def test_an_exception_that_nobody_documents_is_found_and_told_so_that_it_can_be_made_again() -> (
    None
):
    with pytest.raises(pytest.fail.Exception, match="KeyError: 'seven'") as caught:
        require(target_of(failing_at_seven), PLAN)
    number = int(re.findall(r"--fuzz-seed 3 --fuzz-case (\d+)", str(caught.value))[0])
    again = sweep(target_of(failing_at_seven), Plan(cases=1, seed=3, only=number))
    assert again.verdicts == {"failed": 1}


def test_a_hang_is_found_and_the_sweep_goes_on() -> None:
    plan = Plan(cases=20, seed=3)
    seen = sweep(target_of(hanging_at_seven), plan, limit_seconds=0.05)
    assert seen.failures
    assert all("TookTooLongError" in failure for failure in seen.failures)
    assert seen.verdicts["taken"] > 0


def test_a_verdict_that_the_oracle_does_not_share_is_found() -> None:
    def wrong(number: int) -> str:
        raise WronglyJudgedError(f"{number} was taken")

    with pytest.raises(pytest.fail.Exception, match="was taken"):
        require(target_of(wrong), PLAN)


def test_a_generator_that_makes_nothing_of_a_kind_is_found() -> None:
    with pytest.raises(pytest.fail.Exception, match="no case was taken"):
        require(target_of(lambda _: "refused"), PLAN)


def test_another_seed_makes_other_cases() -> None:
    def made(seed: int) -> list[int]:
        numbers: list[int] = []

        def keep(number: int) -> str:
            numbers.append(number)
            return "taken"

        sweep(target_of(keep), Plan(cases=20, seed=seed))
        return numbers

    assert made(1) == made(1) != made(2)
