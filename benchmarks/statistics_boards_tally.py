"""What ``statistics_boards.py`` has seen of each cell: counts, on file across runs, and the table.

A line of the file is a run of boards of one cell, by their numbers. Lines add up where nothing that
a board hangs on is another: the cell, the draws, the margins and the code that ranks. What was seen
under other code stays in the file and is not counted.
"""

from __future__ import annotations

import ast
import hashlib
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from scipy.special import betaincinv

BEGIN, END = "<!-- boards: begin -->", "<!-- boards: end -->"
HEADER = (
    "| truth | entries | items | sessions | besides | boards | any false claim | at most "
    "| any false statement | true claims made |\n"
    "|---|---:|---:|---:|---|---:|---:|---:|---:|---:|"
)


@dataclass(frozen=True)
class Tally:
    """What boards of one cell said, added up."""

    boards: int = 0
    false_claims: int = 0
    """Boards with any."""
    false_statements: int = 0
    """Likewise."""
    claims: int = 0
    """True ones that were made."""
    true_pairs: int = 0
    """Pairs of which a claim would have been true."""

    def plus(self, other: Tally) -> Tally:
        """Return the counts of both."""
        mine, theirs = asdict(self), asdict(other)
        return Tally(**{name: mine[name] + theirs[name] for name in mine})


class OnFile:
    """The runs of a file that were made under the ``conditions`` of this one."""

    def __init__(self, path: Path | None, conditions: Mapping[str, Any]) -> None:
        """Read what is there; a last line that an interruption cut short is left out."""
        self._path = path
        self._conditions = dict(conditions)
        self._tallies: dict[str, Tally] = {}
        lines = [] if path is None or not path.exists() else path.read_text("utf-8").splitlines()
        for line in lines:
            try:
                said = json.loads(line)
            except ValueError:
                continue
            if said["conditions"] == self._conditions:
                self._count(said["cell"], said["first"], Tally(**said["seen"]))

    def of(self, cell: Mapping[str, Any]) -> Tally:
        """Return what is on file of a cell."""
        return self._tallies.get(_spelled(cell), Tally())

    def add(self, cell: Mapping[str, Any], seen: Tally) -> None:
        """Count the boards that come next, and put them on file."""
        first = self.of(cell).boards
        self._count(cell, first, seen)
        if self._path is not None:
            said = {
                "cell": dict(cell), "first": first, "seen": asdict(seen),
                "conditions": self._conditions,
            }  # fmt: skip
            with self._path.open("a+", encoding="utf-8") as file:
                cut = file.tell() and not self._path.read_text("utf-8").endswith("\n")
                file.write(("\n" if cut else "") + json.dumps(said) + "\n")

    def _count(self, cell: Mapping[str, Any], first: int, seen: Tally) -> None:
        """Add a run that begins where the ones before end: one of two at a time is left out."""
        before = self.of(cell)
        if first == before.boards:
            self._tallies[_spelled(cell)] = before.plus(seen)


def _spelled(cell: Mapping[str, Any]) -> str:
    return json.dumps(cell, sort_keys=True)


def code_digest(package: str, files: Iterable[Path]) -> str:
    """Digest the code of a package's loaded modules, and of ``files``: comments do not count."""
    loaded = sorted(
        str(module.__file__)
        for name, module in sys.modules.items()
        if name.startswith(package) and getattr(module, "__file__", None)
    )
    digest = hashlib.sha256()
    for path in [*map(Path, loaded), *files]:
        digest.update(ast.dump(ast.parse(path.read_text(encoding="utf-8"))).encode())
    return digest.hexdigest()[:12]


def upper_bound(hits: int, tries: int) -> float:
    """Return the exact one-sided 95 % bound above a share (Clopper and Pearson, 1934)."""
    return 1.0 if hits == tries else float(betaincinv(hits + 1, tries - hits, 0.95))


def lower_bound(hits: int, tries: int) -> float:
    """Return the one below."""
    return 0.0 if hits == 0 else float(betaincinv(hits, tries - hits + 1, 0.05))


def write_table(page: Path, rows: Sequence[str], note: str) -> None:
    """Replace what stands between the markers of the page."""
    text = page.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    table = "\n".join([HEADER, *rows])
    page.write_text(f"{before}{BEGIN}\n{note}\n\n{table}\n{END}{after}", encoding="utf-8")
