"""The benchmark of resolution: pools on file, tries, and verdicts on its goals."""

from __future__ import annotations

import ctypes
import json
import os
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "benchmarks"))

import resolution_counter  # noqa: E402 - the benchmarks are scripts, found on the path above
import resolution_measure  # noqa: E402 - likewise
from resolution import DIFFERENCES, pool_name, pools_in  # noqa: E402 - likewise
from resolution_page import GOALS, render, verdicts_of  # noqa: E402 - likewise
from resolution_pool import (  # noqa: E402 - likewise
    Header,
    Pool,
    PoolError,
    Run,
    append,
    begin,
    differences_of,
    drop_torn_line,
    read_pool,
    units_of,
)
from resolution_tries import (  # noqa: E402 - likewise
    OWN,
    VARIANTS,
    _cuts,
    lengths_of,
    outcome_of,
    pairs_of,
    share_interval,
    spread_of,
)

UNITS = units_of([0, 2, 5, 10])


def header() -> Header:
    return Header(
        entries=UNITS, queries=64, neighbours=0, processor="Made-up", cores=2, kernel="6.1",
        meter="model", isolation="A", instructions="none on board",
    )  # fmt: skip


def run(entry: str, work: float, mood: float = 1.0) -> Run:
    return Run(
        entry=entry, joules=work * mood, cpu_seconds=work * mood / 5,
        kernel_seconds=(0.1 * mood, 0.1 * mood), wall_seconds=1.0, other_cpu_seconds=0.1,
        steal_seconds=0.0, void=(), instructions=None,
    )  # fmt: skip


def pool(
    rounds: int,
    deviation: float,
    *,
    same: float = 1.0,
    moods: float = 0.0,
    units: Mapping[str, int] = UNITS,
) -> Pool:
    """Make rounds of entries that cost what their work does; ``same``: what +0 % costs beside."""
    rng = np.random.default_rng(7)
    made = []
    for _ in range(rounds):
        mood = float(np.exp(rng.normal(0, moods)))
        costs = {
            name: count * (same if name == "+0 %" else 1) * float(np.exp(rng.normal(0, deviation)))
            for name, count in units.items()
        }
        made.append([run(name, cost, mood) for name, cost in costs.items()])
    head = replace(header(), entries=dict(units))
    return Pool(head, made, "2026-01-01T00:00:00+00:00", "2026-01-01T00:10:00+00:00")


def test_goals_are_met_where_rounds_hardly_differ() -> None:
    found = {each.goal.name: each for each in verdicts_of(pool(1000, 0.002))}

    assert found.keys() == GOALS.keys()
    assert found["+5 %"].sure
    assert found["+5 %"].outcome.tries == 200
    assert found["+2 %"].sure
    assert not any(each.missed for each in found.values())


def test_goals_are_missed_where_rounds_differ_by_much() -> None:
    found = {each.goal.name: each for each in verdicts_of(pool(1000, 0.5))}

    assert found["+5 %"].missed
    assert not found["+5 %"].reached
    assert not found["+2 %"].reached
    assert not found["+2 %"].missed  # of a quarter of an hour there are two tries: too few to say


def test_entries_of_the_same_work_that_cost_otherwise_are_wrongly_told_apart() -> None:
    found = {each.goal.name: each for each in verdicts_of(pool(500, 0.002, same=1.05))}

    assert found["+0 %"].missed
    assert found["+0 %"].outcome.wrong == found["+0 %"].outcome.tries


def test_a_verdict_in_the_wrong_direction_is_wrong() -> None:
    made = pool(50, 0.002)
    turned = [
        [run(each.entry, 1 / each.cpu_seconds) for each in sessions] for sessions in made.rounds
    ]
    (pair,) = [p for p in pairs_of(made.__class__(made.header, turned, "", "")) if p.name == "+5 %"]

    outcome = outcome_of(pair, OWN, 5)

    assert (outcome.told_apart, outcome.wrong) == (0, outcome.tries)


def test_no_two_tries_share_a_round_and_there_are_at_most_200() -> None:
    (pair, *_) = pairs_of(pool(1203, 0.01))

    assert lengths_of(pair)[0] == 5
    for rounds in lengths_of(pair):
        outcome = outcome_of(pair, OWN, rounds)
        assert outcome.tries * rounds <= 1203
        assert outcome.tries <= 200
        assert outcome.seconds == pytest.approx(2.0 * rounds)


def test_blocking_takes_out_what_a_round_has_in_common() -> None:
    moody = pool(200, 0.005, moods=0.3)
    (pair,) = [pair for pair in pairs_of(moody) if pair.name == "+5 %"]
    told = {each.name: outcome_of(pair, each, 5).told_apart for each in VARIANTS}

    assert told["ranked energy, blocked by round"] == 40
    assert told["ranked energy, not blocked"] < 10
    assert told["CPU time over the kernel's, not blocked"] == 40


