"""What an entry printed, for its team: beside the record, private, and no part of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from harness.store.files import PRIVATE_MODE, write_once
from harness.store.paths import printed_path


class Printed(NamedTuple):
    """The end of what one sandbox's standard output and standard error held."""

    where: str
    text: str
    """Control characters made visible."""
    bytes_written: int


def write_printed(record_file: Path, printed: Sequence[Printed]) -> Path | None:
    """Write what was printed beside its record; return the path, or ``None`` for silence.

    Raises ``OrganiserError`` when the place cannot be written.
    """
    if not any(each.bytes_written for each in printed):
        return None
    path = record_file.with_name(printed_path(record_file.name))
    write_once(path, "".join(map(_section, printed)).encode(), PRIVATE_MODE)
    return path


def _section(printed: Printed) -> str:
    kept = "the end of " if len(printed.text.encode()) < printed.bytes_written else ""
    title = f"== {printed.where}: {kept}{printed.bytes_written:,} bytes =="
    return f"{title}\n{printed.text.rstrip(chr(10))}\n" if printed.text else f"{title}\n"
