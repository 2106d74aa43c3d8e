"""The program that a manifest names, looked for in the folder: a module, or a command."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from harness.submissions.document import Document
from harness.submissions.faults import Fault, fault, quoted, shortened
from harness.submissions.folder import ListedFile, Listing, read_head, unreadable
from harness.submissions.futile import check_futile
from harness.submissions.remembering import check_remembering
from harness.submissions.source import (
    MAX_SOURCE_BYTES,
    MAX_SOURCES_BYTES,
    check_loader,
    parse_source,
)
from harness.submissions.values import program_path, split_entry, wrong_with_path


def check_command(document: Document, listing: Listing) -> Iterator[Fault]:
    """Look for the program that ``model.command`` names, where it should be in the folder."""
    command = document.get("model", "command", list) or []
    path = program_path(command)
    where = ("model", "command")
    files = {file.name: file for file in listing.files}
    if path is None:
        program = command[0] if command else None
        if isinstance(program, str) and program in files:
            yield document.fault(
                "FRG205",
                where,
                f"{quoted(program)} is looked up on PATH, not in the folder",
                f'write "./{program}"',
            )
    elif wrong_with_path(path):
        return  # said already
    elif path not in files and not _is_rejected(path, listing):
        yield document.fault(
            "FRG205",
            where,
            f"model.command names {quoted(path)}, which is not a file of the folder",
            "add the file, or correct the name",
        )
    elif path in files and not files[path].executable:
        yield document.fault(
            "FRG206",
            where,
            f"model.command names {quoted(path)}, which is not executable",
            f"chmod +x {path}; with git: git update-index --chmod=+x {path}",
        )


def check_code(directory: Path, listing: Listing, document: Document | None) -> Iterator[Fault]:
    """Compile every Python file; look for the load function in the one that should define it."""
    entry = document.get("model", "entry", str) if document is not None else None
    names = split_entry(entry) if entry else None
    module = _module_file(names[0], listing) if names else None
    path = names[0].replace(".", "/") if names else ""
    if (
        document is not None
        and names
        and module is None
        and not _is_rejected(f"{path}.py", listing)
    ):
        module_name, dot, ending = names[0].rpartition(".")
        yield document.fault(
            "FRG201",
            ("model", "entry"),
            f"model.entry names the module {shortened(names[0])}, but there is no "
            f"{shortened(path)}.py in the folder",
            "a module is named without .py: "
            f'entry = "{shortened(module_name)}:{shortened(names[1])}"'
            if dot and ending == "py"
            else "add the file, or correct the name",
        )
    compiled_bytes = 0
    for file in listing.files:
        if not file.name.endswith(".py"):
            continue
        compiled_bytes += min(file.size_bytes, MAX_SOURCE_BYTES)
        if compiled_bytes > MAX_SOURCES_BYTES:
            found = f"is not looked at: Python files before it are {MAX_SOURCES_BYTES:,} bytes"
            yield fault("FRG202", file.name, found, "keep data in data files")
            continue
        tree = _parse_file(directory, file)
        if isinstance(tree, Fault):
            yield tree
            continue
        yield from check_futile(file.name, tree)
        yield from check_remembering(file.name, tree)
        if names is not None and file.name == module:
            yield from filter(None, [check_loader(file.name, tree, names[1])])


def _module_file(module: str, listing: Listing) -> str | None:
    path = module.replace(".", "/")
    files = {file.name for file in listing.files}
    return next((name for name in (f"{path}/__init__.py", f"{path}.py") if name in files), None)


def _is_rejected(path: str, listing: Listing) -> bool:
    """Whether a file is there, and what is wrong with it has been said."""
    return any(found.path == path for found in listing.faults)


def _parse_file(directory: Path, file: ListedFile) -> ast.Module | Fault:
    try:
        return parse_source(file.name, read_head(directory, file, MAX_SOURCE_BYTES + 1))
    except OSError as error:
        return unreadable(file, error)
