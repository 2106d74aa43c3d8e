from __future__ import annotations

import hashlib
import os
import shutil
import stat
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import OrganiserError, SubmissionError
from harness.submissions import folder
from harness.submissions.folder import ListedFile, Listing, list_folder
from harness.submissions.snapshot import entry_digest, snapshot

FINE = Path(__file__).parent / "submissions" / "fine-command" / "entry"


@pytest.fixture
def entry(tmp_path: Path) -> Path:
    return Path(shutil.copytree(FINE, tmp_path / "entry"))


def test_the_digest_is_what_its_documentation_says(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "run").write_bytes(b"go")
    (tmp_path / "b" / "run").chmod(0o700)
    (tmp_path / "a.txt").write_bytes(b"abc")
    (tmp_path / "a.txt").chmod(0o600)
    (tmp_path / "empty").mkdir()
    spelled = b"frugal-ai entry 1\na.txt\0-\x003\0abcb/run\0x\x002\0go"
    assert entry_digest(tmp_path) == hashlib.sha256(spelled).hexdigest()


def test_a_copy_is_the_same_entry_with_plain_modes(entry: Path, tmp_path: Path) -> None:
    (entry / "inner").mkdir()
    (entry / "inner" / "data.json").write_text("[1]")
    (entry / "inner" / "data.json").chmod(0o400)
    (entry / "run").chmod(0o744)
    made = snapshot(entry, tmp_path / "copy")
    assert made.directory == tmp_path / "copy"
    assert made.digest == entry_digest(entry) == entry_digest(made.directory)
    assert (made.files, made.bytes) == (3, list_folder(entry).size_bytes)
    modes = {
        path.relative_to(made.directory).as_posix(): stat.S_IMODE(path.stat().st_mode)
        for path in [made.directory, *made.directory.rglob("*")]
    }
    assert modes == {
        ".": 0o755,
        "inner": 0o755,
        "inner/data.json": 0o644,
        "run": 0o755,
        "submission.toml": 0o644,
    }
    assert (made.directory / "inner" / "data.json").read_text() == "[1]"


def test_hidden_files_and_bytecode_are_left_out(entry: Path, tmp_path: Path) -> None:
    before = entry_digest(entry)
    (entry / ".git").mkdir()
    (entry / ".git" / "config").write_text("x")
    (entry / "__pycache__").mkdir()
    (entry / "__pycache__" / "model.pyc").write_text("x")
    assert entry_digest(entry) == before
    made = snapshot(entry, tmp_path / "copy")
    assert sorted(path.name for path in made.directory.iterdir()) == ["run", "submission.toml"]


def test_content_name_and_executable_bit_all_count(entry: Path) -> None:
    seen = {entry_digest(entry)}
    (entry / "run").chmod(0o644)
    seen.add(entry_digest(entry))
    (entry / "run").write_text("other\n")
    seen.add(entry_digest(entry))
    (entry / "run").rename(entry / "walk")
    seen.add(entry_digest(entry))
    assert len(seen) == 4


@settings(deadline=None)  # a busy machine is no fault
@given(st.dictionaries(st.sampled_from("abcdef"), st.binary(max_size=8), max_size=4))
def test_different_files_never_share_a_digest(
    tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes]
) -> None:
    one, other = tmp_path_factory.mktemp("one"), tmp_path_factory.mktemp("other")
    for name, content in files.items():
        (one / name).write_bytes(content)
    for name, content in reversed(files.items()):  # made in another order
        (other / name).write_bytes(content)
    assert entry_digest(one) == entry_digest(other)
    if files:  # the same bytes, cut elsewhere
        (name, content), *_ = files.items()
        (other / name).write_bytes(content + b"a")
        assert entry_digest(one) != entry_digest(other)


@pytest.mark.parametrize("what", ["symlink", "fifo", "hard link"])
def test_what_an_entry_may_not_hold_is_never_copied(entry: Path, tmp_path: Path, what: str) -> None:
    if what == "symlink":
        (entry / "x").symlink_to("/etc/hostname")
    elif what == "fifo":
        os.mkfifo(entry / "x")
    else:
        os.link(entry / "run", entry / "x")
    with pytest.raises(SubmissionError):
        snapshot(entry, tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


def swapped(entry: Path, monkeypatch: pytest.MonkeyPatch, swap: str) -> None:
    """Have the folder change between being listed and being read."""
    (entry / "inner").mkdir()
    (entry / "inner" / "hostname").write_text("mine")

    def list_and_swap(directory: Path) -> Listing:
        listing = list_folder(directory)
        if swap == "file for a link":
            (entry / "run").unlink()
            (entry / "run").symlink_to("/etc/hostname")
        elif swap == "folder for a link":
            shutil.rmtree(entry / "inner")
            (entry / "inner").symlink_to("/etc")
        elif swap == "file for another":
            (entry / "other").write_bytes((entry / "run").read_bytes())
            (entry / "other").replace(entry / "run")
        elif swap == "content":
            (entry / "run").write_bytes(b"#" * (entry / "run").stat().st_size)
        elif swap == "fifo":
            (entry / "run").unlink()
            os.mkfifo(entry / "run")
        return listing

    monkeypatch.setattr("harness.submissions.snapshot.list_folder", list_and_swap)


@pytest.mark.parametrize(
    "swap", ["file for a link", "folder for a link", "file for another", "content", "fifo"]
)
def test_a_folder_that_changes_underfoot_smuggles_nothing_in(
    entry: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, swap: str
) -> None:
    swapped(entry, monkeypatch, swap)
    with pytest.raises(SubmissionError, match="cannot be read"):
        snapshot(entry, tmp_path / "copy")


def test_a_folder_that_stays_as_it_is_is_copied_by_the_same_path(
    entry: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    swapped(entry, monkeypatch, "nothing")
    assert snapshot(entry, tmp_path / "copy").files == 3


def test_a_file_that_grows_while_it_is_read_is_refused(
    entry: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (entry / "weights").write_bytes(b"0" * 10)
    monkeypatch.setattr(folder, "_PIECE_BYTES", 4)
    content = folder.read_listed

    def grow(directory: Path, file: ListedFile) -> object:
        for piece in content(directory, file):
            if file.name == "weights":
                with (entry / "weights").open("ab") as weights:
                    weights.write(b"1")
            yield piece

    monkeypatch.setattr("harness.submissions.snapshot.read_listed", grow)
    with pytest.raises(SubmissionError, match="changed while it was being read"):
        snapshot(entry, tmp_path / "copy")


def test_an_existing_folder_is_never_written_into(entry: Path, tmp_path: Path) -> None:
    (tmp_path / "copy").mkdir()
    with pytest.raises(OrganiserError, match="cannot be copied: File exists"):
        snapshot(entry, tmp_path / "copy")


def test_a_copy_that_cannot_be_written_is_the_organisers_failure(
    entry: Path, tmp_path: Path
) -> None:
    with pytest.raises(OrganiserError, match="cannot be copied"):
        snapshot(entry, tmp_path / "no" / "such" / "folder")


def test_an_entry_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SubmissionError, match="does not exist"):
        entry_digest(tmp_path / "nowhere")
