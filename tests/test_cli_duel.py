"""``duel``: two entries that take turns in real sandboxes, and what is said of them."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from evaluation_fakes import assignment_in
from projects import model_of, write_entry, write_project
from toy_task import write_task
from typer.testing import CliRunner, Result

from harness.cli.app import app
from harness.cli.duel import judged
from harness.errors import SubmissionError
from harness.evaluation.duel import Cost, Duel, Round
from harness.evaluation.lock import machine_lock, shared_folder
from harness.evaluation.plan import PlannedSweep
from harness.ranking.duel import Contestant, DuelResult

CHECKOUT = Path(__file__).parents[1]
ANSWERS = "return [int(sample.split()[-1][0]) % 2 for sample in samples]"
WORKS = f"sum(range(200_000 * len(samples)))\n{ANSWERS}"
"""Several milliseconds of work for each query."""
runner = CliRunner()


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = write_project(tmp_path / "project")
    monkeypatch.setenv("HARNESS_ROOT", str(root))
    return root


def fought(*arguments: object) -> Result:
    short = ("--rounds", "5", "--seconds", "0.1")
    return runner.invoke(app, ["duel", *map(str, arguments), *short])


def told(result: Result) -> dict[str, Any]:
    document = json.loads(result.stdout)
    assert isinstance(document, dict)
    return document


def test_who_takes_more_is_told_and_is_a_regression(root: Path) -> None:
    hundredth = WORKS.replace("200_000", "2_000")  # so much that no mood of the machine hides it
    light = write_entry(root, "light", model_of(hundredth))
    heavy = write_entry(root, "heavy", model_of(WORKS))
    result = fought(light, heavy, "--fail-on-regression", "--json")

    made = told(result)
    assert result.exit_code == 1
    assert made["queries"]["status"] == "more"
    assert made["regressions"] == ["queries", "as_ranked"]
    assert made["verdict"].startswith("heavy takes ")
    assert made["answers"] == made["answers_alike"] > 0
    assert "regression: queries and as ranked" in result.stderr
    assert fought(heavy, light, "--fail-on-regression").exit_code == 0
    assert not list((root / "leaderboard").glob("results/**/*.json"))  # nothing is recorded


def test_two_versions_of_one_name_are_called_by_their_folders(root: Path) -> None:
    now = write_entry(root, "mine", model_of(WORKS))
    before = root / "before" / "mine"
    shutil.copytree(now, before)
    result = fought(before, now)

    assert result.exit_code == 0, result.output
    assert str(before) in result.stdout
    assert "note: both are the same entry, byte by byte" in result.stderr
    assert re.search(r"^answers +([0-9,]+) of \1 are the same$", result.stdout, re.MULTILINE)
    for row in ("queries", "preparation", "as ranked", "answers", "on"):
        assert f"\n{row} " in result.stdout


def test_an_entry_that_fails_is_named_with_its_phase(root: Path) -> None:
    good = write_entry(root, "good")
    bad = write_entry(root, "bad", model_of("raise ValueError('no')"))
    result = fought(good, bad)

    assert result.exit_code == 1
    assert "error: calibration: bad: warm-up: " in result.stderr
    assert "ValueError: no" in result.stderr


def test_an_entry_that_fails_in_a_round_is_named_with_it(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = iter(range(5))

    def failing(self: Duel, planned: Sequence[PlannedSweep]) -> Round:
        if next(done) == 3:
            raise SubmissionError("bad: measured: died")
        return run_round(self, planned)

    run_round = Duel.run_round
    monkeypatch.setattr(Duel, "run_round", failing)
    monkeypatch.setattr(Duel, "queries_for", lambda *_: 8)
    result = fought(write_entry(root, "good"), write_entry(root, "bad", model_of(WORKS)))

    assert result.exit_code == 1
    assert "error: round 4 of 5: bad: measured: died\n" in result.stderr


def test_entries_of_two_tasks_are_refused(root: Path) -> None:
    write_task(root, task_id="other")
    one, other = write_entry(root, "one"), write_entry(root, "other", task="other")
    result = fought(one, other)

    assert result.exit_code == 2
    assert f"{one} is an entry of toy, and {other} of other" in result.stderr


def test_cpu_time_that_is_too_little_to_be_counted_is_not_compared(
    tmp_path: Path,
) -> None:
    ready = [assignment_in(tmp_path)] * 2
    decisions = (np.zeros(3, np.int64),) * 2
    rounds = [Round((Cost(0.1, 0.0, 100), Cost(0.1, 0.2, 100)), decisions)] * 5
    made = judged(("one", "other"), ready, rounds, 0.02)

    assert made.queries.status == "not-compared"
    assert "less CPU time than can be counted here" in made.verdict
    assert made.a.cpu_seconds_per_1000_queries == 0
    assert made.b.cpu_seconds_per_1000_queries == pytest.approx(2.0)
    assert made.regressions == ("as_ranked",)
    assert (made.answers, made.answers_alike) == (15, 15)


def test_one_folder_is_not_held_against_itself(root: Path) -> None:
    one = write_entry(root, "one")
    result = fought(one, one / ".." / "one")

    assert result.exit_code == 2
    assert "are the same folder" in result.stderr


def test_an_entry_that_does_not_pass_check_is_not_run(root: Path) -> None:
    good, bad = write_entry(root, "good"), write_entry(root, "bad")
    (bad / "submission.toml").write_text("schema = 1\n", encoding="utf-8")

    shown, as_json = fought(good, bad), fought(good, bad, "--json")

    assert (shown.exit_code, as_json.exit_code) == (1, 1)
    assert "nothing was run" in shown.stderr
    assert told(as_json)["error"]["message"].startswith("bad: does not pass check")


def test_an_entry_that_asks_for_an_accelerator_is_refused(root: Path) -> None:
    one, other = write_entry(root, "one"), write_entry(root, "other")
    with (other / "submission.toml").open("a", encoding="utf-8") as file:
        file.write('\n[environment]\naccelerator = "cuda"\n')
    result = fought(one, other)

    assert result.exit_code == 2
    assert "CPU time says nothing of what that does" in result.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--rounds", "4"), "--rounds"),
        (("--seconds", "0"), "--seconds"),
        (("--margin", "-1"), "--margin"),
        (("--margin", "nan"), "--margin"),
        (("--margin", "inf"), "--margin"),
        (("--seconds", "inf"), "--seconds"),
        (("--seconds", "nan"), "--seconds"),
        (("--weights", "nowhere"), "--weights"),
        (("--data", ""), "--data"),
    ],
)
def test_options_that_mean_nothing_are_refused(
    root: Path, options: tuple[str, str], said: str
) -> None:
    one, other = write_entry(root, "one"), write_entry(root, "other")
    result = runner.invoke(app, ["duel", str(one), str(other), *options])

    assert result.exit_code == 2
    assert said in result.stderr


def test_it_waits_for_nobody_who_has_the_machine(root: Path) -> None:
    one, other = write_entry(root, "one"), write_entry(root, "other")
    with machine_lock(shared_folder()):
        assert fought(one, other).exit_code == 3


def test_every_name_is_in_the_reference() -> None:
    page = (CHECKOUT / "docs" / "reference" / "cli.md").read_text(encoding="utf-8")
    section = page.partition("\n## `duel`\n")[2].partition("\n## ")[0]
    names = {*DuelResult.__struct_fields__, *Contestant.__struct_fields__}
    assert not [each for each in names if f"`{each}`" not in section and f'"{each}"' not in section]
