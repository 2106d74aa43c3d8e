"""What a sandbox shows of the interpreter."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from harness.sandbox import interpreter


def test_of_an_environment_in_a_repositorys_root_the_repository_is_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("bin", "lib", "data"):
        (tmp_path / name).mkdir()
    (tmp_path / "pyvenv.cfg").touch()
    (tmp_path / "data" / "labels.csv").touch()
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr(sys, "exec_prefix", str(tmp_path))
    interpreter.read_only_paths.cache_clear()
    try:
        shown = interpreter.read_only_paths()
    finally:
        interpreter.read_only_paths.cache_clear()

    assert {tmp_path / "bin", tmp_path / "lib", tmp_path / "pyvenv.cfg"} <= set(shown)
    hidden = tmp_path / "data" / "labels.csv"
    assert not [path for path in shown if path == hidden or path in hidden.parents]
