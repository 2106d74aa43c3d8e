"""The page of results: every entry on it, whatever became of it, and nothing of the machine."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from projects import model_of, write_entry, write_project
from record_samples import (
    RULES,
    TASK,
    component_energy,
    digest_of,
    quality,
    record,
    session,
)
from toy_task import texts, write_parquet

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "benchmarks"))

import reference  # noqa: E402 - the benchmarks are scripts, found on the path above
import results  # noqa: E402 - likewise
from results_page import Outcome, Page, Section, Table, UnlikeError, render  # noqa: E402 - likewise

from harness.records.evaluation import EvaluationRecord, MetricValue  # noqa: E402 - likewise
from harness.records.session import Notice  # noqa: E402 - likewise
from harness.tasks.card import read_card  # noqa: E402 - likewise

CARD = read_card(ROOT / "tasks" / TASK)


def measured(entry: str, value: float = 0.8, **changes: Any) -> EvaluationRecord:  # noqa: ANN401 - any field of the record
    """Make a record that is ranked as the card says."""
    made = quality(value)
    ranked = replace(made.metrics[0], name=CARD.ranked_metric.key)
    other = MetricValue(name="macro_f1", value=value / 2, low=0, high=1, interval_method="made up")
    return record(
        entry,
        task={"metric": CARD.ranked_metric.key},
        quality=replace(made, ranked=CARD.ranked_metric.key, metrics=(ranked, other)),
        **changes,
    )


def outcome(made: EvaluationRecord) -> Outcome:
    return Outcome(made.submission.entry, made)


def page_of(*sample: Outcome, real: Table | None = None, unfit: tuple[Outcome, ...] = ()) -> str:
    return render(
        Page(
            sections=(Section(CARD, Table(sample), real or Table((), "No real data was named.")),),
            unfit=unfit,
            protocol="quick",
            rules=RULES,
            versions={"harness": "0.1.0", "torch": "not installed"},
            command="python benchmarks/results.py --real DIR",
        )
    )


def row_of(page: str, entry: str) -> list[str]:
    (line,) = [line for line in page.splitlines() if line.startswith(f"| {entry} |")]
    return [cell.strip() for cell in line.strip("|").split(" | ")]


def test_a_row_says_quality_energy_time_and_how_they_came_about() -> None:
    notice = Notice(code="modelled-energy", message="no sensor", remedy="find one")
    made = measured("team-model", joules=(38.0, 39.0, 40.0), warnings=(notice, notice))

    row = row_of(page_of(outcome(made)), "team-model")

    assert row[:3] == ["team-model", "0.800 (0.770 to 0.830)", "0.400"]
    assert row[3].startswith("30.0 (")
    assert " to " in row[3]
    version = digest_of("team-model")[:8]
    assert row[4:] == ["sensor (package-0)", "B", "2.00", "3", "modelled-energy", f"`{version}`"]


def test_rows_are_in_the_order_of_quality_and_then_of_energy_however_they_come() -> None:
    outcomes = [
        outcome(measured("best", 0.9)),
        outcome(measured("cheap", 0.8, joules=(9.0, 9.0))),
        outcome(measured("dear", 0.8)),
    ]

    page = page_of(*outcomes)

    assert [page.index(f"| {name} |") for name in ("best", "cheap", "dear")] == sorted(
        page.index(f"| {name} |") for name in ("best", "cheap", "dear")
    )
    assert page == page_of(*reversed(outcomes))


def test_the_heading_names_machine_rules_versions_and_how_to_repeat_it() -> None:
    page = page_of(outcome(measured("team-model")))

    for fact in (
        "2026-01-02 03:04 to 2026-01-02 03:04 UTC",
        "Made-up processor, 8 cores, 32 GiB",
        "quick, offline: 3 sessions an entry",
        RULES.reference_to_these.digest[:8],
        "harness 0.1.0, torch not installed",
        "`python benchmarks/results.py --real DIR`",
        "1,200 items; digest `dadadadadadadada`",
    ):
        assert fact in page


def test_what_failed_and_what_was_not_run_is_listed_with_the_reason() -> None:
    page = page_of(
        outcome(measured("team-model")),
        outcome(measured("neural", failed="load")),
        Outcome("torn", None, "does not pass check: model.py: a | b [FRG401]"),
        unfit=(Outcome("lost", None, "does not pass check: no such task"),),
    )

    assert "- `neural`: failed in load (by fault of the submission): failed in load\n" in page
    assert "- `torn`: does not pass check: model.py: a \\| b [FRG401]\n" in page
    assert page.endswith("## Entries of no task\n\n- `lost`: does not pass check: no such task\n")


def test_a_page_on_which_nothing_could_be_measured_is_a_page() -> None:
    page = page_of(Outcome("neural", None, "cannot be had"))

    assert "- `neural`: cannot be had" in page
    assert "| machine |" not in page


def test_energy_that_the_meter_does_not_resolve_is_no_figure() -> None:
    blind = session()
    phases = tuple(
        replace(each, reading=replace(each.reading, energy=(component_energy(0.0),)))
        for each in blind.phases
    )

    page = page_of(outcome(measured("team-model", sessions=(replace(blind, phases=phases),))))

    assert row_of(page, "team-model")[3] == "not resolved"


def test_a_metric_that_an_entry_does_not_have_is_left_open() -> None:
    made = measured("team-model")
    assert made.quality is not None
    ranked = made.quality.metrics[:1]

    page = page_of(outcome(replace(made, quality=replace(made.quality, metrics=ranked))))

    assert row_of(page, "team-model")[2] == "\N{EN DASH}"


def test_the_factor_between_the_energies_is_said() -> None:
    page = page_of(outcome(measured("one")), outcome(measured("two", joules=(19.0, 19.0))))

    assert "From 20.0 to 30.0 J per 1,000 queries: a factor of 1.5." in page


def test_real_data_has_a_table_of_its_own() -> None:
    real = outcome(measured("team-model", 0.3, data={"source": "directory", "digest": "ea" * 32}))

    page = page_of(outcome(measured("team-model")), real=Table((real,)))

    sample, _, rest = page.partition(f"### Real data: {TASK}")
    assert "dadadada" in sample
    assert "eaeaeaea" in rest
    assert "0.300 (" in rest


@pytest.mark.parametrize(
    "changes", [{"data": {"digest": "ea" * 32}}, {"hardware": {"fingerprint": "0" * 8}}]
)
def test_unlike_records_share_no_table(changes: dict[str, Any]) -> None:
    with pytest.raises(UnlikeError, match="different"):
        page_of(outcome(measured("one")), outcome(measured("two", **changes)))


# Measuring


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a project with two reference entries, one of which cannot be loaded, and another's."""
    project = write_project(tmp_path / "project")
    write_entry(project, "good", model_of("return [0] * len(samples)"))
    write_entry(
        project, "lacking", "import no_such_package\ndef load(directory):\n    return None\n"
    )
    other = write_entry(project, "somebody-elses") / "submission.toml"
    text = other.read_text(encoding="utf-8")
    other.write_text(text.replace("The toys", "Others"), encoding="utf-8")
    monkeypatch.setattr(reference, "ROOT", project)
    monkeypatch.setattr(reference, "TEAM", "The toys")
    monkeypatch.delenv("HARNESS_POWERCAP_ROOT", raising=False)
    return project