def test_the_spread_of_a_pool_is_that_of_a_ratio_of_two() -> None:
    (pair,) = [pair for pair in pairs_of(pool(2000, 0.01)) if pair.name == "+10 %"]

    spread = spread_of(pair, OWN)

    assert spread.ratio == pytest.approx(1.1, rel=0.002)
    assert spread.deviation == pytest.approx(0.01 * 2**0.5, rel=0.1)
    assert abs(spread.lag_1) < 0.1


def test_the_exact_interval_of_a_share_is_that_of_the_tables() -> None:
    assert share_interval(0, 74) == pytest.approx((0.0, 1 - 0.025 ** (1 / 74)))
    assert share_interval(74, 74) == pytest.approx((0.025 ** (1 / 74), 1.0))
    low, high = 0.18709, 0.81291
    assert share_interval(5, 10) == pytest.approx((low, high), abs=1e-5)


def test_the_page_names_every_pool_its_machine_and_its_goals() -> None:
    page = render({"quiet": pool(60, 0.01), "noisy": pool(40, 0.05)})

    assert page.count("## Pool") == 2
    assert "| +5 % | at least 95% of tries of at most 5 minutes |" in page
    assert "Instructions cannot be counted on it (none on board)" in page
    assert "instructions, blocked by round" not in page


def test_of_a_pool_of_one_difference_the_page_shows_that_alone() -> None:
    page = render({"quiet-5": pool(60, 0.01, units=units_of([5]))})

    assert "60 rounds of 2 sessions (base and +5 %) of 64 queries" in page
    rows = [line for line in page.partition("## Pool")[2].splitlines() if line.startswith("|")]
    assert any(row.startswith("| +5 % |") for row in rows)
    assert not any(other in row for row in rows for other in ("+0 %", "+2 %", "+10 %"))
    assert "of the ratio of +5 % to the base" in page


def in_turns(made: Pool) -> Pool:
    rounds = [[replace(each, joules=None) for each in sessions] for sessions in made.rounds]
    return replace(made, header=replace(made.header, in_turns=True), rounds=rounds)


def test_of_a_pool_of_entries_that_took_turns_cpu_time_is_told_alone(tmp_path: Path) -> None:
    made = in_turns(pool(60, 0.002))
    page = render(pools_in(written(tmp_path / "quiet-turns.jsonl", made).parent))

    assert "60 rounds of 5 sessions, in turns (base" in page
    assert "nothing metered" in page
    assert "The gate" not in page.partition("## Pool")[2]
    assert "| CPU time, in turns | " in page
    assert "ranked energy" not in page.partition("## Pool")[2]
    assert {each.outcome.told_apart for each in verdicts_of(made) if each.goal.name != "+0 %"} == {
        12
    }


def test_what_a_page_says_of_pools_that_are_not_at_hand_stays() -> None:
    before = render({"quiet": pool(60, 0.01), "noisy": pool(40, 0.05)})

    assert render({}, before) == before
    after = render({"quiet": pool(50, 0.01), "many": pool(40, 0.02)}, before)
    assert [line for line in after.splitlines() if line.startswith("## ")] == [
        "## In short",
        "## Pool `many`",
        "## Pool `noisy`",
        "## Pool `quiet`",
    ]
    short = [line for line in after.splitlines() if line.startswith("| [`")]
    assert [line.split("`")[1] for line in short] == ["many", "noisy", "quiet"]
    assert all(line.count(" of ") == line.count(" s: ") == 3 for line in short)
    assert "50 rounds" in after
    assert "60 rounds" not in after


def test_a_pool_is_named_by_the_differences_that_are_not_the_usual_ones() -> None:
    assert pool_name(DIFFERENCES, noisy=False) == "quiet"
    assert pool_name([10, 0, 5, 2], noisy=True) == "noisy"
    assert pool_name([5], noisy=False) == "quiet-5"
    assert pool_name([5, 0, 0.5], noisy=True) == "noisy-0-0p5-5"
    assert pool_name([5], noisy=False, in_turns=True) == "quiet-turns-5"


def test_rounds_are_added_to_what_is_on_file(tmp_path: Path) -> None:
    file = tmp_path / "quiet-5.jsonl"
    made = pool(4, 0.01, units=units_of([5]))
    begin(file, made.header)
    for each in made.rounds:
        append(file, each)

    assert pools_in(tmp_path)["quiet-5"].rounds == made.rounds


def test_a_pool_is_read_as_it_was_written_and_a_torn_line_is_left_out(tmp_path: Path) -> None:
    made = pool(3, 0.01)
    file = tmp_path / "quiet.jsonl"
    lines = [asdict(made.header)] + [
        {"began_utc": made.began, "sessions": [asdict(each) for each in sessions]}
        for sessions in made.rounds
    ]
    whole = "".join(json.dumps(line) + "\n" for line in lines)

    file.write_text(whole + whole.splitlines()[-1][:50], encoding="utf-8")

    found = read_pool(file)
    assert found is not None
    assert (found.header, found.rounds) == (made.header, made.rounds)
    assert pools_in(tmp_path).keys() == {"quiet"}
    drop_torn_line(file)
    assert file.read_text(encoding="utf-8") == whole


