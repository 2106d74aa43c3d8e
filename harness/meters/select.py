"""Which meters there are, which of them work on this machine, and which is asked for.

A meter is named ``NAME`` or ``NAME:ARGUMENT``. Built in are those of ``BUILT_IN``; another package
adds its own through the entry-point group ``frugal_ai_harness.sources``. Each is an ``Opener`` of
``harness.meters.protocol``, imported when it is first asked for; another package's is held to the
contract by ``harness.meters.plug_in``.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, cast

from harness.errors import ConfigurationError, HarnessError, UsageError
from harness.meters.powercap import SensorUnavailableError
from harness.meters.protocol import Meter, Opener, Source, Surroundings
from harness.meters.sources import SourceMeter, weakest_grade
from harness.records.base import Frozen
from harness.records.meter import LeftOut, SourceDescription

if TYPE_CHECKING:
    from importlib.metadata import EntryPoints

GROUP = "frugal_ai_harness.sources"
"""Of entry points: the name is the meter's, the object an ``Opener``."""

BUILT_IN = {
    "rapl": "harness.meters.rapl",
    "nvml": "harness.meters.nvml",
    "shelly": "harness.meters.shelly",
    "tasmota": "harness.meters.tasmota",
    "command": "harness.meters.command",
    "model": "harness.meters.cpu_model",
    "codecarbon": "harness.meters.codecarbon",
    "replay": "harness.meters.replay",
}
"""Modules, each with a function ``open_sources``."""

SPELLINGS = (
    "auto", "rapl", "nvml", "shelly:ADDRESS", "tasmota:ADDRESS", "command:COMMAND", "model",
    "codecarbon", "replay:FILE",
)  # fmt: skip
"""How the built-in ones are spelled on the command line."""

SENSORS = ("rapl", "nvml")
"""What ``auto`` looks for, and bills together."""


class SourceStatus(Frozen):
    """One way to meter, and whether it works here."""

    name: str
    found: bool
    detail: str
    """What was seen."""
    remedy: str
    """What would make it work; empty where it does."""
    sources: tuple[SourceDescription, ...] = ()
    """As measured just now, where it works."""


NOT_LOOKED_FOR = "not looked for"
"""What a survey says of a meter that must be told where to read."""


def select(names: Sequence[str], surroundings: Surroundings) -> Meter:
    """Return the meter that reads everything in ``names`` together.

    ``auto`` is RAPL where it can be read, else the CPU-time model, and every NVIDIA board beside
    it; a counter that is there and makes no sense is not passed over. Raises ``UsageError`` for a
    name that does not exist or names that count the same energy twice, ``MeasurementError`` when
    what was asked for does not work here, ``ConfigurationError`` for a faulty file or plug-in.
    """
    if not names:
        raise UsageError("no meter is named", remedy="name one, or leave the choice to auto")
    if twice := [name for name in dict.fromkeys(names) if names.count(name) > 1]:
        raise UsageError(f"{', '.join(twice)}: given twice", remedy="name each meter once")
    if "auto" in names:
        if len(names) > 1:
            raise UsageError(
                "auto stands for what this machine has, and goes with no other meter",
                remedy="name every meter, or auto alone",
            )
        return _automatic(surroundings)
    opened = {name: _open(name, surroundings) for name in names}
    _refuse_overlap(
        {name: tuple(s.describe() for s in each.sources) for name, each in opened.items()}
    )
    return _meter(opened)


def _automatic(surroundings: Surroundings) -> Meter:
    opened: dict[str, _Opened] = {}
    for name in SENSORS:
        try:
            opened[name] = _open(name, surroundings)
        except SensorUnavailableError:
            if name == "rapl":
                opened["model"] = _open("model", surroundings)
    return _meter(opened)


def _meter(opened: dict[str, _Opened]) -> Meter:
    kinds = [name.partition(":")[0] for name in opened]
    return SourceMeter(
        "+".join(kinds),
        [source for each in opened.values() for source in each.sources],
        left_out=[counter for each in opened.values() for counter in each.left_out],
    )


