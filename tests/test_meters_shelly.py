from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import plug_stand_in as stand_in
import pytest
from plug_bench import bench
from plug_stand_in import StandInPlug, serve

from harness.errors import MeasurementError, UsageError
from harness.meters import shelly
from harness.meters.protocol import Surroundings
from harness.meters.select import select

HERE = Surroundings(cores=2, machine_cores=2)


def test_the_counter_and_the_power_are_read() -> None:
    document = {
        "id": 0,
        "apower": Decimal("60.2"),
        "aenergy": {
            "total": Decimal("1234.567"),
            "by_minute": [],
            "minute_ts": Decimal(1_764_075_600),
        },
    }
    answer = shelly.maker(0).read(document, "plug")
    assert answer.micro_watt_hours == 1_234_567_000
    assert answer.milliwatts == 60_200
    assert answer.clock_seconds == 1_764_075_600


def test_each_switch_is_asked_for_by_its_number() -> None:
    maker = shelly.maker(3)
    assert maker.path == "/rpc/Switch.GetStatus?id=3"
    assert maker.source == "Shelly plug, switch 3"


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda d: d.pop("apower"), "apower is missing"),
        (lambda d: d.pop("aenergy"), "aenergy.total is missing"),
        (lambda d: d.update(aenergy=[1]), "aenergy.total is missing"),
        (lambda d: d["aenergy"].pop("total"), "aenergy.total is missing"),
        (lambda d: d.update(apower="60.2"), 'apower: found "60.2", not a number'),
        (lambda d: d.update(apower=None), "apower: found null, not a number"),
        (lambda d: d.update(apower=True), "apower: found true, not a number"),
        (lambda d: d["aenergy"].update(total=[1, 2]), "not a number"),
        (lambda d: d["aenergy"].update(minute_ts="now"), "aenergy.minute_ts: found"),
        (lambda d: d["aenergy"].update(total=-5), "counted -5 Wh"),
        (lambda d: d["aenergy"].update(total=1e12), "counted 1000000000000.0 Wh"),
    ],
)
def test_a_field_that_is_not_what_it_should_be_is_named(
    edit: Callable[[dict[str, Any]], object], said: str
) -> None:
    with bench(shelly.maker(0)) as made:
        made.plug.misbehave(stand_in.change(edit))
        with pytest.raises(MeasurementError, match=said) as caught:
            made.open()
    assert caught.value.message.startswith("Shelly plug at 127.0.0.1:")
    assert "Switch.GetStatus" in caught.value.remedy or "counter" in caught.value.remedy


def test_a_switch_that_the_plug_lacks_is_named() -> None:
    with serve(StandInPlug()) as address, pytest.raises(MeasurementError, match="404") as caught:
        shelly.open_sources(f"{address}/7", HERE)
    assert "channel" in caught.value.remedy


def test_a_plug_of_another_make_is_told_from_it() -> None:
    plug = StandInPlug(makes=("tasmota",))
    with serve(plug) as address, pytest.raises(MeasurementError, match="404") as caught:
        shelly.open_sources(address, HERE)
    assert "is such a plug's" in caught.value.remedy


def test_it_is_had_by_its_name_on_the_command_line() -> None:
    with serve(StandInPlug(refresh_seconds=0.2, watts=400)) as address:
        meter = select([f"shelly:{address}"], HERE)
        description = meter.describe()
        with meter.record(_NoWork()) as recording:
            reading = recording.mark()
    assert (description.name, description.grade) == ("shelly", "simulated")
    assert description.components == ("wall",)
    assert reading.joules > 0


class _NoWork:
    def cpu_seconds(self) -> float:
        return 0.0


def test_it_does_not_go_with_what_it_holds() -> None:
    with (
        serve(StandInPlug(refresh_seconds=0.2, watts=400)) as address,
        pytest.raises(UsageError, match="counts the whole machine, and model a part"),
    ):
        select([f"shelly:{address}", "model"], HERE)


@pytest.mark.parametrize("argument", ["", "https://plug", "plug/x"])
def test_an_address_is_needed(argument: str) -> None:
    with pytest.raises(UsageError, match="shelly"):
        shelly.open_sources(argument, HERE)
