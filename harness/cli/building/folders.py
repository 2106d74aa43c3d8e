"""What was kept of the records of each folder of the results, from build to build."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable
from zlib import crc32

from harness.cli.building.cache import Cache, digest_of_name
from harness.cli.building.gathering import Folder, Gathered, by_folder_of
from harness.cli.building.unchanged import task_of
from harness.store.scanning import is_fresh

PARTS_OF_A_TASK = 16
"""Files of the cache that hold what was kept of a task's records."""


class Folders:
    """What was kept of each record of the tasks that are not taken over.

    The folders of a task are kept in ``PARTS_OF_A_TASK`` files: where one is new, one is written.
    """

    def __init__(self, cache: Cache, name: str, tasks: Iterable[str]) -> None:
        """Take the tasks of which there is anything; nothing of them is looked at yet."""
        self._cache, self._name, self._tasks = cache, name, tuple(tasks)
        self._kept: dict[str, dict[bytes, Folder]] = {}
        self.known: dict[bytes, Folder] = {}
        """What was kept of the tasks that were asked for, by the folder's path."""

    def load(self, tasks: Iterable[str]) -> None:
        """Read what was kept of some tasks."""
        for task in tasks:
            for number in range(PARTS_OF_A_TASK):
                place = self._place(task, number)
                self._kept[place] = by_folder_of(self._cache.load(place, list[Folder]) or ())
                self.known |= self._kept[place]

    def keep(self, gathered: Gathered, seen_ns: int) -> None:
        """Keep it for the next build, where any is new or gone; not of files that were fresh."""
        there = by_folder_of(gathered.folders)
        changed: defaultdict[str, dict[bytes, Folder]] = defaultdict(dict)
        for name in self.known.keys() - there.keys():
            changed[self._place_of(name)] = {}
        for name, folder in there.items():
            if self.known.get(name) is not folder:
                marks = (mark for told in folder.told for mark in told.marks)
                new = changed[self._place_of(name)]
                if not any(is_fresh(mark, seen_ns) for mark in marks):
                    new[name] = folder
        for place, new in changed.items():
            kept = self._kept[place].items()
            as_it_was = {name: each for name, each in kept if there.get(name) is each}
            self._cache.save(place, [*(as_it_was | new).values()])
        places = (self._place(task, n) for task in self._tasks for n in range(PARTS_OF_A_TASK))
        self._cache.tidy(f"{self._name}-", places)

    def _place_of(self, folder: bytes) -> str:
        """Return where a folder of the results is kept."""
        return self._place(task_of(os.fsdecode(folder) + "/"), crc32(folder) % PARTS_OF_A_TASK)

    def _place(self, task: str, number: int) -> str:
        return f"{self._name}-{digest_of_name(os.fsencode(task) + bytes([0, number]))}"
