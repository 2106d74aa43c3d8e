"""The screen of one evaluation: every figure with how far it may be from the truth."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, Literal

import pytest
from msgspec.structs import replace
from record_samples import component_energy, record
from rich.console import Console

from harness.cli.result import print_result
from harness.cli.terminal.spelt import interval
from harness.records.evaluation import EvaluationRecord, Failed
from harness.records.session import Notice, VoidSession

AGAIN, BOARD = "python -m harness evaluate e", "python -m harness leaderboard"


def screen(made: EvaluationRecord, *, width: int = 80) -> str:
    stream = io.StringIO()
    console = Console(file=stream, width=width, force_terminal=True, color_system=None)
    print_result(console, made, Path("r.json"), again=AGAIN, board=BOARD)
    return stream.getvalue()


def with_parts(**half_widths: float) -> EvaluationRecord:
    """Make a record in which each window of 100 J is uncertain by so much."""
    made = record()
    parts: dict[str, Any] = {"edges_joules": 0.0} | half_widths
    energy = (replace(component_energy(100.0), **parts),)
    sessions = tuple(
        replace(
            session,
            phases=tuple(
                replace(window, reading=replace(window.reading, energy=energy))
                for window in session.phases
            ),
        )
        for session in made.sessions
    )
    return replace(made, sessions=sessions)


def test_what_the_meter_leaves_open_stands_below_it() -> None:
    lines = screen(with_parts(gain_joules=5.0)).splitlines()
    (at,) = (number for number, line in enumerate(lines) if line.startswith("meter "))

    assert lines[at + 1].strip() == "±0 % from its edges and steps"
    assert lines[at + 2].strip() == "±5.0 % from its scale, the same for every entry here"


def test_a_scale_that_is_a_guess_is_said_in_multiples() -> None:
    shown = screen(with_parts(model_joules=200.0))

    assert (
        "±200 % from its scale, the same for every entry here: up to 3 times as much"
        in " ".join(shown.split())
    )


def test_nothing_but_paths_and_commands_is_wider_than_the_terminal() -> None:
    long = Notice(code="disturbed", message="many words " * 20, remedy="more words " * 20)
    lines = screen(replace(with_parts(gain_joules=5.0), warnings=(long, long))).splitlines()

    assert max(map(len, lines)) <= 80
    assert all(line == line.rstrip() for line in lines)


@pytest.mark.parametrize(
    ("bounds", "spelt"),
    [
        (None, "no interval"),
        ((0.0469, 0.0707), "95 % 0.0469 to 0.0707"),
        ((19.972, 20.031), "95 % 19.972 to 20.031"),
        ((20.0, 20.0), "95 % 20.0 to 20.0"),
        ((1.3, 12.0), "95 % 1.30 to 12.0"),
        ((100.0, 1234.0), "95 % 100 to 1,230"),
    ],
)
def test_an_interval_shows_its_width(bounds: tuple[float, float] | None, spelt: str) -> None:
    assert interval(bounds) == spelt


DOCTOR = "python -m harness doctor"


@pytest.mark.parametrize(
    ("stage", "blame", "step"),
    [
        ("load", "submission", f"mend the entry, then: {AGAIN}"),
        ("measured", "submission", f"mend the entry, then: {AGAIN}"),
        ("copy", "submission", f"leave the entry alone meanwhile, and evaluate again: {AGAIN}"),
        ("environment", "submission", f"mend requirements.lock, then: {AGAIN}"),
        ("environment", "organiser", f"see to requirements.lock as said above, then: {AGAIN}"),
        ("weights", "submission", f"mend the weights, then: {AGAIN}"),
        ("weights", "organiser", f"see to the weights as said above, then: {AGAIN}"),
        ("disturbance", "organiser", f"{DOCTOR} --idle-seconds 30, then: {AGAIN}"),
        ("idle-before", "organiser", f"{DOCTOR}, then: {AGAIN}"),
        ("start", "organiser", f"{DOCTOR}, then: {AGAIN}"),
    ],
)
def test_what_to_do_next_is_what_shows_that_the_fault_is_gone(
    stage: str, blame: Literal["submission", "organiser"], step: str
) -> None:
    failed = Failed(stage=stage, blame=blame, message="it went wrong", remedy="put it right")
    assert screen(replace(record(), outcome=failed)).splitlines()[-1] == f"{'next':<14}{step}"


def test_after_a_result_comes_the_board() -> None:
    assert screen(record()).splitlines()[-1] == f"{'next':<14}{BOARD}"


def test_void_sessions_stand_beside_those_that_count() -> None:
    made = record()
    (*_, last) = made.sessions
    void = VoidSession(
        index=0, started_utc=last.started_utc, reasons=(), phases=last.phases, kernel=last.kernel
    )
    shown = " ".join(screen(replace(made, voided=(void, void))).split())  # it may be wrapped
    assert "5 sessions, 2 more void)" in shown
