from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from weights_stand_in import Page, Site, serving

from harness.errors import HarnessError, OrganiserError, SubmissionError
from harness.submissions import download, weights
from harness.submissions.manifest import WeightsTable
from harness.submissions.weights import Hub, Weights

ROOT = Path(__file__).resolve().parents[1]
CONTENT = b"\x93weights" * 1000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
COMMIT = "0123456789abcdef0123456789abcdef01234567"
ON_HUB = f"/team/repo/resolve/{COMMIT}/model/w%20.safetensors"


def table(**changes: Any) -> WeightsTable:  # noqa: ANN401 - fields of several types
    fields: dict[str, Any] = {
        "path": "weights/w.safetensors",
        "hub": f"team/repo@{COMMIT}",
        "file": "model/w .safetensors",
        "sha256": SHA256,
        "bytes": len(CONTENT),
        "licence": "MIT",
    }
    return WeightsTable(**fields | changes)


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setattr(download, "_PAUSE_SECONDS", 0)
    with serving({ON_HUB: Page(CONTENT)}) as made:
        yield made


@pytest.fixture
def into(tmp_path: Path) -> Path:
    made = tmp_path / "snapshot"
    made.mkdir()
    return made


def supply(site: Site, tmp_path: Path, **changes: Any) -> Weights:  # noqa: ANN401 - of several types
    return Weights(tmp_path / "cache", lambda: Hub(str(site.origin), offline=False), **changes)


def test_a_file_of_the_hub_is_put_at_its_path(site: Site, tmp_path: Path, into: Path) -> None:
    told: list[tuple[str, int, int]] = []
    made = supply(site, tmp_path, on_bytes=lambda *what: told.append(what))
    made.prepare("my-team", [table()])
    made.place("my-team", [table()], into)
    copy = into / "weights" / "w.safetensors"
    assert copy.read_bytes() == CONTENT
    assert stat.S_IMODE(copy.stat().st_mode) == 0o644
    assert stat.S_IMODE(copy.parent.stat().st_mode) == 0o755
    assert [path for path, _ in site.asked] == [ON_HUB]  # once: the cache has it
    assert told[-1] == ("weights/w.safetensors", len(CONTENT), len(CONTENT))


def test_the_files_name_there_is_its_path_unless_it_is_given(site: Site, tmp_path: Path) -> None:
    site.pages[f"/team/repo/resolve/{COMMIT}/weights/w.safetensors"] = Page(CONTENT)
    supply(site, tmp_path).prepare("my-team", [table(file=None)])
    assert len(site.asked) == 1


def test_what_is_kept_is_used_without_a_network(site: Site, tmp_path: Path, into: Path) -> None:
    supply(site, tmp_path).prepare("my-team", [table()])
    site.pages.clear()
    offline = Weights(tmp_path / "cache", lambda: pytest.fail("asked for the hub"))
    offline.prepare("other-team", [table(path="elsewhere.safetensors")])
    offline.place("other-team", [table(path="elsewhere.safetensors")], into)
    assert (into / "elsewhere.safetensors").read_bytes() == CONTENT


def test_the_copy_is_not_the_kept_file(site: Site, tmp_path: Path, into: Path) -> None:
    made = supply(site, tmp_path)
    made.place("my-team", [table()], into)
    copy, kept = into / "weights" / "w.safetensors", tmp_path / "cache" / SHA256
    assert copy.stat().st_ino != kept.stat().st_ino
    copy.write_bytes(b"spoilt by an entry at grade D")
    assert kept.read_bytes() == CONTENT
    assert stat.S_IMODE(kept.stat().st_mode) == 0o444


def test_a_kept_file_that_was_altered_is_fetched_anew(
    site: Site, tmp_path: Path, into: Path
) -> None:
    made = supply(site, tmp_path)
    made.prepare("my-team", [table()])
    kept = tmp_path / "cache" / SHA256
    kept.chmod(0o644)
    kept.write_bytes(b"x" * len(CONTENT))
    made.place("my-team", [table()], into)
    assert (into / "weights" / "w.safetensors").read_bytes() == CONTENT
    assert kept.read_bytes() == CONTENT
    assert len(site.asked) == 2


@pytest.mark.parametrize("instead", ["link", "shorter"])
def test_what_is_no_kept_file_is_replaced(
    site: Site, tmp_path: Path, into: Path, instead: str
) -> None:
    kept = tmp_path / "cache" / SHA256
    kept.parent.mkdir()
    if instead == "link":
        kept.symlink_to("/etc/hostname")
    else:
        kept.write_bytes(CONTENT[:-1])
    supply(site, tmp_path).place("my-team", [table()], into)
    assert (into / "weights" / "w.safetensors").read_bytes() == CONTENT
    assert not kept.is_symlink()


