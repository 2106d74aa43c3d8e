"""What every later pull request is judged by, as an organiser changes it: it must stay readable.

And no private key of theirs may be published with it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath

from harness.errors import ConfigurationError
from harness.records.rules import parse_rules
from harness.records.signing import PRIVATE_KEY, holds_private_key
from harness.records.teams import parse_teams
from harness.submissions.faults import Fault, fault
from harness.submissions.git import Change, Repository

TEAMS_FILE = "leaderboard/teams.toml"
RULES_FILE = "leaderboard/rules.toml"
MAX_TEAMS_BYTES = 4 << 20
MAX_RULES_BYTES = 1 << 20
"""Of the rules, and of a task's card."""
MAX_KEY_BYTES = 1 << 16

_CARD = re.compile(r"tasks/[^/]+/task\.toml")
_RULES_BEFORE = re.compile(r"leaderboard/rules/[^/]+\.toml")
_HARNESS = "harness/"
_MADE_BY_BUILDS = ("leaderboard/site/", "leaderboard/results/", "leaderboard/joint/")
"""Thousands of files, none of which anybody writes by hand."""

ReadCard = Callable[[bytes, PurePosixPath], object]
"""Reads a task's card; raises ``ConfigurationError`` where it is none."""


def unreadable(
    repository: Repository, head: str, changes: set[Change], read_card: ReadCard
) -> Iterator[Fault]:
    """Find what is wrong with the files without which no later pull request can be judged.

    By this harness, which is the base's: where the change has another, that decides how they are
    read, but not whether they are there.
    """
    of_another = any(each.path.startswith(_HARNESS) for each in changes)
    for change in sorted(changes):
        path = change.path
        is_card = _CARD.fullmatch(path) is not None
        may_go = is_card or _RULES_BEFORE.fullmatch(path) is not None
        if not may_go and path not in {TEAMS_FILE, RULES_FILE}:
            continue
        if may_go and not change.after:
            continue
        most = MAX_TEAMS_BYTES if path == TEAMS_FILE else MAX_RULES_BYTES
        content = repository.read(head, path, most)
        if content is None:
            found = f"is no file any more, or has more than {most:,} bytes: no pull request could "
            yield fault("FRG610", path, f"{found}be judged", "take it back")
            continue
        try:
            if is_card:
                read_card(content, PurePosixPath(path))
            else:
                (parse_teams if path == TEAMS_FILE else parse_rules)(content, path)
        except ConfigurationError as error:
            code, remedy = "FRG610", error.remedy
            if of_another:
                code = "FRG612"
                remedy = f"see that the harness of this change reads it; else {remedy}"
            for line in error.message.splitlines():
                yield fault(code, path, line.removeprefix(f"{path}: "), remedy)


def private_keys(repository: Repository, head: str, changes: set[Change]) -> Iterator[Fault]:
    """Find organisers' private keys among what is to be published, however they are called."""
    changed = {
        each.path for each in changes if each.after and not each.path.startswith(_MADE_BY_BUILDS)
    }
    if not changed:
        return
    for path in sorted(changed & repository.holding(head, PRIVATE_KEY)):
        content = repository.read(head, path, MAX_KEY_BYTES)
        if content is not None and holds_private_key(content):
            yield fault(
                "FRG611",
                path,
                "is a private key, and this branch has published it",
                'revoke it as "compromised", make a new one (docs/how-to/sign-results.md), '
                "and remove the file",
            )
