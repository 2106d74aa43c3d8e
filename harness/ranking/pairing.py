"""Which evaluations of two entries may be compared with each other, and what keeps others from it.

Pure. What decides a figure must be the same for both, as on a board; but for who vouches for it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from harness.errors import UsageError
from harness.ranking.duplicates import find_duplicates
from harness.ranking.gists import UNRANKED_ISOLATION, StoredLike, board_key
from harness.ranking.usable import why_void, why_without_figures
from harness.records.base import canonical_json
from harness.records.board import BoardStatus, Problem
from harness.records.evaluation import Completed, EvaluationRecord, Failed
from harness.records.rule_book import KnownRules

_WORDS = {
    "task": "the task, or its version",
    "data": "the data",
    "scenario": "the scenario",
    "profile": "the machine",
    "profile_digest": "the hardware profile's content",
    "meter_grade": "the grade of the meter",
    "sources": "what energy is read with",
    "cpu_account": "what counts CPU time",
    "rules": "the rules",
}
"""By key of ``board_key``, but for the status: others may be compared, which is said."""


@dataclass(frozen=True)
class Evaluations:
    """Evaluations of one version of an entry that share a board, the oldest first."""

    members: tuple[StoredLike, ...]
    key: dict[str, Any]
    """``board_key`` of each."""

    @property
    def status(self) -> BoardStatus:
        """Who vouches for them."""
        status: BoardStatus = self.key["status"]
        return status

    @property
    def latest(self) -> str:
        """When the youngest of them began."""
        return self.members[-1].record.created_utc

    @property
    def digest(self) -> str:
        """Of the version that was evaluated."""
        return self.members[-1].record.submission.digest

    @property
    def paths(self) -> tuple[str, ...]:
        """Where they lie under their results folder."""
        return tuple(each.path for each in self.members)


def evaluations_of(stored: Iterable[StoredLike], rules: KnownRules) -> list[Evaluations]:
    """Pool the usable evaluations of one entry as boards do: by board, of its latest digest there.

    One measurement counts once. Raises ``UsageError`` where there is none, with what is wrong with
    the youngest, or contradicts it.
    """
    by_key: defaultdict[bytes, list[StoredLike]] = defaultdict(list)
    young = sorted(stored, key=lambda each: (each.record.created_utc, each.path))
    for each in young:
        if why_not(each) is None:
            by_key[canonical_json(board_key(each, rules))].append(each)
    if not by_key:
        last = young[-1]
        raise UsageError(
            f"{last.path}: {why_not(last)}",
            remedy="evaluate the entry again: python -m harness evaluate "
            f"submissions/{last.record.submission.entry}",
        )
    found, problems = [], []
    for alike in by_key.values():
        problems += find_duplicates(alike)
        unfit = {problem.path for problem in problems}
        members = [each for each in alike if each.path not in unfit]
        if not members:
            continue
        digest = members[-1].record.submission.digest
        latest = tuple(each for each in members if each.record.submission.digest == digest)
        found.append(Evaluations(latest, board_key(latest[-1], rules)))
    if not found:
        raise _contradictory(problems[-1])
    return found


def _contradictory(problem: Problem) -> UsageError:
    return UsageError(
        f"{problem.path}: {problem.message}",
        remedy="python -m harness verify names what does not hold; evaluate the entry again",
    )


def why_not(stored: StoredLike) -> str | None:
    """Say what keeps an evaluation from being compared; ``None`` when nothing does."""
    record = stored.record
    if isinstance(record.outcome, Failed):
        outcome = record.outcome
        return f"failed in {outcome.stage} (blame: {outcome.blame}): {outcome.message}"
    if record.isolation.grade == UNRANKED_ISOLATION:
        return "the entry was not kept apart (isolation grade D), and is compared with nothing"
    if void := why_void(record):
        return f"it counts for nothing: {void}"
    if why := why_without_figures(record):
        return f"no figures can be derived from it: {why}"
    return None if isinstance(record.outcome, Completed) else "did not complete"


def controls_of(
    evaluations: Evaluations, stored: Iterable[StoredLike]
) -> Iterator[EvaluationRecord]:
    """Yield what ``stored`` holds of the control entries of an entry's campaigns."""
    campaigns = {
        each.record.campaign.id: each.record.campaign
        for each in evaluations.members
        if each.record.campaign is not None
    }
    for each in stored:
        submission, campaign = each.record.submission, each.record.campaign
        said = None if campaign is None else campaigns.get(campaign.id)
        if said is None or why_not(each) is not None:
            continue
        if (submission.entry, submission.digest) == (said.control, said.control_digest):
            yield each.record


def choose_pair(
    a: Sequence[Evaluations], b: Sequence[Evaluations]
) -> tuple[Evaluations, Evaluations]:
    """Return the two that may be compared; of several such pairs the one that is up to date.

    That is the one whose older half is the youngest; of the same age, one of the same status.
    Raises ``UsageError`` where there is none, with what the youngest differ in; and where one
    measurement stands on both sides under two records.
    """
    pairs = [(one, other) for one in a for other in b if not differences(one, other)]
    if pairs:
        chosen = max(
            pairs,
            key=lambda pair: (
                min(pair[0].latest, pair[1].latest),
                pair[0].status == pair[1].status,
                *(each.paths for each in pair),
            ),
        )
        members = {each.path: each for side in chosen for each in side.members}
        if problems := find_duplicates([*members.values()]):
            raise _contradictory(problems[0])
        return chosen
    one, other = (max(each, key=lambda e: (e.latest, e.paths)) for each in (a, b))
    raise UsageError(
        f"{one.paths[-1]} and {other.paths[-1]} cannot be compared: "
        f"{'; '.join(differences(one, other))}",
        remedy="name two entries of one task"
        if one.members[-1].record.task.id != other.members[-1].record.task.id
        else "evaluate both alike: the same --data, --scenario, --meter and --profile, under the "
        "rules in force",
    )


def differences(one: Evaluations, other: Evaluations) -> list[str]:
    """Say what differs of all that must be the same; empty when they may be compared."""
    return [
        f"{told} ({_short(one, name)} against {_short(other, name)})"
        for name, told in _WORDS.items()
        if one.key[name] != other.key[name]
    ]


def _short(of: Evaluations, name: str) -> str:
    record = of.members[-1].record
    words = {
        "task": f"{record.task.id} {record.task.version}, {record.task.digest[:8]}",
        "data": f"{record.data.source} {record.data.digest[:8]}",
        "scenario": record.scenario,
        "profile": record.hardware.profile,
        "profile_digest": (record.hardware.profile_digest or "none")[:8],
        "meter_grade": record.meter.grade,
        "sources": ", ".join(source.name for source in record.meter.sources) or "nothing",
        "cpu_account": str(of.key["cpu_account"]),
        "rules": f"{record.rules.version} {record.rules.digest[:8]}",
    }
    return words[name]
