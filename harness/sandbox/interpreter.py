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

_TOO_WIDE = (Path("/"), Path("/usr"), Path("/usr/local"))


@cache
def read_only_paths() -> tuple[Path, ...]:
    """Return the files and folders that running Python needs, outermost first.

    The environment may lie inside the repository, and the interpreter in a home: only they are
    named. Symbolic links, of which an environment's ``python`` is one, are followed step by step.
    """
    wanted = [Path(path) for path in _SYSTEM]
    for prefix in (sys.base_prefix, sys.base_exec_prefix, sys.prefix, sys.exec_prefix):
        wanted += [Path(prefix), Path(prefix).resolve()]
    wanted += _hops(Path(sys.executable))
    kept: list[Path] = []
    for path in wanted:
        covered = path in _TOO_WIDE or any(path == other or other in path.parents for other in kept)
        if not covered and path.exists():
            kept.append(path)
    return tuple(sorted(kept, key=lambda path: len(path.parts)))


def _hops(executable: Path) -> list[Path]:
    """Return every link between the interpreter as it was started and its file."""
    hops = [executable]
    while hops[-1].is_symlink() and len(hops) < 16:  # noqa: PLR2004 - a loop of links ends
        hops.append(Path(os.path.normpath(hops[-1].parent / hops[-1].readlink())))
    return [*hops[1:], executable.resolve()]


def worker_command(worker: str, directory: str, entry: str) -> list[str]:
    """Return the command that serves ``entry``.

    Not ``-I``, which would ignore ``PYTHONHASHSEED``: ``-P`` and ``-s`` keep the working folder
    and the user's own packages off the path, and the environment is ours.
    """
    return [sys.executable, "-P", "-s", "-B", worker, directory, entry]


def environment(output: str, labels: int, max_boxes: int) -> dict[str, str]:
    """Return the entry's whole environment."""
    return {
        "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
        "HOME": "/tmp",  # noqa: S108 - its own, inside of the sandbox
        "LANG": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        "FRUGAL_OUTPUT": output,
        "FRUGAL_LABELS": str(labels),
        "FRUGAL_MAX_BOXES": str(max_boxes),
    }
