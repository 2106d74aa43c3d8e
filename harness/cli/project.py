"""Where the challenge is: tasks, submissions, rules and results all lie in one project."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import harness
from harness.errors import UsageError

if TYPE_CHECKING:
    from harness.records.rule_book import RuleBook
    from harness.records.rules import Rules
    from harness.records.teams import Teams
    from harness.store.keys import KeyRing
    from harness.tasks import TaskCard

ROOT_VARIABLE = "HARNESS_ROOT"
_REMEDY = f"run inside the project, or set {ROOT_VARIABLE} to its folder"


@dataclass(frozen=True)
class Project:
    """The folder of one challenge."""

    root: Path

    @property
    def tasks(self) -> Path:
        """The organiser's tasks, a folder each."""
        return self.root / "tasks"

    @property
    def submissions(self) -> Path:
        """The teams' entries, a folder each: untrusted."""
        return self.root / "submissions"

    @property
    def leaderboard(self) -> Path:
        """Rules, results and the site."""
        return self.root / "leaderboard"

    @property
    def rules_file(self) -> Path:
        """The only home of limits and thresholds."""
        return self.leaderboard / "rules.toml"

    @property
    def rules_before(self) -> Path:
        """Rules of before, a file each: what was made under them goes by them."""
        return self.leaderboard / "rules"

    @property
    def hardware(self) -> Path:
        """Hardware profiles, a file each."""
        return self.leaderboard / "hardware"

    @property
    def keys(self) -> Path:
        """The organisers' public keys, a file each."""
        return self.leaderboard / "keys"

    @property
    def results(self) -> Path:
        """Records, by task and entry."""
        return self.leaderboard / "results"

    @property
    def site(self) -> Path:
        """The static pages."""
        return self.leaderboard / "site"

    def rules(self) -> Rules:
        """Read the rules; ``ConfigurationError`` names what is wrong with them."""
        from harness.records.rules import read_rules

        return read_rules(self.rules_file)

    def rule_book(self) -> RuleBook:
        """Read the rules, and those of before that are kept; ``ConfigurationError`` likewise."""
        from harness.records.rule_book import read_rule_book

        return read_rule_book(self.rules_file, self.rules_before)

    def site_address(self) -> str:
        """Read where the site is published; empty where ``site.toml`` does not say."""
        from harness.records.site_settings import FILE_NAME, read_site_settings

        return read_site_settings(self.leaderboard / FILE_NAME).address

    def teams(self) -> Teams:
        """Read who the teams are, none without a file; ``ConfigurationError`` names each fault."""
        from harness.records.teams import FILE_NAME, read_teams

        return read_teams(self.leaderboard / FILE_NAME)

    def key_ring(self) -> KeyRing:
        """Read the public keys; ``ConfigurationError`` names what is wrong with one."""
        from harness.store.keys import read_keys

        return read_keys(self.keys)

    def cards(self) -> tuple[TaskCard, ...]:
        """Read the cards of all tasks, by identifier."""
        from harness.tasks import find_tasks

        return find_tasks(self.root)

    def card(self, task: str) -> TaskCard:
        """Read the card of one task; ``UsageError`` names those there are."""
        from harness.submissions.faults import quoted, suggestion

        cards = {card.task.id: card for card in self.cards()}
        if task not in cards:
            known = tuple(cards)
            raise UsageError(
                f"there is no task {quoted(task)}{suggestion(task, known)}",
                remedy=f"name one of {', '.join(known)}"
                if known
                else f"add a task's folder under {self.tasks}",
            )
        return cards[task]


def find_project() -> Project:
    """Return the project of ``HARNESS_ROOT``, else that around the working directory, else that of
    the harness's own checkout.

    Raises ``UsageError`` when there is none, or only what is left of one.
    """  # noqa: D205 - one sentence
    named = os.environ.get(ROOT_VARIABLE)
    if named:
        root = Path(os.path.realpath(named))  # of links in a circle, too
        if not _is_project(root):
            raise UsageError(
                f"{ROOT_VARIABLE}: {named}: has no leaderboard/rules.toml and tasks/",
                remedy="name the project's folder",
            )
        return Project(root)
    here = Path.cwd()
    checkout = Path(harness.__file__).resolve().parent.parent
    for folder in (here, *here.parents, checkout):
        if _is_project(folder):
            return Project(folder)
        if lost := _lost(folder):  # another project would be written to, and nobody would know
            raise UsageError(
                f"{folder}: would be a project, but for {lost}, which is not there",
                remedy=f"restore {lost}, or set {ROOT_VARIABLE} to the project's folder",
            )
    raise UsageError(f"{here}: no leaderboard/rules.toml and tasks/ here or above", remedy=_REMEDY)


def _is_project(folder: Path) -> bool:
    return (folder / "leaderboard" / "rules.toml").is_file() and (folder / "tasks").is_dir()


def _lost(folder: Path) -> str | None:
    """Return what a folder lacks that is a project otherwise; ``None`` where it is none at all."""
    project = Project(folder)
    if project.rules_file.is_file():
        return "tasks/"
    both = project.leaderboard.is_dir() and project.tasks.is_dir()
    return "leaderboard/rules.toml" if both else None
