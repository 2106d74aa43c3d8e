from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from meter_fakes import add_zone

from harness.errors import MeasurementError, UsageError
from harness.meters.select import select, survey


@pytest.fixture(autouse=True)
def powercap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Whatever machine the tests run on, it has no counter until a test adds one."""
    root = tmp_path / "powercap"
    root.mkdir()
    monkeypatch.setenv("HARNESS_POWERCAP_ROOT", str(root))
    return root


def test_auto_is_the_model_where_there_is_no_counter() -> None:
    assert select("auto", cores=2).describe().grade == "model"


def test_auto_is_the_counters_where_there_are_some(powercap: Path) -> None:
    add_zone(powercap, "intel-rapl:0", "package-0")
    assert select("auto", cores=2).describe().name == "rapl"


def test_auto_does_not_pass_over_a_counter_that_makes_no_sense(powercap: Path) -> None:
    add_zone(powercap, "intel-rapl:0", "package-0").write_text("-1")
    with pytest.raises(MeasurementError, match="package-0"):
        select("auto", cores=2)


def test_rapl_that_is_asked_for_and_not_there_is_an_error_with_a_way_out() -> None:
    with pytest.raises(MeasurementError, match="no zone") as caught:
        select("rapl", cores=2)
    assert "--meter model" in caught.value.remedy


def test_the_model_can_be_had_beside_a_counter(powercap: Path) -> None:
    add_zone(powercap, "intel-rapl:0", "package-0")
    (source,) = select("model", cores=4).describe().sources
    assert source.constants["base_watts"] == pytest.approx(1.6)


def test_a_trace_is_named_by_its_path(tmp_path: Path) -> None:
    trace = tmp_path / "trace.json"
    trace.write_text('{"watts": [[1, 10]]}')
    assert select(f"replay:{trace}", cores=1).describe().name == "replay"


@pytest.mark.parametrize("name", ["", "RAPL", "replay", "replay:", "codecarbon"])
def test_an_unknown_name_lists_the_known_ones(name: str) -> None:
    with pytest.raises(UsageError, match="no meter is called") as caught:
        select(name, cores=1)
    assert all(known in caught.value.remedy for known in ("auto", "rapl", "model", "replay:FILE"))


def test_the_survey_says_what_is_missing_and_what_would_help() -> None:
    rapl, model = survey()
    assert (rapl.name, rapl.found, model.name, model.found) == ("rapl", False, "model", True)
    assert "no zone" in rapl.detail
    assert rapl.remedy
    assert "not energy" in model.detail


def test_the_survey_lists_the_counters_that_are_there(powercap: Path) -> None:
    add_zone(powercap, "intel-rapl:0", "package-0")
    add_zone(powercap, "intel-rapl:0:0", "dram")
    rapl = survey()[0]
    assert rapl.found
    assert rapl.detail == "package-0, package-0/dram; grade simulated"


def test_meters_load_no_heavy_library() -> None:
    program = (
        "import sys, harness.meters.select, harness.meters.machine, harness.meters.kernel\n"
        "print(sorted({'numpy', 'psutil', 'pyarrow', 'rich'} & set(sys.modules)))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert ran.stdout.strip() == "[]"


@pytest.mark.parametrize("name", ["auto", "rapl"])
def test_a_replaced_root_that_does_not_exist_is_named(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARNESS_POWERCAP_ROOT", str(tmp_path / "missing"))
    with pytest.raises(MeasurementError, match=r"HARNESS_POWERCAP_ROOT: .*missing is not a folder"):
        select(name, cores=2)
