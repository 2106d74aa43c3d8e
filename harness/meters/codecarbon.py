"""codecarbon as a meter, so that a figure of 2025 can be set beside ours.

What it reports is codecarbon's own, and graded ``model`` whatever it reads underneath: it bills the
whole machine to the entry, memory at a constant power for the whole host. Only its *offline*
tracker is used, which asks nobody where it is. Every setting is given here, so that no file and no
environment variable of codecarbon's changes a figure; it writes no file, prints nothing, and
computes no emissions.

Its two timer threads are not started: one of them may outlive its tracker, and both would measure
beside an edge of ours and count the time between twice. What they do is done from ``poll``, as
often as they would. One tracker serves all components, however many of them are followed.
"""

from __future__ import annotations

import math
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from harness.errors import MeasurementError, UsageError
from harness.meters.powercap import SensorUnavailableError
from harness.meters.protocol import Edge, Surroundings, Total, Work
from harness.meters.uncertainty import of_half_range, of_step
from harness.records.meter import Component, DeviceCondition, SourceDescription

if TYPE_CHECKING:
    from logging import LogRecord

RELATIVE_UNCERTAINTY = 1.0
"""Assumed. Against a wall meter it read 9 to 67 % low, on average about a third, where it knew the
hardware: the truth can be twice the figure, and in the worst case more."""

POLL_SECONDS = 1.0
"""How often it samples power by itself."""
_MEASURE_SECONDS = 15.0
"""How often it adds up energy by itself; at every edge it is made to."""
_TICK_SECONDS = 0.01
_JOULES_PER_KILOWATT_HOUR = 3.6e6

SETTINGS: dict[str, Any] = {
    "allow_multiple_runs": True,  # else it writes a lock file
    "api_call_interval": -1, "api_endpoint": None, "api_key": None, "cloud_provider": None,
    "cloud_region": None, "country_2letter_iso_code": None, "country_iso_code": "FRA",
    "electricitymaps_api_token": None, "emissions_endpoint": None, "experiment_id": None,
    "experiment_name": None, "force_carbon_intensity_g_co2e_kwh": 0.0,
    "force_mode_cpu_load": False, "gpu_ids": None, "log_level": "warning",
    "logger_preamble": "", "logging_logger": None, "measure_power_secs": _MEASURE_SECONDS,
    "metadata": None, "on_csv_write": "append", "output_dir": ".", "output_file": "",
    "output_methods": [], "project_name": "", "prometheus_url": None, "pue": 1.0,
    "rapl_include_dram": False, "rapl_prefer_psys": False, "region": None,
    "tracking_mode": "machine", "wue": 0.0,
}  # fmt: skip
"""All that its constructor takes; ``output_handlers`` and the forced powers come on top."""

FORCED = {"cpu_watts": "force_cpu_power", "ram_watts": "force_ram_power"}
"""What the argument may state, and how codecarbon calls it."""

Tracker: TypeAlias = Any
"""codecarbon's, and its hardware: used by names that it calls private, and tells nowhere else."""

Build: TypeAlias = Callable[[], Tracker]


class _Part(NamedTuple):
    """One of the components that it tells apart."""

    component: Component
    name: str
    energy: str
    power: str


PARTS = (
    _Part("package", "cpu", "_total_cpu_energy", "_cpu_power"),
    _Part("dram", "ram", "_total_ram_energy", "_ram_power"),
    _Part("gpu", "gpu", "_total_gpu_energy", "_gpu_power"),
)

_NEEDED = (
    "_ensure_hardware_ready", "_measure_power_and_energy", "_monitor_power", "_hardware", "_conf",
    *(name for part in PARTS for name in (part.energy, part.power)),
)  # fmt: skip


def open_sources(argument: str, surroundings: Surroundings) -> Sequence[CodecarbonSource]:  # noqa: ARG001 - an opener's
    """Open what codecarbon meters here; the argument may state ``cpu_watts=N,ram_watts=N``.

    See ``harness.meters.protocol.Opener``.
    """
    forced = forced_watts(argument)
    version = _version()
    tracker = build_tracker(forced)
    with _quietly("cannot find out what this machine has"):
        tracker._ensure_hardware_ready()  # noqa: SLF001 - else it does so inside of a window
        described = describe_parts(tracker, forced, version)
    shared = SharedTracker(lambda: build_tracker(forced))
    return [
        CodecarbonSource(part, described[part.name], shared)
        for part in PARTS
        if part.name in described
    ]


