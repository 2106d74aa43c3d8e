"""Entries that take turns: what they are asked, in which order, and what is counted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest
from evaluation_fakes import BATCH, FakeProcess, FakeSandbox, Plan, assignment_in, texts_of

from harness.errors import OrganiserError, SubmissionError
from harness.evaluation import duel as duels
from harness.evaluation.assignment import Assignment
from harness.evaluation.duel import LEAST_TURNS, Cost, Duel, Side
from harness.sandbox.protocol import Launch, Process, Request, Span

ITEMS = 6
"""Of the toy task's test set."""
WARM_UP = 4


class Logged(FakeProcess):
    """Tells a log whose turn it is, and takes CPU time by what it is asked."""

    def __init__(self, plan: Plan, number: int, log: list[tuple[int, list[str]]]) -> None:
        super().__init__(plan, number)
        self._number_of, self._log = number, log

    def predict(self, requests: Iterable[Request], *, deadline_seconds: float) -> Iterator[bytes]:
        def told() -> Iterator[Request]:
            for request in requests:
                parts = (part for part in request.parts if not isinstance(part, Span))
                self._log.append((self._number_of, texts_of(b"".join(parts))))
                yield request

        return super().predict(told(), deadline_seconds=deadline_seconds)


class LoggedSandbox(FakeSandbox):
    """Starts them."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self._plan_of = plan
        self.log: list[tuple[int, list[str]]] = []

    def launch(self, launch: Launch) -> Process:
        super().launch(launch)
        return Logged(self._plan_of, len(self._plan_of.texts) - 1, self.log)


@pytest.fixture(autouse=True)
def _turns_of_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duels, "TURN_SECONDS", 0.0)


@pytest.fixture
def assignment(tmp_path: Path) -> Assignment:
    return assignment_in(tmp_path)


def duel(
    assignment: Assignment, sandbox: FakeSandbox, sizes: Iterable[int] = (BATCH, BATCH)
) -> Duel:
    sides = [Side(f"entry-{n}", assignment.launch, size) for n, size in enumerate(sizes)]
    return Duel(sides, assignment.task, assignment.data, assignment.protocol_rules, sandbox)


def test_both_are_asked_the_same_in_turns_and_neither_gets_ahead_by_more_than_one(
    assignment: Assignment,
) -> None:
    sandbox = LoggedSandbox(Plan())
    fight = duel(assignment, sandbox)
    fight.run_round(fight.plan(3 * ITEMS))

    asked: dict[int, list[str]] = {0: [], 1: []}
    for number, texts in sandbox.log:
        asked[number] += texts
        assert abs(len(asked[0]) - len(asked[1])) <= BATCH
    assert asked[0] == asked[1]
    measured = asked[0][WARM_UP:]
    assert len(measured) == len(set(measured)) == 3 * ITEMS


def test_who_begins_a_turn_is_drawn_anew(assignment: Assignment) -> None:
    sandbox = LoggedSandbox(Plan())
    fight = duel(assignment, sandbox)
    for _ in range(4):
        fight.run_round(fight.plan(3 * ITEMS))

    first = [number % 2 for number, _ in sandbox.log[::2]]
    assert 0 < sum(first) < len(first)


def test_who_is_marked_and_who_ends_first_is_drawn_anew(
    assignment: Assignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    fight = duel(assignment, FakeSandbox(Plan()))
    called: dict[str, list[str]] = {"measure": [], "finish": []}

    def noting(name: str, plain: Callable[..., None]) -> Callable[..., None]:
        def noted(each: duels._Running, *given: int) -> None:
            called[name].append(each.side.name)
            plain(each, *given)

        return noted

    for name in called:
        plain = getattr(duels._Running, name)
        monkeypatch.setattr(duels._Running, name, noting(name, plain))
    for _ in range(20):  # one in a million never draws one of two
        fight.run_round(fight.plan(ITEMS))

    for told in called.values():
        assert set(told[::2]) == set(told[1::2]) == {"entry-0", "entry-1"}


def test_entries_with_batches_of_different_sizes_answer_as_many_items_in_a_turn(
    assignment: Assignment,
) -> None:
    sandbox = LoggedSandbox(Plan())
    fight = duel(assignment, sandbox, (1, 3))
    fight.run_round(fight.plan(ITEMS))

    sizes: dict[int, list[int]] = {0: [], 1: []}
    for number, texts in sandbox.log:
        sizes[number].append(len(texts))
        assert abs(sum(sizes[0]) - sum(sizes[1])) <= 3
    # Sandboxes are counted in the order in which they were started, which is drawn.
    ones, threes = sorted(sizes.values(), key=max)
    assert ones == [1] * (WARM_UP + ITEMS)
    assert threes == [3, 1, 3, 3]  # the warm-up of four, then six items


def test_the_kernels_account_at_the_end_counts_from_the_first_query_on(
    assignment: Assignment,
) -> None:
    fight = duel(assignment, FakeSandbox(Plan()))
    costs = fight.run_round(fight.plan(ITEMS)).costs

    # The stand-in takes 0.01 s for each request, and a second to end.
    requests = (WARM_UP // BATCH, ITEMS // BATCH)
    for cost in costs:
        assert cost.preparation_cpu_seconds == pytest.approx(0.01 * requests[0])
        assert cost.queries_cpu_seconds == pytest.approx(0.01 * requests[1] + 1)
        assert cost.queries == ITEMS


def test_the_cost_of_a_thousand_queries_has_its_share_of_the_preparation() -> None:
    cost = Cost(preparation_cpu_seconds=2.0, queries_cpu_seconds=3.0, queries=300)

    assert cost.per_1000() == pytest.approx(10.0)
    assert cost.per_1000(10_000) == pytest.approx(10.2)


def test_what_the_two_decide_is_told_of_the_originals(assignment: Assignment) -> None:
    plan = Plan(wrong_in=1)
    fight = duel(assignment, FakeSandbox(plan))
    decisions = fight.run_round(fight.plan(2 * ITEMS)).decisions

    assert [len(each) for each in decisions] == [ITEMS, ITEMS]
    assert not (decisions[0] == decisions[1]).any()


def test_a_part_of_the_items_is_asked_where_few_queries_are_wanted(assignment: Assignment) -> None:
    fight = duel(assignment, FakeSandbox(Plan()))
    (sweep,) = fight.plan(4)

    assert (sweep.kind, len(sweep.order)) == ("original", 4)
    assert [len(each) for each in fight.run_round([sweep]).decisions] == [4, 4]


def test_a_part_of_the_items_is_another_one_in_each_round(assignment: Assignment) -> None:
    sandbox = LoggedSandbox(Plan())
    fight = duel(assignment, sandbox)
    planned = fight.plan(2)
    for _ in range(20):
        fight.run_round(planned)

    asked: dict[int, list[str]] = {}
    for number, texts in sandbox.log:
        asked.setdefault(number, []).extend(texts)
    assert len({frozenset(texts[WARM_UP:]) for texts in asked.values()}) > 1


def test_the_number_of_queries_is_that_of_the_slower_and_has_bounds(assignment: Assignment) -> None:
    fight = duel(assignment, FakeSandbox(Plan()))
    most = assignment.protocol_rules.max_sweeps * ITEMS
    assert most == 36

    # Two requests, and a second to end: 1.02 s for four queries.
    assert fight.queries_for(1.02 * 2.4) == 10
    assert fight.queries_for(0.001) == LEAST_TURNS * BATCH
    assert fight.queries_for(1e9) == most
    # By the first round 17; by the second, of 18 in nine requests, more than there may be.
    assert fight.queries_for(1.02 / 4 * 16.9) == most


@pytest.mark.parametrize("at", ["launch", "ready", "load", "predict:1", "predict:3", "finish"])
def test_whatever_goes_wrong_names_the_entry_and_the_phase(assignment: Assignment, at: str) -> None:
    plan = Plan(fails_in=1, at=at)
    fight = duel(assignment, FakeSandbox(plan))
    phases = {
        "launch": "start", "ready": "start", "predict:1": "warm-up", "predict:3": "measured",
        "finish": "drain",
    }  # fmt: skip

    with pytest.raises(SubmissionError) as raised:
        fight.run_round(fight.plan(ITEMS))

    phase = phases.get(at, at)
    assert raised.value.message in {f"entry-{n}: {phase}: the entry broke" for n in range(2)}
    assert raised.value.stage == phase
    assert plan.left == (1 if at == "launch" else 2)  # all that were started


def test_an_error_of_the_organisers_stays_one(assignment: Assignment) -> None:
    plan = Plan(fails_in=0, at="load", error=OrganiserError("no room"))
    fight = duel(assignment, FakeSandbox(plan))

    with pytest.raises(OrganiserError) as raised:
        fight.run_round(fight.plan(ITEMS))

    assert raised.value.message.endswith(": load: no room")


def test_a_turn_is_longer_where_a_batch_takes_next_to_nothing(
    assignment: Assignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duels, "TURN_SECONDS", 1e9)
    sandbox = LoggedSandbox(Plan())
    fight = duel(assignment, sandbox, (1, 1))
    fight.run_round(fight.plan(5 * ITEMS))

    turns: list[int] = []
    before = None
    for number, texts in sandbox.log[2 * WARM_UP :]:
        if number == before:
            turns[-1] += len(texts)
        else:
            turns.append(len(texts))
        before = number
    assert turns[0] in {1, 3}  # who ends one turn may begin the next
    assert max(turns) >= 3
    assert sum(turns) == 2 * 5 * ITEMS


def test_who_waits_for_the_other_has_its_time_as_well(assignment: Assignment) -> None:
    seen: list[Launch] = []

    class Watching(FakeSandbox):
        def launch(self, launch: Launch) -> Process:
            seen.append(launch)
            return super().launch(launch)

    fight = duel(assignment, Watching(Plan()))
    fight.run_round(fight.plan(ITEMS))

    given, limits = assignment.launch.limits, seen[0].limits
    assert limits.session_seconds == 2 * given.session_seconds
    assert limits.measured_seconds == 2 * given.measured_seconds
    assert limits.warm_up_seconds == 2 * given.warm_up_seconds
    assert limits.load_seconds == given.load_seconds
    assert limits.measured_cpu_seconds == given.measured_cpu_seconds


def test_more_than_two_take_turns(assignment: Assignment) -> None:
    sandbox = LoggedSandbox(Plan())
    fight = duel(assignment, sandbox, (BATCH,) * 4)
    costs = fight.run_round(fight.plan(ITEMS)).costs

    assert len(costs) == 4
    assert {number for number, _ in sandbox.log} == {0, 1, 2, 3}
