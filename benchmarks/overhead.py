"""What the harness itself costs: 100,000 short texts through TF-IDF, in batches of 256.

    python benchmarks/overhead.py [--rounds 11] [--texts 100000]

Two ways to run the same model on the same texts: *bare*, a loop around ``predict``
(``bare_loop.py``), and *measured*, a session of ``harness.evaluation`` through the strongest
sandbox that works here, the worker, the frames and a meter. Both are alive at once, in fresh
processes, and take turns every 50 batches, a quarter of a second: whatever the machine does
meanwhile is done to both. Both have the same core, and the harness the others, as a hardware
profile's ``entry_cores`` has it. Three ratios have a goal:

- entry: CPU time of the entry's tree in a turn, over the bare loop's in the turn after it;
- parent: CPU time of the harness's own process in the measured window, over the entry's;
- memory: growth of the parent's peak from a quarter of the texts to all of them, over the growth
  of the data itself (each text, its identifier, its label, its place in the order, its answer).

The median counts: of all turns, of the rounds. The model is scikit-learn's TF-IDF of words and
pairs of words and its logistic regression, fitted here on the sample train split. The reference
entry ``climate-tfidf``, which does the same for a fraction of the work, is reported too, without a
goal: so cheap a ``predict`` makes the carrying of a text show.
Exits with 1 when a goal is missed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import pickle
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
BATCH_SIZE = 256
BATCHES_A_TURN = 50
SEED = 0
ENTRY_CORE = max(os.sched_getaffinity(0))
TASK = "climate-disinformation"

ENTRY_GOAL = 1.05
PARENT_GOAL = 0.05
MEMORY_GOAL = 1.05

MODEL = '''\
"""The pipeline that the benchmark fitted: its own file, so unpickling it is safe."""

import pickle


class Pipeline:
    def __init__(self, pipeline):
        self._pipeline = pipeline

    def predict(self, samples):
        return self._pipeline.predict(samples).tolist()


def load(directory):
    return Pipeline(pickle.loads((directory / "pipeline.pickle").read_bytes()))
'''


@dataclass(frozen=True)
class Subject:
    """An entry that is run both ways."""

    name: str
    folder: Path
    goals: bool


@dataclass(frozen=True)
class Pair:
    """A bare and a measured run that took turns, in CPU seconds."""

    bare: Sequence[float]
    """Turn by turn."""
    entry: Sequence[float]
    """Turn by turn."""
    parent: float

    @property
    def turns(self) -> list[float]:
        """Each turn of the entry over the bare loop's turn right after it."""
        return [entry / bare for entry, bare in zip(self.entry, self.bare, strict=True)]


