"""The quota of official evaluations, as an organiser meets it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from msgspec.structs import replace
from projects import model_of, temporary_folder, write_entry, write_project
from record_samples import outcomes, record
from signing_samples import signer, write_key
from toy_task import texts, write_parquet
from typer.testing import CliRunner, Result

from harness.cli.app import app
from harness.cli.check import check_context
from harness.cli.evaluating.quota import require_quota
from harness.cli.evaluating.running import Results
from harness.cli.project import Project
from harness.errors import ConfigurationError
from harness.records.evaluation import Campaign
from harness.records.unfinished import Begun, Finished, Stood
from harness.store.results import write
from harness.store.unfinished import Log, log_path
from harness.submissions.check import CheckReport, check
from harness.tasks.protocol import TaskData

HIDDEN: dict[str, Any] = {"source": "directory", "public": False, "seed": None}
MOMENT = "2026-02-02T03:04:0{}+00:00"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give a project with a quota of two, an organiser's key, and a place for its private part."""
    with temporary_folder():
        project = write_project(tmp_path / "project")
        rules = project / "leaderboard" / "rules.toml"
        quota = '\n[quota]\nofficial_evaluations = 2\n\n[reference.toy]\nnull = "nothing"\n'
        rules.write_text(rules.read_text(encoding="utf-8") + quota, encoding="utf-8")
        monkeypatch.setenv("HARNESS_ROOT", str(project))
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
        yield project


def has_had(root: Path, count: int, *, where: str = "leaderboard/results", first: int = 0) -> None:
    """Keep so many official evaluations of the toys' team."""
    write_key(root / "leaderboard" / "keys")
    for number in range(first, first + count):
        made = record(
            "theirs",
            task={"id": "toy"},
            data=HIDDEN,
            created=MOMENT.format(number),
            submission=_of_the_toys(),
        )
        write(root / where, made, outcomes(), signer())


def _of_the_toys() -> Any:  # noqa: ANN401 - a record's
    return replace(record("theirs").submission, team="the TOYS")


def asked(
    root: Path,
    *entries: str,
    signed: bool = True,
    public: bool = False,
    output: str = "leaderboard/results",
    resume: bool = False,
) -> None:
    """Ask for evaluations of entries of the toys' team."""
    context = check_context(Project(root))
    reports: list[CheckReport] = []
    for name in entries:
        folder = root / "submissions" / name
        reports.append(check(folder if folder.exists() else write_entry(root, name), context))
    results = Results(root / output, cast("Any", None), signer() if signed else None)
    data = cast("TaskData", SimpleNamespace(reference=SimpleNamespace(public=public, digest="da")))
    asked_for = [(report, data) for report in reports]
    require_quota(Project(root), results, asked_for, resume=resume)


@pytest.mark.parametrize(
    ("had", "entries", "allowed"),
    [
        (0, ["one", "two"], True),
        (1, ["one"], True),
        (1, ["one", "two"], False),
        (2, ["one"], False),
        (0, ["one", "two", "three"], False),
    ],
)
def test_all_that_are_asked_for_count_together(
    root: Path, had: int, entries: Sequence[str], allowed: bool
) -> None:
    has_had(root, had)
    if allowed:
        asked(root, *entries)
        return
    with pytest.raises(ConfigurationError) as caught:
        asked(root, *entries)
    for part in (f"'The toys' has had {had} of 2", "of toy", ", ".join(entries), "nothing was run"):
        assert part in caught.value.message
    assert "rules.toml" in caught.value.remedy


NOTHING_OFFICIAL: dict[str, dict[str, Any]] = {
    "not signed": {"signed": False},
    "public labels": {"public": True},
}


@pytest.mark.parametrize("case", NOTHING_OFFICIAL)
def test_what_is_not_official_is_not_refused(root: Path, case: str) -> None:
    has_had(root, 2)
    asked(root, "one", **NOTHING_OFFICIAL[case])


def test_a_key_that_was_revoked_gives_no_evaluations_back(root: Path) -> None:
    has_had(root, 2)
    revoked = 'since = 2026-01-01T00:00:00Z\nreason = "compromised"'
    write_key(root / "leaderboard" / "keys", revoked=revoked)
    with pytest.raises(ConfigurationError, match="has had 2 of 2"):
        asked(root, "one")


