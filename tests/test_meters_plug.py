from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import plug_stand_in as stand_in
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plug_bench import PlugBench, WaitingClock, bench
from plug_stand_in import StandInPlug

from harness.errors import MeasurementError
from harness.meters import shelly, tasmota
from harness.meters.plug import ACCURACY
from harness.meters.plug_answer import Answer, Maker, step_of
from harness.meters.plug_watch import LONGEST_SILENCE_SECONDS, Tolerance, Watch

SHELLY = shelly.maker(0)
COARSE = {"decimals": 0, "power_decimals": 1}
"""A counter that goes in watt-hours: at 60 W it moves once a minute."""


def test_a_counter_that_moves_often_is_read() -> None:
    with bench(SHELLY) as made:
        description = made.open().describe()
    assert (description.kind, description.component) == ("counter", "wall")
    assert description.resolution_joules == pytest.approx(3.6)
    assert description.refresh_seconds == 1.0
    assert "energy counter (aenergy.total)" in description.provenance
    assert ACCURACY in description.provenance


def test_a_counter_of_coarse_steps_is_left_for_the_power() -> None:
    with bench(tasmota.MAKER, **COARSE) as made:
        description = made.open().describe()
    assert description.kind == "power"
    assert description.resolution_joules == pytest.approx(0.1)
    assert "moved less often than every 2 s" in description.provenance


def test_fine_decimals_do_not_hide_that_a_counter_goes_in_leaps() -> None:
    with bench(SHELLY, quantum_watt_hours=0.206694) as made:
        assert made.open().describe().kind == "power"


def test_what_answers_on_this_machine_is_simulated_and_says_so() -> None:
    with bench(SHELLY) as made:
        description = made.open().describe()
    assert description.grade == "simulated"
    assert description.provenance.startswith("stand-in: it answered on the machine")


def test_another_machine_s_answer_is_a_wall_meter_s() -> None:
    with bench(SHELLY) as made:
        source = made.open()
        source.plug.device.is_this_machine = False
        from harness.meters.plug import _description  # noqa: PLC0415 - what the seam decides

        assert _description(source.plug, "counter", 3.6, 1.0, "").grade == "wall"


def test_no_address_is_published() -> None:
    with bench(SHELLY) as made:
        assert "127.0.0.1" not in repr(made.open().describe())


@pytest.mark.parametrize(
    ("maker", "properties"),
    [
        (SHELLY, {}),
        (SHELLY, {"refresh_seconds": 0.4, "decimals": 6}),
        (SHELLY, {"quantum_watt_hours": 0.206694}),
        (tasmota.MAKER, {"decimals": 2}),
        (tasmota.MAKER, COARSE),
        (tasmota.MAKER, {"decimals": 0, "power_decimals": 0}),
    ],
)
def test_windows_hold_the_energy_within_what_is_stated(
    maker: Maker, properties: dict[str, object]
) -> None:
    with bench(maker, **properties) as made, made.record():
        for watts in (60.0, 140.0, 60.0, 200.0, 35.0):
            reading, joules = made.window(watts, 20.0)
            (part,) = reading.energy
            assert abs(reading.joules - joules) <= part.uncertainty_joules


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.floats(20, 400), st.floats(2, 30)), min_size=1, max_size=4))
def test_windows_in_a_row_miss_nothing(stretches: list[tuple[float, float]]) -> None:
    with bench(SHELLY) as made, made.record():
        windows = [made.window(watts, seconds) for watts, seconds in stretches]
    read = sum(reading.joules for reading, _ in windows)
    true = sum(joules for _, joules in windows)
    highest = max(watts for watts, _ in stretches)
    assert abs(read - true) <= 2 * 3.6 + 0.1 * highest  # steps and pauses of the outer edges alone


def test_a_coarse_power_widens_the_window_by_its_length() -> None:
    def rounding(power_decimals: int) -> float:
        properties = COARSE | {"power_decimals": power_decimals}
        with bench(tasmota.MAKER, **properties) as made, made.record():
            return made.window(60.0, 60.0)[0].energy[0].edges_joules

    assert rounding(0) == pytest.approx(10 * rounding(1), rel=0.1)
    assert rounding(0) == pytest.approx(1.96 * 60 / 2 / 3**0.5, rel=0.1)


