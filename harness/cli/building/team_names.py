"""What teams are called on boards: as ``leaderboard/teams.toml`` has it, else as entries do."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from msgspec.structs import replace

from harness.cli.errors import printable
from harness.cli.output import print_note
from harness.errors import ConfigurationError
from harness.records.board import Board, BoardEntry, Boards, FailedEntry
from harness.records.teams import Teams

if TYPE_CHECKING:
    from harness.cli.project import Project

Row = TypeVar("Row", BoardEntry, FailedEntry)


def with_team_names(boards: Boards, teams: Teams) -> Boards:
    """Put on each row of boards what its team is called."""
    if not teams.teams:
        return boards
    made = tuple(board_with_team_names(board, teams) for board in boards.boards)
    return replace(boards, boards=made)


def board_with_team_names(board: Board, teams: Teams) -> Board:
    """Put on each row of a board what its team is called."""
    return replace(
        board,
        entries=tuple([named(row, teams) for row in board.entries]),
        failed=tuple([named(row, teams) for row in board.failed]),
    )


def named(row: Row, teams: Teams) -> Row:
    """Put on a row what its team is called; one that nobody declares goes by its own word."""
    team = teams.named(row.team)
    return row if team is None else replace(row, team_name=team.name)


def teams_at_hand(project: Project) -> Teams:
    """Read who the teams are, to show it once: a file with a fault is left out, which is said."""
    try:
        return project.teams()
    except ConfigurationError as error:
        print_note(f"warning: {printable(error.message)}")
        print_note(f"fix: {printable(error.remedy)}; teams go by what entries call them")
        return Teams()