def test_a_reference_entry_of_the_rules_is_not_refused(root: Path) -> None:
    has_had(root, 2)
    asked(root, "nothing")


def test_results_elsewhere_do_not_begin_a_new_count(root: Path) -> None:
    has_had(root, 1)
    has_had(root, 1, where="other", first=1)
    has_had(root, 1, where="other")  # the very same record in both folders
    asked(root, "one", output="nowhere")
    with pytest.raises(ConfigurationError, match="has had 2 of 2"):
        asked(root, "one", output="other")


def interrupted(root: Path, entry: str, digest: str) -> None:
    """Keep an official evaluation whose command was interrupted before it could take note."""
    write_key(root / "leaderboard" / "keys")
    made = record(
        entry, task={"id": "toy"}, data=HIDDEN | {"digest": "da"}, digest=digest,
        campaign=Campaign(id="c0ffee", entries=(entry, "steady"), control="steady"),
    )  # fmt: skip
    made = replace(made, submission=replace(made.submission, team="the TOYS"))
    write(root / "leaderboard" / "results", made, outcomes(), signer())
    log = Log(log_path(root / "leaderboard" / "results", "c0ffee"))
    log.add(
        Begun(
            campaign="c0ffee", began_utc=MOMENT.format(0), task="toy", entries=(entry,),
            control="steady", same={},
        ),
        Stood(entry=entry, session=made.sessions[0], answers=()),
        Finished(record=made, outcomes=None),
    )  # fmt: skip
    log.close()


def test_what_is_gone_on_with_is_no_further_evaluation(root: Path) -> None:
    digest = check(write_entry(root, "one"), check_context(Project(root))).digest
    assert digest is not None
    interrupted(root, "one", digest)
    has_had(root, 1, first=1)
    with pytest.raises(ConfigurationError, match="has had 2 of 2"):
        asked(root, "one")
    asked(root, "one", resume=True)
    with pytest.raises(ConfigurationError, match="has had 1 of 2"):
        asked(root, "one", "two", resume=True)
    (root / "submissions" / "one" / "more.txt").write_text("changed", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="has had 2 of 2"):
        asked(root, "one", resume=True)


def test_rules_without_a_quota_refuse_nobody(root: Path) -> None:
    has_had(root, 2)
    rules = root / "leaderboard" / "rules.toml"
    text = rules.read_text(encoding="utf-8")
    rules.write_text(text.replace("[quota]\nofficial_evaluations = 2\n", ""), encoding="utf-8")
    asked(root, "one", "two", "three")


def evaluate(root: Path, data: Path, *options: str) -> Result:
    arguments = ["evaluate", str(root / "submissions" / "mine"), "--meter", "model"]
    official = ["--protocol", "official", "--sign", "jury", "--profile", "bench"]
    return CliRunner().invoke(app, [*arguments, "--data", str(data), *official, *options])


def test_each_official_evaluation_says_how_many_there_were_and_the_third_is_refused(
    root: Path, tmp_path: Path
) -> None:
    for arguments in (["keys", "new", "jury"], ["doctor", "--write-profile", "bench"]):
        assert CliRunner().invoke(app, arguments).exit_code == 0
    data = write_parquet(tmp_path / "data", train=texts("train", 4), test=texts("test", 6))
    answers = "return [int(sample.split()[2][-1]) % 2 for sample in samples]"
    write_entry(root, "mine", model_of(answers))

    first = evaluate(root, data, "--json")
    second = evaluate(root, data)
    third = evaluate(root, data, "--json")
    quick = evaluate(root, data, "--protocol", "quick", "--json")  # the last one said counts

    summary = json.loads(first.stdout)["summary"]
    assert summary["status"] == "completed"
    assert (summary["official_evaluations"], summary["official_evaluations_allowed"]) == (1, 2)
    assert "official      2 of 2 that the rules allow" in second.stdout
    assert third.exit_code == quick.exit_code == 2
    assert (
        "has had 2 of 2 official evaluations of toy" in json.loads(third.stdout)["error"]["message"]
    )
    assert len([*(root / "leaderboard" / "results").rglob("*Z-*[0-9a-f].json")]) == 2
