"""Remaking the demonstration takes its own records away, and nobody else's."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from projects import write_project
from record_samples import RULES, TASK, digest_of, outcomes, record
from signing_samples import signer

BENCHMARKS = Path(__file__).resolve().parent.parent / "benchmarks"
sys.path.append(str(BENCHMARKS))

import demonstration  # noqa: E402 - the benchmarks are scripts, found on the path above
from reference import Now, Reference  # noqa: E402 - likewise

from harness.records.evaluation import Campaign  # noqa: E402 - after the path, for its own order
from harness.store.results import write  # noqa: E402

OTHER = "another-task"
NOW = Now(
    harness="0.1.0", rules=RULES.reference_to_these.digest,
    tasks={TASK: "7a" * 32, OTHER: "7a" * 32}, machine="12345678",
)  # fmt: skip


def entry_of(
    name: str, task: str = TASK, *, digest: str | None = None, fault: str = ""
) -> Reference:
    return Reference(Path("submissions") / name, task, digest or digest_of(name), fault)


class Remaking:
    """A demonstration in which nothing is measured: what it asks for, and what it is told."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.results = root / "leaderboard" / "results"
        self.entries: list[Reference] = []
        self.codes: dict[str, int] = {}
        self.asked: list[list[str]] = []
        self.resumes = False
        self.made = 0
        monkeypatch.setattr(demonstration, "ROOT", root)
        monkeypatch.setattr(demonstration, "RESULTS", self.results)
        monkeypatch.setattr(demonstration, "reference_entries", lambda _: self.entries)
        monkeypatch.setattr(demonstration, "look", lambda _: NOW)
        monkeypatch.setattr(demonstration, "evaluate", self._evaluate)
        monkeypatch.setattr(demonstration, "regenerate", self._regenerate)
        monkeypatch.setattr(demonstration, "take_picture", lambda: 0)

    def _evaluate(self, entries: Sequence[Reference], *, resume: bool) -> int:
        assert resume == self.resumes
        self.asked.append([entry.name for entry in entries])
        code = next((self.codes[e.name] for e in entries if e.name in self.codes), 0)
        for entry in entries if code == 0 else ():
            self.write(entry.name, task=entry.task or "", created="2026-02-02T03:04:05+00:00")
        return code

    def _regenerate(self) -> int:
        self.made += 1
        return 0

    def write(
        self, entry: str, task: str = TASK, campaign: str = "c0ffee", **changes: object
    ) -> Path:
        made = record(
            entry, demonstration=True, task={"id": task},
            campaign=Campaign(id=campaign, entries=()), **changes,  # type: ignore[arg-type] # any field
        )  # fmt: skip
        return write(self.results, made, outcomes())[1]

    def entries_shown(self) -> list[str]:
        records = [path for path in demonstration.committed() if "items" not in path.name]
        return sorted(path.parent.name for path in records)


@pytest.fixture
def remaking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Remaking:
    return Remaking(write_project(tmp_path / "project"), monkeypatch)


def test_signed_and_self_reported_results_are_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demonstration, "RESULTS", tmp_path)
    _, shown = write(tmp_path, record("shown", demonstration=True), outcomes())
    write(tmp_path, record("signed"), outcomes(), signer())
    write(tmp_path, record("local"), outcomes())

    assert demonstration.committed() == [shown, shown.with_suffix(".public.items.json")]


def test_every_entry_is_evaluated_and_what_was_there_before_goes(remaking: Remaking) -> None:
    old = remaking.write("gone")
    again = remaking.write("here")
    remaking.entries = [entry_of("here"), entry_of("new")]

    assert demonstration.main([]) == 0

    assert remaking.asked == [["here", "new"]]
    assert remaking.entries_shown() == ["here", "new"]
    assert not old.exists()
    assert not again.exists()
    assert remaking.made == 1


def test_with_missing_a_task_is_left_alone_only_if_one_campaign_has_all_of_it(
    remaking: Remaking,
) -> None:
    kept = [remaking.write("one"), remaking.write("two")]
    remaking.write("gone")
    remaking.write("here", OTHER)
    remaking.write("of-another-campaign", OTHER, campaign="decaf")
    remaking.write("gone-too", OTHER)
    remaking.entries = [
        entry_of("here", OTHER), entry_of("of-another-campaign", OTHER),
        entry_of("one"), entry_of("two"),
    ]  # fmt: skip
    remaking.resumes = True

    assert demonstration.main(["--missing"]) == 0

    assert remaking.asked == [["here", "of-another-campaign"]]
    assert all(path.exists() and path.with_suffix(".public.items.json").exists() for path in kept)
    assert remaking.entries_shown() == ["here", "of-another-campaign", "one", "two"]


@pytest.mark.parametrize(
    "changes",
    [
        {"digest": "00" * 32},
        {"hardware": {"fingerprint": "0" * 8}},
        {"campaign": "decaf"},
        {"failed": "load"},
    ],
    ids=["the entry changed", "another machine", "another campaign", "it failed"],
)
def test_with_missing_a_task_with_one_record_of_no_use_is_evaluated_again(
    remaking: Remaking, changes: dict[str, object]
) -> None:
    remaking.write("one")
    remaking.write("two", **changes)  # type: ignore[arg-type] # any field
    remaking.entries = [entry_of("one"), entry_of("two")]
    remaking.resumes = True

    assert demonstration.main(["--missing"]) == 0

    assert remaking.asked == [["one", "two"]]
    assert remaking.entries_shown() == ["one", "two"]


def test_an_entry_that_fails_is_an_error_and_the_old_records_stay(
    remaking: Remaking, capsys: pytest.CaptureFixture[str]
) -> None:
    old = remaking.write("neural")
    remaking.entries = [entry_of("neural"), entry_of("other", OTHER)]
    remaking.codes = {"neural": 1}

    assert demonstration.main([]) == 1

    assert remaking.asked == [["neural"], ["other"]]
    assert f"{TASK} failed with exit code 1" in capsys.readouterr().err
    assert old.exists()
    assert remaking.made == 0


def test_an_entry_that_does_not_pass_check_ends_it_before_anything_is_run(
    remaking: Remaking, capsys: pytest.CaptureFixture[str]
) -> None:
    remaking.entries = [entry_of("fine"), entry_of("torn", fault="model.py: is missing [FRG201]")]

    assert demonstration.main([]) == 1

    assert remaking.asked == []
    assert "torn does not pass check: model.py: is missing" in capsys.readouterr().err


def test_an_interrupt_ends_it_at_once(remaking: Remaking) -> None:
    old = remaking.write("first")
    remaking.entries = [entry_of("first"), entry_of("second", OTHER)]
    remaking.codes = {"first": 130}

    assert demonstration.main([]) == 130

    assert remaking.asked == [["first"]]
    assert old.exists()
