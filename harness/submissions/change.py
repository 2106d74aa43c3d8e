"""What a pull request changes, and whether its author may: read from commits, and never run.

Who a team is, and whose an entry is, comes from the branch that the pull request is to be merged
into, never from the pull request. A branch must hold all of its base: changed is then what differs
between the two, and merging makes just the branch's files. Where a branch lacks something of its
base, git carries what it changed over to wherever it takes a file to have been moved, into another
team's folder too; what that gives is not guessed at but refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from harness.errors import ConfigurationError
from harness.records.base import Frozen, parse_plain
from harness.records.teams import Team, Teams, parse_teams
from harness.records.toml import parse_toml
from harness.submissions.document import FILE_NAME, MAX_BYTES, Document, read_document
from harness.submissions.faults import Fault, fault, in_order, quoted, suggestion, visible
from harness.submissions.git import FOLDER, SUBMODULE, SYMLINK, Change, Repository
from harness.submissions.judging import (
    MAX_RULES_BYTES,
    MAX_TEAMS_BYTES,
    RULES_FILE,
    TEAMS_FILE,
    ReadCard,
    private_keys,
    unreadable,
)
from harness.submissions.names import folded

SUBMISSIONS = "submissions"
RESULTS = "leaderboard/results/"
MAX_RECORD_BYTES = 16 << 20

_KEPT = {
    TEAMS_FILE: "who the teams are",
    RULES_FILE: "the rules",
    "leaderboard/rules/": "rules of before",
    "leaderboard/results/": "results",
    "leaderboard/joint/": "what follows from results",
    "leaderboard/keys/": "the organisers' keys",
    "leaderboard/hardware/": "the machines' profiles",
    "leaderboard/site/": "the page",
    "leaderboard/": "the leaderboard",
    "tasks/": "a task",
    "harness/": "the harness",
    ".github/": "what runs on the service",
}
"""What a path outside of entries is; the longest that fits says it."""
_ATTRIBUTES = ".gitattributes"
"""The one file within a folder by which git writes other bytes into a checkout than it holds."""
_NO_NAME = re.compile(r"\.{0,2}|(?:\.git|git~1)[. ]*(?:[:\\].*)?", re.DOTALL)
"""What no part of a path is in a checkout: git refuses what NTFS, too, takes for ``.git``."""
_IGNORED = dict.fromkeys(
    [*range(0x200C, 0x2010), *range(0x202A, 0x202F), *range(0x206A, 0x2070), 0xFEFF]
)
"""What HFS+ takes for nothing in a name; git refuses ``.git`` with such in it, on macOS."""
_ASK = "take it back, or let an organiser make the change"


class ChangeReport(Frozen):
    """What was found of a pull request."""

    author: str
    team: str | None
    """The author's, by its id."""
    organiser: bool
    """Organisers may change everything; entries that they change are checked all the same."""
    base: str
    """Commit of the branch that it is to be merged into."""
    head: str
    paths: int
    """How many differ."""
    entries: tuple[str, ...]
    """Folders of entries that it changes and that are still there, sorted."""
    faults: tuple[Fault, ...]
    """Paths are the repository's, not an entry's."""

    @property
    def ok(self) -> bool:
        """Whether there is no error."""
        return all(found.severity != "error" for found in self.faults)

    @property
    def is_readable(self) -> bool:
        """Whether this harness can read rules and tasks as the change has them."""
        return all(found.code not in {"FRG610", "FRG612"} for found in self.faults)


class _Held(NamedTuple):
    """What one commit says of an entry's team."""

    team: str | None
    """``None``: it says none that can be read."""
    document: Document | None


class _Judged(NamedTuple):
    """Who asks, by what the base says of teams."""

    author: str
    team: Team | None
    organiser: bool
    teams: Teams

    @property
    def said(self) -> str:
        name = quoted(self.author)
        return f"{name} is of the team {self.team.id}" if self.team else f"{name} is in no team"


