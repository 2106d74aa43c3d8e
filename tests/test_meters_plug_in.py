from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest
from meter_fakes import FakeWork
from projects import write_entry, write_project

from harness.errors import ConfigurationError, MeasurementError
from harness.meters.plug_in import PlugInSource, open_plug_in
from harness.meters.protocol import Edge, Surroundings, Total
from harness.meters.sources import SourceMeter
from harness.records.meter import DeviceCondition, SourceDescription

HERE = Surroundings(cores=2, machine_cores=2)
HONEST = SourceDescription(
    name="analyser",
    component="wall",
    grade="wall",
    kind="counter",
    resolution_joules=0.01,
    refresh_seconds=0.0,
    relative_uncertainty=0.002,
    provenance="a laboratory analyser",
)


class Analyser:
    """A plug-in's source and follower in one: 10 W, until something is replaced."""

    def __init__(self) -> None:
        self.poll_seconds: object = 0.05
        self.described: object = HONEST
        self.poll: Callable[[], object] = self.total
        self.edge: Callable[[], object] = self.sharp
        self.conditions: Callable[[], object] = lambda: (DeviceCondition(device="analyser"),)

    def describe(self) -> object:
        return self.described

    @contextmanager
    def follow(self, work: object) -> Iterator[object]:  # noqa: ARG002
        yield self

    def total(self) -> Total:
        now = time.monotonic()
        return Total(now, 10 * now)

    def sharp(self) -> Edge:
        now, joules = self.total()
        return Edge(now, joules, 0.001, 0.003, 10.0)


def meter(analyser: Analyser) -> SourceMeter:
    return SourceMeter("bench", open_plug_in("bench", lambda *_: [analyser], "", HERE))


def test_an_honest_plug_in_is_read_as_it_says() -> None:
    with meter(Analyser()).record(FakeWork()) as recording:
        time.sleep(0.12)
        reading = recording.mark()
    (part,) = reading.energy
    assert part.joules == pytest.approx(10 * reading.seconds)
    assert part.gain_joules == pytest.approx(0.002 * part.joules)
    assert part.resolution_joules == pytest.approx(1.96 * 0.003 * math.sqrt(2))
    assert reading.conditions == (DeviceCondition(device="analyser"),)


def at(seconds: float = 0.0, joules: float = 0.0, **fields: float) -> Callable[[], Edge]:
    """Return edges so much off in time and energy."""

    def edge() -> Edge:
        now = time.monotonic()
        right = Edge(now + seconds, 10 * now + joules, 0.001, 0.003, 10.0)
        return right._replace(**fields)

    return edge


def broken() -> Edge:
    return 1 / 0  # type: ignore[return-value]


def ended() -> Edge:
    raise SystemExit(3)


def own_failure() -> Edge:
    raise MeasurementError("the lamp is out", remedy="change the lamp")


@pytest.mark.parametrize(
    ("edge", "said"),
    [
        (at(joules=-1_000.0), "its energy fell from"),
        (at(joules=math.nan), "joules is nan, not a finite number"),
        (at(joules=math.inf), "joules is inf, not a finite number"),
        (lambda: Edge(time.monotonic(), 10**400, 0.0, 0.0, 0.0), "joules is 1000"),
        (at(seconds=math.nan), "at_seconds is nan"),
        (at(seconds=60.0), "s ahead"),
        (at(seconds=-0.5), "it is stale"),
        (at(seconds=-1e6), "it is stale, or at_seconds is not of time.monotonic"),
        (at(timing_joules=-1.0), "timing_joules is -1.0, less than nothing"),
        (at(resolution_joules=math.nan), "resolution_joules is nan"),
        (at(watts=-5.0), "watts is -5.0, less than nothing"),
        (at(peak_watts=math.inf), "peak_watts is inf"),
        (lambda: None, "returned None, no Edge"),
        (lambda: (1.0, 2.0), "returned (1.0, 2.0), no Edge"),
        (lambda: Total(time.monotonic(), 1e9), "no Edge"),
        (lambda: Edge("now", 1.0, 0.0, 0.0, 0.0), "at_seconds is 'now'"),  # type: ignore[arg-type]
        (lambda: Edge(time.monotonic(), True, 0.0, 0.0, 0.0), "joules is True"),
        (broken, "ZeroDivisionError: division by zero"),
        (ended, "SystemExit: 3"),
        (own_failure, "the lamp is out"),
    ],
)
def test_an_edge_that_cannot_be_fails_the_window_in_the_plug_ins_name(
    edge: Callable[[], object], said: str
) -> None:
    analyser = Analyser()
    with meter(analyser).record(FakeWork()) as recording:
        analyser.edge = edge
        for _ in range(2):
            with pytest.raises(
                MeasurementError, match=r"^the meter 'bench' \(analyser\)"
            ) as caught:
                recording.mark()
            assert said in caught.value.message
            assert caught.value.remedy


