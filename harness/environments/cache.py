"""Environments by what they hold: each built once, under a lock, and verified whenever it is used.

    <cache>/<key>.lock              held by whoever builds or verifies
    <cache>/<key>/manifest.json     what came of it: written last
    <cache>/<key>/root/             of the shape that ``venv`` makes

A folder gets its name only once it is whole: what a crash leaves behind has another name, and goes
when the same environment is built next.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import platform
import secrets
import sys
import sysconfig
import venv
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
from packaging.tags import sys_tags

from harness.environments.compiling import compile_sources
from harness.environments.contents import (
    digest_folder,
    installed,
    is_version,
    needs_of_installed,
    point_scripts_to,
    remove,
    require_plain,
    set_modes,
)
from harness.environments.installers import find_installer
from harness.environments.installing import install
from harness.environments.protocol import Environment, Installer, Note, hindered, refused
from harness.environments.requires import not_whole, unmet
from harness.environments.wheelhouse import check_wheelhouse
from harness.errors import ConfigurationError
from harness.records.base import Frozen, digest, parse_json, pretty_json
from harness.records.environment import EnvironmentReference, Lock
from harness.records.rules import EnvironmentRules

_FORMAT = 1
"""Raised when the same lock is to be built in another way."""
_KEY_DIGITS = 32
_FOREIGN_WRITERS = 0o022


class _Manifest(Frozen):
    """What is known of a folder of the cache."""

    format: int
    reference: EnvironmentReference


def ensure(
    lock: Lock,
    rules: EnvironmentRules,
    *,
    cache: Path,
    wheelhouse: Path | None,
    note: Note,
    installer: Callable[[], Installer] | None = None,
) -> Environment:
    """Return the environment of ``lock``, verified; build it first where there is none.

    ``cache`` is the folder of all environments; ``installer`` finds what installs one.

    Raises ``SubmissionError`` when the lock cannot be installed here, and ``OrganiserError`` when
    the network, the index, the wheelhouse or the disk is in the way.
    """
    key = _key(lock)
    try:
        folder = _private(cache)
        with _held(folder / f"{key}.lock", note):
            _sweep(folder, key)
            home = folder / key
            manifest = _verified(home, note)
            if manifest is None:
                remove(home)
                manifest = _build(
                    lock,
                    rules,
                    home,
                    wheelhouse=wheelhouse,
                    installer=(installer or find_installer)(),
                    note=note,
                )
    except OSError as error:
        raise hindered(
            f"{error.filename or cache}: the environment cannot be kept: {error.strerror}",
            "free some space, or set HARNESS_CACHE to a folder that can be written",
        ) from None
    reference = msgspec.structs.replace(manifest.reference, lock_digest=lock.digest)
    return Environment(folder=home / "root", reference=reference)


def was_built(lock: Lock, cache: Path) -> bool:
    """Say whether the cache has an environment of ``lock`` for this machine, not verified now."""
    return (cache / _key(lock) / "manifest.json").is_file()


def _key(lock: Lock) -> str:
    """Digest what decides the outcome: the pins, this interpreter, this platform."""
    return digest({
        "format": _FORMAT,
        "pins": [pin.line for pin in lock.pins],
        "python": sys.version,
        "prefix": sys.base_prefix,
        "tags": [str(tag) for tag in sys_tags()],
    })[:_KEY_DIGITS]  # fmt: skip


def _build(
    lock: Lock,
    rules: EnvironmentRules,
    home: Path,
    *,
    wheelhouse: Path | None,
    installer: Installer,
    note: Note,
) -> _Manifest:
    """Build under another name, and give the folder its own once it is whole."""
    if wheelhouse is not None:
        check_wheelhouse(wheelhouse, lock.pins)
    building = home.with_name(f".{home.name}.{secrets.token_hex(4)}")
    try:
        building.mkdir(mode=0o755)
        building.chmod(0o755)
        root = building / "root"
        note(f"making an environment of {len(lock.pins)} packages with {installer.version}")
        _make_empty(root)
        packages, final = packages_of(root), packages_of(home / "root")
        if lock.pins:
            asked = building / "requirements.txt"
            asked.write_text("".join(f"{pin.line}\n" for pin in lock.pins), encoding="utf-8")
            command = installer.command(asked, packages, wheelhouse)
            install(command, building, rules, installer.version, note, pins=lock.pins)
            asked.unlink()
        require_plain(packages)
        found = installed(packages)
        _require_as_locked(lock, found, installer)
        if lacks := unmet(lock.pins, needs_of_installed(packages)):
            raise not_whole(lacks)
        note("compiling packages")
        point_scripts_to(home / "root" / "bin" / "python", packages)
        compile_sources(packages, final=final)
        set_modes(root)
        note("digesting packages")
        manifest = _describe(lock, found, root, wheelhouse=wheelhouse, installer=installer)
        (building / "manifest.json").write_bytes(pretty_json(manifest))
        building.rename(home)
    finally:
        remove(building)
    return manifest


class _Empty(venv.EnvBuilder):
    """An environment with nothing in it, and no scripts for a shell either: they name places."""

    def setup_scripts(self, context: object) -> None:
        """Leave them out."""


def _make_empty(root: Path) -> None:
    _Empty(symlinks=True, with_pip=False).create(root)
    configuration = root / "pyvenv.cfg"
    lines = configuration.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith("command")]  # it names a place that goes
    configuration.write_text("".join(kept), encoding="utf-8")
    root.chmod(0o755)


def _describe(
    lock: Lock,
    found: dict[str, str],
    root: Path,
    *,
    wheelhouse: Path | None,
    installer: Installer,
) -> _Manifest:
    contents = digest_folder(root)
    reference = EnvironmentReference(
        lock_digest=lock.digest,
        digest=contents.digest,
        python=f"{platform.python_implementation()} {platform.python_version()} "
        f"{sysconfig.get_platform()}",
        installer=installer.version,
        source="index" if wheelhouse is None else "wheelhouse",
        packages=tuple(f"{name}=={version}" for name, version in sorted(found.items())),
        files=contents.files,
        bytes=contents.bytes,
    )
    return _Manifest(format=_FORMAT, reference=reference)


def packages_of(root: Path) -> Path:
    """Return where an environment keeps its packages."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    return root / "lib" / version / "site-packages"


