"""Rounds for the pools of ``resolution.py``: sessions of entries whose work is exact in count.

Every entry is the same program, and does a whole number of the same units of work for a query. Each
session is a session of ``harness.evaluation``, through the sandbox, the worker, the frames and the
meter; only its idle windows are left out, which no figure here is made of. A round is one session
of each entry, in an order drawn anew.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from resolution_pool import (
    BASE,
    Header,
    PoolError,
    Run,
    append,
    begin,
    differences_of,
    drop_torn_line,
    read_pool,
    units_of,
)

if TYPE_CHECKING:
    from resolution_turns import Turns

    from harness.evaluation.session import Bench, Script
    from harness.records.rules import Rules
    from harness.records.session import Session

ROOT = Path(__file__).resolve().parent.parent
ENTRY_CORE = max(os.sched_getaffinity(0))
QUERIES_A_BATCH = 16
WARM_UP_QUERIES = 16
CALIBRATION_QUERIES = 64

MODEL = '''\
"""A whole number of equal units of work for each query: words counted, vectors multiplied."""

from operator import mul

UNITS = {units}
WORDS = [f"word{{number % 97}}" for number in range(60)]
LEFT = [number / 7 for number in range(200)]
RIGHT = [number / 11 for number in range(200)]


def unit():
    counts = {{}}
    for word in WORDS:
        counts[word] = counts.get(word, 0) + 1
    return sum(map(mul, LEFT, RIGHT)) + len(counts)


class Model:
    def predict(self, samples):
        for _ in range(len(samples) * UNITS):
            unit()
        return [0] * len(samples)


def load(directory):
    return Model()
'''

NEIGHBOUR = """\
import os, random, sys, time
parent, ends = int(sys.argv[1]), time.monotonic() + float(sys.argv[2])
if child := os.fork():
    print(child)
    sys.exit()
os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
rng = random.Random()
while time.monotonic() < ends and os.path.exists(f"/proc/{parent}"):
    until = time.monotonic() + rng.uniform(0.02, 2.0)
    while time.monotonic() < until:
        sum(range(1000))
    time.sleep(rng.uniform(0.02, 2.0))
"""
"""Works and rests for up to two seconds in turn; ends with whoever wanted it, or when told.

No child of this process: what a harness starts itself it takes for its own work, not for others'.
"""


class Wanted(NamedTuple):
    """How rounds are to be made."""

    minutes: float
    seconds: float
    """Of a session's measured phase, kept to once the pool has begun."""
    neighbours: int = 0
    side_by_side: int = 1
    meter: str = "auto"
    in_turns: bool = False


def measure_side_by_side(paths: Sequence[Path], command: Sequence[str], minutes: float) -> None:
    """Add rounds to all ``paths`` at once, each by a process of its own on two cores of its own.

    ``command --minutes M --part PATH`` measures one of them, on the cores that it may use. The
    first is begun before the others, so that all have the same number of queries. Raises
    ``PoolError`` where there are too few cores, or where a part could not be measured.
    """
    ours = sorted(os.sched_getaffinity(0))
    if len(ours) < 2 * len(paths):
        raise PoolError(f"{len(paths)} parts at once need {2 * len(paths)} cores: {len(ours)} here")
    try:
        os.sched_setaffinity(0, ours[:2])
        subprocess.run([*command, "--minutes", "0", "--part", str(paths[0])], check=False)
        if not paths[0].is_file():
            raise PoolError(f"{paths[0]}: could not be begun")
        begun = paths[0].read_text(encoding="utf-8").splitlines(keepends=True)[0]
        processes = []
        for number, path in enumerate(paths):
            if not path.is_file():
                path.write_text(begun, encoding="utf-8")
            os.sched_setaffinity(0, ours[2 * number : 2 * number + 2])
            order = [*command, "--minutes", f"{minutes}", "--part", str(path)]
            processes.append(subprocess.Popen(order))
    finally:
        os.sched_setaffinity(0, ours)
    codes = [process.wait() for process in processes]
    if any(codes):
        raise PoolError(f"parts ended with {codes}: see what they printed")


