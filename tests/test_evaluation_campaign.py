"""Entries in rounds: each has its session, the control vouches, and no interruption costs one."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec
import pytest
from evaluation_fakes import SESSIONS, FakeSandbox, Kept, Plan, Ticks, assignment_in, steady
from meter_fakes import StillWatch
from record_samples import record, sessions

from harness.errors import MeasurementError, OrganiserError
from harness.evaluation.assignment import Assignment
from harness.evaluation.campaign import Contestant, Rounds, control_spread, void_reason
from harness.evaluation.run import Evaluation
from harness.evaluation.session import Bench
from harness.ranking.usable import why_unusable
from harness.records.base import canonical_json, convert, parse_plain
from harness.records.evaluation import Campaign, Completed, EvaluationRecord, Failed
from harness.records.rules import Rules
from harness.records.unfinished import Drawn, Event, Stood

NAMES = ("ant", "bee", "cat")
CONTROL = "cat"


@dataclass
class Fair:
    """A campaign of stand-ins, which can be begun again from any of its events."""

    assignment: Assignment
    plans: dict[str, Plan] = field(default_factory=lambda: {name: Plan() for name in NAMES})
    control: str | None = CONTROL
    asked: tuple[str, ...] = ("ant", "bee")
    events: list[Event] = field(default_factory=list)
    told: Kept = field(default_factory=Kept)
    before_round: Callable[[], None] = lambda: None

    def begin(self, events: Sequence[Event] = ()) -> Rounds:
        self.entries = {name: self._contestant(name) for name in NAMES}
        rounds = Rounds(
            "c0ffee",
            [self.entries[name] for name in self.asked],
            None if self.control is None else self.entries[self.control],
            self.assignment.rules,
            keep=self.events.extend,
            before_round=self.before_round,
        )
        rounds.restore(events)
        return rounds

    def run(self, events: Sequence[Event] = ()) -> dict[str, EvaluationRecord]:
        self.events = list(events)
        rounds = self.begin(events)
        rounds.run(self.told)
        return {each.name: rounds.finish(each)[0] for each in rounds.contestants}

    def _contestant(self, name: str) -> Contestant:
        made = Contestant(None)  # type: ignore[arg-type] # for a moment: it hears what it is
        submission = msgspec.structs.replace(self.assignment.submission, entry=name)
        bench = Bench(
            FakeSandbox(self.plans[name]), steady(Ticks()), lambda: 0.1, self.told, StillWatch,
            hear=made.heard.append,
        )  # fmt: skip
        made.evaluation = Evaluation(replace(self.assignment, submission=submission), bench)
        return made


@pytest.fixture
def fair(tmp_path: Path) -> Fair:
    return Fair(assignment_in(tmp_path))


def blocks(made: EvaluationRecord) -> list[int | None]:
    return [session.round for session in made.sessions]


def test_every_round_has_every_entry_and_the_control_once(fair: Fair) -> None:
    records = fair.run()

    assert set(records) == set(NAMES)
    at = sorted((s.round, s.place) for made in records.values() for s in made.sessions)
    assert at == [(number, place) for number in range(SESSIONS) for place in range(3)]
    for name, made in records.items():
        assert made.outcome == Completed()
        assert blocks(made) == [0, 1, 2]
        assert [session.index for session in made.sessions] == [0, 1, 2]
        assert made.campaign == Campaign(
            id="c0ffee", entries=NAMES, control=CONTROL,
            control_digest=fair.assignment.submission.digest,
        ), name  # fmt: skip
    orders = [event.order for event in fair.events if isinstance(event, Drawn)]
    assert [sorted(order) for order in orders] == [list(NAMES)] * SESSIONS
    run = [turn for turn in fair.told.turns if turn[1] is not None]
    assert run == [
        (name, number, place, 3)
        for number, order in enumerate(orders)
        for place, name in enumerate(order)
    ]


def test_the_order_of_rounds_is_drawn_anew(fair: Fair) -> None:
    orders = set()
    for _ in range(10):  # one in 6 ** 29 that it is always the same
        fair.run()
        orders |= {event.order for event in fair.events if isinstance(event, Drawn)}
    assert len(orders) > 1


def test_a_control_that_is_asked_for_runs_once_a_round(fair: Fair) -> None:
    fair.asked = NAMES
    records = fair.run()

    assert [len(records[name].sessions) for name in NAMES] == [SESSIONS] * 3
    assert records["ant"].campaign is not None
    assert records["ant"].campaign.entries == NAMES


def test_an_entry_that_fails_ends_and_the_others_go_on(fair: Fair) -> None:
    fair.plans["ant"] = Plan(fails_in=2, at="measure")
    records = fair.run()

    assert isinstance(records["ant"].outcome, Failed)
    assert blocks(records["ant"]) == [0]
    assert [blocks(records[name]) for name in ("bee", "cat")] == [[0, 1, 2]] * 2
    assert records["bee"].outcome == records["cat"].outcome == Completed()


def test_the_control_rests_when_no_entry_wants_a_session(fair: Fair) -> None:
    fair.plans["ant"] = Plan(fails_in=2, at="load")
    fair.plans["bee"] = Plan(fails_in=1, at="load")
    records = fair.run()

    assert blocks(records["cat"]) == [0, 1]


def test_a_control_that_no_round_was_run_for_has_not_been_evaluated(fair: Fair) -> None:
    for name in ("ant", "bee"):
        fair.plans[name] = Plan(fails_in=0, at="load")
    made = fair.run()["cat"]

    assert made.sessions == ()
    assert isinstance(made.outcome, Failed)
    assert (made.outcome.stage, made.outcome.blame) == ("campaign", "organiser")
    assert made.campaign is not None
    assert made.campaign.void is not None


def test_an_entry_by_itself_has_no_rounds(fair: Fair) -> None:
    fair.asked, fair.control = ("bee",), None
    made = fair.run()["bee"]

    assert made.campaign is None
    assert [(session.round, session.place) for session in made.sessions] == [(None, None)] * 3
    assert {(turn[1], turn[3]) for turn in fair.told.turns} == {(None, 1)}


def test_without_a_control_nothing_shows_how_steady_the_machine_was(fair: Fair) -> None:
    fair.asked, fair.control = NAMES, None
    records = fair.run()

    for made in records.values():
        assert made.campaign is not None
        assert (made.campaign.control, made.campaign.void) == (None, None)
        assert "no-control" in {notice.code for notice in made.warnings}


# What the control says


def steadier(rules: Rules, spread: float) -> Rules:
    return msgspec.structs.replace(
        rules, campaigns=msgspec.structs.replace(rules.campaigns, control_spread=spread)
    )


def test_a_campaign_whose_control_varied_too_much_is_void(fair: Fair) -> None:
    fair.begin()
    control = fair.entries[CONTROL].evaluation
    rules = fair.assignment.rules
    # 2,000 queries a session, 100 J before them: 30, 30 and 50 J per 1,000.
    control.sessions = list(sessions(39.0, 39.0, 79.0))
    spread = control_spread([30.0, 30.0, 50.0])
    assert spread == pytest.approx(math.log(5 / 3) / math.sqrt(3))

    assert void_reason(control, steadier(rules, spread * 1.001)) is None
    said = void_reason(control, steadier(rules, spread * 0.999))
    assert said is not None
    assert said.startswith("the energy of the control cat varied by 29.49% (")


@pytest.mark.parametrize("figures", [(), (39.0,), (39.0, -1.0, 39.0)])
def test_too_few_rounds_or_energy_that_is_not_resolved_vouch_for_nothing(
    fair: Fair, figures: tuple[float, ...]
) -> None:
    fair.begin()
    control = fair.entries[CONTROL].evaluation
    control.sessions = list(sessions(*figures))

    assert void_reason(control, steadier(fair.assignment.rules, 1e9)) is not None


def test_a_control_that_failed_voids_and_the_reason_is_in_every_record(fair: Fair) -> None:
    fair.plans[CONTROL] = Plan(fails_in=1, at="measure")
    records = fair.run()

    assert blocks(records["ant"]) == [0, 1, 2]
    for made in records.values():
        assert made.campaign is not None
        assert made.campaign.void == "the control cat failed in measured"
        warned = "void-campaign" in {notice.code for notice in made.warnings}
        assert warned == (made.submission.entry != CONTROL)  # which is told of its own failure
    assert records["ant"].outcome == Completed()


def test_what_is_void_is_not_ranked() -> None:
    campaign = Campaign(id="c0ffee", entries=NAMES, control=CONTROL, control_digest="5e" * 32)
    assert why_unusable(record(campaign=campaign)) is None
    void = msgspec.structs.replace(campaign, void="the control varied")
    assert why_unusable(record(campaign=void)) == "its campaign is void: the control varied"


# Interrupted


def read_again(events: Sequence[Event]) -> list[Event]:
    """Return events as they come back from a file."""
    return [convert(parse_plain(canonical_json(e), "here"), Event, "here") for e in events]  # type: ignore[arg-type] # a union is as good as a type


def launches(fair: Fair) -> int:
    return sum(len(plan.texts) for plan in fair.plans.values())


def test_from_wherever_it_was_interrupted_each_session_is_run_once(fair: Fair) -> None:
    fair.plans["bee"] = Plan(fails_in=3, at="predict:3")
    whole = fair.run()
    events = list(fair.events)
    assert isinstance(whole["bee"].outcome, Failed)

    for cut in range(len(events) + 1):
        stood = [event for event in events[:cut] if isinstance(event, Stood)]
        drawn = [event for event in events[:cut] if isinstance(event, Drawn)]
        fair.plans = {name: Plan() for name in NAMES}
        again = fair.run(read_again(events[:cut]))

        for name, made in again.items():
            before = [event.session for event in stood if event.entry == name]
            assert list(made.sessions[: len(before)]) == before  # kept as they were, to the digit
            numbers = [session.index for session in made.sessions]
            assert numbers == list(range(len(made.sessions)))
            assert len(set(blocks(made))) == len(made.sessions)
        assert [e for e in fair.events if isinstance(e, Drawn)][: len(drawn)] == drawn
        ran = sum(isinstance(event, Stood) for event in fair.events[cut:])
        total = sum(len(made.sessions) for made in again.values())
        assert len(stood) + ran == total
        assert launches(fair) >= ran
        at = [(s.round, s.place) for made in again.values() for s in made.sessions]
        assert len(set(at)) == len(at)


def test_records_that_were_made_are_made_the_same_again(fair: Fair) -> None:
    rounds = fair.begin()
    rounds.run(fair.told)
    first = [rounds.finish(each) for each in rounds.contestants]
    ran = launches(fair)

    rounds = fair.begin(read_again(fair.events))
    rounds.run(fair.told)

    assert [rounds.finish(each) for each in rounds.contestants] == first
    assert launches(fair) == ran


def test_what_an_entry_printed_before_the_interruption_is_not_lost(fair: Fair) -> None:
    fair.run()
    heard = {name: list(each.heard) for name, each in fair.entries.items()}
    assert [each.where for each in heard["ant"]] == ["calibration", *(f"session {n}" for n in (1, 2, 3))]  # fmt: skip  # noqa: E501

    fair.begin(read_again(fair.events))

    assert {name: list(each.heard) for name, each in fair.entries.items()} == heard


def test_void_sessions_count_for_the_repeats_that_are_allowed_over_interruptions(
    fair: Fair,
) -> None:
    costs = iter([0.1, 9.0])
    fair.begin()
    entry = fair.entries["ant"]
    entry.evaluation._bench = replace(entry.evaluation._bench, kernel=lambda: next(costs, 0.1))
    rounds = Rounds("c0ffee", [entry], None, fair.assignment.rules, keep=fair.events.extend)
    rounds.run(fair.told)
    assert len(entry.evaluation.voided) == 1

    fair.asked, fair.control = ("ant",), None
    fair.begin(read_again(fair.events))

    assert fair.entries["ant"].evaluation.voided == entry.evaluation.voided


def test_a_machine_that_became_another_stops_it_before_the_round(fair: Fair) -> None:
    looked: list[int] = []

    def look() -> None:
        looked.append(1)
        if len(looked) == 2:
            raise MeasurementError("the governor is another", remedy="set it back")

    fair.before_round = look
    with pytest.raises(MeasurementError):
        fair.run()
    stood = [event for event in fair.events if isinstance(event, Stood)]
    assert len(stood) == 3

    records = fair.run(read_again(fair.events))

    assert [blocks(records[name]) for name in NAMES] == [[0, 1, 2]] * 3


def test_an_event_that_cannot_be_kept_is_no_fault_of_the_entry(fair: Fair) -> None:
    def keep(events: Sequence[Event]) -> None:
        if any(isinstance(event, Stood) for event in events):
            raise OrganiserError("the disk is full", remedy="free some space")

    fair.begin()
    entry = fair.entries["ant"]
    with pytest.raises(OrganiserError):
        Rounds("c0ffee", [entry], None, fair.assignment.rules, keep=keep).run(fair.told)
    assert entry.evaluation.failed is None