def test_the_trace_shows_no_pauses_between_refreshes() -> None:
    with bench(SHELLY) as made, made.record():
        for _ in range(5):
            made.window(60.0, 7.0)
            made.glance()
        (trace,) = made.trace()
    assert min(watts for _, watts in trace.watts) > 0
    seconds = sum(seconds for seconds, _ in trace.watts)
    assert sum(s * w for s, w in trace.watts) / seconds == pytest.approx(60, rel=0.05)


def test_edges_are_asked_for_gently() -> None:
    with bench(SHELLY) as made, made.record():
        asked, began = made.plug.asked, made.clock.now
        made.window(60.0, 10.0)
        assert made.plug.asked - asked <= 10 + 12 * (made.clock.now - began - 10) + 2


def _fail(made: PlugBench, said: str) -> MeasurementError:
    """Go on until the window fails."""
    with pytest.raises(MeasurementError, match=said) as caught:
        made.run_and_mark(40)
    assert "plug at 127.0.0.1" in caught.value.message
    assert caught.value.remedy
    with pytest.raises(MeasurementError):
        made.mark()
    return caught.value


def _sink(plug: StandInPlug) -> None:
    plug.offset_watt_hours -= 1_000


def _leap(plug: StandInPlug) -> None:
    plug.offset_watt_hours += 5


def _turn_round(plug: StandInPlug) -> None:
    plug.times_watts = -1.0


def _switch_off(plug: StandInPlug) -> None:
    plug.times_watts = 0.0


def _exaggerate(plug: StandInPlug) -> None:
    plug.times_watts = 3.0


def _go_mad(plug: StandInPlug) -> None:
    plug.times_watts = 500.0


def _turn_back_the_clock(plug: StandInPlug) -> None:
    plug.clock_offset -= 86_400


@pytest.mark.parametrize(
    ("lie", "said"),
    [
        (_sink, "counter fell from .* the plug was restarted, or its counter reset"),
        (_leap, "contradicts itself|more than 4,000 W"),
        (_turn_round, "power is -60.0 W: less than nothing"),
        (_switch_off, "power is 0 W, and this machine draws some"),
        (_exaggerate, "contradicts itself"),
        (_go_mad, "more than the 4,000 W"),
        (_turn_back_the_clock, "clock went back by 86"),
        (StandInPlug.freeze, "clock has stood still|stood still at|contradicts itself"),
    ],
)
@pytest.mark.parametrize("properties", [{"decimals": 2}, COARSE], ids=["counter", "power"])
def test_a_plug_that_lies_fails_the_window(
    lie: Callable[[StandInPlug], None], said: str, properties: dict[str, object]
) -> None:
    with bench(tasmota.MAKER, **properties) as made, made.record():
        made.run(10.0)
        made.mark()
        lie(made.plug)
        _fail(made, said)


def test_a_plug_without_a_clock_is_stale_once_nothing_changes() -> None:
    with bench(SHELLY, **COARSE) as made:
        made.plug.has_clock = False
        made.plug.set_watts(61.0)
        with made.record():
            made.plug.freeze()
            _fail(made, "nothing that it says has changed for 9.* s")


def test_a_plug_that_never_changes_is_stale_when_it_is_opened() -> None:
    with bench(SHELLY) as made:
        made.plug.freeze()
        with pytest.raises(MeasurementError, match=r"clock has stood still for .*stale"):
            made.open()


def test_an_honest_hour_is_no_lie() -> None:
    with bench(tasmota.MAKER, **COARSE) as made, made.record():
        for turn in range(20):
            made.window(40.0 + 200.0 * (turn % 2), 60.0)


def test_an_honest_half_hour_of_counting_is_no_lie() -> None:
    with bench(SHELLY) as made, made.record():
        for turn in range(20):
            made.window(40.0 + 200.0 * (turn % 2), 30.0)


@pytest.mark.parametrize("fault", [stand_in.status(500), stand_in.cut_off, stand_in.hang_up])
@pytest.mark.parametrize("properties", [{"decimals": 2}, COARSE], ids=["counter", "power"])
def test_one_failed_answer_is_asked_for_again(
    fault: stand_in.Fault, properties: dict[str, object]
) -> None:
    with bench(tasmota.MAKER, **properties) as made, made.record():
        made.run(5.0)
        made.mark()
        made.plug.misbehave(fault, times=2)
        reading, joules = made.window(60.0, 15.0)
    assert reading.joules == pytest.approx(joules, rel=0.1)