def main() -> int:
    """Measure, print, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--texts", type=int, default=100_000)
    arguments = parser.parse_args()
    if arguments.texts < 4 * BATCH_SIZE:
        parser.error(f"--texts: a quarter of them must fill a batch: give {4 * BATCH_SIZE} or more")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)  # the sandbox's user must get through to the entry
        every, quarter = prepare(folder, arguments.texts)
        subjects = [
            Subject("TF-IDF, scikit-learn", folder / "entry", goals=True),
            Subject("climate-tfidf", ROOT / "submissions/climate-tfidf", goals=False),
        ]
        missed = []
        for subject in subjects:
            pairs = [run_pair(subject, every) for _ in range(arguments.rounds)]
            missed += report(subject, pairs, arguments.texts)
        growths = [memory_ratio(subjects[0], every, quarter) for _ in range(arguments.rounds)]
    missed += verdict("memory", growths, MEMORY_GOAL)
    print(f"goals missed: {', '.join(missed)}" if missed else "all goals met")
    return 1 if missed else 0


def prepare(folder: Path, count: int) -> tuple[Path, Path]:
    """Fit the model, write its entry, and write ``count`` texts and a quarter of them to files."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    from harness.tasks import load_task

    task = load_task(ROOT, TASK)
    train = task.load_data("sample", SEED).warm_up  # the source's train split
    quotes = [str(quote) for quote in train.samples(range(len(train)))]
    pipeline = make_pipeline(TfidfVectorizer(ngram_range=(1, 2)), LogisticRegression(max_iter=1000))
    pipeline.fit(quotes, train.labels)
    entry = folder / "entry"
    entry.mkdir()
    (entry / "model.py").write_text(MODEL)
    (entry / "pipeline.pickle").write_bytes(pickle.dumps(pipeline))
    rng = np.random.default_rng(SEED)
    texts = [str(task.perturb(quotes[i % len(quotes)], rng)) for i in range(count)]
    every, quarter = folder / "every.txt", folder / "quarter.txt"
    every.write_text("\n".join(texts), encoding="utf-8")
    quarter.write_text("\n".join(texts[: count // 4]), encoding="utf-8")
    print(f"{count:,} texts of {statistics.fmean(map(len, texts)):.0f} characters on average")
    return every, quarter


def run_pair(subject: Subject, texts: Path) -> Pair:
    """Run both ways in turn, some batches each; both must predict the same."""
    with Bare(subject, texts) as bare:
        measured = run_measured(subject, texts, bare.go_on)
        predictions = bare.finish()
    assert predictions == measured["predictions"], "the two ways predict differently"
    return Pair(
        bare=bare.cpu_seconds,
        entry=measured["entry_cpu_seconds"],
        parent=measured["parent_cpu_seconds"],
    )


class Bare:
    """The loop as the sandbox would start it: same interpreter, options and environment."""

    def __init__(self, subject: Subject, texts: Path) -> None:
        from harness.sandbox import interpreter
        from harness.sandbox.affinity import on_cores

        script = str(ROOT / "benchmarks/bare_loop.py")
        command = interpreter.worker_command(script, str(subject.folder), str(texts))
        with on_cores((ENTRY_CORE,)):
            self._process = subprocess.Popen(
                [*command, str(BATCH_SIZE)],
                env=interpreter.environment("index", 8, 0),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        self.cpu_seconds: list[float] = []
        """Of each turn."""
        self._said()

    def go_on(self, batches: int) -> None:
        """Have it do some batches, and wait until they are done."""
        assert self._process.stdin is not None
        print(batches, file=self._process.stdin, flush=True)
        self.cpu_seconds.append(float(self._said()))

    def finish(self) -> str:
        """Return the digest of what it predicted."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        return self._said().strip()

    def _said(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the bare loop has died"
        return line

    def __enter__(self) -> Self:
        """Enter; it is loaded and waits."""
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        self._process.kill()
        with self._process:  # waits, and closes its pipes
            pass


def run_measured(
    subject: Subject, texts: Path, between: Callable[[int], None] = lambda _: None
) -> dict[str, Any]:
    """Run a session in a process of its own, so that its peak of memory is a session's.

    ``between`` is called whenever it has done some batches, with their number; it waits meanwhile.
    """
    command = [sys.executable, __file__, "--session", str(subject.folder), str(texts)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for line in process.stdout:
            said = json.loads(line)
            if isinstance(said, dict):
                result: dict[str, Any] = said
                break
            between(said)
            print(file=process.stdin, flush=True)
    assert process.returncode == 0, "the session failed"
    return result


def memory_ratio(subject: Subject, every: Path, quarter: Path) -> float:
    """Return the growth of the parent's peak over the growth of its data."""
    few, many = run_measured(subject, quarter), run_measured(subject, every)
    peak = many["peak_bytes"] - few["peak_bytes"]
    data = many["data_bytes"] - few["data_bytes"]
    return float(peak / data)


def report(subject: Subject, pairs: list[Pair], texts: int) -> list[str]:
    """Print one subject's medians and ratios; return the goals that it misses."""

    def microseconds(seconds: list[float]) -> str:
        return f"{statistics.median(seconds) / texts * 1e6:6.2f} us"

    print(f"{subject.name}, CPU time a text:")
    print(f"  bare   {microseconds([sum(pair.bare) for pair in pairs])}")
    print(f"  entry  {microseconds([sum(pair.entry) for pair in pairs])}")
    print(f"  parent {microseconds([pair.parent for pair in pairs])}")
    turns = [turn for pair in pairs for turn in pair.turns]
    parents = [pair.parent / sum(pair.entry) for pair in pairs]
    return [
        *verdict("entry", turns, ENTRY_GOAL if subject.goals else None),
        *verdict("parent", parents, PARENT_GOAL if subject.goals else None),
    ]


def verdict(name: str, ratios: list[float], goal: float | None) -> list[str]:
    """Print the median of ``ratios`` and their quartiles; return ``name`` when over the goal."""
    low, median, high = np.quantile(ratios, [0.25, 0.5, 0.75])
    line = f"  {name:<6} ratio {median:.3f} (of {len(ratios)}, half within {low:.3f} to {high:.3f})"
    if goal is None:
        print(line)
        return []
    print(f"{line}, goal {goal:.2f}: {'met' if median <= goal else 'missed'}")
    return [name] if median > goal else []


def session(folder: Path, texts_file: Path) -> None:
    """Run one session over the texts in the order of the file; print what it cost as JSON."""
    from harness.evaluation.agreement import Answers
    from harness.evaluation.plan import PlannedSweep
    from harness.evaluation.session import Bench, Script, run_session
    from harness.meters.kernel import run_reference_kernel
    from harness.meters.protocol import Surroundings
    from harness.meters.select import select
    from harness.records.rules import read_rules
    from harness.sandbox.ladder import choose
    from harness.sandbox.protocol import Launch

    limits = read_rules(ROOT / "leaderboard/rules.toml").limits
    turns = Turns()
    bench = Bench(
        choose("auto"),
        select(["model"], Surroundings(cores=1, machine_cores=1)),
        run_reference_kernel,
        turns,
    )
    launch = Launch(
        directory=folder, entry="model:load", command=None, output="index", labels=8,
        max_boxes=0, limits=limits, cores=(ENTRY_CORE,),
    )  # fmt: skip
    with texts_file.open(encoding="utf-8") as lines:
        split = Texts([line.removesuffix("\n") for line in lines])
    turn = BATCHES_A_TURN * BATCH_SIZE
    orders = np.split(np.arange(len(split)), range(turn, len(split), turn))
    script = Script(
        index=0,
        launch=launch,
        batch_size=BATCH_SIZE,
        idle_seconds=0.0,
        warm_up=split.samples(range(BATCH_SIZE)),
        split=split,
        sweeps=[PlannedSweep("original", order, None) for order in orders],
    )
    answers = Answers.none(len(split), launch.output)
    os.sched_setaffinity(0, os.sched_getaffinity(0) - {ENTRY_CORE})
    done = run_session(script, bench, answers)
    (window,) = (window for window in done.phases if window.phase == "measured")
    peak = peak_bytes()
    result = {
        "entry_cpu_seconds": [sweep.cpu_seconds for sweep in done.sweeps],
        "parent_cpu_seconds": window.disturbance.harness_cpu_seconds - turns.cpu_seconds,
        "predictions": hashlib.sha256(bytes(answers.predictions.tolist())).hexdigest(),
        "peak_bytes": peak,
        "data_bytes": split.bytes
        + sum(order.nbytes for order in orders)
        + answers.predictions.nbytes,
    }
    print(json.dumps(result))


class Texts:
    """A ``Split`` over texts whose labels do not matter."""

    def __init__(self, texts: list[str]) -> None:
        self._texts = texts
        self.ids: Sequence[str] = [str(number) for number in range(len(texts))]
        self.labels = np.zeros(len(texts), dtype=np.int64)
        self.groups: Sequence[str] | None = None
        self.boxes: Sequence[Any] | None = None
        pointers = sys.getsizeof(self._texts) + sys.getsizeof(self.ids)
        content = sum(map(allocated_bytes, self._texts)) + sum(map(allocated_bytes, self.ids))
        self.bytes = pointers + content + self.labels.nbytes

    def __len__(self) -> int:
        """Return how many texts there are."""
        return len(self._texts)

    def samples(self, positions: Any) -> list[str | bytes]:  # noqa: ANN401 - numbers in any sequence
        """Return the texts at these positions, in this order."""
        return [self._texts[number] for number in np.asarray(positions).tolist()]


class Turns:
    """Progress that stops now and then: prints how many batches were done, and waits for a line.

    At the end of a sweep, when no request is on its way: amid one the entry would work meanwhile.
    """

    def __init__(self) -> None:
        self._reported = 0
        self.cpu_seconds = 0.0
        """Of taking turns, which no evaluation does: it is taken off what the parent used."""

    def phase(self, phase: str) -> None:
        """Pass over a phase."""

    def queries(self, done: int, total: int) -> None:
        """Take turns after some batches, which are a sweep, and after the last one."""
        batches = -(-done // BATCH_SIZE)
        if batches - self._reported >= BATCHES_A_TURN or done == total:
            began = time.process_time()
            print(batches - self._reported, flush=True)
            self._reported = batches
            sys.stdin.readline()
            self.cpu_seconds += time.process_time() - began


def allocated_bytes(text: str) -> int:
    """Return what a text takes: CPython's allocator hands out multiples of 16 bytes."""
    return -(-sys.getsizeof(text) // 16) * 16


def peak_bytes() -> int:
    """Return the most memory this process ever had resident.

    Not ``ru_maxrss``: it starts from what the process that started this one had.
    """
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("the kernel's /proc/self/status has no VmHWM")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--session"]:
        session(Path(sys.argv[2]), Path(sys.argv[3]))
    else:
        sys.exit(main())