def test_a_poll_that_cannot_be_fails_the_window_too() -> None:
    analyser = Analyser()
    analyser.poll = lambda: Total(time.monotonic(), 0.0)
    with meter(analyser).record(FakeWork()) as recording:
        time.sleep(0.2)
        with pytest.raises(MeasurementError, match=r"the meter 'bench'.*its energy fell from"):
            recording.mark()


def test_a_clock_that_stands_still_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.meters.plug_in._STALE_SECONDS", 0.1)
    analyser = Analyser()
    then = analyser.total()
    analyser.poll = lambda: then
    with meter(analyser).record(FakeWork()) as recording:
        time.sleep(0.3)
        with pytest.raises(MeasurementError, match=r"'bench'.*(stale|went back|fell)"):
            recording.mark()


@pytest.mark.parametrize(
    ("conditions", "said"),
    [
        ([1], r"conditions returned \[1\]"),
        ((DeviceCondition(device=5),), "Expected `str`, got `int`"),  # type: ignore[arg-type]
        ((DeviceCondition(device="lamp", clock_megahertz=math.nan),), "holds nan"),
    ],
)
def test_conditions_that_no_record_could_hold_fail_the_window(
    conditions: object, said: str
) -> None:
    analyser = Analyser()
    analyser.conditions = lambda: conditions
    with (
        meter(analyser).record(FakeWork()) as recording,
        pytest.raises(MeasurementError, match=f"'bench'.*{said}"),
    ):
        recording.mark()


def test_a_source_that_cannot_be_followed_is_named() -> None:
    class Closed(Analyser):
        def follow(self, work: object) -> object:  # type: ignore[override]  # noqa: ARG002
            raise OSError(16, "Device or resource busy")

    class Empty(Analyser):
        @contextmanager
        def follow(self, work: object) -> Iterator[object]:  # noqa: ARG002
            yield 5

    class Late(Analyser):
        @contextmanager
        def follow(self, work: object) -> Iterator[object]:  # noqa: ARG002
            yield self
            raise RuntimeError("cannot close")

    for source, said in (
        (Closed(), "OSError"),
        (Empty(), "has no method poll"),
        (Late(), "RuntimeError: cannot close"),
    ):
        with (
            pytest.raises(MeasurementError, match=r"the meter 'bench' \(analyser\)") as caught,
            meter(source).record(FakeWork()),
        ):
            pass
        assert said in caught.value.message


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"component": "roof"}, "component"),
        ({"grade": "best"}, "grade"),
        ({"kind": "guess"}, "kind"),
        ({"name": 5}, "name"),
        ({"name": ""}, "lacks a name or a provenance"),
        ({"provenance": ""}, "lacks a name or a provenance"),
        ({"resolution_joules": -1.0}, "resolution_joules of 'analyser' is -1.0"),
        ({"relative_uncertainty": math.nan}, "relative_uncertainty of 'analyser' is nan"),
        ({"refresh_seconds": math.inf}, "refresh_seconds of 'analyser' is inf"),
        ({"constants": {"watts": -3.0}}, "watts of 'analyser' is -3.0"),
    ],
)
def test_a_description_that_no_record_could_hold_is_refused(
    changes: dict[str, object], said: str
) -> None:
    analyser = Analyser()
    analyser.described = msgspec.structs.replace(HONEST, **changes)
    with pytest.raises(ConfigurationError, match=r"^the meter 'bench'") as caught:
        meter(analyser)
    assert said in caught.value.message


@pytest.mark.parametrize("poll_seconds", [0, -1, math.nan, math.inf, None, "1", True, 1e10])
def test_a_cadence_that_is_none_is_refused(poll_seconds: object) -> None:
    analyser = Analyser()
    analyser.poll_seconds = poll_seconds
    with pytest.raises(ConfigurationError, match="poll_seconds of 'analyser'"):
        meter(analyser)


def test_what_describes_nothing_is_refused() -> None:
    analyser = Analyser()
    analyser.described = {"name": "analyser"}
    with pytest.raises(ConfigurationError, match="no SourceDescription"):
        PlugInSource("bench", analyser)  # type: ignore[arg-type]


def test_one_source_opened_twice_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="opened the source 'analyser' of the wall twice"):
        open_plug_in("bench", lambda *_: [Analyser(), Analyser()], "", HERE)


