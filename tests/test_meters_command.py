from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from meter_fakes import FakeWork
from plug_bench import WaitingClock

from harness.errors import MeasurementError, UsageError
from harness.meters import command
from harness.meters.command import CommandSource, open_command
from harness.meters.powercap import SensorUnavailableError
from harness.meters.protocol import Surroundings
from harness.meters.select import select
from harness.meters.sources import SourceRecording

HERE = Surroundings(cores=2, machine_cores=2)
GOOD = {"joules": 100.0, "resolution_joules": 0.1, "refresh_seconds": 1.0}

Say = Callable[[object], None]


@pytest.fixture
def say(tmp_path: Path) -> Say:
    """Write what ``cat FILE`` is to print."""

    def write(what: object) -> None:
        text = what if isinstance(what, str) else json.dumps(what)
        (tmp_path / "reading").write_text(text)

    return write


@pytest.fixture
def cat(tmp_path: Path) -> list[str]:
    return ["cat", str(tmp_path / "reading")]


class Analyser:
    """A program whose readings grow with a clock that only waiting moves."""

    def __init__(self, say: Say, words: list[str], *, watts: float = 50.0) -> None:
        self.clock = WaitingClock()
        self.watts = watts
        self.joules = 1_000.0
        self._say = say
        self._words = words
        self.document: dict[str, object] = {}
        self.print()

    def sleep(self, seconds: float) -> None:
        self.clock.now += seconds
        self.joules += self.watts * seconds
        self.print()

    def print(self) -> None:
        self._say(self.document | {"joules": round(self.joules, 2)})

    def open(self, **document: object) -> CommandSource:
        self.document = document
        self.print()
        return open_command(self._words, clock=self.clock, sleep=self.sleep)

    def record(self, source: CommandSource) -> SourceRecording:
        self.stack = source.follow(FakeWork())
        follower = self.stack.__enter__()
        return SourceRecording([source], [follower], FakeWork(), self.clock)


@pytest.fixture
def analyser(say: Say, cat: list[str]) -> Analyser:
    return Analyser(say, cat)


def python(program: str) -> list[str]:
    return [sys.executable, "-c", program]


def test_what_the_program_says_of_itself_is_what_is_described(analyser: Analyser) -> None:
    description = analyser.open(
        resolution_joules=0.01,
        refresh_seconds=0.5,
        relative_uncertainty=0.002,
        name="bench analyser",
    ).describe()
    assert (description.name, description.grade) == ("bench analyser", "wall")
    assert (description.component, description.kind) == ("wall", "counter")
    assert description.resolution_joules == 0.01
    assert description.refresh_seconds == 0.5
    assert description.relative_uncertainty == 0.002
    assert "the uncertainty is what it states" in description.provenance


def test_what_it_does_not_say_is_found_out_or_assumed_the_worst_of(analyser: Analyser) -> None:
    description = analyser.open().describe()
    assert description.name == "cat"
    assert description.resolution_joules == pytest.approx(0.1)
    assert description.refresh_seconds == pytest.approx(0.1)
    assert description.relative_uncertainty == 1.0
    assert "states no uncertainty, and 100 % is taken" in description.provenance


def test_a_bare_number_is_a_reading(say: Say, cat: list[str]) -> None:
    say("1234.5678\n")
    clock = WaitingClock()
    readings = iter(range(10))

    def sleep(seconds: float) -> None:
        clock.now += seconds
        say(f"{1234.5678 + next(readings):.4f}\n")

    description = open_command(cat, clock=clock, sleep=sleep).describe()
    assert description.resolution_joules == pytest.approx(1e-4)


def test_a_stand_in_says_so_itself(analyser: Analyser) -> None:
    description = analyser.open(simulated=True, refresh_seconds=1.0).describe()
    assert description.grade == "simulated"
    assert description.provenance.startswith("stand-in, by its own word")


def test_a_window_holds_what_the_program_counted(analyser: Analyser) -> None:
    recording = analyser.record(analyser.open(refresh_seconds=0.1, relative_uncertainty=0.01))
    before = analyser.joules
    analyser.sleep(20.0)
    reading = recording.mark()
    assert reading.joules == pytest.approx(analyser.joules - before, abs=0.02)
    assert reading.energy[0].gain_joules == pytest.approx(0.01 * reading.joules)


