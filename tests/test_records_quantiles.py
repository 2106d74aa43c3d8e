"""Quantiles that are kept are those that SciPy works out, and reading a row needs no SciPy."""

from __future__ import annotations

import math
import subprocess
import sys

import pytest

from harness.records.quantiles import ALPHA, scipy_t_quantile, t_quantile


@pytest.mark.parametrize("degrees", [*range(1, 41), math.inf, 3.7])
def test_a_quantile_is_what_scipy_gives_to_the_last_digit(degrees: float) -> None:
    for alpha in (ALPHA, 0.0305):
        assert t_quantile(degrees, alpha) == scipy_t_quantile(degrees, alpha)


def test_figures_of_a_row_are_derived_without_importing_scipy() -> None:
    code = (
        "import sys\n"
        "from harness.records.statistics import of_sessions\n"
        "import harness.cli.building.gathering\n"
        "assert of_sessions([1.0, 1.1, 1.2, 1.05, 1.3]).interval()\n"
        "assert 'scipy' not in sys.modules, 'scipy'\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