def forced_watts(argument: str) -> dict[str, float]:
    """Read ``cpu_watts=65,ram_watts=20``: powers to use in place of codecarbon's own."""
    forced: dict[str, float] = {}
    for pair in argument.split(",") if argument else ():
        name, _, text = pair.partition("=")
        try:
            watts = float(text)
        except ValueError:
            watts = math.nan
        if name not in FORCED or name in forced or not math.isfinite(watts) or watts <= 0:
            raise UsageError(
                f"codecarbon:{argument}: {pair!r} states no power",
                remedy=f"state each of {', '.join(FORCED)} at most once, in watts above 0, "
                "as in codecarbon:cpu_watts=65,ram_watts=20",
            )
        forced[name] = watts
    return forced


def _version() -> str:
    from importlib.metadata import (  # noqa: PLC0415 - costs start-up time, and only here
        PackageNotFoundError,
        version,
    )

    try:
        return version("codecarbon")
    except PackageNotFoundError:
        raise SensorUnavailableError(
            "codecarbon is not installed", remedy="install it: pip install 'codecarbon>=3.3'"
        ) from None


def build_tracker(forced: dict[str, float]) -> Tracker:
    """Make an offline tracker that has not started; no thread of its own ever will.

    Raises ``SensorUnavailableError`` where codecarbon is not as it is known here.
    """
    powers = {name: forced.get(ours) for ours, name in FORCED.items()}
    with _quietly("cannot be used") as said:
        from codecarbon import OfflineEmissionsTracker  # noqa: PLC0415 - takes about a second

        settings: dict[str, Any] = {"output_handlers": [], **SETTINGS, **powers}
        tracker: Tracker = OfflineEmissionsTracker(**settings)
    missing = [name for name in _NEEDED if not hasattr(tracker, name)]
    if missing or said.error is not None:
        why = f"it has no {missing[0]}" if said.error is None else f"{said.error!r}"
        raise SensorUnavailableError(
            f"codecarbon {_version()} cannot be used: {why}",
            remedy="install a version that the harness knows: pip install 'codecarbon>=3.3,<3.4'",
        )
    tracker._scheduler = tracker._scheduler_monitor_power = _NoScheduler()  # noqa: SLF001 - see the module's docstring
    return tracker


class _NoScheduler:
    """Stands where codecarbon has a timer thread."""

    _stopped = True

    def start(self) -> None:
        """Start nothing."""

    def stop(self) -> None:
        """Stop nothing."""


class _Said:
    """A filter of codecarbon's log: keeps it from the screen, and the exception it swallowed."""

    error: BaseException | None = None

    def filter(self, record: LogRecord) -> bool:
        """Let nothing through; remember an exception that is told of."""
        if record.exc_info and record.exc_info[1] is not None:
            self.error = record.exc_info[1]
        return False


@contextmanager
def _unlogged() -> Iterator[_Said]:
    """Keep codecarbon's log from the screen."""
    from logging import getLogger  # noqa: PLC0415 - costs start-up time, and only here

    said = _Said()
    logger = getLogger("codecarbon")
    logger.addFilter(said)
    try:
        yield said
    finally:
        logger.removeFilter(said)


@contextmanager
def _quietly(failing: str) -> Iterator[_Said]:
    """Let codecarbon, and what it imports, work without a word; what it raises is told as ours."""
    try:
        with (
            _unlogged() as said,
            warnings.catch_warnings(),
            redirect_stdout(StringIO()),
            redirect_stderr(StringIO()),
        ):
            warnings.simplefilter("ignore")
            yield said
    except Exception as error:  # it has no exceptions of its own: anything may come
        raise SensorUnavailableError(
            f"codecarbon {failing}: {type(error).__name__}: {error}",
            remedy="see that it works by itself: codecarbon monitor --offline",
        ) from error


def describe_parts(
    tracker: Tracker, forced: dict[str, float], version: str
) -> dict[str, SourceDescription]:
    """Describe each component that the tracker has hardware for, by codecarbon's name."""
    hardware = {type(each).__name__.lower(): each for each in tracker._hardware}  # noqa: SLF001 - not told otherwise
    described = {}
    for part in PARTS:
        if part.name not in hardware:
            continue
        words, constants = _in_words(part.name, hardware[part.name], forced)
        described[part.name] = SourceDescription(
            name=f"codecarbon {part.name}",
            component=part.component,
            grade="model",
            kind="model",
            resolution_joules=constants.get("cpu_watts", 0.0) * _TICK_SECONDS,
            refresh_seconds=_TICK_SECONDS,
            relative_uncertainty=RELATIVE_UNCERTAINTY,
            provenance=(
                f"codecarbon {version}, offline tracker, tracking_mode "
                f"{SETTINGS['tracking_mode']}, sampled every {POLL_SECONDS:g} s and at the edges: "
                f"{words}; no emissions are computed (country_iso_code "
                f"{SETTINGS['country_iso_code']}, carbon intensity 0)"
            ),
            constants={**constants, "pue": SETTINGS["pue"]},
        )
    return described