def examine(
    repository: Repository, base_name: str, author: str, read_card: ReadCard
) -> ChangeReport:
    """Judge what ``HEAD`` changes relative to the branch ``base_name``, as a work of ``author``.

    Raises ``ConfigurationError`` where it cannot be judged: no such branch, or several of the name;
    ``HEAD`` without all of it; history that was cut off; no teams. What is in the work tree and not
    committed is not looked at.
    """
    base, head = repository.commit(base_name), repository.commit("HEAD")
    if repository.is_shallow:  # what it holds cannot be told then
        raise ConfigurationError(
            f"git: {repository.root}: is a shallow clone, so what was changed cannot be told",
            remedy="git fetch --unshallow; in a workflow: fetch-depth: 0 of actions/checkout",
        )
    if not repository.holds(head, base):
        raise ConfigurationError(
            f"git: HEAD does not hold all of {quoted(base_name)}, so what merging it would change "
            "cannot be told",
            remedy="bring the branch up to date first, by git merge or git rebase, and check again",
        )
    teams = _teams(repository, base, base_name)
    asks = _Judged(author, teams.of(author), teams.is_organiser(author), teams)
    changes = set(repository.changes(base, head))
    touched = _touched(changes)
    now = _entries(repository, head)
    faults = [*_wrong_kinds(changes), *_collisions(touched, now, _entries(repository, base))]
    if asks.organiser:
        faults += [
            *unreadable(repository, head, changes, read_card),
            *private_keys(repository, head, changes),
        ]
    else:
        faults += _not_entries(changes)
        if asks.team is None and changes:
            faults.append(_unknown(author))
        faults += _not_to_touch(repository, base, head, touched, asks)
    return ChangeReport(
        author=visible(author),
        team=asks.team.id if asks.team else None,
        organiser=asks.organiser,
        base=base,
        head=head,
        paths=len({change.path for change in changes}),
        entries=tuple(entry for entry in touched if entry in now),
        faults=in_order(faults),
    )


def _not_to_touch(
    repository: Repository, base: str, head: str, touched: dict[str, str], asks: _Judged
) -> Iterator[Fault]:
    """Judge each entry that a team changes: whose it was, and whose it is to be."""
    parts = _parts(repository, base)
    for entry, path in touched.items():
        if part := parts.get(folded(entry)):
            said = f"the entry has a part in the method: {part} of the rules names it"
            yield fault("FRG603", path, said, _ASK)
        held = _held(repository, base, entry)
        if held is not None:
            owners = {held.team}
            yield from _not_theirs(path, "the entry is", owners, asks)
        else:  # new, by this name at least
            owners = _teams_of_results(repository, base, entry)
            said = "the entry's name has results already that are"
            yield from _not_theirs(path, said, owners, asks)
        new = _held(repository, head, entry)
        if new is not None and new.team not in owners:  # else the line before has said it
            yield from _new_team(entry, new, asks)


def _teams(repository: Repository, base: str, base_name: str) -> Teams:
    content = repository.read(base, TEAMS_FILE, MAX_TEAMS_BYTES)
    where = f"{base_name}:{TEAMS_FILE}"
    if content is None:
        raise ConfigurationError(
            f"{where}: is no file of that commit, so nobody's team is known",
            remedy="commit one to that branch; docs/how-to/organise-on-github.md shows it",
        )
    return parse_teams(content, where)


def _entry_of(path: str) -> str | None:
    """Return the entry that a path lies in; ``None`` for what lies in none."""
    top, *inside = path.split("/")
    lies = top == SUBMISSIONS and len(inside) > 1 and _no_name_in(path) is None
    return inside[0] if lies else None


def _touched(changes: set[Change]) -> dict[str, str]:
    """Return the entries that are changed, sorted, each with a path to show it at."""
    paths: dict[str, str] = {}
    for change in sorted(changes, key=lambda each: (not each.after, each.path)):
        if name := _entry_of(change.path):
            paths.setdefault(name, change.path)
    return dict(sorted(paths.items()))


def _no_name_in(path: str) -> str | None:
    """Return the part of a path that no file in a checkout can have for a name, if there is one."""
    parts = path.split("/")
    return next((p for p in parts if _NO_NAME.fullmatch(folded(p.translate(_IGNORED)))), None)


def _entries(repository: Repository, commit: str) -> frozenset[str]:
    """Return the names of all folders of entries in a commit."""
    nodes = repository.nodes(commit, f"{SUBMISSIONS}/")
    return frozenset(
        node.path.removeprefix(f"{SUBMISSIONS}/") for node in nodes if node.mode == FOLDER
    )


def _held(repository: Repository, commit: str, entry: str) -> _Held | None:
    """Return what a commit says of an entry's team; ``None`` where it has no such folder."""
    folder = f"{SUBMISSIONS}/{entry}"
    if not any(node.path == folder for node in repository.nodes(commit, folder)):
        return None
    content = repository.read(commit, f"{folder}/{FILE_NAME}", MAX_BYTES)
    document = None if content is None else read_document(content)
    if not isinstance(document, Document):
        return _Held(None, None)
    return _Held(document.get("submission", "team", str), document)


def _unknown(author: str) -> Fault:
    return fault(
        "FRG601",
        TEAMS_FILE,
        f"the login {quoted(author)} is in no team, and no organiser's",
        "ask the organisers to add it to your team: in the base branch, not in this pull request",
    )