def measure(path: Path, differences: Sequence[float], wanted: Wanted) -> None:
    """Add rounds to the pool at ``path``.

    Raises ``PoolError`` where what is on file was made of other work, or on another machine.
    """
    units = units_of(differences)
    ends = time.monotonic() + 60 * wanted.minutes
    path.parent.mkdir(parents=True, exist_ok=True)
    drop_torn_line(path)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)  # the sandbox's user must get through to the entries
        place = _Place(folder, units, wanted.meter)
        before = read_pool(path)
        turns = place.turns() if wanted.in_turns else None
        queries = before.header.queries if before else (turns or place).calibrate(wanted.seconds)
        header = place.header(queries, wanted)
        if before is None:
            begin(path, header)
        elif before.header != header:
            raise PoolError(f"{path}: {differences_of(before.header, header)}; name another --pool")
        with _neighbours(wanted.neighbours, 60 * wanted.minutes + 60):
            while time.monotonic() < ends:
                append(path, (turns or place).round(queries))


@contextmanager
def _neighbours(count: int, seconds: float) -> Iterator[None]:
    """Have so many programs work and rest beside the block."""
    command = [sys.executable, "-c", NEIGHBOUR, str(os.getpid()), str(seconds)]
    with ExitStack() as started:
        for _ in range(count):
            process = subprocess.run(command, stdout=subprocess.PIPE, check=True)
            pidfd = os.pidfd_open(int(process.stdout))
            started.callback(os.close, pidfd)
            started.callback(_end, pidfd)
        yield


def _end(pidfd: int) -> None:
    with suppress(ProcessLookupError):  # its time was over
        signal.pidfd_send_signal(pidfd, signal.SIGKILL)


