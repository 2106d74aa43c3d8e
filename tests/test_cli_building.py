"""The site's files: built whole, from a cache, by several processes, or after whatever happened."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from in_copies import in_copies
from pyarrow import parquet
from record_samples import outcomes, record
from toy_task import write_project
from typer.testing import CliRunner

from harness.cli.app import app
from harness.cli.building import gathering
from harness.cli.building.cache import Cache, page_cache
from harness.cli.project import Project
from harness.records.board import Problem
from harness.site.templating import environment
from harness.store import scanning
from harness.store.keys import KeyRing
from harness.store.reading import StoredRecord, read_one
from harness.store.results import write
from harness.store.scanning import Found

CHECKOUT = Path(__file__).parents[1]
runner = CliRunner()
Read = tuple[StoredRecord | None, tuple[Problem, ...]]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a project with three demonstrations, and a cache of its own."""
    made = tmp_path / "project"
    write_project(made)
    monkeypatch.setenv("HARNESS_ROOT", str(made))
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(scanning, "SETTLED_NS", 0)  # else nobody would find anything unchanged
    for name in ("one", "two", "three"):
        put(made, name)
    return made


def put(root: Path, name: str, **changes: object) -> Path:
    results = root / "leaderboard" / "results"
    value = 0.5 + len(name) / 20
    made = record(name, value=value, demonstration=True, **changes)  # type: ignore[arg-type]
    return write(results, made, None)[1]


def seen_in_reading(patch: pytest.MonkeyPatch) -> list[str]:
    """Return what will be the paths of all records that are read in this process."""
    read: list[str] = []

    def seen(results: Path, found: Found, keys: KeyRing) -> Read:
        read.append(found.path)
        return read_one(results, found, keys)

    patch.setattr(gathering, "read_one", seen)
    return read


def leaderboard(*options: str) -> int:
    made = runner.invoke(app, ["leaderboard", "--published", *options])
    assert made.exception is None or isinstance(made.exception, SystemExit), made.output
    return made.exit_code