def test_arguments_are_not_published(analyser: Analyser) -> None:
    assert "/" not in repr(analyser.open(refresh_seconds=1.0).describe())


@pytest.mark.parametrize(
    ("printed", "said"),
    [
        ("", "printed '', neither a number nor a JSON object"),
        ("12 J", "printed '12 J', neither"),
        ("12\n13\n", "neither a number"),
        ("NaN", "printed 'NaN'"),
        ("Infinity", "neither a number"),
        ("[1]", "neither a number nor a JSON object"),
        ("true", "neither a number"),
        ('"12"', "neither a number"),
        ("-1", "joules: found -1, expected 0 to 1e"),
        ("1e30", r"joules: found 1.*e\+30, expected"),
        ("1e999999999", "joules: found"),
        ("[" * 50_000, "neither a number"),
        ({}, "joules: missing"),
        ({"joules": None}, "joules: found 'None', not a number"),
        ({"joules": "12"}, "joules: found '12', not a number"),
        ({"joules": True}, "joules: found 'True', not a number"),
        (GOOD | {"watts": 5}, "'watts': unknown field"),
        (GOOD | {"resolution_joules": -1}, "resolution_joules: found -1"),
        (GOOD | {"resolution_joules": 0}, "resolution_joules: found 0, and nothing"),
        (GOOD | {"refresh_seconds": 1e9}, "refresh_seconds: found"),
        (GOOD | {"relative_uncertainty": 0}, "relative_uncertainty: found 0"),
        (GOOD | {"relative_uncertainty": "1 %"}, "relative_uncertainty: found '1 %'"),
        (GOOD | {"name": ""}, "name: not a line"),
        (GOOD | {"name": "a\nb"}, "name: not a line"),
        (GOOD | {"name": "x" * 100}, "name: not a line"),
        (GOOD | {"simulated": 1}, "simulated: neither true nor false"),
    ],
)
def test_what_is_no_reading_is_named(say: Say, cat: list[str], printed: object, said: str) -> None:
    say(printed)
    with pytest.raises(MeasurementError, match=said) as caught:
        open_command(cat)
    assert caught.value.message.startswith("command cat ")
    assert caught.value.remedy


@given(st.binary(max_size=60))
def test_no_output_is_a_traceback(printed: bytes) -> None:
    program = command._Program(["program"], 1.0)
    try:
        said = f"{program._parse(printed).joules}"
    except MeasurementError as error:
        said = error.message
    assert said.startswith("command program: ") or float(said) >= 0


def test_a_program_that_is_not_there_is_named() -> None:
    with pytest.raises(SensorUnavailableError, match="no-such-program: cannot be run: No such"):
        open_command(["no-such-program"])


def test_a_program_that_may_not_be_run_is_named(tmp_path: Path) -> None:
    (tmp_path / "program").write_text("#!/bin/sh\n")
    with pytest.raises(SensorUnavailableError, match="cannot be run: Permission denied"):
        open_command([str(tmp_path / "program")])


def test_a_program_that_fails_is_named_with_its_last_word() -> None:
    words = python("import sys; print(5); sys.exit('trying\\nno device on /dev/usbtmc0')")
    with pytest.raises(MeasurementError, match="status 1: no device on /dev/usbtmc0"):
        open_command(words)


def test_a_program_that_takes_too_long_is_ended_with_its_children(tmp_path: Path) -> None:
    note = tmp_path / "child"
    script = f"sleep 100 & echo $! > {shlex.quote(str(note))}; wait"
    with pytest.raises(MeasurementError, match=r"did not end within 0.3 s"):
        open_command(["sh", "-c", script], timeout_seconds=0.3)
    assert _is_gone(int(note.read_text()))


def _is_gone(number: int) -> bool:
    """Say whether a process has ended: it may stay a zombie where nobody reaps orphans."""
    for _ in range(200):
        try:
            state = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        os.sched_yield()
    return False


