"""Files of a results folder, as anybody may put them there, all the way to the page."""

from __future__ import annotations

import io
import json
import re
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import jsonschema
import msgspec
import pytest
from fuzzing import Fuzz, Plan, Target, WronglyJudgedError, sweep
from mutations import altered, spoilt_bytes
from record_samples import RULES, outcomes, record
from rich.console import Console

from harness.cli.terminal.boards import print_boards
from harness.ranking.boards import make_boards
from harness.records.base import canonical_json, convert, parse_json, pretty_json
from harness.records.board import Problem
from harness.records.evaluation import EvaluationRecord
from harness.site import render as site
from harness.store.reading import StoredRecord, read_all
from harness.store.results import write

ROOT = Path(__file__).parents[2]
TOKENS = (
    b"NaN", b"Infinity", b"-Infinity", b"1e999", b"-1e999", b"-0", b"-0.0", b"01", b"1.", b"0x10",
    b"9" * 4_000, b"9" * 5_000, b"1e-400", b"null", b"true", b"{", b"}", b"[", b"]", b",", b":",
    b'"',
    b"'", b"\\", b"\\ud800", b"\\udfff\\ud800", b"\\ud83d\\ude00", b"\\u0000", b"\\u001b[31m",
    b"\0", b"\x1b", b"\x7f", b"\xff", b"\xed\xa0\x80", b"\xc0\x80", b"\xef\xbb\xbf",
    b"\xe2\x80\xa8",
    b"[" * 100_000, b'{"a":' * 50_000, b"[" * 900, b"//", b"/* */", b"\x0c", b"\xc2\xa0",
    b'"schema": 1, ', b'"schema": 99, ', b'"signature": null, ', b'"outcome": {}, ', b" " * 9,
)  # fmt: skip
GOOD = "the-good-task"
SOMEWHERE = "a-task/an-entry/anywhere.json"
_KEY = re.compile(rb'"[a-z_]+": ')


@cache
def originals() -> tuple[dict[str, Any], ...]:
    """Return records that were made up for tests, and two of the demonstration's."""
    made = [
        record(joules=(39.0,)),
        record(joules=(39.0, 41.0), isolation="A", protocol="quick"),
        record("other", failed="load", joules=()),
        record(demonstration=True, joules=(39.0,), scenario="single"),
    ]
    found = [msgspec.to_builtins(each) for each in made]
    stored = sorted((ROOT / "leaderboard" / "results").glob("*/*/*Z-????????.json"))
    for path in (stored[0], stored[-1]):
        shown = json.loads(path.read_bytes())
        shown["sessions"] = shown["sessions"][:1]  # the others say no more, and take time
        found.append(shown)
    return tuple(json.loads(json.dumps(each)) for each in found)


@cache
def schema() -> jsonschema.Draft202012Validator:
    """Return the published schema, as it lies in the documentation."""
    text = (ROOT / "docs" / "reference" / "record.schema.json").read_text()
    return jsonschema.Draft202012Validator(json.loads(text))


def make(rng: Random) -> bytes:
    tree: Any = rng.choice(originals())
    for _ in range(rng.choice((0, 1, 1, 1, 2, 5))):
        tree = altered(tree, rng)
    content = written(tree, rng)
    for _ in range(rng.choice((0, 0, 0, 0, 1, 1, 3))):
        content = spoilt_bytes(content, rng, TOKENS)
    if rng.random() < 0.1 and (keys := list(_KEY.finditer(content))):
        key = rng.choice(keys)
        content = content[: key.start()] + key[0] + b"0, " + content[key.start() :]
    return content


def written(tree: Any, rng: Random) -> bytes:  # noqa: ANN401 - a record that was altered
    """Write JSON that may hold numbers of any length, NaN, and halves of surrogate pairs."""
    digits = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(0)
    try:
        # Mostly in the very spelling of the harness, so that it is not refused for that alone.
        text = json.dumps(tree, default=str, ensure_ascii=rng.random() < 0.1, indent=1) + "\n"
    finally:
        sys.set_int_max_str_digits(digits)
    return text.encode("utf-8", "surrogatepass")


def valid(content: bytes) -> Any:  # noqa: ANN401 - what JSON may hold
    """Return what a file says where the schema and the rules of JSON allow it, else ``None``."""

    def once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({key for key, _ in pairs}) < len(pairs):
            raise ValueError("a key stands twice")
        return dict(pairs)

    try:
        plain = json.loads(content.decode("utf-8"), object_pairs_hook=once_each)
        written = json.dumps(plain, allow_nan=False, ensure_ascii=False).encode("utf-8")
        return plain if written and schema().is_valid(plain) else None
    except (ValueError, RecursionError):
        return None


@dataclass(frozen=True)
class Folder:
    """A results folder that holds one record that is fine."""

    results: Path
    good: str

    def put(self, place: str, content: bytes) -> Path:
        path = self.results / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    results = tmp_path / "results"
    _, path = write(results, record("good", task={"id": GOOD}, joules=(39.0,)), None)
    return Folder(results, path.relative_to(results).as_posix())