def run(root: Path, *arguments: object) -> str:
    """Run the program and return the page."""
    page = root.parent / "results.md"
    assert results.main([*map(str, arguments), "--output", str(page)]) == 0
    return page.read_text(encoding="utf-8")


def test_every_reference_entry_is_measured_on_both_and_a_second_run_measures_nothing(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = root.parent / "real"
    write_parquet(real / "toy", train=texts("train", 4), test=texts("test", 6))
    keep = root.parent / "keep"

    page = run(root, "--real", real, "--keep", keep)

    sample, _, rest = page.partition("### Real data: toy")
    for part in (sample, rest):
        assert row_of(part, "good")[0] == "good"
        assert "- `lacking`: failed in load (by fault of the submission): " in part
        assert "no_such_package" in part
    assert "somebody-elses" not in page
    assert str(root.parent) not in page

    asked: list[str] = []
    monkeypatch.setattr(results, "evaluate", noted(asked))
    assert run(root, "--real", real, "--keep", keep) == page
    assert asked == []


def noted(asked: list[str]) -> Any:  # noqa: ANN401 - stands in for a function
    """Stand in for an evaluation that comes to nothing."""

    def evaluate(
        entries: Sequence[reference.Reference], kind: results.Kind, _: results.Wanted
    ) -> list[Outcome]:
        asked.extend(f"{kind} {entry.name}" for entry in entries)
        return [Outcome(entry.name, None, "a stand-in") for entry in entries]

    return evaluate


def test_what_is_run_is_what_the_filters_name(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(results, "evaluate", noted(asked))

    page = run(root, "--entries", "go*")

    assert asked == ["sample good"]
    assert "- `good`: a stand-in" in page
    assert f"- `lacking`: {results.LEFT_OUT}" in page
    assert "No real data was named (`--real`)." in page


def test_an_entry_that_does_not_pass_check_is_listed_and_not_run(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(results, "evaluate", noted(asked))
    (root / "submissions" / "good" / "model.py").unlink()

    page = run(root)

    assert asked == ["sample lacking"]
    assert "- `good`: does not pass check: " in page


def test_filters_that_fit_nothing_are_refused(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = root.parent / "results.md"

    assert results.main(["--tasks", "weather", "--output", str(page)]) == 1

    assert "no reference entry fits" in capsys.readouterr().err
    assert not page.exists()


def test_records_are_kept_outside_of_the_repository(root: Path) -> None:
    with pytest.raises(SystemExit):
        results.main(["--keep", str(root / "leaderboard" / "results")])


def test_a_record_counts_as_long_as_nothing_has_changed() -> None:
    entry = reference.Reference(Path("submissions/good"), "toy", digest_of("good"), "")
    now = reference.Now(
        harness="0.1.0", rules=RULES.reference_to_these.digest, tasks={"toy": "7a" * 32},
        machine="12345678",
    )  # fmt: skip
    made = record("good", task={"id": "toy"})

    assert now.made(made, entry)
    for changed in (
        now._replace(harness="0.2.0"),
        now._replace(rules="00" * 32),
        now._replace(tasks={"toy": "00" * 32}),
        now._replace(machine="87654321"),
    ):
        assert not changed.made(made, entry)
    assert not now.made(made, entry._replace(digest="00" * 32))


def test_records_of_other_packages_do_not_share_a_page(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(results, "evaluate", noted([]))
    keep = root.parent / "keep"
    run(root, "--keep", keep)
    monkeypatch.setattr(results, "package_versions", lambda: {"Python": "2.7"})

    assert results.main(["--keep", str(keep), "--output", str(root.parent / "page.md")]) == 1

    assert "other versions" in capsys.readouterr().err
