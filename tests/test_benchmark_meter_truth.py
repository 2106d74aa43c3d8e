"""The truth bench itself: it passes what is right, and must report a meter that is wrong."""

from __future__ import annotations

import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

BENCHMARKS = Path(__file__).resolve().parent.parent / "benchmarks"
sys.path.append(str(BENCHMARKS))

import meter_truth  # noqa: E402 - the benchmarks are scripts, found on the path above
import meter_truth_boards as boards  # noqa: E402
import stand_in_powercap  # noqa: E402
from meter_truth_cases import CASES, Case, named  # noqa: E402
from meter_truth_outcome import OURS, Outcome  # noqa: E402
from meter_truth_overhead import Overhead, judge_overhead, overhead_rows  # noqa: E402
from meter_truth_power import SERVER, Bursty, Curve, Ramping, Register, Steady, short  # noqa: E402
from meter_truth_table import goals_text, joules, own_table, peers_table, table  # noqa: E402
from meter_truth_verdicts import (  # noqa: E402
    Goal,
    Summary,
    is_covered_as_stated,
    judge_beside,
    judge_ours,
    stand,
    summarise,
)
from meter_truth_virtual import run_case  # noqa: E402

from harness.meters import counter  # noqa: E402
from harness.meters.uncertainty import expanded  # noqa: E402


def only(name: str) -> Case:
    (case,) = named(name)
    return case


def goals(case: Case, outcomes: list[Outcome]) -> dict[str, Goal]:
    judged = judge_ours([case], summarise(outcomes, []))
    return dict(zip(("covered", "stated", "wrong", "needless"), judged, strict=True))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_our_meter_passes_every_case(case: Case) -> None:
    found = goals(case, run_case(case, trials=4, seed=7))
    assert [goal for goal in found.values() if goal.misses] == []


@pytest.mark.parametrize("case", [case for case in CASES if case.expected == "refusal"])
def test_where_a_refusal_is_right_our_meter_says_why(case: Case) -> None:
    assert all(outcome.refusal for outcome in run_case(case, trials=3, seed=1))


@pytest.mark.parametrize("case", boards.CASES, ids=lambda case: case.name)
def test_our_meter_passes_every_case_of_boards(case: boards.BoardCase) -> None:
    with boards.library() as built:
        if built is None:
            pytest.skip("no C compiler to build the stand-in library with")
        outcomes = boards.run_virtual(case, 2, built, seed=3)
    assert not any(outcome.wrong_silently for outcome in outcomes)
    assert all(bool(outcome.refusal) == (case.expected == "refusal") for outcome in outcomes)


def test_a_meter_that_ignores_wraps_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    def without_wraps(before: int, after: int, wraps_at: int | None) -> int:  # noqa: ARG001
        return max(0, after - before)

    monkeypatch.setattr(counter, "gained", without_wraps)
    case = only("one wrap")
    assert goals(case, run_case(case, trials=10))["wrong"].verdict == "missed"


def test_a_meter_that_counts_mirrors_twice_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.meters.powercap._mirrored", lambda *_: None)
    case = only("mirrored dies")
    assert goals(case, run_case(case, trials=3))["wrong"].verdict == "missed"


def test_a_meter_that_takes_a_standstill_for_idleness_is_reported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("harness.meters.rapl._STILL_SECONDS", 60.0)
    monkeypatch.setattr(counter.Counter, "longest_wait_seconds", 0.05)
    case = only("freeze")
    assert goals(case, run_case(case, trials=10))["wrong"].verdict == "missed"


@pytest.mark.parametrize(("scale", "missed"), [(0.1, "covered"), (2_000.0, "stated")])
def test_a_meter_that_states_too_little_or_too_much_is_reported(
    monkeypatch: pytest.MonkeyPatch, scale: float, missed: str
) -> None:
    monkeypatch.setattr(
        "harness.meters.sources.expanded", lambda *standard: scale * expanded(*standard)
    )
    case = only("no dram")
    found = goals(case, run_case(case, trials=60))
    assert [name for name, goal in found.items() if goal.verdict == "missed"] == [missed]


def test_a_meter_that_refuses_what_it_could_read_is_reported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("harness.meters.rapl._PLAUSIBLE_WATTS", 1.0)
    case = only("steady")
    found = goals(case, run_case(case, trials=3))
    assert found["needless"].verdict == "missed"
    assert found["covered"].verdict == "not judged"


