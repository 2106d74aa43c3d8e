"""The pools of ``resolution.py`` on file, in lines of JSON.

The first has what all rounds have in common, and each of the others one round: a session of each
entry. Which entries there are, the first line says.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

UNITS = 200
"""Of work for a query, of the entry that the others are compared with."""
BASE = "base"


class PoolError(Exception):
    """A pool on file that is not of this run's kind."""


@dataclass(frozen=True)
class Header:
    """What all rounds of a pool have in common: the first line of the file."""

    entries: dict[str, int]
    """Each entry's units of work for a query."""
    queries: int
    """Of the measured phase of a session."""
    neighbours: int
    """Programs of ours that ran beside it."""
    processor: str
    cores: int
    kernel: str
    meter: str
    isolation: str
    instructions: str
    """``counted``, or why not."""
    side_by_side: int = 1
    """Parts of the pool that were made at once, each on two cores of its own."""
    in_turns: bool = False
    """Whether the entries of a round took turns, batch by batch; else they ran one by one."""


@dataclass(frozen=True)
class Run:
    """One session of one entry."""

    entry: str
    joules: float | None
    """For 1,000 queries, as ranked: start, load and warm-up spread over the rules' number.
    ``None`` of entries that took turns: nothing was metered."""
    cpu_seconds: float
    """Of the entry's tree, for 1,000 queries in the same way."""
    kernel_seconds: tuple[float, float]
    """CPU time of the reference kernel before and after."""
    wall_seconds: float
    """Of everything, the kernel and the sandbox too: what the session cost."""
    other_cpu_seconds: float
    """Of other programs in the entry's own phases, from its launch to the end of its drain."""
    steal_seconds: float
    void: tuple[str, ...]
    """Why an official evaluation would have repeated it."""
    instructions: int | None
    """Of the whole tree, from its launch to its end; ``None`` where they cannot be counted."""


@dataclass(frozen=True)
class Pool:
    """What is on file."""

    header: Header
    rounds: list[list[Run]]
    """Each in the order in which its sessions ran."""
    began: str
    """UTC, of the first round and of the last."""
    ended: str
    lengths: tuple[int, ...] = ()
    """Rounds of each part, in the order of ``rounds``, where there is more than one part."""


def read_parts(paths: Sequence[Path]) -> Pool | None:
    """Read a pool whose parts are in files of their own, those without a round left out.

    Raises ``PoolError`` where two of them are not of one kind.
    """
    read = {path: read_pool(path) for path in paths}
    found = {path: pool for path, pool in read.items() if pool and pool.rounds}
    parts = list(found.values())
    for path, part in found.items():
        if part.header != parts[0].header:
            raise PoolError(f"{path}: {differences_of(parts[0].header, part.header)}")
    if len(parts) < 2:  # noqa: PLR2004 - one is as it stands, none is nothing
        return parts[0] if parts else None
    return Pool(
        header=parts[0].header,
        rounds=[each for part in parts for each in part.rounds],
        began=min(part.began for part in parts),
        ended=max(part.ended for part in parts),
        lengths=tuple(len(part.rounds) for part in parts),
    )


def read_pool(path: Path) -> Pool | None:
    """Read what is there; a last line that was cut off is left out. ``None`` where nothing is."""
    if not path.is_file():
        return None
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    whole = [json.loads(line) for line in lines if line.endswith("\n")]
    if not whole:
        return None
    rounds = [[_run(each) for each in line["sessions"]] for line in whole[1:]]
    times = [line["began_utc"] for line in whole[1:]] or [""]
    return Pool(Header(**whole[0]), rounds, times[0], times[-1])


def _run(document: dict[str, Any]) -> Run:
    document["kernel_seconds"] = tuple(document["kernel_seconds"])
    document["void"] = tuple(document["void"])
    return Run(**document)


def units_of(differences: Sequence[float]) -> dict[str, int]:
    """Return the units of every entry: the base, and one that does so many percent more each.

    Raises ``ValueError`` for a percentage that is no whole number of units, or negative.
    """
    units = {BASE: UNITS}
    for percent in sorted(differences):
        if percent < 0:
            raise ValueError(f"{percent} % is less than the base does: name what does more, or 0")
        exact = UNITS * (100 + percent) / 100
        if exact != round(exact):
            raise ValueError(f"{percent} % of {UNITS} units is no whole number of them")
        units[f"+{percent:g} %"] = round(exact)
    return units


def differences_of(before: Header, now: Header) -> str:
    """Say in what a pool on file is not of this run's kind."""
    one, other = asdict(before), asdict(now)
    apart = (
        f"{name} was {one[name]}, and is {other[name]}" for name in one if one[name] != other[name]
    )
    return "holds a pool of another kind: " + ", ".join(apart)


def begin(path: Path, header: Header) -> None:
    """Write the first line of a new pool."""
    path.write_text(json.dumps(asdict(header)) + "\n", encoding="utf-8")


def drop_torn_line(path: Path) -> None:
    """Cut off a last line that was not written to its end."""
    if path.is_file():
        content = path.read_bytes()
        path.write_bytes(content[: content.rfind(b"\n") + 1])


def append(path: Path, runs: Sequence[Run]) -> None:
    """Add a round, of now."""
    line = {
        "began_utc": datetime.now(UTC).isoformat(timespec="seconds"),
        "sessions": [asdict(run) for run in runs],
    }
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
