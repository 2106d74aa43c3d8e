"""Who a team is: ``leaderboard/teams.toml``, which the organisers write.

    schema = 1
    organisers = ["login"]     # may change everything

    [[teams]]
    id = "green-bits"          # what submission.toml names, whatever its letters' case
    name = "Green Bits"        # in words, as boards show it
    logins = ["login"]         # who may change the folders of its entries

A login is that of the service which the repository lies on; its letters' case says nothing there,
and nothing here. Reading reports every fault of the file at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from harness.errors import ConfigurationError
from harness.records.base import Frozen
from harness.records.fields import spelled, table_faults
from harness.records.team_names import appearance, team_key
from harness.records.toml import toml_of

FILE_NAME = "teams.toml"
SCHEMA = 1
MAX_NAME = 80
"""Characters of an id or a name: as many as ``submission.toml`` allows for a team."""

_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*\Z")
_LOGIN = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}(?:\[bot\])?\Z", re.IGNORECASE | re.ASCII)
_CORRECT = "correct each field named; docs/how-to/organise-on-github.md shows the file"


class Team(Frozen):
    """One team."""

    id: str
    """Small letters, digits and single dashes: it never changes, and stands in submission.toml."""
    name: str
    """In words, as boards show it: no other team may be called what looks like it."""
    logins: tuple[str, ...] = ()
    """Who may change its entries; none: only the organisers."""


class _File(Frozen):
    """The file as it is written."""

    schema: int
    organisers: tuple[str, ...] = ()
    teams: tuple[Team, ...] = ()


class Teams:
    """All teams of a challenge, and its organisers."""

    def __init__(self, teams: Iterable[Team] = (), organisers: Iterable[str] = ()) -> None:
        """Take teams that are told apart: ``parse_teams`` sees to it."""
        self.teams = tuple(teams)
        self._organisers = frozenset(login.lower() for login in organisers)
        self._by_id = {team.id: team for team in self.teams}
        self._by_login = {login.lower(): team for team in self.teams for login in team.logins}
        self._by_look = {
            appearance(text): team for team in self.teams for text in (team.name, team.id)
        }

    def named(self, text: str) -> Team | None:
        """Return the team whose id an entry gives as its team; case and spaces say nothing."""
        return self._by_id.get(team_key(text))

    def alike(self, text: str) -> Team | None:
        """Return the team whose id or name ``text`` can be taken for."""
        return self._by_look.get(appearance(text))

    def of(self, login: str) -> Team | None:
        """Return the team of a login."""
        return self._by_login.get(login.lower())

    def is_organiser(self, login: str) -> bool:
        """Whether a login may change everything."""
        return login.lower() in self._organisers


def read_teams(path: Path) -> Teams:
    """Read a file of teams; where there is none, nobody's team is declared.

    Raises ``ConfigurationError`` naming every fault of it.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return Teams()
    except OSError as error:
        raise ConfigurationError(
            f"{path}: cannot be read: {error.strerror}", remedy="make it a file that can be read"
        ) from None
    return parse_teams(content, path)


def parse_teams(content: bytes, where: object) -> Teams:
    """Read the content of a ``teams.toml``.

    Raises ``ConfigurationError`` naming ``where`` and every fault, each with its field.
    """
    plain = toml_of(content, where)
    if faults := [*_faults(plain)]:
        raise ConfigurationError("\n".join(f"{where}: {each}" for each in faults), remedy=_CORRECT)
    file = msgspec.convert(plain, _File, strict=True)
    return Teams(file.teams, file.organisers)


def _faults(plain: dict[str, Any]) -> Iterator[str]:
    schema = plain.get("schema")
    if type(schema) is int and schema != SCHEMA:
        yield f"schema: is {schema}, and this version reads schema {SCHEMA}"
    yield from table_faults("", plain, _File, inside={"organisers": (), "teams": ()})
    yield from _login_faults("organisers", plain.get("organisers", []))
    teams = plain.get("teams", [])
    if not isinstance(teams, list) or not all(isinstance(team, dict) for team in teams):
        yield "teams: is no list of tables: begin each with [[teams]]"
        return
    for number, team in enumerate(teams, 1):
        yield from _team_faults(f"teams[{number}].", team)
    yield from _mixed_up(teams)


def _team_faults(prefix: str, team: Mapping[str, Any]) -> Iterator[str]:
    yield from table_faults(prefix, team, Team, inside={"logins": ()})
    ident, name = team.get("id"), team.get("name")
    if isinstance(ident, str) and (len(ident) > MAX_NAME or not _ID.match(ident)):
        rule = f"at most {MAX_NAME} small letters, digits and single dashes"
        yield f"{prefix}id: takes {rule}, found {spelled(ident)}"
    if isinstance(name, str) and not _is_readable(name):
        rule = f"1 to {MAX_NAME} characters that show, without spaces around them"
        yield f"{prefix}name: takes {rule}, found {spelled(name)}"
    yield from _login_faults(f"{prefix}logins", team.get("logins", []))


def _is_readable(name: str) -> bool:
    shown = name.replace("\u200c", "").replace("\u200d", "")  # scripts and emoji need the joiners
    has_room = 0 < len(name) <= MAX_NAME and name == name.strip()
    return has_room and shown.isprintable() and bool(team_key(name))


def _login_faults(field: str, logins: object) -> Iterator[str]:
    if not isinstance(logins, list):
        yield f'{field}: takes a list of logins, as in ["octocat"], found {spelled(logins)}'
        return
    seen: set[str] = set()
    for number, login in enumerate(logins, 1):
        if not isinstance(login, str) or not _LOGIN.match(login):
            yield f"{field}[{number}]: is no login, found {spelled(login)}"
        elif login.lower() in seen:
            yield f"{field}[{number}]: {login} stands in this list already"
        else:
            seen.add(login.lower())


def _mixed_up(teams: list[dict[str, Any]]) -> Iterator[str]:
    """Find what two teams have in common: an id, a look, a login."""
    ids: dict[str, int] = {}
    looks: dict[str, tuple[int, str]] = {}
    logins: dict[str, int] = {}
    for number, team in enumerate(teams, 1):
        ident = team.get("id")
        if isinstance(ident, str):
            if ident in ids:
                yield f"teams[{number}].id: {spelled(ident)} is that of teams[{ids[ident]}] already"
            ids.setdefault(ident, number)
        for field in ("id", "name"):
            text = team.get(field)
            if not isinstance(text, str):
                continue
            look = appearance(text)
            first, other = looks.setdefault(look, (number, text))
            if first != number and not (field == "id" and other == text):
                yield (
                    f"teams[{number}].{field}: {spelled(text)} can be taken for "
                    f"{spelled(other)} of teams[{first}]"
                )
        listed = team.get("logins")
        for login in listed if isinstance(listed, list) else ():
            if not isinstance(login, str):
                continue
            first_with = logins.setdefault(login.lower(), number)
            if first_with != number:
                yield f"teams[{number}].logins: {login} is in teams[{first_with}] already"