PACKAGE = """
import time
from contextlib import contextmanager

from harness.meters.protocol import Edge, Total
from harness.records.meter import SourceDescription


class Lamp:
    poll_seconds = 0.25

    def __init__(self, watts):
        self.watts = watts

    def describe(self):
        return SourceDescription(
            name="lamp", component="wall", grade="simulated", kind="power", resolution_joules=0.0,
            refresh_seconds=0.0, relative_uncertainty=0.01, provenance="a lamp, by its label",
        )

    @contextmanager
    def follow(self, work):
        yield self

    def poll(self):
        now = time.monotonic()
        return Total(now, self.watts * now)

    def edge(self):
        now, joules = self.poll()
        return Edge(now, joules, timing_joules=0.0, resolution_joules=0.0, watts=self.watts)

    def conditions(self):
        return ()


def open_sources(argument, surroundings):
    return [Lamp(float(argument or 60))]
"""


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """Return a folder of packages with one that provides the meter ``lamp``."""
    site = tmp_path / "site"
    info = site / "lamp_meter-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: lamp-meter\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[frugal_ai_harness.sources]\nlamp = lamp_meter:open_sources\n"
    )
    (site / "lamp_meter.py").write_text(PACKAGE)
    return site


def run_harness(
    site: Path, program: str, project: Path | None = None
) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(site), *filter(None, [os.environ.get("PYTHONPATH")])])
    own = {"PYTHONPATH": path, "TMPDIR": str(site)}
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        env=os.environ | own | ({"HARNESS_ROOT": str(project)} if project else {}),
        capture_output=True,
        text=True,
        check=False,
    )


MEASURE = """
    import json, time
    from harness.errors import HarnessError
    from harness.meters.protocol import Surroundings
    from harness.meters.select import select, plug_ins

    class Idle:
        def cpu_seconds(self):
            return 0.0

    try:
        meter = select(["lamp:40"], Surroundings(cores=1, machine_cores=1))
        with meter.record(Idle()) as recording:
            time.sleep(0.3)
            reading = recording.mark()
            time.sleep(0.3)
            watts = [reading.joules / reading.seconds for reading in (reading, recording.mark())]
        print(json.dumps({"meters": plug_ins(), "watts": watts, "steps": len(recording.trace())}))
    except HarnessError as error:
        print(json.dumps({"error": error.message}))
"""


def test_an_installed_package_adds_a_meter(installed: Path) -> None:
    ran = run_harness(installed, MEASURE)
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout)
    assert found["meters"] == ["lamp"]
    assert found["watts"] == pytest.approx([40.0, 40.0])
    assert found["steps"] == 1


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("import time\n", "import tyme\n", "cannot be loaded: ModuleNotFoundError"),
        ("return [Lamp(float(argument or 60))]", "return []", "opened no source"),
        ("def conditions(self)", "def state(self)", "has no method conditions"),
        ("self.watts * now)", "-self.watts * now)", "its energy fell from"),
        ("self.watts * now)", "float('nan'))", "joules is nan"),
        ("self.watts * now)", "float('inf'))", "joules is inf"),
        ("now = time.monotonic()", "now = 5.0", "stale"),
        ("now = time.monotonic()", "now = time.time()", "s ahead"),
    ],
)
def test_an_installed_package_that_is_faulty_is_named(
    installed: Path, right: str, wrong: str, said: str
) -> None:
    module = installed / "lamp_meter.py"
    assert right in PACKAGE
    module.write_text(PACKAGE.replace(right, wrong))
    ran = run_harness(installed, MEASURE)
    assert "Traceback" not in ran.stderr
    message = json.loads(ran.stdout)["error"]
    assert "the meter 'lamp'" in message
    assert said in message


def test_doctor_lists_it_and_evaluate_runs_on_it(installed: Path, tmp_path: Path) -> None:
    project = write_project(tmp_path / "project")
    entry = write_entry(project, "perfect")
    program = "import sys; from harness.__main__ import main; sys.argv[1:] = {}; main()"
    ran = run_harness(installed, program.format(["doctor", "--json"]), project)
    assert "lamp; grade simulated" in ran.stdout, ran.stderr
    options = ["--meter", "lamp:25", "--output", str(tmp_path / "results"), "--json"]
    ran = run_harness(installed, program.format(["evaluate", str(entry), *options]), project)
    assert ran.returncode == 0, ran.stderr
    record = json.loads(ran.stdout)["record"]
    assert record["meter"]["sources"][0]["provenance"] == "a lamp, by its label"
    (reading,) = (
        phase["reading"]
        for phase in record["sessions"][0]["phases"]
        if phase["phase"] == "measured"
    )
    assert reading["energy"][0]["joules"] == pytest.approx(25 * reading["seconds"])
