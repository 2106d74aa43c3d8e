"""The demonstration is of the entries as they are: whoever changes one has it measured again."""

from __future__ import annotations

import shutil
from pathlib import Path

from harness.store.reading import read_all
from harness.submissions.snapshot import entry_digest

CHECKOUT = Path(__file__).parent.parent


def changed_since(submissions: Path) -> list[str]:
    """Return the entries of the demonstration's latest records that are other ones by now."""
    stored, _ = read_all(CHECKOUT / "leaderboard" / "results", local=False)
    digests = {
        each.record.submission.entry: each.record.submission.digest
        for each in sorted(stored, key=lambda each: each.created_utc)
    }
    assert len(digests) >= 20
    return [
        entry for entry, digest in digests.items() if entry_digest(submissions / entry) != digest
    ]


def test_every_entry_of_the_demonstration_is_as_it_was_measured() -> None:
    assert changed_since(CHECKOUT / "submissions") == []


def test_an_entry_that_was_changed_is_found(tmp_path: Path) -> None:
    submissions = tmp_path / "submissions"
    shutil.copytree(CHECKOUT / "submissions", submissions)
    with (submissions / "climate-null" / "README.md").open("a", encoding="utf-8") as file:
        file.write("One more line.\n")
    assert changed_since(submissions) == ["climate-null"]
