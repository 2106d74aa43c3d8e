"""What packages say that they need, read from their metadata: nothing of them is run.

A lock is whole when each package's dependencies, by the markers and extras that hold here, stand in
it in versions that serve. Metadata is all that says so: a lock itself holds names, versions and
hashes. It is in a wheel, and among what was installed.
"""

from __future__ import annotations

import platform
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from email.parser import Parser
from pathlib import Path
from typing import NamedTuple

from packaging.markers import UndefinedComparison, UndefinedEnvironmentName
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

from harness.environments.protocol import refused
from harness.errors import SubmissionError
from harness.records.environment import Pin

MAX_METADATA_BYTES = 1 << 20
REMAKE = "make the lock anew, whole: `uv pip compile --generate-hashes` or `pip-compile`"


class Needs(NamedTuple):
    """What a package says that it needs."""

    requires: tuple[str, ...] = ()
    """Each as its metadata spells it: ``name[extra]>=1; marker``."""
    python: str = ""
    """The versions of Python that it is for; empty for any."""


def needs_of_wheel(wheel: Path) -> Needs | None:
    """Read a wheel's metadata; ``None`` where there is none to be read: an installer says why."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            inside = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
            if len(inside) != 1:
                return None
            with archive.open(inside[0]) as file:  # a length that is stated may be a lie
                content = file.read(MAX_METADATA_BYTES)
    except (OSError, zipfile.BadZipFile, zlib.error, ValueError, NotImplementedError, RuntimeError):
        return None
    return parse_needs(content.decode("utf-8", "replace"))


def parse_needs(metadata: str) -> Needs:
    """Read what stands in a METADATA file."""
    fields = Parser().parsestr(metadata, headersonly=True)
    requires = tuple(str(each) for each in fields.get_all("Requires-Dist", []))
    return Needs(requires, str(fields.get("Requires-Python", "")))


def unmet(pins: tuple[Pin, ...], needs: Mapping[str, Needs]) -> list[str]:
    """Say in words what packages of a lock need and do not get, each once.

    ``needs`` are those of the packages by name; of one that is not among them nothing is said, and
    nothing of a need that no parser reads: an installer passes over neither.
    """
    pinned = {pin.name: pin for pin in pins}
    waiting = [(pin.name, extra) for pin in pins for extra in ("", *pin.extras)]
    seen = set(waiting)
    said: dict[str, None] = {}
    while waiting:
        name, extra = waiting.pop()
        known = needs.get(name)
        if known is None:
            continue
        if not extra and known.python and not _serves(platform.python_version(), known.python):
            said[f"{name}=={pinned[name].version} is for Python {known.python}, and this is "
                 f"{platform.python_version()}"] = None  # fmt: skip
        for wanted in _that_hold(known, extra):
            other = pinned.get(canonicalize_name(wanted.name))
            if other is None or not _serves(other.version, str(wanted.specifier)):
                found = f"pins {other.version}" if other else "does not name it"
                asked = wanted.name + str(wanted.specifier)
                said[f"{name}=={pinned[name].version} needs {asked}, and the lock {found}"] = None
                continue
            for further in ("", *map(canonicalize_name, wanted.extras)):
                if (other.name, further) not in seen:
                    seen.add((other.name, further))
                    waiting.append((other.name, further))
    return sorted(said)


def _that_hold(needs: Needs, extra: str) -> Iterator[Requirement]:
    """Yield what is needed here, with this extra; without one, what is needed in any case."""
    for text in needs.requires:
        try:
            wanted = Requirement(text)
            in_any_case = wanted.marker is None or wanted.marker.evaluate({"extra": ""})
            holds = in_any_case or (
                wanted.marker is not None and wanted.marker.evaluate({"extra": extra})
            )
        except (InvalidRequirement, UndefinedComparison, UndefinedEnvironmentName, RecursionError):
            continue
        if holds and (in_any_case != bool(extra)):
            yield wanted


def _serves(version: str, specifier: str) -> bool:
    try:
        return SpecifierSet(specifier).contains(version, prereleases=True)
    except InvalidSpecifier:
        return True


def not_whole(said: Sequence[str]) -> SubmissionError:
    """Return the error of a lock whose packages do not get what they need."""
    return refused(f"the lock is not whole: {'; '.join(said)}", REMAKE)
