"""Files that are to be imported, as anybody may send them: taken as they are, or refused whole."""

from __future__ import annotations

import csv
import io
import json
import math
from random import Random
from typing import Any

import pytest
from fuzzing import Fuzz, Plan, Target, WronglyJudgedError, sweep
from imported_samples import DATA_SET, TASK, document, row, table
from msgspec import to_builtins
from mutations import ODD_TEXTS, altered, spoilt_bytes

from harness.records.base import parse_json, pretty_json
from harness.records.imported import ImportedResult
from harness.store.import_2025 import read_2025
from harness.store.import_codecarbon import read_codecarbon
from harness.store.import_faults import ImportFault

TOKENS = (
    b"NaN", b"nan", b"Infinity", b"-inf", b"1e999", b"-1", b"1e-400", b"0x10", b"1_000", b"1,5",
    b"9" * 5_000, b'"', b'""', b",", b";", b"\t", b"\r", b"\n", b"\r\n", b"\0", b"\x1b", b"\xff",
    b"\xed\xa0\x80", b"\xef\xbb\xbf", b"=1+1", b"@SUM(1)", b"\xe2\x80\xae", b"\\ud800",
    b"[" * 9_000, b'{"a":' * 9_000, b"{}", b"[]", b"null", b'"run_id": "x", ', b"\xd9\xa3", b" ",
)  # fmt: skip


def make_table(rng: Random) -> bytes:
    rows = [row(run_id=f"run-{n}") for n in range(rng.choice((1, 1, 2, 3)))]
    for _ in range(rng.choice((0, 1, 1, 2))):
        rng.choice(rows)[rng.choice(list(rows[0]))] = rng.choice(
            (*ODD_TEXTS, "0.5", "-1", "nan", "1e9", "1e-9", "500", "")
        )
    content = table(*rows) if rng.random() < 0.9 else table(*rows, delimiter=";")
    for _ in range(rng.choice((0, 0, 0, 1, 2))):
        content = spoilt_bytes(content, rng, TOKENS)
    return content


def make_json(rng: Random) -> bytes:
    tree: Any = document()
    for _ in range(rng.choice((0, 1, 1, 2))):
        tree = altered(tree, rng)
    if rng.random() < 0.2:
        tree = [tree] * rng.choice((0, 1, 2))
    try:
        content = json.dumps(tree, default=str).encode()
    except ValueError:  # a number of more digits than Python spells
        content = b"1" * 10_000
    return spoilt_bytes(content, rng, TOKENS) if rng.random() < 0.3 else content


def judged(results: list[ImportedResult], faults: list[ImportFault]) -> str:
    """Say what became of a file; what was taken holds what it must, and is read as written."""
    for fault in faults:
        if not str(fault).isprintable():
            raise WronglyJudgedError(f"a fault that cannot be printed: {fault!r}")
    if faults:
        return "refused"
    if not results:
        raise WronglyJudgedError("neither taken nor refused")
    for result in results:
        _require_sound(result)
    return "taken"


def _require_sound(result: ImportedResult) -> None:
    figures = list(_numbers(to_builtins(result)))
    if not all(math.isfinite(each) and 0 <= each <= 1e12 for each in figures):
        raise WronglyJudgedError(f"taken: {figures}")
    if result.energy.value == 0:
        raise WronglyJudgedError("an energy of nothing was taken")
    if parse_json(pretty_json(result), ImportedResult, "again") != result:
        raise WronglyJudgedError("it is not read as it is written")
    for text in _texts(to_builtins(result)):
        if text.startswith(("=", "+", "-", "@")) or any(each in text for each in "\x1b\0\u202e"):
            raise WronglyJudgedError(f"taken: {text!r}")


def _numbers(plain: Any) -> Any:  # noqa: ANN401 - plain values
    if isinstance(plain, dict | list | tuple):
        for inner in plain.values() if isinstance(plain, dict) else plain:
            yield from _numbers(inner)
    elif isinstance(plain, int | float):
        yield plain


def _texts(plain: Any) -> Any:  # noqa: ANN401 - plain values
    if isinstance(plain, dict | list | tuple):
        for inner in plain.values() if isinstance(plain, dict) else plain:
            yield from _texts(inner)
    elif isinstance(plain, str):
        yield plain


def judge_table(content: bytes) -> str:
    results, faults = read_codecarbon(content, "e.csv", "ab" * 32, task=TASK, team=None, name=None)
    verdict = judged(results, faults)
    if verdict == "taken":  # pandas' and everybody's reader sees as many rows
        rows = list(csv.DictReader(io.StringIO(content.decode(), newline="")))
        if [each.run_id for each in results] != [each["run_id"] for each in rows]:
            raise WronglyJudgedError("other rows were taken than are there")
        for result, cells in zip(results, rows, strict=True):
            if result.energy.value != float(cells["energy_consumed"]):
                raise WronglyJudgedError("another energy was taken than is there")
    return verdict


def judge_json(content: bytes) -> str:
    results, faults = read_2025(
        content,
        "r.json",
        "ab" * 32,
        find_task={DATA_SET: TASK}.get,
        task=None,
        team=None,
        name=None,
    )
    verdict = judged(results, faults)
    if verdict == "taken":
        plain = json.loads(content)
        documents = plain if isinstance(plain, list) else [plain]
        if [each.energy.value for each in results] != [d["energy_consumed_wh"] for d in documents]:
            raise WronglyJudgedError("another energy was taken than is there")
    return verdict


BOTH = frozenset({"taken", "refused"})


def test_no_table_of_codecarbon_is_misjudged(fuzz: Fuzz) -> None:
    fuzz(Target("codecarbon-imports", make_table, judge_table, BOTH))


def test_no_result_of_2025_is_misjudged(fuzz: Fuzz) -> None:
    fuzz(Target("results-of-2025", make_json, judge_json, BOTH))


def test_a_reader_that_lets_formulas_through_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    for asks in ("import_faults", "imported"):  # as it is read, and before it is kept
        monkeypatch.setattr(f"harness.store.{asks}.wrong_text", lambda *_, **__: None)
    target = Target("weaker-imports", make_table, judge_table, frozenset())
    assert sweep(target, Plan(cases=300)).failures
