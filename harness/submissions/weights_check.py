"""What a manifest declares of weights, held to the folder and the rules; nothing is fetched."""

from __future__ import annotations

from collections.abc import Iterator

from harness.submissions.contents import check_contents
from harness.submissions.document import Document
from harness.submissions.faults import Fault, quoted
from harness.submissions.fields import dotted
from harness.submissions.folder import Listing
from harness.submissions.manifest import MAX_WEIGHTS_BYTES
from harness.submissions.names import folded
from harness.submissions.positions import KeyPath
from harness.submissions.values import wrong_with_path

_CODE_NAMES = (".py", ".pyc", ".pyo", ".pyd", ".so", ".sh")
"""What an interpreter or the loader would run by its name."""


def check_weights(
    document: Document, listing: Listing, *, most_bytes: int, most_files: int
) -> Iterator[Fault]:
    """Check all ``[[weights]]`` together: their places, their names, their number and size."""
    found = document.plain.get("weights")
    tables = [table if isinstance(table, dict) else {} for table in _listed(found)]
    if len(tables) > most_files:
        yield document.fault(
            "FRG131",
            ("weights", most_files),
            f"there are {len(tables)} weights; the rules allow at most {most_files} "
            "(limits.weights_files)",
            "put small files into the folder, or several arrays into one file",
        )
    sizes = [size for table in tables if (size := _size(table))]
    if sum(sizes) > most_bytes:
        yield document.fault(
            "FRG130",
            ("weights", 0),
            f"the weights are {sum(sizes):,} bytes together; the rules allow at most "
            f"{most_bytes:,} (limits.weights_bytes); the largest has {max(sizes):,}",
            "make the model smaller",
        )
    yield from _check_places(document, listing, tables)


def _check_places(
    document: Document, listing: Listing, tables: list[dict[str, object]]
) -> Iterator[Fault]:
    taken = {folded(path): "the folder" for file in listing.files for path in _and_above(file.name)}
    files = {folded(file.name) for file in listing.files}
    for number, table in enumerate(tables):
        path = table.get("path")
        if not isinstance(path, str) or not path or wrong_with_path(path):
            continue  # said already
        where: KeyPath = ("weights", number, "path")
        yield from _check_name(document, where, path)
        own = folded(path)
        above = [folded(each) for each in _and_above(path)][:-1]
        blocked = next((each for each in above if each in files), own if own in taken else None)
        if blocked is not None:
            yield document.fault(
                "FRG129",
                where,
                f"{dotted(where)} names {quoted(path)}, where {taken[blocked]} has a file already",
                "give it a path of its own; a copy of your own is read with --weights DIR",
            )
            continue
        files.add(own)
        taken |= {each: f"weights[{number + 1}]" for each in [*above, own] if each not in taken}


def _check_name(document: Document, where: KeyPath, path: str) -> Iterator[Fault]:
    """Hold the name to what holds of files in the folder, as far as a name tells."""
    if path.lower().endswith(_CODE_NAMES):
        yield document.fault(
            "FRG132",
            where,
            f"{dotted(where)} names {quoted(path)}, which is code",
            "put code into the folder; weights are data",
        )
    found = check_contents(path, b"")
    if found is not None:
        yield document.fault(found.code, where, f"{quoted(path)} {found.message}", found.remedy)


def _size(table: dict[str, object]) -> int:
    """Return the declared size; 0 where it is none, which is said already."""
    size = table.get("bytes")
    return size if type(size) is int and 0 < size <= MAX_WEIGHTS_BYTES else 0


def _and_above(path: str) -> list[str]:
    """Return the folders that a path goes through, outermost first, and the path."""
    parts = path.split("/")
    return ["/".join(parts[: end + 1]) for end in range(len(parts))]


def _listed(found: object) -> list[object]:
    return found if isinstance(found, list) else []
