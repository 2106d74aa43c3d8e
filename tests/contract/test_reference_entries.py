"""Every reference entry passes check and answers a real session in the sandbox."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from made_samples import ROOT, MadeSamples, task_of

from harness.cli.check import check_context
from harness.cli.project import Project
from harness.environments.cache import ensure
from harness.errors import HarnessError, OrganiserError
from harness.evaluation.agreement import Answers
from harness.evaluation.plan import PlannedSweep
from harness.evaluation.session import Bench, Script, run_session
from harness.meters.replay import Replay, Trace
from harness.meters.sources import SourceMeter
from harness.records.caches import cache_folder
from harness.records.session import PHASES
from harness.sandbox.ladder import choose
from harness.sandbox.protocol import Launch, Sandbox
from harness.submissions.check import CheckReport, check
from harness.submissions.manifest import Manifest
from harness.submissions.snapshot import snapshot
from harness.tasks.answers import is_answered
from harness.tasks.splits import Subset

PROJECT = Project(ROOT)
ITEMS = 64
NEURAL = {
    "chainsaw-cnn-torch",
    "deforestation-backbone",
    "deforestation-cnn",
    "wildfire-cnn-torch",
}
"""Entries that need the torch extra."""
MADE_FOR_ANOTHER_PYTHON = "FRG509"
"""A warning that an entry with a lock has wherever the harness runs on another than Debian 12's."""
ENTRIES = [
    pytest.param(name, marks=pytest.mark.torch) if name in NEURAL else name
    for name in sorted(path.name for path in PROJECT.submissions.iterdir() if path.is_dir())
]


class Silent:
    """Shows no progress."""

    def phase(self, phase: str) -> None: ...

    def queries(self, done: int, total: int) -> None: ...


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    try:
        return choose("auto")
    except HarnessError as error:
        pytest.skip(error.message)


def report_of(name: str) -> CheckReport:
    report = check(PROJECT.submissions / name, check_context(PROJECT))
    faults = [fault.message for fault in report.faults if fault.code != MADE_FOR_ANOTHER_PYTHON]
    assert faults == []
    return report


def manifest_of(name: str) -> Manifest:
    manifest = report_of(name).manifest
    assert manifest is not None
    return manifest


def packages_of(name: str) -> Path | None:
    """Return the environment of an entry that brings a lock, from the cache or made now.

    Its packages come from where uv or pip are told to get them, or from the folder of wheels that
    ``HARNESS_TEST_WHEELHOUSE`` names; where neither has them, the test is skipped.
    """
    lock = report_of(name).lock
    if lock is None:
        return None
    wheelhouse = os.environ.get("HARNESS_TEST_WHEELHOUSE")
    try:
        environment = ensure(
            lock,
            PROJECT.rules().environments,
            cache=cache_folder("environments"),
            wheelhouse=Path(wheelhouse) if wheelhouse else None,
            note=lambda _: None,
        )
    except OrganiserError as error:
        pytest.skip(f"the packages of {name} cannot be had here: {error.message}")
    return environment.folder


def answers_of(
    name: str, sandbox: Sandbox, folder: Path, made_samples: MadeSamples
) -> tuple[Answers, Subset]:
    """Run one short session over the task's first items."""
    manifest = manifest_of(name)
    task = task_of(manifest.submission.task)
    data = made_samples.data_of(task.id)
    folder.chmod(0o755)  # the sandbox's user must get through to the copy
    copy = snapshot(PROJECT.submissions / name, folder / "entry")
    split = Subset(data.test, np.arange(ITEMS))
    script = Script(
        index=0,
        launch=Launch(
            directory=copy.directory,
            entry=manifest.model.entry,
            command=manifest.model.command,
            output=manifest.model.output,
            labels=len(task.labels),
            max_boxes=task.max_boxes,
            limits=PROJECT.rules().limits,
            environment=packages_of(name),
        ),
        batch_size=manifest.model.batch_size,
        idle_seconds=0.001,
        warm_up=data.warm_up.samples(range(4)),
        split=split,
        sweeps=(PlannedSweep("original", np.arange(ITEMS), None),),
    )
    answers = Answers.none(ITEMS, manifest.model.output)
    meter = SourceMeter("replay", [Replay(Trace(watts=((1.0, 1.0),)))])
    session = run_session(script, Bench(sandbox, meter, lambda: 0.1, Silent()), answers)
    assert tuple(window.phase for window in session.phases) == PHASES
    return answers, split


@pytest.mark.parametrize("name", ENTRIES)
def test_it_answers_a_session(
    name: str, sandbox: Sandbox, tmp_path: Path, made_samples: MadeSamples
) -> None:
    if name in NEURAL:
        pytest.importorskip("torch")
        pytest.importorskip("safetensors")

    if manifest_of(name).weights:
        pytest.skip("its weights are fetched")

    answers, split = answers_of(name, sandbox, tmp_path, made_samples)

    task = task_of(manifest_of(name).submission.task)
    assert is_answered(answers.predictions).all()
    assert sum(map(sum, task.confusion(answers.predictions, split.labels))) == ITEMS


def test_those_that_look_beat_those_that_do_not(
    sandbox: Sandbox, tmp_path: Path, made_samples: MadeSamples
) -> None:
    for looks, looks_not in (
        ("climate-tfidf", "climate-majority"),
        ("chainsaw-mel-linear", "chainsaw-majority"),
        ("deforestation-colour-trees", "deforestation-majority"),
        ("wildfire-patch-trees", "wildfire-null"),
    ):
        right = []
        for name in (looks, looks_not):
            folder = tmp_path / name
            folder.mkdir()
            answers, split = answers_of(name, sandbox, folder, made_samples)
            task = task_of(manifest_of(name).submission.task)
            right.append(int((task.decisions(answers.predictions) == split.labels).sum()))
        assert right[0] > right[1]


def test_the_null_entry_of_every_task_is_there() -> None:
    rules = PROJECT.rules()

    for card in PROJECT.cards():
        assert manifest_of(rules.reference[card.task.id].null).submission.task == card.task.id