class _Place:
    """The entries, and what their sessions run on."""

    def __init__(self, folder: Path, units: dict[str, int], meter: str) -> None:
        from harness.cli.evaluating.profiles import this_machine
        from harness.meters.machine import surroundings_of
        from harness.meters.select import select
        from harness.records.rules import read_rules
        from harness.sandbox.ladder import choose

        self._units = units
        self._folders = {}
        for number, (name, count) in enumerate(units.items()):
            self._folders[name] = folder / str(number)
            self._folders[name].mkdir()
            (self._folders[name] / "model.py").write_text(MODEL.format(units=count))
        self._rules: Rules = read_rules(ROOT / "leaderboard/rules.toml")
        self._hardware = this_machine().hardware
        self._meter = select([meter], surroundings_of(self._hardware))
        self._sandbox = choose("auto", (ENTRY_CORE,))
        self._kernels: list[float] = []
        from resolution_counter import why_not

        self._uncounted = why_not()

    def header(self, queries: int, wanted: Wanted) -> Header:
        isolation = self._sandbox.probe((ENTRY_CORE,))
        return Header(
            entries=self._units,
            queries=queries,
            neighbours=wanted.neighbours,
            side_by_side=wanted.side_by_side,
            in_turns=wanted.in_turns,
            processor=self._hardware.processor,
            cores=self._hardware.cores,
            kernel=self._hardware.kernel_family,
            meter=self._meter.describe().grade,
            isolation=isolation.grade,
            instructions=self._uncounted or "counted",
        )

    def calibrate(self, seconds: float) -> int:
        """Return how many queries the base answers in so many seconds, in whole batches."""
        least = min(self._session(BASE, CALIBRATION_QUERIES).cpu_seconds for _ in range(3)) / 1000
        return max(1, round(seconds / least / QUERIES_A_BATCH)) * QUERIES_A_BATCH

    def turns(self) -> Turns:
        """Have the entries take turns."""
        from resolution_turns import Turns

        launches = {name: self._script(name, QUERIES_A_BATCH).launch for name in self._units}
        return Turns(
            launches, self._sandbox, self._rules,
            texts=_Texts, warm_up=WARM_UP_QUERIES, kernel=self._bench().kernel,
        )  # fmt: skip

    def round(self, queries: int) -> list[Run]:
        """Run one session of each entry, in an order drawn anew."""
        order = list(self._units)
        random.SystemRandom().shuffle(order)
        return [self._session(name, queries) for name in order]

    def _session(self, name: str, queries: int) -> Run:
        from resolution_counter import Instructions

        from harness.evaluation.agreement import Answers
        from harness.evaluation.gate import disturbances
        from harness.evaluation.session import run_session
        from harness.records.energy import joules_per_1000, per_1000

        script = self._script(name, queries)
        answers = Answers.none(queries, "index")
        began = time.monotonic()
        count = None
        if self._uncounted:
            session = run_session(script, self._bench(), answers)
        else:
            with Instructions() as counted:
                session = run_session(script, self._bench(), answers)
            count = counted.count
        wall = time.monotonic() - began
        kernel = session.kernel.before_cpu_seconds, session.kernel.after_cpu_seconds
        void = disturbances(session, self._kernels, self._hardware.cores, self._rules.disturbance)
        self._kernels += kernel
        amortise = self._rules.energy.amortise_queries
        before, measured = session.windows.before, session.windows.measured
        return Run(
            entry=name,
            joules=joules_per_1000(session, amortise),
            cpu_seconds=per_1000(session, amortise, before.cpu_seconds, measured.cpu_seconds),
            kernel_seconds=kernel,
            wall_seconds=wall,
            other_cpu_seconds=_sum(session, "other_cpu_seconds"),
            steal_seconds=_sum(session, "steal_seconds"),
            void=tuple(notice.code for notice in void),
            instructions=count,
        )

    def _script(self, name: str, queries: int) -> Script:
        from harness.evaluation.plan import PlannedSweep, sealed_rng
        from harness.evaluation.session import Script
        from harness.sandbox.protocol import Launch

        launch = Launch(
            directory=self._folders[name], entry="model:load", command=None, output="index",
            labels=2, max_boxes=0, limits=self._rules.limits, cores=(ENTRY_CORE,),
        )  # fmt: skip
        split = _Texts(queries)
        return Script(
            index=0,
            launch=launch,
            batch_size=QUERIES_A_BATCH,
            idle_seconds=0.0,
            warm_up=split.samples(range(WARM_UP_QUERIES)),
            split=split,
            sweeps=[PlannedSweep("original", sealed_rng().permutation(queries), None)],
        )

    def _bench(self) -> Bench:
        from harness.evaluation.session import Bench
        from harness.meters.kernel import run_reference_kernel
        from harness.sandbox.affinity import on_cores

        def kernel() -> float:
            with on_cores((ENTRY_CORE,)):  # what it compares are the entry's cores
                return run_reference_kernel()

        return Bench(self._sandbox, self._meter, kernel, _Silent())


class _Texts:
    """A ``Split`` over texts of one length."""

    def __init__(self, count: int) -> None:
        self.ids: Sequence[str] = [str(number) for number in range(count)]
        self.labels = np.zeros(count, dtype=np.int64)
        self.groups: Sequence[str] | None = None
        self.boxes: Sequence[Any] | None = None

    def __len__(self) -> int:
        return len(self.ids)

    def samples(self, positions: Any) -> list[str | bytes]:  # noqa: ANN401 - numbers in any sequence
        return [f"query number {int(position):09}" for position in positions]


class _Silent:
    """Progress that nobody is shown."""

    def phase(self, phase: str) -> None:
        pass

    def queries(self, done: int, total: int) -> None:
        pass


def _sum(session: Session, field: str) -> float:
    """Return the sum of a disturbance over the entry's own phases."""
    from harness.evaluation.gate import own_phases

    return float(sum(getattr(window.disturbance, field) for window in own_phases(session)))
