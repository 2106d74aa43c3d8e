from __future__ import annotations

import pytest

from harness.errors import MeasurementError
from harness.meters import kernel


def test_the_work_is_the_same_every_time() -> None:
    assert kernel._work() == kernel._work() == kernel.EXPECTED


def test_the_kernel_costs_cpu_time_well_above_the_clocks_grain() -> None:
    assert 0.01 < kernel.run_reference_kernel() < 10


def test_a_miscalculating_machine_measures_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel, "_work", lambda: ("0" * 16, 7))
    with pytest.raises(MeasurementError, match="reference kernel") as caught:
        kernel.run_reference_kernel()
    assert "processor and memory" in caught.value.remedy
