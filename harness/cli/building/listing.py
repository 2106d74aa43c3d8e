"""The files of a site's folder: which of them are ours, by their names, and what is there.

Nothing heavy is imported here: to look at each of forty thousand files is most of what a site costs
in which nothing has changed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from harness.records.replacing import is_abandoned
from harness.site.language import codes
from harness.store.scanning import Mark, mark_of

Listed = list[tuple[str, Mark]]
"""The files of a site, sorted by name, each with what tells a change."""


class There(NamedTuple):
    """What lies in a site's folder."""

    marks: dict[str, Mark]
    """Of its files, by name."""
    drafts: list[str]
    """What a build that was ended left half written."""

    @classmethod
    def of(cls, folder: Path) -> There:
        """Look it up."""
        drafts: list[str] = []
        return cls(dict(listing(folder, drafts)), drafts)


_BOARD = r"(?:[a-z0-9]+(?:[-_][a-z0-9]+)*-[0-9a-f]{8}|[a-z0-9-]+\.[0-9a-f]{32})"
"""As ``ranking.gists.board_id`` and ``site.paths.safe_name`` make the names of boards."""
_ENTRY = r"[a-z0-9]+(?:[-_][a-z0-9]+)*(?:\.[0-9a-f]{32})?"


@cache
def ours() -> re.Pattern[str]:
    """Return the names of files that a site is made of: what is so called in its folder is ours.

    Those of boards have their digits: nobody calls files so by chance.
    """
    return re.compile(
        rf"(?:(?:{_languages()})/)?"
        rf"(?:entries/{_BOARD}/{_ENTRY}\.html|badges/{_BOARD}/{_ENTRY}\.svg"
        r"|index\.html|method\.html|feed\.xml|preview\.png)"
        r"|style\.css|board\.js|boards\.json"
        rf"|data/{_BOARD}(?:(?:\.claims)?\.js|\.csv|\.json|\.parquet)"
        rf"|{_BOARD}\.csv"  # where spreadsheets once lay
    )


@cache
def _folders() -> re.Pattern[str]:
    """Return the folders in which any of them lie; those of local results are a site's own."""
    spoken = _languages()
    return re.compile(rf"(?:(?:{spoken})/)?(?:entries|badges)(?:/{_BOARD})?|data|{spoken}")


def _languages() -> str:
    return "|".join(map(re.escape, codes()))


def listing(folder: Path, drafts: list[str] | None = None) -> Listed:
    """Return the files of a site that are there, by name, with what tells a change.

    To ``drafts`` are added the names of those that a build which was ended left half written.
    """
    is_ours, found = ours().fullmatch, Listed()
    for name, entry in in_our_folders(folder):
        if is_ours(name):
            try:
                found.append((name, mark_of(entry.stat(follow_symlinks=False))))
            except OSError:  # it is gone by now
                continue
        elif drafts is not None and is_abandoned(entry.name):
            drafts.append(name)
    found.sort()
    return found


def in_our_folders(folder: Path) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Yield what lies in the folders of a site, whosever it is; no link is followed.

    Nor is one in place of ``folder``. An entry can be asked for its status until the next one is.
    Folders are held open meanwhile: to find a file from its folder is quicker than from the root,
    forty thousand times.
    """
    is_folder, pending = _folders().fullmatch, [""]
    while pending:
        inside = pending.pop()
        try:
            opened = os.open(folder / inside, _NO_LINK)
        except OSError:
            continue
        try:
            with os.scandir(opened) as listed:
                before = f"{inside}/" if inside else ""
                for entry in listed:
                    name = before + entry.name
                    if not entry.is_dir(follow_symlinks=False):
                        yield name, entry
                    elif is_folder(name):
                        pending.append(name)
        except OSError:
            continue
        finally:
            os.close(opened)


_NO_LINK = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