def test_what_a_program_leaves_behind_is_ended_though_it_ended_well(tmp_path: Path) -> None:
    note = tmp_path / "child"
    left = f"sleep 100 > /dev/null 2>&1 & echo $! > {shlex.quote(str(note))}"
    open_command(["sh", "-c", f'{left}; echo \'{{"joules": 5, "refresh_seconds": 1}}\''])
    assert _is_gone(int(note.read_text()))


def test_a_program_that_closes_its_output_and_runs_on_is_ended() -> None:
    with pytest.raises(MeasurementError, match="closed its output and ran on"):
        open_command(["sh", "-c", "exec >&- 2>&-; sleep 100"], timeout_seconds=0.2)


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_program_that_prints_without_end_is_ended(stream: str) -> None:
    with pytest.raises(MeasurementError, match="prints more than 64 KiB"):
        open_command(python(f"import sys\nwhile True: sys.{stream}.write('1' * 4096)"))


def test_no_shell_is_in_between(tmp_path: Path) -> None:
    with pytest.raises(MeasurementError, match="neither a number"):
        command.open_sources(f"echo 5; touch {tmp_path}/made $(touch {tmp_path}/made)", HERE)
    assert list(tmp_path.iterdir()) == []


def test_the_program_gets_nothing_to_read() -> None:
    words = python("import sys; print(7 + len(sys.stdin.read()))")
    assert command._Program(words, 5.0).read().joules == 7


def test_a_program_that_stands_still_is_found_out(say: Say, cat: list[str]) -> None:
    say("100.0")
    clock = WaitingClock()
    with pytest.raises(MeasurementError, match="stood still for 10 s") as caught:
        open_command(cat, clock=clock, sleep=clock.sleep)
    assert "refresh_seconds" in caught.value.remedy


def _fall(analyser: Analyser) -> None:
    analyser.joules -= 500


def _leap(analyser: Analyser) -> None:
    analyser.joules += 1e6


def _stop(analyser: Analyser) -> None:
    analyser.watts = 0.0


def _change_its_mind(analyser: Analyser) -> None:
    analyser.document = analyser.document | {"relative_uncertainty": 0.0001}


def _become_a_stand_in(analyser: Analyser) -> None:
    analyser.document = analyser.document | {"simulated": True}


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (_fall, r"fell from [\d.]+ to [\d.]+ J: the meter was reset"),
        (_leap, "more than 20,000 W"),
        (_stop, "stood still at .* stopped counting"),
        (_change_its_mind, "no longer says of its readings what it said at first"),
        (_become_a_stand_in, "no longer says"),
    ],
)
def test_a_reading_that_cannot_be_fails_the_window(
    analyser: Analyser, fault: Callable[[Analyser], None], said: str
) -> None:
    recording = analyser.record(analyser.open(refresh_seconds=0.1, relative_uncertainty=0.01))
    fault(analyser)
    analyser.sleep(1.0)
    with pytest.raises(MeasurementError, match=said):
        recording.mark()
    with pytest.raises(MeasurementError, match=said):
        recording.mark()


def test_between_two_sessions_a_meter_may_be_reset(analyser: Analyser) -> None:
    source = analyser.open(refresh_seconds=0.1)
    with source.follow(FakeWork()) as follower:
        follower.edge()
    _fall(analyser)
    analyser.print()
    with source.follow(FakeWork()) as follower:
        follower.edge()


def test_it_is_had_by_its_name_on_the_command_line(tmp_path: Path) -> None:
    program = tmp_path / "my analyser"
    program.write_text(
        f"#!{sys.executable}\n"
        "import json, time\n"
        "print(json.dumps({'joules': time.monotonic() * 50, 'refresh_seconds': 0.001,\n"
        "    'resolution_joules': 0.001, 'simulated': True}))\n"
    )
    program.chmod(0o755)
    meter = select([f"command:{shlex.quote(str(program))} --channel 1"], HERE)
    assert (meter.describe().name, meter.describe().grade) == ("command", "simulated")
    with meter.record(FakeWork()) as recording:
        assert recording.mark().joules > 0


@pytest.mark.parametrize(("argument", "said"), [("", "needs a program"), ("a 'b", "quotation")])
def test_a_command_line_that_names_no_program_is_refused(argument: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        command.open_sources(argument, HERE)