def _require_as_locked(lock: Lock, found: dict[str, str], installer: Installer) -> None:
    """Compare what the packages say of themselves with what the lock asks for."""
    wanted = {pin.name: pin.version for pin in lock.pins}
    for name in sorted(wanted.keys() | found.keys()):
        locked, there = wanted.get(name), found.get(name)
        if locked is None or there is None or not is_version(there, locked):
            raise refused(
                f"{installer.version} was asked for {name} {locked or '(not at all)'} and "
                f"installed {there or 'nothing of that name'}",
                "make the lock anew; a wheel must hold the package that its name says",
            )


def _verified(home: Path, note: Note) -> _Manifest | None:
    """Return what is known of a folder of the cache if it still is as it was built."""
    try:
        content = (home / "manifest.json").read_bytes()
    except FileNotFoundError:
        return None
    note("verifying packages")
    try:
        manifest = parse_json(content, _Manifest, home / "manifest.json")
    except ConfigurationError:
        return None
    try:
        contents = digest_folder(home / "root")
    except FileNotFoundError:
        return None
    return manifest if contents.digest == manifest.reference.digest else None


@contextlib.contextmanager
def _held(path: Path, note: Note) -> Iterator[None]:
    """Hold a lock of the kernel's: it is gone with the process that holds it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            note("waiting for another process that makes the same environment")
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _private(cache: Path) -> Path:
    """Make the cache's folder and return it as it is named without links, which scripts need.

    Refuses one that somebody else could change.
    """
    folder = cache.resolve()
    folder.mkdir(parents=True, exist_ok=True, mode=0o755)
    status = folder.stat()
    if status.st_uid not in {0, os.geteuid()} or status.st_mode & _FOREIGN_WRITERS:
        raise ConfigurationError(
            f"{folder}: other users can change what is in it",
            remedy="chmod go-w it, or set HARNESS_CACHE to a folder of your own",
        )
    return folder


def _sweep(folder: Path, key: str) -> None:
    """Remove what builders left that did not live to the end: this one holds the lock."""
    for left in folder.glob(f".{key}.*"):
        remove(left)
