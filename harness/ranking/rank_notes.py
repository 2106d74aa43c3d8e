"""What a reader must know of the ranks of a board, or of why there are none. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import permutations
from typing import Literal, NamedTuple, TypeAlias

from harness.ranking.trust import two_digits
from harness.records.board import Board
from harness.records.joint import JointStatistics, WhyUnranked
from harness.records.rules import Rules
from harness.records.session import Notice

NO_RANKS = "no-ranks"
MOST_NAMED = 10
"""Groups that are compared, in one note."""
MOST_UNSEEN = 20
"""Items or groups, as many as the margin of quality comes to, up to which such a loss may not be
seen at all: on a board of fifty, 17 are too few (docs/explanation/statistics-claims.md)."""
WhyNoRanks: TypeAlias = Literal["no-candidates", "items-missing", "other-rules", "other-task"]


class _Said(NamedTuple):
    message: str
    remedy: str


_NO_RANKS: dict[WhyNoRanks, _Said] = {
    "no-candidates": _Said(
        "no entry here can be ranked",
        "evaluate entries with --protocol official, by a meter that resolves their energy",
    ),
    "other-rules": _Said(
        "no ranks: made under other rules, which are not to be found here, and there is no "
        "signed joint file that was made under them",
        "keep the rules.toml of then as leaderboard/rules/NAME.toml, or evaluate the entries again "
        "to have them ranked by the rules in force",
    ),
    "other-task": _Said(
        "no ranks: the outcomes of single items cannot be scored, for the task is not here as it "
        "was, and there is no joint file of these records that counts without them",
        "bring the folder of the task back as it was, or evaluate the entries again to have them "
        "ranked",
    ),
    "items-missing": _Said(
        "no ranks: the outcomes of single items are not here, and there is no joint file "
        "of these records that counts without them; the intervals are of each entry alone",
        "make it where the outcomes are (leaderboard, with --sign on a board of signed records), "
        "and publish leaderboard/joint with the records",
    ),
}
_UNRANKED: dict[WhyUnranked, _Said] = {
    "too-few-sessions": _Said(
        "too few sessions for an interval of energy",
        "evaluate them with --protocol official",
    ),
    "unresolved-energy": _Said(
        "the meter does not resolve their energy",
        "evaluate them with more passes, or with a meter that reads more finely",
    ),
    "items-missing": _Said(
        "their outcomes of single items are missing or were altered",
        "bring the *.items.json of their records from the machine that evaluated",
    ),
    "items-unfit": _Said(
        "their outcomes are not of the items that most entries here were scored on, or cannot be "
        "scored",
        "verify the results, and evaluate these entries again",
    ),
}


def no_ranks(why: WhyNoRanks) -> Notice:
    """Say why a board has no ranks at all."""
    message, remedy = _NO_RANKS[why]
    return Notice(code=NO_RANKS, message=message, remedy=remedy)


def rank_notes(board: Board, statistics: JointStatistics, rules: Rules) -> Iterator[Notice]:
    """Say which rows have no rank, and what the board could not have shown."""
    for why, (message, remedy) in _UNRANKED.items():
        named = [each.entry for each in statistics.unranked if each.why == why]
        if named:
            yield Notice(
                code="unranked", message=f"no rank: {message}: {', '.join(named)}", remedy=remedy
            )
    if statistics.apart:
        groups = [", ".join(group) for group in statistics.apart[:MOST_NAMED]]
        within = " / ".join(groups + ["…"] * (len(statistics.apart) > MOST_NAMED))
        yield Notice(
            code="apart",
            message="too few rounds or sessions of one occasion in common, and no control links "
            f"them in enough of them: energies are compared only within {within}",
            remedy="evaluate them together (evaluate A B C …), or in campaigns with the control",
        )
    told_apart = _least(board, statistics)
    units = statistics.units or board.items
    least = rules.prizes.least_items
    if min(units, board.items) < least:
        grouped = f" in {units:,} groups" if units != board.items else ""
        yield Notice(
            code="few-items",
            message=f"{board.items:,} items{grouped} cannot show what close entries differ by"
            f"{told_apart and f': {told_apart}'}",
            remedy=f"evaluate on more items{grouped and ', in more groups'}"
            + (f"; below {least:,} items no prize is given" if board.items < least else ""),
        )
    elif told_apart:
        yield Notice(
            code="least-differences",
            message=told_apart,
            remedy="more sessions tell smaller differences of energy apart, and more "
            f"{_units_of(board, units)} smaller ones of quality",
        )
    margin = statistics.quality_margin
    if margin * units <= MOST_UNSEEN and _leads_in_energy_alone(board, statistics):
        grouped = _units_of(board, units)
        yield Notice(
            code="no-worse-not-shown",
            message="an entry that is as good and uses less energy is ranked before another only "
            f"where it is shown not to be worse by {margin:g}: that is as little as "
            f"{margin * units:.2g} of {units:,} {grouped}, which may be too few to be seen",
            remedy=f"evaluate on more {grouped}: energy decides where they show that quality is "
            "no worse",
        )


def _units_of(board: Board, units: int) -> str:
    """Say what was resampled."""
    return "items" if units == board.items else "groups"


def _leads_in_energy_alone(board: Board, statistics: JointStatistics) -> bool:
    """Say whether a reader sees an entry as good as another, cheaper, and not ranked before it.

    Cheaper by more than what the board tells apart, and not both at the floor, whose energy is one.
    """
    least = statistics.least_energy_ratio
    claimed = {(claim.winner, claim.loser) for claim in statistics.claims}
    groups: defaultdict[str, set[int]] = defaultdict(set)
    for number, names in enumerate(statistics.apart):
        for entry in names:
            groups[entry].add(number)
    candidates = {each.entry for each in statistics.entries}
    ranked = [row for row in board.entries if row.entry in candidates]
    return least is not None and any(
        one.joules_per_1000_queries * least < other.joules_per_1000_queries
        and one.quality >= other.quality
        and not (one.at_floor and other.at_floor)
        and not (statistics.apart and groups[one.entry].isdisjoint(groups[other.entry]))
        and (one.entry, other.entry) not in claimed
        for one, other in permutations(ranked, 2)
        if one.joules_per_1000_queries is not None and other.joules_per_1000_queries is not None
    )


def _least(board: Board, statistics: JointStatistics) -> str:
    quality, energy = statistics.least_quality_difference, statistics.least_energy_ratio
    axes = []
    if quality is not None:
        axes.append(f"{quality:g} in {board.metric.replace('_', ' ')}")
    if energy is not None:
        axes.append(
            f"{two_digits(100 * (energy - 1))} % of energy where quality is shown to be no worse"
        )
    if not axes:
        return ""
    return (
        "two entries in the middle of this board are told apart when they differ by about "
        f"{', or '.join(axes)}"
    )