def test_an_unknown_energy_that_is_called_zero_is_wrong() -> None:
    outcome = Outcome("dram stands still", "zeus", "dram", None, limit_joules=5.0, joules=0.0)
    assert outcome.wrong_silently
    assert not replace(outcome, joules=None).wrong_silently


def test_a_figure_is_wrong_beyond_the_limit_and_twice_what_it_states() -> None:
    outcome = Outcome("gpu power", OURS, "gpu", 100.0, 1.0, joules=105.0, stated_joules=3.0)
    assert not outcome.wrong_silently
    assert replace(outcome, stated_joules=2.0).wrong_silently
    assert replace(outcome, stated_joules=None).wrong_silently


@pytest.mark.parametrize(
    ("covered", "judged", "right"),
    [
        (950, 1000, True),
        (930, 1000, True),
        (920, 1000, False),
        (1000, 1000, True),
        (20_000, 20_000, False),
        (30, 30, True),
        (23, 30, False),
    ],
)
def test_coverage_is_held_to_both_ends(covered: int, judged: int, right: bool) -> None:
    assert is_covered_as_stated(covered, judged) == right


def summary(**more: Any) -> Summary:  # noqa: ANN401 - whatever a field holds
    plain = Outcome("steady", OURS, "package", 100.0, 0.5, joules=100.0)
    return replace(Summary.of([plain]), **more)


def test_how_we_stand_to_a_peer_is_by_wrong_figures_then_by_figures_then_by_error() -> None:
    case = only("steady")
    right = summary(rms_error_joules=0.01, resolution_joules=0.001)
    assert stand(case, right, summary(wrong=1, rms_error_joules=9.0)) == "better"
    assert stand(case, summary(wrong=1), right) == "worse"
    assert stand(case, right, summary(figures=0)) == "better"
    assert stand(case, right, summary(rms_error_joules=0.02)) == "better"
    assert stand(case, right, summary(rms_error_joules=0.0095)) == "equal"
    assert stand(case, right, summary(rms_error_joules=0.005)) == "worse"


def test_a_peer_that_is_not_here_leaves_its_goals_unjudged() -> None:
    case = only("steady")
    seen = summarise([], [Outcome("steady", OURS, "package", 1.0, 0.1, joules=1.0)])
    found = judge_beside([case], seen, "zeus")
    assert {goal.verdict for goal in found} == {"not judged"}
    _, rows = peers_table([case], seen, [OURS])
    assert any("not installed" in row for row in rows)


def test_where_a_peer_wins_it_is_said() -> None:
    case = only("one wrap")
    ours = Outcome("one wrap", OURS, "package", 100.0, 0.5, joules=100.4)
    theirs = replace(ours, reader="zeus", joules=100.1)
    found = judge_beside([case], summarise([], [ours, theirs]), "zeus")
    text = goals_text(found)
    assert "missed: one wrap, package" in text
    assert [goal.verdict for goal in found[:2]] == ["missed", "missed"]


def test_overhead_beyond_its_goals_is_reported() -> None:
    fine = Overhead(OURS, 0.0009, 0.02, 0.02, 0.02)
    dear = Overhead(OURS, 0.0011, 0.03, 0.03, 0.04)
    failed = Overhead(OURS, 0.0, 0.0, 0.0, 0.0, failure="it broke")
    assert {goal.verdict for goal in judge_overhead([fine])} == {"met"}
    assert {goal.verdict for goal in judge_overhead([dear])} == {"missed"}
    assert {goal.verdict for goal in judge_overhead([failed])} == {"missed"}
    assert {goal.verdict for goal in judge_overhead([])} == {"not judged"}
    assert len(overhead_rows([fine])[1]) == 3


CURVES: list[Curve] = [Steady(7.0), Bursty(3.0, 90.0), Ramping(5.0, 80.0)]


@given(st.sampled_from(CURVES), st.floats(0, 1e5), st.floats(0, 10))
def test_energy_grows_by_no_more_than_the_highest_power(
    curve: Curve, began: float, seconds: float
) -> None:
    gained = curve.joules(began + seconds) - curve.joules(began)
    assert -1e-6 <= gained <= curve.top_watts * seconds + 1e-6


@pytest.mark.parametrize("curve", CURVES)
def test_energy_is_the_integral_of_power(curve: Curve) -> None:
    step = 1e-4
    powers = [(curve.joules(k * step + step) - curve.joules(k * step)) / step for k in range(20000)]
    assert max(powers) == pytest.approx(curve.top_watts, rel=1e-3)
    assert sum(powers) * step == pytest.approx(curve.joules(20000 * step))


