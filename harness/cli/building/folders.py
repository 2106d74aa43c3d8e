"""What was kept of the records of each folder of the results, from build to build."""

from __future__ import annotations

import os
from zlib import crc32

from harness.cli.building.cache import Cache, digest_of_name
from harness.cli.building.gathering import Folder, Gathered, by_folder_of
from harness.cli.building.shards import Shards, Taken
from harness.cli.building.unchanged import task_of
from harness.store.scanning import is_fresh

PARTS_OF_A_TASK = 16
"""Files of the cache that hold what was kept of a task's records."""


class Folders:
    """What was kept of each record of the tasks that are not taken over.

    The folders of a task are kept in ``PARTS_OF_A_TASK`` files: where one is new, one is written.
    """

    def __init__(self, cache: Cache, name: str, shards: Shards, taken: Taken) -> None:
        self._cache, self._name = cache, name
        numbers = range(PARTS_OF_A_TASK)
        self._places = [self._place(task, n) for task in shards.tasks for n in numbers]
        self._kept = {
            place: by_folder_of(cache.load(place, list[Folder]) or ())
            for task in shards.tasks
            if task not in taken.shards
            for place in (self._place(task, n) for n in numbers)
        }
        self.known = {name: each for kept in self._kept.values() for name, each in kept.items()}

    def keep(self, gathered: Gathered, seen_ns: int) -> None:
        """Keep it for the next build, where any is new or gone; not of files that were fresh."""
        settled: dict[str, dict[bytes, Folder]] = {place: {} for place in self._kept}
        for name, folder in by_folder_of(gathered.folders).items():
            marks = (mark for told in folder.told for mark in told.marks)
            if not any(is_fresh(mark, seen_ns) for mark in marks):
                number = crc32(name) % PARTS_OF_A_TASK
                settled[self._place(task_of(os.fsdecode(name) + "/"), number)][name] = folder
        for place, folders in settled.items():
            kept = self._kept[place]
            if any(kept.get(name) is not each for name, each in folders.items()) or (
                kept.keys() != folders.keys()
            ):
                self._cache.save(place, [*folders.values()])
        self._cache.tidy(f"{self._name}-", self._places)

    def _place(self, task: str, number: int) -> str:
        return f"{self._name}-{digest_of_name(os.fsencode(task) + bytes([0, number]))}"
