"""Signals: the tree is gone, no half record is left, the code is the shell's, the name is told."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import psutil
import pytest
from runs import Place, place_in, slow_entry, until

from harness.cli.interrupts import Interrupted, _Signals
from harness.evaluation.leftovers import clear_leftovers

QUICKLY_TWICE = [signal.SIGINT, signal.SIGINT]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return place_in(tmp_path / "project", measured_seconds="30", max_sweeps="1000")


@pytest.mark.parametrize(
    "numbers",
    [[signal.SIGINT], [signal.SIGTERM], [signal.SIGHUP], QUICKLY_TWICE],
    ids=["SIGINT", "SIGTERM", "SIGHUP", "SIGINT twice"],
)
def test_a_signal_ends_everything_and_is_told(place: Place, numbers: list[signal.Signals]) -> None:
    with place.start(slow_entry(place), "--json") as process:
        until(lambda: place.doing() == "measured", "the entry is measured")
        children = psutil.Process(process.pid).children(recursive=True)
        for number in numbers:
            process.send_signal(number)
        out, err = process.communicate(timeout=60)

    message = f"interrupted by {numbers[0].name}"
    assert process.returncode == 128 + numbers[0], err
    assert json.loads(out) == {"error": {"message": message, "remedy": ""}}
    assert [line for line in err.splitlines() if "tidying up" not in line] == [message]
    assert children
    assert not [child for child in children if child.is_running()]
    assert place.left() == []
    assert place.records() == []


def test_a_signal_while_a_record_is_written_waits_for_it(tmp_path: Path) -> None:
    place = place_in(tmp_path / "project")
    hurt = """
        link = os.link
        def interrupted(*arguments, **options):
            os.kill(os.getpid(), signal.SIGTERM)
            link(*arguments, **options)
        def hurt(self, phase, **options):
            before(self, phase, **options)
            if phase == "writing the record":
                os.link = interrupted
        from harness.evaluation.journal import Journal
        before = Journal.phase
        Journal.phase = hurt
        """
    ended = place.run(slow_entry(place), hurt=hurt)

    assert ended.code == 128 + signal.SIGTERM, ended.err
    assert "interrupted by SIGTERM" in ended.err
    assert len(place.records()) == 2
    assert place.left() == []


def test_the_third_signal_ends_it_at_once_and_the_next_run_clears_up(
    place: Place,
) -> None:
    # What tidies up does not come to an end.
    hurt = """
        import harness.evaluation.turn as turn, time
        def stuck(folder):
            while True:
                time.sleep(1)
        turn.remove_tree = stuck
        """
    with place.start(slow_entry(place), hurt=hurt) as process:
        until(lambda: place.doing() == "measured", "the entry is measured")
        process.send_signal(signal.SIGINT)
        until(lambda: not psutil.Process(process.pid).children(), "its tree is gone")
        assert process.stderr is not None
        process.send_signal(signal.SIGINT)
        assert process.stderr.readline() == "harness: tidying up; once more ends it at once\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 128 + signal.SIGINT
    assert len(place.journals()) == 1

    (swept,) = clear_leftovers(place.lock_folder)

    assert swept.doing.phase == "measured"
    assert place.left() == []


def test_what_a_process_was_started_to_ignore_stays_ignored(tmp_path: Path) -> None:
    place = place_in(tmp_path / "project", idle_seconds="1")
    hurt = "signal.signal(signal.SIGHUP, signal.SIG_IGN)"  # as nohup does
    with place.start(slow_entry(place), hurt=hurt) as process:
        until(lambda: place.doing() == "idle-before", "it is idle")
        process.send_signal(signal.SIGHUP)
        assert process.wait(timeout=60) == 0
    assert len(place.records()) == 2


def test_a_signal_that_is_held_comes_at_the_end_of_the_block() -> None:
    signals = _Signals()
    done = []
    with pytest.raises(Interrupted) as caught, signals.held():  # noqa: PT012 - what is tested
        signals.handle(signal.SIGTERM, None)
        done.append(1)
    assert done == [1]
    assert caught.value.number == signal.SIGTERM
    with signals.held():
        pass  # it comes once
