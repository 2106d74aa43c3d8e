"""What one session can tell the next by what the kernel remembers of names and of files.

    python benchmarks/kernel_memory.py [--isolation auto] [--bits 1000] [--rounds 5]

As root, for it has the kernel forget. An entry writes random bits in one sandbox and reads them in
the next, in two ways: for each bit that is 1 it asks for a name that nothing has, or reads a page
of a file of the system's; in the next sandbox the time that each takes tells which are known.
Some that both agreed on beforehand show what the times are like.
Prints for each way how many bits were wrong (half: nothing came through), and how many a second
did come through while they were written and read; with nothing in between, and with what an
official evaluation does before each session.
"""

from __future__ import annotations

import argparse
import math
import secrets
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from harness.evaluation.session import predictions  # noqa: E402 - after the path
from harness.records.rules import read_rules  # noqa: E402
from harness.sandbox.forgetting import forget_files  # noqa: E402
from harness.sandbox.ladder import choose  # noqa: E402
from harness.sandbox.protocol import Launch, Sandbox  # noqa: E402

WAYS = ("names", "pages")
ENTRY = '''
import os
import random
import time

NAMES, FILES = "/usr/share", "/usr/lib"
STEP, LEAST, SPARE = 1 << 20, 8 << 20, 200


def names(key, count):
    return [f"{NAMES}/{key}-{n}" for n in range(count)]


def pages(key, count):
    """Pages of the system's files, so far apart that one is not read with another."""
    found, anywhere = [], random.Random(key)
    for folder, below, files in os.walk(FILES):
        below.sort()
        for path in (os.path.join(folder, name) for name in sorted(files)):
            size = 0 if os.path.islink(path) else os.stat(path).st_size
            if size > LEAST:
                file = os.open(path, os.O_RDONLY)
                begins = range(STEP, size - 2 * STEP, STEP)
                found += [(file, at + anywhere.randrange(STEP // 2)) for at in begins]
    if len(found) < count:
        raise ValueError(f"{len(found)} pages are too few")
    return found


def ask(name):
    began = time.perf_counter()
    try:
        os.stat(name)
    except FileNotFoundError:
        return time.perf_counter() - began


def read(page):
    began = time.perf_counter()
    os.pread(page[0], 1, page[1])
    return time.perf_counter() - began


def border(known, unknown):
    """Return the time that tells what is known from what is not with the fewest errors."""
    def errors(at):
        return sum(each > at for each in known) + sum(each <= at for each in unknown)
    return min(known + unknown, key=errors)


class Model:
    def predict(self, samples):
        do, way, key, bits = samples[0].split()
        n = len(bits)
        things = {"names": names, "pages": pages}[way](key, n + 2 * SPARE)
        touch = {"names": ask, "pages": read}[way]
        random.Random(key).shuffle(things)
        told, known, unknown = things[:n], things[n : n + SPARE], things[n + SPARE : n + 2 * SPARE]
        found = ""
        began = time.perf_counter()
        if do == "write":
            for thing in [thing for thing, bit in zip(told, bits) if bit == "1"] + known:
                touch(thing)
        else:  # what was known, and what was not, shows where the border is
            mixed = random.sample(known + unknown, 2 * SPARE)
            times = dict(zip(mixed, map(touch, mixed)))
            at = border([times[each] for each in known], [times[each] for each in unknown])
            found = "".join(str(int(touch(thing) <= at)) for thing in told)
        print("\\nSAID", time.perf_counter() - began, found, flush=True)
        return [0]


def load(directory):
    return Model()
'''


def session(sandbox: Sandbox, launch: Launch, asked: str) -> tuple[float, str]:
    """Ask the entry in a fresh sandbox; return how long it took, and what it found."""
    with sandbox.launch(launch) as process:
        process.ready(deadline_seconds=60)
        process.load(deadline_seconds=60)
        list(predictions(process, launch, [[asked]]))
        process.finish(deadline_seconds=60)
        said = process.captured().text.partition("SAID ")[2].split()
    return float(said[0]), said[1] if len(said) > 1 else ""


def carried(bits: int, wrong: int) -> float:
    """Return how many bits a channel carries that gets so many of them wrong: 1 - H(p) of each."""
    p = wrong / bits
    if p in (0, 1):
        return float(bits)
    return bits * (1 + p * math.log2(p) + (1 - p) * math.log2(1 - p))


def forget() -> None:
    """Have the kernel forget; end with the reason where it cannot."""
    if (why := forget_files()) is not None:
        sys.exit(f"the kernel cannot be told to forget: {why}")


def main() -> int:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--isolation", default="auto")
    parser.add_argument("--bits", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    limits = read_rules(ROOT / "leaderboard" / "rules.toml").limits
    sandbox = choose(arguments.isolation)
    print(f"grade {sandbox.probe().grade}, {arguments.rounds} times {arguments.bits} bits")
    print("| by | in between | wrong | bits a second |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        entry = Path(folder) / "entry"
        entry.mkdir()
        (entry / "model.py").write_text(ENTRY)
        launch = Launch(
            directory=entry, entry="model:load", command=None, output="index", labels=2,
            max_boxes=0, limits=limits,
        )  # fmt: skip
        for way in WAYS:
            for between in ("nothing", "forgetting"):
                wrong, seconds = 0, 0.0
                for _ in range(arguments.rounds):
                    bits = f"{secrets.randbits(arguments.bits):0{arguments.bits}b}"
                    key = secrets.token_hex(4)
                    forget()
                    wrote, _ = session(sandbox, launch, f"write {way} {key} {bits}")
                    if between == "forgetting":
                        forget()
                    took, found = session(sandbox, launch, f"read {way} {key} {bits}")
                    wrong += sum(one != other for one, other in zip(bits, found, strict=True))
                    seconds += wrote + took
                total = arguments.rounds * arguments.bits
                rate = carried(total, wrong) / seconds
                print(f"| {way} | {between} | {wrong / total:.1%} | {rate:,.0f} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
