"""A stand-in for Linux's power-cap folder, whose energy is known exactly at every moment.

    python benchmarks/stand_in_powercap.py DIR --case steady --seconds 60
    HARNESS_POWERCAP_ROOT=DIR python -m harness doctor

It makes the tree, advances its counters on real time until ``--seconds`` are over, says what
each counted, and removes the tree. ``--list`` names the cases; a case with an event has it
after ``--strike-after`` seconds. DIR should lie on a file system in memory (``/dev/shm``).

How the truth is exact. Power is a formula of time (``meter_truth_power``), so its energy is one
too. At a refresh the process takes the time, computes the energy up to it, and publishes it by
renaming a file over ``energy_uj``: no reader sees half a number, and the register changes at the
moment of the rename. Between taking the time and renaming lie some microseconds, or milliseconds
when the process is interrupted. Both moments are noted, and the register's true energy is defined
as what the formula gives at the *taken* time that belongs to a moment: equal at each rename to what
was published there, and the formula's own course in between. How long the two lay apart is given
with every answer: where the process was interrupted, power as the register shows it first stops and
then rushes, and that is no case of this bench.

A read that blocks cannot be had from a file: the bench stops the meter's process instead, and
blocks reads where time is virtual.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import select
import shutil
import sys
import time
from bisect import bisect_left
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from meter_truth_cases import CASES, Case, Event, Zone, named

_COUNTER = "energy_uj"
_JITTER_SHARE = 0.25


def make_tree(root: Path, zones: Iterable[Zone]) -> None:
    """Make the zones as the kernel lists them: nested, and each once more at the top.

    Mirrors show the very file of the zone that they mirror.
    """
    for zone in zones:
        folder = zone_folder(root, zone.folder)
        folder.mkdir(parents=True, exist_ok=True)
        control = root / zone.folder.partition(":")[0]
        if not (control / "subsystem").is_symlink():
            (control / "subsystem").symlink_to("..")
        if not (root / zone.folder).is_symlink():
            (root / zone.folder).symlink_to(folder.relative_to(root))
        (folder / "name").write_text(f"{zone.name}\n")
        (folder / "max_energy_range_uj").write_text(f"{zone.register.range_microjoules}\n")
        if zone.mirrors:
            (folder / _COUNTER).symlink_to(zone_folder(root, zone.mirrors) / _COUNTER)
        else:
            (folder / _COUNTER).write_text("0\n")


def zone_folder(root: Path, folder: str) -> Path:
    """Return where a zone lies: ``intel-rapl:0:1`` in ``intel-rapl:0`` in ``intel-rapl``."""
    control, *numbers = folder.split(":")
    path = root / control
    for depth in range(1, len(numbers) + 1):
        path /= ":".join((control, *numbers[:depth]))
    return path


def remove_counter(root: Path, folder: str) -> None:
    """Take a zone's counter away, as a driver does that is unloaded."""
    path = zone_folder(root, folder) / _COUNTER
    path.rename(path.with_name("gone"))


def restore_counter(root: Path, folder: str) -> None:
    """Put it back, if it was taken away."""
    gone = zone_folder(root, folder) / "gone"
    if gone.exists():
        gone.rename(gone.with_name(_COUNTER))


class Truth(NamedTuple):
    """What a register had counted at a moment."""

    joules: float
    held_up_seconds: float
    """From taking the time until the value was published, at the nearest refreshes: long where
    the process was interrupted in between."""
    refresh_seconds: float
    """Between the refresh before that moment and the one after it."""


