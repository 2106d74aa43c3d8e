"""What holds for all tests."""

from __future__ import annotations

import compileall
import os
import re
import signal
import sys
from collections.abc import Generator, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest
import typer.main
from browser_pages import Opened, started_browser
from fuzzing import Fuzz, Plan, Target, require
from hypothesis import HealthCheck, settings
from made_samples import MadeSamples

import harness
from harness.sandbox import forgetting
from harness.sandbox.stage import DEFAULT_UID

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# Tests assert no time: on a shared machine any example can take long once.
settings.register_profile("harness", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("harness")

if "PYTEST_XDIST_WORKER" not in os.environ:
    # Else whatever tests start compiles the harness anew: an eighth of what an evaluation takes.
    compileall.compile_dir(
        Path(harness.__file__).parent, quiet=2, rx=re.compile("/submissions/templates/")
    )
# Typer makes all fifty commands anew for each call of one; they hold no state, and once is enough.
pytest.MonkeyPatch().setattr("typer.main.get_command", cache(typer.main.get_command))
# Entries and tasks of the repository are imported, here and by programs that tests start: nothing
# is to be left in their folders, where another test finds it.
sys.dont_write_bytecode = True
os.environ["PYTHONDONTWRITEBYTECODE"] = "1"

for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    # A shell has its jobs in the background ignore SIGINT, and all that a test starts inherits it:
    # tests that interrupt a run would wait in vain.
    if signal.getsignal(number) == signal.SIG_IGN:
        default = signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
        signal.signal(number, default)


@pytest.fixture(autouse=True, scope="session")
def _a_lock_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Leave the machine's lock alone: what runs here and measures nothing takes no turn."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HARNESS_RUN_FOLDER", str(tmp_path_factory.mktemp("run")))
        worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
        if os.geteuid() == 0 and worker != "0":  # entries of two workers are no one user's
            patch.setenv("HARNESS_ENTRY_UID", str(DEFAULT_UID + int(worker)))
        yield


@pytest.fixture(autouse=True, scope="session")
def _caches_that_stay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Have official evaluations write to a file in the place of the kernel's setting."""
    setting = tmp_path_factory.mktemp("kernel") / "drop_caches"
    setting.touch()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(forgetting, "SETTING", setting)
        yield


@pytest.fixture(scope="session")
def made_samples(
    tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config
) -> MadeSamples:
    """Hand out the tasks' sample data; all workers of a run share one folder of it."""
    run = tmp_path_factory.getbasetemp()
    folder = (run.parent if hasattr(pytestconfig, "workerinput") else run) / "made-samples"
    folder.mkdir(exist_ok=True)
    return MadeSamples(folder)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start a browser for the tests of a module; each opens pages in contexts of its own."""
    with started_browser() as started:
        yield started


class OpenPage(Protocol):
    """Opens a page with these settings of a context, and closes it after the test."""

    def __call__(self, path: Path, query: str = "", **settings: Any) -> Opened: ...  # noqa: ANN401


@pytest.fixture
def open_page(browser: Browser) -> Iterator[OpenPage]:
    """Open pages for one test."""
    opened: list[Opened] = []

    def open_with(path: Path, query: str = "", **settings: Any) -> Opened:  # noqa: ANN401
        opened.append(Opened(browser, **settings))
        return opened[-1].goto(path, query)

    yield open_with
    for each in opened:
        each.context.close()


REQUIRE_EXTRAS = os.environ.get("HARNESS_REQUIRE_EXTRAS") == "1"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
    call: pytest.CallInfo[None],  # noqa: ARG001 - the hook's signature
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where every extra is there, a test that is skipped for a missing one has failed."""
    report = yield
    if REQUIRE_EXTRAS and report.skipped and not hasattr(report, "wasxfail"):
        reason = _reason(report)
        if _is_for_an_extra(reason):
            report.outcome = "failed"
            report.longrepr = f"{item.nodeid}: {reason} (HARNESS_REQUIRE_EXTRAS=1 asks for it)"
    return report


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    return str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr)


def _is_for_an_extra(reason: str) -> bool:
    return any(words in reason for words in ("could not import", "extra", "pip install"))


FUZZ = "fuzz"
"""The name under which a test's report says what a sweep saw: reports cross processes."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Say how much ``tests/fuzz`` does: a short sweep, unless more is asked for."""
    group = parser.getgroup("fuzz")
    group.addoption("--fuzz-cases", type=int, default=300, help="Cases for each fuzz target.")
    group.addoption("--fuzz-seed", type=int, default=0, help="What the cases are made from.")
    group.addoption("--fuzz-case", type=int, default=None, help="Make this one case again.")


LONGEST = "test_sandbox_attacks.py"
"""The other long ones lie in folders, and so come first in the order of names."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest file, which would else be left to one worker at the end.

    Every fuzz case has a limit of its own, by the same timer that the plug-in would use.
    """
    items.sort(key=lambda item: item.path.name != LONGEST)
    for item in items:
        if "fuzz" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.timeout(0))


@pytest.fixture
def fuzz(request: pytest.FixtureRequest) -> Fuzz:
    """Run a fuzz target as the command line asks for."""
    options = request.config.option
    plan = Plan(options.fuzz_cases, options.fuzz_seed, options.fuzz_case)

    def run(target: Target[Any]) -> None:
        request.node.user_properties.append((FUZZ, str(require(target, plan))))

    return run


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Give every fuzz target a line; write to HARNESS_SKIPPED_TO which files lacked an extra."""
    if skipped_to := os.environ.get("HARNESS_SKIPPED_TO"):
        skipped = terminalreporter.stats.get("skipped", [])
        files = sorted(
            {
                report.nodeid.partition("::")[0]
                for report in skipped
                if _is_for_an_extra(_reason(report))
            }
        )
        Path(skipped_to).write_text("".join(f"{file}\n" for file in files), encoding="utf-8")
    for report in terminalreporter.stats.get("passed", []):
        for name, seen in report.user_properties:
            if name == FUZZ:
                terminalreporter.write_line(f"fuzz: {seen}")
