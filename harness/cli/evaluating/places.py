"""What the folders of this machine are called in a record: it is published, and they are not."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import harness
from harness.cli.project import Project
from harness.records.caches import CACHE_VARIABLE, cache_folder

if TYPE_CHECKING:
    from harness.cli.evaluating.running import Request, Results

_ROOTS = ("HARNESS_POWERCAP_ROOT", "HARNESS_NVML_LIBRARY", "HARNESS_RUN_FOLDER")


def places(
    project: Project, request: Request, results: Results, entry: Path, copy: Path
) -> Iterator[tuple[Path, str]]:
    """Yield places and their names, for the record of the entry in ``copy``; the first one counts.

    ``entry`` is its folder as it was named.
    """
    name = os.path.basename(os.path.abspath(entry))  # noqa: PTH100, PTH119 - follows no link
    yield copy, name
    yield entry, name
    yield project.root, ""
    yield Path(harness.__file__).parents[1], ""
    if results.folder.absolute() != project.results:
        yield results.folder, "--output"
    if request.wheelhouse is not None:
        yield request.wheelhouse, "--wheelhouse"
    if request.weights is not None:
        yield request.weights, "--weights"
    if Path(request.data).exists():
        yield Path(request.data), "--data"
    for kind in ("environments", "weights"):
        yield cache_folder(kind).parent, f"${CACHE_VARIABLE}"
    for variable in _ROOTS:
        if os.environ.get(variable):
            yield Path(os.environ[variable]), f"${variable}"
    yield Path(tempfile.gettempdir()), "$TMPDIR"
    yield results.turn.outside, "$TMPDIR"  # where a path was cut within the name of the former
    if sys.prefix != sys.base_prefix:
        yield Path(sys.prefix), "$VIRTUAL_ENV"
    try:
        yield Path.home(), "~"
    except RuntimeError:
        return  # there is none
