"""What a board says beside its ranks, and how far figures of two machines may be apart."""

from __future__ import annotations

from dataclasses import replace as replaced
from itertools import chain, combinations
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import site_samples as samples
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from test_ranking_claims import board as evidence_of

from harness.ranking.claims import rank
from harness.ranking.evidence import ItemScores, Margins
from harness.ranking.joined import agree
from harness.ranking.joint import _apart, joint_statistics
from harness.ranking.rank_notes import rank_notes
from harness.records.board import Board, BoardStatus
from harness.records.joint import Claim, JointEntry, JointStatistics
from harness.records.rules import LEAST_CAMPAIGNS, Rules, read_rules
from harness.site.language import language
from harness.site.recorded import in_words


@pytest.fixture(scope="module")
def rules() -> Rules:
    return read_rules(Path(__file__).parents[1] / "leaderboard" / "rules.toml")


def least(rules: Rules, quality: float | None, energy: float | None) -> str | None:
    ranking = replace(
        samples.RANKING, least_quality_difference=quality, least_energy_ratio=energy, unranked=()
    )
    messages = [note.message for note in rank_notes(samples.board(), ranking, rules)]
    return messages[0] if messages else None


def test_what_either_axis_could_not_have_shown_is_said_by_itself(rules: Rules) -> None:
    begins = "two entries in the middle of this board are told apart when they differ by about "
    shown = " where quality is shown to be no worse"
    assert least(rules, 0.03, 1.04) == f"{begins}0.03 in macro f1, or 4 % of energy{shown}"
    assert least(rules, None, 1.04) == f"{begins}4 % of energy{shown}"
    assert least(rules, 0.03, None) == f"{begins}0.03 in macro f1"
    assert least(rules, None, 2.5) == f"{begins}150 % of energy{shown}"
    assert least(rules, None, None) is None


def leading_in_energy(board: Board, rules: Rules, **changed: Any) -> list[str]:  # noqa: ANN401
    ranking = replace(samples.RANKING, **{"units": 150, "quality_margin": 0.02, **changed})
    found = rank_notes(board, ranking, rules)
    return [note.message for note in found if note.code == "no-worse-not-shown"]


def test_a_reader_is_told_why_an_entry_as_good_and_cheaper_is_not_ranked_before_another(
    rules: Rules,
) -> None:
    cheap = samples.entry("linear-model", quality=0.8, joules_per_1000_queries=1.0)
    dear = samples.entry("big-model", quality=0.8, joules_per_1000_queries=3.0)
    board = samples.board(cheap, dear)
    (message,) = leading_in_energy(board, rules)
    assert message.endswith("as little as 3 of 150 groups, which may be too few to be seen")
    said = in_words("no-worse-not-shown.message", message, language("fr")) or ""
    assert "qu\u2019\u00e0 3 groupes sur 150" in said

    claim = Claim(winner="linear-model", loser="big-model", by_quality=False, by_energy=True)
    assert not leading_in_energy(board, rules, claims=(claim,))
    assert not leading_in_energy(board, rules, units=2000)  # enough of them
    assert not leading_in_energy(board, rules, least_energy_ratio=3.5)
    assert not leading_in_energy(board, rules, least_energy_ratio=None)
    assert not leading_in_energy(board, rules, apart=(("linear-model", "x"), ("x", "big-model")))
    assert leading_in_energy(board, rules, apart=(("linear-model", "x", "big-model"), ("x", "y")))
    better = samples.entry("big-model", quality=0.81, joules_per_1000_queries=3.0)
    assert not leading_in_energy(samples.board(cheap, better), rules)
    floor = (replace(each, at_floor=True) for each in (cheap, dear))
    assert not leading_in_energy(samples.board(*floor), rules)


def test_not_all_of_many_groups_that_are_compared_are_named(rules: Rules) -> None:
    groups = tuple(("control", f"day-{n}") for n in range(12))
    for told, ends in ((groups, " / …"), (groups[:10], "control, day-9")):
        ranking = replace(samples.RANKING, apart=told)
        found = rank_notes(samples.board(), ranking, rules)
        (message,) = [note.message for note in found if note.code == "apart"]
        assert "compared only within control, day-0 / control, day-1 / " in message
        assert message.endswith(ends)
        assert in_words("apart.message", message, language("fr"))


