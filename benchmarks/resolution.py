"""What difference of energy the harness can tell on this machine, and in what time.

    python benchmarks/resolution.py --keep DIR [--minutes 14] [--noisy] [--page FILE]

Runs rounds of interleaved sessions of entries whose work differs by 0, 2, 5 and 10 % of a base,
exact in count, through the sandbox and the meter, and puts them on file in DIR: ``quiet.jsonl``, or
``noisy.jsonl`` beside neighbours of its own that work and rest in turn, one for each core. Another
run goes on where the last one ended: 200 tries take longer than one sitting. Rounds of the base and
one difference alone (``--differences 5``) are two sessions for five; they are a pool of their own,
``quiet-5.jsonl``. A machine with cores to spare makes several parts of a pool at once
(``--side-by-side``). With ``--in-turns`` the entries of a round take turns, batch by batch, as
``python -m harness duel`` has them do (``quiet-turns.jsonl``). Then all pools of
DIR, whichever machine's mood they were made in, are cut into tries (``resolution_tries.py``), and
ways of telling apart are held side by side. ``--minutes 0`` measures nothing more, ``--page``
writes the page of docs/explanation, where what is said of other pools stays. Exits with 1 when a
pool shows that a goal is missed.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from resolution_measure import Wanted, measure, measure_side_by_side  # noqa: E402 - after the path
from resolution_page import render, verdicts_of  # noqa: E402 - likewise
from resolution_pool import Pool, PoolError, read_parts  # noqa: E402 - likewise

DIFFERENCES = (0.0, 2.0, 5.0, 10.0)
SUFFIX = ".jsonl"


def main() -> int:
    """Measure, print, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", type=Path, required=True, metavar="DIR", help="of the pools")
    parser.add_argument("--minutes", type=float, default=14.0, help="of measuring, now")
    parser.add_argument("--noisy", action="store_true", help="start neighbours, one for each core")
    parser.add_argument(
        "--pool",
        metavar="NAME",
        help="quiet or noisy, where nothing is given; with a dash and the differences behind it "
        "where these are not the usual ones",
    )
    parser.add_argument(
        "--seconds", type=float, default=0.25, help="of a session's measured phase, in a new pool"
    )
    parser.add_argument(
        "--differences",
        type=float,
        nargs="+",
        default=DIFFERENCES,
        metavar="PERCENT",
        help="that a round has a session of, beside the base",
    )
    parser.add_argument(
        "--side-by-side",
        type=int,
        default=1,
        metavar="N",
        help="so many parts of the pool at once, each on two cores of its own",
    )
    parser.add_argument(
        "--in-turns",
        action="store_true",
        help="have the entries of a round take turns, batch by batch",
    )
    parser.add_argument("--meter", default="auto", help="as evaluate --meter has it")
    parser.add_argument("--part", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--page", type=Path, metavar="FILE", help="write the page here")
    asked = parser.parse_args()
    try:
        if asked.part:
            measure(asked.part, asked.differences, _wanted(asked))
            return 0
        if asked.minutes > 0:
            _measure(asked)
        pools = pools_in(asked.keep)
    except (PoolError, ValueError) as error:
        parser.error(str(error))
    if asked.page:
        before = asked.page.read_text(encoding="utf-8") if asked.page.exists() else ""
        asked.page.write_text(render(pools, before), encoding="utf-8")
    else:
        print(render(pools))
    return int(any(each.missed for pool in pools.values() for each in verdicts_of(pool)))


def _wanted(asked: argparse.Namespace) -> Wanted:
    return Wanted(
        minutes=asked.minutes,
        seconds=asked.seconds,
        neighbours=(os.cpu_count() or 1) if asked.noisy else 0,
        side_by_side=asked.side_by_side,
        meter=asked.meter,
        in_turns=asked.in_turns,
    )


def _measure(asked: argparse.Namespace) -> None:
    name = asked.pool or pool_name(asked.differences, noisy=asked.noisy, in_turns=asked.in_turns)
    if asked.side_by_side == 1:
        measure(asked.keep / f"{name}{SUFFIX}", asked.differences, _wanted(asked))
        return
    asked.keep.mkdir(parents=True, exist_ok=True)
    numbers = range(1, asked.side_by_side + 1)
    paths = [asked.keep / f"{name}.{number}{SUFFIX}" for number in numbers]
    command = [sys.executable, __file__, "--keep", str(asked.keep), "--meter", asked.meter]
    command += ["--side-by-side", str(asked.side_by_side), "--seconds", str(asked.seconds)]
    command += ["--noisy"] * asked.noisy + ["--in-turns"] * asked.in_turns
    command += ["--differences", *map(str, asked.differences)]
    measure_side_by_side(paths, command, asked.minutes)


def pool_name(differences: Sequence[float], *, noisy: bool, in_turns: bool = False) -> str:
    """Name the pool of rounds with these differences: ``quiet``, ``noisy-5`` or ``quiet-turns``."""
    some = sorted({*differences})
    named = [] if some == sorted(DIFFERENCES) else [f"{percent:g}" for percent in some]
    kind = ["noisy" if noisy else "quiet", *["turns"] * in_turns]
    return "-".join([*kind, *named]).replace(".", "p")


def pools_in(folder: Path) -> dict[str, Pool]:
    """Return the pools on file by their names, those that are too short for a figure left out.

    ``NAME.1.jsonl``, ``NAME.2.jsonl`` and so on are the parts of one pool.
    """
    files: dict[str, list[Path]] = {}
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        files.setdefault(path.name.partition(".")[0], []).append(path)
    found = {name: read_parts(paths) for name, paths in files.items()}
    enough = 3
    return {name: pool for name, pool in found.items() if pool and len(pool.rounds) >= enough}


if __name__ == "__main__":
    sys.exit(main())
