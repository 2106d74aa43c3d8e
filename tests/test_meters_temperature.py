"""How warm the processor is: by its own sensors, and by nothing else's."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.meters.temperature import processor_sensors, warmest


def write(root: Path, **files: str) -> None:
    """Write files below a folder; ``__`` in a name stands for a slash."""
    for name, text in files.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_the_warmest_of_the_processors_own_sensors_counts(tmp_path: Path) -> None:
    write(
        tmp_path,
        hwmon__hwmon0__name="nvme\n", hwmon__hwmon0__temp1_input="90000\n",
        hwmon__hwmon1__name="coretemp\n", hwmon__hwmon1__temp1_input="51000\n",
        hwmon__hwmon1__temp2_input="54500\n",
        thermal__thermal_zone0__type="x86_pkg_temp\n", thermal__thermal_zone0__temp="99000\n",
    )  # fmt: skip

    sensors = processor_sensors(tmp_path)

    assert len(sensors) == 2
    assert warmest(sensors) == pytest.approx(54.5)


def test_where_no_driver_is_loaded_its_zones_are_read(tmp_path: Path) -> None:
    write(
        tmp_path,
        thermal__thermal_zone0__type="acpitz\n", thermal__thermal_zone0__temp="90000\n",
        thermal__thermal_zone1__type="cpu-thermal\n", thermal__thermal_zone1__temp="48123\n",
    )  # fmt: skip
    assert warmest(processor_sensors(tmp_path)) == pytest.approx(48.123)


@pytest.mark.parametrize("text", ["", "warm\n", "\u0665\u0665\n", "12345678\n"])
def test_what_is_no_reading_is_none(tmp_path: Path, text: str) -> None:
    write(tmp_path, hwmon__hwmon0__name="k10temp", hwmon__hwmon0__temp1_input=text)
    assert warmest(processor_sensors(tmp_path)) is None


def test_a_machine_without_sensors_tells_nothing(tmp_path: Path) -> None:
    assert processor_sensors(tmp_path) == ()
    assert warmest(()) is None


def test_a_sensor_that_goes_away_is_none(tmp_path: Path) -> None:
    assert warmest((tmp_path / "temp1_input",)) is None