@pytest.mark.parametrize("fault", [stand_in.status(500), stand_in.hang_up])
@pytest.mark.parametrize("properties", [{"decimals": 2}, COARSE], ids=["counter", "power"])
def test_silence_beyond_the_bound_fails_the_window(
    fault: stand_in.Fault, properties: dict[str, object]
) -> None:
    with bench(tasmota.MAKER, **properties) as made, made.record():
        made.plug.misbehave(fault)
        _fail(made, r"nothing was heard of it for [5-7](\.\d+)? s")


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (stand_in.body(b"{"), "not valid JSON"),
        (stand_in.body(b"[1]"), "no JSON object"),
        (stand_in.body(b'{"a": NaN}'), "NaN is not a number"),
        (stand_in.body(b"[" * 60_000), "not valid JSON"),
        (stand_in.body(b"\xff\xfe"), "not valid JSON"),
        (stand_in.body(b"9" * 60_000), "no JSON object"),
        (stand_in.status(404), "answered 404"),
        (stand_in.redirect("http://192.0.2.1/"), "sends elsewhere"),
        (stand_in.body(b" " * 70_000), "longer than 64 KiB"),
    ],
)
def test_an_answer_that_makes_no_sense_fails_at_once(fault: stand_in.Fault, said: str) -> None:
    with bench(SHELLY) as made, made.record():
        made.plug.misbehave(fault, times=1)
        _fail(made, said)


def test_a_plug_that_is_not_there_fails_at_once() -> None:
    with bench(SHELLY) as made:
        made.plug.misbehave(stand_in.hang_up)
        began = made.clock.now
        with pytest.raises(MeasurementError, match="cannot be reached"):
            made.open()
    assert made.clock.now == began


def test_the_line_is_hung_up_behind_a_session() -> None:
    with bench(SHELLY) as made:
        with made.record():
            device = made.source.plug.device
            assert device._connection is not None
        assert device._connection is None


@pytest.mark.parametrize(
    ("spelled", "step"),
    [("12", "1"), ("12.5", "0.1"), ("12.500", "0.001"), ("1E+3", "1"), ("1e-9", "0.000001")],
)
def test_the_decimals_of_a_number_tell_its_step(spelled: str, step: str) -> None:
    assert step_of(Decimal(spelled)) == Decimal(step)


@given(
    st.lists(st.floats(0.1, 4.0), min_size=2, max_size=50),
    st.floats(1, 500),
    st.sampled_from(["0.001", "0.01", "1"]),
)
def test_honest_answers_are_never_called_lies(pauses: list[float], watts: float, step: str) -> None:
    clock = WaitingClock()
    began = clock.now

    def say() -> Answer:
        watt_hours = Decimal((clock.now - began) * watts / 3_600.0)
        counted = watt_hours // Decimal(step) * Decimal(step)
        return Answer(counted, Decimal(round(watts, 1)), clock.now)

    watch = Watch(
        "plug",
        say,
        tolerance=Tolerance(0.1, 2 * float(step) * 3_600.0, 0.0, 0.1),
        stands_seconds=10.0,
        remedy="",
        clock=clock,
        sleep=clock.sleep,
    )
    for seconds in pauses:
        watch.read()
        clock.now += seconds


def test_a_watch_that_nobody_used_begins_anew_instead_of_guessing() -> None:
    clock = WaitingClock()
    answers = [
        Answer(Decimal(10), Decimal(60), None),
        Answer(Decimal(500), Decimal(60), None),
        Answer(Decimal(500), Decimal(60), None),
    ]
    watch = Watch(
        "plug",
        lambda: answers.pop(0),
        tolerance=Tolerance(0.1, 1.0, 0.0, 0.1),
        stands_seconds=90.0,
        remedy="",
        clock=clock,
        sleep=clock.sleep,
    )
    watch.read()
    clock.now += LONGEST_SILENCE_SECONDS + 1
    watch.read()
    clock.now += 1
    watch.read()