def test_registers_are_those_of_common_processors() -> None:
    assert Register().range_microjoules == 262_143_328_850
    assert SERVER.range_microjoules == 65_532_610_987
    register = short(400.0)
    assert register.microjoules(register.modulus - 1) == register.range_microjoules
    assert register.microjoules(register.modulus) == 0


def test_what_the_stand_in_shows_is_the_truth_of_that_moment(tmp_path: Path) -> None:
    stand_in = stand_in_powercap.StandIn(only("two packages"), tmp_path, seed=5)
    chance = random.Random(5)  # noqa: S311 - not a secret
    for register in stand_in.counters.values():
        shown = []
        for _ in range(5):
            register.refresh(chance)
            shown.append(int((tmp_path / register.zone.folder / "energy_uj").read_text()))
        truths = [register.truth(at).joules for at in register._published[-5:]]
        for before, after, low, high in zip(shown, shown[1:], truths, truths[1:], strict=False):
            one = 2 * register.zone.register.unit_joules
            assert (after - before) * 1e-6 == pytest.approx(high - low, abs=one)


def test_mirrors_show_the_very_same_file(tmp_path: Path) -> None:
    stand_in_powercap.StandIn(only("mirrored dies"), tmp_path, seed=1)
    one, other = (tmp_path / f"intel-rapl:{n}" / "energy_uj" for n in (0, 1))
    assert one.samefile(other)


def test_the_stand_in_takes_commands(tmp_path: Path) -> None:
    stand_in = stand_in_powercap.StandIn(only("dram vanishes"), tmp_path, seed=1)
    path = tmp_path / "intel-rapl:0:0" / "energy_uj"
    assert stand_in_powercap.answer(stand_in, "strike\n") == '"done"'
    assert not path.exists()
    stand_in_powercap.answer(stand_in, "heal\n")
    assert path.exists()
    assert "intel-rapl:0:0" in stand_in_powercap.answer(stand_in, "truth 1 2\n")
    assert "unknown" in stand_in_powercap.answer(stand_in, "nonsense\n")


def test_the_stand_in_says_what_was_counted_and_leaves_nothing(tmp_path: Path) -> None:
    root = tmp_path / "tree"
    command = [sys.executable, str(BENCHMARKS / "stand_in_powercap.py"), str(root)]
    done = subprocess.run(
        [*command, "--seconds", "0.2"], capture_output=True, text=True, check=True
    )
    assert "intel-rapl:0:" in done.stdout
    assert not root.exists()


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("kept")
    command = [sys.executable, str(BENCHMARKS / "stand_in_powercap.py"), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, (tmp_path / "mine").read_text()) == (2, "kept")
    assert "not empty" in done.stderr


@pytest.mark.parametrize("flags", [[], ["--markdown"]])
def test_the_command_prints_tables_and_verdicts(
    capsys: pytest.CaptureFixture[str], flags: list[str]
) -> None:
    few = ["--virtual-trials", "3", "--real-trials", "0", "--overhead-seconds", "0"]
    assert meter_truth.main(["--cases", "no dram,psys only", *few, *flags]) == 0
    printed = capsys.readouterr().out
    assert ("| no dram | package | 3 |" in printed) == bool(flags)
    assert "- **met**: no case is wrong silently" in printed
    assert "- **not judged**: never worse than zeus" in printed


def test_the_command_fails_when_a_goal_is_missed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("harness.meters.powercap._mirrored", lambda *_: None)
    few = ["--virtual-trials", "2", "--real-trials", "0", "--overhead-seconds", "0"]
    assert meter_truth.main(["--cases", "mirrored dies", *few]) == 1
    assert "2 wrong silently" in capsys.readouterr().out


def test_a_case_that_does_not_exist_is_named() -> None:
    with pytest.raises(SystemExit, match="no case nonsense"):
        meter_truth.main(["--cases", "nonsense"])


def test_tables_read_well_in_both_forms() -> None:
    header, rows = own_table([only("steady")], summarise([], []), "virtual")
    assert rows == []
    assert table(markdown=True)(header, [["a"] * len(header)]).count("\n") == 2
    assert "**" not in table(markdown=False)(["a"], [["**b**"]])
    assert [joules(each) for each in (1234.0, 1.5, 0.0121, 0.0)] == [
        "1.23 kJ", "1.50 J", "12.1 mJ", "0.000 mJ",
    ]  # fmt: skip