def test_what_cannot_be_replaced_is_explained(site: Site, tmp_path: Path, into: Path) -> None:
    (tmp_path / "cache" / SHA256).mkdir(parents=True)
    with pytest.raises(OrganiserError, match="cannot be kept or copied: Is a directory"):
        supply(site, tmp_path).place("my-team", [table()], into)


@pytest.mark.parametrize("name", [SHA256, "weights/w.safetensors", "model/w .safetensors"])
def test_a_folder_of_the_users_own_serves_without_a_network(
    site: Site, tmp_path: Path, into: Path, name: str
) -> None:
    mine = tmp_path / "mine" / name
    mine.parent.mkdir(parents=True)
    mine.write_bytes(CONTENT)
    made = supply(site, tmp_path, folder=tmp_path / "mine")
    made.prepare("my-team", [table()])
    made.place("my-team", [table()], into)
    assert (into / "weights" / "w.safetensors").read_bytes() == CONTENT
    assert site.asked == []
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (CONTENT + b"x", "has 8,001 bytes, and submission.toml says 8,000"),
        (CONTENT[:-1], "has 7,999 bytes"),
        (b"x" * len(CONTENT), "has the SHA-256 [0-9a-f]{64}, and submission.toml says"),
    ],
)
def test_a_file_of_the_users_own_is_verified_all_the_same(
    site: Site, tmp_path: Path, into: Path, content: bytes, message: str
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / SHA256).write_bytes(content)
    made = supply(site, tmp_path, folder=tmp_path / "mine")
    with pytest.raises(OrganiserError, match=message) as raised:
        made.place("my-team", [table()], into)
    assert raised.value.stage == "weights"
    assert list((into / "weights").iterdir()) == []
    assert (tmp_path / "mine" / SHA256).read_bytes() == content


def test_a_folder_without_the_file_says_which_names_were_looked_for(
    site: Site, tmp_path: Path
) -> None:
    (tmp_path / "mine").mkdir()
    with pytest.raises(OrganiserError) as raised:
        supply(site, tmp_path, folder=tmp_path / "mine").prepare("my-team", [table()])
    assert raised.value.message.startswith("my-team: weights[1] (weights/w.safetensors): ")
    for name in (SHA256, "weights/w.safetensors", "model/w .safetensors"):
        assert f'"{name}"' in raised.value.message
    assert f"team/repo@{COMMIT}:model/w .safetensors" in raised.value.remedy
    assert site.asked == []


@pytest.mark.parametrize(
    ("page", "error", "message"),
    [
        (None, SubmissionError, "has no such file"),
        (Page(status=403, headers={"X-Error-Code": "GatedRepo"}), SubmissionError, "its terms"),
        (Page(CONTENT + b"x"), SubmissionError, "it has 8,001 bytes"),
        (Page(b"x" * len(CONTENT)), SubmissionError, "its SHA-256 is"),
        (Page(status=503), OrganiserError, "is in trouble"),
    ],
)
def test_what_goes_wrong_names_the_entry_and_the_file(
    site: Site, tmp_path: Path, page: Page | None, error: type[HarnessError], message: str
) -> None:
    if page is None:
        site.pages.clear()
    else:
        site.pages[ON_HUB] = page
    with pytest.raises(error, match=message) as raised:
        supply(site, tmp_path).prepare("my-team", [table()])
    assert raised.value.message.startswith("my-team: weights[1] (weights/w.safetensors): ")
    assert (raised.value.stage, bool(raised.value.remedy)) == ("weights", True)
    assert not (tmp_path / "cache" / SHA256).exists()


def test_offline_is_said_with_the_remedy(tmp_path: Path) -> None:
    offline = Weights(tmp_path / "cache", lambda: Hub("https://hub.example.org", offline=True))
    with pytest.raises(OrganiserError, match="HF_HUB_OFFLINE is set") as raised:
        offline.prepare("my-team", [table()])
    assert "--weights DIR" in raised.value.remedy


def test_the_hub_is_trusted_for_its_own_files_only(site: Site, tmp_path: Path) -> None:
    direct = table(hub=None, file=None, url=site.url(ON_HUB))
    with pytest.raises(SubmissionError, match="not an https address"):
        supply(site, tmp_path).prepare("my-team", [direct])
    assert site.asked == []


