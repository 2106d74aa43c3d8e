"""What a project's tasks are called in the languages of the site, and what is not translated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from harness.cli.errors import printable
from harness.cli.output import print_note
from harness.errors import ConfigurationError
from harness.records.fields import key_spelled
from harness.records.task_words import FILE_NAME, TaskWords, parse_task_words
from harness.store.imported import imported_folder

if TYPE_CHECKING:
    from pathlib import Path

    from harness.cli.project import Project
    from harness.records.board import Board, Boards
    from harness.tasks import TaskCard


class Words(NamedTuple):
    """What tasks are called."""

    by_task: Mapping[str, tuple[TaskWords, ...]]
    """By their identifiers: in their own language first."""
    versions: Mapping[str, int]
    """The version of each task that the words are of."""
    gone: tuple[str, ...] = ()
    """Tasks that have words and results, and no folder any more: nothing shows their words."""

    def of(self, board: Board) -> tuple[TaskWords, ...]:
        """Return the words of a board's task; of another version of it there are none."""
        if self.versions.get(board.task) != board.task_version:
            return ()
        return self.by_task[board.task]


def task_words(project: Project) -> Words:
    """Read the words of all tasks: their own, and those of ``leaderboard/words.<code>.toml``.

    Raises ``ConfigurationError`` naming every fault of every such file.
    """
    cards = project.cards()
    files, faults = _files(project, cards)
    if faults:
        remedies = dict.fromkeys(each.remedy for each in faults if each.remedy)
        raise ConfigurationError(
            "\n".join(each.message for each in faults), remedy="; ".join(remedies)
        )
    return _words(cards, files)


def words_at_hand(project: Project) -> Words:
    """Read the words of all tasks for one page: a file with a fault is left out, which is said."""
    cards = project.cards()
    files, faults = _files(project, cards)
    for each in faults:
        print_note(f"warning: {printable(each.message)}")
        print_note(f"fix: {printable(each.remedy)}; this report has the tasks' own words instead")
    return _words(cards, files)


def _words(cards: tuple[TaskCard, ...], files: Mapping[str, Mapping[str, TaskWords]]) -> Words:
    by_task = {
        card.task.id: (
            _own(card),
            *(words[card.task.id] for words in files.values() if card.task.id in words),
        )
        for card in cards
    }
    gone = sorted({task for words in files.values() for task in words} - by_task.keys())
    return Words(by_task, {card.task.id: card.task.version for card in cards}, tuple(gone))


def with_words(boards: Boards, words: Words) -> Boards:
    """Put on each board what its task is called; on those of imported claims, too."""
    return replace(
        boards,
        boards=tuple(board_with_words(board, words) for board in boards.boards),
        imported=tuple(
            replace(each, task_words=words.by_task.get(each.task, ())) for each in boards.imported
        ),
    )


def board_with_words(board: Board, words: Words) -> Board:
    """Put on a board what its task is called."""
    return replace(board, task_words=words.of(board))


def missing_words(project: Project) -> tuple[str, ...]:
    """Name what pages show in English for want of a translation: a line a task and language."""
    return tuple(_missing(project.cards(), task_words(project)))


def _missing(cards: tuple[TaskCard, ...], words: Words) -> Iterator[str]:
    from harness.site.language import codes
    from harness.site.paths import MAIN_LANGUAGE

    for code in codes():
        if code == MAIN_LANGUAGE:
            continue
        for card in cards:
            task = card.task.id
            found = next((each for each in words.by_task[task] if each.language == code), None)
            if found is None:
                missing = ["title"]
            else:
                missing = [key for key in ("description", "query") if not getattr(found, key)]
                unnamed = (n for n in card.label_names if n not in found.labels)
                missing += [f"labels.{key_spelled(n)}" for n in unnamed]
            if missing:
                yield f"leaderboard/words.{code}.toml: tasks.{task}: no {', '.join(missing)}"


def _own(card: TaskCard) -> TaskWords:
    from harness.site.paths import MAIN_LANGUAGE

    task = card.task
    return TaskWords(
        language=MAIN_LANGUAGE, title=task.title, description=task.description, query=task.query
    )


def _files(
    project: Project, cards: tuple[TaskCard, ...]
) -> tuple[dict[str, dict[str, TaskWords]], list[ConfigurationError]]:
    labels: dict[str, frozenset[str] | None] = {
        card.task.id: frozenset(card.label_names) for card in cards
    }
    kept = (project.results, imported_folder(project.results))
    gone = {path.name for folder in kept for path in folder.glob("*") if path.is_dir()}
    labels |= dict.fromkeys(sorted(gone - labels.keys()))
    read: dict[str, dict[str, TaskWords]] = {}
    faults: list[ConfigurationError] = []
    for path in sorted(project.leaderboard.glob("words.*.toml")):
        try:
            code = _code(path)
            read[code] = parse_task_words(path.read_bytes(), path, code, labels)
        except OSError as error:
            why = f"{path}: cannot be read: {error.strerror}"
            faults.append(ConfigurationError(why, remedy="make it a file that can be read"))
        except ConfigurationError as error:
            faults.append(error)
    return read, faults


def _code(path: Path) -> str:
    """Return the language that a file is named for: one of the site's other languages."""
    from harness.site.language import codes
    from harness.site.paths import MAIN_LANGUAGE

    found = FILE_NAME.fullmatch(path.name)
    code = found["code"] if found else ""
    others = tuple(each for each in codes() if each != MAIN_LANGUAGE)
    if code in others:
        return code
    why = f"the site has no catalogue of {code!r}: it has {', '.join(others)}"
    if code == MAIN_LANGUAGE:
        why = "tasks say it themselves, in task.toml"
    raise ConfigurationError(
        f"{path}: {why}", remedy="name a language of the site, or remove the file"
    )
