"""The quota of official evaluations: what is refused for it, and what is shown of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.project import Project
from harness.errors import ConfigurationError

if TYPE_CHECKING:
    from harness.cli.evaluating.running import Results
    from harness.records.evaluation import EvaluationRecord
    from harness.submissions.check import CheckReport
    from harness.tasks.protocol import TaskData


@dataclass(frozen=True)
class Had:
    """How many official evaluations of its task an entry's team has had."""

    count: int
    allowed: int | None
    """``None``: the rules set no quota."""

    @property
    def told(self) -> str:
        """In words."""
        of = "" if self.allowed is None else f" of {self.allowed} that the rules allow"
        return f"{self.count}{of}, of all entries of this team to this task"


def require_quota(
    project: Project,
    results: Results,
    entries: Iterable[tuple[CheckReport, TaskData]],
    *,
    resume: bool = False,
) -> None:
    """Refuse to sign more evaluations than the rules let a team have, by whatever protocol.

    Raises ``ConfigurationError`` before an entry has run; all that are asked for count together.
    With ``resume``, those of them that an interrupted command has kept already count once.
    """
    from harness.ranking.quota import is_reference
    from harness.records.team_names import team_key

    rules = project.rules()
    if results.signer is None or rules.quota is None:
        return
    wanted: defaultdict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    begun: set[tuple[str | None, str]] = set()
    for report, data in entries:
        if report.manifest is None or data.reference.public:
            continue
        said = report.manifest.submission
        if not is_reference(said.task, report.entry, rules):
            wanted[said.task, team_key(said.team)].append((said.team, report.entry))
            begun.add((report.digest, data.reference.digest))
    allowed = rules.quota.official_evaluations
    again = _made_before(results.folder, begun) if resume else ()
    counts = _counted(project, results.folder, without=again)
    over = [
        f"team {asked[0][0]!r} has had {counts.get(key, 0)} of {allowed} official evaluations of "
        f"{key[0]}, and this would be {len(asked)} more ({', '.join(entry for _, entry in asked)})"
        for key, asked in wanted.items()
        if counts.get(key, 0) + len(asked) > allowed
    ]
    if over:
        raise ConfigurationError(
            f"{'; '.join(over)}: nothing was run",
            remedy="leave these entries out; or, for every team alike, raise official_evaluations "
            f"of [quota], and version, in {project.rules_file}",
        )


def had(project: Project, folder: Path, record: EvaluationRecord) -> Had:
    """Count for the team of a record that was just kept in ``folder``, itself included."""
    from harness.records.team_names import team_key

    quota = project.rules().quota
    key = record.task.id, team_key(record.submission.team)
    return Had(
        count=_counted(project, folder).get(key, 0),
        allowed=None if quota is None else quota.official_evaluations,
    )


def _made_before(folder: Path, begun: Collection[tuple[str | None, str]]) -> set[str]:
    """Return the evaluations whose records an interrupted command has made.

    Of the entries that are ``begun`` again, by digest, on the same data: resumed, it writes these
    records once more as they are, so that they are no further evaluations.
    """
    from harness.ranking.quota import evaluation_id
    from harness.records.unfinished import Finished
    from harness.store.unfinished import find_unfinished

    return {
        evaluation_id(event.record)
        for found in find_unfinished(folder)
        for event in found.events
        if isinstance(event, Finished)
        and (event.record.submission.digest, event.record.data.digest) in begun
    }


def _counted(
    project: Project, folder: Path, *, without: Collection[str] = ()
) -> Mapping[tuple[str, str], int]:
    """Count in the project's results and in ``folder``; the same record in both counts once.

    A key that is revoked vouches for nothing, and its records have told what they told.
    """
    from harness.ranking.quota import official_evaluations
    from harness.store.results import StoredRecord, read_all

    keys = project.key_ring().as_if_none_were_revoked()
    found: dict[str, StoredRecord] = {}
    for place in dict.fromkeys((project.results.resolve(), folder.resolve())):
        stored, _ = read_all(place, keys, local=False)
        found |= {each.digest: each for each in stored}
    return official_evaluations(found.values(), project.rule_book(), without=without)
