"""``evaluate`` of entries that bring a lock: from a wheelhouse to the record, and the failures."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from projects import MANIFEST, model_of, temporary_folder, write_entry, write_project
from typer.testing import CliRunner, Result
from wheels import Unpacker, lock_text, write_wheel

from harness.cli.app import app
from harness.records.caches import cache_folder

READS = "import tiny\nreturn [int(sample.split()[-1][0]) % 2 for sample in samples]"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give a project, a cache and a temporary folder of its own, and an installer that unpacks."""
    with temporary_folder() as temporary:
        monkeypatch.setenv("HARNESS_CACHE", f"{temporary}/cache")
        monkeypatch.setenv("HARNESS_ROOT", str(write_project(tmp_path / "project")))
        monkeypatch.delenv("HARNESS_POWERCAP_ROOT", raising=False)
        monkeypatch.setattr("harness.environments.cache.find_installer", Unpacker)
        yield tmp_path / "project"


def entry_with(root: Path, name: str, lock: str, predict: str = READS) -> Path:
    """Write an entry that names a lock."""
    folder = write_entry(root, name, model_of(predict))
    manifest = MANIFEST.format(task="toy", output="index")
    manifest += '[environment]\nrequirements = "requirements.lock"\n'
    (folder / "submission.toml").write_text(manifest)
    (folder / "requirements.lock").write_text(lock)
    return folder


def evaluate(*arguments: object) -> tuple[Result, dict[str, Any]]:
    """Evaluate with ``--json``; return what was printed too."""
    given = ["evaluate", *map(str, arguments), "--meter", "model", "--json"]
    result = CliRunner().invoke(app, given)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result, json.loads(result.stdout)


def test_an_entry_runs_with_the_packages_of_its_lock(root: Path, tmp_path: Path) -> None:
    wheel = write_wheel(tmp_path / "house", "tiny")
    entry = entry_with(root, "locked", lock_text(wheel))
    result, printed = evaluate(entry, "--wheelhouse", wheel.parent)
    assert result.exit_code == 0, result.output
    environment = printed["record"]["environment"]
    assert environment["packages"] == ["tiny==1.0"]
    assert environment["installer"] == "unpacker 1"
    assert environment["source"] == "wheelhouse"
    assert len(environment["digest"]) == len(environment["lock_digest"]) == 64
    again, printed_again = evaluate(entry, "--wheelhouse", wheel.parent)
    assert again.exit_code == 0
    assert printed_again["record"]["environment"] == environment


def test_an_entry_without_a_lock_has_no_environment_in_its_record(root: Path) -> None:
    result, printed = evaluate(write_entry(root, "plain"))
    assert result.exit_code == 0, result.output
    assert printed["record"]["environment"] is None


def test_a_lock_of_nothing_shuts_the_harness_s_packages_out(root: Path) -> None:
    result, printed = evaluate(entry_with(root, "bare", "# nothing\n", "import numpy"))
    assert result.exit_code == 1
    summary = printed["summary"]
    assert (summary["stage"], summary["blame"]) == ("warm-up", "submission")
    assert "numpy" in summary["message"]


def test_a_lock_that_cannot_be_installed_here_is_the_entry_s_failure(
    root: Path, tmp_path: Path
) -> None:
    wheel = write_wheel(tmp_path / "house", "tiny", requires=["needed"])
    write_wheel(tmp_path / "house", "needed")
    other = write_entry(root, "other")
    result, printed = evaluate(
        entry_with(root, "locked", lock_text(wheel)), other, "--wheelhouse", wheel.parent
    )
    assert result.exit_code == 1
    failed, fine = (each["summary"] for each in printed["results"])
    assert (failed["stage"], failed["blame"]) == ("environment", "submission")
    assert "needed" in failed["message"]
    assert fine["status"] == "completed"


@pytest.mark.parametrize("damaged", [False, True])
def test_a_wheelhouse_whose_wheels_do_not_fit_is_the_organiser_s(
    root: Path, tmp_path: Path, damaged: bool
) -> None:
    tag = "py3-none-any" if damaged else "cp27-cp27m-win32"
    wheel = write_wheel(tmp_path / "house", "tiny", tag=tag)
    lock = lock_text(wheel)
    if damaged:
        wheel.write_bytes(wheel.read_bytes()[:-1])
    result, printed = evaluate(entry_with(root, "locked", lock), "--wheelhouse", wheel.parent)
    assert result.exit_code == 3
    assert (printed["summary"]["stage"], printed["summary"]["blame"]) == (
        "environment",
        "organiser",
    )
    assert "--wheelhouse: no " in printed["summary"]["message"]


def test_a_wheelhouse_that_lacks_a_package_is_the_organiser_s(root: Path, tmp_path: Path) -> None:
    wheel = write_wheel(tmp_path / "house", "tiny")
    lock = lock_text(wheel)
    wheel.unlink()
    result, printed = evaluate(entry_with(root, "locked", lock), "--wheelhouse", wheel.parent)
    assert result.exit_code == 3
    assert (printed["summary"]["stage"], printed["summary"]["blame"]) == (
        "environment",
        "organiser",
    )


def test_a_lock_with_faults_is_not_run(root: Path) -> None:
    result, printed = evaluate(entry_with(root, "locked", "tiny==1.0\n"))
    assert result.exit_code == 1
    assert printed["record"] is None
    assert "requirements.lock: " in printed["summary"]["message"]
    assert "[FRG505]" in printed["summary"]["message"]


def test_a_wheelhouse_that_is_no_folder_is_refused(root: Path) -> None:
    result, printed = evaluate(write_entry(root, "plain"), "--wheelhouse", root / "nowhere")
    assert result.exit_code == 2
    assert "--wheelhouse" in printed["error"]["message"]


def test_the_cache_is_where_the_variables_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("HARNESS_CACHE", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert cache_folder("some") == tmp_path / ".cache" / "frugal-ai-harness" / "some"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder("some") == tmp_path / "xdg" / "frugal-ai-harness" / "some"
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "own"))
    assert cache_folder("some") == tmp_path / "own" / "some"