class _Opened(Frozen):
    """What one name on the command line stands for."""

    sources: Sequence[Source]
    left_out: Sequence[LeftOut] = ()


def _open(name: str, surroundings: Surroundings) -> _Opened:
    kind, _, argument = name.partition(":")
    if kind not in BUILT_IN:
        from harness.meters.plug_in import open_plug_in  # noqa: PLC0415 - seldom there is one

        return _Opened(sources=open_plug_in(kind, _plug_in(kind), argument, surroundings))
    module = import_module(BUILT_IN[kind])
    if hasattr(module, "survey_sources"):
        sources, left_out = module.survey_sources(argument, surroundings)
        return _Opened(sources=sources, left_out=left_out)
    return _Opened(sources=module.open_sources(argument, surroundings))


def _plug_in(kind: str) -> Opener:
    points = [point for point in _entry_points() if point.name == kind]
    if kind == "auto" or not points:
        known = (*SPELLINGS, *plug_ins())
        raise UsageError(f"no meter is called {kind!r}", remedy=f"use one of: {', '.join(known)}")
    if len({point.value for point in points}) > 1:
        places = ", ".join(sorted(point.value for point in points))
        raise ConfigurationError(
            f"the meter {kind!r} is provided more than once: {places}",
            remedy="uninstall all but one of the packages that provide it",
        )
    try:
        opener: object = points[0].load()
    except (Exception, SystemExit) as error:  # whatever another package raises while imported
        raise ConfigurationError(
            f"the meter {kind!r} ({points[0].value}) cannot be loaded: "
            f"{type(error).__name__}: {error}"[:400],
            remedy="repair or uninstall the package that provides it",
        ) from error
    if not callable(opener):
        raise ConfigurationError(
            f"the meter {kind!r} ({points[0].value}) is no function that opens sources",
            remedy="repair or uninstall the package that provides it",
        )
    return cast("Opener", opener)


def _entry_points() -> EntryPoints:
    from importlib.metadata import entry_points  # noqa: PLC0415 - 10 ms that only plug-ins need

    return entry_points(group=GROUP)


def plug_ins() -> tuple[str, ...]:
    """Return the names of the meters that other packages add."""
    names = {point.name for point in _entry_points()}
    return tuple(sorted(names - set(BUILT_IN) - {"auto"}))


def _refuse_overlap(described: dict[str, tuple[SourceDescription, ...]]) -> None:
    """Refuse meters that would count the same joules twice: parents are not added to children."""
    claimed: dict[str, str] = {}
    for name, sources in described.items():
        for component in {source.component for source in sources}:
            other = claimed.get(component)
            if other is not None:
                raise UsageError(
                    f"{other} and {name} both count the {component}: together they count it twice",
                    remedy="use one of the two",
                )
        claimed |= {source.component: name for source in sources}
    if "wall" in claimed and len(claimed) > 1:
        inside = next(name for component, name in claimed.items() if component != "wall")
        raise UsageError(
            f"{claimed['wall']} counts the whole machine, and {inside} a part of it",
            remedy="use one of the two",
        )


def survey(surroundings: Surroundings) -> tuple[SourceStatus, ...]:
    """Say of every meter whether it works on this machine: built-in ones first."""
    return tuple(_status(name, surroundings) for name in (*SPELLINGS[1:], *plug_ins()))


def _status(spelling: str, surroundings: Surroundings) -> SourceStatus:
    name, _, argument = spelling.partition(":")
    if argument:
        return SourceStatus(
            name=name, found=False, detail=NOT_LOOKED_FOR, remedy=f"use --meter {spelling}"
        )
    try:
        opened = _open(name, surroundings)
        sources = tuple(source.describe() for source in opened.sources)
    except HarnessError as error:
        return SourceStatus(name=name, found=False, detail=error.message, remedy=error.remedy)
    listed = ", ".join(source.name for source in sources)
    detail = [listed, f"grade {weakest_grade(sources)}"]
    if opened.left_out:
        detail.append(f"left out: {', '.join(map(str, opened.left_out))}")
    return SourceStatus(
        name=name,
        found=True,
        detail="; ".join(detail),
        remedy="",
        sources=sources,
    )
