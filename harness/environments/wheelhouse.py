"""A folder of wheels in place of an index: whether it holds what a lock asks for."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from packaging.tags import Tag, sys_tags
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from harness.environments.contents import is_version
from harness.environments.protocol import hindered
from harness.environments.requires import Needs, needs_of_wheel, not_whole, unmet
from harness.errors import UsageError
from harness.records.environment import Pin

FETCH = "pip download --only-binary :all: --require-hashes -r <lock> -d <folder>"
FETCH_ANEW = (
    "fetch the wheels anew from the lock, on this platform; if they still differ, the lock is "
    f"wrong: {FETCH}"
)


class _Wheel(NamedTuple):
    """A file of the folder, as its name describes it."""

    path: Path
    name: str
    version: str
    tags: frozenset[Tag]


def require_folder(folder: Path) -> Path:
    """Return the folder, absolute; raise ``UsageError`` where it is none."""
    if not folder.is_dir():
        raise UsageError(
            f"--wheelhouse: {folder}: is not a folder", remedy="name a folder of .whl files"
        )
    return folder.resolve()


class Looked(NamedTuple):
    """What a folder of wheels says of a lock, in words."""

    lacking: tuple[str, ...]
    """Packages of which it holds no wheel."""
    unfit: tuple[str, ...]
    """Why none of a package's wheels can be installed here: the platform, or the hashes."""
    unmet: tuple[str, ...]
    """What the wheels need and the lock does not give; of a wheel that is not here nothing is said.
    """


def look(folder: Path, pins: tuple[Pin, ...]) -> Looked:
    """Look for a wheel for every pin, and at what the wheels need; nothing is run.

    Raises ``OrganiserError`` where a wheel cannot be read.
    """
    wheels = list(_wheels(folder))
    supported = frozenset(sys_tags())
    lacking, unfit = [], []
    needs: dict[str, Needs] = {}
    for pin in pins:
        named = [w for w in wheels if w.name == pin.name and is_version(w.version, pin.version)]
        fitting = [wheel for wheel in named if wheel.tags & supported]
        chosen = next((wheel for wheel in fitting if _digest(wheel.path, pin.hashes)), None)
        if not named:
            lacking.append(f"{pin.name}=={pin.version}")
        elif not fitting:
            files = ", ".join(wheel.path.name for wheel in named)
            unfit.append(f"no wheel of {pin.name}=={pin.version} is for this platform: {files}")
        elif chosen is None:
            files = ", ".join(wheel.path.name for wheel in fitting)
            unfit.append(f"no hash of {pin.name}=={pin.version} in the lock is that of {files}")
        elif (read := needs_of_wheel(chosen.path)) is not None:
            needs[pin.name] = read
    return Looked(tuple(lacking), tuple(unfit), tuple(unmet(pins, needs)))


def check_wheelhouse(folder: Path, pins: tuple[Pin, ...]) -> None:
    """Refuse, with all reasons at once, a folder that does not serve the lock.

    The folder is the organiser's, and so is what it lacks: an ``OrganiserError``. A lock that lacks
    what its own packages need is the entry's fault: a ``SubmissionError``.
    """
    found = look(folder, pins)
    if found.unfit:
        raise hindered(f"{folder}: {'; '.join(found.unfit)}", FETCH_ANEW)
    if found.lacking:
        raise hindered(
            f"{folder} holds no wheel of {', '.join(found.lacking)}", f"put it there: {FETCH}"
        )
    if found.unmet:
        raise not_whole(found.unmet)


def _wheels(folder: Path) -> Iterator[_Wheel]:
    for path in sorted(folder.glob("*.whl")):
        try:
            name, version, _, tags = parse_wheel_filename(path.name)
        except InvalidWheelFilename:
            continue  # nothing that an installer would take either
        yield _Wheel(path, name, str(version), tags)


def _digest(path: Path, hashes: tuple[str, ...]) -> bool:
    """Whether one of the hashes is the file's."""
    try:
        with path.open("rb") as file:
            for algorithm in sorted({each.partition(":")[0] for each in hashes}):
                file.seek(0)
                found = hashlib.file_digest(file, algorithm).hexdigest()
                if f"{algorithm}:{found}" in hashes:
                    return True
    except OSError as error:
        message = f"{path}: cannot be read: {error.strerror}"
        raise hindered(message, "make it readable") from None
    return False