@given(st.integers(0, 2**32), st.floats(0, 1))
def test_two_entries_share_a_group_exactly_if_their_energies_are_compared(
    seed: int, share: float
) -> None:
    drawn = np.triu(np.random.default_rng(seed).random((9, 9)) < share, 1)
    groups = groups_of(drawn | drawn.T, [False] * 9)
    if drawn.sum() == 9 * 8 / 2:
        assert groups == ()
    else:
        shared = {pair for group in groups for pair in combinations(group, 2)}
        assert shared == {("abcdefghi"[i], "abcdefghi"[j]) for i, j in np.argwhere(drawn)}
        assert {*chain(*groups)} == {*"abcdefghi"}


def test_campaigns_that_have_the_control_alone_in_common_are_one_group_each() -> None:
    compared = np.kron(np.eye(4), np.ones((2, 2))).astype(bool)
    compared[0, :] = compared[:, 0] = True
    assert groups_of(compared, [False] * 8) == (
        ("a", "b"), ("a", "c", "d"), ("a", "e", "f"), ("a", "g", "h"),
    )  # fmt: skip
    at_floor = [each in "dg" for each in "abcdefgh"]
    assert ("a", "d", "g") in groups_of(compared, at_floor), "two at the floor share one energy"


def groups_of(compared: npt.NDArray[np.bool_], at_floor: list[bool]) -> tuple[tuple[str, ...], ...]:
    """Return the groups of entries a, b, ... of which these are compared."""
    count = len(compared)
    evidence = evidence_of([900] * count, [1.0] * count, names=[*"abcdefghi"][:count])
    evidence = replaced(evidence, at_floor=np.array(at_floor))
    ranking = replaced(rank(evidence, Margins(0.02, 0.02), draws=2), compared=compared)
    return _apart(ranking, evidence)


def of_hidden(quality: float | None, support: float | None) -> JointStatistics:
    entry = JointEntry(entry="a", rank=(1, 1), front_support=support)
    return replace(samples.RANKING, entries=(entry,), least_quality_difference=quality)


def test_figures_of_one_digit_may_differ_by_one_in_it() -> None:
    assert agree(of_hidden(0.01, None), of_hidden(0.02, None))
    assert agree(of_hidden(0.009, None), of_hidden(0.01, None))
    assert not agree(of_hidden(0.01, None), of_hidden(0.03, None))
    assert not agree(of_hidden(0.0123, None), of_hidden(0.0183, None))
    assert not agree(of_hidden(0.01, None), of_hidden(None, None))


def test_support_and_none_are_not_alike() -> None:
    assert agree(of_hidden(0.01, 0.5), of_hidden(0.01, 0.51))
    assert not agree(of_hidden(0.01, 0.5), of_hidden(0.01, None))


def statistics_of(status: BoardStatus, right_on: int, rules: Rules) -> JointStatistics:
    """Rank two entries that differ on a single item: either of them may be right on it."""
    evidence = evidence_of([900, 900], [1.0, 1.0], names=["a", "b"])
    scores = np.zeros((1000, 2), np.float32)
    scores[:900] = 1
    scores[950, right_on] = 1
    evidence = replaced(evidence, quality=ItemScores(scores))
    rows = (samples.entry("a"), samples.entry("b"))
    return joint_statistics(samples.board(*rows, status=status), evidence, {}, rules, 5)


@pytest.mark.parametrize("status", ["official", "unofficial"])
def test_on_hidden_labels_nothing_tells_who_was_right_on_one_item(
    status: BoardStatus, rules: Rules
) -> None:
    rules = replace(rules, ranking=replace(rules.ranking, quality_margin=0.0005))
    one, other = (statistics_of(status, right_on, rules) for right_on in (0, 1))
    assert one == other
    assert {each.front_support for each in one.entries} == {None}
    shown = statistics_of("open", 0, rules)
    assert {each.front_support for each in shown.entries} != {None}


def test_the_rules_ask_for_as_many_campaigns_as_show_a_spread(rules: Rules) -> None:
    assert rules.campaigns.least >= LEAST_CAMPAIGNS
