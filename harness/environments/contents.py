"""What was installed: put in order, measured and digested; none of it is ever run."""

from __future__ import annotations

import hashlib
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import suppress
from importlib.metadata import Distribution
from pathlib import Path
from typing import NamedTuple

from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from harness.environments.protocol import refused
from harness.environments.requires import Needs

_DOMAIN = b"frugal-ai environment 1\n"
_PIECE_BYTES = 1 << 20
_MAX_DEPTH = 64
_SHEBANG_BYTES = 1_024
_METADATA = (".dist-info", ".egg-info")


class Contents(NamedTuple):
    """A folder, in figures."""

    digest: str
    """SHA-256 over names, kinds, modes and contents."""
    files: int
    bytes: int


def measure(folder: Path) -> tuple[int, int]:
    """Return how many files there are and how many bytes they are, while they are being written.

    A file counts once, however many names it has: uv links its files from where it unpacks them.
    So does one that is moved meanwhile, from a folder that was read to one that was not yet: pip
    unpacks elsewhere and moves everything when it is done.
    """
    files = size = 0
    seen: set[tuple[int, int]] = set()
    pending = [os.fspath(folder)]
    while pending:
        with suppress(FileNotFoundError), os.scandir(pending.pop()) as found:
            for item in found:
                with suppress(FileNotFoundError):  # moved or removed since it was listed
                    if item.is_dir(follow_symlinks=False):
                        pending.append(item.path)
                        continue
                    status = item.stat(follow_symlinks=False)
                    if (status.st_dev, status.st_ino) in seen:
                        continue
                    seen.add((status.st_dev, status.st_ino))
                    size += status.st_size
                    files += 1
    return files, size


def remove(folder: Path) -> None:
    """Remove a folder if it is there, however deep it is: ``shutil.rmtree`` is recursive."""
    if not folder.exists():
        return
    for path, status in reversed(list(_walk(folder))):
        if stat.S_ISDIR(status.st_mode):
            path.rmdir()
        else:
            path.unlink()
    folder.rmdir()


def digest_folder(folder: Path) -> Contents:
    r"""Digest everything in a folder.

    Taken over, for each item in the order of its name's bytes: ``<name>\0<kind>\0<length>\0`` and
    the content, where the kind is ``x`` or ``-`` for files (whether they may be executed), ``l``
    for links, whose content is their target, and ``d`` for folders, which have none.
    """
    digest = hashlib.sha256(_DOMAIN)
    files = size = 0
    for path, status in _walk(folder):
        name = os.fsencode(path.relative_to(folder))
        if stat.S_ISREG(status.st_mode):
            kind = b"x" if status.st_mode & stat.S_IXUSR else b"-"
            digest.update(b"%s\0%s\0%d\0" % (name, kind, status.st_size))
            with path.open("rb") as file:
                while piece := file.read(_PIECE_BYTES):
                    digest.update(piece)
            files += 1
            size += status.st_size
        elif stat.S_ISLNK(status.st_mode):
            target = os.fsencode(path.readlink())
            digest.update(b"%s\0l\0%d\0%s" % (name, len(target), target))
        else:
            digest.update(b"%s\0d\0000\0" % name)
    return Contents(digest.hexdigest(), files, size)


def installed(packages: Path) -> dict[str, str]:
    """Return the packages' names and versions, both normalised, as their own metadata says.

    Everything counts that ``importlib.metadata`` would tell an entry of, eggs included.
    """
    found: dict[str, str] = {}
    for path in sorted(packages.iterdir()):
        if not path.name.lower().endswith(_METADATA):
            continue
        said = "cannot be read as UTF-8"
        try:
            metadata = Distribution.at(path).metadata
            name, version = (
                ", ".join(metadata.get_all(field) or ()) for field in ("Name", "Version")
            )
            said = f"says of its package that it is {name!r} {version!r}"
            found[canonicalize_name(name, validate=True)] = str(Version(version))
        except (ValueError, TypeError, AttributeError):  # no text, no such field, or several
            raise refused(
                f"a wheel brought {path.name!r}, which {said}", "lock another version"
            ) from None
    return found


def needs_of_installed(packages: Path) -> dict[str, Needs]:
    """Return what the packages need, by name, as their own metadata says: see ``installed``."""
    found: dict[str, Needs] = {}
    for path in sorted(packages.iterdir()):
        if path.name.lower().endswith(_METADATA):
            metadata = Distribution.at(path).metadata
            found[canonicalize_name(metadata["Name"])] = Needs(
                requires=tuple(map(str, metadata.get_all("Requires-Dist") or ())),
                python=", ".join(metadata.get_all("Requires-Python") or ()),
            )
    return found


def set_modes(folder: Path) -> None:
    """Let everybody read what is in a folder, and nobody else write it.

    Whatever the umask or an archive said: the sandbox's user is another one.
    """
    for path, status in _walk(folder):
        if stat.S_ISREG(status.st_mode):
            path.chmod(0o755 if status.st_mode & stat.S_IXUSR else 0o644)
        elif stat.S_ISDIR(status.st_mode):
            path.chmod(0o755)


def is_version(found: str, locked: str) -> bool:
    """Whether a version satisfies a pin: of ``==2.0``, also ``2.0+local``."""
    return SpecifierSet(f"=={locked}").contains(found, prereleases=True)


def require_plain(packages: Path) -> None:
    """Refuse anything but files and folders, and folders that no library goes through."""
    for path, status in _walk(packages):
        if len(path.parts) - len(packages.parts) > _MAX_DEPTH:
            raise refused(
                f"a wheel brought folders that are more than {_MAX_DEPTH} deep",
                "lock another version of that package",
            )
        if not stat.S_ISREG(status.st_mode) and not stat.S_ISDIR(status.st_mode):
            raise refused(
                f"a wheel brought {path.relative_to(packages)}, which is no plain file",
                "lock another version of that package",
            )


def point_scripts_to(python: Path, packages: Path) -> None:
    """Have the scripts that wheels brought started by the environment's own interpreter."""
    ours = os.fsencode(sys.executable)
    for script in sorted(packages.glob("bin/*")):
        if not script.is_file():
            continue
        content = script.read_bytes()
        head, rest = content[:_SHEBANG_BYTES], content[_SHEBANG_BYTES:]
        if head.startswith(b"#!") and ours in head:
            script.write_bytes(head.replace(ours, os.fsencode(python), 1) + rest)


def _walk(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Yield everything below a folder, parents first, by the names' bytes; follow no link."""
    pending = [folder]
    while pending:
        here = pending.pop()
        if here != folder:
            status = here.lstat()
            yield here, status
            if not stat.S_ISDIR(status.st_mode):
                continue
        pending += sorted(here.iterdir(), key=lambda path: os.fsencode(path.name), reverse=True)