def test_an_archive_is_refused_wherever_it_comes_from(site: Site, tmp_path: Path) -> None:
    content = b"PK\x03\x04" + bytes(100)
    declared = table(sha256=hashlib.sha256(content).hexdigest(), bytes=len(content))
    site.pages[ON_HUB] = Page(content)
    with pytest.raises(SubmissionError, match=r"is an archive \[FRG305\]"):
        supply(site, tmp_path).prepare("my-team", [declared])
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / declared.sha256).write_bytes(content)
    (tmp_path / "snapshot").mkdir()
    mine = supply(site, tmp_path, folder=tmp_path / "mine")
    with pytest.raises(SubmissionError, match=r"is an archive \[FRG305\]"):
        mine.place("my-team", [declared], tmp_path / "snapshot")


def test_two_that_fetch_the_same_file_fetch_it_once(site: Site, tmp_path: Path) -> None:
    notes: list[str] = []
    waiting = threading.Event()

    def note(text: str) -> None:
        notes.append(text)
        waiting.set()

    (tmp_path / "cache").mkdir()
    with (tmp_path / "cache" / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        other = threading.Thread(
            target=supply(site, tmp_path, on_note=note).prepare, args=("my-team", [table()])
        )
        other.start()
        assert waiting.wait(20)
        kept = tmp_path / "cache" / SHA256  # the first has finished
        kept.write_bytes(CONTENT)
    other.join(20)
    assert notes == ["waiting for another process that fetches weights"]
    assert site.asked == []


def test_too_little_room_is_said_before_anything_is_written(
    site: Site, tmp_path: Path, into: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=100))
    with pytest.raises(OrganiserError, match="8,000 bytes are to be written, and 100 are free"):
        supply(site, tmp_path).prepare("my-team", [table()])
    with pytest.raises(
        OrganiserError, match=r"^my-team: weights: .* 8,000 bytes are to be written, and 100 are"
    ) as raised:
        supply(site, tmp_path).place("my-team", [table()], into)
    assert raised.value.stage == "weights"
    assert site.asked == []
    assert list(into.iterdir()) == []


def test_a_cache_that_cannot_be_written_is_explained(site: Site, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(
        OrganiserError, match="cache: cannot be kept or copied: File exists"
    ) as raised:
        supply(site, tmp_path).prepare("my-team", [table()])
    assert "HARNESS_CACHE" in raised.value.remedy


def test_a_pipe_in_the_place_of_a_file_does_not_hang(
    site: Site, tmp_path: Path, into: Path
) -> None:
    (tmp_path / "mine").mkdir()
    os.mkfifo(tmp_path / "mine" / SHA256)
    made = supply(site, tmp_path, folder=tmp_path / "mine")
    with pytest.raises(OrganiserError, match="holds none of"):
        made.place("my-team", [table()], into)
    with pytest.raises(weights._AlteredError, match="is not a file"):
        weights._copy_verified(table(), tmp_path / "mine" / SHA256, into / "copy")
    assert list(into.glob("copy")) == []


FETCH = """
import sys
from pathlib import Path
from harness.submissions.manifest import WeightsTable
from harness.submissions.weights import Hub, Weights
import msgspec
table = msgspec.json.decode(sys.argv[3], type=WeightsTable)
Weights(Path(sys.argv[1]), lambda: Hub(sys.argv[2], False)).prepare("my-team", [table])
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_fetch_that_is_ended_leaves_a_free_cache_and_a_part_to_go_on_from(
    site: Site, tmp_path: Path, into: Path, how: signal.Signals
) -> None:
    content = CONTENT * 40
    declared = table(sha256=hashlib.sha256(content).hexdigest(), bytes=len(content))
    site.pages[ON_HUB] = Page(content, holds_after=200_000)
    arguments = [tmp_path / "cache", site.origin, msgspec.json.encode(declared).decode()]
    program = [sys.executable, "-c", FETCH, *map(str, arguments)]
    part = tmp_path / "cache" / f"{declared.sha256}.part"
    with subprocess.Popen(program, cwd=ROOT, stderr=subprocess.DEVNULL) as started:
        for _ in range(1000):
            if part.exists() and part.stat().st_size >= 100_000:
                break
            time.sleep(0.02)
        started.send_signal(how)
    site.released.set()
    assert sorted(path.name for path in (tmp_path / "cache").iterdir()) == [part.name, "lock"]
    there = part.stat().st_size
    assert 100_000 <= there < len(content)
    supply(site, tmp_path).place("my-team", [declared], into)
    assert site.asked[-1][1]["Range"] == f"bytes={there}-"
    assert (into / "weights" / "w.safetensors").read_bytes() == content