def _not_entries(changes: set[Change]) -> Iterator[Fault]:
    for path in {change.path for change in changes}:
        if _entry_of(path) is None:
            fitting = [part for part in _KEPT if f"{path}/".startswith(part.rstrip("/") + "/")]
            what = _KEPT[max(fitting, key=len)] if fitting else "in no folder of an entry"
            yield fault("FRG602", path, f"{what}: not a team's to change", _ASK)


def _parts(repository: Repository, base: str) -> dict[str, str]:
    """Return what the base's rules name entries for, by the folded name: null, control, class."""
    content = repository.read(base, RULES_FILE, MAX_RULES_BYTES)
    try:
        tasks = parse_toml(content or b"").get("reference", {})
        return {
            folded(name): f"reference.{task}.{part}"
            for task, parts in tasks.items()
            for part, name in parts.items()
        }
    except (ValueError, AttributeError, TypeError):  # rules that nothing here could be run by
        return {}


def _teams_of_results(repository: Repository, base: str, entry: str) -> set[str | None]:
    """Return whose results stand under the name of an entry that is new: its history would be."""
    teams: set[str | None] = set()
    for task in repository.nodes(base, RESULTS):
        for node in repository.nodes(base, f"{task.path}/{entry}/"):
            if node.path.endswith(".json") and not node.path.endswith(".items.json"):
                content = repository.read(base, node.path, MAX_RECORD_BYTES)
                teams.add(None if content is None else _team_of_record(content))
    return teams


def _team_of_record(content: bytes) -> str | None:
    try:
        plain: Any = parse_plain(content, RESULTS)
        team = plain["submission"]["team"]
    except (ConfigurationError, KeyError, TypeError):  # damaged: nobody's until it is restored
        return None
    return team if isinstance(team, str) else None


def _not_theirs(path: str, what: str, owners: set[str | None], asks: _Judged) -> Iterator[Fault]:
    """Judge the folder's owners so far."""
    for team in owners:
        owner = asks.teams.named(team) if team is not None else None
        if owner is None or owner is not asks.team:
            whose = "of no team that can be read" if team is None else f"of the team {quoted(team)}"
            yield fault("FRG603", path, f"{what} {whose}; {asks.said}", _ASK)


def _new_team(entry: str, held: _Held, asks: _Judged) -> Iterator[Fault]:
    """Judge the team that the pull request gives an entry."""
    path = f"{SUBMISSIONS}/{entry}/{FILE_NAME}"
    own = asks.team
    remedy = f'write team = "{own.id}"' if own else "ask the organisers for a team first"
    if held.document is None or held.team is None:
        yield fault("FRG604", path, "says no team that can be read", remedy)
        return
    named, alike = asks.teams.named(held.team), asks.teams.alike(held.team)
    if named is not None and named is own:
        return
    positions = held.document.positions
    at = {"position": positions.of(("submission", "team"))} if positions else {}
    team = quoted(held.team)
    if named is None and alike is not None:
        said = f"the team {team} can be taken for {quoted(alike.name)}, whose id is {alike.id}"
        yield fault("FRG605", path, said, remedy, **at)
        return
    known: tuple[str, ...] = tuple(each.id for each in asks.teams.teams)
    said = f"the team {team} is not the author's: {asks.said}"
    if named is None:
        said = f"there is no team {team} in {TEAMS_FILE}{suggestion(held.team, known)}"
    yield fault("FRG604", path, said, remedy, **at)


def _collisions(
    touched: dict[str, str], now: frozenset[str], base: frozenset[str]
) -> Iterator[Fault]:
    """Find entries of this change that a system which folds case or forms takes for others."""
    by_form: dict[str, set[str]] = {}
    for name in now | base:
        by_form.setdefault(folded(name), set()).add(name)
    for entry, path in touched.items():
        for other in sorted(by_form.get(folded(entry), set()) - {entry}) if entry in now else ():
            found = f"{quoted(entry)} and {quoted(other)} differ only in case or Unicode form"
            yield fault("FRG606", path, found, "choose another name")


def _wrong_kinds(changes: set[Change]) -> Iterator[Fault]:
    """Find what no checkout holds, what is no plain file in an entry, and what tells git to do."""
    for change in changes:
        part = _no_name_in(change.path)
        if change.after and part is not None:
            found = f"no checkout can hold it: a part of the path is {quoted(part)}"
            yield fault("FRG609", change.path, found, "remove it, or give it another name")
        if not change.path.startswith(f"{SUBMISSIONS}/"):
            continue
        if change.after in (SUBMODULE, SYMLINK):
            kind = "a submodule" if change.after == SUBMODULE else "a symbolic link"
            yield fault("FRG607", change.path, f"is {kind}", "put the files themselves there")
        name = change.path.rpartition("/")[2]
        if change.after and folded(name) == _ATTRIBUTES:
            found = "a checkout may hold other bytes by it than those that were reviewed"
            yield fault("FRG608", change.path, found, "remove it")