def written(path: Path, made: Pool) -> Path:
    lines = [asdict(made.header)] + [
        {"began_utc": made.began, "sessions": [asdict(each) for each in sessions]}
        for sessions in made.rounds
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def test_parts_of_a_pool_are_read_as_one_and_no_try_lies_in_two_of_them(tmp_path: Path) -> None:
    for number, rounds in enumerate((12, 9, 4), start=1):
        written(tmp_path / f"many.{number}.jsonl", pool(rounds, 0.01))

    (name, many), *others = pools_in(tmp_path).items()
    (pair, *_) = pairs_of(many)

    assert (name, others, many.lengths) == ("many", [], (12, 9, 4))
    assert lengths_of(pair) == [5, 10]
    assert outcome_of(pair, OWN, 5).tries == 2 + 1 + 0
    assert outcome_of(pair, OWN, 10).tries == 1
    assert _cuts((12, 9, 4), 5) == [slice(0, 5), slice(5, 10), slice(12, 17)]
    assert "25 rounds in 3 parts at once, each on two cores of its own" in render({name: many})


def test_parts_of_different_kinds_are_refused(tmp_path: Path) -> None:
    made = pool(5, 0.01)
    other = Header(**{**asdict(header()), "meter": "sensor"})
    written(tmp_path / "many.1.jsonl", made)
    written(tmp_path / "many.2.jsonl", Pool(other, made.rounds, made.began, made.ended))

    with pytest.raises(PoolError, match=r"many\.2\.jsonl: .*meter was model, and is sensor"):
        pools_in(tmp_path)


def test_more_parts_than_cores_are_refused_before_anything_runs(tmp_path: Path) -> None:
    paths = [
        tmp_path / f"many.{number}.jsonl" for number in range(1 + len(os.sched_getaffinity(0)))
    ]

    with pytest.raises(PoolError, match="parts at once need"):
        resolution_measure.measure_side_by_side(paths, ["/bin/false"], 1.0)

    assert not list(tmp_path.iterdir())


def test_there_is_no_pool_where_nothing_is_whole(tmp_path: Path) -> None:
    torn = tmp_path / "torn.jsonl"
    torn.write_text('{"entries": {"ba', encoding="utf-8")

    assert read_pool(torn) is None
    assert read_pool(tmp_path / "none.jsonl") is None
    assert pools_in(tmp_path) == {}


def test_a_pool_of_another_kind_is_told_by_what_differs() -> None:
    other = Header(**{**asdict(header()), "neighbours": 2, "queries": 96})

    told = differences_of(header(), other)

    assert told.endswith(": queries was 64, and is 96, neighbours was 0, and is 2")


def test_work_that_is_no_whole_number_of_units_is_refused() -> None:
    assert units_of([0.5]) == {"base": 200, "+0.5 %": 201}
    with pytest.raises(ValueError, match=r"0\.3 % of 200 units"):
        units_of([0.3])
    with pytest.raises(ValueError, match="less than the base"):
        units_of([5, -5])


@pytest.fixture
def no_subreaper() -> Iterator[None]:
    """Let orphans go to init, as in a program of its own: an evaluation in this process, of a test
    before, has made it the one that takes them."""
    set_child_subreaper = 36
    libc = ctypes.CDLL(None, use_errno=True)
    was = ctypes.c_int()
    libc.prctl(set_child_subreaper + 1, ctypes.byref(was), 0, 0, 0)
    libc.prctl(set_child_subreaper, 0, 0, 0, 0)
    yield
    libc.prctl(set_child_subreaper, was.value, 0, 0, 0)


@pytest.mark.usefixtures("no_subreaper")
def test_a_neighbour_is_nobodys_child_and_ends_with_the_block() -> None:
    def neighbours() -> set[str]:
        ours = f"{os.getpid()}\0" + "9.5\0"
        numbered = (each.name for each in Path("/proc").iterdir() if each.name.isdigit())
        return {pid for pid in numbered if _command(pid).endswith(ours)}

    with resolution_measure._neighbours(1, 9.5):
        (pid,) = neighbours()
        parent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1]
        assert int(parent) != os.getpid()
    until = time.monotonic() + 5
    while neighbours() and time.monotonic() < until:
        time.sleep(0.01)
    assert not neighbours()


def _command(pid: str) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


def test_instructions_are_counted_or_it_is_said_why_not() -> None:
    reason = resolution_counter.why_not()
    if reason is not None:
        assert reason.startswith("perf_event_open: ")
        return
    with resolution_counter.Instructions() as counted:
        os.waitpid(os.posix_spawn(sys.executable, [sys.executable, "-c", ""], os.environ), 0)
    assert counted.count > 1_000_000