def judge_in(folder: Folder) -> Callable[[bytes], str]:
    def judge(content: bytes) -> str:
        expected = valid(content)
        taken, problems = _read(folder, SOMEWHERE, content)
        if taken:
            raise WronglyJudgedError("taken where it does not belong")
        if (place := _said_place(problems)) is not None:
            taken, problems = _read(folder, place, content)
        if taken and expected is None:
            raise WronglyJudgedError("taken, and the schema forbids it")
        if not taken and not problems:
            raise WronglyJudgedError("neither taken nor a problem")
        for each in taken:
            _require_same(each.record, expected)
        boards = make_boards(taken, RULES, problems)
        if boards.boards:
            site.render(boards)
        _require_showable(boards)
        return "ranked" if boards.boards else "not ranked" if taken else problems[0].code

    return judge


def _read(
    folder: Folder, place: str, content: bytes
) -> tuple[tuple[StoredRecord, ...], tuple[Problem, ...]]:
    """Read the folder with a file put there for a moment; the record that is fine must be found."""
    path = folder.put(place, content)
    try:
        stored, problems = read_all(folder.results)
    finally:
        shutil.rmtree(path.parents[1])
    taken = tuple(each for each in stored if each.path != folder.good)
    if len(taken) == len(stored):
        raise WronglyJudgedError("it hides the record beside it")
    return taken, problems


def _said_place(problems: tuple[Problem, ...]) -> str | None:
    """Return where a file is said to belong, if it is a place in the folder and not the other's."""
    (problem,) = problems
    said = re.search("its content belongs at (.+): it was moved", problem.message)
    plain = r"(?!\.)[\w.-]{1,99}"
    if said is None or not re.fullmatch(f"{plain}/{plain}/{plain}", said[1], re.ASCII):
        return None
    return None if said[1].startswith(GOOD) else said[1]


def _require_same(read: EvaluationRecord, said: Any) -> None:  # noqa: ANN401 - plain JSON
    """Every field that the file gives is what was made of it, and it is written as it was read."""
    _require_within(json.loads(pretty_json(read)), said)
    if parse_json(pretty_json(read), EvaluationRecord, "again") != read or not canonical_json(read):
        raise WronglyJudgedError("it is not read as it was written")


def _require_within(read: Any, said: Any) -> None:  # noqa: ANN401 - plain JSON
    if isinstance(said, dict):
        for key, value in said.items():
            _require_within(read[key], value)
    elif isinstance(said, list):
        for one, other in zip(read, said, strict=True):
            _require_within(one, other)
    elif read != said:
        raise WronglyJudgedError(f"{said!r:.100} became {read!r:.100}")


def _require_showable(boards: Any) -> None:  # noqa: ANN401 - Boards
    screen = io.StringIO()
    print_boards(
        Console(file=screen, width=120, highlight=False),
        boards,
        Path("index.html"),
        [0] * len(boards.boards),
    )
    for character in "\x1b\x07\x00\x9b\u202e":
        if character in screen.getvalue():
            raise WronglyJudgedError(f"{character!r} reaches the terminal: {screen.getvalue()!r}")


def test_no_record_is_misjudged(folder: Folder, fuzz: Fuzz) -> None:
    expected = frozenset({"ranked", "not-json", "fields"})
    fuzz(Target("records", make, judge_in(folder), expected))


def taking_unknown_fields(plain: Any, into: type[EvaluationRecord], where: object) -> Any:  # noqa: ANN401
    known = {key: value for key, value in plain.items() if key != "unknown"}
    return convert(known, into, where)


@pytest.mark.parametrize(
    ("part", "weaker"),
    [
        ("harness.store.reading.convert", taking_unknown_fields),
        ("harness.cli.terminal.boards.visible", str),
    ],
)
def test_a_reader_that_lets_something_through_is_found(
    part: str, weaker: Callable[..., object], folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(part, weaker)
    target = Target("weaker", make_marked, judge_in(folder), frozenset())
    assert sweep(target, Plan(cases=80)).failures


def make_marked(rng: Random) -> bytes:
    """Make a record that is fine but for one thing, so that a weaker reader lets it through."""
    old, new = rng.choice((("{\n", '{\n "unknown": 1,\n'), ("A team", "A \\u001b[31mteam")))
    text = json.dumps(originals()[0], indent=1, ensure_ascii=False) + "\n"
    return text.replace(old, new, 1).encode()


def make_outcomes(rng: Random) -> bytes:
    tree: Any = msgspec.to_builtins(outcomes())
    for _ in range(rng.choice((0, 1, 1, 2))):
        tree = altered(tree, rng)
    content = written(tree, rng)
    return spoilt_bytes(content, rng, TOKENS) if rng.random() < 0.5 else content


def test_no_sidecar_breaks_the_reading(folder: Folder, fuzz: Fuzz) -> None:
    sidecar = folder.good.replace(".local.json", ".local.items.json")

    def judge(content: bytes) -> str:
        folder.put(sidecar, content)
        stored, problems = read_all(folder.results)
        (only,) = stored
        (problem,) = problems  # the record beside it commits to no outcomes
        if problem.code != "items-altered" or only.path != folder.good:
            raise WronglyJudgedError(f"{problem}")
        return "refused"

    fuzz(Target("sidecars", make_outcomes, judge, frozenset({"refused"})))
