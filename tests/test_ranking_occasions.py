"""Evaluations of one day are of one occasion; those of another day are not."""

from __future__ import annotations

from record_samples import record

from harness.ranking.occasions import occasions


def made_at(*moments: str) -> list[int]:
    return occasions([record(created=f"2026-01-{moment}:00+00:00") for moment in moments])


def test_a_day_is_counted_from_the_first_evaluation() -> None:
    assert made_at("01T03:00", "02T03:00", "02T03:01", "01T05:00", "09T00:00") == [0, 0, 1, 0, 2]


def test_evaluations_that_follow_one_another_for_days_are_not_of_one_occasion() -> None:
    assert made_at("01T00:00", "01T20:00", "02T16:00", "03T12:00") == [0, 0, 1, 1]


def test_there_may_be_none() -> None:
    assert made_at() == []
