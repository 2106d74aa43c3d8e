"""Read and write hardware profiles: ``leaderboard/hardware/<profile>.toml``.

Reading reports every fault of the file at once.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from harness.errors import ConfigurationError
from harness.records.base import Frozen
from harness.records.evaluation import Hardware
from harness.records.fields import table_faults
from harness.records.profile import (
    NAME,
    NO_HYPERVISOR,
    UNREGISTERED,
    HardwareProfile,
    Match,
    ModelConstants,
)
from harness.records.toml import toml_of

SCHEMA = 1
SUFFIX = ".toml"

_TABLES: dict[str, type[Frozen]] = {"match": Match, "model": ModelConstants}
_CORRECT = "correct each field named; docs/reference/profiles.md lists them all"


def find_profiles(folder: Path) -> tuple[str, ...]:
    """Return the names of the profiles in ``folder``, sorted; none where it does not exist.

    Raises ``ConfigurationError`` for a file whose name no profile can have.
    """
    if not folder.is_dir():
        return ()
    names = sorted(path.stem for path in folder.glob(f"*{SUFFIX}"))
    for name in names:
        check_name(name, folder / f"{name}{SUFFIX}")
    return tuple(names)


def check_name(name: str, where: object) -> None:
    """Raise ``ConfigurationError`` unless a profile can be called ``name``."""
    reserved = name == UNREGISTERED or name.startswith(f"{UNREGISTERED}-")
    if reserved or not NAME.fullmatch(name):
        why = "is kept for machines without a profile" if reserved else "is no name of a profile"
        raise ConfigurationError(
            f"{where}: {name!r} {why}",
            remedy="use 1 to 63 small letters, digits and hyphens between them, as in bench-1",
        )


def read_profile(path: Path) -> HardwareProfile:
    """Read one profile; raise ``ConfigurationError`` naming every fault, each with its field."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(
            f"{path}: cannot be read: {error.strerror}",
            remedy="name a profile that is there, or make one: doctor --write-profile NAME",
        ) from None
    plain = toml_of(content, path)
    faults = [*_faults(plain)]
    if faults:
        raise ConfigurationError("\n".join(f"{path}: {each}" for each in faults), remedy=_CORRECT)
    return msgspec.convert(plain, HardwareProfile, strict=True)


def _faults(plain: dict[str, Any]) -> Iterator[str]:
    schema = plain.get("schema")
    if isinstance(schema, int) and schema != SCHEMA:
        yield f"schema: is {schema}, and this version reads schema {SCHEMA}"
    yield from table_faults("", plain, HardwareProfile, inside=_TABLES)
    for name, kind in _TABLES.items():
        if isinstance(table := plain.get(name), dict):
            yield from table_faults(f"{name}.", table, kind)
        elif name in plain:
            yield f"{name}: is no table: begin it with [{name}]"
    cores = plain.get("entry_cores")
    if isinstance(cores, list):
        if not cores:
            yield "entry_cores: names no core: name at least one, or leave it out to pin nothing"
        elif len({repr(core) for core in cores}) < len(cores):
            yield "entry_cores: names a core twice"


def profile_text(
    hardware: Hardware, entry_cores: Sequence[int], identity: str | None = None
) -> str:
    """Spell a profile that ``hardware`` matches, every key with what it is for."""
    lines = [*_HEAD.splitlines()]
    lines += [f"schema = {SCHEMA}", "", *_CORES.splitlines()]
    lines += [f"entry_cores = {_toml(list(entry_cores))}", "", "[match]"]
    for key, value, about in (
        ("machine", identity, "a keyed digest of /etc/machine-id: this one, and none like it"),
        ("processor", hardware.processor, "as /proc/cpuinfo names it"),
        ("cores", hardware.cores, "usable ones, the entry's and the harness's together"),
        ("memory_gib", hardware.memory_gib, "rounded"),
        ("accelerators", list(hardware.accelerators), "one name a board; [] asks for none"),
        ("hypervisor", hardware.hypervisor or NO_HYPERVISOR, f'"{NO_HYPERVISOR}": not a guest'),
        ("kernel_family", hardware.kernel_family, "the kernel's first two numbers"),
        ("governor", hardware.governor, "of processor frequency"),
        ("turbo", hardware.turbo, "whether cores may run above their nominal clock"),
    ):
        lines.append(_setting(key, value, about))
    lines += ["", *_LIMITS.splitlines()]
    if hardware.power_limits_watts:
        lines.append("[match.power_limits_watts]")
        lines += [
            f"{_toml(name)} = {_toml(watts)}" for name, watts in hardware.power_limits_watts.items()
        ]
    else:
        lines.append("# this machine does not tell any")
    return "\n".join([*lines, "", *_MODEL.splitlines(), ""])


_HEAD = """\
# A hardware profile: what a machine must be for its results to stand on the boards of this name.
# Every key of [match] is compared before an evaluation; delete one, and it is not compared.
# Any change here makes new boards: nothing is ranked across two versions of a profile.
"""
_CORES = """\
# The cores that the entry's whole tree of processes runs on; the harness keeps to the others where
# there are any. Delete the line, and entries run on every core.
"""
_LIMITS = """\
# In watts, by zone and constraint of the processor, or by board.
"""
_MODEL = """\
# What the CPU-time model multiplies with where there is no sensor. All four or none: without them
# the model takes a table's or its own default, and says so.
# [model]
# core_watts = 0.0            # one busy core, above idle: (all busy - idle) / cores, at the wall
# idle_watts = 0.0            # the whole machine with nothing to do
# relative_uncertainty = 0.0  # half-width at 95 %, as a share of the figure: 0.3 is 30 %
# source = ""                 # where the three figures come from, in words
"""


def _setting(key: str, value: object, about: str) -> str:
    if value is None:
        return f"# {key} = ...  # {about}; this machine does not say"
    return f"{key} = {_toml(value)}  # {about}"


def _toml(value: object) -> str:
    """Spell a value in TOML, whose strings and lists JSON spells too, but for one character."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def write_profile(folder: Path, name: str, text: str) -> Path:
    """Write a new profile and return its path; ``ConfigurationError`` when there is one already."""
    check_name(name, "--write-profile")
    path = folder / f"{name}{SUFFIX}"
    if path.exists():
        raise ConfigurationError(
            f"{path}: exists already, and nothing is overwritten",
            remedy="choose another name, or remove that profile first: its boards end with it",
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise ConfigurationError(
            f"{path}: cannot be written: {error.strerror}",
            remedy="write where you may, and where there is room",
        ) from None
    return path
