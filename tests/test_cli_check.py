"""``check`` and the pages that it keeps true."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from record_samples import RULES as RULES_OF_THE_CHALLENGE
from typer.testing import CliRunner
from wheels import RULES as WHEEL_RULES
from wheels import Unpacker, lock_of, lock_text, write_wheel

from harness.cli.app import app
from harness.cli.check import rules_page
from harness.cli.limits import limit_rows
from harness.environments.cache import ensure
from harness.records.rules import Limits
from harness.submissions.faults import RULES

ROOT = Path(__file__).parent.parent
BROKEN = ROOT / "tests" / "submissions" / "syntax-error" / "entry"
FINE = ROOT / "submissions" / "climate-tfidf"
runner = CliRunner()


def verdict(stdout: str) -> str:
    """Return the last line before the limits."""
    return stdout.partition("\nLimits when it runs")[0].splitlines()[-1]


def test_a_fine_entry_passes_with_one_line() -> None:
    result = runner.invoke(app, ["check", str(FINE)])

    assert result.exit_code == 0
    assert verdict(result.stdout) == result.stdout.splitlines()[0]
    assert result.stdout.startswith("climate-tfidf: passes (")


def test_the_limits_are_told_once_for_all_entries() -> None:
    limits = RULES_OF_THE_CHALLENGE.limits

    shown = runner.invoke(app, ["check", str(FINE), str(FINE)]).stdout
    said = json.loads(runner.invoke(app, ["check", str(FINE), "--format", "json"]).stdout)

    assert shown.count("Limits when it runs (leaderboard/rules.toml):") == 1
    for name in ("wall time", "CPU time", "energy", "memory", "counts", "space", "output"):
        assert f"\n    {name:<10}  " in shown
    assert f"load {limits.load_cpu_seconds:g} s" in shown
    assert said["limits"] == msgspec.to_builtins(limits)


def test_where_something_fails_the_faults_are_the_last_to_be_read() -> None:
    shown = runner.invoke(app, ["check", str(FINE), str(BROKEN)]).stdout

    assert "Limits when it runs" not in shown
    assert shown.splitlines()[-1].startswith("entry: fails (")


def test_every_limit_is_shown() -> None:
    """Each is given a figure of its own, and looked for."""
    fields = {
        name: (1000 + number) * (1 << 20 if name.endswith("_bytes") else 1)
        for number, name in enumerate(Limits.__struct_fields__)
    }
    shown = " ".join(text for _, text in limit_rows(msgspec.convert(fields, Limits)))
    for number, (name, value) in enumerate(fields.items()):
        figures = {f"{value:,}", f"{1000 + number:,} MiB"}
        assert any(figure in shown for figure in figures), name


def test_a_fault_has_its_place_its_code_and_its_fix() -> None:
    result = runner.invoke(app, ["check", str(BROKEN)])

    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert lines[0].startswith("entry/helpers/words.py:2:")
    assert " error FRG202 does not compile" in lines[0]
    assert lines[1].startswith("    fix: ")
    assert verdict(result.stdout).startswith("entry: fails (2 errors, ")


def test_warnings_alone_pass(tmp_path: Path) -> None:
    entry = tmp_path / "some-entry"
    entry.mkdir()
    for file in (ROOT / "tests" / "submissions" / "fine" / "entry").iterdir():
        if file.is_file():
            (entry / file.name).write_bytes(file.read_bytes())
    (entry / ".hidden").touch()

    result = runner.invoke(app, ["check", str(entry)])

    assert result.exit_code == 0
    assert "warning FRG311" in result.stdout
    assert "passes (1 warning, " in verdict(result.stdout)


def test_json_of_one_entry_is_its_document() -> None:
    result = runner.invoke(app, ["check", str(BROKEN), "--format", "json"])

    assert result.exit_code == 1
    document = json.loads(result.stdout)
    assert document["entry"] == "entry"
    assert document["ok"] is False
    assert [fault["code"] for fault in document["faults"]] == ["FRG202", "FRG202"]
    assert document["faults"][0]["line"] == 2


def test_json_of_several_entries_is_their_list() -> None:
    result = runner.invoke(app, ["check", str(FINE), str(BROKEN), "--format", "json"])

    assert result.exit_code == 1
    results = json.loads(result.stdout)["results"]
    assert [(one["entry"], one["ok"]) for one in results] == [
        ("climate-tfidf", True),
        ("entry", False),
    ]


def test_an_error_under_json_is_a_document_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARNESS_ROOT", str(tmp_path))

    result = runner.invoke(app, ["check", str(FINE), "--format", "json"])

    assert result.exit_code == 2
    assert "HARNESS_ROOT" in json.loads(result.stdout)["error"]["message"]


def test_a_folder_that_is_not_there_is_a_fault_not_a_traceback(tmp_path: Path) -> None:
    result = runner.invoke(app, ["check", str(tmp_path / "nothing")])

    assert result.exit_code == 1
    assert "FRG101" in result.stdout
    assert "/.:" not in result.stdout  # the folder itself is at fault, no file in it


def test_colour_is_for_terminals_only() -> None:
    result = runner.invoke(app, ["check", str(BROKEN)], color=True)

    assert "\x1b" not in result.stdout


@pytest.mark.parametrize("arguments", [["check", "submissions/climate-tfidf"], ["--help"]])
def test_nothing_heavy_is_imported(arguments: list[str]) -> None:
    program = (
        "import sys\n"
        "from harness.cli.app import app\n"
        "try:\n"
        f"    app({arguments!r})\n"
        "except SystemExit as end:\n"
        "    assert end.code == 0, end.code\n"
        "heavy = {'numpy', 'scipy', 'sklearn', 'pyarrow', 'datasets', 'PIL', 'jinja2', 'psutil'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, timeout=60)


def test_check_runs_nothing_of_the_folder(tmp_path: Path) -> None:
    entry = tmp_path / "some-entry"
    entry.mkdir()
    for file in (ROOT / "tests" / "submissions" / "fine" / "entry").iterdir():
        if file.is_file():
            (entry / file.name).write_bytes(file.read_bytes())
    trace = tmp_path / "trace"
    model = entry / "model.py"
    model.write_text(f"open({str(trace)!r}, 'w')\n" + model.read_text())

    assert runner.invoke(app, ["check", str(entry)]).exit_code == 0
    assert not trace.exists()


def test_the_page_of_rules_has_every_rule() -> None:
    page = rules_page()

    for code, rule in RULES.items():
        assert f"| `{code}` | {rule.severity} | {rule.explanation} |" in page


def test_the_published_page_of_rules_is_what_is_printed() -> None:
    result = runner.invoke(app, ["check", "--rules"])

    assert result.exit_code == 0
    published = ROOT / "docs" / "reference" / "check-rules.md"
    assert result.stdout == published.read_text(encoding="utf-8"), (
        "python -m harness check --rules > docs/reference/check-rules.md"
    )


def locked_entry(folder: Path, lock: str) -> Path:
    entry = Path(shutil.copytree(FINE, folder / "locked"))
    manifest = entry / "submission.toml"
    text = manifest.read_text(encoding="utf-8")
    named = '[environment]\nrequirements = "requirements.lock"'
    manifest.write_text(text.replace("[environment]", named), encoding="utf-8")
    (entry / "requirements.lock").write_text(lock)
    return entry


def checked(entry: Path, *options: object) -> dict[str, Any]:
    arguments = ["check", str(entry), "--format", "json", *map(str, options)]
    document: dict[str, Any] = json.loads(runner.invoke(app, arguments).stdout)
    return document


def test_with_a_wheelhouse_check_sees_what_only_wheels_tell(tmp_path: Path) -> None:
    house = tmp_path / "house"
    foreign = write_wheel(house, "foreign", tag="cp27-cp27m-win32")
    absent = write_wheel(house, "absent")
    hungry = write_wheel(house, "hungry", requires=["needed>=2"])
    entry = locked_entry(tmp_path, lock_text(foreign, absent, hungry))
    absent.unlink()

    assert checked(entry)["ok"], "without the wheels nothing of it is known"
    seen = checked(entry, "--wheelhouse", house)

    assert not seen["ok"]
    assert {(f["code"], f["message"].partition(":")[0]) for f in seen["faults"]} == {
        ("FRG511", "hungry==1.0 needs needed>=2, and the lock does not name it"),
        ("FRG512", "no wheel of foreign==1.0 is for this platform"),
        ("FRG512", "there is no wheel of absent==1.0 in the wheelhouse"),
    }
    assert all(f["path"] == "requirements.lock" and f["remedy"] for f in seen["faults"])


def test_a_whole_lock_and_entries_without_one_pass_with_a_wheelhouse(tmp_path: Path) -> None:
    needed = write_wheel(tmp_path / "house", "needed", "2.0")
    hungry = write_wheel(tmp_path / "house", "hungry", requires=["needed>=2"])
    entry = locked_entry(tmp_path, lock_text(hungry, needed))
    assert checked(entry, "--wheelhouse", needed.parent)["ok"]
    assert checked(FINE, "--wheelhouse", needed.parent)["ok"]


def test_check_tells_how_much_is_to_be_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    wheel = write_wheel(tmp_path / "house", "tiny")
    entry = locked_entry(tmp_path, lock_text(wheel))
    told = verdict(runner.invoke(app, ["check", str(entry)]).stdout)
    assert told.endswith("1 package locked, to be installed)")
    ensure(
        lock_of(wheel),
        WHEEL_RULES,
        cache=tmp_path / "cache" / "environments",
        wheelhouse=wheel.parent,
        note=lambda _: None,
        installer=Unpacker,
    )
    told = verdict(runner.invoke(app, ["check", str(entry)]).stdout)
    assert told.endswith("1 package locked, installed here before)")


def test_a_wheelhouse_that_is_none_is_a_fault_of_the_command_line(tmp_path: Path) -> None:
    result = runner.invoke(app, ["check", str(FINE), "--wheelhouse", str(tmp_path / "nowhere")])
    assert result.exit_code == 2
