"""One folder per way to fail, in ``tests/submissions``; what git cannot hold is made here."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from harness.cli.check import check_context
from harness.cli.project import Project
from harness.submissions.check import CheckContext, CheckReport, check
from harness.submissions.faults import MAX_PER_CODE, RULES
from harness.submissions.folder import Listing, list_folder
from harness.submissions.snapshot import entry_digest

ROOT = Path(__file__).resolve().parents[1]
CORPUS = ROOT / "tests" / "submissions"
CASES = sorted(path.name for path in CORPUS.iterdir())
CONTEXT = CheckContext(
    tasks={"climate-disinformation": ("index", "scores"), "deforestation": ("index", "scores")},
    max_batch=256,
    entry_bytes=1_000_000,
    entry_files=50,
    weights_bytes=1_000_000,
    weights_files=5,
)


def check_case(name: str) -> tuple[CheckReport, dict[str, Any]]:
    expected = json.loads((CORPUS / name / "expected.json").read_text())
    (folder,) = (path for path in (CORPUS / name).iterdir() if path.is_dir())
    context = msgspec.structs.replace(CONTEXT, **expected.get("context", {}))
    return check(folder, context), expected


def codes(report: CheckReport) -> list[str]:
    return [fault.code for fault in report.faults]


@pytest.fixture
def entry(tmp_path: Path) -> Path:
    """A fine entry of its own for a test to spoil."""
    return Path(shutil.copytree(CORPUS / "fine" / "entry", tmp_path / "entry"))


@pytest.mark.parametrize("name", CASES)
def test_every_fault_is_found_where_it_is(name: str) -> None:
    report, expected = check_case(name)
    found = [{"code": f.code, "path": f.path, "line": f.line} for f in report.faults]
    wanted = sorted(expected["faults"], key=lambda f: (f["path"], f["line"] or 0, f["code"]))
    assert found == wanted
    assert all(fault.message and fault.remedy for fault in report.faults)
    assert report.ok == all(RULES[fault["code"]].severity == "warning" for fault in wanted)


def spoil_with_symlink(entry: Path) -> str:
    (entry / "weights.npz").symlink_to("/etc/hostname")
    return "FRG301"


def spoil_with_linked_folder(entry: Path) -> str:
    (entry / "inner").symlink_to(".", target_is_directory=True)
    return "FRG301"


def spoil_with_fifo(entry: Path) -> str:
    os.mkfifo(entry / "model.bin")
    return "FRG302"


def spoil_with_socket(entry: Path) -> str:
    with socket.socket(socket.AF_UNIX) as made:
        descriptor = os.open(entry, os.O_RDONLY)
        made.bind(f"/proc/self/fd/{descriptor}/s")  # a short name, however long the folder's is
        os.close(descriptor)
    return "FRG302"


def spoil_with_hard_link(entry: Path) -> str:
    os.link(entry / "submission.toml", entry.parent / "outside")
    return "FRG303"


def spoil_with_newline_in_name(entry: Path) -> str:
    (entry / "a\nb").write_text("x")
    return "FRG304"


def spoil_with_backslash_in_name(entry: Path) -> str:
    (entry / "a\\b").write_text("x")
    return "FRG304"


def spoil_with_bytes_in_name(entry: Path) -> str:
    Path(os.fsdecode(os.fsencode(entry) + b"/\xff.txt")).write_text("x")
    return "FRG304"


def spoil_with_case(entry: Path) -> str:
    (entry / "Model.py").write_text("x = 1\n")
    return "FRG313"


def spoil_with_folder_case(entry: Path) -> str:
    for name in ("data", "Data"):
        (entry / name).mkdir()
        (entry / name / "a.txt").write_text("x")
    return "FRG313"


def spoil_with_two_unicode_forms(entry: Path) -> str:
    (entry / "mod\u00e8le.txt").write_text("x")
    (entry / "mode\u0300le.txt").write_text("x")
    return "FRG313"


def spoil_with_long_path(entry: Path) -> str:
    folder = entry
    for _ in range(5):
        folder /= "x" * 220
    folder.mkdir(parents=True)
    (folder / "a.txt").write_text("x")
    return "FRG314"


def spoil_with_cache(entry: Path) -> str:
    (entry / "__pycache__").mkdir()
    (entry / "__pycache__" / "model.cpython-311.pyc").write_bytes(b"x")
    return "FRG307"


def spoil_with_stray_bytecode(entry: Path) -> str:
    (entry / "model.pyc").write_bytes(b"x")
    return "FRG307"


SPOILERS: list[Callable[[Path], str]] = [
    spoil_with_symlink,
    spoil_with_linked_folder,
    spoil_with_fifo,
    spoil_with_socket,
    spoil_with_hard_link,
    spoil_with_newline_in_name,
    spoil_with_backslash_in_name,
    spoil_with_bytes_in_name,
    spoil_with_case,
    spoil_with_folder_case,
    spoil_with_two_unicode_forms,
    spoil_with_long_path,
    spoil_with_cache,
    spoil_with_stray_bytecode,
]


@pytest.mark.parametrize("spoil", SPOILERS)
def test_what_git_cannot_hold_is_found(entry: Path, spoil: Callable[[Path], str]) -> None:
    code = spoil(entry)
    report = check(entry, CONTEXT)
    assert code in codes(report)
    msgspec.json.encode(report.document)  # any name can be written as UTF-8


def test_of_names_that_differ_only_in_case_the_later_is_named_whatever_the_disk_says_first(
    entry: Path,
) -> None:
    for name in ("b.txt", "B.txt", "a.txt"):
        (entry / name).write_text("x")
    (fault,) = check(entry, CONTEXT).faults
    assert (fault.code, fault.path) == ("FRG313", "b.txt")
    assert fault.message == 'differs from "B.txt" only in case or Unicode form'


def test_absurd_numbers_are_faults_and_no_traceback(entry: Path) -> None:
    huge = "0x" + "f" * 20_000  # longer than Python would spell in decimals
    manifest = (
        (entry / "submission.toml").read_text().replace("batch_size = 64", f"batch_size={huge}")
    )
    weights = f'[[weights]]\npath = "a"\nsha256 = "{"0" * 64}"\nlicence = "MIT"\n'
    place = 'url = "https://example.org/a"\n'
    (entry / "submission.toml").write_text(f"{manifest}\n{weights}{place}bytes = {huge}\n")
    assert codes(check(entry, CONTEXT)) == ["FRG114", "FRG114"]


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    report = check(tmp_path / "nowhere", CONTEXT)
    assert codes(report) == ["FRG101"]
    assert report.digest is None


def test_the_name_of_an_entry_in_place_of_its_folder(
    entry: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (entry.parent / "submissions").mkdir()
    entry.rename(entry.parent / "submissions" / "mine")
    monkeypatch.chdir(entry.parent)
    (fault,) = check(Path("mine"), CONTEXT).faults
    assert fault.remedy == "name the entry's folder: submissions/mine"
    (fault,) = check(Path("other"), CONTEXT).faults
    assert fault.remedy == "name the entry's folder, or make it: init"


def test_a_file_in_place_of_the_folder(entry: Path) -> None:
    assert codes(check(entry / "model.py", CONTEXT)) == ["FRG101"]


def test_a_link_in_place_of_the_folder(entry: Path) -> None:
    link = entry.parent / "link"
    link.symlink_to(entry)
    assert codes(check(link, CONTEXT)) == ["FRG301"]


def test_a_manifest_that_is_a_link_is_not_read(entry: Path) -> None:
    (entry / "submission.toml").rename(entry.parent / "elsewhere.toml")
    (entry / "submission.toml").symlink_to(entry.parent / "elsewhere.toml")
    report = check(entry, CONTEXT)
    assert codes(report) == ["FRG301"]
    assert report.manifest is None


def test_what_is_said_of_a_file_is_said_once(entry: Path) -> None:
    (entry / "model.py").unlink()
    (entry / "model.py").symlink_to("/etc/hostname")
    assert [(f.code, f.path) for f in check(entry, CONTEXT).faults] == [("FRG301", "model.py")]


def test_a_folder_whose_name_is_no_text_can_be_reported(entry: Path) -> None:
    strange = Path(os.fsdecode(os.fsencode(entry.parent) + b"/\xff\x1b"))
    entry.rename(strange)
    report = check(strange, CONTEXT)
    assert codes(report) == ["FRG102"]
    assert report.entry == "\\udcff\\x1b"
    msgspec.json.encode(report.document)


def check_unreadable() -> CheckReport:
    with tempfile.TemporaryDirectory() as made:  # pytest's own folders are closed to other users
        Path(made).chmod(0o755)
        entry = Path(shutil.copytree(CORPUS / "fine" / "entry", Path(made) / "entry"))
        (entry / "model.py").chmod(0)
        (entry / "weights").mkdir(mode=0)
        is_root = os.geteuid() == 0
        if is_root:  # whom no mode keeps out
            os.seteuid(65534)
        try:
            return check(entry, CONTEXT)
        finally:
            if is_root:
                os.seteuid(0)


def test_files_and_folders_that_cannot_be_read() -> None:
    report = check_unreadable()
    assert [(f.code, f.path) for f in report.faults] == [
        ("FRG310", "model.py"),
        ("FRG310", "weights"),
    ]
    assert report.digest is None


def test_every_rule_can_fire(tmp_path: Path) -> None:
    fired = {*codes(check(tmp_path / "nowhere", CONTEXT)), *codes(check_unreadable())}
    for name in CASES:
        fired |= set(codes(check_case(name)[0]))
    for spoil in SPOILERS:
        made = Path(shutil.copytree(CORPUS / "fine" / "entry", tmp_path / spoil.__name__ / "entry"))
        spoil(made)
        fired |= set(codes(check(made, CONTEXT)))
    of_wheels = {"FRG511", "FRG512"}  # which are no part of an entry: see test_cli_check
    of_changes = {code for code in RULES if code.startswith("FRG6")}  # test_submissions_change
    assert fired == set(RULES) - of_wheels - of_changes


def test_nothing_of_the_entry_is_run(entry: Path) -> None:
    witness = entry.parent / "witness"
    spy = f"open({str(witness)!r}, 'w')\n"
    (entry / "model.py").write_text(spy + (entry / "model.py").read_text())
    (entry / "sitecustomize.py").write_text(spy)
    (entry / "submission.py").write_text(spy)
    program = (
        "import sys; from pathlib import Path\n"
        "from harness.submissions.check import CheckContext, check\n"
        "report = check(Path(sys.argv[1]), CheckContext(tasks={}, max_batch=1, entry_bytes=10**6,"
        " entry_files=9))\n"
        "assert 'model' not in sys.modules\n"
        "print(len(report.faults))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(entry)],
        cwd=entry.parent,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout.strip()) == (0, "2"), done.stderr
    assert not witness.exists()
    assert not (entry / "__pycache__").exists()


def test_check_imports_nothing_heavy() -> None:
    program = (
        "import sys, harness.submissions.check\n"
        "heavy = {'numpy', 'scipy', 'pandas', 'sklearn', 'pyarrow', 'datasets', 'PIL', 'jinja2',"
        " 'psutil', 'rich', 'typer', 'harness.tasks', 'httpcore2', 'huggingface_hub'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_the_report_has_a_stable_shape(entry: Path) -> None:
    (entry / ".hidden").write_text("x")
    plain = msgspec.json.decode(msgspec.json.encode(check(entry, CONTEXT).document))
    assert list(plain) == ["entry", "ok", "digest", "files", "bytes", "faults"]
    assert plain["entry"] == "entry"
    assert plain["ok"] is True
    assert plain["digest"] == entry_digest(entry)
    assert plain["files"] == 2
    assert list(plain["faults"][0]) == [
        "code",
        "severity",
        "path",
        "line",
        "column",
        "message",
        "remedy",
    ]


def test_the_manifest_comes_with_a_sound_report(entry: Path) -> None:
    manifest = check(entry, CONTEXT).manifest
    assert manifest is not None
    record = manifest.reference("entry", "0" * 64)
    assert (record.team, record.output, record.batch_size) == ("Team", "index", 64)


def test_a_folder_is_named_however_it_is_spelled(
    entry: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(entry)
    assert check(Path(), CONTEXT).entry == "entry"


def test_a_flood_of_faults_is_folded(entry: Path) -> None:
    for number in range(MAX_PER_CODE + 7):
        (entry / f".{number}").write_text("")
    report = check(entry, CONTEXT)
    assert len(report.faults) == MAX_PER_CODE + 1
    assert report.faults[0].message == "7 more like those listed"


def test_a_folder_with_too_much_in_it_is_not_read_through(
    entry: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.submissions.folder.MAX_LISTED", 3)
    for number in range(9):
        (entry / f"{number}.txt").write_text("")
    report = check(entry, CONTEXT)
    assert codes(report).count("FRG309") == 1
    assert report.digest is None


def test_a_folder_that_changes_while_it_is_checked_is_a_fault(
    entry: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def change(directory: Path) -> Listing:
        listing = list_folder(directory)
        (directory / "model.py").unlink()
        (directory / "model.py").symlink_to("/etc/hostname")
        return listing

    monkeypatch.setattr("harness.submissions.check.list_folder", change)
    assert "FRG310" in codes(check(entry, CONTEXT))


def test_python_beyond_what_is_compiled_is_never_passed_over(
    entry: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = (entry / "model.py").stat().st_size
    monkeypatch.setattr("harness.submissions.program.MAX_SOURCES_BYTES", size)
    assert codes(check(entry, CONTEXT)) == []
    (entry / "zebra.py").write_text("a = 1\n")
    (fault,) = check(entry, CONTEXT).faults
    assert (fault.code, fault.path) == ("FRG202", "zebra.py")


REFERENCE_ENTRIES = sorted(
    path.parent.name for path in (ROOT / "submissions").glob("*/submission.toml")
)


@pytest.mark.parametrize("name", REFERENCE_ENTRIES)
def test_reference_entries_have_no_fault(name: str) -> None:
    report = check(ROOT / "submissions" / name, check_context(Project(ROOT)))
    assert [fault for fault in report.faults if fault.severity == "error"] == []
    assert report.digest is not None


@pytest.mark.parametrize(
    ("field", "code"), [("schema = 1", "FRG114"), ("batch_size = 64", "FRG114")]
)
def test_a_number_too_long_to_be_spelled_is_a_fault(entry: Path, field: str, code: str) -> None:
    manifest = entry / "submission.toml"
    name = field.partition(" ")[0]
    # In hexadecimal: Python reads it, and refuses to spell it in decimal.
    manifest.write_text(manifest.read_text().replace(field, f"{name} = 0x{'f' * 5_000}"))
    report = check(entry, CONTEXT)
    assert code in codes(report)
    assert any("a very large number" in fault.message for fault in report.faults)


def test_a_file_in_place_of_a_module_is_told_how_it_is_named(entry: Path) -> None:
    manifest = entry / "submission.toml"
    manifest.write_text(manifest.read_text().replace('"model:load"', '"model.py:load"'))
    (fault,) = [each for each in check(entry, CONTEXT).faults if each.code == "FRG201"]
    assert fault.remedy == 'a module is named without .py: entry = "model:load"'


def test_a_module_of_any_length_is_named_briefly(entry: Path) -> None:
    manifest = entry / "submission.toml"
    long = "m" * 5_000
    manifest.write_text(manifest.read_text().replace('"model:load"', f'"{long}:load"'))
    (fault,) = [each for each in check(entry, CONTEXT).faults if each.code == "FRG201"]
    assert len(fault.message) < 300
