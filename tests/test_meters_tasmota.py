from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import plug_stand_in as stand_in
import pytest
from plug_bench import bench
from plug_stand_in import StandInPlug, serve

from harness.errors import MeasurementError, UsageError
from harness.meters import tasmota
from harness.meters.powercap import SensorUnavailableError
from harness.meters.protocol import Surroundings

HERE = Surroundings(cores=2, machine_cores=2)


def test_the_counter_the_power_and_the_time_are_read() -> None:
    energy = {"Total": Decimal("12.345"), "Power": Decimal(60)}
    document = {"StatusSNS": {"Time": "2026-11-25T13:00:01", "ENERGY": energy}}
    answer = tasmota.MAKER.read(document, "plug")
    assert answer.micro_watt_hours == 12_345_000_000
    assert answer.milliwatts == 60_000
    later = {"StatusSNS": {"Time": "2026-11-25T13:00:03+01:00", "ENERGY": energy}}
    assert tasmota.MAKER.read(later, "plug").clock_seconds == (answer.clock_seconds or 0) + 2


def _sensors(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = document["StatusSNS"]
    return found


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda d: d.pop("StatusSNS"), "StatusSNS.ENERGY.Total is missing"),
        (lambda d: d.update(StatusSNS=[]), "StatusSNS.ENERGY.Total is missing"),
        (lambda d: _sensors(d).pop("ENERGY"), "StatusSNS.ENERGY is missing .* does not meter"),
        (lambda d: _sensors(d).update(ENERGY=None), "StatusSNS.ENERGY.Total is missing"),
        (lambda d: _sensors(d)["ENERGY"].pop("Power"), "ENERGY.Power is missing"),
        (lambda d: _sensors(d)["ENERGY"].update(Total="1.5"), 'Total: found "1.5", not a number'),
        (
            lambda d: _sensors(d)["ENERGY"].update(Power=[3, 4]),
            r"Power: found \[3.0, 4.0\], not a number",
        ),
        (
            lambda d: _sensors(d)["ENERGY"].update(Total=Decimal("1e999999")),
            r"Total: found 1.000e\+999999, a number that no plug tells",
        ),
        (lambda d: _sensors(d).pop("Time"), "StatusSNS.Time: found 'None', not a time"),
        (lambda d: _sensors(d).update(Time="noon"), "StatusSNS.Time: found 'noon', not a time"),
        (lambda d: _sensors(d).update(Time=5), "StatusSNS.Time: found '5', not a time"),
    ],
)
def test_a_field_that_is_not_what_it_should_be_is_named(
    edit: Callable[[dict[str, Any]], object], said: str
) -> None:
    with bench(tasmota.MAKER) as made:
        made.plug.misbehave(stand_in.change(edit))
        with pytest.raises(MeasurementError, match=said) as caught:
            made.open()
    assert caught.value.message.startswith("Tasmota plug at 127.0.0.1:")
    assert caught.value.remedy


def test_a_password_that_is_asked_for_in_a_good_answer_is_understood() -> None:
    with bench(tasmota.MAKER) as made:
        made.plug.misbehave(
            stand_in.body(b'{"WARNING":"Need user=<username>&password=<password>"}')
        )
        with pytest.raises(SensorUnavailableError, match="wants a password"):
            made.open()


def test_a_time_zone_s_jump_forward_is_no_lie() -> None:
    with bench(tasmota.MAKER, decimals=2) as made, made.record():
        made.run_and_mark(1)
        made.plug.clock_offset += 3_600
        made.run_and_mark(1)


def test_finer_decimals_make_the_counter_fit_for_windows() -> None:
    with bench(tasmota.MAKER, decimals=2) as made:
        fine = made.open().describe()
    with bench(tasmota.MAKER, decimals=0) as made:
        coarse = made.open().describe()
    assert (fine.kind, coarse.kind) == ("counter", "power")
    assert fine.resolution_joules == pytest.approx(36)


def test_it_is_opened_at_its_address() -> None:
    with serve(StandInPlug(decimals=2, watts=500, refresh_seconds=0.2)) as address:
        (source,) = tasmota.open_sources(address, HERE)
    assert source.describe().name == "Tasmota plug"


def test_it_has_no_channels() -> None:
    with pytest.raises(UsageError, match="slash"):
        tasmota.open_sources("plug/1", HERE)
