"""The truth bench on a virtual clock: a thousand windows of a case in seconds.

The harness's own code runs, from finding the zones to closing the window. Only three things are
replaced: the clock, the text that ``energy_uj`` gives, and the thread that polls, in whose place
this module polls at the cadence that the source asks for, late by as much as a thread would be.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

from meter_truth_cases import Case
from meter_truth_outcome import NoWork, Outcome, judge, refused
from meter_truth_virtual_machine import VirtualMachine
from stand_in_powercap import make_tree

from harness.errors import MeasurementError
from harness.meters import rapl
from harness.meters.counter import CounterSource
from harness.meters.sources import SourceRecording

TRIALS_PER_MACHINE = 25
"""Windows of one opened meter; then the machine is another one, with other refreshes."""


def run_case(case: Case, trials: int, seed: int = 0) -> list[Outcome]:
    """Return what came of so many windows, each component's apart."""
    outcomes: list[Outcome] = []
    done = 0
    with TemporaryDirectory() as folder:
        make_tree(Path(folder), case.zones_on(virtual=True))
        while done < trials:
            chance = random.Random(f"{seed} {case.name} {done}")  # noqa: S311 - not a secret
            machine = VirtualMachine(case, Path(folder), chance)
            count = min(TRIALS_PER_MACHINE, trials - done)
            with _in_place_of_the_real_one(machine, Path(folder)):
                outcomes += _windows(machine, count)
            done += count
    return outcomes


@contextmanager
def _in_place_of_the_real_one(machine: VirtualMachine, root: Path) -> Iterator[None]:
    with (
        patch("harness.meters.powercap._text", machine.text),
        patch.dict(os.environ, {"HARNESS_POWERCAP_ROOT": str(root)}),
    ):
        yield


def _windows(machine: VirtualMachine, count: int) -> list[Outcome]:
    outcomes = []
    try:
        sources, _ = rapl.find_sources(clock=machine.clock, sleep=machine.sleep)
    except MeasurementError as error:
        return [
            outcome
            for _ in range(count)
            for outcome in refused(machine.case, error.message, virtual=True)
        ]
    for _ in range(count):
        outcomes += _window(machine, sources)
    return outcomes


def _window(machine: VirtualMachine, sources: Sequence[CounterSource]) -> list[Outcome]:
    case, chance = machine.case, machine.chance
    machine.heal()
    machine.now += chance.uniform(0.0, 0.05)
    began, event = machine.now, case.event
    strikes_at = began + chance.uniform(0.02, 0.98) * case.virtual_seconds
    if event and event.kind == "wrap":
        machine.counters[event.folder].wrap_at(strikes_at)
        event = None
    try:
        with ExitStack() as stack:
            followers = [stack.enter_context(source.follow(NoWork())) for source in sources]
            recording = SourceRecording(sources, followers, NoWork(), machine.clock)
            opened_at = recording.opened_at_seconds
            if event:
                _poll_until(machine, recording, sources, strikes_at)
                machine.strike(event, machine.now)
            _poll_until(machine, recording, sources, began + case.virtual_seconds)
            reading = recording.mark()
            truths = {
                component: machine.truth(component, opened_at, recording.opened_at_seconds)
                for component in case.components
            }
            return judge(case, reading.energy, truths, virtual=True)
    except MeasurementError as error:
        return refused(case, error.message, virtual=True)


def _poll_until(
    machine: VirtualMachine,
    recording: SourceRecording,
    sources: Sequence[CounterSource],
    until: float,
) -> None:
    """Poll each source at its own cadence, as the meter's threads do."""
    due = [machine.now + source.poll_seconds for source in sources]
    while (first := min(due)) < until:
        index = due.index(first)
        machine.now = max(machine.now, first) + machine.chance.uniform(50e-6, 2e-3)
        if not recording.poll(index):
            break
        due[index] = machine.now + sources[index].poll_seconds
    machine.now = max(machine.now, until)