class RealCounter:
    """One register on real time, published by renaming."""

    def __init__(self, zone: Zone, root: Path, began: float, first_units: int) -> None:
        self.zone = zone
        self._path = str(zone_folder(root, zone.folder) / _COUNTER)
        self._spare = f"{self._path}.next"
        self._began = began
        self._first_units = first_units
        self._taken: list[float] = []
        self._published: list[float] = []
        self._held_up: list[float] = []
        self.due = began
        self.held = False
        """While reads block, or the counter is gone or frozen: nothing is published."""

    def _joules(self, taken: float) -> float:
        return self.zone.curve.joules(taken - self._began)

    def _units(self, taken: float) -> int:
        return self._first_units + self.zone.register.units(self._joules(taken))

    def text(self, taken: float) -> bytes:
        """Return what the kernel shows."""
        return b"%d\n" % self.zone.register.microjoules(self._units(taken))

    def refresh(self, chance: random.Random) -> None:
        """Publish the energy up to now, unless nothing is to be seen."""
        period = self.zone.refresh_seconds
        self.due = time.monotonic() + period * chance.uniform(1 - _JITTER_SHARE, 1 + _JITTER_SHARE)
        if self.held:
            return
        descriptor = os.open(self._spare, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        taken = time.monotonic()
        os.write(descriptor, self.text(taken))
        os.close(descriptor)
        before = time.monotonic()
        os.rename(self._spare, self._path)  # noqa: PTH104 - nothing else between the two moments
        after = time.monotonic()
        self._taken.append(taken)
        self._published.append((before + after) / 2)
        self._held_up.append(after - taken)

    def truth(self, at: float) -> Truth:
        """Return the register's true energy at a moment; see the module's docstring."""
        index = bisect_left(self._published, at)
        last = len(self._published) - 1
        low, high = max(0, min(index - 1, last)), max(0, min(index, last))
        held_up = max(self._held_up[low], self._held_up[high])
        refresh = self._published[high] - self._published[low]
        lag = self._published[low] - self._taken[low]
        if high > low:
            share = (at - self._published[low]) / (self._published[high] - self._published[low])
            lag += share * (self._published[high] - self._taken[high] - lag)
        return Truth(self._joules(at - lag), held_up, max(refresh, self.zone.refresh_seconds))

    def reset(self) -> None:
        """Begin again at zero."""
        self._first_units = -self.zone.register.units(self._joules(time.monotonic()))

    def jump_to(self, units: int) -> None:
        """Go on from so many units: upwards between two windows, which no reader minds."""
        self._first_units = units - self.zone.register.units(self._joules(time.monotonic()))

    def near_its_wrap(self, seconds: float) -> None:
        """Jump so that it wraps in so many seconds from now."""
        at = time.monotonic() + seconds
        self._first_units = -self.zone.register.units(self._joules(at))

    def forget(self) -> None:
        """Drop the notes of past windows."""
        for notes in (self._taken, self._published, self._held_up):
            del notes[:-2]


class StandIn:
    """The tree and its counters."""

    def __init__(self, case: Case, root: Path, seed: int) -> None:
        self.case = case
        self._chance = random.Random(seed)  # noqa: S311 - not a secret
        self._root = root
        make_tree(root, case.zones)
        began = time.monotonic()
        self.counters = {
            zone.folder: RealCounter(zone, root, began, self._somewhere(zone))
            for zone in case.zones
            if not zone.mirrors
        }
        for counter in self.counters.values():
            counter.refresh(self._chance)

    def _somewhere(self, zone: Zone) -> int:
        low = 0.0 if self.case.group == "wraps" else 0.2
        high = 0.01 if self.case.group == "wraps" else 0.8
        return round(self._chance.uniform(low, high) * zone.register.modulus)

    def advance(self) -> float:
        """Refresh what is due, in any order; return how long nothing will be."""
        now = time.monotonic()
        due = [counter for counter in self.counters.values() if counter.due <= now]
        self._chance.shuffle(due)
        for counter in due:
            counter.refresh(self._chance)
        return min(counter.due for counter in self.counters.values()) - time.monotonic()

    def strike(self, event: Event) -> None:
        """Let the case's event happen now."""
        counter = self.counters[event.folder]
        if event.kind == "reset":
            counter.reset()
        elif event.kind == "freeze":
            counter.held = True
        elif event.kind == "vanish":
            counter.held = True
            remove_counter(self._root, event.folder)

    def heal(self) -> None:
        """Make the machine whole again for the next window."""
        event = self.case.event
        if event is None:
            return
        if event.kind == "vanish":
            restore_counter(self._root, event.folder)
        counter = self.counters[event.folder]
        counter.held = False
        if event.kind == "reset":
            counter.jump_to(self._somewhere(counter.zone))


def answer(stand_in: StandIn, line: str) -> str:
    """Do what a line asks for: ``strike``, ``heal``, ``near SECONDS``, ``forget``, ``truth T``."""
    word, *arguments = line.split()
    event = stand_in.case.event
    if word == "strike" and event:
        stand_in.strike(event)
    elif word == "heal":
        stand_in.heal()
    elif word == "near" and event:
        stand_in.counters[event.folder].near_its_wrap(float(arguments[0]))
    elif word == "forget":
        for counter in stand_in.counters.values():
            counter.forget()
    elif word == "truth":
        return json.dumps(
            {
                folder: [counter.truth(float(at)) for at in arguments]
                for folder, counter in stand_in.counters.items()
            }
        )
    else:
        return json.dumps(f"unknown: {line.strip()}")
    return json.dumps("done")


def serve(stand_in: StandIn, until: float, strike_at: float, *, commands: bool) -> None:
    """Advance the counters until the end, or until the input ends where it gives commands."""
    buffer = b""
    while time.monotonic() < until:
        wait = max(0.0, stand_in.advance())
        if stand_in.case.event and time.monotonic() > strike_at:
            stand_in.strike(stand_in.case.event)
            strike_at = float("inf")
        if not commands:
            time.sleep(wait)
            continue
        ready, _, _ = select.select([0], [], [], wait)
        if ready:
            chunk = os.read(0, 65536)
            if not chunk:
                return
            buffer += chunk
            *lines, buffer = buffer.split(b"\n")
            for line in lines:
                print(answer(stand_in, line.decode()), flush=True)


def main() -> int:
    """Make the tree, advance it, say what was counted, remove it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("directory", type=Path, nargs="?", help="made, and removed at the end")
    parser.add_argument("--case", default="steady")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--strike-after", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--commands", action="store_true", help="take commands from the input")
    parser.add_argument("--list", action="store_true", help="name the cases")
    arguments = parser.parse_args()
    if arguments.list or arguments.directory is None:
        print("\n".join(f"{case.name:<20} {case.note}" for case in CASES))
        return 0 if arguments.list else 2
    root = arguments.directory.absolute()
    if root.exists() and any(root.iterdir()):
        print(f"{root} is not empty", file=sys.stderr)
        return 2
    try:
        stand_in = StandIn(named(arguments.case)[0], root, arguments.seed)
        began = time.monotonic()
        strike_at = float("inf") if arguments.commands else began + arguments.strike_after
        if arguments.commands:
            print(json.dumps("ready"), flush=True)
        serve(stand_in, began + arguments.seconds, strike_at, commands=arguments.commands)
        if not arguments.commands:
            for folder, counter in stand_in.counters.items():
                joules = counter.truth(time.monotonic()).joules - counter.truth(began).joules
                print(f"{folder}: {joules:.3f} J of {counter.zone.name} since it began")
    except KeyboardInterrupt:
        return 130
    finally:
        shutil.rmtree(root, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
