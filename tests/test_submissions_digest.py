"""The digest as its page has it, spelled out a second time, held to the harness's own."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.submissions.snapshot import entry_digest, snapshot

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "reference" / "digest.md"
GOLDEN = {
    "fine": "9140499abf6bb607a1c842309254533f192e6d2b860df3dc2201241886568056",
    "fine-command": "5d38ea8092c1b862640dabffcf383917d0b86665a9be841c6f662e8143892650",
    "weights-fine": "9ad2387eb3641ca5ee9aa5f68805e8a3de0a27f666a2f21270472c9d2728822e",
}
"""By a folder of tests/submissions: what every machine, user and time zone must come to."""


def documented() -> Callable[[Path], str]:
    """Return the function that the page spells out."""
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    found: dict[str, Callable[[Path], str]] = {}
    exec(compile(code, str(PAGE), "exec"), found)  # noqa: S102 - it is our own page
    return found["entry_digest"]


@pytest.mark.parametrize("folder", GOLDEN)
def test_committed_folders_have_the_digest_that_they_always_had(folder: str) -> None:
    entry = ROOT / "tests" / "submissions" / folder / "entry"
    assert entry_digest(entry) == GOLDEN[folder]
    assert documented()(entry) == GOLDEN[folder]


def make(folder: Path, files: dict[str, tuple[bytes, bool]]) -> None:
    """Write what can be written of these files: some names are folders of others."""
    for name, (content, executable) in files.items():
        path = folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        except (OSError, ValueError):  # no name here: ".", "a" beside "a/b", a surrogate
            continue
        path.chmod(0o755 if executable else 0o600)


NAMES = st.lists(
    st.text(st.sampled_from("abz0._-\u00e9\u4e16\U0001f331"), min_size=1, max_size=4),
    min_size=1,
    max_size=3,
).map("/".join)


@settings(deadline=None, max_examples=60)
@given(
    st.dictionaries(
        NAMES | st.sampled_from(["__pycache__/a", "a.pyc", ".git/config", "z/.hidden"]),
        st.tuples(st.binary(max_size=12), st.booleans()),
        max_size=6,
    )
)
def test_another_tool_comes_to_the_same_digest(
    tmp_path_factory: pytest.TempPathFactory, files: dict[str, tuple[bytes, bool]]
) -> None:
    folder = tmp_path_factory.mktemp("entry")
    make(folder, files)
    assert documented()(folder) == entry_digest(folder)
    copy = tmp_path_factory.mktemp("copies") / "copy"
    assert snapshot(folder, copy).digest == entry_digest(folder)
    assert documented()(copy) == entry_digest(folder)


def test_neither_times_nor_owners_nor_the_locale_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "B", "\u00e9", "z", "\u00df"):
        (tmp_path / name).write_text(name)
    before = entry_digest(tmp_path)
    for path in tmp_path.iterdir():
        os.utime(path, (0, 0))
        path.chmod(0o664)
    if os.geteuid() == 0:
        os.chown(tmp_path / "a", 65534, 65534)
    monkeypatch.setenv("LC_ALL", "tr_TR.UTF-8")
    assert entry_digest(tmp_path) == before


def test_line_endings_are_the_teams_own(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x\n")
    unix = entry_digest(tmp_path)
    (tmp_path / "a").write_bytes(b"x\r\n")
    assert entry_digest(tmp_path) != unix


@pytest.mark.parametrize("field", ["path", "sha256", "bytes"])
def test_what_is_declared_of_weights_is_in_the_digest(tmp_path: Path, field: str) -> None:
    manifest = (ROOT / "tests/submissions/weights-fine/entry/submission.toml").read_text()
    (tmp_path / "submission.toml").write_text(manifest)
    before = entry_digest(tmp_path)
    changed = {
        "path": ("weights/a.safetensors", "weights/b.safetensors"),
        "sha256": ("a" * 64, "a" * 63 + "0"),
        "bytes": ("bytes = 3", "bytes = 4"),
    }[field]
    assert changed[0] in manifest
    (tmp_path / "submission.toml").write_text(manifest.replace(*changed))
    assert entry_digest(tmp_path) != before


def test_the_page_states_the_first_bytes(tmp_path: Path) -> None:
    assert "the 18 bytes `frugal-ai entry 1` and a newline" in PAGE.read_text(encoding="utf-8")
    assert entry_digest(tmp_path) == hashlib.sha256(b"frugal-ai entry 1\n").hexdigest()
