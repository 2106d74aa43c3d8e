"""What holds for all tests."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator

import pytest
from hypothesis import HealthCheck, settings

# Tests assert no time: on a shared machine any example can take long once.
settings.register_profile("harness", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("harness")


@pytest.fixture(autouse=True, scope="session")
def _a_lock_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Leave the machine's lock alone: what runs here and measures nothing takes no turn."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HARNESS_RUN_FOLDER", str(tmp_path_factory.mktemp("run")))
        yield


REQUIRE_EXTRAS = os.environ.get("HARNESS_REQUIRE_EXTRAS") == "1"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
    call: pytest.CallInfo[None],  # noqa: ARG001 - the hook's signature
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where every extra is there, a test that is skipped for a missing one has failed."""
    report = yield
    if REQUIRE_EXTRAS and report.skipped and not hasattr(report, "wasxfail"):
        reason = str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr)
        if "could not import" in reason or "extra" in reason:
            report.outcome = "failed"
            report.longrepr = f"{item.nodeid}: {reason} (HARNESS_REQUIRE_EXTRAS=1 asks for it)"
    return report
