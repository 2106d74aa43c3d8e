"""What the entry's interpreter consists of: the paths that a sandbox must show, and no others."""

from __future__ import annotations

import os
import sys
from functools import cache
from pathlib import Path

WORKER = Path(__file__).resolve().parents[1] / "worker" / "worker.py"

# Not /usr as a whole: people put projects, labels included, into /usr/src and /usr/local/src.
_SYSTEM = (
    "/usr/bin", "/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/libexec", "/usr/share",
    "/usr/local/bin", "/usr/local/lib", "/usr/local/lib64",
    "/bin", "/lib", "/lib32", "/lib64",
    "/etc/ld.so.cache", "/etc/alternatives",
)  # fmt: skip

_PACKAGES = ("lib*/python3*/site-packages", "lib*/python3*/dist-packages", "envs/*/lib*/python3*")
"""Below a prefix: packages, and environments that managers of interpreters keep there."""

_ENVIRONMENT = ("pyvenv.cfg", "bin", "include", "lib", "lib64", "share")
"""What an environment consists of. The harness's own may be made in a folder that holds other
things, too: in a repository's root, labels and all."""

_TOO_WIDE = (Path("/"), Path("/usr"), Path("/usr/local"))


@cache
def read_only_paths(locked: Path | None = None, drivers: tuple[Path, ...] = ()) -> tuple[Path, ...]:
    """Return the files and folders that running Python needs, outermost first.

    With an environment of the entry's own, ``locked``, that one and the interpreter it was made
    from, less ``hidden_paths``; otherwise the harness's own environment. That may lie inside the
    repository, and the interpreter in a home: only they are named. Symbolic links, of which an
    environment's ``python`` is one, are followed step by step. ``drivers`` are folders of an
    accelerator's libraries, where the entry is given one.
    """
    wanted = [Path(path) for path in _SYSTEM]
    prefixes = [sys.base_prefix, sys.base_exec_prefix]
    prefixes += [sys.prefix, sys.exec_prefix] if locked is None else [str(locked)]
    for prefix in map(Path, prefixes):
        for path in (prefix, prefix.resolve()):
            is_environment = (path / "pyvenv.cfg").is_file() and prefix != locked
            wanted += [path / name for name in _ENVIRONMENT] if is_environment else [path]
    wanted += [*_hops(python(locked)), *drivers]
    kept: list[Path] = []
    for path in wanted:
        covered = path in _TOO_WIDE or any(path == other or other in path.parents for other in kept)
        if not covered and path.exists():
            kept.append(path)
    return tuple(sorted(kept, key=lambda path: len(path.parts)))


@cache
def hidden_paths(locked: Path | None) -> tuple[Path, ...]:
    """Return the folders below ``read_only_paths`` that an entry with packages of its own must not
    see: what else is installed for an interpreter here, the harness's own packages among it.
    """  # noqa: D205 - one sentence
    if locked is None:
        return ()
    prefixes = {sys.base_prefix, sys.base_exec_prefix, sys.prefix, "/usr", "/usr/local"}
    found = {
        path.resolve()
        for prefix in prefixes
        for pattern in _PACKAGES
        for path in Path(prefix).glob(pattern)
        if path.is_dir() and locked not in path.parents
    }
    shown = {path.resolve() for path in read_only_paths(locked)}
    return tuple(sorted(path for path in found if shown & set(path.parents)))


@cache
def without_hidden(
    locked: Path | None, drivers: tuple[Path, ...] = ()
) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    """Return what shows no more than ``read_only_paths`` less ``hidden_paths``, for a sandbox that
    cannot put an empty folder over another, and the folders that are to be listed besides.
    """  # noqa: D205 - one sentence
    hidden = hidden_paths(locked)
    shown: list[Path] = []
    listed: list[Path] = []
    pending = list(read_only_paths(locked, drivers))
    while pending:
        path = pending.pop()
        here = path.resolve()
        if any(here == other or other in here.parents for other in hidden):
            continue
        if any(here in other.parents for other in hidden):
            listed.append(path)
            pending += path.iterdir()
        else:
            shown.append(path)
    return tuple(shown), tuple(listed)


def python(locked: Path | None) -> Path:
    """Return the interpreter that the entry is started with."""
    return Path(sys.executable) if locked is None else locked / "bin" / "python"


def _hops(executable: Path) -> list[Path]:
    """Return every link between the interpreter as it was started and its file."""
    hops = [executable]
    while hops[-1].is_symlink() and len(hops) < 16:  # noqa: PLR2004 - a loop of links ends
        hops.append(Path(os.path.normpath(hops[-1].parent / hops[-1].readlink())))
    return [*hops[1:], executable.resolve()]


def worker_command(
    worker: str, directory: str, entry: str, locked: Path | None = None
) -> list[str]:
    """Return the command that serves ``entry``.

    Not ``-I``, which would ignore ``PYTHONHASHSEED``: ``-P`` and ``-s`` keep the working folder
    and the user's own packages off the path, and the environment is ours. Where it is the entry's,
    ``-S`` has the worker turn to it when the entry is loaded: what packages run once they are
    found (``.pth`` files, ``sitecustomize``) is the entry's code too, and not to run before.
    """
    flags = ["-P", "-s", "-B", *([] if locked is None else ["-S"])]
    return [str(python(locked)), *flags, worker, directory, entry]


def environment(
    output: str, labels: int, max_boxes: int, locked: Path | None = None
) -> dict[str, str]:
    """Return the entry's whole environment."""
    path = [str(python(locked).parent), "/usr/local/bin", "/usr/bin", "/bin"]
    if locked is not None:  # behind it: no package may take the interpreter's place
        path[1:1] = map(str, locked.glob("lib/python3*/site-packages/bin"))
    return {
        "PATH": ":".join(path),
        "HOME": "/tmp",  # noqa: S108 - its own, inside of the sandbox
        "LANG": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        "FRUGAL_OUTPUT": output,
        "FRUGAL_LABELS": str(labels),
        "FRUGAL_MAX_BOXES": str(max_boxes),
    }