def site(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def cold(tmp_path: Path, *options: str) -> dict[str, bytes]:
    """Build everything anew, elsewhere."""
    folder = tmp_path / f"cold-{len([*tmp_path.iterdir()])}"
    leaderboard("--no-cache", "--output", str(folder), *options)
    return site(folder)


def marks(folder: Path) -> dict[str, tuple[int, int]]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {str(path): (path.stat().st_mtime_ns, path.stat().st_ino) for path in found}


def add_one(root: Path, draw: random.Random) -> None:
    put(root, f"more-{draw.randrange(10**6)}")


def add_one_elsewhere(root: Path, draw: random.Random) -> None:
    put(root, f"more-{draw.randrange(10**6)}", task={"id": "elsewhere"})


def add_a_copy(root: Path, draw: random.Random) -> None:
    put(root, f"copy-{draw.randrange(10**6)}", digest="c0" * 32)


def add_a_failure(root: Path, draw: random.Random) -> None:
    put(root, f"failed-{draw.randrange(10**6)}", failed="load")


def add_another_evaluation(root: Path, draw: random.Random) -> None:
    second = draw.randrange(60)
    put(root, "one", created=f"2026-02-03T04:05:{second:02d}+00:00")


def take_one_away(root: Path, draw: random.Random) -> None:
    draw.choice(sorted((root / "leaderboard" / "results").glob("*/*/*.json"))).unlink()


def damage_one(root: Path, draw: random.Random) -> None:
    path = draw.choice(sorted((root / "leaderboard" / "results").glob("*/*/*.json")))
    path.write_bytes(path.read_bytes()[: draw.randrange(100)])


def write_one_twice(root: Path, draw: random.Random) -> None:
    path = draw.choice(sorted((root / "leaderboard" / "results").glob("*/*/*.json")))
    (path.parent.parent / f"twice-{draw.randrange(10**6)}").mkdir(exist_ok=True)
    path.with_name("again.json").write_bytes(path.read_bytes())


def touch_the_site(root: Path, draw: random.Random) -> None:
    path = draw.choice(sorted((root / "leaderboard" / "site").rglob("*.*")))
    path.write_bytes(b"something else")


def empty_the_site(root: Path, draw: random.Random) -> None:
    for path in (root / "leaderboard" / "site").rglob("*.*"):
        if draw.random() < 0.5:
            path.unlink()


def change_the_rules(root: Path, draw: random.Random) -> None:
    path = root / "leaderboard" / "rules.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(f"{text}# {draw.random()}\n", encoding="utf-8")


CHANGES = (
    add_one, add_one_elsewhere, add_a_copy, add_a_failure, add_another_evaluation, take_one_away,
    damage_one, write_one_twice, touch_the_site, empty_the_site, change_the_rules,
)  # fmt: skip


@pytest.mark.parametrize("seed", range(4))
def test_whatever_happens_a_build_gives_what_one_from_nothing_does(
    root: Path, tmp_path: Path, seed: int
) -> None:
    draw = random.Random(seed)  # noqa: S311 - any will do
    leaderboard()
    assert site(root / "leaderboard" / "site") == cold(tmp_path)
    for _ in range(3):
        for change in draw.sample(CHANGES, 2):
            change(root, draw)
        leaderboard()
        leaderboard()
        assert site(root / "leaderboard" / "site") == cold(tmp_path)


def test_all_templates_are_compiled_before_there_are_copies_and_kept(
    root: Path, tmp_path: Path
) -> None:
    options = ["--published", "--output", str(tmp_path / "made")]
    ran, _ = in_copies("leaderboard", *options, HARNESS_CACHE=str(tmp_path / "own"))
    assert ran.returncode == 0, ran.stderr
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HARNESS_CACHE", str(tmp_path / "own"))
        kept = page_cache(Project(root)).load("templates", dict[str, bytes])
    assert len(kept or {}) == len(environment("en").list_templates())


def test_what_several_processes_read_is_kept(tmp_path: Path, root: Path) -> None:
    options = ["--published", "--output", str(tmp_path / "made")]
    ran, copies = in_copies("leaderboard", *options)
    assert (ran.returncode, copies) == (0, 5), ran.stderr
    put(root, "another")
    with pytest.MonkeyPatch.context() as patch:
        read = seen_in_reading(patch)
        leaderboard(*options)
    assert [Path(path).parts[1] for path in read] == ["another"]
    assert site(tmp_path / "made") == cold(tmp_path)


@pytest.mark.usefixtures("root")
def test_several_processes_and_another_order_give_the_same(tmp_path: Path) -> None:
    output = tmp_path / "several"
    ran, copies = in_copies("leaderboard", "--published", "--no-cache", "--output", str(output))
    assert ran.returncode == 0, ran.stderr
    assert copies == 5  # two that read, one for what leads to others, two for all else
    several = site(output)
    assert several == cold(tmp_path, "--processes", "1")
    assert "entries" in {name.split("/")[0] for name in several}
    checked, _ = in_copies("leaderboard", "--check", "--output", str(output))
    assert checked.returncode == 0, checked.stdout + checked.stderr
    (output / "fr" / "index.html").write_bytes(b"another")
    checked, _ = in_copies("leaderboard", "--check", "--output", str(output))
    assert checked.returncode == 1
    assert "fr/index.html" in checked.stdout + checked.stderr


def test_when_nothing_has_changed_nothing_is_read_and_nothing_written(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leaderboard()
    before = marks(root / "leaderboard")
    monkeypatch.setattr("harness.cli.building.making.make", None)
    first = runner.invoke(app, ["leaderboard", "--published"])
    assert first.exit_code == 0
    assert "three" in first.stdout
    assert marks(root / "leaderboard") == before


def test_one_more_evaluation_makes_its_own_pages_and_those_of_its_board(root: Path) -> None:
    leaderboard()
    before = marks(root / "leaderboard" / "site")
    put(root, "another")
    with pytest.MonkeyPatch.context() as patch:
        read = seen_in_reading(patch)
        leaderboard()
    after = marks(root / "leaderboard" / "site")
    changed = {Path(name).name for name, mark in after.items() if before.get(name) != mark}
    assert [Path(path).parts[1] for path in read] == ["another"]
    assert {"another.html", "index.html", "feed.xml", "boards.json"} <= changed
    assert not {"one.html", "two.html", "style.css", "one.svg"} & changed


@pytest.mark.parametrize("content", [b"", b"x" * 100, b"frugal-ai site cache 1\n" + b"\0" * 900])
def test_a_cache_that_is_damaged_or_of_somebody_else_counts_for_nothing(
    root: Path, tmp_path: Path, content: bytes
) -> None:
    leaderboard()
    put(root, "another")
    for path in (tmp_path / "cache").rglob("*"):
        if path.is_file():
            path.write_bytes(content)
    assert leaderboard() == 0
    assert site(root / "leaderboard" / "site") == cold(tmp_path)


def test_a_cache_of_another_version_counts_for_nothing(root: Path, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("harness.cli.building.cache._code", lambda: "another")
        patch.setattr("harness.site.entry_page.render_entry", lambda *_: {"en": b"another"})
        leaderboard()
    assert b"another" in site(root / "leaderboard" / "site").values()
    assert leaderboard() == 0
    assert site(root / "leaderboard" / "site") == cold(tmp_path)


def test_a_cache_that_cannot_be_written_costs_time_only(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "file"))
    assert leaderboard() == leaderboard() == 0
    assert site(root / "leaderboard" / "site") == cold(tmp_path)


def test_a_build_that_is_interrupted_leaves_pages_that_lead_somewhere(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leaderboard()
    put(root, "another")
    index = root / "leaderboard" / "site" / "index.html"
    before, calls, original = index.read_bytes(), 0, os.replace

    def fails(draft: str, target: str) -> None:
        nonlocal calls
        calls += 1
        if calls > 4:
            raise KeyboardInterrupt
        original(draft, target)

    monkeypatch.setattr("harness.cli.building.files.os.replace", fails)
    runner.invoke(app, ["leaderboard", "--published"])
    assert calls > 4
    assert index.read_bytes() == before
    monkeypatch.undo()
    monkeypatch.setenv("HARNESS_ROOT", str(root))
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    assert leaderboard() == 0
    made = site(root / "leaderboard" / "site")
    draft = {name: content for name, content in made.items() if name.endswith(".new")}
    assert set(draft) <= {name for name in made if f".{os.getpid()}." in name}
    assert {name: each for name, each in made.items() if name not in draft} == cold(tmp_path)


def test_what_a_build_that_was_killed_left_half_written_goes(root: Path) -> None:
    leaderboard()
    place = root / "leaderboard" / "site" / "data"
    (place / ".0123456789abcdef.4194399.new").touch()  # no process has so high a number
    (place / ".board.js.new").touch()
    put(root, "another")
    leaderboard()
    assert [path.name for path in place.glob(".*")] == [".board.js.new"]


DIES = """
import os, signal
from harness.__main__ import main

original = os.write

def dies(descriptor, content):
    if os.readlink(f"/proc/self/fd/{descriptor}").endswith("/later.html"):
        original(descriptor, content[:1000])
        os.kill(os.getpid(), signal.SIGKILL)
    return original(descriptor, content)

os.write = dies
main()
"""


def test_a_page_that_a_build_which_was_killed_left_half_written_is_made_whole(
    root: Path, tmp_path: Path
) -> None:
    leaderboard()
    index = root / "leaderboard" / "site" / "index.html"
    before = index.read_bytes()
    put(root, "later")
    command = [sys.executable, "-c", DIES, "leaderboard", "--published"]
    assert subprocess.run(command, check=False, capture_output=True).returncode == -signal.SIGKILL
    (half,) = (root / "leaderboard" / "site" / "entries").rglob("later.html")
    assert half.stat().st_size == 1000
    assert index.read_bytes() == before
    assert b"later.html" not in before
    assert leaderboard("--check") == 1
    assert leaderboard() == 0
    assert site(root / "leaderboard" / "site") == cold(tmp_path)


def test_two_builds_at_once_both_come_to_the_end(root: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "harness", "leaderboard", "--published"]
    both = [
        subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    for each in both:
        _, said = each.communicate()
        assert each.returncode == 0
        assert said in {b"", b"another build of the page is under way: waiting for it to end\n"}
    assert site(root / "leaderboard" / "site") == cold(tmp_path)
    assert leaderboard("--check") == 0


def test_what_another_build_did_between_a_look_and_a_build_is_looked_at_again(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leaderboard()
    put(root, "one-more")
    enters = Cache.alone
    came: list[Path] = []

    def late(cache: Cache) -> contextlib.AbstractContextManager[int]:
        if not came:
            came.append(put(root, "another"))
            leaderboard()
        return enters(cache)

    monkeypatch.setattr(Cache, "alone", late)
    leaderboard()
    assert site(root / "leaderboard" / "site") == cold(tmp_path)


def test_left_over_pages_of_ours_go_and_nobody_elses_files(root: Path) -> None:
    path = put(root, "another")
    leaderboard()
    folder = root / "leaderboard" / "site"
    theirs = [folder / "CNAME", folder / "entries" / "notes.txt", folder / "assets" / "a.html"]
    for each in theirs:
        each.parent.mkdir(exist_ok=True)
        each.touch()
    assert [*folder.rglob("another.html")]
    path.unlink()
    assert leaderboard("--check") == 1
    leaderboard()
    assert not [*folder.rglob("another.*")]
    assert all(each.exists() for each in theirs)


@pytest.mark.usefixtures("root")
def test_a_folder_that_is_no_site_keeps_all_its_files(tmp_path: Path) -> None:
    folder = tmp_path / "somewhere"
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "mine.csv").touch()
    leaderboard("--output", str(folder))
    assert (folder / "data" / "mine.csv").exists()


def test_a_check_believes_no_cache(root: Path) -> None:
    path = put(root, "another")
    leaderboard()
    assert leaderboard("--check") == 0
    content, times = path.read_bytes(), path.stat()
    path.write_bytes(content.replace(b'"A team"', b'"B team"'))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert leaderboard("--check") == 1
    path.write_bytes(content)
    page = next((root / "leaderboard" / "site").rglob("another.html"))
    page.write_bytes(page.read_bytes() + b" ")
    assert leaderboard("--check") == 1


def test_a_table_that_another_pyarrow_wrote_is_fresh_and_left_as_it_is(root: Path) -> None:
    leaderboard()
    (path,) = (root / "leaderboard" / "site" / "data").glob("*.parquet")
    table = parquet.read_table(path)
    content = path.read_bytes()
    parquet.write_table(table, path, compression="snappy")
    other = path.read_bytes()
    assert other != content
    assert leaderboard("--check") == 0
    assert leaderboard() == leaderboard("--no-cache") == 0
    assert path.read_bytes() == other
    for strange in (table.slice(1), table.replace_schema_metadata({"board": "{}"})):
        parquet.write_table(strange, path)
        assert leaderboard("--check") == 1
        leaderboard()
        assert path.read_bytes() == content
    for wrong in (other[:-20], b"x" + other[1:]):
        path.write_bytes(wrong)
        assert leaderboard("--check") == 1


def test_what_is_damaged_is_told_and_the_rest_is_built(root: Path) -> None:
    folder = root / "leaderboard" / "results" / "task" / "entry"
    folder.mkdir(parents=True)
    (folder / "not-utf-8.json").write_bytes(b'{"schema": "\xff"}')
    (folder / "deep.json").write_bytes(b"[" * 200_000)
    with (folder / "huge.json").open("wb") as file:
        file.truncate(1 << 27)
    (folder / "later.json").write_bytes(b'{"schema": 3, "harness_version": "0.9.1"}')
    (folder / "latest.json").write_bytes(b'{"schema": 4, "harness_version": "\\u001b[2J"}')
    with open(os.fsencode(folder) + b"/\xff\xfe.json", "wb"):  # noqa: PTH123 - bytes
        pass
    made = runner.invoke(app, ["leaderboard", "--published"])
    assert made.exit_code == 1
    said = " ".join(made.stdout.split())
    assert "nested too deeply" in said
    assert "no record has more than" in said
    assert "harness 0.9.1 wrote it; read it with that version, or a newer one" in said
    assert "schema 4 is too new: read it with a newer version" in said
    assert "not-utf-8.json" in said
    assert "three" in said
    assert (root / "leaderboard" / "site" / "index.html").exists()
    again = runner.invoke(app, ["leaderboard", "--published"])
    assert (again.exit_code, again.stdout) == (1, made.stdout)


def test_outcomes_that_come_later_are_seen(root: Path) -> None:
    results = root / "leaderboard" / "results"
    _, path = write(results, record("late", demonstration=True), outcomes())
    sidecar = next(path.parent.glob("*.items.json"))
    content = sidecar.read_bytes()
    sidecar.unlink()
    assert leaderboard() == 0
    sidecar.write_bytes(content.replace(b'"ids"', b'"Ids"'))
    assert leaderboard() == 1
    sidecar.write_bytes(content)
    assert leaderboard() == 0


@pytest.mark.parametrize(
    ("modules", "heavy"),
    [
        pytest.param(
            "terminal.boards building.unchanged",
            {"jinja2", "numpy", "pandas", "pyarrow", "scipy"},
            id="to find that nothing has changed",
        ),
        pytest.param("building.making", {"numpy", "pandas", "pyarrow", "scipy"}, id="to begin"),
    ],
)
def test_nothing_heavy_is_imported(modules: str, heavy: set[str]) -> None:
    program = (
        "import sys; import harness.__main__; "
        + "".join(f"import harness.cli.{module}; " for module in modules.split())
        + f"print({heavy} & {{*sys.modules}})"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert ran.stdout == "set()\n"
