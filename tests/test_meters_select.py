from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from meter_fakes import LiveZones, add_zone

from harness.errors import ConfigurationError, MeasurementError, UsageError
from harness.meters import select as selection
from harness.meters.powercap import SensorUnavailableError
from harness.meters.protocol import Source, Surroundings
from harness.meters.replay import Replay, Trace
from harness.meters.select import BUILT_IN, SourceStatus, select, survey
from harness.records.meter import Component, Grade, SourceDescription

HERE = Surroundings(cores=2, machine_cores=4)


class Stub(Replay):
    """A source of any component and grade."""

    def __init__(self, name: str, component: Component, grade: Grade = "sensor") -> None:
        super().__init__(Trace(watts=((1.0, 5.0),)))
        self.said = SourceDescription(
            name=name,
            component=component,
            grade=grade,
            kind="counter",
            resolution_joules=0.0,
            refresh_seconds=0.0,
            relative_uncertainty=0.0,
            provenance="a stub",
        )

    def describe(self) -> SourceDescription:
        return self.said


@pytest.fixture(autouse=True)
def powercap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Whatever machine the tests run on, it has no sensor until a test adds one."""
    root = tmp_path / "powercap"
    root.mkdir()
    monkeypatch.setenv("HARNESS_POWERCAP_ROOT", str(root))
    monkeypatch.setattr("harness.meters.powercap._text", LiveZones())
    monkeypatch.setattr(
        selection,
        "BUILT_IN",
        {
            "rapl": "harness.meters.rapl",
            "model": "harness.meters.cpu_model",
            "replay": "harness.meters.replay",
            "boards": __name__,
        },
    )
    monkeypatch.setattr(selection, "SPELLINGS", ("auto", "rapl", "boards", "model", "replay:FILE"))
    monkeypatch.setattr(selection, "SENSORS", ("rapl", "boards"))
    return root


_boards: list[Source] = []
_fault: list[Exception] = []


def open_sources(argument: str, surroundings: Surroundings) -> list[Source]:  # noqa: ARG001
    """This module stands in for the one that opens boards."""
    for error in _fault:
        raise error
    if not _boards:
        raise SensorUnavailableError("no board here", remedy="add one")
    return _boards


@pytest.fixture(autouse=True)
def boards() -> list[Source]:
    _boards.clear()
    _fault.clear()
    return _boards


def grades_and_components(*names: str) -> tuple[str, str, tuple[str, ...]]:
    description = select(names, HERE).describe()
    return description.name, description.grade, description.components


def test_auto_is_the_model_where_there_is_no_counter() -> None:
    assert grades_and_components("auto") == ("model", "model", ("package",))


def test_auto_is_the_counters_where_there_are_some(powercap: Path) -> None:
    add_zone(powercap, "intel-rapl:0", "package-0")
    assert grades_and_components("auto") == ("rapl", "simulated", ("package",))


def test_auto_bills_every_board_beside_the_processor(powercap: Path, boards: list[Source]) -> None:
    boards += [Stub("gpu-0", "gpu"), Stub("gpu-1", "gpu")]
    assert grades_and_components("auto") == ("model+boards", "model", ("gpu", "package"))
    add_zone(powercap, "intel-rapl:0", "package-0")
    assert grades_and_components("auto")[0] == "rapl+boards"


def test_auto_does_not_pass_over_a_counter_that_makes_no_sense(powercap: Path) -> None:
    add_zone(powercap, "intel-rapl:0", "package-0").write_text("-1")
    with pytest.raises(MeasurementError, match="package-0"):
        select(["auto"], HERE)


def test_auto_does_not_pass_over_a_board_that_makes_no_sense() -> None:
    _fault.append(MeasurementError("gpu-0: is sliced"))
    with pytest.raises(MeasurementError, match="sliced"):
        select(["auto"], HERE)


def test_several_meters_are_read_together_and_graded_by_the_weakest(
    powercap: Path, boards: list[Source]
) -> None:
    add_zone(powercap, "intel-rapl:0", "package-0")
    boards.append(Stub("gpu-0", "gpu"))
    expected = ("rapl+boards", "simulated", ("gpu", "package"))
    assert grades_and_components("rapl", "boards") == expected
    assert grades_and_components("model", "boards") == ("model+boards", "model", ("gpu", "package"))


@pytest.mark.parametrize("names", [["rapl", "model"], ["model", "rapl"]])
def test_the_same_component_is_not_billed_twice(names: list[str], powercap: Path) -> None:
    add_zone(powercap, "intel-rapl:0", "package-0")
    with pytest.raises(UsageError, match="both count the package: together they count it twice"):
        select(names, HERE)


@pytest.mark.parametrize("names", [["boards", "model"], ["model", "boards"]])
def test_a_wall_meter_goes_with_no_part_of_what_it_feeds(
    names: list[str], boards: list[Source]
) -> None:
    boards.append(Stub("plug", "wall", "wall"))
    with pytest.raises(UsageError, match="boards counts the whole machine, and model a part of it"):
        select(names, HERE)
    assert grades_and_components("boards") == ("boards", "wall", ("wall",))


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ([], "no meter is named"),
        (["model", "model"], "model: given twice"),
        (["auto", "model"], "goes with no other meter"),
        (["model:1"], "model takes no argument"),
        (["rapl:0"], "rapl takes no argument"),
        (["replay"], "replay needs a trace"),
    ],
)
def test_what_does_not_go_together_is_refused(names: list[str], said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        select(names, HERE)
    assert caught.value.remedy


def test_rapl_that_is_asked_for_and_not_there_is_an_error_with_a_way_out() -> None:
    with pytest.raises(MeasurementError, match="no zone") as caught:
        select(["rapl"], HERE)
    assert "--meter model" in caught.value.remedy


def test_a_trace_is_named_by_its_path(tmp_path: Path) -> None:
    trace = tmp_path / "trace.json"
    trace.write_text('{"watts": [[1, 10]]}')
    assert select([f"replay:{trace}"], HERE).describe().name == "replay"


@pytest.mark.parametrize("name", ["", "RAPL", ":", "harness", "auto:x"])
def test_an_unknown_name_lists_the_known_ones(name: str) -> None:
    with pytest.raises(UsageError, match="no meter is called") as caught:
        select([name], HERE)
    assert all(known in caught.value.remedy for known in ("auto", "rapl", "model", "replay:FILE"))


def statuses() -> dict[str, SourceStatus]:
    return {status.name: status for status in survey(HERE)}


def test_the_survey_says_what_is_missing_and_what_would_help() -> None:
    found = statuses()
    assert list(found) == ["rapl", "boards", "model", "replay"]
    assert [status.found for status in found.values()] == [False, False, True, False]
    assert "no zone" in found["rapl"].detail
    assert all(status.remedy for status in found.values() if not status.found)
    assert found["replay"].remedy == "use --meter replay:FILE"


def test_the_survey_describes_the_counters_that_are_there_and_names_what_is_left_out(
    powercap: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.meters.rapl._STILL_SECONDS", 0.05)
    zones = LiveZones()
    zones.still.add("intel-rapl:1:0")
    monkeypatch.setattr("harness.meters.powercap._text", zones)
    add_zone(powercap, "intel-rapl:0", "package-0")
    add_zone(powercap, "intel-rapl:0:0", "dram")
    add_zone(powercap, "intel-rapl:1", "package-1", energy=10**9)
    add_zone(powercap, "intel-rapl:1:0", "dram")
    add_zone(powercap, "intel-rapl:2", "turbine")
    rapl = statuses()["rapl"]
    assert rapl.found
    assert [source.name for source in rapl.sources] == ["package-0", "package-0/dram", "package-1"]
    assert rapl.detail == (
        "package-0, package-0/dram, package-1; grade simulated; left out: 'turbine' "
        "(intel-rapl:2: not a known name), package-1/dram (stood still for 0.05 s)"
    )
    described = select(["auto"], HERE).describe()
    assert [left_out.name for left_out in described.left_out] == ["'turbine'", "package-1/dram"]


@pytest.mark.parametrize("name", ["auto", "rapl"])
def test_a_replaced_root_that_does_not_exist_is_named(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARNESS_POWERCAP_ROOT", str(tmp_path / "missing"))
    with pytest.raises(MeasurementError, match=r"HARNESS_POWERCAP_ROOT: .*missing is not a folder"):
        select([name], HERE)


class Point:
    """An entry point of some package."""

    def __init__(self, name: str, value: str, loaded: object) -> None:
        self.name = name
        self.value = value
        self._loaded = loaded

    def load(self) -> object:
        if isinstance(self._loaded, BaseException):
            raise self._loaded
        return self._loaded


def plug(monkeypatch: pytest.MonkeyPatch, *points: Point) -> None:
    monkeypatch.setattr(selection, "_entry_points", lambda: points)


def test_a_plug_in_is_selected_surveyed_and_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    plug(monkeypatch, Point("bench", "lab:open", lambda *_: [Stub("analyser", "wall", "wall")]))
    assert grades_and_components("bench:COM3") == ("bench", "wall", ("wall",))
    assert statuses()["bench"].detail == "analyser; grade wall"
    with pytest.raises(UsageError) as caught:
        select(["other"], HERE)
    assert caught.value.remedy.endswith("replay:FILE, bench")


def test_a_plug_in_takes_no_built_in_name(monkeypatch: pytest.MonkeyPatch) -> None:
    points = [Point(name, "lab:open", lambda *_: []) for name in ("model", "auto")]
    plug(monkeypatch, *points)
    assert grades_and_components("model") == ("model", "model", ("package",))
    assert selection.plug_ins() == ()


@pytest.mark.parametrize(
    ("loaded", "said"),
    [
        (ImportError("no module named lab"), "cannot be loaded: ImportError: no module named lab"),
        (SystemExit(0), "cannot be loaded: SystemExit"),
        (5, "is no function"),
        (lambda *_: [], "opened no source"),
        (lambda *_: None, "failed to open: TypeError"),
        (list, "failed to open: TypeError"),
        (lambda *_: [object()], "says nothing of itself: AttributeError"),
    ],
)
def test_a_plug_in_that_cannot_be_opened_is_named(
    loaded: object, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plug(monkeypatch, Point("bench", "lab:open", loaded))
    with pytest.raises(ConfigurationError, match=r"the meter 'bench'") as caught:
        select(["bench"], HERE)
    assert said in caught.value.message
    assert "uninstall" in caught.value.remedy
    status = statuses()["bench"]
    assert not status.found
    assert said in status.detail


def test_two_packages_that_provide_one_name_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    plug(monkeypatch, Point("bench", "a:open", None), Point("bench", "b:open", None))
    with pytest.raises(ConfigurationError, match="provided more than once: a:open, b:open"):
        select(["bench"], HERE)


def test_meters_load_no_heavy_library() -> None:
    program = (
        "import sys\n"
        "from importlib import import_module\n"
        "from importlib.util import find_spec\n"
        "import harness.meters.machine, harness.meters.kernel\n"
        "from harness.meters.select import BUILT_IN\n"
        "for module in BUILT_IN.values():\n"
        "    if find_spec(module): import_module(module)\n"
        "heavy = {'numpy', 'psutil', 'pyarrow', 'rich', 'pynvml', 'codecarbon', 'pandas',\n"
        "    'urllib.request', 'http.client', 'ssl', 'asyncio', 'subprocess'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert ran.stdout.strip() == "[]"


def test_importing_the_meters_loads_nothing_that_only_some_of_them_need() -> None:
    modules = [name for kind, name in BUILT_IN.items() if kind not in {"nvml", "codecarbon"}]
    heavy = {"http.client", "json", "numpy", "shlex", "socket", "subprocess", "threading"}
    statement = f"import sys, {', '.join(modules)}; print(*sorted({heavy} & set(sys.modules)))"

    said = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path[:] = {sys.path!r}; {statement}"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert said.stdout.split() == []