def _in_words(
    name: str, hardware: Tracker, forced: dict[str, float]
) -> tuple[str, dict[str, float]]:
    """Say how one component comes to its energy, and with which constants."""
    whose = "as stated" if f"{name}_watts" in forced else "its own figure"
    if name == "ram":
        watts = float(hardware.total_power().W)
        words = f"a constant power for the memory of the whole machine ({whose}), used or not"
        return words, {"ram_watts": watts}
    if name == "gpu":
        return "the counters of the boards that it found", {}
    mode = str(hardware._mode)  # noqa: SLF001 - told nowhere else
    if mode == "intel_rapl":
        return "mode intel_rapl: the processor's counters", {}
    watts = float(hardware._tdp)  # noqa: SLF001 - told nowhere else
    words = f"mode {mode}: cpu_watts ({whose}, for {hardware._model!r}) x "  # noqa: SLF001 - told nowhere else
    words += {
        "cpu_load": "a function of the machine's load by all (in 3.3: 0.1 + 0.9 x load^3)",
        "constant": "0.5",
    }.get(mode, "a factor of its own")
    return words, {"cpu_watts": watts}


class SharedTracker:
    """One tracker for all components: started when the first is followed, dropped with the last."""

    def __init__(self, build: Build, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._build = build
        self._clock = clock
        self._lock = threading.Lock()
        self._followed = 0
        self._tracker: Tracker = None
        self._measured_at = self._began_measuring = 0.0
        self._sampled_at = 0.0
        self._told: set[str] = set()

    @contextmanager
    def following(self) -> Iterator[None]:
        """Keep the tracker going; raise ``MeasurementError`` where it does not start."""
        with self._lock:
            if self._followed == 0:
                self._start()
            self._followed += 1
        try:
            yield
        finally:
            with self._lock:
                self._followed -= 1
                if self._followed == 0:
                    self._tracker = None  # with no thread and no file, there is nothing to stop

    def poll(self, part: _Part) -> Total:
        """Sample and add up when it is time; return what was last added up."""
        with self._lock:
            now = self._clock()
            if now - self._sampled_at >= POLL_SECONDS / 2:  # once for all components
                self._call("_monitor_power")
                self._sampled_at = now
            if now - self._measured_at >= _MEASURE_SECONDS:
                self._measure()
            return Total(self._measured_at, self._joules(part))

    def edge(self, part: _Part) -> Edge:
        """Add up, once for all components of an edge, and read one of them."""
        with self._lock:
            if part.name in self._told:
                self._measure()
            self._told.add(part.name)
            watts = float(getattr(self._tracker, part.power).W)
            took = self._measured_at - self._began_measuring
            return Edge(
                self._measured_at, self._joules(part), of_half_range(watts * took), 0.0, watts
            )

    def _start(self) -> None:
        self._tracker = self._build()
        with _quietly("cannot be started") as said:
            self._tracker.start()
        if said.error is not None:
            raise MeasurementError(
                f"codecarbon cannot be started: {said.error!r}",
                remedy="see that it works by itself: codecarbon monitor --offline",
            )
        self._sampled_at = self._clock()
        self._measure()

    def _measure(self) -> None:
        self._began_measuring = self._clock()
        self._call("_measure_power_and_energy")
        self._measured_at = self._clock()
        self._told.clear()

    def _call(self, method: str) -> None:
        try:
            with _unlogged():
                getattr(self._tracker, method)()
        except Exception as error:  # it has no exceptions of its own: anything may come
            raise MeasurementError(
                f"codecarbon failed while it measured: {type(error).__name__}: {error}",
                remedy="see that it works by itself: codecarbon monitor --offline",
            ) from error

    def _joules(self, part: _Part) -> float:
        return float(getattr(self._tracker, part.energy).kWh) * _JOULES_PER_KILOWATT_HOUR


class CodecarbonSource:
    """One component of a shared tracker."""

    poll_seconds = POLL_SECONDS

    def __init__(self, part: _Part, description: SourceDescription, shared: SharedTracker) -> None:
        self._part = part
        self._description = description
        self._shared = shared

    def describe(self) -> SourceDescription:
        """Say what codecarbon chose, and its constants."""
        return self._description

    @contextmanager
    def follow(self, work: Work) -> Iterator[_Follower]:  # noqa: ARG002 - it bills the whole machine
        """Begin to follow the machine: codecarbon does not ask who works on it."""
        with self._shared.following():
            yield _Follower(self._part, self._description, self._shared)


class _Follower:
    def __init__(self, part: _Part, description: SourceDescription, shared: SharedTracker) -> None:
        self._part = part
        self._step = description.resolution_joules
        self._shared = shared

    def poll(self) -> Total:
        return self._shared.poll(self._part)

    def edge(self) -> Edge:
        return self._shared.edge(self._part)._replace(resolution_joules=of_step(self._step))

    def conditions(self) -> tuple[DeviceCondition, ...]:
        return ()
