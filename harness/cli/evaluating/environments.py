"""The packages that entries bring: installed ahead of every session, from an index or a folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import HarnessError, OrganiserError, SubmissionError

if TYPE_CHECKING:
    from harness.cli.evaluating.reporter import Reporter
    from harness.environments.protocol import Environment
    from harness.records.rules import EnvironmentRules
    from harness.submissions.check import CheckReport


@dataclass(frozen=True)
class Prepared:
    """What an entry runs with."""

    environment: Environment | None = None
    """``None`` for the harness's own packages."""
    error: HarnessError | None = None
    """Why its environment could not be made."""


def prepare_all(
    reports: Sequence[CheckReport],
    rules: EnvironmentRules,
    wheelhouse: Path | None,
    progress: Reporter,
) -> list[Prepared]:
    """Make every environment before the first session: installing heats and disturbs a machine."""
    prepared = []
    for report in reports:
        progress.entry(report.entry)
        prepared.append(_prepare(report, rules, wheelhouse, progress.note))
    return prepared


def _prepare(
    report: CheckReport,
    rules: EnvironmentRules,
    wheelhouse: Path | None,
    note: Callable[[str], None],
) -> Prepared:
    if report.lock is None:
        return Prepared()
    from harness.environments.cache import ensure
    from harness.records.caches import cache_folder

    cache = cache_folder("environments")
    try:
        return Prepared(ensure(report.lock, rules, cache=cache, wheelhouse=wheelhouse, note=note))
    except (SubmissionError, OrganiserError) as error:
        return Prepared(error=error)
