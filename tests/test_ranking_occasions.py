"""Evaluations of one day are of one occasion, as are those of one campaign; others are not."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace
from record_samples import record

from harness.ranking.energy_evidence import session_energies
from harness.ranking.evidence import UNSHARED
from harness.ranking.occasions import measured, occasions
from harness.records.estimates import shares_of
from harness.records.evaluation import Campaign, EvaluationRecord
from harness.records.session import ReferenceKernel


def made_at(*moments: str) -> list[int]:
    return occasions([record(created=f"2026-01-{moment}:00+00:00") for moment in moments])


def in_turns(
    entry: str,
    campaign: str,
    rounds: tuple[int, ...],
    **changes: Any,  # noqa: ANN401 - any field
) -> EvaluationRecord:
    made = record(entry, joules=[39.0] * len(rounds), **changes)
    sessions = tuple(
        replace(each, round=number, place=0)
        for each, number in zip(made.sessions, rounds, strict=True)
    )
    return replace(made, sessions=sessions, campaign=Campaign(id=campaign, entries=("a", "b")))


def test_an_occasion_is_a_day_of_utc() -> None:
    assert made_at("01T00:00", "02T03:00", "01T23:59", "09T00:00", "02T00:00") == [0, 1, 0, 2, 1]


def test_a_day_is_that_of_utc_wherever_the_clock_stood() -> None:
    east = record(created="2026-01-02T01:00:00+02:00")  # 23:00 of the day before
    assert occasions([east, record(created="2026-01-01T05:00:00+00:00")]) == [0, 0]


def test_whether_two_are_of_one_occasion_hangs_on_no_third() -> None:
    first, second = made_at("02T05:00", "02T23:00")
    assert first == second
    _, first, second = made_at("02T00:00", "02T05:00", "02T23:00")
    assert first == second
    _, first, second = made_at("01T23:00", "02T05:00", "02T23:00")
    assert first == second


def test_there_may_be_none() -> None:
    assert made_at() == []


def test_a_campaign_is_an_occasion_whenever_its_records_began() -> None:
    records = [
        in_turns("a", "c2", (0, 1)), record("a"),
        in_turns("b", "c2", (0, 1), created="2026-02-02T00:00:00+00:00"), in_turns("a", "c1", (0,)),
    ]  # fmt: skip
    assert occasions(records) == [2, 0, 2, 1]


def test_sessions_of_a_campaign_keep_their_rounds_and_others_share_none() -> None:
    several = [
        [in_turns("a", "c", (0, 2)), record("a", joules=[9.0])],
        [in_turns("b", "c", (2, 0))],
    ]
    one, other = session_energies([[measured(each) for each in records] for records in several])
    assert one.rounds is not None
    assert other.rounds is not None
    assert one.round_keys()[:2] == [(1, 0), (1, 2)]
    assert one.rounds[2] >= UNSHARED
    assert other.round_keys() == [(1, 2), (1, 0)]
    assert one.log_joules.tolist() == pytest.approx([math.log(30.0)] * 2 + [math.log(15.0)])


@pytest.mark.parametrize("senseless", [-1, UNSHARED, 10**30])
def test_a_round_that_none_can_be_is_shared_with_nobody(senseless: int) -> None:
    (energies,) = session_energies([[measured(in_turns("a", "c", (0, senseless)))]])
    assert energies.rounds is not None
    assert energies.rounds[1] >= UNSHARED


def test_without_campaigns_there_are_no_rounds() -> None:
    (energies,) = session_energies([[measured(record("a"))]])
    assert energies.rounds is None
    assert energies.campaigns.tolist() == [0] * 5


def test_an_exact_copy_in_the_same_rounds_is_no_second_session_of_them() -> None:
    (energies,) = session_energies(
        [[measured(in_turns(entry, "c", (0, 1))) for entry in ("a", "b")]]
    )
    assert energies.rounds is not None
    assert energies.round_keys()[:2] == [(0, 0), (0, 1)]
    assert min(energies.rounds[2:]) >= UNSHARED


def test_of_an_evaluation_with_a_session_that_is_not_resolved_no_energy_is_compared() -> None:
    sound = record("a")
    dark = tuple(
        replace(each, reading=replace(each.reading, energy=())) for each in sound.sessions[0].phases
    )
    found = measured(
        replace(sound, sessions=(replace(sound.sessions[0], phases=dark), *sound.sessions[1:]))
    )
    assert (found.joules, found.meter_shares, found.rounds) == ((), (), ())


def test_what_the_meter_leaves_open_is_told_of_each_session() -> None:
    records = [record("a", joules=[39.0, 79.0])]
    (energies,) = session_energies([[*map(measured, records)]])
    joules = np.exp(energies.log_joules).tolist()
    assert energies.meter_shares is not None
    assert energies.meter_shares.tolist() == pytest.approx(
        shares_of(records[0].sessions, joules, records[0].rules.amortise_queries)
    )
    assert energies.meter_shares[0] > energies.meter_shares[1] > 0


def test_what_the_kernel_cost_beside_each_session_is_told() -> None:
    made = record("a", joules=[39.0, 79.0])
    kernel = ReferenceKernel(before_cpu_seconds=0.1, after_cpu_seconds=0.2)
    sessions = (replace(made.sessions[0], kernel=kernel), made.sessions[1])
    (energies,) = session_energies([[measured(replace(made, sessions=sessions))]])
    assert energies.kernels is not None
    assert energies.kernels.tolist() == pytest.approx([0.15, 0.1])
