"""A disk that is full or read-only: told before the evaluation, or nothing of it is lost."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from projects import write_entry
from runs import Ended, Place, place_in

from harness.records.base import parse_json
from harness.records.evaluation import Completed, EvaluationRecord
from harness.store.results import read_all

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="mounts need root")

# Another program spoils the disk while the entry is measured.
SPOILT = """
    import subprocess
    from harness.evaluation.journal import Journal
    before = Journal.phase
    def spoilt(self, phase, **options):
        before(self, phase, **options)
        if phase == "drain" and self._doing.session:
            subprocess.run(["sh", "-c", {spoil!r}], check=False)
    Journal.phase = spoilt
    """
READ_ONLY = "mount -o remount,ro {target}"
FULL = "head -c 9000000 /dev/zero > {target}/fill 2> /dev/null"


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[None]:
    """Mount a file system of a few bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "faults", folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return place_in(tmp_path / "project")


def refused(ended: Ended, *told: str) -> None:
    assert ended.code == 3
    error = ended.document["error"]
    for words in told:
        assert words in error["message"]
        assert words in ended.err
    assert error["remedy"]


def test_a_results_folder_without_room_is_told_before_anything_runs(place: Place) -> None:
    with small_disk(place.results, "64k"):
        ended = place.run(write_entry(place.root, "fine"), "--json")

        refused(ended, str(place.results), "No space left on device")
        assert list(place.results.iterdir()) == []
    assert place.left() == []


def test_a_read_only_results_folder_is_told_before_anything_runs(place: Place) -> None:
    with small_disk(place.results, "1m"):
        subprocess.run(["mount", "-o", "remount,ro", place.results], check=True)
        ended = place.run(write_entry(place.root, "fine"), "--json")

        refused(ended, str(place.results), "Read-only file system")
    assert place.left() == []


@pytest.mark.parametrize("size", ["8k", "48k"], ids=["no room at all", "no room for the copy"])
def test_a_full_folder_for_temporary_files_is_told(place: Place, size: str) -> None:
    entry = write_entry(place.root, "fine")
    (entry / "weights.bin").write_bytes(os.urandom(60_000))
    with small_disk(place.temporary, size):
        ended = place.run(entry, "--json")

        assert ended.code == 3
        error = ended.document.get("error") or ended.document["summary"]
        assert "No space left on device" in error["message"]
        assert "TMPDIR" in (error.get("remedy") or ended.document["record"]["outcome"]["remedy"])
        assert list(place.temporary.iterdir()) == []
    assert place.left() == []


def test_a_full_folder_for_the_journal_is_told(place: Place) -> None:
    with small_disk(place.lock_folder, "4k"):
        (place.lock_folder / "fill").write_bytes(bytes(4096))
        ended = place.run(write_entry(place.root, "fine"), "--json")

        refused(ended, str(place.lock_folder), "No space left on device")
        assert "HARNESS_RUN_FOLDER" in ended.document["error"]["remedy"]
        assert not place.journals()
    assert place.left() == []


@pytest.mark.parametrize("spoil", [READ_ONLY, FULL], ids=["read-only", "full"])
def test_a_disk_that_is_spoilt_meanwhile_costs_no_record(place: Place, spoil: str) -> None:
    with small_disk(place.results, "1500k"):
        hurt = SPOILT.format(spoil=spoil.format(target=place.results))
        ended = place.run(write_entry(place.root, "fine"), "--json", hurt=hurt)

        refused(ended, str(place.results), "the record is kept in ")
        left = [path for path in place.results.rglob("*") if path.is_file()]
        assert [path.name for path in left if path.name != "fill"] == []
    (rescued,) = place.temporary.iterdir()
    assert str(rescued) in ended.document["error"]["message"]
    # As it is, it can be moved to where it belongs.
    (stored,), problems = read_all(rescued)
    assert problems == ()
    assert stored.record.outcome == Completed()


def test_a_record_without_any_place_is_printed(place: Place, tmp_path: Path) -> None:
    # The other places are the home folder and the working directory: neither is there then.
    working = place.root / "gone"
    working.mkdir()
    disks = (place.results, place.temporary)
    spoil = "; ".join([*(READ_ONLY.format(target=disk) for disk in disks), f"rmdir {working}"])
    with small_disk(place.results, "1500k"), small_disk(place.temporary, "1m"):
        entry = write_entry(place.root, "fine")
        hurt = SPOILT.format(spoil=spoil) + f"os.chdir({str(working)!r})\n"
        ended = place.run(entry, "--json", hurt=hurt, HOME=str(tmp_path / "none"), CI="")
        assert ended.code == 3
        assert "the record follows on standard output" in ended.err
        subprocess.run(["mount", "-o", "remount,rw", place.temporary], check=True)
        subprocess.run(["mount", "-o", "remount,rw", place.results], check=True)
        again = place.run(entry)
        assert "interrupted" in again.err  # it could not clear up, and says so
        assert list(place.temporary.iterdir()) == []
    record = parse_json(
        json.dumps(ended.document["record"]).encode(), EvaluationRecord, "standard output"
    )
    assert record.sessions
    assert ended.document["items"]["ids"]
